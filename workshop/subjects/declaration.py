"""The declaration itself as a testee: what `spec/` states, run by construct.

    python -m workshop.subjects.declaration

It declares frames and values. The scope of a fault and the state of a connection are data beside
it, so they are not judged.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import construct

from gdproto.conformance.running.testee import FIELDS, Json, Refusal, Testee, Unsupported, serve
from gdproto.errors import format_path
from gdproto.spec import oracle

# construct calls itself a dozen times for each level of a value.
RECURSION_LIMIT = 20_000
# construct calls a dozen functions for each value: a million of them take minutes.
MAX_BYTES = 200_000


class DeclarationTestee(Testee):
    """The forms of `spec`."""

    name = "declaration (construct)"
    version = f"construct {construct.__version__}"
    reports = ("offset", "path")
    policies = MappingProxyType({"non-string-keys": "refused", "nan-payload": "kept"})

    def decode(self, data: bytes) -> Any:
        """The value. Raises Refusal."""
        return _asked(oracle.parse_value, _small(data))

    def encode(self, value: Any) -> bytes:
        """The bytes. Raises Refusal."""
        data: bytes = _asked(oracle.build_value, _small(value))
        return data

    def parse(self, data: bytes) -> Json:
        """The frame's message. Raises Refusal."""
        frame = _asked(oracle.parse_frame, _small(data))
        name = frame.header.type
        return {
            "type": name,
            "request_id": frame.header.request_id,
            "fields": {leaf: _found(frame.payload, leaf) for leaf in FIELDS[name]},
        }

    def serialize(self, message: Json) -> bytes:
        """The message's frame. Raises Refusal."""
        name, fields = message["type"], message["fields"]
        _small(fields)
        payload = {"error": fields} if name == "ERROR" else fields
        data: bytes = _asked(
            oracle.build_frame, name, message["request_id"], payload if FIELDS[name] else None
        )
        return data


def _asked(call: Any, *arguments: Any) -> Any:
    try:
        return call(*arguments)
    except oracle.Refused as refused:
        path = format_path(refused.location)
        raise Refusal(refused.code, offset=refused.offset, path=path) from None


def _found(payload: Mapping[str, Any], leaf: str) -> Any:
    """A field, of the payload or of the dict that is its only one."""
    if leaf in payload:
        value = payload[leaf]
        return list(value) if isinstance(value, tuple) else value
    (inner,) = payload.values()
    return inner[leaf]


def _small(value: Any) -> Any:
    """The value, if construct has a chance."""
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, list | dict | bytes | str) and len(one) > MAX_BYTES:
            raise Unsupported("construct takes minutes for so much")
        if isinstance(one, list | dict):
            pending += one if isinstance(one, list) else one.values()
    return value


if __name__ == "__main__":
    sys.setrecursionlimit(RECURSION_LIMIT)
    serve(DeclarationTestee())
