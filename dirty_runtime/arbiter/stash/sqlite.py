"""The stash in a file of SQLite: what has been answered stays, whatever ends.

Rules: one thread writes, another lists. What waits for the writer when it begins is written
together, and answered when it is in the file for good: so many who write at once share one wait
for the disk. What one of them may not do fails alone. When the file cannot be written, all that
wait are told, and the next ones try again. A version is a number that the file has never given
before, also where two arbiters have it open, as in an upgrade. Tables that are cleared or deleted
are gone at once, and their keys little by little.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Container, Iterator
from itertools import groupby
from typing import Any, TypeAlias, TypeVar, TypeVarTuple

import gdproto
from gdproto.answers import Scalar, StashInfo

from ...errors import (
    DirtyProtocolError,
    StashError,
    StashKeyNotFoundError,
    StashTableNotFoundError,
)
from ..turns import Pace, Turns, freeing
from .changes import CLEAR, DELETE, EXPIRE, NONE, POP, PUSH, PUT, Changes
from .glob import Glob
from .many import keys_of, pairs_of, refuse_deep, shown, too_long, values_of
from .memory import MAX_KEY_BYTES, PAGE_KEYS
from .numbers import total
from .waiting import Waiters, unless_cancelled

T = TypeVar("T")
Args = TypeVarTuple("Args")
# A value as TLV; a stash has an attribute of the other name.
Data: TypeAlias = bytes

SCHEMA = """
CREATE TABLE IF NOT EXISTS tables (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE);
CREATE TABLE IF NOT EXISTS entries (
    owner INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, version INTEGER NOT NULL,
    end REAL, UNIQUE (owner, key));
CREATE TABLE IF NOT EXISTS items (
    owner INTEGER NOT NULL, list BLOB NOT NULL, place INTEGER NOT NULL, value BLOB NOT NULL,
    UNIQUE (owner, list, place));
