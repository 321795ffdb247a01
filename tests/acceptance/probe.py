"""Measures from inside how long an arbiter's event loop stands: a config file for `dirty serve`.

    LOOP_PROBE=FILE dirty serve -c tests/acceptance/probe.py ...

Rules: a timer of the loop is due each millisecond. What passes between two of its turns is the
millisecond, and what one turn of the loop took. `Stands` are the longest of them since they were
last asked for: FILE holds them, which both processes map into their memory.
"""

from __future__ import annotations

import asyncio
import mmap
import os
import struct
import time
from pathlib import Path
from typing import Any, NamedTuple

TICK_S = 0.001
VARIABLE = "LOOP_PROBE"
LAYOUT = struct.Struct("3d")


class Stands(NamedTuple):
    """The longest turn of a loop, in seconds.

    Attributes:
        wall_s: by the clock; what other processes took of the processor is in it.
        process_s: processor time of the whole process; what its other threads took is in it.
        thread_s: processor time of the loop's thread; waits for a disk or a lock are not in it.
    """

    wall_s: float
    process_s: float
    thread_s: float

    @property
    def sure_s(self) -> float:
        """What was the loop's own doing, on a machine that does other things too."""
        return min(self.wall_s, self.process_s)


class Probe:
    """The stands of a loop, which one process writes and another reads.

    Args:
        path: the file, which is made where there is none.
    """

    def __init__(self, path: Path) -> None:
        with path.open("a+b") as file:
            file.truncate(LAYOUT.size)
            self._memory = mmap.mmap(file.fileno(), LAYOUT.size)

    def take(self) -> Stands:
        """The longest since they were last taken."""
        stands = Stands(*LAYOUT.unpack(self._memory[:]))
        self._memory[:] = bytes(LAYOUT.size)
        return stands

    def run(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look on while the loop runs."""
        last = Stands(time.monotonic(), time.process_time(), time.thread_time())

        def tick() -> None:
            nonlocal last
            now = Stands(time.monotonic(), time.process_time(), time.thread_time())
            worst = LAYOUT.unpack(self._memory[:])
            took = (end - start - TICK_S for end, start in zip(now, last, strict=True))
            self._memory[:] = LAYOUT.pack(*map(max, worst, took))
            last = now
            loop.call_later(TICK_S, tick)

        tick()


def on_dirty_starting(arbiter: Any) -> None:
    Probe(Path(os.environ[VARIABLE])).run(asyncio.get_running_loop())
