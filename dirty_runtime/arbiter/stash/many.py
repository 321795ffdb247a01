"""Values that hold many keys, asked or answered: taken apart and listed in turns, never built."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

import gdproto

from ...errors import DirtyProtocolError
from ..turns import Pace

CONTAINERS = (gdproto.encode([])[0], gdproto.encode({})[0])
LIST_OF_ONE, LIST_OF_TWO = (gdproto.encode([None] * count)[:-count] for count in (1, 2))
# A larger value is looked at by a thread.
CHECKED_AT_ONCE_BYTES = 64 * 1024
# What takes less has so few containers within each other that some more may be around it.
DEEP_BYTES = 500 * len(gdproto.encode([]))
# Characters of a name that an error repeats.
MOST_SHOWN = 100


async def keys_of(value: bytes | memoryview, most: int, pace: Pace) -> list[bytes]:
    """The keys, as TLV, of a list of keys, which its user frees. Raises DirtyProtocolError."""
    found = list[bytes]()
    try:
        for key in _items(value, "a list of keys is needed"):
            await pace()
            found.append(_key(key, most))
    except BaseException:
        pace.free(found)
        raise
    return found


async def pairs_of(value: bytes | memoryview, most: int, pace: Pace) -> list[tuple[bytes, bytes]]:
    """The keys and values, as TLV, of a list of lists of a key and a value; its user frees them.

    Args:
        value: the list, as TLV.
        most: how many bytes a key may have.
        pace: is awaited for each.

    Raises:
        DirtyProtocolError: it is no such list.
    """
    found, wanted = list[tuple[bytes, bytes]](), "a list is needed of lists of a key and a value"
    try:
        for item in _items(value, wanted):
            await pace()
            pair = list(_items(item, wanted)) if item[1:5] == LIST_OF_TWO[1:] else []
            if len(pair) != 2:
                raise _refused(wanted)
            found.append((_key(pair[0], most), bytes(pair[1])))
    except BaseException:
        pace.free(found)
        raise
    return found


async def refuse_deep(value: bytes | memoryview, levels: int) -> None:
    """Raises DirtyProtocolError where an answer cannot hold the value so many levels down."""
    if len(value) < DEEP_BYTES or value[0] not in CONTAINERS:
        return
    whole = b"".join([*[LIST_OF_ONE] * (levels + 1), value])
    try:
        if len(whole) <= CHECKED_AT_ONCE_BYTES:
            gdproto.check(whole)
        else:
            await asyncio.to_thread(gdproto.check, whole)
    except gdproto.ProtocolError as error:
        raise DirtyProtocolError.of(error) from None


async def values_of(
    table: str, found: Iterable[tuple[bytes, bytes | None]], pace: Pace
) -> gdproto.Pieces:
    """The answer to `get_many`: of each key that is there, as TLV, a list of it and its value.

    Raises:
        DirtyProtocolError: no answer can hold them.
    """
    listed = gdproto.ListPieces()
    try:
        for name, value in found:
            await pace()
            if value is not None:
                await refuse_deep(value, 2)
                listed.add([b"".join([LIST_OF_TWO, name, value])])
    except gdproto.ProtocolError as error:
        raise too_long(error, f"the values of table {shown(table)} are many") from None
    return listed.value()


def too_long(error: gdproto.ProtocolError, what: str) -> DirtyProtocolError:
    """Why an answer cannot hold what was asked for."""
    reason = f"{what}, which no answer can hold: {error}; ask for those of a pattern"
    return DirtyProtocolError(reason, code=error.code, path="result")


def shown(name: str) -> str:
    """The name of a table, cut to what may stand in a line."""
    return name if len(name) <= MOST_SHOWN else f"{name[:MOST_SHOWN]}…"


def _items(value: bytes | memoryview, wanted: str) -> Iterator[bytes]:
    try:
        return gdproto.list_items(value)
    except ValueError:
        raise _refused(wanted) from None


def _key(key: bytes | memoryview, most: int) -> bytes:
    if key[0] in CONTAINERS:
        raise _refused("a key is no list and no dict")
    # A text or bytes have their length before them.
    if len(key) > most + 5:
        raise _refused(f"a key has more than {most} bytes")
    return bytes(key)


def _refused(reason: str) -> DirtyProtocolError:
    return DirtyProtocolError(reason, code="invalid_field_value", path="value")
