"""Where the loop of one arbiter is full: what a call costs it, by lanes and by clients.

Rules: the arbiter has a processor alone, workers and callers share another, so that what is full
first may be the loop; where there is one processor, all share it. The callers are as thrifty as
those of `connections`. What a call costs is processor time of the arbiter, over calls: it holds
where the loop is not full, too, and where others take the machine's time. How many calls a second
there can be at most is what follows from it, beside how many there were.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from dirty_runtime.testing import Arbiter, running

from .app import APP_PATH
from .arbiter_process import CALL_LIMIT_S, ROOT
from .figures import Figure, Part
from .observing import calls
from .rounds import Side, measure
from .stage import Plan, Stage

KEY = "capacity"
# Of workers with so many threads.
LANES = {"1 lane": (1, 1), "4 lanes": (2, 2), "16 lanes": (4, 4), "64 lanes": (4, 16)}
CLIENTS = (1, 8, 64, 512)
# An arbiter that has waited begins with what the processor has forgotten.
WARM_S = 0.2


def part(stage: Stage, plan: Plan) -> Part:
    """Measure arbiters of each number of lanes in turns."""
    figures = [
        figure
        for clients in CLIENTS
        for figure in (
            Figure(f"loop.{clients}", f"{clients} clients, the loop's time for a call", "s"),
            Figure(f"most.{clients}", f"{clients} clients, calls that fill it", "1/s"),
            Figure(f"calls.{clients}", f"{clients} clients, calls", "1/s"),
            Figure(f"busy.{clients}", f"{clients} clients, how busy it was", "%"),
        )
    ]
    with contextlib.ExitStack() as stack:
        stack.enter_context(_apart())
        sides = {}
        for name, (workers, threads) in LANES.items():
            stage.progress(f"{KEY}: {name}")
            arbiter = stack.enter_context(_alone(workers, threads))
            sides[name] = Side(
                partial(_figures, arbiter, plan.window_s), partial(calls, arbiter, 8, WARM_S)
            )
        stage.progress(f"{KEY}: in turns")
        measure(figures, sides, plan.connection_rounds)
    return Part(KEY, "The loop of one arbiter", next(iter(LANES)), (), figures)


def _figures(arbiter: Arbiter, window_s: float) -> tuple[float, ...]:
    found: list[float] = []
    for clients in CLIENTS:
        calls(arbiter, clients, WARM_S)
        loop_s, rate = calls(arbiter, clients, window_s / 2)
        found += (loop_s, 1 / loop_s, rate, 100 * loop_s * rate)
    return tuple(found)


@contextlib.contextmanager
def _apart() -> Iterator[None]:
    """This process, which calls, and what it starts on one processor."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def _alone(workers: int, threads: int) -> Iterator[Arbiter]:
    """An arbiter on another processor than its workers, if there is one."""
    here = min(os.sched_getaffinity(0))
    options = ("--cpu-affinity", str(here), "--timeout", str(CALL_LIMIT_S))
    serving = running(APP_PATH, workers=workers, threads=threads, options=options, directory=ROOT)
    with serving as arbiter:
        others = set(range(os.cpu_count() or 1)) - {here}
        if others:
            for task in Path(f"/proc/{arbiter.process.pid}/task").iterdir():
                os.sched_setaffinity(int(task.name), {max(others)})
        yield arbiter
