"""The mutants that operators make of the codec's sources, each under a name that outlives its line.

Rules: a name says the file, the function, and the first lines of what became what; of several
that are alike in one function, all but the first have a number. What the compiler prints again and
again is one thing: in generated files all that is alike changes at once, whatever the function.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from .mutant import Sources, limited, original
from .operators import Change, changes

FILES = (
    "errors.py", "rows.py", "fast.py", "stepping.py", "encoded.py", "pieces.py", "tokens.py",
    "strict.py", "tlv.py", "fields.py", "frames.py", "routing.py", "messages.py", "doubtful.py",
    "connection.py", "answers.py",
    "_generated/values.py", "_generated/messages.py", "_generated/tables.py",
)  # fmt: skip
# Of what the declaration says as data, mutants change the declaration, but for the order of bytes.
TABLES = "_generated/tables.py"
MAX_SHOWN_CHARS = 100
# Much of this shows near the limits alone.
BOUNDED = ("pieces.py",)
# So does this, wherever it stands.
_LIMIT = re.compile(
    r"\bMAX_(?!DEPTH|PATH|KEY)|\blimit\b|\b\d{6,}\b|\bcheck_length\b|\btoo_many_items\b"
    r"|too_large\b|\b_of_message\b|\bTooLarge\b|\b_?most\b|\bCOUNTED_BYTES\b|\bMOST_PIECES\b"
)


@dataclass(frozen=True)
class Operated:
    """One broken codec.

    Attributes:
        name: the file, the place, and what became what.
        file: path below the package.
        changes: of its text; one, or several that are alike.
        numbers: their places among the changes of the file.
    """

    name: str
    file: str
    changes: tuple[Change, ...]
    numbers: tuple[int, ...]

    @property
    def is_about_limits(self) -> bool:
        """Whether it may show near the limits alone."""
        place = self.changes[0].place
        text = f"{place.function} {place.statement}"
        return self.file in BOUNDED or _LIMIT.search(text) is not None

    @property
    def functions(self) -> frozenset[str]:
        """Files and functions without whose call it cannot show; empty where there are none."""
        places = [one.place for one in self.changes]
        if not all(place.is_called for place in places):
            return frozenset()
        return frozenset(f"{self.file} {place.function}" for place in places)

    def sources(self) -> Sources:
        """The broken codec's modules by path below the package."""
        return _changed(original(), self.file, self.changes)

    def limited(self) -> Sources:
        """The same change of the codec with low limits."""
        found = _changes_of_limited(self.file)
        return _changed(limited(), self.file, [found[number] for number in self.numbers])


def _changed(sources: Sources, file: str, alike: Iterable[Change]) -> Sources:
    text = sources[file]
    for one in sorted(alike, key=lambda change: -change.place.start):
        text = text[: one.place.start] + one.new + text[one.place.stop :]
    return sources | {file: text}


@cache
def _changes_of_limited(file: str) -> tuple[Change, ...]:
    return tuple(changes(limited()[file]))


@cache
def operated() -> tuple[Operated, ...]:
    """All of them, file by file."""
    found: list[Operated] = []
    seen: Counter[str] = Counter()
    for file in FILES:
        for alike in _alike(file):
            numbers, made = zip(*alike, strict=True)
            name = name_of(file, made[0])
            seen[name] += 1
            more = f" #{seen[name]}" if seen[name] > 1 else ""
            found.append(Operated(name + more, file, made, numbers))
    return tuple(found)


def _alike(file: str) -> Iterable[list[tuple[int, Change]]]:
    """The changes of a file, numbered, those together that are made at once."""
    groups: dict[object, list[tuple[int, Change]]] = {}
    for number, change in enumerate(changes(original()[file])):
        if file == TABLES and not change.new.startswith("'<"):
            continue
        if _is_printed(file) and change.place.is_pair:
            # What doubts may doubt in any order.
            continue
        alike = (change.place.statement, change.old, change.new)
        groups.setdefault(alike if _is_printed(file) else number, []).append((number, change))
    return groups.values()


def _is_printed(file: str) -> bool:
    return file.startswith("_generated/")


def name_of(file: str, change: Change) -> str:
    """What a mutant of the file is called: the place, and what becomes what."""
    place = change.place.function or "-"
    if _is_printed(file):
        place = begins(change.place.statement)
    return f"{file} {place}: {begins(change.old)} => {begins(change.new)}"


def begins(text: str) -> str:
    """The first line of the text, cut where it is long."""
    first = text.split("\n", 1)[0][:MAX_SHOWN_CHARS]
    return first if first == text else f"{first} …"
