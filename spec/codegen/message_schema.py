"""The messages as JSON Schema: for editors, forms and whatever else reads schemas.

Rules: a message is an object of its type, its id and its payload, as a program would show them.
JSON has one kind of number and no bytes: an integer may be written 1.0, bytes are text in
hexadecimal digits, and a float that is not finite has no form. Bytes are judged by the codecs, and
not by this.
"""

from __future__ import annotations

import json
from typing import Any

from . import ir

PATH = "gdproto/_generated/messages.schema.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
DESCRIPTION = "A message as JSON: its type, its id, and its payload if it has one."
TYPES = {
    "none": "null",
    "bool": "boolean",
    "integer": "integer",
    "float": "number",
    "bytes": "string",
    "string": "string",
    "list": "array",
    "dict": "object",
}
CONTAINERS = ("list", "dict")

Json = dict[str, Any]


def files(spec: ir.Spec, mark: str) -> dict[str, str]:
    """File contents by path below the repository's root."""
    return {PATH: json.dumps(document(spec, mark), indent=1, ensure_ascii=False) + "\n"}


def document(spec: ir.Spec, mark: str) -> Json:
    """The whole schema."""
    return {
        "$schema": DIALECT,
        "$comment": mark,
        "title": "Messages of GD/1",
        "description": DESCRIPTION,
        "oneOf": [{"$ref": f"#/$defs/{message.name}"} for message in spec.messages],
        "$defs": {message.name: _message(message, spec) for message in spec.messages},
    }


def _message(message: ir.Message, spec: ir.Spec) -> Json:
    bits = 8 * next(field.size for field in spec.header if field.name == "request_id")
    parts: Json = {
        "type": {"const": message.name},
        "request_id": {"type": "integer", "minimum": 0, "maximum": 2**bits - 1},
    }
    if message.fields is not None:
        parts["payload"] = _dict(message.fields, spec)
    return {
        "type": "object",
        "description": message.meaning,
        "properties": parts,
        "required": list(parts),
        "additionalProperties": False,
    }


def _dict(fields: tuple[ir.Field, ...], spec: ir.Spec) -> Json:
    """A dict with these fields, and with any others, which receivers ignore."""
    return {
        "type": "object",
        "properties": {field.name: _field(field, spec) for field in fields},
        "required": [field.name for field in fields if field.required],
    }


def _field(field: ir.Field, spec: ir.Spec) -> Json:
    """What a field may hold; one that may be absent may be null as well."""
    held: Json = {"description": field.meaning}
    if field.fields:
        held |= _dict(field.fields, spec)
    elif kinds := _kinds(field, spec):
        held["type"] = kinds[0] if len(kinds) == 1 else kinds
    bounds = {"minimum": field.minimum, "maximum": field.maximum}
    held |= {name: bound for name, bound in bounds.items() if bound is not None}
    if field.choices:
        held["oneOf"] = [{"const": number, "title": name} for name, number in field.choices]
    if field.required:
        return held
    if field.default is not None:
        held["default"] = field.default
    return {"anyOf": [held, {"type": "null"}]}


def _kinds(field: ir.Field, spec: ir.Spec) -> list[str]:
    """JSON's types for the field's; none for all."""
    kinds = field.types
    if field.scalar:
        kinds = tuple(one.kind for one in spec.values if one.kind not in CONTAINERS)
    return list(dict.fromkeys(TYPES[kind] for kind in kinds))
