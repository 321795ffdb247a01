"""The ledger of survivors: what operators change that nothing tells from the codec, and why.

Rules: every survivor is in `survivors.toml`, with a reason for a person; whatever is in it survives.
A name that ends in "*" is for all that begin so. Mutants made by hand have no such excuse.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

LEDGER = Path(__file__).with_name("survivors.toml")


class LedgerError(Exception):
    """The ledger breaks a rule of its form; one line says where."""


@dataclass(frozen=True)
class Entry:
    """Some survivors, and why they cannot be told from the codec."""

    reason: str
    mutants: tuple[str, ...]

    def covers(self, name: str) -> bool:
        """Whether the mutant is one of them."""
        return any(_fits(name, pattern) for pattern in self.mutants)


def _fits(name: str, pattern: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def read(path: Path = LEDGER) -> tuple[Entry, ...]:
    """The entries. Raises LedgerError."""
    entries = tomllib.loads(path.read_text()).get("survivors", [])
    for number, one in enumerate(entries, 1):
        if one.keys() != {"reason", "mutants"} or not one["reason"] or not one["mutants"]:
            raise LedgerError(f"{path.name}: entry {number} has a reason and mutants, no more")
    return tuple(Entry(one["reason"], tuple(one["mutants"])) for one in entries)


def unknown(entries: Iterable[Entry], names: Iterable[str]) -> list[str]:
    """What the ledger names though no mutant is called so; a line for each."""
    names = list(names)
    patterns = [pattern for entry in entries for pattern in entry.mutants]
    return [
        f"no mutant is called {pattern}: take it out of {LEDGER.name}"
        for pattern in patterns
        if not any(_fits(name, pattern) for name in names)
    ]


def faults(entries: Iterable[Entry], lived: Iterable[str], killed: Iterable[str]) -> Iterator[str]:
    """What is wrong with the ledger; a line for each.

    Args:
        lived, killed: names of the mutants that were judged.
    """
    entries = list(entries)
    for name in lived:
        if not any(entry.covers(name) for entry in entries):
            yield f"{name} lives: write the case that tells it, or why none can into {LEDGER.name}"
    for name in killed:
        if any(entry.covers(name) for entry in entries):
            yield f"{name} is killed: take it out of {LEDGER.name}"
