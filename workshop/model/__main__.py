"""Go through the model in every interleaving; and through each error brought back, to be found.

    python -m workshop.model [--quick]

Rules: a scope is how many of each there are. A sound model has no state in which an assertion fails
or everybody waits. An error is found where one of both happens; `PATIENT` scopes have neither
CANCEL nor deadline, so that what waits for ever is seen. Exits with 1 when anything is otherwise.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

MODEL = Path(__file__).with_name("arbiter.pml")
MEMORY_MB = 8000
DEPTH = 1_000_000
LIMIT_S = 3600.0
SOUND = (
    "CLIENTS=1 WORKERS=1 CALLS=2 DEATHS=1",
    "CLIENTS=2 WORKERS=1 CALLS=1 DEATHS=1 PATIENT",
    "CLIENTS=1 WORKERS=1 CALLS=2 DEATHS=1 ARBITER_DIES",
    "CLIENTS=2 WORKERS=1 CALLS=1 DEATHS=1",
    "CLIENTS=2 WORKERS=2 CALLS=2 DEATHS=2 PATIENT",
    "CLIENTS=2 WORKERS=2 CALLS=1 DEATHS=1",
    "CLIENTS=2 WORKERS=2 CALLS=2 DEATHS=2 ONE_LANE PATIENT",
    "CLIENTS=2 WORKERS=1 CALLS=1 DEATHS=1 CHUNKS=2 ARBITER_DIES",
)
QUICK = 1
SMALL = "CLIENTS=1 WORKERS=1 CALLS=2 DEATHS=1"
WAITS_FOR_EVER = ("BUG_A_DEATH_IS_NOT_ANSWERED", "BUG_A_FREE_LANE_DOES_NOT_PULL")
FOUND = re.compile(r"^pan:1: (.*?) \(at depth", re.MULTILINE)
STORED = re.compile(r"(\d+) states, stored")
COMPLETE = re.compile(r"errors: 0$", re.MULTILINE)
INCOMPLETE = re.compile(r"max search depth too small|Search not completed|out of memory")


@dataclass(frozen=True)
class Verdict:
    """What came of one scope: how many states, in how long, and what is at fault in one of them."""

    scope: str
    states: int
    seconds: float
    fault: str


def bugs() -> list[str]:
    """The scopes with one error each, in the order of the model."""
    names = dict.fromkeys(re.findall(r"BUG_[A-Z_]+", MODEL.read_text()))
    return [f"{SMALL}{' PATIENT' if name in WAITS_FOR_EVER else ''} {name}" for name in names]


def judged(scope: str) -> Verdict:
    """Go through all states of a scope.

    Raises:
        RuntimeError: the model cannot be compiled, or not all states were seen.
    """
    with tempfile.TemporaryDirectory(prefix="gd-") as directory:
        _run(directory, "spin", *(f"-D{one}" for one in scope.split()), "-a", str(MODEL))
        options = ("-DSAFETY", "-DCOLLAPSE", "-DVECTORSZ=2048", f"-DMEMLIM={MEMORY_MB}")
        # An error is found sooner than the compiler optimises.
        speed = "-O0" if "BUG" in scope else "-O1"
        _run(directory, "cc", speed, *options, "-o", "pan", "pan.c")
        begun_s = time.monotonic()
        said = _run(directory, "./pan", f"-m{DEPTH}")
    found, states = FOUND.search(said), STORED.search(said)
    is_complete = COMPLETE.search(said) and not INCOMPLETE.search(said)
    if states is None or not (found or is_complete):
        raise RuntimeError(f"{scope}: not all states were seen:\n{said[-2000:]}")
    fault = found[1] if found else ""
    return Verdict(scope, int(states[1]), time.monotonic() - begun_s, fault)


def _run(directory: str, *command: str) -> str:
    done = subprocess.run(
        command, cwd=directory, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def main() -> int:
    """Returns 1 when a sound scope has a fault, or an error is not found."""
    if shutil.which("spin") is None:
        print("spin is not installed: apt-get install spin", file=sys.stderr)
        return 1
    sound = SOUND[:QUICK] if "--quick" in sys.argv[1:] else SOUND
    console, wrong = Console(width=170), 0
    table = Table("scope", "states", "seconds", "verdict", box=None, pad_edge=False)
    for scope in (*sound, *bugs()):
        with console.status(scope):
            verdict = judged(scope)
        is_right = bool(verdict.fault) == ("BUG" in scope)
        wrong += not is_right
        text = f"found: {verdict.fault}" if verdict.fault else "sound"
        style = "" if is_right else "red"
        figures = f"{verdict.states:,}", f"{verdict.seconds:.1f}"
        table.add_row(scope, *figures, text, style=style)
    console.print(table)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
