"""``python -m tests.dirty_runtime.cost``: what a small call costs, share by share, and may cost.

Rules: valgrind counts instructions, which are as many at every run, but for one in a hundred. They
are judged by those of a yardstick, plain Python, so that another build of the interpreter tells
about the same. Who takes more than is written here, and has a reason, writes the new number.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack, nullcontext
from pathlib import Path
from types import TracebackType

import gdproto

from .small_calls import CALLS, SHARES

YARDSTICK = "yardstick"
STEPS = 100
# In steps of the yardstick.
MOST = {"client": 14.1, "worker": 16.0, "arbiter": 37.0}
TOLERANCE = 1.02
GOES = 3
LIMIT_S = 300.0


class Marked:
    """Between two marks, at which valgrind writes what it has counted since the last one."""

    def __enter__(self) -> None:
        os.sched_yield()

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        os.sched_yield()


def yardstick() -> None:
    """What nobody changes."""
    found: dict[int, int] = {}
    for number in range(STEPS):
        found[number % 10] = len(str(number)) + found.get(number % 7, 0)


def counted() -> None:
    """Be counted: the yardstick, then each share, between marks, the last of a few goes."""
    for _ in range(GOES):
        yardstick()
    with Marked():
        for _ in range(CALLS):
            yardstick()
    with ExitStack() as stack:
        for share in SHARES.values():
            do = stack.enter_context(share())
            for _ in range(GOES):
                do(nullcontext())
            do(Marked())


def count() -> dict[str, float]:
    """Instructions of a call, by the share; and of the yardstick."""
    with tempfile.TemporaryDirectory() as directory:
        tool = ("--tool=callgrind", "--dump-before=sched_yield", "--quiet")
        out = f"--callgrind-out-file={directory}/out"
        subprocess.run(
            ["valgrind", *tool, out, sys.executable, "-m", __spec__.name, "--counted"],
            env={**os.environ, "PYTHONHASHSEED": "0"},
            check=True,
            timeout=LIMIT_S,
        )
        dumps = sorted(Path(directory).glob("out.*"), key=lambda path: int(path.suffix[1:]))
        totals = [_total(path.read_text()) / CALLS for path in dumps]
    # Between the marks of one, and those of the next, others are counted.
    return dict(zip((YARDSTICK, *SHARES), totals[1::2], strict=True))


def _total(dump: str) -> int:
    found = re.search(r"^(?:summary|totals): (\d+)", dump, re.MULTILINE)
    assert found is not None
    return int(found[1])


def main() -> str | None:
    """Count, show, and judge. Returns what is too much, if anything is."""
    if shutil.which("valgrind") is None or gdproto.IMPLEMENTATION != "c":
        print("not counted: that takes valgrind, and gdproto in C")
        return None
    instructions = count()
    yard = instructions.pop(YARDSTICK) / STEPS
    costs = {share: number / yard for share, number in instructions.items()}
    for share, number in instructions.items():
        print(f"{share:8} {number:8,.0f} instructions, {costs[share]:.1f} of {MOST[share]:.1f}")
    dear = [share for share, cost in costs.items() if cost > MOST[share] * TOLERANCE]
    return f"a small call costs more than it did: {', '.join(dear)}" if dear else None


if __name__ == "__main__":
    sys.exit(counted() if "--counted" in sys.argv else main())
