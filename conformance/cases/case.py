"""Cases: what the vectors say, read from their files.

Rules: a case is kept as the JSON that was read, so that it can be handed to a program in any
language untouched. Expectations are those of the specification.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .recipes import Recipe, made
from .typed import Typed

# A part that repeats so often is a large one.
LARGE_PARTS = 100_000
VECTORS = Path(__file__).parents[1] / "vectors"
SCHEMA = VECTORS / "schema.json"
FORMAT = 2
KINDS = ("value", "frame", "message", "stream", "session")
# The longest stream that is cut at every offset; a longer one names its cuts.
MAX_EVERY_CUT_BYTES = 4096


@dataclass(frozen=True)
class Case:
    """One case; what its kind does not use is None or empty.

    Attributes:
        id: never given to another case.
        kind: one of KINDS.
        area: the name of its file.
        requires: the requirements that it proves.
        level: the key word of the strictest of them.
        result: valid, invalid or permitted.
        notes: why the case exists.
        neighbour: of an invalid case, the valid one that is one edit away.
        bytes: the recipe of what is decoded or parsed.
        value: typed JSON of what the bytes mean, or of what is encoded.
        message: what the frame means, or what is serialized: type, request_id and fields.
        canonical: the recipe of what encoding gives, where it is not `bytes`.
        error: what is wrong: code, and as far as they apply scope, offset, path, also_allowed.
        role: whose end of a stream or session is judged.
        setup: steps before a stream; as `steps`.
        receives: the recipe of a stream.
        cuts: where a long stream is cut; empty for everywhere.
        eof: whether the stream ends after its bytes.
        events: what a stream gives.
        steps: a session: send, receive, abandon, permit or eof, each with what it expects.
        policy: the question that a permitted case leaves open.
        outcomes: the expectation for each answer to it.
    """

    id: str
    kind: str
    area: str
    requires: tuple[str, ...]
    level: str
    result: str
    notes: str = ""
    neighbour: str = ""
    bytes: Recipe | None = None
    value: Typed | None = None
    message: Mapping[str, Any] | None = None
    canonical: Recipe | None = None
    error: Mapping[str, Any] | None = None
    role: str = ""
    setup: tuple[Mapping[str, Any], ...] = ()
    receives: Recipe | None = None
    cuts: tuple[int, ...] = ()
    eof: bool = False
    events: tuple[Mapping[str, Any], ...] = ()
    steps: tuple[Mapping[str, Any], ...] = ()
    policy: str = ""
    outcomes: Mapping[str, Any] = field(default_factory=dict)

    def split_points(self) -> list[int]:
        """Where a stream is cut in two, in bytes from its start: everywhere, or at `cuts`."""
        return list(self.cuts) or list(range(len(made(self.receives or "")) + 1))


@dataclass(frozen=True)
class Area:
    """A file of cases.

    Attributes:
        name: unique among all kinds.
        kind: that of its cases.
        about: one or two sentences for readers.
        cases: in the order of the file.
    """

    name: str
    kind: str
    about: str
    cases: tuple[Case, ...]


def load(folder: Path = VECTORS) -> dict[str, Case]:
    """All cases by id, in the order of their files. Raises ValueError if an id is given twice."""
    cases: dict[str, Case] = {}
    for area in areas(folder):
        for case in area.cases:
            if case.id in cases:
                raise ValueError(f"{area.name}: the case {case.id} is given twice")
            cases[case.id] = case
    return cases


def areas(folder: Path = VECTORS) -> Iterator[Area]:
    """The files, kind by kind. Raises ValueError for a file of another format."""
    for kind in KINDS:
        for path in sorted((folder / kind).glob("*.json")):
            file = json.loads(path.read_text())
            if file["format"] != FORMAT:
                raise ValueError(f"{path.name}: format {file['format']} is not {FORMAT}")
            cases = tuple(case_of(one, file["area"]) for one in file["cases"])
            yield Area(file["area"], kind, file["about"], cases)


def case_of(one: Mapping[str, Any], area: str) -> Case:
    """The case as its file holds it."""
    held: dict[str, Any] = {k: tuple(v) if k in _LISTS else v for k, v in one.items()}
    return Case(**held, area=area)


_LISTS = frozenset(("requires", "setup", "cuts", "events", "steps"))


def is_large(case: Case) -> bool:
    """Whether some part of it is of so many bytes, items or levels that it takes its time."""
    return largest_repeat(vars(case)) >= LARGE_PARTS


def largest_repeat(node: Any) -> int:
    """The largest number of times that a part of the JSON is repeated."""
    if isinstance(node, Mapping):
        here = int(node["times"]) if "times" in node else 0
        return max([here, *map(largest_repeat, node.values())])
    if isinstance(node, list | tuple):
        return max(map(largest_repeat, node), default=0)
    return len(node) if isinstance(node, str) else 0
