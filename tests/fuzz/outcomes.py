"""What became of an input, in a form that can be compared exactly: floats by their bits."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any

from gdproto import (
    HEADER_BYTES,
    FrameReceived,
    Message,
    MessageReceived,
    ProtocolError,
    parse_header,
)

Outcome = tuple[Any, ...]


def exactly(value: Any) -> tuple[Any, ...]:
    """The value, flat: two values have the same parts only if nothing tells them apart.

    Views count as the bytes that they show, tuples as lists.
    """
    parts: list[Any] = []
    pending = [value]
    while pending:
        one = pending.pop()
        match one:
            case list() | tuple():
                parts.append(("list", len(one)))
                pending.extend(reversed(one))
            case dict():
                parts.append(("dict", tuple(one)))
                pending.extend(reversed(one.values()))
            case float():
                parts.append(("float", struct.pack(">d", one)))
            case memoryview():
                parts.append(("bytes", bytes(one)))
            case _:
                parts.append((type(one).__name__, one))
    return tuple(parts)


def of_message(message: Message) -> Outcome:
    """A message by its type, its id and its fields."""
    names = [name for name in message.__dataclass_fields__ if name != "CODE"]
    fields = {name: getattr(message, name) for name in names}
    return (message.CODE.name, *exactly(fields))


def of_error(error: ProtocolError) -> Outcome:
    return ("refused", error.code, error.scope, error.offset, error.path)


def of_event(event: Any) -> list[Outcome]:
    """An event as it is seen; one of several frames as an event of each."""
    if isinstance(event, MessageReceived):
        return [("message", event.ended, *of_message(event.message))]
    if isinstance(event, FrameReceived):
        return [
            ("frame", event.ended, parse_header(frame), frame)
            for frame in _frames(bytes(event.frame))
        ]
    return [(event,)]


def _frames(data: bytes) -> Iterator[bytes]:
    """The frames that follow each other; a connection may hand several CHUNKs over at once."""
    while data:
        size = HEADER_BYTES + parse_header(data).length
        yield data[:size]
        data = data[size:]


def outcome(function: Callable[[Any], Any], given: Any, shown: Callable[[Any], Outcome]) -> Outcome:
    """What `function` returns for `given`, as `shown` shows it, or how it refuses.

    Any exception but ProtocolError goes through.
    """
    try:
        return ("returned", *shown(function(given)))
    except ProtocolError as error:
        return of_error(error)
