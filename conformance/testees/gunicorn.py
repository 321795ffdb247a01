"""gunicorn's codec as a testee: `gunicorn.dirty.tlv`, and the reader and writer of its protocol.

    python -m gdproto.conformance.testees.gunicorn

Rules: frames go the way that gunicorn's arbiter takes, through `read_message_async`. gunicorn says
what is wrong in words: known words become portable codes. An exception that is none of its own is
told by its class, which is no portable code. What gunicorn does not have is unsupported.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import gunicorn  # type: ignore[import-untyped]
from gunicorn.dirty.errors import DirtyProtocolError  # type: ignore[import-untyped]
from gunicorn.dirty.protocol import BinaryProtocol  # type: ignore[import-untyped]
from gunicorn.dirty.tlv import TLVEncoder  # type: ignore[import-untyped]

from gdproto.declaration import HEADER_FIELDS, MessageCode

from ..running.testee import FIELDS, Json, Refusal, Testee, Unsupported, serve

# How its messages begin.
CODES = {
    "Truncated TLV data": "truncated",
    "Bytes too large": "length_too_large",
    "String too large": "length_too_large",
    "List too large": "too_many_items",
    "Dict too large": "too_many_items",
    "Invalid UTF-8": "invalid_utf8",
    "Dict key must be": "key_not_string",
    "Unknown TLV type": "unknown_tlv_type",
    "Trailing data": "trailing_data",
    "Unsupported type": "unsupported_type",
    "Invalid magic": "bad_magic",
    "Unsupported protocol version": "unsupported_version",
    "Unknown message type": "unknown_message_type",
    "Message too large": "payload_too_large",
    "Incomplete header": "truncated",
    "Incomplete payload": "truncated",
}
CODE_OFFSET = next(field.offset for field in HEADER_FIELDS if field.name == "type")
# Messages of extensions, of which it has none.
LACKED = (MessageCode.CANCEL, MessageCode.PAUSE, MessageCode.RESUME)
# What its readers take an absent field for.
DEFAULTS: dict[str, Callable[[], Any]] = {
    "args": list,
    "kwargs": dict,
    "details": dict,
    "count": lambda: 1,
    "slot": lambda: None,
    "call": lambda: None,
    "timeout": lambda: None,
    "priority": lambda: 0,
    "trace": lambda: None,
    "extensions": lambda: None,
    "key": lambda: None,
    "value": lambda: None,
    "pattern": lambda: None,
}
# Fields of a STASH that it knows; it lacks what came later.
STASH_FIELDS = frozenset(("op", "table", "key", "value", "pattern"))


class GunicornTestee(Testee):
    """The codec of the installed gunicorn."""

    name = "gunicorn's codec"
    version = f"gunicorn {gunicorn.__version__}"
    reports = ()
    policies = MappingProxyType({"non-string-keys": "text", "nan-payload": "kept"})

    def decode(self, data: bytes) -> Any:
        """The value. Raises Refusal."""
        with _refusing():
            return TLVEncoder.decode_full(data)

    def encode(self, value: Any) -> bytes:
        """The bytes. Raises Refusal."""
        with _refusing():
            data: bytes = TLVEncoder.encode(value)
            return data

    def parse(self, data: bytes) -> Json:
        """The frame's message, its payload as it came. Raises Refusal."""
        if not data:
            raise Unsupported("the end of a stream between frames is no fault")
        for code in LACKED:
            if data[CODE_OFFSET : CODE_OFFSET + 1] == bytes([code]):
                raise Unsupported(f"there is no {code.name}")
        stream = Stream(data)
        with _refusing():
            message = driven(BinaryProtocol.read_message_async(stream))
        if stream.left:
            raise Unsupported("what follows a frame is the next one")
        name, request_id = str(message["type"]).upper(), message["id"]
        return {"type": name, "request_id": request_id, "fields": dict(_fields(name, message))}

    def serialize(self, message: Json) -> bytes:
        """The message's frame. Raises Refusal."""
        name, fields = message["type"], message["fields"]
        if name in {code.name for code in LACKED}:
            raise Unsupported(f"there is no {name}")
        if fields.get("timeout") is not None:
            raise Unsupported("a REQUEST has no timeout")
        if fields.get("priority") not in (None, 0):
            raise Unsupported("a REQUEST has no priority")
        if fields.get("trace") is not None:
            raise Unsupported("a REQUEST has no trace")
        if fields.get("extensions") is not None:
            raise Unsupported("a REQUEST has no extensions")
        later = fields.keys() - STASH_FIELDS if name == "STASH" else ()
        if any(fields[field] is not None for field in later):
            raise Unsupported(f"a STASH has no {' nor '.join(sorted(later))}")
        if name == "MANAGE" and not fields.keys() <= {"op", "count"}:
            raise Unsupported("a MANAGE names neither slot nor call")
        known = {"error": fields} if name == "ERROR" else fields
        told = {**known, "type": name.lower(), "id": message["request_id"]}
        with _refusing():
            data: bytes = BinaryProtocol._encode_from_dict(told)
            return data


class Stream:
    """As much of an asyncio.StreamReader as a message's reader uses, with all bytes there."""

    def __init__(self, data: bytes) -> None:
        self.left = data

    async def readexactly(self, count: int) -> bytes:
        """The next `count` bytes. Raises asyncio.IncompleteReadError where there are fewer."""
        if count > len(self.left):
            raise asyncio.IncompleteReadError(self.left, count)
        part, self.left = self.left[:count], self.left[count:]
        return part


def driven(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise RuntimeError("it waits")


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn what gunicorn raises into a refusal."""
    try:
        yield
    except DirtyProtocolError as error:
        raise Refusal(_code(error.message)) from None
    except Exception as error:
        kind = type(error)
        module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
        raise Refusal(module + kind.__name__) from None


def _code(message: str) -> str:
    codes = (code for words, code in CODES.items() if message.startswith(words))
    return next(codes, DirtyProtocolError.__name__)


def _fields(name: str, message: Json) -> Iterator[tuple[str, Any]]:
    held = message.get("error") if name == "ERROR" else message
    for field in FIELDS.get(name, ()):
        if isinstance(held, dict) and held.get(field) is not None:
            yield field, held[field]
        elif name == "STASH" and field not in STASH_FIELDS:
            yield field, None
        elif field in DEFAULTS:
            yield field, DEFAULTS[field]()
        elif isinstance(held, dict) and field in held:
            yield field, None


if __name__ == "__main__":
    serve(GunicornTestee())
