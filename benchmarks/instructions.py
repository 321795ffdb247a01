"""Instructions per call, counted by valgrind's callgrind: these do not wobble.

``python -m benchmarks.instructions`` is the program that is counted: it calls every subject a few
times, and twice as often, with a mark before, between and after. The mark is sched_yield, which
nothing else calls and at which callgrind writes what it counted since the last one. The
difference of the two is free of what happens once.

Rules: instructions are not time. They know nothing of waiting for memory, and a vector instruction
counts as one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import gdproto

from . import subjects
from .arbiter_process import ROOT
from .figures import Figure, Part
from .rounds import Progress
from .samples import BenchmarkError, Series
from .subjects import MSGSPEC, PYTHON, C, Name, Subject

KEY = "instructions"
UNIT = "instructions"
TITLE = "Instructions per call, by callgrind"
_LIMIT_S = 600.0
# Marks in the running of one subject: before, between and after.
_MARKS = 3
_CALLS = {"rows": 4, "blob": 4, "embedding": 20}
_MANY_CALLS = 100


def part(progress: Progress) -> Part | None:
    """Count; None where there is no valgrind.

    Raises:
        BenchmarkError: the counted program failed.
    """
    if shutil.which("valgrind") is None:
        return None
    progress(f"{KEY}: under valgrind")
    ours = C if gdproto.IMPLEMENTATION == "c" else PYTHON
    with tempfile.TemporaryDirectory(prefix="bench-callgrind-") as directory:
        names = _run(Path(directory))
        dumps = sorted(Path(directory).glob("out.*"), key=lambda path: int(path.suffix[1:]))
        totals = [_total(path.read_text()) for path in dumps]
    if len(totals) != _MARKS * len(names):
        raise BenchmarkError(f"{KEY}: {len(totals)} dumps of callgrind for {len(names)} subjects")
    figures: dict[str, Figure] = {}
    for index, name in enumerate(names):
        # The first dump of each three ends where its first mark stands.
        once, twice = totals[index * _MARKS + 1 : index * _MARKS + _MARKS]
        figure = figures.setdefault(name.key, Figure(name.key, name.title, UNIT))
        figure.series[name.side] = Series([(twice - once) / _calls(name)])
    return Part(KEY, TITLE, ours, (MSGSPEC,), list(figures.values()))


def _run(directory: Path) -> list[Name]:
    options = ["--tool=callgrind", "--dump-before=sched_yield", "--quiet"]
    command = [
        "valgrind",
        *options,
        f"--callgrind-out-file={directory}/out",
        sys.executable,
        "-m",
        __spec__.name if __spec__ else __name__,
    ]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BenchmarkError(f"{KEY}: valgrind: {type(error).__name__}") from error
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise BenchmarkError(f"{KEY}: {lines[-1] if lines else 'valgrind failed'}")
    return [Name(*fields) for fields in json.loads(done.stdout)]


def _total(dump: str) -> int:
    """The instructions that a dump counted."""
    found = re.search(r"^(?:summary|totals): (\d+)", dump, re.MULTILINE)
    if found is None:
        raise BenchmarkError(f"{KEY}: a dump of callgrind without a total")
    return int(found[1])


def _counted() -> dict[Name, Subject]:
    """The five payloads, ours and msgspec's."""
    offered = subjects.offered(rivals=True)
    return {
        name: subject
        for name, subject in offered.items()
        if name.part == subjects.CODEC and name.side in (C, PYTHON, MSGSPEC)
    }


def _calls(name: Name) -> int:
    return _CALLS.get(name.key.partition(".")[2], _MANY_CALLS)


def _call(subject: Subject, count: int) -> None:
    call, operands = subject.call, subject.operands(count)
    for operand in operands:
        call(operand)


def main() -> None:
    """Be counted: three marks for each subject, then their names as JSON."""
    counted = _counted()
    for name, subject in counted.items():
        calls = _calls(name)
        _call(subject, calls)
        os.sched_yield()
        _call(subject, calls)
        os.sched_yield()
        _call(subject, 2 * calls)
        os.sched_yield()
    names = [(name.part, name.key, name.title, name.side) for name in counted]
    print(json.dumps(names))


if __name__ == "__main__":
    main()
