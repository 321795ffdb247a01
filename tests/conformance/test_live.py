"""The live scripts themselves: what they prove, what they expect, what they leave."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from pathlib import Path

import pytest

import gdproto
from gdproto import declaration
from gdproto.conformance import live
from gdproto.conformance.live import transcript
from gdproto.conformance.live.expectations import CLOSED, closed, error, fault, opens, response
from gdproto.conformance.live.frames import frame, pairs, portions
from gdproto.conformance.live.lanes import Seen, faults
from gdproto.conformance.live.script import Book
from gdproto.conformance.live.stages import ArbiterStage, Terms
from gdproto.conformance.live.transcript import Transcript
from gdproto.conformance.live.wire import Mismatch, NothingCame, Wire
from tests.backlog import full_backlog

SCRIPTS = live.scripts()


def test_scripts_prove_requirements_that_exist() -> None:
    assert set(live.proved()) <= set(declaration.requirements())
    assert all(script.requires for script in SCRIPTS.values())
    assert live.proved()["GD-EXCH-006"] == [
        "arbiter-id-open-request",
        "arbiter-id-open-stash",
        "arbiter-id-open-status",
        "worker-is-sent-an-open-id",
    ]


def test_scripts_have_slugs_and_sentences() -> None:
    for name, script in SCRIPTS.items():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
        assert re.fullmatch(r"[A-Z].+\.", script.text), name


def test_an_id_is_given_once() -> None:
    book = Book()
    book.add("client-x", "GD-EXCH-001", print, "X.")
    for name in ("client-x", "nobody-x"):
        with pytest.raises(ValueError, match="the id is taken, or does not begin with a role"):
            book.add(name, "GD-EXCH-001", print, "X.")


def test_the_level_is_the_strictest() -> None:
    assert SCRIPTS["client-order-of-fields"].level == "SHOULD"
    assert SCRIPTS["arbiter-stream-of-nothing"].level == "MUST"
    assert SCRIPTS["arbiter-action-init"].level == "MUST NOT"


# --- expectations ---

PROTOCOL = "DirtyProtocolError"


@pytest.mark.parametrize(
    ("expected", "outcome", "lapses"),
    [
        (response(1), gdproto.Response(1, 5), []),
        (response(1), gdproto.Response(2, 5), None),
        (response(1, 1), gdproto.Response(1, True), None),
        (response(1, 0.0), gdproto.Response(1, -0.0), None),
        (response(1, {"a": [1]}), gdproto.Response(1, {"a": [1]}), []),
        (response(1), CLOSED, None),
        (closed(), CLOSED, []),
        (closed(), gdproto.End(1), None),
        (error(1, "A", "B"), gdproto.Error(1, "B", ""), []),
        (error(1, "A", "B"), gdproto.Error(1, "C", ""), None),
        (error(1, details=("k",)), gdproto.Error(1, "C", ""), ["the details of C lack k"]),
        (fault(1, "x"), gdproto.Error(1, PROTOCOL, "", {"code": "x"}), []),
        (fault(1, "x"), gdproto.Error(1, PROTOCOL, "", {"code": "y"}), None),
        (fault(1, "x"), gdproto.Error(1, PROTOCOL, ""), [f"the details of {PROTOCOL} lack code"]),
        (
            fault(1, "x", offset=4),
            gdproto.Error(1, PROTOCOL, "", {"code": "x", "offset": 5}),
            None,
        ),
        (opens(gdproto.Status), gdproto.Status(77), []),
    ],
    ids=lambda one: getattr(one, "text", str(one)),
)
def test_an_expectation(expected: object, outcome: object, lapses: list[str] | None) -> None:
    assert expected.judge(outcome) == lapses  # type: ignore[attr-defined]


# --- bytes ---


def test_the_writer_permits_anything() -> None:
    assert frame(5, b"", 7) == gdproto.End(7).to_bytes()
    assert frame(0x66, b"ab", 1, magic=b"XX", version=9, length=3) == bytes.fromhex(
        "5858 09 66 00000003 0000000000000001 6162"
    )
    assert pairs(("a", 1), ("a", 1))[:5] == bytes.fromhex("2100000002")
    assert portions(b"abcde", 2) == [b"ab", b"cd", b"e"]


@pytest.fixture
def ends() -> tuple[Wire, socket.socket]:
    ours, theirs = socket.socketpair()
    return Wire(ours, "1", Transcript("x", "arbiter"), 0.2), theirs


def test_a_wire_tells_what_came_instead(ends: tuple[Wire, socket.socket]) -> None:
    wire, peer = ends
    peer.sendall(gdproto.End(1).to_bytes())
    with pytest.raises(Mismatch, match=r"expected a RESPONSE under id 1, got End\(request_id=1\)"):
        wire.expect(response(1))
    with pytest.raises(NothingCame, match=r"got nothing within 0\.2 s"):
        wire.expect(response(1))
    peer.sendall(gdproto.Chunk(1, 5).to_bytes() + b"what is this then")
    with pytest.raises(Mismatch, match="expected a close, got Chunk"):
        wire.expect_closed()
    with pytest.raises(Mismatch, match="expected a frame of GD/1, got bad_magic"):
        wire.expect(closed())
    wire.drop()
    peer.close()


def test_a_close_inside_a_frame_is_no_close(ends: tuple[Wire, socket.socket]) -> None:
    wire, peer = ends
    peer.sendall(gdproto.Response(1, 5).to_bytes()[:-1])
    peer.close()
    with pytest.raises(Mismatch, match="a close inside of a frame"):
        wire.expect(closed())
    wire.drop()


def test_a_reset_is_a_close(ends: tuple[Wire, socket.socket]) -> None:
    wire, peer = ends
    wire.send(b"unread")
    peer.close()
    wire.expect(closed())
    wire.drop()


def test_a_drop_is_a_close_although_a_process_that_was_forked_has_the_socket() -> None:
    ours, theirs = socket.socketpair()
    theirs.settimeout(5.0)
    with ours.dup(), theirs:
        Wire(ours, "1", Transcript("x", "arbiter"), 0.2).drop()
        assert theirs.recv(1) == b""


# --- transcripts ---


def test_who_finds_no_room_among_those_who_come_waits_for_it(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    stage = ArbiterStage(Terms(), Transcript("", "arbiter"), socket_path=path)
    with full_backlog(path) as listener, contextlib.ExitStack() as taken:
        accepts = threading.Timer(0.1, lambda: taken.enter_context(listener.accept()[0]))
        accepts.start()
        stage.connect().drop()
        accepts.join()


def test_a_transcript_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = Transcript("arbiter-call", "arbiter")
    made.note("1", transcript.CONNECTED)
    made.note("1", transcript.SENT, b"\x00\xff")
    made.note("1", transcript.CLOSED)
    made.write(tmp_path / "t")
    found = transcript.read(tmp_path / "t")
    assert (found.script, found.role, found.entries) == ("arbiter-call", "arbiter", made.entries)


def test_a_transcript_is_bounded(tmp_path: Path) -> None:
    made = Transcript("x", "arbiter")
    for _ in range(3):
        made.note("1", transcript.RECEIVED, bytes(transcript.MAX_BYTES))
    made.write(tmp_path / "t")
    assert (tmp_path / "t").stat().st_size < transcript.MAX_BYTES * 2 + 1000
    assert [entry.cut for entry in transcript.read(tmp_path / "t").entries] == [
        0,
        transcript.MAX_BYTES,
        transcript.MAX_BYTES,
    ]


# --- lanes ---

STATUS, REQUEST = gdproto.Status(1), gdproto.Request(7, "a:B", "c")
READY = gdproto.Response(1, {})
STREAMING = [
    ("arbiter", STATUS),
    ("worker", READY),
    ("arbiter", REQUEST),
    ("worker", gdproto.Chunk(7, 1)),
]


@pytest.mark.parametrize(
    ("frames", "fault"),
    [
        ([("arbiter", STATUS), ("worker", READY), ("arbiter", REQUEST)], ""),
        ([("arbiter", STATUS), ("worker", READY), ("arbiter", gdproto.Cancel(9))], ""),
        (
            [*STREAMING, ("arbiter", gdproto.Cancel(7))],
            "",
        ),
        (
            [("arbiter", STATUS), ("worker", READY), ("arbiter", gdproto.Manage(2, 1))],
            "lane 0 carries MANAGE 2",
        ),
        ([("arbiter", REQUEST)], "lane 0 is opened by REQUEST 7"),
        ([("arbiter", gdproto.Status(2))], "lane 0 is opened by STATUS 2"),
        ([("arbiter", STATUS), ("arbiter", REQUEST)], "REQUEST 7 comes while 1 is open"),
        (
            [*STREAMING, ("arbiter", gdproto.Request(8, "a:B", "c"))],
            "REQUEST 8 comes while 7 is open",
        ),
    ],
)
def test_what_an_arbiter_does_on_a_lane(
    frames: list[tuple[str, gdproto.Message]], fault: str
) -> None:
    seen = [Seen(0, source, message.to_bytes()) for source, message in frames]
    assert faults(seen) == ([fault] if fault else [])
