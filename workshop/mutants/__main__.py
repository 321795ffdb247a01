"""``python -m workshop.mutants``: judge the suite by the mutants that it kills.

Those of the C codec are judged where there is a C compiler.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Sequence
from fnmatch import fnmatchcase
from itertools import chain

from gdproto.conformance.cases import load

from . import compiled, exchanges, frames, messages, streams, values
from .compiled import CAN_COMPILE, Compiled
from .in_c import IN_C
from .mutant import Mutant, MutantError
from .scoring import Score, scores

MUTANTS: tuple[Mutant, ...] = (
    *values.MUTANTS, *frames.MUTANTS, *messages.MUTANTS, *exchanges.MUTANTS, *streams.MUTANTS,
)  # fmt: skip


def share(size: int, seed: int) -> list[Mutant]:
    """Some of the mutants that do not need the large cases, by chance that repeats."""
    quick = [mutant for mutant in MUTANTS if mutant.area != "large"]
    return random.Random(seed).sample(quick, size)


def line(score: Score) -> str:
    """One row of the table."""
    if not score.killers:
        return f"{score.mutant:<48} LIVES"
    more = f" and {len(score.killers) - 1} more" if len(score.killers) > 1 else ""
    return f"{score.mutant:<48} {score.outcome:<12} {score.killers[0]}{more}"


def run(mutants: Sequence[Mutant], in_c: Sequence[Compiled], jobs: int) -> int:
    """Print the table and the score; 1 when a mutant lives, else 0."""
    began = time.monotonic()
    cases, lived = load(), []
    judged = chain(
        scores(mutants, cases, jobs) if mutants else (),
        compiled.scores(in_c, cases, jobs) if in_c else (),
    )
    for score in judged:
        print(line(score), flush=True)
        lived += [] if score.killers else [score.mutant]
    count = len(mutants) + len(in_c)
    killed = count - len(lived)
    percent = 100 * killed // count
    seconds = time.monotonic() - began
    print(f"{killed} of {count} mutants killed: {percent} %, in {seconds:.0f} s")
    for name in lived:
        print(f"{name} lives: no case tells it from the codec", file=sys.stderr)
    return 1 if lived else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m workshop.mutants")
    parser.add_argument("names", nargs="*", help="globs of the mutants to judge; all by default")
    parser.add_argument("--share", type=int, help="judge only so many, chosen by chance")
    parser.add_argument("--seed", type=int, default=1, help="of the chance (1)")
    parser.add_argument("--jobs", type=int, default=0, help="processes (one on each core)")
    options = parser.parse_args()
    mutants = share(options.share, options.seed) if options.share else list(MUTANTS)
    in_c = list(IN_C) if CAN_COMPILE and not options.share else []
    if options.names:
        globs = options.names
        mutants = [one for one in mutants if any(fnmatchcase(one.name, glob) for glob in globs)]
        in_c = [one for one in in_c if any(fnmatchcase(one.name, glob) for glob in globs)]
    if not mutants and not in_c:
        parser.error("no mutant has such a name")
    try:
        return run(mutants, in_c, options.jobs)
    except (MutantError, ValueError) as error:
        print(f"mutants: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
