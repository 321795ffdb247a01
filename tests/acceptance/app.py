"""What the situations call: work that takes as long as it is told."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from dirty_runtime import DirtyApp


class Service(DirtyApp):
    """Naps, streams, and dies on demand."""

    def pid(self) -> int:
        return os.getpid()

    def nap(self, seconds: float) -> str:
        time.sleep(seconds)
        return "rested"

    def nap_and_mark(self, seconds: float, path: str) -> None:
        time.sleep(seconds)
        Path(path).write_text("done")

    def size(self, data: bytes) -> int:
        return len(data)

    def zeros(self, size: int) -> bytes:
        return bytes(size)

    def count(self, stop: int) -> Iterator[int]:
        yield from range(stop)

    def pour(self) -> Iterator[bytes]:
        while True:
            yield bytes(100_000)

    def swarm_and_die(self, count: int) -> None:
        """Leave so many processes, each in a session of its own."""
        for _ in range(count):
            if os.fork() == 0:
                os.setsid()
                time.sleep(600)
        os.kill(os.getpid(), 9)

    def fork_and_die(self) -> None:
        if os.fork() == 0:
            time.sleep(600)
        os.kill(os.getpid(), 9)

    def trace(self, line: str, count: int) -> None:
        """Write so many lines on this worker's trace, while it is read."""
        data = (line.encode() + b"\n") * 4096
        trace = int(os.environ["DIRTY_TRACE_FD"])
        for _ in range(0, count, 4096):
            write_all(trace, data)

    def pour_stacks(self, seconds: float) -> None:
        """Write without an end where this worker tells its stacks."""
        stacks = int(os.environ["DIRTY_STACKS_FD"])
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            with suppress(BlockingIOError):
                os.write(stacks, bytes(65536))


def write_all(number: int, data: bytes) -> None:
    """Write all of it, however long that takes."""
    view = memoryview(data)
    while view:
        select.select((), (number,), ())
        with suppress(BlockingIOError):
            view = view[os.write(number, view) :]
