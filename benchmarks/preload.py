"""``python -m benchmarks.preload [WORKERS]``: what one copy of a model costs, and when it is back.

Rules: an app has an array of 1 GiB and 300,000 objects, loaded once. Memory is that of everything
below the arbiter, each page counted once (PSS): after the start, and after 10,000 calls and a
collection in each worker. Then the one worker of an arbiter is killed, and it is measured until
another has answered; beside an app that loads nothing. Prints each figure with its bar.
"""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import sys
import time
from pathlib import Path

from dirty_runtime import DirtyClient, DirtyError
from dirty_runtime.testing import Arbiter, running

MIB = 1024
CALLS = 10_000
KILLS = 15
MODEL, NOTHING = "benchmarks.preload_app:Model", "benchmarks.preload_app:Nothing"


def main(workers: int) -> None:
    """Measure and print."""
    with _serving(MODEL, workers) as arbiter:
        _print("memory after the start", _memory_mib(arbiter), 1280, "MiB")
        with arbiter.client() as client:
            for _ in range(CALLS):
                client.execute(MODEL, "pid")
            collected: set[int] = set()
            while collected < arbiter.pids():
                collected.add(client.execute(MODEL, "collect"))
        _print("memory after calls and collections", _memory_mib(arbiter), 1382, "MiB")
    for app, most in ((MODEL, 60), (NOTHING, 20)):
        with _serving(app, 1) as arbiter:
            _print(f"{app} serves again after", _back_ms(arbiter, app), most, "ms")


def _serving(app: str, workers: int):  # type: ignore[no-untyped-def]
    return running(app, workers=workers, options=("--max-crashes", "1000"))


def _print(what: str, found: float, most: float, unit: str) -> None:
    held = "holds" if found <= most else "DOES NOT HOLD"
    print(f"{what}: {found:.1f} {unit} (at most {most} {unit}: {held})", flush=True)


def _memory_mib(arbiter: Arbiter) -> float:
    """The PSS of all that the arbiter has started."""
    return sum(map(_pss_kib, _below(arbiter.process.pid))) / MIB


def _below(pid: int) -> list[int]:
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [one for child in map(int, told) for one in (child, *_below(child))]


def _pss_kib(pid: int) -> int:
    told = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return int(next(line for line in told if line.startswith("Pss:")).split()[1])


def _back_ms(arbiter: Arbiter, app: str) -> float:
    """The median time from the kill of the worker until another has answered."""
    times = []
    with arbiter.client() as client:
        for _ in range(KILLS):
            pid = client.execute(app, "pid")
            began_s = time.perf_counter()
            os.kill(pid, signal.SIGKILL)
            _wait_for_another(client, app, pid)
            times.append((time.perf_counter() - began_s) * 1000)
            # Its template has to fork the next spare.
            time.sleep(0.3)
    return statistics.median(times)


def _wait_for_another(client: DirtyClient, app: str, pid: int) -> None:
    while True:
        with contextlib.suppress(DirtyError):
            if client.execute(app, "pid") != pid:
                return


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8)
