"""The stash: tables that all workers and clients of an arbiter share.

    from dirty_runtime import stash

    stash.put("sessions", "alice", {"cart": [1, 2]})
    stash.get("sessions", "alice", default=None)
    stash.table("sessions")["alice"]

Rules: the functions of this module use a client of the calling thread, for the socket that
``DIRTY_SOCKET`` names. Keys are scalars; any value that can be sent can be stored. Every function
raises DirtyError when the arbiter cannot be reached or refuses.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import AsyncIterator, Iterator, MutableMapping
from typing import Any, Self

import gdproto
from gdproto import StashOp

from ..errors import DirtyError, StashError, StashKeyNotFoundError, StashTableNotFoundError
from .aio import AsyncChannels
from .answers import Deadline
from .current import get_dirty_socket_path
from .sync import Channels

__all__ = [
    "AsyncStashClient",
    "StashClient",
    "StashError",
    "StashKeyNotFoundError",
    "StashTable",
    "StashTableNotFoundError",
    "clear",
    "delete",
    "delete_table",
    "ensure",
    "exists",
    "get",
    "info",
    "keys",
    "put",
    "table",
    "tables",
]


class StashClient:
    """Calls the stash from threads.

    Args:
        socket_path: the arbiter's socket.
        timeout: seconds for a call as a whole.
    """

    def __init__(self, socket_path: str, timeout: float = 30.0) -> None:
        self.socket_path = socket_path
        self.timeout = timeout
        self._ids = itertools.count(1)
        self._channels = Channels(socket_path)

    def put(self, table: str, key: Any, value: Any) -> bool:
        """Store `value` under `key`. Raises StashError when there is no room."""
        return bool(self._ask(StashOp.PUT, table, key, value))

    def get(self, table: str, key: Any, default: Any = None) -> Any:
        """The value of `key`, or `default` when the key or the table is missing."""
        try:
            return self._ask(StashOp.GET, table, key)
        except (StashKeyNotFoundError, StashTableNotFoundError):
            return default

    def delete(self, table: str, key: Any) -> bool:
        """Remove `key`; False when it was missing."""
        return bool(self._ask(StashOp.DELETE, table, key))

    def keys(self, table: str, pattern: str | None = None) -> list[Any]:
        """The keys, or those strings among them that match ``* ? [seq] [!seq]``."""
        return list(self._ask(StashOp.KEYS, table, pattern=pattern))

    def clear(self, table: str) -> bool:
        """Remove every key of the table."""
        return bool(self._ask(StashOp.CLEAR, table))

    def info(self, table: str) -> dict[str, Any]:
        """`size` and `table`. Raises StashTableNotFoundError."""
        return dict(self._ask(StashOp.INFO, table))

    def ensure(self, table: str) -> bool:
        """Have the table, if only empty."""
        return bool(self._ask(StashOp.ENSURE, table))

    def exists(self, table: str, key: Any = None) -> bool:
        """Whether the table has `key`; without a key, whether there is such a table."""
        return bool(self._ask(StashOp.EXISTS, table, key))

    def delete_table(self, table: str) -> bool:
        """Remove the table; False when it was missing."""
        return bool(self._ask(StashOp.DELETE_TABLE, table))

    def tables(self) -> list[str]:
        """The names of all tables."""
        return list(self._ask(StashOp.TABLES, ""))

    def table(self, name: str) -> StashTable:
        """The table as a mapping; it comes into being with its first value."""
        return StashTable(self, name)

    def close(self) -> None:
        """Close the connections; a later call opens one again."""
        self._channels.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def fetch(self, table: str, key: Any) -> Any:
        """The value of `key`. Raises StashKeyNotFoundError."""
        return self._ask(StashOp.GET, table, key)

    def _ask(
        self,
        op: StashOp,
        table: str,
        key: Any = None,
        value: Any = None,
        pattern: str | None = None,
    ) -> Any:
        message = gdproto.Stash(next(self._ids), int(op), table, key, value, pattern)
        try:
            return self._channels.ask(message, Deadline(self.timeout))
        except DirtyError as error:
            raise _typed(error, table, key) from None


class StashTable(MutableMapping[Any, Any]):
    """One table as a mapping of scalars to values."""

    def __init__(self, client: StashClient, name: str) -> None:
        self._client = client
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    def __getitem__(self, key: Any) -> Any:
        try:
            return self._client.fetch(self._name, key)
        except (StashKeyNotFoundError, StashTableNotFoundError):
            raise KeyError(key) from None

    def __setitem__(self, key: Any, value: Any) -> None:
        self._client.put(self._name, key, value)

    def __delitem__(self, key: Any) -> None:
        if not self._client.delete(self._name, key):
            raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return self._client.exists(self._name, key)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._client.keys(self._name))

    def __len__(self) -> int:
        try:
            return int(self._client.info(self._name)["size"])
        except StashTableNotFoundError:
            return 0

    def keys(self, pattern: str | None = None) -> Any:
        """The keys, or those that match `pattern`."""
        return self._client.keys(self._name, pattern)

    def clear(self) -> None:
        """Remove every key."""
        self._client.clear(self._name)


class AsyncStashClient:
    """As `StashClient`, from event loops: every method is a coroutine, `items` iterates."""

    def __init__(self, socket_path: str, timeout: float = 30.0) -> None:
        self.socket_path = socket_path
        self.timeout = timeout
        self._ids = itertools.count(1)
        self._channels = AsyncChannels(socket_path, self._ids)

    async def put(self, table: str, key: Any, value: Any) -> bool:
        return bool(await self._ask(StashOp.PUT, table, key, value))

    async def get(self, table: str, key: Any, default: Any = None) -> Any:
        try:
            return await self._ask(StashOp.GET, table, key)
        except (StashKeyNotFoundError, StashTableNotFoundError):
            return default

    async def delete(self, table: str, key: Any) -> bool:
        return bool(await self._ask(StashOp.DELETE, table, key))

    async def keys(self, table: str, pattern: str | None = None) -> list[Any]:
        return list(await self._ask(StashOp.KEYS, table, pattern=pattern))

    async def clear(self, table: str) -> bool:
        return bool(await self._ask(StashOp.CLEAR, table))

    async def info(self, table: str) -> dict[str, Any]:
        return dict(await self._ask(StashOp.INFO, table))

    async def ensure(self, table: str) -> bool:
        return bool(await self._ask(StashOp.ENSURE, table))

    async def exists(self, table: str, key: Any = None) -> bool:
        return bool(await self._ask(StashOp.EXISTS, table, key))

    async def delete_table(self, table: str) -> bool:
        return bool(await self._ask(StashOp.DELETE_TABLE, table))

    async def tables(self) -> list[str]:
        return list(await self._ask(StashOp.TABLES, ""))

    async def items(self, table: str) -> AsyncIterator[tuple[Any, Any]]:
        """The keys and values, without those that go away meanwhile."""
        missing = object()
        for key in await self.keys(table):
            value = await self.get(table, key, missing)
            if value is not missing:
                yield key, value

    async def close(self) -> None:
        """Close the running loop's connection."""
        await self._channels.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def _ask(
        self,
        op: StashOp,
        table: str,
        key: Any = None,
        value: Any = None,
        pattern: str | None = None,
    ) -> Any:
        message = gdproto.Stash(next(self._ids), int(op), table, key, value, pattern)
        try:
            return await self._channels.ask(message, Deadline(self.timeout))
        except DirtyError as error:
            raise _typed(error, table, key) from None


