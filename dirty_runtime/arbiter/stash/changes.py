"""What has changed in tables that are watched: the last changes of each, and who waits for more.

Rules: nothing is kept of a table that nobody watches. Who watches asks again and again, each time
from where he was: so a slow one keeps nothing, but what all keep of a table is bounded, and whoever
comes for what is gone is told that he missed some. A table that nobody has asked about for
`FORGOTTEN_S` is watched no more.
"""

from __future__ import annotations

import asyncio
import os
import struct
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

import gdproto
from gdproto.answers import Scalar

from ...errors import DirtyProtocolError, StashError
from ..clock import Clock
from ..patience import Patience
from ..turns import TOLD_AT_ONCE, Pace, Turns
from .glob import Glob, matches_key

PUT, DELETE, EXPIRE, PUSH, POP, CLEAR = "put", "delete", "expire", "push", "pop", "clear"
# What is kept of a table's changes, and of how many tables.
MOST, MOST_BYTES, MOST_TABLES = 1000, 256 * 1024, 256
# For how long changes are kept for one who does not come.
FORGOTTEN_S = 60.0
# A place: the log that it is in, and how many changes were before.
PLACE = struct.Struct(">8sQ")
NONE = gdproto.encode(None)


class Change(NamedTuple):
    """One change: of what kind, and of what key or list, as TLV; none for the table."""

    kind: str
    name: bytes


class Log:
    """The last changes of one table.

    Attributes:
        first: how many changes were before those that are kept.
        asked_s: when somebody asked last.
        waiting: how many wait for more.
    """

    def __init__(self, turns: Turns, patience: Patience[asyncio.Future[None]]) -> None:
        self.first = 0
        self.asked_s = 0.0
        self._turns = turns
        self._patience = patience
        self.waiting = 0
        self._id = os.urandom(8)
        self._changes: deque[Change] = deque()
        self._bytes = 0
        self._waiting: dict[asyncio.Future[None], None] = {}
        # Those of them who are being told, and whether there are more changes since that began.
        self._told: dict[asyncio.Future[None], None] = {}
        self._is_telling = self._more_came = False

    @property
    def end(self) -> int:
        """How many changes there were."""
        return self.first + len(self._changes)

    def place(self, number: int) -> bytes:
        """What tells of a place in it."""
        return PLACE.pack(self._id, number)

    def number_at(self, place: bytes) -> int:
        """How many changes were before the place; -1 where it is none of this log's."""
        id_, number = PLACE.unpack(place)
        return int(number) if id_ == self._id and number <= self.end else -1

    def add(self, change: Change) -> None:
        self._changes.append(change)
        self._bytes += len(change.name)
        while len(self._changes) > MOST or self._bytes > MOST_BYTES:
            self._bytes -= len(self._changes.popleft().name)
            self.first += 1
        self._tell()

    def lose(self) -> None:
        """Have everybody know that he may have missed some."""
        self.first = self.end + 1
        self._changes.clear()
        self._bytes = 0
        self._tell()

    def since(self, number: int) -> list[Change]:
        return list(islice(self._changes, max(0, number - self.first), None))

    async def more(self, until_s: float) -> None:
        """Return when there are more changes, or at that time."""
        told = asyncio.get_running_loop().create_future()
        self._patience.begin(told, until_s)
        self._waiting[told] = None
        self.waiting += 1
        try:
            await told
        finally:
            self.waiting -= 1
            self._waiting.pop(told, None)
            self._told.pop(told, None)
            self._patience.end(told)

    def _tell(self) -> None:
        if self._is_telling:
            self._more_came = True
        elif self._waiting:
            self._is_telling, self._more_came = True, False
            self._told, self._waiting = self._waiting, {}
            self._turns.take(self._tell_some)

    def _tell_some(self) -> None:
        """Have some look who wait, and the others in other turns of the loop."""
        for _ in range(min(TOLD_AT_ONCE, len(self._told))):
            _end(self._told.popitem()[0])
        if self._told:
            self._turns.take(self._tell_some)
            return
        self._is_telling = False
        if self._more_came:
            self._tell()


