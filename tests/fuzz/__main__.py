"""``python -m tests.fuzz``: look for inputs that break a rule; or run one that was found."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from .engines import by_atheris, by_chance, has_atheris
from .targets import TARGETS, check


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="for all targets together (60)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the chance")
    parser.add_argument("--target", choices=TARGETS, action="append", help="only these")
    parser.add_argument("--engine", choices=("atheris", "chance"), help="by default what is there")
    parser.add_argument("--input", type=Path, help="run this file alone; needs one --target")
    options = parser.parse_args()
    targets = options.target or list(TARGETS)
    if options.input:
        check(targets[0], options.input.read_bytes(), measured=True)
        print(f"{options.input}: no rule of {targets[0]} is broken")
        return 0
    engine = options.engine or ("atheris" if has_atheris() else "chance")
    run = by_atheris if engine == "atheris" else by_chance
    failed = False
    for target in targets:
        tried, found = run(target, options.seconds / len(targets), options.seed)
        print(f"{target}: {tried:,} inputs by {engine}, seed {options.seed}", flush=True)
        if found is not None:
            failed = True
            again = f"python -m tests.fuzz --target {target} --input {found}"
            print(f"{target}: a rule is broken: {again}", file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
