"""Typed JSON: how a case tells of values, so that no JSON reader can change them.

Rules: a value is an object of one key, its type's name, and what it holds as text; a float is its
IEEE bits; a dict is a list of pairs.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from .recipes import made, numerals

Typed = dict[str, Any]


class NotHeld(ValueError):
    """Python has no value for this typed JSON, such as a dict with two equal keys."""


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
