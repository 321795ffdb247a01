"""The stash in the arbiter's memory: pure, values are kept as the TLV bytes that they came in.

Rules: keys are scalars, equal when their TLV bytes are equal: true, 1 and 1.0 differ. A table
comes into being with its first value. What everything takes together has a limit: names, keys,
values, and what it costs to keep each; what would exceed it is refused, and the tables stay as
they were. What takes long with many keys is done in turns with whatever else there is to do. The
tables go with the arbiter.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from math import inf
from sys import getsizeof
from typing import TypeVar

import gdproto
from gdproto import StashOp
from gdproto.answers import STASH_OPERATIONS, Scalar, StashInfo

from ...errors import (
    DirtyProtocolError,
    StashError,
    StashKeyNotFoundError,
    StashTableNotFoundError,
)
from ..clock import Alarm, Clock
from ..turns import Pace, Turns, freeing, some_of
from .changes import CLEAR, DELETE, EXPIRE, POP, PUSH, PUT, Changes
from .expiry import LONGEST_S, Expiry
from .glob import Glob, matches_key
from .many import keys_of, pairs_of, refuse_deep, shown, too_long, values_of
from .numbers import total
from .shards import Shards, place
from .waiting import Waiters

# What a dict takes for an entry, beside the key and the value: between 27 and 54 bytes.
SLOT_BYTES = 42
# What a table takes, beside its name: some 290 bytes that has no keys, 470 that has.
TABLE_BYTES = 335
# What it takes to know the end of a key, or its version, beside the key.
END_BYTES, VERSION_BYTES = 420, 90
# What an item of a list takes, beside itself; and a list, beside its name.
ITEM_BYTES, LIST_BYTES = 10, 900
# Keys of a page, where no fewer are asked for.
PAGE_KEYS = 1000
(MAX_KEY_BYTES,) = (
    one.max_bytes for one in STASH_OPERATIONS[StashOp.GET].parameters if one.name == "key"
)
# Keys that are looked at between two looks at the clock.
AT_ONCE = 64
LARGE_BYTES = 64 * 1024

T = TypeVar("T")


class Table:
    """One table.

    Attributes:
        name: its name.
        values: by their keys, both as TLV.
        ends: when keys go that live for a time, and where that is noted.
        versions: of those keys for which somebody has asked since they changed.
        lists: by their names, items and names as TLV.
    """

    __slots__ = ("ends", "lists", "name", "values", "versions")

    def __init__(self, name: str) -> None:
        self.name = name
        self.values: Shards[bytes, bytes] = Shards()
        # None while there is nothing in them, as in most tables for ever.
        self.ends: Shards[bytes, tuple[float, float]] | None = None
        self.versions: Shards[bytes, int] | None = None
        self.lists: Shards[bytes, deque[bytes]] | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it never had a key with an end, or a version that was asked for."""
        return self.ends is None and self.versions is None

    def version(self, name: bytes) -> int | None:
        """The version of a key; None where nobody has asked for it since it changed."""
        return None if self.versions is None else self.versions.get(name)

    def end(self, name: bytes) -> tuple[float, float] | None:
        """When a key goes, by the monotonic clock, and where that is noted; None for never."""
        return None if self.ends is None else self.ends.get(name)

    def items(self, name: bytes) -> deque[bytes] | None:
        """The items of a list; None where it has none."""
        return None if self.lists is None else self.lists.get(name)


