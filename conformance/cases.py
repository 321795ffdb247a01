"""Cases: what the vectors say, read from their files.

Rules: a case is kept as the JSON that was read, so that it can be handed to a program in any
language untouched. Bytes are hex, or a recipe: a list of hex and of parts that repeat or are
numbered. A value is typed JSON: an object of one key, its type's name, and what it holds as text,
so that no JSON reader can change it; a float is its IEEE bits; a dict is a list of pairs.
Expectations are those of the specification.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).parent / "vectors"
SCHEMA = VECTORS / "schema.json"
FORMAT = 2
KINDS = ("value", "frame", "message", "stream", "session")
# The longest stream that is cut at every offset; a longer one names its cuts.
MAX_EVERY_CUT_BYTES = 4096

Recipe = str | list[Any] | dict[str, Any]
Typed = dict[str, Any]


class NotHeld(ValueError):
    """Python has no value for this typed JSON, such as a dict with two equal keys."""


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
        steps: a session: send, receive, abandon or eof, each with what it expects.
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


def made(recipe: Recipe) -> bytes:
    """The bytes that the recipe makes."""
    if isinstance(recipe, str):
        return bytes.fromhex(recipe)
    if isinstance(recipe, list):
        return b"".join(map(made, recipe))
    times = int(recipe["times"])
    if "repeat" in recipe:
        return made(recipe["repeat"]) * times
    before, after = map(made, recipe["numbered"])
    between = (after + before).join(map(str.encode, numerals(times)))
    return before + between + after if times else b""


def numeral(number: int) -> str:
    """The number as a key: seven digits, so that each key is as long as the others."""
    return f"{number:07d}"


def numerals(times: int) -> list[str]:
    """The numerals from 0 on; a million of them by the thousand."""
    tails = [f"{number:03d}" for number in range(1000)]
    heads = (f"{number:04d}" for number in range(times // 1000 + 1))
    return [head + tail for head in heads for tail in tails][:times]


def to_typed(value: Any) -> Typed:
    """The value as typed JSON. Raises TypeError for a type that has none."""
    match value:
        case None:
            return {"none": ""}
        case bool():
            return {"bool": "true" if value else "false"}
        case int():
            return {"int64": str(value)}
        case float():
            return {"float64": struct.pack(">d", value).hex()}
        case bytes():
            return {"bytes": value.hex()}
        case str():
            return {"string": value}
        case list():
            return {"list": [to_typed(item) for item in value]}
        case dict():
            pairs = [[to_typed(key), to_typed(item)] for key, item in value.items()]
            return {"dict": pairs}
    raise TypeError(f"{type(value).__name__} has no typed JSON")


def from_typed(typed: Typed) -> Any:
    """The value that the typed JSON stands for; one that repeats is made once.

    What has no encoding is made too, where Python can hold it: an int of any size, a text that
    is no Unicode, keys of any type; an object stands for a foreign type.

    Raises:
        NotHeld: Python has no such value.
        ValueError: this is not typed JSON.
    """
    ((kind, held),) = typed.items()
    match kind:
        case "none":
            return None
        case "bool":
            return {"true": True, "false": False}[held]
        case "int64":
            return int(held)
        case "float64":
            return struct.unpack(">d", bytes.fromhex(held))[0]
        case "bytes":
            return made(held)
        case "string":
            return held if isinstance(held, str) else made(held).decode()
        case "utf16":
            return bytes.fromhex(held).decode("utf-16-be", "surrogatepass")
        case "list":
            return [from_typed(item) for item in held]
        case "repeated":
            return [from_typed(held["item"])] * int(held["times"])
        case "nested":
            return _nested(held)
        case "numbered":
            return dict.fromkeys(numerals(int(held["times"])))
        case "dict":
            return _dict(held)
        case "foreign":
            return object()
    raise ValueError(f"no type is called {kind!r}")


def _dict(pairs: list[list[Typed]]) -> dict[Any, Any]:
    try:
        value = {from_typed(key): from_typed(item) for key, item in pairs}
    except TypeError as error:
        raise NotHeld(f"a dict of Python cannot have this key: {error}") from None
    if len(value) < len(pairs):
        raise NotHeld("a dict of Python cannot have two equal keys")
    return value


def _nested(held: Mapping[str, Any]) -> Any:
    """`times` containers, each the only thing in the one around it."""
    is_list, key = held["in"] == "list", held.get("key", "")
    value: Any = [] if is_list else {}
    if "around" in held:
        inner = from_typed(held["around"])
        value = [inner] if is_list else {key: inner}
    for _ in range(int(held["times"]) - 1):
        value = [value] if is_list else {key: value}
    return value
