"""Cases: what the vectors say, read from their files.

Rules: bytes are hex, or a list of hex and of parts that repeat. A value is typed JSON: a dict of
one key, its type's name, and what it holds as text, so that no JSON reader can change it; a float
is its IEEE bits; a dict is a list of pairs. Expectations are those of the specification.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).parent / "vectors"
FORMAT = 1

Recipe = str | list[Any] | dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """What is wrong: a portable code, where in the bytes, and in which path."""

    code: str
    offset: int
    path: str = ""


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        id: never given to another case.
        requires: the requirements that it proves.
        level: that of the strictest of them.
        kind: what the bytes are: a value.
        data: the bytes.
        value: what they mean, where they are valid.
        error: what is wrong, where they are not.
        neighbour: of an invalid case, the valid one that is one edit away.
    """

    id: str
    requires: tuple[str, ...]
    level: str
    kind: str
    data: bytes
    value: Any = None
    error: Fault | None = None
    neighbour: str = ""


def load(folder: Path = VECTORS) -> dict[str, Case]:
    """All cases by id, in the order of their files. Raises ValueError if an id is given twice."""
    cases: dict[str, Case] = {}
    for path in sorted(folder.glob("*.json")):
        for case in _cases(json.loads(path.read_text())):
            if case.id in cases:
                raise ValueError(f"{path.name}: the case {case.id} is given twice")
            cases[case.id] = case
    return cases


def _cases(file: dict[str, Any]) -> Iterator[Case]:
    for one in file.get("cases", ()):
        error = Fault(**one["error"]) if "error" in one else None
        yield Case(
            one["id"],
            tuple(one["requires"]),
            one["level"],
            one["kind"],
            made(one["bytes"]),
            from_typed(one["value"]) if error is None else None,
            error,
            one.get("neighbour", ""),
        )


def made(recipe: Recipe) -> bytes:
    """The bytes that the recipe makes."""
    if isinstance(recipe, str):
        return bytes.fromhex(recipe)
    if isinstance(recipe, dict):
        return made(recipe["repeat"]) * int(recipe["times"])
    return b"".join(map(made, recipe))


def to_typed(value: Any) -> dict[str, Any]:
    """The value as typed JSON."""
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


def from_typed(typed: dict[str, Any]) -> Any:
    """The value that the typed JSON stands for; one that repeats is made once."""
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
        case "list":
            return [from_typed(item) for item in held]
        case "repeated":
            return [from_typed(held["item"])] * int(held["times"])
        case "nested":
            return _nested(held["in"], int(held["times"]))
        case "dict":
            return {from_typed(key): from_typed(item) for key, item in held}
    raise ValueError(f"no type is called {kind!r}")


def _nested(container: str, times: int) -> Any:
    """`times` containers, each the only thing in the one around it."""
    value: Any = [] if container == "list" else {}
    for _ in range(times - 1):
        value = [value] if container == "list" else {"": value}
    return value