class MemoryStash:
    """Named tables of keys and values; its methods are those of `StashBackend`.

    Args:
        max_bytes: limit for what everything takes together; 0 for none.
        turns: of whoever has long work to do.
        clock: by which keys live for a time.
        first_version: above every version of an arbiter before this one.
    """

    waits = False

    def __init__(
        self,
        max_bytes: int = 0,
        turns: Turns | None = None,
        clock: Clock | None = None,
        first_version: int = 0,
    ) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self._turns = turns or Turns()
        self._clock = clock or Clock()
        self._tables: Shards[str, Table] = Shards()
        self._last_version = first_version
        self._expiry: Expiry[tuple[Table, bytes]] = Expiry()
        self._alarm = Alarm(self._ring, self._clock)
        # What is under way of removing what is due: whoever waits for it takes its steps.
        self._removing: Iterator[None] | None = None
        self._waiters: Waiters[bytes] = Waiters(self._turns, self._clock, inf)
        self._changes = Changes(self._turns, self._clock)
        # Looked at for each change: there is nothing in it while nobody watches.
        self._logs = self._changes.logs

    def close(self) -> None:
        """The tables go with the arbiter."""

    async def put(self, table: str, key: Scalar, value: bytes, ttl: float | None = None) -> bool:
        kept, name = self._tables.get(table), gdproto.encode(key)
        if ttl is None and kept is not None and kept.is_plain:
            self._put_plainly(kept, name, value)
        else:
            self._put(table, name, value, ttl)
        return True

    async def get(self, table: str, key: Scalar) -> gdproto.Pieces:
        kept = self._tables.get(table)
        if kept is not None and kept.ends is None:
            value = kept.values.get(gdproto.encode(key))
            if value is not None:
                return gdproto.Pieces([value])
        return gdproto.Pieces([self._found(table, key)[2]])

    async def delete(self, table: str, key: Scalar) -> bool:
        name = gdproto.encode(key)
        kept, value = self._live(table, name)
        if kept is not None and value is not None:
            self._remove(kept, name, DELETE)
        return value is not None

    async def keys(self, table: str, pattern: str | None = None) -> gdproto.Pieces:
        await self._removed()
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
            raise too_long(error, f"table {shown(table)} has {len(kept.values)} keys") from None
        return listed.value()

    async def clear(self, table: str) -> bool:
        if (kept := self._tables.get(table)) is not None:
            self._changes.note(table, CLEAR)
            # What is put from now on stays.
            self._tables.put(table, Table(table))
            await self._turns.exhaust(self._taking_apart(kept))
        return True

    async def info(self, table: str) -> StashInfo:
        await self._removed()
        if (kept := self._tables.get(table)) is None:
            raise StashTableNotFoundError(table)
        return {"size": len(kept.values), "table": table}

    async def ensure(self, table: str) -> bool:
        self._table(table, 0, f"stash table {shown(table)}")
        return True

    async def delete_table(self, table: str) -> bool:
        if (kept := self._tables.pop(table)) is None:
            return False
        self.bytes -= _size_of_table(table)
        self._changes.note(table, CLEAR)
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
            raise too_long(error, f"there are {len(self._tables)} tables") from None
        return listed.value()

    async def exists(self, table: str, key: Scalar = None) -> bool:
        if key is None:
            return table in self._tables
        return self._live(table, gdproto.encode(key))[1] is not None

    async def put_if_absent(
        self, table: str, key: Scalar, value: bytes, ttl: float | None = None
    ) -> bool:
        name = gdproto.encode(key)
        if self._live(table, name)[1] is not None:
            return False
        self._put(table, name, value, ttl)
        return True

    async def pop(self, table: str, key: Scalar) -> gdproto.Pieces:
        kept, name, value = self._found(table, key)
        self._remove(kept, name, DELETE)
        return gdproto.Pieces([value])

    async def incr(
        self,
        table: str,
        key: Scalar,
        value: bytes,
        initial: float | None = None,
        ttl: float | None = None,
    ) -> float:
        name = gdproto.encode(key)
        kept, old = self._live(table, name)
        number = total(table, key, old, value, initial)
        if kept is None or old is None:
            self._put(table, name, gdproto.encode(number), ttl)
        else:
            self._replace(kept, name, gdproto.encode(number))
        return number

    async def touch(self, table: str, key: Scalar, ttl: float | None = None) -> bool:
        name = gdproto.encode(key)
        kept, value = self._live(table, name)
        if kept is None or value is None:
            return False
        self._live_for(kept, table, name, ttl)
        return True

    async def ttl(self, table: str, key: Scalar) -> gdproto.Pieces:
        kept, name, _ = self._found(table, key)
        return gdproto.Pieces([gdproto.encode(self._left_s(kept, name))])

    async def entry(self, table: str, key: Scalar) -> gdproto.Pieces:
        kept, name, value = self._found(table, key)
        await refuse_deep(value, 1)
        if self._live(table, name)[1] is not value:
            return await self.entry(table, key)
        version = kept.version(name)
        if version is None:
            size = _size_of_mark(name, VERSION_BYTES)
            self._fits(size, f"stash table {shown(table)}: a version")
            version = self._new_version(kept, name)
        told = {"version": version, "ttl": self._left_s(kept, name)}
        return gdproto.Pieces([value]).under("value", told)

    async def swap(
        self,
        table: str,
        key: Scalar,
        value: bytes,
        version: int | None = None,
        ttl: float | None = None,
    ) -> int:
        name = gdproto.encode(key)
        kept, old = self._live(table, name)
        known = 0 if kept is None or old is None else kept.version(name)
        if known != (version or 0):
            return 0
        kept = self._put(table, name, value, ttl, _size_of_mark(name, VERSION_BYTES))
        return self._new_version(kept, name)

    async def get_many(self, table: str, value: bytes) -> gdproto.Pieces:
        pace = Pace(self._turns)
        names = await keys_of(value, MAX_KEY_BYTES, pace)
        found = ((name, self._live(table, name)[1]) for name in names)
        try:
            return await values_of(table, found, pace)
        finally:
            pace.free(names)

    async def put_many(self, table: str, value: bytes, ttl: float | None = None) -> bool:
        pace = Pace(self._turns)
        pairs = await pairs_of(value, MAX_KEY_BYTES, pace)
        room = 0
        try:
            for name, one in pairs:
                await pace()
                mark = _size_of_mark(name, END_BYTES) if ttl is not None else 0
                room += _size(name, one) + mark
            self._table(table, room, f"stash table {shown(table)}: {len(pairs)} values")
        except BaseException:
            pace.free(pairs)
            raise
        self.bytes += room
        await self._turns.exhaust(self._putting(table, pairs, ttl))
        return True

    async def page(
        self, table: str, pattern: str | None = None, after: Scalar = None, count: int | None = None
    ) -> gdproto.Pieces:
        if not isinstance(after, bytes | None):
            reason = "a page follows the one that it is the next of"
            raise DirtyProtocolError(reason, code="invalid_field_value", path="after")
        await self._removed()
        kept, most = self._tables.get(table), min(count or PAGE_KEYS, PAGE_KEYS)
        found = [] if kept is None else await self._page(kept, pattern, after, most)
        listed = gdproto.ListPieces()
        try:
            listed.add(found)
        except gdproto.ProtocolError as error:
            raise too_long(error, f"{len(found)} keys of table {shown(table)}") from None
        return listed.value().under("keys", {"next": found[-1] if len(found) == most else None})

    async def push_left(self, table: str, key: Scalar, value: bytes) -> int:
        value = _untracked(value)
        items = self._list_for(table, gdproto.encode(key), value)
        items.appendleft(value)
        return len(items)

    async def push_right(self, table: str, key: Scalar, value: bytes) -> int:
        value = _untracked(value)
        items = self._list_for(table, gdproto.encode(key), value)
        items.append(value)
        return len(items)

    async def pop_left(self, table: str, key: Scalar, wait: float | None = None) -> gdproto.Pieces:
        return await self._popped(table, key, deque.popleft, wait)

    async def pop_right(self, table: str, key: Scalar, wait: float | None = None) -> gdproto.Pieces:
        return await self._popped(table, key, deque.pop, wait)

    async def length(self, table: str, key: Scalar) -> int:
        kept = self._tables.get(table)
        return 0 if kept is None else len(kept.items(gdproto.encode(key)) or ())

    async def changes(
        self,
        table: str,
        pattern: str | None = None,
        after: Scalar = None,
        count: int | None = None,
        wait: float | None = None,
    ) -> gdproto.Pieces:
        log, pace = self._changes.begin(table), Pace(self._turns)
        glob = await self._glob(pattern, pace)
        return await self._changes.since(log, glob, after, count, wait or 0)

    def _list_for(self, table: str, name: bytes, value: bytes) -> deque[bytes]:
        """The items of the list, to which the value is about to be added. Raises StashError."""
        kept = self._tables.get(table)
        items, size = None if kept is None else kept.items(name), _size_of_item(value)
        made = 0 if items else _size_of_mark(name, LIST_BYTES)
        kept = self._table(table, size + made, f"stash table {shown(table)}: an item")
        self.bytes += size + made
        if items is None:
            items, kept.lists = deque[bytes](), kept.lists or Shards()
            kept.lists.put(name, items)
        self._waiters.pushed((table, name))
        self._changes.note(table, PUSH, name)
        return items

    async def _popped(
        self, table: str, key: Scalar, end: Callable[[deque[bytes]], bytes], wait: float | None
    ) -> gdproto.Pieces:
        """The item at that end. Raises StashKeyNotFoundError."""
        name = gdproto.encode(key)

        async def take() -> bytes | None:
            return self._take(table, name, end)

        found = await self._waiters.first((table, name), take, wait or 0)
        if found is None:
            raise StashKeyNotFoundError(table, key)
        return gdproto.Pieces([found])

    def _take(self, table: str, name: bytes, end: Callable[[deque[bytes]], bytes]) -> bytes | None:
        kept = self._tables.get(table)
        items = None if kept is None else kept.items(name)
        if kept is None or not items:
            return None
        item = end(items)
        self._changes.note(table, POP, name)
        self.bytes -= _size_of_item(item)
        if not items and kept.lists is not None:
            kept.lists.pop(name)
            self.bytes -= _size_of_mark(name, LIST_BYTES)
        return item

    def _live(self, table: str, name: bytes) -> tuple[Table | None, bytes | None]:
        """The table and the value of the key, as far as they are there."""
        kept = self._tables.get(table)
        if kept is None:
            return None, None
        if kept.ends and (end := kept.end(name)) and end[0] <= self._clock():
            self._remove(kept, name, EXPIRE)
        return kept, kept.values.get(name)

    def _found(self, table: str, key: Scalar) -> tuple[Table, bytes, bytes]:
        """The table, the key and its value. Raises StashKeyNotFoundError."""
        name = gdproto.encode(key)
        kept, value = self._live(table, name)
        if kept is None or value is None:
            raise StashKeyNotFoundError(table, key)
        return kept, name, value

    def _put(
        self, table: str, name: bytes, value: bytes, ttl: float | None, more: int = 0
    ) -> Table:
        """Store it, and let it live as long. Returns the table.

        Raises:
            StashError: there is no room for it, and for `more` bytes.
        """
        kept, old = self._live(table, name)
        value = _untracked(value)
        grown = _size(name, value) - (_size(name, old) if old is not None else 0)
        if ttl is not None:
            grown += _size_of_mark(name, END_BYTES)
        if kept is None or grown + more > 0:
            what = f"stash table {shown(table)}: a value of {len(value)} bytes"
            kept = self._table(table, grown + more, what)
        self._store(kept, name, value, old)
        if ttl is not None:
            self._end_in(kept, name, ttl)
        return kept

    def _put_plainly(self, kept: Table, name: bytes, value: bytes) -> None:
        """As `_put`, where there is no end and no version to forget. Raises StashError."""
        value, old = _untracked(value), kept.values.get(name)
        grown = _size(name, value) - (_size(name, old) if old is not None else 0)
        if grown > 0 and self.max_bytes:
            self._fits(grown, f"stash table {shown(kept.name)}: a value of {len(value)} bytes")
        self.bytes += grown
        kept.values.put(name, value)
        if self._logs:
            self._changes.note(kept.name, PUT, name)

    def _replace(self, kept: Table, name: bytes, value: bytes) -> None:
        """Store a number in place of one, for the time that is left."""
        self._forget_version(kept, name)
        self.bytes += getsizeof(value) - getsizeof(kept.values.get(name))
        kept.values.put(name, value)
        if self._logs:
            self._changes.note(kept.name, PUT, name)

    def _store(self, kept: Table, name: bytes, value: bytes, old: bytes | None) -> None:
        if old is not None:
            self._forget_end(kept, name)
            self._forget_version(kept, name)
        self.bytes += _size(name, value) - (_size(name, old) if old is not None else 0)
        kept.values.put(name, value)
        if self._logs:
            self._changes.note(kept.name, PUT, name)

    def _remove(self, kept: Table, name: bytes, kind: str) -> None:
        value = kept.values.pop(name)
        if value is not None:
            if self._logs:
                self._changes.note(kept.name, kind, name)
            self.bytes -= _size(name, value)
            self._forget_end(kept, name)
            self._forget_version(kept, name)

    def _new_version(self, kept: Table, name: bytes) -> int:
        """A new version, which the key has, if it is there."""
        self._last_version += 1
        if name in kept.values:
            self.bytes += _size_of_mark(name, VERSION_BYTES)
            kept.versions = kept.versions or Shards()
            kept.versions.put(name, self._last_version)
        return self._last_version

    def _forget_version(self, kept: Table, name: bytes) -> None:
        if kept.versions and kept.versions.pop(name) is not None:
            self.bytes -= _size_of_mark(name, VERSION_BYTES)

    def _live_for(self, kept: Table, table: str, name: bytes, ttl: float | None) -> None:
        """Let the key live as long from now. Raises StashError."""
        if ttl is not None and kept.end(name) is None:
            self._fits(_size_of_mark(name, END_BYTES), f"stash table {shown(table)}: an end")
        self._forget_end(kept, name)
        if ttl is not None:
            self._end_in(kept, name, ttl)

    def _end_in(self, kept: Table, name: bytes, ttl: float) -> None:
        if ttl <= 0:
            self._remove(kept, name, DELETE)
            return
        self.bytes += _size_of_mark(name, END_BYTES)
        self._note_end(kept, name, self._clock() + min(ttl, LONGEST_S))

    def _note_end(self, kept: Table, name: bytes, end_s: float) -> None:
        now_s = self._clock()
        if end_s <= now_s:
            self._remove(kept, name, EXPIRE)
            return
        kept.ends = kept.ends or Shards()
        kept.ends.put(name, (end_s, self._expiry.set((kept, name), end_s, now_s)))
        self._alarm.set(self._expiry.next_s)

    def _left_s(self, kept: Table, name: bytes) -> float | None:
        """How long the key lives, in seconds; None for ever."""
        end = kept.end(name)
        return None if end is None else max(0.0, end[0] - self._clock())

    def _forget_end(self, kept: Table, name: bytes) -> None:
        if kept.ends and (end := kept.ends.pop(name)) is not None:
            self._expiry.drop((kept, name), end[1])
            self.bytes -= _size_of_mark(name, END_BYTES)

    def _ring(self) -> None:
        """Remove some of what is due, and the rest in other turns of the loop."""
        self._removing = self._removing or self._removal(self._clock())
        for _ in some_of(self._removing):
            pass
        if self._removing is None:
            self._alarm.set(self._expiry.next_s)
        else:
            self._turns.take(self._ring)

    async def _removed(self) -> None:
        """Wait until everything that is due has gone."""
        while self._removing is not None or self._expiry.next_s <= self._clock():
            self._removing = self._removing or self._removal(self._clock())
            await self._turns.exhaust(self._removing)

    def _removal(self, now_s: float) -> Iterator[None]:
        for (kept, name), end_s in self._expiry.due(now_s):
            known = kept.end(name)
            if known is not None and known[0] == end_s:
                self._note_end(kept, name, end_s)
            yield
        self._removing = None

    def _putting(
        self, table: str, pairs: list[tuple[bytes, bytes]], ttl: float | None
    ) -> Iterator[None]:
        """Store what there is room for already; then nothing is left of `pairs`."""
        mark = END_BYTES if ttl is not None else 0
        for name, value in pairs:
            self.bytes -= _size(name, value) + (_size_of_mark(name, mark) if mark else 0)
            kept = self._made(table)
            self._store(kept, name, value, self._live(table, name)[1])
            if ttl is not None:
                self._end_in(kept, name, ttl)
            yield
        yield from freeing(pairs)

    def _made(self, name: str) -> Table:
        """The table, made if it is not there."""
        kept = self._tables.get(name)
        if kept is None:
            kept = Table(name)
            self._tables.put(name, kept)
            self.bytes += _size_of_table(name)
        return kept

    def _table(self, name: str, needed: int, what: str) -> Table:
        """The table, made if it is not there. Raises StashError where so many bytes do not fit."""
        made = 0 if name in self._tables else _size_of_table(name)
        self._fits(needed + made, what)
        return self._made(name)

    def _fits(self, needed: int, what: str) -> None:
        """Raises StashError where so many bytes more do not fit."""
        if needed > 0 and self.max_bytes and self.bytes + needed > self.max_bytes:
            raise StashError(
                f"{what} does not fit: {self.bytes} of {self.max_bytes} bytes are taken, "
                f"this takes {needed}"
            )

    async def _page(
        self, kept: Table, pattern: str | None, after: bytes | None, most: int
    ) -> list[bytes]:
        """The keys of a page, in order of their places."""
        pace, found = Pace(self._turns), list[tuple[int, bytes]]()
        last = (-1, b"") if after is None else (place(after), after)
        glob = await self._glob(pattern, pace)
        groups = kept.values.pages() if after is None else kept.values.pages_from(after)
        for group in groups:
            for names in _batches(group):
                await pace()
                more = [(place(name), name) for name in names]
                more = [one for one in more if one > last and await matches_key(glob, one[1], pace)]
                found = sorted(found + more)[:most]
            if len(found) == most:
                break
        return [name for _, name in found]

    async def _list(self, kept: Table, listed: gdproto.ListPieces, pace: Pace) -> None:
        for page in kept.values.pages():
            await pace()
            listed.add(page)

    async def _list_matching(
        self, kept: Table, pattern: str, listed: gdproto.ListPieces, pace: Pace
    ) -> None:
        glob = await self._glob(pattern, pace)
        for page in kept.values.pages():
            for names in _batches(page):
                await pace()
                listed.add([name for name in names if await matches_key(glob, name, pace)])

    async def _glob(self, pattern: str | None, pace: Pace) -> Glob | None:
        if pattern is not None and len(pattern) > AT_ONCE:
            # To read it may take a slice.
            await self._turns.wait()
        else:
            await pace()
        return None if pattern is None else Glob(pattern)

    def _taking_apart(self, kept: Table) -> Iterator[None]:
        for name, value in kept.values.take_apart():
            self.bytes -= _size(name, value)
            self._forget_end(kept, name)
            self._forget_version(kept, name)
            del name, value
            yield
        for name, items in kept.lists.take_apart() if kept.lists else ():
            self.bytes -= _size_of_mark(name, LIST_BYTES)
            while items:
                self.bytes -= _size_of_item(items.pop())
                yield


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


def _size_of_item(value: bytes) -> int:
    return getsizeof(value) + ITEM_BYTES


def _size_of_mark(key: bytes, size: int) -> int:
    return getsizeof(key) + size


def _size_of_table(name: str) -> int:
    return getsizeof(name) + TABLE_BYTES