CREATE INDEX IF NOT EXISTS ends ON entries (end) WHERE end IS NOT NULL;
CREATE TABLE IF NOT EXISTS deleted (owner INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS last (version INTEGER NOT NULL);
INSERT INTO last SELECT 0 WHERE NOT EXISTS (SELECT * FROM last);
"""
DUE = "SELECT EXISTS (SELECT 1 FROM entries WHERE end <= ?) OR EXISTS (SELECT 1 FROM deleted)"
ALIVE = "owner = ? AND (end IS NULL OR end > ?)"
# What an entry takes, beside its key and its value, about; an item beside its list's name and its
# value; and a table beside its name.
ENTRY_BYTES, ITEM_BYTES, TABLE_BYTES = 40, 40, 40
ENTRY_SIZE = f"LENGTH(key) + LENGTH(value) + {ENTRY_BYTES}"
ITEM_SIZE = f"LENGTH(list) + LENGTH(value) + {ITEM_BYTES}"
TABLE_SIZE = f"LENGTH(CAST(name AS BLOB)) + {TABLE_BYTES}"
ALL_SIZES = (("entries", ENTRY_SIZE), ("items", ITEM_SIZE), ("tables", TABLE_SIZE))
OLD_SIZE = f"SELECT {ENTRY_SIZE} FROM entries WHERE owner = ? AND key = ?"
# What it replaces is told on the way, by a function that has nothing to say: a look before each
# would take as long again.
STORE = f"""
INSERT INTO entries VALUES (?, ?, ?, ?, NULLIF(?, 0)) ON CONFLICT (owner, key) DO UPDATE
SET value = excluded.value, version = excluded.version,
end = COALESCE(replaced({ENTRY_SIZE}), excluded.end)
"""
# How long one waits for another process that writes, in seconds.
BUSY_S = 5.0
# Questions that are written together, and keys that are removed beside them, at most.
TOGETHER, REMOVED = 500, 500
# How long as many are waited for as were written before: so long at most, and so much of the time
# that the last writing took.
GATHERED_S, GATHERED = 0.002, 0.25
# When to look for keys whose time is over, while nobody asks anything.
LOOK_S = 1.0
LONGEST_S = 1e10
# The ends of a list.
FIRST, LAST = -1, 1


class Half(Exception):
    """A question has failed in the middle."""


class Tables:
    """What one question may do, in the writer's thread and within a transaction.

    Attributes:
        bytes: what everything takes, about.
        now_s: the time of the transaction, in seconds since 1970.
        watched: the names of the tables of which changes are to be told.
        changes: those of this transaction: the table, the kind, and the key or list.
    """

    def __init__(self, db: sqlite3.Connection, max_bytes: int) -> None:
        self.db = db
        self.max_bytes = max_bytes
        self.now_s = time.time()
        sizes = (f"SELECT SUM({size}) FROM {kind}" for kind, size in ALL_SIZES)
        self.bytes: int = sum(db.execute(size).fetchone()[0] or 0 for size in sizes)
        self._version = 0
        self.watched: Container[str] = ()
        self.changes: list[tuple[str, str, Data]] = []
        # Of this transaction: another process may have other tables by the next.
        self._owners: dict[str, int] = {}
        db.create_function("replaced", 1, self._replaced)

    def begin(self) -> None:
        self.db.execute("BEGIN IMMEDIATE")
        self.now_s = time.time()
        self.changes = []
        self._owners.clear()
        (self._version,) = self.db.execute("SELECT version FROM last").fetchone()

    def commit(self) -> None:
        self.db.execute("UPDATE last SET version = ? WHERE version < ?", [self._version] * 2)
        self.db.execute("COMMIT")

    def do(self, one: Waiting) -> None:
        """Do it; nothing stays of what fails.

        Raises:
            Half: it has failed with part of it done, which nobody can undo alone.
            sqlite3.Error: nothing of the transaction can stay.
        """
        before, changes, written = self.bytes, len(self.changes), self.db.total_changes
        try:
            one.result, one.error = one.job(self, *one.args), None
        except sqlite3.Error:
            raise
        except Exception as error:
            self.bytes = before
            del self.changes[changes:]
            self._owners.clear()
            one.error = error
            if self.db.total_changes != written:
                raise Half from error

    def do_carefully(self, one: Waiting) -> None:
        """As `do`, of whatever fails: that takes time. Raises sqlite3.Error."""
        self.db.execute("SAVEPOINT one")
        try:
            self.do(one)
        except Half:
            self.db.execute("ROLLBACK TO one")
        self.db.execute("RELEASE one")

    def note(self, table: str, kind: str, name: bytes = NONE) -> None:
        """Have the change told when it is in the file, if somebody watches the table."""
        if table in self.watched:
            self.changes.append((table, kind, name))

    def owner(self, table: str) -> int | None:
        """The number of the table; None where there is none."""
        if (owner := self._owners.get(table)) is None:
            owner = self.owner_in(self.db, table)
            if owner is not None:
                self._owners[table] = owner
        return owner

    @staticmethod
    def owner_in(db: sqlite3.Connection, table: str) -> int | None:
        """As `owner`, on any connection."""
        row = db.execute("SELECT id FROM tables WHERE name = ?", [table]).fetchone()
        return None if row is None else int(row[0])

    def made(self, table: str) -> int:
        """The number of the table, made if it is not there. Raises StashError."""
        if (owner := self.owner(table)) is None:
            self._fits(len(table.encode()) + TABLE_BYTES, f"stash table {shown(table)}")
            made = self.db.execute("INSERT INTO tables (name) VALUES (?) RETURNING id", [table])
            owner = self._owners[table] = made.fetchone()[0]
        return owner

    def forget(self, table: str) -> bool:
        """Have no such table any more; its keys go later. Returns whether it was there."""
        owner = self.owner(table)
        if owner is None:
            return False
        del self._owners[table]
        gone = f"DELETE FROM tables WHERE id = ? RETURNING {TABLE_SIZE}"
        self.bytes -= self.db.execute(gone, [owner]).fetchone()[0]
        self.db.execute("INSERT INTO deleted VALUES (?)", [owner])
        self.note(table, CLEAR)
        return True

    def empty(self, table: str) -> None:
        """Have nothing in the table any more, if it is there; it goes later, all but the name."""
        if (owner := self.owner(table)) is not None:
            # Under a new number.
            self.db.execute("DELETE FROM tables WHERE id = ?", [owner])
            self.db.execute("INSERT INTO deleted VALUES (?)", [owner])
            self.db.execute("INSERT INTO tables (name) VALUES (?)", [table])
            del self._owners[table]
            self.note(table, CLEAR)

    def entry(self, table: str, name: bytes) -> tuple[bytes, int, float | None] | None:
        """The value, version and end of a key that is there."""
        found: tuple[bytes, int, float | None] | None = self.db.execute(
            f"SELECT value, version, end FROM entries WHERE {ALIVE} AND key = ?",
            [self.owner(table), self.now_s, name],
        ).fetchone()
        return found

    def put(
        self, table: str, name: bytes, value: bytes, ttl: float | None, until_s: float | None = None
    ) -> int:
        """Store it, for so long, or until then. Returns its version. Raises StashError."""
        owner, gone = self.made(table), ttl is not None and ttl <= 0
        self._version += 1
        self.note(table, DELETE if gone else PUT, name)
        if gone:
            self._take_out(owner, name)
            return self._version
        if ttl is not None:
            until_s = self.now_s + min(ttl, LONGEST_S)
        size = len(name) + len(value) + ENTRY_BYTES
        if 0 < self.max_bytes < self.bytes + size:
            # It may take the room of what it replaces.
            old = self.db.execute(OLD_SIZE, [owner, name]).fetchone()
            self._check_room(size - (0 if old is None else old[0]), f"stash table {shown(table)}")
        self.bytes += size
        # Of bytes sqlite3 looks each time for who adapts them, of a bytearray it does not.
        row = owner, bytearray(name), bytearray(value), self._version, until_s or 0
        self.db.execute(STORE, row)
        return self._version

    def _replaced(self, size: int) -> None:
        """An entry of so many bytes is replaced."""
        self.bytes -= size

    def remove(self, table: str, name: bytes) -> bool:
        """Take the key out. Returns whether it was there."""
        there = self.entry(table, name) is not None
        if there:
            self.note(table, DELETE, name)
        self._take_out(self.owner(table), name)
        return there

    def _take_out(self, owner: int | None, name: bytes) -> None:
        """Remove the entry, also one whose time is over."""
        size = self.db.execute(
            f"DELETE FROM entries WHERE owner = ? AND key = ? RETURNING {ENTRY_SIZE}",
            [owner, name],
        ).fetchone()
        self.bytes -= 0 if size is None else size[0]

    def live_for(self, table: str, name: bytes, ttl: float | None) -> None:
        """Let a key that is there live as long from now."""
        if ttl == 0:
            self.remove(table, name)
            return
        until_s = None if ttl is None else self.now_s + min(ttl, LONGEST_S)
        self.db.execute(
            "UPDATE entries SET end = ? WHERE owner = ? AND key = ?",
            [until_s, self.owner(table), name],
        )

    def is_due(self) -> bool:
        """Whether there is anything to sweep."""
        return bool(self.db.execute(DUE, [time.time()]).fetchone()[0])

    def sweep(self) -> None:
        """Remove some of what is not there any more."""
        if not self.is_due():
            return
        if self.watched != ():
            self._note_ends()
        self._remove("entries", ENTRY_SIZE, "end <= ?", [self.now_s])
        row = self.db.execute("SELECT owner FROM deleted").fetchone()
        if row is not None and not any(
            self._remove(kind, size, "owner = ?", row)
            for kind, size in (("entries", ENTRY_SIZE), ("items", ITEM_SIZE))
        ):
            self.db.execute("DELETE FROM deleted WHERE owner = ?", row)

    def _note_ends(self) -> None:
        """Note the keys that the sweep is about to remove."""
        ended = self.db.execute(
            "SELECT name, key FROM entries JOIN tables ON owner = id WHERE entries.rowid IN "
            f"(SELECT rowid FROM entries WHERE end <= ? LIMIT {REMOVED})",
            [self.now_s],
        )
        for table, key in ended.fetchall():
            self.note(table, EXPIRE, key)

    def push(self, table: str, name: bytes, value: bytes, step: int) -> int:
        """Add an item: with step 1 behind all of the list, with -1 before them. Returns how many.

        Raises:
            StashError: there is no room.
        """
        owner, (first, last) = self.made(table), self._ends_of(table, name)
        self._fits(len(name) + len(value) + ITEM_BYTES, f"stash table {shown(table)}")
        place = 0 if last is None else last + 1 if step > 0 else first - 1
        self.db.execute("INSERT INTO items VALUES (?, ?, ?, ?)", [owner, name, place, value])
        self.note(table, PUSH, name)
        return 1 if last is None else last - first + 2

    def take(self, table: str, name: bytes, step: int) -> bytes | None:
        """Take out an item: with step 1 the last, with -1 the first; None where there is none."""
        first, last = self._ends_of(table, name)
        if last is None:
            return None
        value, size = self.db.execute(
            "DELETE FROM items WHERE owner = ? AND list = ? AND place = ? "
            f"RETURNING value, {ITEM_SIZE}",
            [self.owner(table), name, last if step > 0 else first],
        ).fetchone()
        self.bytes -= size
        self.note(table, POP, name)
        return bytes(value)

    def length(self, table: str, name: bytes) -> int:
        """How many items the list has."""
        first, last = self._ends_of(table, name)
        return 0 if last is None else last - first + 1

    def _ends_of(self, table: str, name: bytes) -> tuple[int, int | None]:
        """The places of the first and of the last item; that is None where there is none."""
        ends: tuple[int, int | None] = self.db.execute(
            "SELECT (SELECT MIN(place) FROM items WHERE owner = :owner AND list = :list), "
            "(SELECT MAX(place) FROM items WHERE owner = :owner AND list = :list)",
            {"owner": self.owner(table), "list": name},
        ).fetchone()
        return ends

    def _remove(self, kind: str, size: str, which: str, values: Any) -> int:
        sizes = self.db.execute(
            f"DELETE FROM {kind} WHERE rowid IN (SELECT rowid FROM {kind} WHERE {which} "
            f"LIMIT {REMOVED}) RETURNING {size}",
            values,
        ).fetchall()
        self.bytes -= sum(size for (size,) in sizes)
        return len(sizes)

    def _fits(self, needed: int, what: str) -> None:
        """Count so many bytes more. Raises StashError."""
        self._check_room(needed, what)
        self.bytes += needed

    def _check_room(self, needed: int, what: str) -> None:
        """Raises StashError where there is no room for so many bytes more."""
        if 0 < self.max_bytes < self.bytes + needed and needed > 0:
            raise StashError(
                f"{what}: what it is to hold does not fit: {self.bytes} of {self.max_bytes} bytes "
                f"are taken, this takes {needed}"
            )


class Waiting:
    """A question that waits for the writer, and what comes of it."""

    __slots__ = ("args", "done", "error", "job", "result")

    result: Any
    error: Exception | None

    def __init__(
        self, job: Callable[..., Any], args: tuple[Any, ...], done: asyncio.Future[Any]
    ) -> None:
        self.job = job
        self.args = args
        self.done = done

    def tell(self) -> None:
        """Tell who waits, on its event loop."""
        if self.done.done():
            return
        if self.error is None:
            self.done.set_result(self.result)
        else:
            self.done.set_exception(self.error)


class Writer:
    """The thread that writes.

    Args:
        tables: what it writes.
        path: of their file.
        turns: of whoever has long work to do.
        tell: is called, in the thread, with the changes of a transaction that are in the file.
    """

    def __init__(
        self,
        tables: Tables,
        path: str,
        turns: Turns,
        tell: Callable[[list[tuple[str, str, Data]]], object],
    ) -> None:
        self._turns = turns
        self._tables = tables
        self._path = path
        self.tell = tell
        # What the last transaction took.
        self._took_s = 0.0
        self._queue: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="stash", daemon=True)
        self._thread.start()

    def do(self, job: Callable[[Tables, *Args], T], *args: *Args) -> asyncio.Future[T]:
        """What the job returns, when all that it has changed is in the file for good."""
        done = asyncio.get_running_loop().create_future()
        self._queue.put(Waiting(job, args, done))
        return done

    def close(self) -> None:
        """Write what waits, and end."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        for batch in self._batches():
            if batch or self._is_due():
                self._write(batch)

    def _is_due(self) -> bool:
        """Whether there is anything to sweep, as far as the file tells."""
        with contextlib.suppress(sqlite3.Error):
            return self._tables.is_due()
        return False

    def _batches(self) -> Iterator[list[Waiting]]:
        """What waits, again and again; nothing, when nobody has asked for a while."""
        is_open, before, take = True, 0, self._queue.get_nowait
        while is_open:
            batch: list[Waiting] = []
            with contextlib.suppress(queue.Empty):
                one = self._queue.get(timeout=LOOK_S)
                # Those who have just been answered ask again: another write costs more than them.
                until_s = time.monotonic() + min(GATHERED_S, self._took_s * GATHERED)
                while one is not None:
                    batch.append(one)
                    if len(batch) == TOGETHER:
                        break
                    try:
                        one = take()
                    except queue.Empty:
                        left_s = until_s - time.monotonic()
                        if len(batch) >= before or left_s <= 0:
                            break
                        one = self._queue.get(timeout=left_s)
                is_open = one is not None
            before = len(batch)
            yield batch

    def _write(self, batch: list[Waiting]) -> None:
        """Do it all in one transaction."""
        tables, start_s = self._tables, time.monotonic()
        before = tables.bytes
        try:
            try:
                self._do_all(batch, tables.do)
            except Half:
                tables.db.execute("ROLLBACK")
                tables.bytes = before
                self._do_all(batch, tables.do_carefully)
            tables.sweep()
            tables.commit()
            if tables.changes:
                self.tell(tables.changes)
        except sqlite3.Error as error:
            tables.bytes = before
            with contextlib.suppress(sqlite3.Error):
                tables.db.execute("ROLLBACK")
            failure = self._failure(error)
            for one in batch:
                one.error = failure
        for loop, many in groupby(batch, lambda one: one.done.get_loop()):
            # One that is closed has nobody who waits.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._turns.tell, deque(many), Waiting.tell)
        self._took_s = time.monotonic() - start_s

    def _do_all(self, batch: list[Waiting], do: Callable[[Waiting], None]) -> None:
        """Begin a transaction, and do it all. Raises Half, sqlite3.Error."""
        self._tables.begin()
        for one in batch:
            do(one)

    def _failure(self, error: sqlite3.Error) -> StashError:
        return StashError(f"the stash cannot be kept in {self._path}: {error}")


class SqliteStash:
    """Named tables of keys and values in a file; its methods are those of `StashBackend`.

    Args:
        path: of the file, which is made if it is not there.
        max_bytes: limit for what everything takes together, about; 0 for none.
        turns: of whoever has long work to do.

    Raises:
        StashError: the file cannot be opened, or is something else.
    """

    waits = True

    def __init__(self, path: str, max_bytes: int = 0, turns: Turns | None = None) -> None:
        self._path = path
        self._turns = turns or Turns()
        try:
            db = _opened(path)
            db.executescript(SCHEMA)
            self._tables = Tables(db, max_bytes)
            self._lister = _opened(path)
        except sqlite3.Error as error:
            raise StashError(f"the stash cannot be kept in {path}: {error}") from None
        self._changes = Changes(self._turns)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._do = Writer(self._tables, path, self._turns, self._tell)
        self._listing = asyncio.Lock()
        self._waiters: Waiters[Data] = Waiters(self._turns)

    @property
    def bytes(self) -> int:
        """What everything takes, about."""
        return self._tables.bytes

    @property
    def max_bytes(self) -> int:
        """The limit of that."""
        return self._tables.max_bytes

    @max_bytes.setter
    def max_bytes(self, most: int) -> None:
        self._tables.max_bytes = most

    def close(self) -> None:
        """Write what waits, and let go of the file."""
        self._do.close()
        self._tables.db.close()
        self._lister.close()

    async def put(self, table: str, key: Scalar, value: Data, ttl: float | None = None) -> bool:
        name = gdproto.encode(key)
        await self._do.do(Tables.put, table, name, value, ttl)
        return True

    async def get(self, table: str, key: Scalar) -> gdproto.Pieces:
        return gdproto.Pieces([(await self._found(table, key))[0]])

    async def delete(self, table: str, key: Scalar) -> bool:
        name = gdproto.encode(key)
        return await self._do.do(Tables.remove, table, name)

    async def clear(self, table: str) -> bool:
        def job(tables: Tables) -> bool:
            tables.empty(table)
            return True

        return await self._do.do(job)

    async def info(self, table: str) -> StashInfo:
        def listing(db: sqlite3.Connection) -> int | None:
            owner = Tables.owner_in(db, table)
            count = f"SELECT COUNT(*) FROM entries WHERE {ALIVE}"
            return None if owner is None else db.execute(count, [owner, time.time()]).fetchone()[0]

        if (size := await self._list(listing)) is None:
            raise StashTableNotFoundError(table)
        return {"size": size, "table": table}

    async def ensure(self, table: str) -> bool:
        await self._do.do(Tables.made, table)
        return True

    async def delete_table(self, table: str) -> bool:
        return await self._do.do(Tables.forget, table)

    async def exists(self, table: str, key: Scalar = None) -> bool:
        if key is None:
            return await self._do.do(lambda tables: tables.owner(table) is not None)
        name = gdproto.encode(key)
        return await self._do.do(lambda tables: tables.entry(table, name) is not None)

    async def put_if_absent(
        self, table: str, key: Scalar, value: Data, ttl: float | None = None
    ) -> bool:
        name = gdproto.encode(key)

        def job(tables: Tables) -> bool:
            if tables.entry(table, name) is not None:
                return False
            tables.put(table, name, value, ttl)
            return True

        return await self._do.do(job)

    async def pop(self, table: str, key: Scalar) -> gdproto.Pieces:
        name = gdproto.encode(key)

        def job(tables: Tables) -> Data:
            if (found := tables.entry(table, name)) is None:
                raise StashKeyNotFoundError(table, key)
            tables.remove(table, name)
            return found[0]

        return gdproto.Pieces([await self._do.do(job)])

    async def incr(
        self,
        table: str,
        key: Scalar,
        value: Data,
        initial: float | None = None,
        ttl: float | None = None,
    ) -> float:
        name = gdproto.encode(key)

        def job(tables: Tables) -> float:
            found = tables.entry(table, name)
            old, end_s = (None, None) if found is None else (found[0], found[2])
            number = total(table, key, old, value, initial)
            tables.put(table, name, gdproto.encode(number), None if found else ttl, end_s)
            return number

        return await self._do.do(job)

    async def touch(self, table: str, key: Scalar, ttl: float | None = None) -> bool:
        name = gdproto.encode(key)

        def job(tables: Tables) -> bool:
            there = tables.entry(table, name) is not None
            tables.live_for(table, name, ttl)
            return there

        return await self._do.do(job)

    async def ttl(self, table: str, key: Scalar) -> gdproto.Pieces:
        left_s = _left_s((await self._found(table, key))[2])
        return gdproto.Pieces([gdproto.encode(left_s)])

    async def entry(self, table: str, key: Scalar) -> gdproto.Pieces:
        value, version, end_s = await self._found(table, key)
        await refuse_deep(value, 1)
        told = {"version": version, "ttl": _left_s(end_s)}
        return gdproto.Pieces([value]).under("value", told)

    async def swap(
        self,
        table: str,
        key: Scalar,
        value: Data,
        version: int | None = None,
        ttl: float | None = None,
    ) -> int:
        name = gdproto.encode(key)

        def job(tables: Tables) -> int:
            found = tables.entry(table, name)
            if (0 if found is None else found[1]) != (version or 0):
                return 0
            return tables.put(table, name, value, ttl)

        return await self._do.do(job)

    async def get_many(self, table: str, value: Data) -> gdproto.Pieces:
        pace = Pace(self._turns)
        names = await keys_of(value, MAX_KEY_BYTES, pace)

        def listing(db: sqlite3.Connection) -> list[tuple[Data, Data]]:
            owner, now_s = Tables.owner_in(db, table), time.time()
            one = f"SELECT value FROM entries WHERE {ALIVE} AND key = ?"
            rows = ((name, db.execute(one, [owner, now_s, name]).fetchone()) for name in names)
            found = [(name, row[0]) for name, row in rows if row is not None]
            deque(freeing(names), 0)
            return found

        found = await self._list(listing)
        try:
            return await values_of(table, found, pace)
        finally:
            pace.free(found)

    async def put_many(self, table: str, value: Data, ttl: float | None = None) -> bool:
        pace = Pace(self._turns)
        pairs = await pairs_of(value, MAX_KEY_BYTES, pace)

        def job(tables: Tables) -> bool:
            tables.made(table)
            for name, one in pairs:
                tables.put(table, name, one, ttl)
            return True

        try:
            is_done = await self._do.do(job)
        except StashError:
            pace.free(pairs)
            raise
        # Where the caller is cancelled, it may be still to do.
        pace.free(pairs)
        return is_done

    async def keys(self, table: str, pattern: str | None = None) -> gdproto.Pieces:
        glob = None if pattern is None else Glob(pattern)

        def listing(db: sqlite3.Connection) -> gdproto.Pieces:
            owner, listed = Tables.owner_in(db, table), gdproto.ListPieces()
            rows = db.execute(f"SELECT key FROM entries WHERE {ALIVE}", [owner, time.time()])
            while some := rows.fetchmany(1000):
                listed.add([key for (key,) in some if _matches(glob, key)])
            return listed.value()

        try:
            return await self._list(listing)
        except gdproto.ProtocolError as error:
            raise too_long(error, f"table {shown(table)} has many keys") from None

    async def tables(self) -> gdproto.Pieces:
        def listing(db: sqlite3.Connection) -> gdproto.Pieces:
            listed = gdproto.ListPieces()
            listed.add([gdproto.encode(name) for (name,) in db.execute("SELECT name FROM tables")])
            return listed.value()

        try:
            return await self._list(listing)
        except gdproto.ProtocolError as error:
            raise too_long(error, "there are many tables") from None

    async def page(
        self, table: str, pattern: str | None = None, after: Scalar = None, count: int | None = None
    ) -> gdproto.Pieces:
        if not isinstance(after, Data | None):
            reason = "a page follows the one that it is the next of"
            raise DirtyProtocolError(reason, code="invalid_field_value", path="after")
        glob, most = None if pattern is None else Glob(pattern), min(count or PAGE_KEYS, PAGE_KEYS)

        def listing(db: sqlite3.Connection) -> list[Data]:
            owner, found = Tables.owner_in(db, table), list[Data]()
            which = f"SELECT key FROM entries WHERE {ALIVE} AND key > ? ORDER BY key"
            rows = db.execute(which, [owner, time.time(), after or b""])
            while len(found) < most and (some := rows.fetchmany(most)):
                found += [key for (key,) in some if _matches(glob, key)]
            return found[:most]

        found, listed = await self._list(listing), gdproto.ListPieces()
        try:
            listed.add(found)
        except gdproto.ProtocolError as error:
            raise too_long(error, f"{len(found)} keys of table {shown(table)}") from None
        return listed.value().under("keys", {"next": found[-1] if len(found) == most else None})

    async def push_left(self, table: str, key: Scalar, value: Data) -> int:
        return await self._pushed(table, gdproto.encode(key), value, FIRST)

    async def push_right(self, table: str, key: Scalar, value: Data) -> int:
        return await self._pushed(table, gdproto.encode(key), value, LAST)

    async def pop_left(self, table: str, key: Scalar, wait: float | None = None) -> gdproto.Pieces:
        return await self._popped(table, key, FIRST, wait or 0)

    async def pop_right(self, table: str, key: Scalar, wait: float | None = None) -> gdproto.Pieces:
        return await self._popped(table, key, LAST, wait or 0)

    async def length(self, table: str, key: Scalar) -> int:
        name = gdproto.encode(key)
        return await self._do.do(Tables.length, table, name)

    async def changes(
        self,
        table: str,
        pattern: str | None = None,
        after: Scalar = None,
        count: int | None = None,
        wait: float | None = None,
    ) -> gdproto.Pieces:
        self._loop, self._tables.watched = asyncio.get_running_loop(), self._changes.logs
        log, glob = self._changes.begin(table), None if pattern is None else Glob(pattern)
        return await self._changes.since(log, glob, after, count, wait or 0)

    def _tell(self, changes: list[tuple[str, str, Data]]) -> None:
        """Have the loop know what is in the file."""
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._note, changes)

    def _note(self, changes: list[tuple[str, str, Data]]) -> None:
        for change in changes:
            self._changes.note(*change)

    async def _pushed(self, table: str, name: Data, value: Data, step: int) -> int:
        count = await self._do.do(Tables.push, table, name, value, step)
        self._waiters.pushed((table, name))
        return count

    async def _popped(self, table: str, key: Scalar, step: int, wait_s: float) -> gdproto.Pieces:
        """The item at that end. Raises StashKeyNotFoundError."""
        name = gdproto.encode(key)

        def take() -> Awaitable[Data | None]:
            taking = self._do.do(Tables.take, table, name, step)
            return unless_cancelled(taking, lambda item: self._pushed(table, name, item, step))

        found = await self._waiters.first((table, name), take, wait_s)
        if found is None:
            raise StashKeyNotFoundError(table, key)
        return gdproto.Pieces([found])

    async def _found(self, table: str, key: Scalar) -> tuple[Data, int, float | None]:
        """The value, version and end of a key. Raises StashKeyNotFoundError."""
        name = gdproto.encode(key)
        found = await self._do.do(Tables.entry, table, name)
        if found is None:
            raise StashKeyNotFoundError(table, key)
        return found

    async def _list(self, listing: Callable[[sqlite3.Connection], T]) -> T:
        """What is listed, in a thread, one list after the other. Raises StashError."""
        async with self._listing:
            try:
                return await asyncio.to_thread(listing, self._lister)
            except sqlite3.Error as error:
                raise StashError(f"the stash cannot be read from {self._path}: {error}") from None


def _opened(path: str) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    return db


def _matches(glob: Glob | None, name: bytes) -> bool:
    """Whether a key, as TLV, is a text that matches, if there is a pattern."""
    if glob is None:
        return True
    key = gdproto.decode(name)
    return isinstance(key, str) and glob.matches(key)


def _left_s(end_s: float | None) -> float | None:
    return None if end_s is None else max(0.0, end_s - time.time())
