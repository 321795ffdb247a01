"""The mutants of the runtime: every change that an operator makes in its modules.

Rules: numbers of a module are tunings, which no test holds to the digit; the lines of the log are
for persons. What the compiler prints is judged with the codec; `testing` is what starts the others.
"""

from __future__ import annotations

import ast
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..operated import name_of
from ..operators import Change, changes

ROOT = Path(__file__).resolve().parents[3]
RUNTIME = ROOT / "dirty_runtime"
NOT_JUDGED = ("testing.py", "client/_generated/*")


@dataclass(frozen=True)
class Broken:
    """One broken module.

    Attributes:
        name: the file, the function, and what became what.
        file: path below the runtime.
        change: of its text.
    """

    name: str
    file: str
    change: Change

    @property
    def module(self) -> str:
        """What the module is imported as."""
        parts = ("dirty_runtime", *self.file.removesuffix(".py").split("/"))
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def function(self) -> str:
        """The function that is changed, as the map of what is reached names it."""
        return f"{self.file} {self.change.place.function}"

    @property
    def lines(self) -> list[str]:
        """The lines that are changed, likewise."""
        text, place = _text(self.file), self.change.place
        first, last = (text.count("\n", 0, at) + 1 for at in (place.start, place.stop))
        return [f"{self.file}:{line}" for line in range(first, last + 1)]

    @property
    def of_class(self) -> str:
        """The class where what is changed runs once, as it is made; empty where a function runs it."""
        name = self.change.place.function.rpartition(".")[2]
        return name if name in _classes(self.file) else ""

    def source(self) -> str:
        """The text of the broken module."""
        text, place = _text(self.file), self.change.place
        return text[: place.start] + self.change.new + text[place.stop :]


def sources() -> list[str]:
    """The modules that are judged, as paths below the runtime."""
    paths = sorted(path.relative_to(RUNTIME) for path in RUNTIME.rglob("*.py"))
    return [str(path) for path in paths if not any(path.match(one) for one in NOT_JUDGED)]


@cache
def everything() -> tuple[Broken, ...]:
    """All of them, file by file."""
    return tuple(one for file in sources() for one in _of_file(file))


@cache
def _text(file: str) -> str:
    """The text of a module, which stays the same for a run."""
    return (RUNTIME / file).read_text()


@cache
def _classes(file: str) -> frozenset[str]:
    """The names of its classes."""
    nodes = ast.walk(ast.parse(_text(file)))
    return frozenset(node.name for node in nodes if isinstance(node, ast.ClassDef))


def _of_file(file: str) -> Iterator[Broken]:
    seen: Counter[str] = Counter()
    for change in changes(_text(file)):
        if not change.place.function or change.place.statement.startswith(("log.", "echo(")):
            continue
        name = name_of(file, change)
        seen[name] += 1
        more = f" #{seen[name]}" if seen[name] > 1 else ""
        yield Broken(name + more, file, change)


def sample(size: int, seed: int, among: tuple[Broken, ...]) -> list[Broken]:
    """Some of the mutants, by chance that repeats; where the code changes, others come in."""

    def drawn(one: Broken) -> bytes:
        return hashlib.sha256(f"{seed} {one.name}".encode()).digest()

    return sorted(sorted(among, key=drawn)[:size], key=lambda one: one.name)
