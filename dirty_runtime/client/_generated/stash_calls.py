# @generated from spec/ (1aa161ffcb92d846) by python -m spec.codegen --write; do not edit
"""The operations of the stash as methods, for threads and for event loops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gdproto import StashOp

from ...errors import StashKeyNotFoundError, StashTableNotFoundError

if TYPE_CHECKING:
    from gdproto.answers import StashInfo


class StashCalls:
    """One method for each operation of the stash."""

    def ask(
        self,
        op: StashOp,
        table: str = "",
        key: Any = None,
        value: Any = None,
        pattern: str | None = None,
    ) -> Any:
        """What the arbiter answers. Raises DirtyError."""
        raise NotImplementedError

    def put(self, table: str, key: Any, value: Any) -> bool:
        """Store `value` under `key`. Raises StashError when there is no room."""
        return bool(self.ask(StashOp.PUT, table, key, value))

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


class AsyncStashCalls:
    """One coroutine for each operation of the stash."""

    async def ask(
        self,
        op: StashOp,
        table: str = "",
        key: Any = None,
        value: Any = None,
        pattern: str | None = None,
    ) -> Any:
        """What the arbiter answers. Raises DirtyError."""
        raise NotImplementedError

    async def put(self, table: str, key: Any, value: Any) -> bool:
        """Store `value` under `key`. Raises StashError when there is no room."""
        return bool(await self.ask(StashOp.PUT, table, key, value))

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
