"""Broken C codecs: the generated source with one small change in one line, compiled as it is.

Rules: the C codec does what is common and right, and leaves every doubt to the Python one. Most
changes only make it doubt more, which nobody can tell from the codec: these are not listed. What
is broken here is loaded in a process of its own, where it may crash, and asked what vectors ask
any testee; the first case that fails kills it. So does one about which its judges say something
else than those of Python.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from gdproto.conformance.cases import Case, is_large
from gdproto.conformance.judging.outcomes import BAD
from gdproto.conformance.running.runner import RunError, Runner

from .mutant import MutantError, Sources
from .scoring import Score

CC = shutil.which("cc")
INCLUDE = Path(sysconfig.get_path("include"))
CAN_COMPILE = CC is not None and (INCLUDE / "Python.h").exists()
TESTEE = Path(__file__).with_name("compiled_testee.py")
# What it takes to compile without being made fast: the codec runs for moments only.
FLAGS = ("-O0", "-w", "-DNDEBUG", "-shared", "-fPIC")
# Below the package; the headers beside the main file and those that the compiler prints.
FOLDERS = ("c", "_generated")
MAIN = "c/codec.c"
COMPILE_S, TIMEOUT_S = 120, 5.0
# The kinds of which most die first.
ORDER = ("message", "value", "session", "stream", "frame")


@dataclass(frozen=True)
class Compiled:
    """One broken C codec.

    Attributes:
        name: says what it does wrong; begins with "c-".
        function: whose body is changed.
        line: what its line holds that no other of the body does.
        old: what stands in that line, once.
        new: what stands there instead.
    """

    name: str
    function: str
    line: str
    old: str
    new: str

    def sources(self) -> Sources:
        """The broken sources. Raises MutantError where they are not what they were."""
        bodies = functions().get(self.function, [])
        if len(bodies) != 1:
            raise MutantError(f"{self.name}: the C codec has {len(bodies)} such functions")
        path, body = bodies[0]
        lines = body.split("\n")
        found = [number for number, line in enumerate(lines) if self.line in line]
        if len(found) != 1 or lines[found[0]].count(self.old) != 1:
            raise MutantError(f"{self.name}: {path} has {len(found)} such lines, or another one")
        lines[found[0]] = lines[found[0]].replace(self.old, self.new)
        return original() | {path: original()[path].replace(body, "\n".join(lines))}


FUNCTION = re.compile(r"^[^\s/#*}][^;{]*?\b(\w+)\([^;{]*\) \{\n.*?^\}", re.MULTILINE | re.DOTALL)


@cache
def functions() -> dict[str, list[tuple[str, str]]]:
    """The definitions in the C codec, each with its file, by the function's name."""
    found: dict[str, list[tuple[str, str]]] = {}
    for path, text in original().items():
        for match in FUNCTION.finditer(text):
            found.setdefault(match[1], []).append((path, match[0]))
    return found


@cache
def original() -> Sources:
    """The C codec's sources. Raises MutantError where they are not installed."""
    package = files("gdproto")
    if not package.joinpath(MAIN).is_file():
        raise MutantError("the sources of the C codec are not here: judge it in a checkout")
    return {
        f"{folder}/{file.name}": file.read_text()
        for folder in FOLDERS
        for file in package.joinpath(folder).iterdir()
        if file.name.endswith((".c", ".h"))
    }


def compiled(sources: Sources, folder: Path) -> Path:
    """The sources as a library in the folder. Raises CalledProcessError."""
    assert CC is not None
    for path, text in sources.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    target = folder / "codec.so"
    command = [CC, *FLAGS, f"-I{INCLUDE}", str(folder / MAIN), "-o", str(target)]
    subprocess.run(command, check=True, capture_output=True, timeout=COMPILE_S)
    return target


def judged(library: Path, cases: Sequence[Case], timeout_s: float) -> tuple[str, str]:
    """The first of the cases that the codec fails, and its outcome; empty where it passes all."""
    command = [sys.executable, "-P", str(TESTEE), str(library)]
    try:
        with Runner(command, cases, jobs=1, timeout_s=timeout_s) as runner:
            for result in runner.results():
                if result.outcome in BAD:
                    return result.case, str(result.outcome)
    except RunError as error:
        return "start", str(error)
    return "", ""


def asked(cases: Mapping[str, Case]) -> list[Case]:
    """The cases that are not large, in the order in which they are asked."""
    small = [case for case in cases.values() if not is_large(case)]
    return sorted(small, key=lambda case: ORDER.index(case.kind))


def scores(
    mutants: Sequence[Compiled],
    cases: Mapping[str, Case],
    jobs: int = 0,
    timeout_s: float = TIMEOUT_S,
) -> Iterator[Score]:
    """Judge the mutants, in their order.

    Args:
        jobs: how many at once; 0 for one on each core.
        timeout_s: for the answers to a case.

    Raises:
        MutantError: one does not apply.
        ValueError: the codec itself does not pass a case.
    """
    chosen = asked(cases)

    def first_failed(sources: Sources) -> tuple[str, str]:
        with tempfile.TemporaryDirectory(prefix="gd-") as folder:
            return judged(compiled(sources, Path(folder)), chosen, timeout_s)

    def score(mutant: Compiled) -> Score:
        killer, outcome = first_failed(mutant.sources())
        return Score(mutant.name, killer, outcome)

    wrong, outcome = first_failed(original())
    if wrong:
        raise ValueError(f"{wrong}: of this the C codec itself makes: {outcome}")
    with ThreadPoolExecutor(jobs or os.cpu_count()) as threads:
        yield from threads.map(score, mutants)
