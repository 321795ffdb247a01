"""``python -m workshop.mutants.runtime``: judge the runtime's tests by the mutants that they kill."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from .. import survivors
from .broken import Broken, everything, sample
from .judging import BUDGET_S, Judge, Verdict
from .reach import MapError, read
from .types import TypeChecker

LEDGER = Path(__file__).with_name("survivors.toml")
SAMPLE = 300
SEED = 1
BAR = 90


def line(one: Verdict) -> str:
    """One row of the table."""
    if not one.killer:
        return f"{one.mutant:<90} LIVES {one.outcome}".rstrip()
    return f"{one.mutant:<90} {one.outcome:<7} {one.killer}"


def run(mutants: Sequence[Broken], judge: Judge, jobs: int) -> int:
    """Print the table and the score; 1 when it is below the bar, or a survivor has no reason."""
    began = time.monotonic()
    lived: list[str] = []
    refused = 0
    for one in judge.verdicts(mutants, jobs):
        print(line(one), flush=True)
        refused += one.outcome == "types"
        if not one.killer:
            lived.append(one.mutant)
    seconds = time.monotonic() - began
    killed = len(mutants) - len(lived)
    percent = 100 * killed / len(mutants)
    print(
        f"{killed} of {len(mutants)} mutants killed: {percent:.1f} %, {refused} of them by the type "
        f"checker, in {seconds:.0f} s"
    )
    wrong = wrongs(lived)
    for words in wrong:
        print(words, file=sys.stderr)
    if percent < BAR and len(mutants) >= SAMPLE:
        wrong.append(f"{BAR} % are to be killed")
    return 1 if wrong else 0


def wrongs(lived: Sequence[str]) -> list[str]:
    """What is wrong with the ledger; a line for each."""
    entries = survivors.read(LEDGER)
    names = [one.name for one in everything()]
    return [*survivors.unknown(entries, names), *survivors.faults(entries, lived, ())]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m workshop.mutants.runtime")
    parser.add_argument("names", nargs="*", help="globs of the mutants to choose from; all")
    parser.add_argument("--sample", type=int, default=SAMPLE, help=f"how many ({SAMPLE}); 0: all")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the choice ({SEED})")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="at once (cores)")
    parser.add_argument("--budget", type=float, default=BUDGET_S, help="seconds of tests for each")
    parser.add_argument("--stale", action="store_true", help="use the map that there is")
    options = parser.parse_args()
    globs = options.names or ["*"]
    among = [one for one in everything() if any(fnmatchcase(one.name, glob) for glob in globs)]
    if not among:
        parser.error("no mutant has such a name")
    mutants = sample(options.sample or len(among), options.seed, tuple(among))
    try:
        types = TypeChecker(options.jobs)
        if types.refuses(None):
            raise MapError("the type checker refuses the runtime as it is")
        entries = survivors.read(LEDGER)
        excused = {one.name for one in mutants if any(entry.covers(one.name) for entry in entries)}
        reach = read(options.jobs, options.stale)
        judge = Judge(reach, options.budget, types, excused)
        return run(mutants, judge, options.jobs)
    except (MapError, survivors.LedgerError) as error:
        print(f"mutants: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