def _typed(error: DirtyError, table: str, key: Any) -> DirtyError:
    """The error; of gunicorn's plain ones those that mean a missing key or table by their type."""
    if type(error) is DirtyError and error.message.startswith("Key not found: "):
        return StashKeyNotFoundError(table, key)
    if type(error) is DirtyError and error.message.startswith("Table not found: "):
        return StashTableNotFoundError(table)
    return error


_of_thread = threading.local()


def _client() -> StashClient:
    path = get_dirty_socket_path()
    client: StashClient | None = getattr(_of_thread, "client", None)
    if client is None or client.socket_path != path:
        client = _of_thread.client = StashClient(path)
    return client


def put(table: str, key: Any, value: Any) -> bool:
    """Store `value` under `key`. Raises StashError when there is no room."""
    return _client().put(table, key, value)


def get(table: str, key: Any, default: Any = None) -> Any:
    """The value of `key`, or `default` when the key or the table is missing."""
    return _client().get(table, key, default)


def delete(table: str, key: Any) -> bool:
    """Remove `key`; False when it was missing."""
    return _client().delete(table, key)


def keys(table: str, pattern: str | None = None) -> list[Any]:
    """The keys, or those strings among them that match ``* ? [seq] [!seq]``."""
    return _client().keys(table, pattern)


def clear(table: str) -> bool:
    """Remove every key of the table."""
    return _client().clear(table)


def info(table: str) -> dict[str, Any]:
    """`size` and `table`. Raises StashTableNotFoundError."""
    return _client().info(table)


def ensure(table: str) -> bool:
    """Have the table, if only empty."""
    return _client().ensure(table)


def exists(table: str, key: Any = None) -> bool:
    """Whether the table has `key`; without a key, whether there is such a table."""
    return _client().exists(table, key)


def delete_table(table: str) -> bool:
    """Remove the table; False when it was missing."""
    return _client().delete_table(table)


def tables() -> list[str]:
    """The names of all tables."""
    return _client().tables()


def table(name: str) -> StashTable:
    """The table as a mapping, for the calling thread."""
    return _client().table(name)