def _end(told: asyncio.Future[None]) -> None:
    if not told.done():
        told.set_result(None)


class Changes:
    """The logs of all tables that are watched.

    Args:
        turns: of whoever has long work to do.
        clock: by which logs are forgotten.
        forgotten: is called with the name of a table that is watched no more.

    Attributes:
        logs: by the names of their tables.
    """

    def __init__(
        self,
        turns: Turns,
        clock: Clock | None = None,
        forgotten: Callable[[str], object] = lambda table: None,
    ) -> None:
        self.logs: dict[str, Log] = {}
        self._turns = turns
        self._clock = clock or Clock()
        self._forgotten = forgotten
        self._patience = Patience(_end, turns, self._clock)

    def note(self, table: str, kind: str, name: bytes = NONE) -> None:
        """Keep the change, if somebody watches the table."""
        log = self.logs.get(table)
        if log is None:
            return
        if not log.waiting and self._clock() > log.asked_s + FORGOTTEN_S:
            self._forget(table)
        else:
            log.add(Change(kind, name))

    def lose(self) -> None:
        """Have all who watch know that they may have missed some."""
        for log in self.logs.values():
            log.lose()

    def begin(self, table: str) -> Log:
        """Have the changes of the table kept from now on. Raises StashError."""
        if (log := self.logs.get(table)) is None:
            for name in list(self._old()):
                self._forget(name)
            if len(self.logs) >= MOST_TABLES:
                raise StashError(f"{MOST_TABLES} tables are watched, which is as many as can be")
            log = self.logs[table] = Log(self._turns, self._patience)
        log.asked_s = self._clock()
        return log

    async def since(
        self, log: Log, glob: Glob | None, after: Scalar, count: int | None, wait_s: float
    ) -> gdproto.Pieces:
        """The changes of the log from a place on.

        Raises:
            DirtyProtocolError: it is no place.
        """
        if after is None:
            return _told(log, log.end, False, [])
        if not isinstance(after, bytes) or len(after) != PLACE.size:
            reason = "changes follow those of the answer that it is the next of"
            raise DirtyProtocolError(reason, code="invalid_field_value", path="after")
        if (number := log.number_at(after)) < 0:
            return _told(log, log.end, True, [])
        until_s, most = self._clock() + wait_s, min(count or MOST, MOST)
        while True:
            missed = number < log.first
            number, found = await self._found(log, max(number, log.first), glob, most)
            log.asked_s = self._clock()
            if found or missed or log.asked_s >= until_s:
                return _told(log, number, missed, found)
            if number == log.end:
                await log.more(until_s)

    async def _found(
        self, log: Log, number: int, glob: Glob | None, most: int
    ) -> tuple[int, list[Change]]:
        """Those that match, and the number behind the last that was looked at."""
        found, pace = list[Change](), Pace(self._turns)
        for change in log.since(number):
            await pace()
            number += 1
            if change.kind == CLEAR or await matches_key(glob, change.name, pace):
                found.append(change)
            if len(found) == most:
                break
        return number, found

    def _old(self) -> Iterator[str]:
        now_s = self._clock()
        for name, log in self.logs.items():
            if not log.waiting and now_s > log.asked_s + FORGOTTEN_S:
                yield name

    def _forget(self, table: str) -> None:
        del self.logs[table]
        self._forgotten(table)


def _told(log: Log, number: int, missed: bool, found: list[Change]) -> gdproto.Pieces:
    """The answer."""
    listed = gdproto.ListPieces()
    listed.add([_encoded(change) for change in found])
    return listed.value().under("changes", {"next": log.place(number), "missed": missed})


def _encoded(change: Change) -> bytes:
    return bytes(gdproto.Pieces([change.name]).under("key", {"kind": change.kind}))
