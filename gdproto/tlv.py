"""Values to bytes and back.

`encode` and `decode` try the fast codec and fall back on the strict one, which has the last word
on every fault.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from . import strict
from ._generated.tables import MAX_BLOB_BYTES, MAX_VALUE_BYTES, VALUE_TYPES
from ._generated.values import read_value, read_value_view, write_value
from .errors import ProtocolError
from .fast import DOUBTS, Written

Buffer = bytes | bytearray | memoryview
Check = Callable[[bytes | memoryview, int], int]
Default = Callable[[Any], Any]


class _Value(Written):
    most = MAX_VALUE_BYTES


def encode(value: Any, *, default: Default | None = None) -> bytes:
    """Encode one value as TLV.

    Args:
        value: None, bool, int, float, str, bytes, list or dict, nested at will. Tuples count as
            lists, bytearrays and memoryviews as bytes, subclasses as their base. Keys that are
            int, float, bool or None become their text.
        default: called with each value that has no TLV form: what it gives takes the place; the
            value itself leaves it at fault.

    Raises:
        ProtocolError: the value has no TLV form; `code` and `path` say why and where.
    """
    if default is not None:
        return encode_by(encode, value, default)
    parts = _Value()
    try:
        write_value(value, parts.append)
    except DOUBTS as doubt:
        strict.write_again(value, parts, doubt)
    data = b"".join(parts)
    if len(data) > MAX_VALUE_BYTES:
        raise strict.too_large(MAX_VALUE_BYTES)
    return data


def encode_by(encoded: Callable[[Any], bytes], value: Any, default: Default) -> bytes:
    """As `encode` with a default, by a function that encodes what has a form."""
    try:
        return encoded(value)
    except ProtocolError as error:
        if error.code != "unsupported_type":
            raise
    # What is too deep is found again, at its place.
    with suppress(RecursionError):
        value = _replaced(value, default)
    return encoded(value)


def _replaced(value: Any, default: Default) -> Any:
    """The value, with another in each place where one has no form."""
    # What cannot be read has none either.
    with suppress(ValueError):
        value = strict.plain(value)
    kind = type(value)
    if kind is list:
        return [_replaced(one, default) for one in value]
    if kind is dict:
        return {key: _replaced(one, default) for key, one in value.items()}
    if any(rule.python is kind for rule in VALUE_TYPES):
        return value
    other = default(value)
    return value if other is value else _replaced(other, default)


def decode(data: Buffer, *, zero_copy: bool = False) -> Any:
    """Decode one value that takes all of `data`.

    Args:
        data: its TLV encoding.
        zero_copy: return bytes values as memoryviews into `data`, which they keep alive.

    Raises:
        ProtocolError: `data` is not one TLV value.
        TypeError: `data` is not bytes-like.
    """
    source = readable(data, zero_copy)
    value, stop = _decoded(source)
    if stop != len(source):
        raise trailing(source, stop)
    return value


def check(data: Buffer) -> None:
    """Check that `data` is one TLV value, without building it.

    Raises:
        ProtocolError: `data` is not one TLV value; the error that `decode` raises.
        TypeError: `data` is not bytes-like.
    """
    judge(readable(data, type(data) is not bytes), strict.check)


def judge(data: bytes | memoryview, check: Check) -> None:
    """As `check`, for what `readable` returned, with another function for `strict.check`."""
    stop = check(data, 0)
    if stop != len(data):
        raise trailing(data, stop)


def trailing(data: bytes | memoryview, stop: int) -> ProtocolError:
    """The error of bytes behind the value that ends at `stop`."""
    reason = f"{len(data) - stop} bytes follow the value"
    return ProtocolError("trailing_data", reason, offset=stop)


def readable(data: Buffer, zero_copy: bool) -> bytes | memoryview:
    """`data` as bytes, or for zero-copy decoding as a read-only memoryview of bytes."""
    if type(data) is bytes and not zero_copy:
        return data
    if not isinstance(data, bytes | bytearray | memoryview):
        raise TypeError(f"a bytes-like object is needed, not {type(data).__name__}")
    view = memoryview(data)
    if not zero_copy or not view.c_contiguous:
        return view.tobytes() if not zero_copy else memoryview(view.tobytes())
    return view.cast("B").toreadonly() if view.nbytes else memoryview(b"")


def _decoded(data: bytes | memoryview) -> tuple[Any, int]:
    """The value that `data` begins with, and where it ends. Raises ProtocolError."""
    # No text or blob in so many bytes is too large.
    if len(data) <= MAX_BLOB_BYTES:
        try:
            if isinstance(data, bytes):
                value, stop = read_value(data, 0)
            else:
                value, stop = read_value_view(data, 0)
            if stop <= len(data):
                return value, stop
        except DOUBTS:
            # Building costs more than checking: only for what is right, and too deep to recurse.
            strict.check(data, 0)
    return strict.decode(data, 0)
