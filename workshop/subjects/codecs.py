"""Whom this project judges: its own codecs, the declaration, and gunicorn's codec.

    python -m workshop.subjects.codecs FOLDER

writes the results of all into FOLDER, and exits with 1 when one fails.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import gdproto
from gdproto.conformance.cases import load
from gdproto.conformance.judging import known_failures
from gdproto.conformance.judging.known_failures import FOLDER, Entry
from gdproto.conformance.judging.outcomes import BAD, Run, ended_line, started_line
from gdproto.conformance.running.runner import again, judged

JOBS = 2
# Cases of a million pairs take seconds on a machine that does other things too.
TIMEOUT_S = 60.0
# Testees take and give back many large blocks: they keep them, or the system clears each page anew.
KEPT_BYTES = 4 * 2**30
KEEPS_MEMORY = {
    "PYTHONMALLOC": "malloc",
    "MALLOC_MMAP_THRESHOLD_": str(KEPT_BYTES),
    "MALLOC_TRIM_THRESHOLD_": str(KEPT_BYTES),
}


@dataclass(frozen=True)
class Subject:
    """One that is judged.

    Attributes:
        name: of its results' file.
        module: its testee.
        environment: what is set for it, as NAME=value.
        known: the file of its known failures, in `known`.
    """

    name: str
    module: str
    known: str = ""
    environment: str = ""

    @property
    def command(self) -> list[str]:
        """How a person starts it, where the suite is installed."""
        environment = ["env", self.environment] if self.environment else []
        return [*environment, "python", "-m", self.module]

    def entries(self) -> tuple[Entry, ...]:
        """Its known failures."""
        return known_failures.read(FOLDER / self.known) if self.known else ()

    def judged(self) -> Run:
        """Run all cases. Raises RunError."""
        command = [sys.executable if one == "python" else one for one in self.command]
        command = ["env", *map("=".join, KEEPS_MEMORY.items()), *command]
        run = judged(command, load(), known=self.entries(), jobs=JOBS, timeout_s=TIMEOUT_S)
        # Neither where Python stands on this machine, nor what saves it work.
        run.command = again(shlex.join(self.command))
        return run


TESTEES = "gdproto.conformance.testees"
# The codec in C is judged where it is built.
OURS = [Subject("python", f"{TESTEES}.python", environment="GDPROTO_PURE=1")]
if gdproto.IMPLEMENTATION == "c":
    OURS.append(Subject("c", f"{TESTEES}.python"))
SUBJECTS = (
    *OURS,
    Subject("declaration", f"{__package__}.declaration"),
    Subject("gunicorn", f"{TESTEES}.gunicorn", "gunicorn.toml"),
)


class Judged(Protocol):
    """Whoever can be judged."""

    @property
    def name(self) -> str:
        """Of the results' file."""

    def judged(self) -> Run:
        """What came of it."""


def write(folder: Path, subjects: Iterable[Judged] = SUBJECTS) -> Iterator[Run]:
    """Judge all, each into a file of lines."""
    folder.mkdir(parents=True, exist_ok=True)
    for subject in subjects:
        run = subject.judged()
        lines = [started_line(run), *(one.to_line() for one in run.results.values())]
        (folder / f"{subject.name}.jsonl").write_text("".join([*lines, ended_line(run)]))
        yield run


def tell(runs: Iterable[Run]) -> int:
    """Print what came of each; the exit status."""
    failed = False
    for run in runs:
        counts = ", ".join(f"{count} {outcome}" for outcome, count in run.counts().items() if count)
        print(f"{run.testee}: {counts}")
        for result in run.results.values():
            if result.outcome in BAD:
                print(f"  {result.outcome}  {result.case}  {result.reason}")
        for complaint in run.complaints:
            print(f"  {complaint}")
        failed |= run.failed
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(tell(write(Path(sys.argv[1]))))
