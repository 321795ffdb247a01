"""Which test tells a mutant from the runtime.

Rules: a mutant that the type checker passes is judged by tests that run the changed lines, and then
by those around them where these are few: first those that start no process, then of each file in
turn, as many of either as fit into BUDGET_S. Of one that lives without a known reason more are
asked. A test that does not end in time has failed. A kill counts only if the same test passes on
the runtime as it is; a test that does not is asked no more. Nothing of a mutant is left behind:
neither processes nor files.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from . import types
from .broken import ROOT, RUNTIME, Broken
from .reach import HOOK, Case, Reach
from .types import TypeChecker

# What the tests of one mutant may take together, where each takes as long as it should.
BUDGET_S = 120.0
# How many times that more tests may take, of one that would else need a reason.
MORE = 5
# How long a test may take beyond ten times that, and all of them beyond what they take.
PATIENCE_S = 20.0
ALL_PATIENCE_S = 120.0
# What a file's first test with processes starts for the others.
START_S = 1.0
# How long processes that start others are followed, and how often.
SWEEP_S, LOOK_S = 10.0, 0.01
# No examples are made smaller, and none is remembered: they are the same for each mutant.
PROFILE = "judging"
ALL = "all of them"


@dataclass(frozen=True)
class Verdict:
    """What became of one mutant.

    Attributes:
        killer: the test that told it from the runtime, or the type checker; empty if it lives.
        outcome: "types", "fails", "late", "import", or why nothing was asked.
    """

    mutant: str
    killer: str = ""
    outcome: str = ""


@dataclass(frozen=True)
class Ran:
    """How a run of tests ended: with the first that failed, if one did."""

    failed: str = ""
    outcome: str = ""


class Judge:
    """Judges mutants by the tests of the map.

    Args:
        types: refuses some before; None where all are to be judged by tests.
        excused: names of those that have a reason to live.
    """

    def __init__(
        self,
        reach: Reach,
        budget_s: float = BUDGET_S,
        types: TypeChecker | None = None,
        excused: Collection[str] = (),
    ) -> None:
        self._reach = reach
        self._excused = excused
        self._types = types
        self._budget_s = budget_s
        # What the tests say of the runtime as it is, by their names.
        self._is_sound: dict[str, bool] = {}

    def verdicts(self, mutants: Sequence[Broken], jobs: int) -> Iterator[Verdict]:
        """The verdict on each, in their order."""
        with ThreadPoolExecutor(jobs) as pool:
            yield from pool.map(self.verdict, mutants)

    def verdict(self, mutant: Broken) -> Verdict:
        """Judge one mutant."""
        if self._types is not None and self._types.refuses(mutant):
            return Verdict(mutant.name, types.NAME, "types")
        near, around = self._reach.of(mutant), self._reach.around(mutant)
        tests = chosen(near, self._budget_s) + chosen(around, self._budget_s)
        found = self._asked(mutant, tests)
        if found.killer or mutant.name in self._excused:
            return found
        seen = {*tests}
        more = chosen([one for one in near + around if one not in seen], MORE * self._budget_s)
        return self._asked(mutant, more) if more else found

    def _asked(self, mutant: Broken, tests: Sequence[Case]) -> Verdict:
        while tests:
            ran = run(tests, mutant)
            if not ran.outcome:
                return Verdict(mutant.name)
            if self._is_confirmed(ran, tests):
                return Verdict(mutant.name, ran.failed, ran.outcome)
            tests = [one for one in tests if ran.failed not in (one.name, one.file, ALL)]
        return Verdict(mutant.name, outcome="no test to ask")

    def _is_confirmed(self, ran: Ran, tests: Sequence[Case]) -> bool:
        if ran.outcome == "late" or ran.failed not in self._is_sound:
            same = [one for one in tests if one.name == ran.failed]
            self._is_sound[ran.failed] = not run(same or tests, None).outcome
        return self._is_sound[ran.failed]


def chosen(tests: Sequence[Case], budget_s: float) -> list[Case]:
    """Those that are asked, in their order."""
    alone = sorted((one for one in tests if one.is_alone), key=lambda one: one.seconds)
    with_others = _file_by_file(one for one in tests if not one.is_alone)
    left_s, files = budget_s, set[str]()
    found: list[Case] = []
    for one in (*alone, *with_others):
        is_first = not one.is_alone and one.file not in files
        cost_s = one.seconds + (START_S if is_first else 0)
        if cost_s <= left_s:
            left_s -= cost_s
            files.update({one.file} if is_first else ())
            found.append(one)
    # What is module-wide is set up once.
    return sorted(found, key=lambda one: (not one.is_alone, "" if one.is_alone else one.file))


def _file_by_file(tests: Iterable[Case]) -> Iterator[Case]:
    """One test of each file, the quickest, then another of each."""
    files: dict[str, list[Case]] = defaultdict(list)
    for one in sorted(tests, key=lambda one: one.seconds):
        files[one.file].append(one)
    rows = list(files.values())
    for place in range(max(map(len, rows), default=0)):
        yield from (row[place] for row in rows if place < len(row))


def run(tests: Sequence[Case], mutant: Broken | None) -> Ran:
    """Run the tests on a mutant, or on the runtime as it is, until one fails."""
    with tempfile.TemporaryDirectory(prefix="m-", ignore_cleanup_errors=True) as own:
        # Tests start processes of other users.
        Path(own).chmod(0o755)
        Path(own, "tmp").mkdir()
        Path(own, "tmp").chmod(0o1777)
        slowest_s = PATIENCE_S + 10 * max(one.seconds for one in tests)
        words = ["-x", "-q", "--tb=no", "-rfE", "-p", "no:cacheprovider", "-p", "no:xdist"]
        words += [f"--timeout={slowest_s:.0f}", f"--hypothesis-profile={PROFILE}"]
        with Path(own, "said").open("w+") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "pytest", *words, f"--basetemp={own}/t",
                 *(one.name for one in tests)],
                cwd=ROOT, env=environment(mutant, own), stdin=subprocess.DEVNULL,
                stdout=said, stderr=said, start_new_session=True,
            )  # fmt: skip
            try:
                status = process.wait(ALL_PATIENCE_S + 10 * sum(one.seconds for one in tests))
            except subprocess.TimeoutExpired:
                status = None
            finally:
                sweep(own)
                process.wait()
            said.seek(0)
            return _ended(status, said.read().splitlines())


def environment(mutant: Broken | None, own: str) -> dict[str, str]:
    """What makes every Python of the run load the mutant; `own` marks it."""
    # Wide enough for the reasons, which are cut.
    found = os.environ | {
        "COLUMNS": "400", "TMPDIR": f"{own}/tmp", "MUTANT_SOURCE": f"{own}/source",
    }  # fmt: skip
    if mutant is None:
        return found
    Path(own, "source").write_text(mutant.source())
    path = str(RUNTIME / mutant.file)
    return found | {"PYTHONPATH": str(HOOK), "MUTANT_MODULE": mutant.module, "MUTANT_PATH": path}


def _ended(status: int | None, lines: Sequence[str]) -> Ran:
    if status == 0:
        return Ran()
    for line in lines:
        kind, _, rest = line.partition(" ")
        if kind in ("FAILED", "ERROR"):
            name, _, reason = rest.partition(" - ")
            is_late = "Timeout" in reason
            return Ran(name, "late" if is_late else "fails" if "::" in name else "import")
    return Ran(ALL, "late" if status is None else "import")


def sweep(own: str) -> None:
    """Kill what is left of a run: the processes that have its mark, and whom these start meanwhile."""
    mark = f"MUTANT_SOURCE={own}/source".encode()
    until = time.monotonic() + SWEEP_S
    while sum(_is_ended(path, mark) for path in Path("/proc").glob("[0-9]*")):
        if time.monotonic() > until:
            break
        time.sleep(LOOK_S)


def _is_ended(process: Path, mark: bytes) -> bool:
    """Whether to look again: it had the mark, or tells nothing as it becomes another program."""
    with suppress(OSError):
        told = (process / "environ").read_bytes()
        if mark in told.split(b"\0"):
            os.kill(int(process.name), signal.SIGKILL)
            return True
        return not told and not _has_no_environment((process / "stat").read_text())
    return False


def _has_no_environment(stat: str) -> bool:
    """Whether there is none and none to come: see proc_pid_stat(5).

    One that becomes another program has none for a moment, in which it does not sleep.
    """
    # What follows the name, which may have blanks, is the third field.
    fields = stat.rpartition(")")[2].split()
    state, memory, start, end = (fields[number - 3] for number in (3, 23, 50, 51))
    return memory == "0" or (state == "S" and start == end)
