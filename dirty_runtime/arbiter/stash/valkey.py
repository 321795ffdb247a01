"""The stash on a server of Valkey or Redis: many arbiters, and many machines, share its tables.

Rules: each operation is one script, which the server does in one step; so versions, additions and
locks are right among all who share it, and time is the server's. How long what was answered stays
is a matter of the server's settings. One that is lost or says nothing is an error within
`ANSWER_S`, and is sought again by the next question.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, TypeAlias

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import NoScriptError, ResponseError

import gdproto
from gdproto.answers import Scalar, StashInfo

from ...errors import (
    DirtyProtocolError,
    StashError,
    StashKeyNotFoundError,
    StashTableNotFoundError,
)
from ..turns import Pace, Turns
from .changes import CLEAR, DELETE, EXPIRE, POP, PUSH, PUT, Changes
from .expiry import LONGEST_S
from .glob import Glob, matches_key
from .line import Channels, Line, Word, place_of
from .many import keys_of, pairs_of, refuse_deep, shown, too_long, values_of
from .memory import MAX_KEY_BYTES, PAGE_KEYS
from .numbers import added_number, no_number, too_much
from .scripts import CHANNEL, DIGESTS, FULL, NO_NUMBER, SCRIPTS, TOO_MUCH
from .waiting import Waiters, unless_cancelled

# A value as TLV; a stash has an attribute of the other name.
Data: TypeAlias = bytes
# How often what has lived its time is removed, while somebody asks.
SWEEP_S = 1.0
# Changes, by what a script publishes.
KINDS = {b"p": PUT, b"d": DELETE, b"e": EXPIRE, b"c": CLEAR, b"l": PUSH, b"t": POP}


class ValkeyStash:
    """Named tables of keys and values on a server; its methods are those of `StashBackend`.

    Args:
        url: of the server, as `valkey://HOST:PORT/DB` or `unix://PATH?db=DB`.
        max_bytes: limit for what everything takes together, of all who share it; 0 for none.
        turns: of whoever has long work to do.

    Raises:
        ValueError: the URL is none.
    """

    waits = True

    def __init__(self, url: str, max_bytes: int = 0, turns: Turns | None = None) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self._place = place_of(url)
        self._turns = turns or Turns()
        self._line = Line(url, self._turns, _load)
        self._channels = Channels(url, self._heard, self._missed)
        self._waiters: Waiters[Data] = Waiters(self._turns)
        self._changes = Changes(self._turns, forgotten=self._unfollow)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sweeping: asyncio.Task[None] | None = None

    def close(self) -> None:
        """Let go of the server; not to be called on the event loop itself while it runs."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._let_go)

    def _let_go(self) -> None:
        self._line.close()
        self._channels.close()
        if self._sweeping is not None:
            self._sweeping.cancel()

    async def put(self, table: str, key: Scalar, value: Data, ttl: float | None = None) -> bool:
        await self._do("put", table, gdproto.encode(key), value, _ttl_us(ttl))
        return True

    async def get(self, table: str, key: Scalar) -> gdproto.Pieces:
        found = await self._do("get", table, gdproto.encode(key))
        return gdproto.Pieces([self._there(found, table, key)])

    async def delete(self, table: str, key: Scalar) -> bool:
        return bool(await self._do("delete", table, gdproto.encode(key)))

    async def clear(self, table: str) -> bool:
        return bool(await self._do("clear", table))

    async def info(self, table: str) -> StashInfo:
        if (size := await self._listed("info", table)) is None:
            raise StashTableNotFoundError(table)
        return {"size": size, "table": table}

    async def ensure(self, table: str) -> bool:
        return bool(await self._do("ensure", table))

    async def delete_table(self, table: str) -> bool:
        return bool(await self._do("delete_table", table))

    async def exists(self, table: str, key: Scalar = None) -> bool:
        if key is None:
            return bool(await self._do("exists_table", table))
        return bool(await self._do("exists", table, gdproto.encode(key)))

    async def put_if_absent(
        self, table: str, key: Scalar, value: Data, ttl: float | None = None
    ) -> bool:
        words = (gdproto.encode(key), value, _ttl_us(ttl))
        return bool(await self._do("put_if_absent", table, *words))

    async def pop(self, table: str, key: Scalar) -> gdproto.Pieces:
        found = await self._do("pop", table, gdproto.encode(key))
        return gdproto.Pieces([self._there(found, table, key)])

    async def incr(
        self,
        table: str,
        key: Scalar,
        value: Data,
        initial: float | None = None,
        ttl: float | None = None,
    ) -> float:
        added, first = bytes(added_number(value)), gdproto.encode(initial or 0)
        words = (gdproto.encode(key), added, first, _ttl_us(ttl))
        try:
            number: float = gdproto.decode(await self._do("incr", table, *words))
        except ResponseError as error:
            if str(error) == NO_NUMBER:
                raise no_number(table, key) from None
            if str(error) == TOO_MUCH:
                raise too_much(table, key) from None
            raise
        return number

    async def touch(self, table: str, key: Scalar, ttl: float | None = None) -> bool:
        return bool(await self._do("touch", table, gdproto.encode(key), _ttl_us(ttl)))

    async def ttl(self, table: str, key: Scalar) -> gdproto.Pieces:
        return gdproto.Pieces([gdproto.encode((await self._entry(table, key))[2])])

    async def entry(self, table: str, key: Scalar) -> gdproto.Pieces:
        value, version, left_s = await self._entry(table, key)
        await refuse_deep(value, 1)
        return gdproto.Pieces([value]).under("value", {"version": version, "ttl": left_s})

    async def swap(
        self,
        table: str,
        key: Scalar,
        value: Data,
        version: int | None = None,
        ttl: float | None = None,
    ) -> int:
        words = (gdproto.encode(key), value, version or 0, _ttl_us(ttl))
        return int(await self._do("swap", table, *words))

    async def get_many(self, table: str, value: Data) -> gdproto.Pieces:
        pace = Pace(self._turns)
        names = await keys_of(value, MAX_KEY_BYTES, pace)
        values = list[bytes | None]()
        try:
            values = await self._do("get_many", table, more=names)
            return await values_of(table, zip(names, values, strict=True), pace)
        finally:
            pace.free(names)
            pace.free(values)

    async def put_many(self, table: str, value: Data, ttl: float | None = None) -> bool:
        pace = Pace(self._turns)
        pairs = await pairs_of(value, MAX_KEY_BYTES, pace)
        words = list[bytes]()
        try:
            for pair in pairs:
                await pace()
                words += pair
            return bool(await self._do("put_many", table, _ttl_us(ttl), more=words))
        finally:
            pace.free(pairs)
            pace.free(words)

    async def keys(self, table: str, pattern: str | None = None) -> gdproto.Pieces:
        listed, last, count = gdproto.ListPieces(), None, 0
        pace, glob = Pace(self._turns), None if pattern is None else Glob(pattern)
        try:
            while names := await self._names(table, last, PAGE_KEYS):
                last, count = names[-1], count + len(names)
                listed.add([name for name in names if await _in_turn(glob, name, pace)])
        except gdproto.ProtocolError as error:
            raise too_long(error, f"table {shown(table)} has {count} keys and more") from None
        return listed.value()

    async def tables(self) -> gdproto.Pieces:
        listed, pace = gdproto.ListPieces(), Pace(self._turns)
        try:
            names: list[bytes] = await self._asked("HKEYS", "dirty:tables")
            for name in names:
                await pace()
                listed.add([gdproto.encode(name.decode())])
        except gdproto.ProtocolError as error:
            raise too_long(error, "there are many tables") from None
        return listed.value()

    async def page(
        self, table: str, pattern: str | None = None, after: Scalar = None, count: int | None = None
    ) -> gdproto.Pieces:
        if not isinstance(after, Data | None):
            reason = "a page follows the one that it is the next of"
            raise DirtyProtocolError(reason, code="invalid_field_value", path="after")
        most, pace = min(count or PAGE_KEYS, PAGE_KEYS), Pace(self._turns)
        glob = None if pattern is None else Glob(pattern)
        names = await self._names(table, after, most)
        listed, last = gdproto.ListPieces(), names[-1] if len(names) == most else None
        try:
            listed.add([name for name in names if await _in_turn(glob, name, pace)])
        except gdproto.ProtocolError as error:
            raise too_long(error, f"{len(names)} keys of table {shown(table)}") from None
        return listed.value().under("keys", {"next": last})

    async def push_left(self, table: str, key: Scalar, value: Data) -> int:
        return await self._pushed("push_left", table, gdproto.encode(key), value)

    async def push_right(self, table: str, key: Scalar, value: Data) -> int:
        return await self._pushed("push_right", table, gdproto.encode(key), value)

    async def pop_left(self, table: str, key: Scalar, wait: float | None = None) -> gdproto.Pieces:
        return await self._popped("left", table, key, wait or 0)

    async def pop_right(self, table: str, key: Scalar, wait: float | None = None) -> gdproto.Pieces:
        return await self._popped("right", table, key, wait or 0)

    async def length(self, table: str, key: Scalar) -> int:
        return int(await self._do("length", table, gdproto.encode(key)))

    async def _pushed(self, how: str, table: str, name: Data, value: Data) -> int:
        count = int(await self._do(how, table, name, value))
        self._waiters.pushed((table, name))
        return count

    async def _popped(self, end: str, table: str, key: Scalar, wait_s: float) -> gdproto.Pieces:
        """The item at that end. Raises StashKeyNotFoundError."""
        name = gdproto.encode(key)

        async with contextlib.AsyncExitStack() as following:
            follows = False

            async def take() -> Data | None:
                nonlocal follows
                if wait_s and not follows:
                    # Not before he has his place among those who wait.
                    await following.enter_async_context(self._channels.followed(_channel(table)))
                    follows = True
                taking = self._do(f"pop_{end}", table, name)
                back = partial(self._pushed, f"push_{end}", table, name)
                return await unless_cancelled(taking, back)

            found = await self._waiters.first((table, name), take, wait_s)
        return gdproto.Pieces([self._there(found, table, key)])

    async def changes(
        self,
        table: str,
        pattern: str | None = None,
        after: Scalar = None,
        count: int | None = None,
        wait: float | None = None,
    ) -> gdproto.Pieces:
        glob = None if pattern is None else Glob(pattern)
        async with self._channels.followed(_channel(table)):
            if table not in self._changes.logs:
                # As long as its changes are kept.
                self._channels.follow_on(_channel(table))
            log = self._changes.begin(table)
            return await self._changes.since(log, glob, after, count, wait or 0)

    def _heard(self, channel: bytes, change: bytes) -> None:
        """Somebody has changed a table that somebody here waits for."""
        table, kind, name = channel.removeprefix(CHANNEL).decode(), KINDS[change[:1]], change[1:]
        if kind == PUSH:
            self._waiters.pushed((table, name))
        self._changes.note(table, kind, name or gdproto.encode(None))

    def _unfollow(self, table: str) -> None:
        self._channels.leave(_channel(table))

    def _missed(self) -> None:
        """Something may have changed of which nobody here has heard."""
        self._waiters.look()
        self._changes.lose()

    async def _names(self, table: str, after: Data | None, count: int) -> list[Data]:
        """So many keys in their order, behind that one."""
        first = b"-" if after is None else b"(" + after
        names: list[Data] = await self._listed("page", table, first, count)
        return names

    async def _entry(self, table: str, key: Scalar) -> tuple[Data, int, float | None]:
        """The value, the version and the time that is left. Raises StashKeyNotFoundError."""
        found = await self._do("entry", table, gdproto.encode(key))
        value, version, left_us = self._there(found, table, key)
        return value, int(version), int(left_us) / 1e6 if left_us else None

    def _there(self, found: Any, table: str, key: Scalar) -> Any:
        if found is None:
            raise StashKeyNotFoundError(table, key)
        return found

    async def _listed(self, name: str, table: str, *words: Word) -> Any:
        """What the script answers when all that has lived its time is gone."""
        while (answer := await self._do(name, table, *words)) == b"more":
            pass
        return answer

    async def _do(self, name: str, table: str, *words: Word, more: Sequence[bytes] = ()) -> Any:
        """What the script answers. Raises StashError, and ResponseError of the script's own."""
        asked = (DIGESTS[name], 0, table, self.max_bytes, *words)
        try:
            return await self._asked("EVALSHA", *asked, more=more)
        except NoScriptError:
            # Somebody has told the server to forget them: nothing has been done.
            await self._asked("SCRIPT", "LOAD", SCRIPTS[name])
            return await self._asked("EVALSHA", *asked, more=more)
        except ResponseError as error:
            reason, *numbers = str(error).split()
            if reason == FULL:
                raise self._full(table, *numbers) from None
            if reason in (NO_NUMBER, TOO_MUCH):
                raise
            raise StashError(f"the stash at {self._place} refuses: {error}") from None

    def _full(self, table: str, taken: str, needed: str) -> StashError:
        return StashError(
            f"stash table {shown(table)}: what it is to hold does not fit: {taken} of "
            f"{self.max_bytes} bytes are taken, this takes {needed}"
        )

    async def _asked(self, *words: Word, more: Sequence[bytes] = ()) -> Any:
        self._asked_s = time.monotonic()
        if self._sweeping is None:
            self._loop = asyncio.get_running_loop()
            self._sweeping = self._loop.create_task(self._sweep())
        return await self._line.ask(*words, more=more)

    async def _sweep(self) -> None:
        """Have removed what has lived its time, again and again, as long as somebody asks."""
        try:
            while time.monotonic() < self._asked_s + 2 * SWEEP_S or self._changes.logs:
                await asyncio.sleep(SWEEP_S)
                with contextlib.suppress(StashError, ResponseError):
                    words = ("EVALSHA", DIGESTS["sweep"], 0, "", 0)
                    _, taken = await self._line.ask(*words)
                    self.bytes = int(taken)
        finally:
            self._sweeping = None


async def _load(connection: AbstractConnection) -> None:
    """Have the server know the scripts."""
    await connection.send_packed_command(
        connection.pack_commands([("SCRIPT", "LOAD", text) for text in SCRIPTS.values()]),
        check_health=False,
    )
    for _ in SCRIPTS:
        await connection.read_response(disable_decoding=True)


def _channel(table: str) -> bytes:
    return CHANNEL + table.encode()


async def _in_turn(glob: Glob | None, name: Data, pace: Pace) -> bool:
    await pace()
    return await matches_key(glob, name, pace)


def _ttl_us(ttl: float | None) -> bytes:
    """A time to live as the scripts take it."""
    return b"" if ttl is None else b"%d" % int(min(ttl, LONGEST_S) * 1e6)
