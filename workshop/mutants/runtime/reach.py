"""Which tests reach which line, in whatever process: a map, made by one run of the tests.

Rules: the map is made anew where the runtime or its tests are others. Tests are run as they are,
and what fails while it is watched is in the map all the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from .broken import ROOT, RUNTIME, Broken

TESTS = ("tests/dirty_runtime", "tests/cases")
HOOK = Path(__file__).with_name("hook")
KEPT = ROOT / "build" / "mutants" / "runtime.json"
# Importing alone reaches them.
AT_IMPORT = -1
# Where fewer tests run a line, others may that were not seen to.
FEW = 5


class MapError(Exception):
    """The map could not be made; one line says why."""


@dataclass(frozen=True)
class Case:
    """A test, how long it took, and whether no other process took part."""

    name: str
    seconds: float
    is_alone: bool

    @property
    def file(self) -> str:
        return self.name.partition("::")[0]


@dataclass(frozen=True)
class Reach:
    """The tests, and who reaches what.

    Attributes:
        tests: by their numbers.
        reached: the numbers of the tests that run a line or call a function or anything in a file,
            by "file:line", "file function" and "file".
    """

    tests: dict[int, Case]
    reached: dict[str, set[int]]

    def of(self, mutant: Broken) -> list[Case]:
        """The tests that run the changed lines, or are in files that name a changed class.

        What makes a class runs once, in whatever test comes first.
        """
        if mutant.of_class:
            return [one for one in self.tests.values() if _names(one.file, mutant.of_class)]
        by_line = (self.reached.get(line, set()) for line in mutant.lines)
        return self._tests(set[int]().union(*by_line))

    def around(self, mutant: Broken) -> list[Case]:
        """The others that call the function, or use the file, where few run the changed lines.

        Where a signal comes, or as a process ends, lines are run that were not seen to be.
        """
        found = self.of(mutant)
        if len(found) >= FEW and not mutant.of_class:
            return []
        wider = self.reached.get(mutant.function, set())
        if len(wider) < FEW:
            wider = wider | self.reached.get(mutant.file, set())
        seen = {*found}
        return [one for one in self._tests(wider) if one not in seen]

    def _tests(self, numbers: set[int]) -> list[Case]:
        return [self.tests[number] for number in sorted(numbers) if number in self.tests]


@cache
def _names(file: str, word: str) -> bool:
    """Whether a file of tests, which stays the same for a run, has the word."""
    path = ROOT / file
    return path.exists() and re.search(rf"\b{word}\b", path.read_text()) is not None


def read(jobs: int, may_be_stale: bool = False) -> Reach:
    """The map, which is made where there is none of these sources. Raises MapError."""
    state = _state()
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    if kept and kept["state"] == state:
        return _loaded(kept)
    if kept and may_be_stale:
        return _still_there(_loaded(kept))
    with tempfile.TemporaryDirectory(prefix="map-") as folder:
        _run(folder, jobs)
        made = {"state": state, **_gathered(Path(folder))}
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    KEPT.write_text(json.dumps(made))
    return _loaded(made)


def _still_there(reach: Reach) -> Reach:
    words = ["--collect-only", "-p", "no:cacheprovider", *TESTS]
    said = subprocess.run(
        [sys.executable, "-m", "pytest", *words], cwd=ROOT, capture_output=True, text=True
    )
    names = set(said.stdout.splitlines())
    tests = {number: one for number, one in reach.tests.items() if one.name in names}
    return Reach(tests, reach.reached)


def _state() -> str:
    """What the map depends on, in short."""
    digest = hashlib.sha256()
    for folder in (RUNTIME, *(ROOT / one for one in TESTS)):
        for path in sorted(folder.rglob("*.py")):
            digest.update(f"{path}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _run(folder: str, jobs: int) -> None:
    words = ["-p", "workshop.mutants.runtime.noting", "-q", "--tb=no", "-p", "no:cacheprovider"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *words, "-n", str(jobs), *TESTS],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(HOOK), "MUTANTS_MAP": folder},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode not in (0, 1):
        raise MapError(f"the tests cannot be run: {ran.stdout.strip()[-300:]}{ran.stderr[-300:]}")


def _gathered(folder: Path) -> dict[str, Any]:
    reached: dict[str, set[int]] = defaultdict(set)
    with_others: set[int] = set()
    for row, process, path, function, line in _rows(folder.glob("*.lines")):
        number = int(row or AT_IMPORT)
        named = ".".join(part for part in function.split(".") if not part.startswith("<"))
        file = path.rpartition("/dirty_runtime/")[2]
        for place in (f"{file}:{line}", f"{file} {named}", file):
            reached[place].add(number)
        if process == "child":
            with_others.add(number)
    tests = {
        int(number): (name, float(seconds), int(number) not in with_others)
        for number, seconds, name in _rows(folder.glob("*.tests"), 2)
    }
    return {"tests": tests, "reached": {name: sorted(one) for name, one in reached.items()}}


def _rows(paths: Iterable[Path], tabs: int = -1) -> Iterable[list[str]]:
    for path in paths:
        with path.open() as rows:
            yield from (row.rstrip("\n").split("\t", tabs) for row in rows)


def _loaded(kept: Mapping[str, Any]) -> Reach:
    tests = {int(number): Case(*one) for number, one in kept["tests"].items()}
    return Reach(tests, {name: set(numbers) for name, numbers in kept["reached"].items()})
