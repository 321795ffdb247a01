"""What the situations call: work that takes as long as it is told."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from dirty_runtime import DirtyApp, batched


class Service(DirtyApp):
    """Naps, streams, and dies on demand."""

    def pid(self) -> int:
        return os.getpid()

    def nap(self, seconds: float) -> str:
        time.sleep(seconds)
        return "rested"

    def mark_and_nap(self, path: str, seconds: float) -> str:
        Path(path).touch()
        return self.nap(seconds)

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


class Batched(DirtyApp):
    """Gathers what has one key."""

    @batched(max_size=8, key=lambda item: item[0])
    def by_key(self, items: list[tuple[str, float]]) -> list[int]:
        time.sleep(max(seconds for _, seconds in items))
        return [len(key) for key, _ in items]


class Copied(DirtyApp):
    """Loaded once, and does in each copy what a file says that stands beside the probe's."""

    preload = True

    def after_fork(self) -> None:
        do = Path(os.environ["LOOP_PROBE"]).with_name("do")
        what = do.read_text() if do.exists() else ""
        if what == "hang":
            time.sleep(600)
        elif what == "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        elif what == "fork":
            fork_without_end()

    def template(self) -> int:
        """The process that this one is a copy of."""
        return self._template

    def init(self) -> None:
        self._template = os.getpid()


def fork_without_end() -> None:
    while True:
        with suppress(OSError):
            os.fork()


def write_all(number: int, data: bytes) -> None:
    """Write all of it, however long that takes."""
    view = memoryview(data)
    while view:
        select.select((), (number,), ())
        with suppress(BlockingIOError):
            view = view[os.write(number, view) :]
