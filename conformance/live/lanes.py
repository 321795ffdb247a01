"""A program that stands where a worker is started, and passes its lanes on to the worker.

    python -m gdproto.conformance.live.lanes COMMAND...

Rules: it keeps what goes over the lanes, so that scripts can see what an arbiter sends there. The
worker finds the file's path in its variable `GD_WITNESS`, and the scripts ask the app for that.
The file has a line of JSON for each frame, `{"lane", "from", "hex"}`, written before the frame is
passed on. What is started without lanes is simply run.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import gdproto
from gdproto.declaration import ENDING, ROLES

from .relay import Passage

FDS, WITNESS = "GD_WORKER_FDS", "GD_WITNESS"
ARBITER, WORKER = "arbiter", "worker"
# A frame is kept up to here, and a file up to there.
MAX_FRAME_BYTES, MAX_FILE_BYTES = 4096, 8 * 1024 * 1024
LAST_S = 0.2

Joins = Callable[[int, socket.socket, socket.socket], Passage]


def relayed(command: list[str], join: Joins, environment: dict[str, str]) -> int:
    """Start the worker on lanes of its own, and pass on what goes over them.

    Args:
        join: makes the passage of a lane, by its number, from the arbiter's end and the worker's.
        environment: what the worker is told beside.

    Returns:
        the worker's exit status, as subprocess gives it.
    """
    lanes = [socket.socket(fileno=int(fd)) for fd in os.environ[FDS].split(",")]
    for lane in lanes:
        lane.set_inheritable(False)
    pairs = [socket.socketpair() for _ in lanes]
    for _, theirs in pairs:
        theirs.set_inheritable(True)
    told = {FDS: ",".join(str(theirs.fileno()) for _, theirs in pairs)}
    # Whatever else the arbiter hands down goes through.
    process = subprocess.Popen(command, env=os.environ | environment | told, close_fds=False)
    threads = []
    for number, (lane, (ours, theirs)) in enumerate(zip(lanes, pairs, strict=True)):
        theirs.close()
        threads.append(threading.Thread(target=join(number, lane, ours).run, daemon=True))
        threads[-1].start()
    status = process.wait()
    # What it wrote last is passed on; a lane that a program of the app still holds is left.
    for thread in threads:
        thread.join(LAST_S)
    return status


class Record:
    """The file of what goes over the lanes of one worker."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a")
        self._lock = threading.Lock()

    def note(self, lane: int, source: str, frame: bytes) -> None:
        """A frame is about to be passed on."""
        line = {"lane": lane, "from": source, "hex": frame[:MAX_FRAME_BYTES].hex()}
        with self._lock:
            if self._file.tell() < MAX_FILE_BYTES:
                self._file.write(json.dumps(line) + "\n")
                self._file.flush()


@dataclass
class Witness(Passage):
    """Passes everything on, and keeps it."""

    lane: int
    record: Record

    def asked(self, frame: bytes, header: gdproto.Header) -> Iterator[bytes]:
        self.record.note(self.lane, ARBITER, frame)
        yield frame

    def answered(self, frame: bytes, header: gdproto.Header) -> Iterator[bytes]:
        self.record.note(self.lane, WORKER, frame)
        yield frame


def run(command: list[str]) -> int:
    """Run the command, its lanes seen."""
    if FDS not in os.environ:
        return subprocess.call(command, close_fds=False)
    handle, name = tempfile.mkstemp(prefix="gd-lanes-")
    os.close(handle)
    path = Path(name)
    record = Record(path)
    try:
        return relayed(
            command,
            lambda lane, arbiter, worker: Witness(arbiter, worker, lane, record),
            {WITNESS: str(path)},
        )
    finally:
        path.unlink()


def end_as(status: int) -> None:
    """End this process as another one did; threads of the relay may still wait for a lane."""
    if status < 0:
        os.kill(os.getpid(), -status)
    os._exit(abs(status))


# --- what was seen ---


@dataclass(frozen=True)
class Seen:
    """A frame that went over a lane; `source` is arbiter or worker."""

    lane: int
    source: str
    frame: bytes

    @property
    def header(self) -> gdproto.Header:
        return gdproto.parse_header(self.frame)


def read(path: Path) -> list[Seen]:
    """The frames in the file."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [Seen(one["lane"], one["from"], bytes.fromhex(one["hex"])) for one in lines]


FIRST_ID = 1


def faults(seen: list[Seen]) -> list[str]:
    """What an arbiter did on its lanes that it must not, each in a sentence."""
    found: list[str] = []
    open_ids: dict[int, int | None] = {}
    for one in seen:
        code, _, request_id = one.header
        if one.source == WORKER:
            if code in ENDING:
                open_ids[one.lane] = None
            continue
        opening = (gdproto.MessageCode.STATUS, FIRST_ID)
        if one.lane not in open_ids and (code, request_id) != opening:
            found.append(f"lane {one.lane} is opened by {_name(code)} {request_id}")
        if code == gdproto.MessageCode.CANCEL:
            continue
        if code not in ROLES["lane"].opens:
            found.append(f"lane {one.lane} carries {_name(code)} {request_id}")
        if open_ids.get(one.lane) is not None:
            found.append(f"{_name(code)} {request_id} comes while {open_ids[one.lane]} is open")
        open_ids[one.lane] = request_id
    return found


def _name(code: int) -> str:
    return gdproto.MessageCode(code).name


if __name__ == "__main__":
    end_as(run(sys.argv[1:]))
