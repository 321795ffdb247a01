"""A value part by part: what each run of its bytes is, where it stands, and what must follow it.

From this a cut value's fault follows by the rules of the text, without reading any bytes: what
runs out is reported where the bytes end, a size that cannot fit is reported at the size.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .wire import CODE, size, u32

SMALLEST_ITEM = 1
# An empty key is a type byte and a length; its value is a type byte.
SMALLEST_PAIR = 6


@dataclass(frozen=True)
class Part:
    """One run of bytes.

    Attributes:
        data: hex.
        path: of the value it belongs to; a key belongs to its dict.
        needs: bytes that must remain after a size.
    """

    data: str
    path: str
    needs: int = 0


def lay(value: Any, path: str = "", owed: int = 0) -> Iterator[Part]:
    """The parts of the value's encoding.

    Args:
        value: of Python; its keys are plain identifiers.
        path: where it stands.
        owed: bytes that its containers need for what has not begun.
    """
    match value:
        case None:
            yield Part(CODE["none"], path)
        case bool():
            yield from _fixed("bool", struct.pack(">B", value), path)
        case int():
            yield from _fixed("int64", struct.pack(">q", value), path)
        case float():
            yield from _fixed("float64", struct.pack(">d", value), path)
        case bytes():
            yield from _blob("bytes", value, path, owed)
        case str():
            yield from _blob("string", value.encode(), path, owed)
        case list():
            yield from _list(value, path, owed)
        case dict():
            yield from _dict(value, path, owed)
        case _:
            raise TypeError(f"{type(value).__name__} has no encoding")


def _fixed(kind: str, body: bytes, path: str) -> Iterator[Part]:
    yield Part(CODE[kind], path)
    yield Part(body.hex(), path)


def _blob(kind: str, body: bytes, path: str, owed: int) -> Iterator[Part]:
    yield Part(CODE[kind], path)
    yield Part(u32(len(body)), path, len(body) + owed)
    yield Part(body.hex(), path)


def _list(value: list[Any], path: str, owed: int) -> Iterator[Part]:
    yield Part(CODE["list"], path)
    left = len(value) * SMALLEST_ITEM
    yield Part(u32(len(value)), path, left + owed)
    for index, item in enumerate(value):
        left -= SMALLEST_ITEM
        yield from lay(item, f"{path}[{index}]", left + owed)


def _dict(value: dict[str, Any], path: str, owed: int) -> Iterator[Part]:
    yield Part(CODE["dict"], path)
    left = len(value) * SMALLEST_PAIR
    yield Part(u32(len(value)), path, left + owed)
    for key, item in value.items():
        left -= SMALLEST_PAIR
        yield from lay(key, path, left + owed)
        yield from lay(item, f"{path}.{key}" if path else key, left + owed)


def encoded(value: Any) -> str:
    """The value's encoding in hex."""
    return "".join(part.data for part in lay(value))


def boundaries(value: Any) -> list[int]:
    """The offsets at which a part ends, but for the last one."""
    ends, at = [], 0
    for part in lay(value):
        at += size(part.data)
        ends.append(at)
    return sorted(set(ends[:-1]) - {at})


def offset_of(value: Any, path: str) -> int:
    """Where the value at the path begins."""
    at = 0
    for part in lay(value):
        if part.path == path:
            return at
        at += size(part.data)
    raise KeyError(path)


def missing(value: Any, length: int) -> tuple[int, str]:
    """Where it is noticed that only `length` bytes of the value are there: offset and path."""
    at = 0
    for part in lay(value):
        end = at + size(part.data)
        if end > length:
            return length, part.path
        if part.needs > length - end:
            return at, part.path
        at = end
    raise ValueError(f"{length} bytes are all of it")
