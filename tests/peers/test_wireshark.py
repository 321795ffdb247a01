"""The dissector in tshark: it finds the faults of the vectors, and follows real traffic."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

import gdproto
from dirty_runtime import DirtyAppError, DirtyClient
from gdproto.conformance.cases import Case, made, size
from gdproto.conformance.live.pcapng import ANSWERERS_PORT, Capture
from gdproto.conformance.live.stages import APP
from tests.vectors import CASES

from ..dirty_runtime.processes import LIMIT_S, ROOT, serving, wait_until
from .toolchains import built_peer

DISSECTOR = ROOT / "peers" / "wireshark" / "gd" / "gd.lua"
MOST_BYTES = 200_000
FAULT = " at offset "
# Where bytes of a connection run on, a frame that is not whole is awaited.
OPEN_ENDED = {"truncated", "trailing_data"}


@pytest.fixture(scope="module", autouse=True)
def tshark() -> None:
    built_peer("wireshark")


def rows(capture: Path, *fields: str) -> list[list[str]]:
    """What tshark tells of each frame of GD, as text; several values of a field are one text."""
    # Twice through: what answers a frame is known behind it.
    words = ["tshark", "-2", "-r", str(capture), "-X", f"lua_script:{DISSECTOR}", "-Y", "gd"]
    words += ["-d", f"tcp.port=={ANSWERERS_PORT},gd", "-T", "fields", "-E", "separator=/t"]
    for field in fields:
        words += ["-e", field]
    done = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode == 0, done.stderr
    assert "Lua" not in done.stderr
    return [line.split("\t") for line in done.stdout.splitlines()]


@contextmanager
def captured(path: Path) -> Iterator[Capture]:
    with path.open("wb") as file:
        yield Capture(file)


def judged() -> list[Case]:
    """The cases of whole frames that a stream of bytes can show."""
    return [
        case
        for case in CASES.values()
        if case.kind in ("frame", "message")
        and case.bytes is not None
        and size(case.bytes) <= MOST_BYTES
        and not (case.error and case.error["code"] in OPEN_ENDED)
        # Its payload never comes.
        and case.id != "unexpected-before-truncated"
    ]


def test_it_tells_every_fault_of_the_vectors(tmp_path: Path) -> None:
    cases = judged()
    assert len(cases) > 500
    with captured(tmp_path / "seen.pcapng") as capture:
        for number, case in enumerate(cases):
            capture.connected(number)
            capture.sent(number, True, made(case.bytes or ""))
    told: defaultdict[int, list[str]] = defaultdict(list)
    for stream, words in rows(tmp_path / "seen.pcapng", "tcp.stream", "_ws.expert.message"):
        told[int(stream)] += [one for one in words.split(",") if FAULT in one]
    wrong = {
        case.id: (told[number], expected(case))
        for number, case in enumerate(cases)
        if told[number] != expected(case)
    }
    assert wrong == {}


def expected(case: Case) -> list[str]:
    return [f"{case.error['code']}{FAULT}{case.error['offset']}"] if case.error else []


def frame(message: type, request_id: int, *arguments: object) -> bytes:
    return bytes(message(request_id, *arguments).to_bytes())


OPENER, ANSWERER = True, False
CALL = frame(gdproto.Request, 7, "a:A", "go")
ANSWER = frame(gdproto.Response, 7, 1)
CHUNK = frame(gdproto.Chunk, 7, 1)
END = frame(gdproto.End, 7)
CANCEL = frame(gdproto.Cancel, 7)
NOTICE = frame(gdproto.Error, 0, "DirtyError", "no")
AT_FAULT = CHUNK[:-9] + b"\x99" + CHUNK[-8:]


@pytest.mark.parametrize(
    ("frames", "states", "fault"),
    [
        ([(OPENER, CALL), (ANSWERER, ANSWER)], ["calling", "idle"], ""),
        ([(OPENER, CALL), (ANSWERER, CHUNK), (ANSWERER, END)],
         ["calling", "streaming", "idle"], ""),
        ([(OPENER, CALL), (OPENER, CANCEL), (ANSWERER, CHUNK)],
         ["calling", "abandoned", "abandoned"], ""),
        ([(OPENER, CALL), (OPENER, CALL)], ["calling", "calling"], "duplicate_request_id"),
        ([(OPENER, CALL), (ANSWERER, CHUNK), (ANSWERER, ANSWER)],
         ["calling", "streaming", "idle"], "unexpected_message"),
        ([(OPENER, CALL), (ANSWERER, NOTICE)], ["calling", "idle"], ""),
        ([(OPENER, CALL), (ANSWERER, AT_FAULT)], ["calling", "abandoned"], "unknown_tlv_type"),
    ],
)  # fmt: skip
def test_it_runs_the_table(
    frames: Sequence[tuple[bool, bytes]], states: list[str], fault: str, tmp_path: Path
) -> None:
    with captured(tmp_path / "seen.pcapng") as capture:
        capture.connected(0)
        for by_opener, data in frames:
            capture.sent(0, by_opener, data)
    seen = rows(tmp_path / "seen.pcapng", "gd.state", "_ws.expert.message")
    assert [state for state, _ in seen] == states
    # An expert info of tshark's own may stand beside.
    told = [word.split(FAULT)[0] for _, words in seen for word in words.split(",")]
    assert (fault in told) if fault else not set(told) & {"unexpected_message", "truncated"}


def test_it_follows_real_traffic(tmp_path: Path) -> None:
    seen, path = tmp_path / "seen.sock", tmp_path / "seen.pcapng"
    with serving(APP, workers=1) as arbiter:
        words = [sys.executable, "-m", "gdproto", "conformance", "record", "--socket", str(seen)]
        words += ["--behind", arbiter.socket_path, "--out", str(path)]
        relay = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        try:
            wait_until(seen.exists)
            with DirtyClient(str(seen)) as client:
                assert client.execute(APP, "add", 1, 2) == 3
                assert list(client.stream(APP, "count", 3)) == [0, 1, 2]
                big = client.execute(APP, "blob", 300_000)
                with pytest.raises(DirtyAppError):
                    client.execute(APP, "fail", "it burns")
                threads = [
                    threading.Thread(target=client.execute, args=(APP, "add", n, n))
                    for n in range(4)
                ]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
        finally:
            relay.terminate()
            relay.wait(LIMIT_S)
    assert len(big) == 300_000
    fields = ("frame.number", "gd.type", "gd.request.action", "gd.answered_in", "gd.answers",
              "gd.chunk.data", "gd.error.error.error_type", "gd.state")  # fmt: skip
    told = rows(path, *fields)
    types = [number for row in told for number in row[1].split(",")]
    assert types.count("1") == 8
    assert types.count("4") == 3
    assert types.count("3") == 1
    assert [row[6] for row in told if row[6]] == ["DirtyAppError"]
    asked = {row[0]: row[3] for row in told if row[1] == "1" and row[3]}
    answered = {row[4]: row[0] for row in told if row[1] in ("2", "3", "5") and row[4]}
    assert asked.items() >= answered.items()
    assert len(answered) >= 4
    assert not [row for row in rows(path, "_ws.expert.message") if FAULT in row[0]]
