"""What one copy of a model costs, and when it is back.

Rules: an app has an array of 1 GiB and 300,000 objects, loaded once. Memory is that of everything
below the arbiter, each page counted once (PSS): after the start, and after 10,000 calls and a
collection in each worker. Then the one worker of an arbiter is killed, and it is measured until
another has answered; beside an app that loads nothing.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

from dirty_runtime import DirtyClient, DirtyError
from dirty_runtime.testing import Arbiter, running

from .clients import OURS
from .figures import Figure, Part
from .samples import Series
from .stage import Plan, Stage

KEY = "preload"
WORKERS = 8
CALLS = 10_000
KILLS = 15
MODEL, NOTHING = "benchmarks.preload_app:Model", "benchmarks.preload_app:Nothing"


def part(stage: Stage, plan: Plan) -> Part:
    """Measure ours, by itself: nobody else has it."""
    figures = []

    def add(key: str, title: str, unit: str, values: list[float]) -> None:
        figures.append(Figure(key, title, unit, {OURS: Series(values)}))

    stage.progress(f"{KEY}: {WORKERS} workers of 1 GiB")
    with _serving(MODEL, WORKERS) as arbiter:
        add("memory", f"memory of {WORKERS} workers with 1 GiB", "B", [memory_bytes(arbiter)])
        _use(arbiter)
        add("memory_used", "the same, after calls and collections", "B", [memory_bytes(arbiter)])
    for key, app in (("back", MODEL), ("back_empty", NOTHING)):
        stage.progress(f"{KEY}: kills of {app}")
        with _serving(app, 1) as arbiter:
            title = (
                f"a killed worker replaced, of an app with {'1 GiB' if app == MODEL else 'nothing'}"
            )
            add(key, title, "s", _back_s(arbiter, app))
    return Part(KEY, "One copy of a model", OURS, (), figures)


def _use(arbiter: Arbiter) -> None:
    """Call it often, and collect garbage in each worker."""
    with arbiter.client() as client:
        for _ in range(CALLS):
            client.execute(MODEL, "pid")
        collected: set[int] = set()
        while collected < arbiter.pids():
            collected.add(client.execute(MODEL, "collect"))


def _serving(app: str, workers: int):  # type: ignore[no-untyped-def]
    return running(app, workers=workers, options=("--max-crashes", "1000"))


def memory_bytes(arbiter: Arbiter) -> float:
    """The PSS of all that the arbiter has started."""
    return sum(map(_pss_kib, _below(arbiter.process.pid))) * 1024.0


def _below(pid: int) -> list[int]:
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [one for child in map(int, told) for one in (child, *_below(child))]


def _pss_kib(pid: int) -> int:
    told = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return int(next(line for line in told if line.startswith("Pss:")).split()[1])


def _back_s(arbiter: Arbiter, app: str) -> list[float]:
    """The times from the kill of the worker until another has answered."""
    times = []
    with arbiter.client() as client:
        for _ in range(KILLS):
            pid = client.execute(app, "pid")
            began_s = time.perf_counter()
            os.kill(pid, signal.SIGKILL)
            _wait_for_another(client, app, pid)
            times.append(time.perf_counter() - began_s)
            # Its template has to fork the next spare.
            time.sleep(0.3)
    return times


def _wait_for_another(client: DirtyClient, app: str, pid: int) -> None:
    while True:
        with contextlib.suppress(DirtyError):
            if client.execute(app, "pid") != pid:
                return
