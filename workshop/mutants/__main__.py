"""``python -m workshop.mutants``: judge the suite by the mutants that it kills.

Those of the C codec are judged where there is a C compiler.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import chain

from gdproto.conformance.cases import Case, load

from . import compiled, exchanges, frames, let_pass, messages, survivors, values, wrapped
from .compiled import CAN_COMPILE, Compiled
from .in_c import IN_C
from .mutant import MutantError
from .operated import operated
from .scoring import Broken, Score, scores

BY_HAND: tuple[Broken, ...] = (
    *values.MUTANTS, *frames.MUTANTS, *messages.MUTANTS, *exchanges.MUTANTS, *wrapped.MUTANTS,
    *let_pass.MUTANTS,
)  # fmt: skip


def everything() -> tuple[Broken, ...]:
    """Those made by hand, and those that operators make."""
    return (*BY_HAND, *operated())


def share(size: int, seed: int) -> list[Broken]:
    """Some of the mutants, by chance that repeats."""
    return random.Random(seed).sample(everything(), size)


def line(score: Score) -> str:
    """One row of the table."""
    if not score.killer:
        return f"{score.mutant:<72} LIVES"
    return f"{score.mutant:<72} {score.outcome:<12} {score.killer}"


def judged(
    mutants: Sequence[Broken], in_c: Sequence[Compiled], cases: dict[str, Case], jobs: int
) -> Iterator[Score]:
    """The score of each."""
    return chain(
        scores(mutants, cases, jobs) if mutants else (),
        compiled.scores(in_c, cases, jobs) if in_c else (),
    )


def run(mutants: Sequence[Broken], in_c: Sequence[Compiled], jobs: int) -> int:
    """Print the table and the score; 1 when a mutant lives that the ledger lacks, or the reverse."""
    began = time.monotonic()
    lived: list[str] = []
    killed: list[str] = []
    for score in judged(mutants, in_c, load(), jobs):
        print(line(score), flush=True)
        (killed if score.killer else lived).append(score.mutant)
    entries = survivors.read()
    wrong = [
        *survivors.unknown(entries, [one.name for one in operated()]),
        *survivors.faults(entries, lived, killed),
    ]
    excused = sum(any(entry.covers(name) for entry in entries) for name in lived)
    count = len(lived) + len(killed) - excused
    percent = 100 * len(killed) // count if count else 100
    seconds = time.monotonic() - began
    print(f"{len(killed)} of {count} mutants killed: {percent} %, in {seconds:.0f} s; ", end="")
    print(f"{excused} cannot be told from the codec")
    for words in wrong:
        print(words, file=sys.stderr)
    return 1 if wrong else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m workshop.mutants")
    parser.add_argument("names", nargs="*", help="globs of the mutants to judge; all by default")
    parser.add_argument("--share", type=int, help="judge only so many, chosen by chance")
    parser.add_argument("--seed", type=int, default=1, help="of the chance (1)")
    parser.add_argument("--jobs", type=int, default=0, help="processes (one on each core)")
    options = parser.parse_args()
    mutants = share(options.share, options.seed) if options.share else list(everything())
    in_c = list(IN_C) if CAN_COMPILE and not options.share else []
    if options.names:
        globs = options.names
        mutants = [one for one in mutants if any(fnmatchcase(one.name, glob) for glob in globs)]
        in_c = [one for one in in_c if any(fnmatchcase(one.name, glob) for glob in globs)]
    if not mutants and not in_c:
        parser.error("no mutant has such a name")
    try:
        return run(mutants, in_c, options.jobs)
    except (MutantError, survivors.LedgerError, ValueError) as error:
        print(f"mutants: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
