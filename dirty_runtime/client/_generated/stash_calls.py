# @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
"""The operations of the stash as methods, for threads and for event loops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gdproto import Stash, StashOp

from ...errors import StashKeyNotFoundError, StashTableNotFoundError

if TYPE_CHECKING:
    from gdproto.answers import StashChanges, StashEntry, StashInfo, StashPage


class StashCalls:
    """One method for each operation of the stash."""

    def ask(
        self,
        op: StashOp,
        table: str = "",
        key: Any = None,
        value: Any = None,
        pattern: str | None = None,
        ttl: float | None = None,
        initial: float | None = None,
        version: int | None = None,
        count: int | None = None,
        after: Any = None,
        wait: float | None = None,
    ) -> Any:
        """What the arbiter answers. Raises DirtyError."""
        return self.answered(Stash(0, int(op), table, key, value, pattern, ttl, initial, version, count, after, wait))

    def answered(self, question: Stash) -> Any:
        """What the arbiter answers to the question. Raises DirtyError."""
        raise NotImplementedError

    def put(self, table: str, key: Any, value: Any, ttl: float | None = None) -> bool:
        """Store `value` under `key`. Raises StashError when there is no room."""
        return bool(self.ask(StashOp.PUT, table, key, value, ttl=ttl))

    def get(self, table: str, key: Any, default: Any = None) -> Any:
        """The value of `key`, or `default` when the key or the table is missing."""
        try:
            return self.ask(StashOp.GET, table, key)
        except (StashKeyNotFoundError, StashTableNotFoundError):
            return default

    def delete(self, table: str, key: Any) -> bool:
        """Remove `key`; false when it was missing."""
        return bool(self.ask(StashOp.DELETE, table, key))

    def keys(self, table: str, pattern: str | None = None) -> list[Any]:
        """The keys, or those strings among them that match `* ? [seq] [!seq]`."""
        return list(self.ask(StashOp.KEYS, table, pattern=pattern))

    def clear(self, table: str) -> bool:
        """Remove every key of the table."""
        return bool(self.ask(StashOp.CLEAR, table))

    def info(self, table: str) -> StashInfo:
        """How large the table is. Raises StashTableNotFoundError when the table is missing."""
        answer: StashInfo = self.ask(StashOp.INFO, table)
        return answer

    def ensure(self, table: str) -> bool:
        """Have the table, if only empty. Raises StashError when there is no room."""
        return bool(self.ask(StashOp.ENSURE, table))

    def delete_table(self, table: str) -> bool:
        """Remove the table; false when it was missing."""
        return bool(self.ask(StashOp.DELETE_TABLE, table))

    def tables(self) -> list[str]:
        """The names of all tables."""
        return list(self.ask(StashOp.TABLES))

    def exists(self, table: str, key: Any = None) -> bool:
        """Whether the table has `key`; without a key, whether there is such a table."""
        return bool(self.ask(StashOp.EXISTS, table, key))

    def put_if_absent(self, table: str, key: Any, value: Any, ttl: float | None = None) -> bool:
        """Store `value` under `key`, if it is missing; false when it was there.

        Raises StashError when there is no room.
        """
        return bool(self.ask(StashOp.PUT_IF_ABSENT, table, key, value, ttl=ttl))

    def pop(self, table: str, key: Any, default: Any = None) -> Any:
        """Take out `key`: its value, or `default` when the key or the table is missing."""
        try:
            return self.ask(StashOp.POP, table, key)
        except (StashKeyNotFoundError, StashTableNotFoundError):
            return default

    def incr(self, table: str, key: Any, value: Any = None, initial: float | None = None, ttl: float | None = None) -> float:
        """Add `value`, or 1, to the number of `key`, or to `initial`, or 0, when it is missing.

        Raises StashError when there is no number, it would be too large, or there is no room.
        """
        answer: float = self.ask(StashOp.INCR, table, key, value, initial=initial, ttl=ttl)
        return answer

    def touch(self, table: str, key: Any, ttl: float | None = None) -> bool:
        """Let `key` live `ttl` seconds from now, or for ever; false when it was missing.

        Raises StashError when there is no room.
        """
        return bool(self.ask(StashOp.TOUCH, table, key, ttl=ttl))

    def ttl(self, table: str, key: Any) -> Any:
        """How long `key` lives: seconds, or none.

        Raises StashKeyNotFoundError when the key or the table is missing.
        """
        answer: Any = self.ask(StashOp.TTL, table, key)
        return answer

    def entry(self, table: str, key: Any) -> StashEntry:
        """The value of `key`, with its version.

        Raises StashKeyNotFoundError when the key or the table is missing. Raises StashError
        when there is no room.
        """
        answer: StashEntry = self.ask(StashOp.ENTRY, table, key)
        return answer

    def swap(self, table: str, key: Any, value: Any, version: int | None = None, ttl: float | None = None) -> int:
        """Store `value` under `key` if that has `version`, 0 for one that is missing.

        The new version, or 0. Raises StashError when there is no room.
        """
        return int(self.ask(StashOp.SWAP, table, key, value, version=version, ttl=ttl))

    def get_many(self, table: str, value: Any) -> list[list[Any]]:
        """A list of key and value for each key of the list `value` that is there."""
        return list(self.ask(StashOp.GET_MANY, table, value=value))

    def put_many(self, table: str, value: Any, ttl: float | None = None) -> bool:
        """Store what the list `value` has lists of, a key and its value: all of it, or nothing.

        Raises StashError when there is no room.
        """
        return bool(self.ask(StashOp.PUT_MANY, table, value=value, ttl=ttl))

    def page(self, table: str, pattern: str | None = None, after: Any = None, count: int | None = None) -> StashPage:
        """Up to `count` of the keys, as of `keys`, behind those of the page that names `after`..


        """
        answer: StashPage = self.ask(StashOp.PAGE, table, pattern=pattern, after=after, count=count)
        return answer

    def push_left(self, table: str, key: Any, value: Any) -> int:
        """Add `value` before all items of the list `key`.

        How many it has then. Raises StashError when there is no room.
        """
        return int(self.ask(StashOp.PUSH_LEFT, table, key, value))

    def push_right(self, table: str, key: Any, value: Any) -> int:
        """Add `value` behind all items of the list `key`.

        How many it has then. Raises StashError when there is no room.
        """
        return int(self.ask(StashOp.PUSH_RIGHT, table, key, value))

    def pop_left(self, table: str, key: Any, wait: float | None = None, default: Any = None) -> Any:
        """Take out the first item of the list `key`; wait up to `wait` seconds for one, or `default` when the list has no items..


        """
        try:
            return self.ask(StashOp.POP_LEFT, table, key, wait=wait)
        except (StashKeyNotFoundError, StashTableNotFoundError):
            return default

    def pop_right(self, table: str, key: Any, wait: float | None = None, default: Any = None) -> Any:
        """Take out the last item of the list `key`; wait up to `wait` seconds for one, or `default` when the list has no items..


        """
        try:
            return self.ask(StashOp.POP_RIGHT, table, key, wait=wait)
        except (StashKeyNotFoundError, StashTableNotFoundError):
            return default

    def length(self, table: str, key: Any) -> int:
        """How many items the list `key` has, 0 where it is missing."""
        return int(self.ask(StashOp.LENGTH, table, key))

    def changes(self, table: str, pattern: str | None = None, after: Any = None, count: int | None = None, wait: float | None = None) -> StashChanges:
        """Up to `count` changes of the table behind the place `after`, of keys and lists as of `keys`; wait up to `wait` seconds for one.

        Raises StashError when too many tables are watched.
        """
        answer: StashChanges = self.ask(StashOp.CHANGES, table, pattern=pattern, after=after, count=count, wait=wait)
        return answer


class AsyncStashCalls:
    """One coroutine for each operation of the stash."""

    async def ask(
        self,
        op: StashOp,
        table: str = "",
        key: Any = None,
        value: Any = None,
        pattern: str | None = None,
        ttl: float | None = None,
        initial: float | None = None,
        version: int | None = None,
        count: int | None = None,
        after: Any = None,
        wait: float | None = None,
    ) -> Any:
        """What the arbiter answers. Raises DirtyError."""
        return await self.answered(Stash(0, int(op), table, key, value, pattern, ttl, initial, version, count, after, wait))

    async def answered(self, question: Stash) -> Any:
        """What the arbiter answers to the question. Raises DirtyError."""
        raise NotImplementedError

    async def put(self, table: str, key: Any, value: Any, ttl: float | None = None) -> bool:
        """Store `value` under `key`. Raises StashError when there is no room."""
        return bool(await self.ask(StashOp.PUT, table, key, value, ttl=ttl))

    async def get(self, table: str, key: Any, default: Any = None) -> Any:
        """The value of `key`, or `default` when the key or the table is missing."""
        try:
            return await self.ask(StashOp.GET, table, key)
        except (StashKeyNotFoundError, StashTableNotFoundError):
            return default

    async def delete(self, table: str, key: Any) -> bool:
        """Remove `key`; false when it was missing."""
        return bool(await self.ask(StashOp.DELETE, table, key))

    async def keys(self, table: str, pattern: str | None = None) -> list[Any]:
        """The keys, or those strings among them that match `* ? [seq] [!seq]`."""
        return list(await self.ask(StashOp.KEYS, table, pattern=pattern))

    async def clear(self, table: str) -> bool:
        """Remove every key of the table."""
        return bool(await self.ask(StashOp.CLEAR, table))

    async def info(self, table: str) -> StashInfo:
        """How large the table is. Raises StashTableNotFoundError when the table is missing."""
        answer: StashInfo = await self.ask(StashOp.INFO, table)
        return answer

    async def ensure(self, table: str) -> bool:
        """Have the table, if only empty. Raises StashError when there is no room."""
        return bool(await self.ask(StashOp.ENSURE, table))

    async def delete_table(self, table: str) -> bool:
        """Remove the table; false when it was missing."""
        return bool(await self.ask(StashOp.DELETE_TABLE, table))

    async def tables(self) -> list[str]:
        """The names of all tables."""
        return list(await self.ask(StashOp.TABLES))

    async def exists(self, table: str, key: Any = None) -> bool:
        """Whether the table has `key`; without a key, whether there is such a table."""
        return bool(await self.ask(StashOp.EXISTS, table, key))

    async def put_if_absent(self, table: str, key: Any, value: Any, ttl: float | None = None) -> bool:
        """Store `value` under `key`, if it is missing; false when it was there.

        Raises StashError when there is no room.
        """
        return bool(await self.ask(StashOp.PUT_IF_ABSENT, table, key, value, ttl=ttl))

    async def pop(self, table: str, key: Any, default: Any = None) -> Any:
        """Take out `key`: its value, or `default` when the key or the table is missing."""
        try:
            return await self.ask(StashOp.POP, table, key)
        except (StashKeyNotFoundError, StashTableNotFoundError):
            return default

    async def incr(self, table: str, key: Any, value: Any = None, initial: float | None = None, ttl: float | None = None) -> float:
        """Add `value`, or 1, to the number of `key`, or to `initial`, or 0, when it is missing.

        Raises StashError when there is no number, it would be too large, or there is no room.
        """
        answer: float = await self.ask(StashOp.INCR, table, key, value, initial=initial, ttl=ttl)
        return answer

    async def touch(self, table: str, key: Any, ttl: float | None = None) -> bool:
        """Let `key` live `ttl` seconds from now, or for ever; false when it was missing.

        Raises StashError when there is no room.
        """
        return bool(await self.ask(StashOp.TOUCH, table, key, ttl=ttl))

    async def ttl(self, table: str, key: Any) -> Any:
        """How long `key` lives: seconds, or none.

        Raises StashKeyNotFoundError when the key or the table is missing.
        """
        answer: Any = await self.ask(StashOp.TTL, table, key)
        return answer

    async def entry(self, table: str, key: Any) -> StashEntry:
        """The value of `key`, with its version.

        Raises StashKeyNotFoundError when the key or the table is missing. Raises StashError
        when there is no room.
        """
        answer: StashEntry = await self.ask(StashOp.ENTRY, table, key)
        return answer

    async def swap(self, table: str, key: Any, value: Any, version: int | None = None, ttl: float | None = None) -> int:
        """Store `value` under `key` if that has `version`, 0 for one that is missing.

        The new version, or 0. Raises StashError when there is no room.
        """
        return int(await self.ask(StashOp.SWAP, table, key, value, version=version, ttl=ttl))

    async def get_many(self, table: str, value: Any) -> list[list[Any]]:
        """A list of key and value for each key of the list `value` that is there."""
        return list(await self.ask(StashOp.GET_MANY, table, value=value))

    async def put_many(self, table: str, value: Any, ttl: float | None = None) -> bool:
        """Store what the list `value` has lists of, a key and its value: all of it, or nothing.

        Raises StashError when there is no room.
        """
        return bool(await self.ask(StashOp.PUT_MANY, table, value=value, ttl=ttl))

    async def page(self, table: str, pattern: str | None = None, after: Any = None, count: int | None = None) -> StashPage:
        """Up to `count` of the keys, as of `keys`, behind those of the page that names `after`..


        """
        answer: StashPage = await self.ask(StashOp.PAGE, table, pattern=pattern, after=after, count=count)
        return answer

    async def push_left(self, table: str, key: Any, value: Any) -> int:
        """Add `value` before all items of the list `key`.

        How many it has then. Raises StashError when there is no room.
        """
        return int(await self.ask(StashOp.PUSH_LEFT, table, key, value))

    async def push_right(self, table: str, key: Any, value: Any) -> int:
        """Add `value` behind all items of the list `key`.

        How many it has then. Raises StashError when there is no room.
        """
        return int(await self.ask(StashOp.PUSH_RIGHT, table, key, value))

    async def pop_left(self, table: str, key: Any, wait: float | None = None, default: Any = None) -> Any:
        """Take out the first item of the list `key`; wait up to `wait` seconds for one, or `default` when the list has no items..


        """
        try:
            return await self.ask(StashOp.POP_LEFT, table, key, wait=wait)
        except (StashKeyNotFoundError, StashTableNotFoundError):
            return default

    async def pop_right(self, table: str, key: Any, wait: float | None = None, default: Any = None) -> Any:
        """Take out the last item of the list `key`; wait up to `wait` seconds for one, or `default` when the list has no items..


        """
        try:
            return await self.ask(StashOp.POP_RIGHT, table, key, wait=wait)
        except (StashKeyNotFoundError, StashTableNotFoundError):
            return default

    async def length(self, table: str, key: Any) -> int:
        """How many items the list `key` has, 0 where it is missing."""
        return int(await self.ask(StashOp.LENGTH, table, key))

    async def changes(self, table: str, pattern: str | None = None, after: Any = None, count: int | None = None, wait: float | None = None) -> StashChanges:
        """Up to `count` changes of the table behind the place `after`, of keys and lists as of `keys`; wait up to `wait` seconds for one.

        Raises StashError when too many tables are watched.
        """
        answer: StashChanges = await self.ask(StashOp.CHANGES, table, pattern=pattern, after=after, count=count, wait=wait)
        return answer
