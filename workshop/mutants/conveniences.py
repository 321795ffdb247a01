"""What the package does beside the protocol, for who writes in Python: doors that no vector has.

Rules: as those of `doors`. Values without a form are replaced, frames get another id, a trace is
read alone, and a value is put under a name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from typing import Any

from gdproto import encode
from gdproto.declaration import HEADER_BYTES

from .doors import Codec, tried

TRACE = {"traceparent": "00", "sent": 1.5}


class Foreign:
    """A value without a form.

    Args:
        form: what is given for it; by default it stays.
    """

    def __init__(self, *form: Any) -> None:
        self.form = form


def replaced(codec: Codec) -> list[Any]:
    """Values in which some have no form: what is written, and what was asked for it."""
    doubtful = import_module(f"{codec.__name__}.doubtful").Doubtful
    steps = import_module(f"{codec.__name__}.messages").PYTHON
    told: list[Any] = []

    def noted(value: Any) -> Any:
        told.append(f"written: {_shown(value)}")
        return codec.encode(value)

    def default(value: Any) -> Any:
        told.append(f"asked: {_shown(value)}")
        return value.form[0] if value.form else value

    for value in _foreign():
        for writes in (codec.encode, doubtful(steps).encode, doubtful(steps, noted).encode):
            told.append(tried(codec, partial(writes, value)))
            told.append(tried(codec, partial(writes, value, default=default)))
    return told


def _foreign() -> Iterator[Any]:
    yield from (1, [1, {"a": None}], 2**70, [Foreign()])
    one, inner = Foreign("form"), Foreign([Foreign(7), (Foreign(None),)])
    for value in (one, inner, {"k": inner}):
        yield from (value, [1, value, "s"], (value,), {"a": True, "b": value, "c": b"b"})
    # The one that is left is at fault, and so is what has a form of its kind alone.
    yield from ([one, Foreign()], {"a": one, "b": [Foreign()]})
    yield from ([one, 2**70], [2**70, one], {"a": [one], "b": "\ud800"})


def _shown(value: Any) -> Any:
    """The value without places in memory."""
    if isinstance(value, list | tuple):
        return [type(value).__name__, *map(_shown, value)]
    if isinstance(value, dict):
        return {key: _shown(one) for key, one in value.items()}
    return "foreign" if isinstance(value, Foreign) else value


def readdressed(codec: Codec) -> list[Any]:
    """Frames under another id: one, several that differ, and the last of them cut."""
    ones = [
        one.to_bytes()
        for one in (codec.Chunk(1, "text"), codec.End(2), codec.Response(3, [1, b"x" * 40]))
    ]
    runs = (*ones, ones[0] * 2, b"".join(ones), b"".join(ones[::-1]), ones[1] + ones[2])
    cut = (ones[2][:-5], ones[2][:HEADER_BYTES], ones[0] + ones[2][:-5])
    return [
        codec.readdressed(kind(data), number)
        for data in (*runs, *cut)
        for kind in (bytes, bytearray, memoryview)
        for number in (0, 9, 2**64 - 1)
    ]


def traces(codec: Codec) -> list[Any]:
    """The trace of a request: anywhere, twice, of another kind, and as far as it is there."""
    told: list[Any] = []
    for pairs in _traced():
        data = b"\x21" + (len(pairs) // 2).to_bytes(4) + b"".join(map(encode, pairs))
        for cut in range(len(data) + 1):
            told.append(repr(codec.peek_trace(data[:cut])))
        for held in (bytearray(data), memoryview(data)):
            told.append(repr(codec.peek_trace(held)))
        told.append(repr(codec.peek_trace(b"\x21\0" + data, 2)))
    return told


def _traced() -> Iterator[tuple[Any, ...]]:
    head = ("app_path", "m:A", "action", "go")
    for trace in (TRACE, {}, None, "x"):
        yield from (("trace", trace), (*head, "trace", trace), (*head, "trace", trace, "args", []))
    for key in ("args", "kwargs", "more"):
        yield (*head, key, {"trace": TRACE}, "trace", TRACE)
    yield ("trace", TRACE, "trace", {"sent": 2}, *head)
    yield ()


def under(codec: Codec) -> list[Any]:
    """Values in pieces that are put under a name, beside others and in each other."""
    told: list[Any] = []
    for fields in ({}, {"a": 1}, {"a": "x", "b": [None]}):
        for pieces in ([encode("text")], [encode([1, 2])[:-9], encode(2)], [b"\0"]):
            value = codec.Pieces(pieces).under("name", fields)
            told += [bytes(value), bytes(value.under("more", fields)), value.response(7)[1]]
    return told


# By name; each is passed once, whatever the cases are.
APART: dict[str, Callable[[Codec], list[Any]]] = {
    "replaced": replaced, "readdressed": readdressed, "traces": traces, "under": under,
}  # fmt: skip
