"""The stash in the arbiter's memory: pure, values are kept as the TLV bytes that they came in.

Rules: keys are scalars, equal when their TLV bytes are equal: true, 1 and 1.0 differ. A table
comes into being with its first value. What everything takes together has a limit: names, keys,
values, and what it costs to keep each; what would exceed it is refused, and the tables stay as
they were. What takes long with many keys is done in turns with whatever else there is to do. The
tables go with the arbiter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from sys import getsizeof
from typing import TypeVar

import gdproto
from gdproto.answers import Scalar, StashInfo

from ...errors import (
    DirtyProtocolError,
    StashError,
    StashKeyNotFoundError,
    StashTableNotFoundError,
)
from ..turns import Pace, Turns
from .glob import Glob
from .shards import Shards

# What a dict takes for an entry, beside the key and the value: between 27 and 54 bytes.
SLOT_BYTES = 42
# What a table takes, beside its name: some 210 bytes that has no keys, 390 that has.
TABLE_BYTES = 255
# Keys that are looked at between two looks at the clock.
AT_ONCE = 64
LARGE_BYTES = 64 * 1024
# Characters of a name that an error repeats.
MOST_SHOWN = 100

T = TypeVar("T")

# The values of a table by their keys, both as TLV.
Table = Shards[bytes, bytes]


class MemoryStash:
    """Named tables of keys and values; its methods are those of `StashBackend`.

    Args:
        max_bytes: limit for what everything takes together; 0 for none.
        turns: of whoever has long work to do.
    """

    waits = False

    def __init__(self, max_bytes: int = 0, turns: Turns | None = None) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self._turns = turns or Turns()
        self._tables: Shards[str, Table] = Shards()

    async def put(self, table: str, key: Scalar, value: bytes) -> bool:
        name, kept, value = gdproto.encode(key), self._tables.get(table), _untracked(value)
        old = kept.get(name) if kept is not None else None
        grown = _size(name, value) - (_size(name, old) if old is not None else 0)
        what = f"stash table {_shown(table)}: a value of {len(value)} bytes"
        kept = self._table(table, grown, what)
        kept.put(name, value)
        self.bytes += grown
        return True

    async def get(self, table: str, key: Scalar) -> gdproto.Pieces:
        kept = self._tables.get(table)
        value = kept.get(gdproto.encode(key)) if kept is not None else None
        if value is None:
            raise StashKeyNotFoundError(table, key)
        return gdproto.Pieces([value])

    async def delete(self, table: str, key: Scalar) -> bool:
        name, kept = gdproto.encode(key), self._tables.get(table)
        value = kept.pop(name) if kept is not None else None
        if value is None:
            return False
        self.bytes -= _size(name, value)
        return True

    async def keys(self, table: str, pattern: str | None = None) -> gdproto.Pieces:
        kept, listed = self._tables.get(table), gdproto.ListPieces()
        if kept is None:
            return listed.value()
        pace = Pace(self._turns)
        try:
            if pattern is None:
                await self._list(kept, listed, pace)
            else:
                await self._list_matching(kept, pattern, listed, pace)
        except gdproto.ProtocolError as error:
            raise _too_long(error, f"table {_shown(table)} has {len(kept)} keys") from None
        return listed.value()

    async def clear(self, table: str) -> bool:
        if (kept := self._tables.get(table)) is not None:
            # What is put from now on stays.
            self._tables.put(table, Table())
            await self._turns.exhaust(self._taking_apart(kept))
        return True

    async def info(self, table: str) -> StashInfo:
        if (kept := self._tables.get(table)) is None:
            raise StashTableNotFoundError(table)
        return {"size": len(kept), "table": table}

    async def ensure(self, table: str) -> bool:
        self._table(table, 0, f"stash table {_shown(table)}")
        return True

    async def delete_table(self, table: str) -> bool:
        if (kept := self._tables.pop(table)) is None:
            return False
        self.bytes -= _size_of_table(table)
        await self._turns.exhaust(self._taking_apart(kept))
        return True

    async def tables(self) -> gdproto.Pieces:
        listed, pace = gdproto.ListPieces(), Pace(self._turns)
        try:
            for page in self._tables.pages():
                for names in _batches(page):
                    await pace()
                    listed.add([gdproto.encode(name) for name in names])
        except gdproto.ProtocolError as error:
            raise _too_long(error, f"there are {len(self._tables)} tables") from None
        return listed.value()

    async def exists(self, table: str, key: Scalar = None) -> bool:
        kept = self._tables.get(table)
        if key is None or kept is None:
            return kept is not None
        return gdproto.encode(key) in kept

    def _table(self, name: str, needed: int, what: str) -> Table:
        """The table, made if it is not there. Raises StashError where so many bytes do not fit."""
        kept = self._tables.get(name)
        made = _size_of_table(name) if kept is None else 0
        if needed + made > 0 and self.max_bytes and self.bytes + needed + made > self.max_bytes:
            raise StashError(
                f"{what} does not fit: {self.bytes} of {self.max_bytes} bytes are taken, "
                f"this takes {needed + made}"
            )
        if kept is None:
            kept = Table()
            self._tables.put(name, kept)
            self.bytes += made
        return kept

    async def _list(self, kept: Table, listed: gdproto.ListPieces, pace: Pace) -> None:
        for page in kept.pages():
            await pace()
            listed.add(page)

    async def _list_matching(
        self, kept: Table, pattern: str, listed: gdproto.ListPieces, pace: Pace
    ) -> None:
        if len(pattern) > AT_ONCE:
            # To read it may take a slice.
            await self._turns.wait()
        else:
            await pace()
        glob = Glob(pattern)
        for page in kept.pages():
            for names in _batches(page):
                await pace()
                listed.add([name for name in names if await _matches(glob, name, pace)])

    def _taking_apart(self, kept: Table) -> Iterator[None]:
        for name, value in kept.take_apart():
            self.bytes -= _size(name, value)
            del name, value
            yield


async def _matches(glob: Glob, name: bytes, pace: Pace) -> bool:
    """Whether a key, as TLV, is a text that matches."""
    key = gdproto.decode(name)
    if not isinstance(key, str):
        return False
    return glob.matches(key) if glob.is_quick(key) else await glob.matches_in_turns(key, pace)


def _batches(page: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(page), AT_ONCE):
        yield page[start : start + AT_ONCE]


def _untracked(value: bytes) -> bytes:
    """The value as the collector need not look at it, but for large ones, of which there are few.

    A million that it looks at stop the loop for a tenth of a second.
    """
    return bytes(value) if len(value) < LARGE_BYTES else value


def _size(key: bytes, value: bytes) -> int:
    return getsizeof(key) + getsizeof(value) + SLOT_BYTES


def _size_of_table(name: str) -> int:
    return getsizeof(name) + TABLE_BYTES


def _shown(name: str) -> str:
    """The name, cut to what may stand in a line."""
    return name if len(name) <= MOST_SHOWN else f"{name[:MOST_SHOWN]}…"


def _too_long(error: gdproto.ProtocolError, what: str) -> DirtyProtocolError:
    reason = f"{what}, which no answer can hold: {error}; ask for those of a pattern"
    return DirtyProtocolError(reason, code=error.code, path="result")
