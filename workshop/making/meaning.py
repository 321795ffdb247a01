"""What messages mean, as the vectors write it, and the payloads in which they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gdproto.spec.codegen import ir

from .collected import typed
from .layout import encoded
from .wire import REQUEST_ID, SPEC, frame

MESSAGES = {message.name: message for message in SPEC.messages}

# What a field holds of which nothing is chosen below, by the first of its kinds.
EXAMPLES: dict[str, Any] = {
    "bool": True, "integer": 1, "float": 2.5, "bytes": b"b", "string": "t", "list": [1],
    "dict": {"k": None},
}  # fmt: skip


def example(field: ir.Field, is_full: bool) -> Any:
    """A value that the field permits; of one with fields of its own all, or what is required."""
    if field.fields:
        return completed(field.fields, {}, is_full)
    if field.choices:
        return field.choices[0][1]
    if not field.types:
        return "k"
    value = EXAMPLES[field.types[0]]
    return value if field.minimum is None else max(value, field.minimum)


def completed(
    fields: Sequence[ir.Field], chosen: Mapping[str, Any], is_full: bool
) -> dict[str, Any]:
    """The payload with examples for what must be there, or for all, and is not chosen."""
    return {
        field.name: chosen[field.name] if field.name in chosen else example(field, is_full)
        for field in fields
        if field.name in chosen or is_full or field.required
    }


# For each message the smallest payload, and one that has every field: values that read well. What
# is not here is made from the declaration.
SMALLEST: dict[str, dict[str, Any]] = {
    "REQUEST": {"app_path": "m:A", "action": "go"},
    "RESPONSE": {"result": None},
    "ERROR": {"error": {"error_type": "DirtyError", "message": "no"}},
    "CHUNK": {"data": None},
    "STASH": {"op": 1, "table": "t"},
    "MANAGE": {"op": 1},
}
FULL: dict[str, dict[str, Any]] = {
    "REQUEST": {
        "app_path": "m:A",
        "action": "go",
        "timeout": 2.5,
        "priority": 3,
        "trace": {"sent": 1.5},
        "extensions": ["memfd"],
        "args": [1, "a"],
        "kwargs": {"k": None},
    },
    "RESPONSE": {"result": {"n": [1, 2.5]}},
    "ERROR": {"error": {"error_type": "DirtyError", "message": "no", "details": {"k": 1}}},
    "CHUNK": {"data": "piece"},
    "STASH": {
        "op": 1,
        "table": "t",
        "key": "k",
        "value": [True],
        "pattern": "*",
        "ttl": 2.5,
        "initial": 3,
        "version": 4,
        "count": 5,
        "after": b"k",
        "wait": 1.5,
    },
    "MANAGE": {"op": 1, "count": 2, "slot": 3, "call": 4},
}
for _message in SPEC.messages:
    if _message.fields is not None:
        for _chosen, _is_full in ((SMALLEST, False), (FULL, True)):
            _name, _held = _message.name, _chosen.get(_message.name, {})
            _chosen[_name] = completed(_message.fields, _held, _is_full)
BARE = [message.name for message in SPEC.messages if message.fields is None]


def every(fields: Sequence[ir.Field], above: str = "") -> list[tuple[str, ir.Field]]:
    """The fields with their paths, those of a nested dict after it."""
    found: list[tuple[str, ir.Field]] = []
    for field in fields:
        path = f"{above}.{field.name}" if above else field.name
        found += [(path, field), *every(field.fields, path)]
    return found


def leaves(fields: Sequence[ir.Field]) -> list[tuple[str, ir.Field]]:
    """As `every`, without the dicts that have fields of their own."""
    return [(path, field) for path, field in every(fields) if not field.fields]


def message(
    name: str, payload: Mapping[str, Any] | None = None, request_id: int = REQUEST_ID
) -> dict[str, Any]:
    """The message with the payload's fields, defaults filled in where they are absent or none.

    Args:
        payload: keys and values; what is no field is ignored.
    """
    said: dict[str, Any] = {}
    for path, field in leaves(MESSAGES[name].fields or ()):
        value = at(payload or {}, path)
        if value is None and not field.required:
            value = list(field.default) if field.default == () else field.default
        said[field.name] = typed(value)
    return {"type": name, "request_id": str(request_id), "fields": said}


def at(payload: Mapping[str, Any], path: str) -> Any:
    """What stands at the path of keys; None for nothing."""
    value: Any = payload
    for key in path.split("."):
        value = value.get(key)
    return value


def whole(name: str, payload: Mapping[str, Any] | None = None, request_id: int = REQUEST_ID) -> str:
    """The frame with the payload as it is, in its own order."""
    body = "" if payload is None else encoded(dict(payload))
    return frame(name, body, request_id)


def canonical(
    name: str, payload: Mapping[str, Any] | None = None, request_id: int = REQUEST_ID
) -> str:
    """The frame as it is written: fields in table order, what is none left out,
    and so a default that is not written."""
    fields = MESSAGES[name].fields
    if fields is None:
        return frame(name, "", request_id)
    return frame(name, encoded(_written(fields, payload or {})), request_id)


def _written(fields: Sequence[ir.Field], payload: Mapping[str, Any]) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for field in fields:
        value = payload.get(field.name)
        if field.fields:
            value = _written(field.fields, value or {})
        elif value is None and not field.required:
            value = list(field.default) if field.default == () else field.default
        left_out = not field.default_written and value == field.default
        if field.required or not (value is None or left_out):
            written[field.name] = value
    return written
