"""Counters that all who use an arbiter share, kept in its stash: no addition is ever lost.

hits = stash.counter("hits", "home")
hits.add()
hits.value()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .stash import AsyncStashClient, StashClient


class Counter:
    """A number under a key, for threads.

    Args:
        client: of the stash that has it.
        table: where it is.
        key: under which it is; 0 while it is missing.
        ttl: seconds after which it is 0 again, from the first addition on; None for never.
    """

    def __init__(self, client: StashClient, table: str, key: Any, ttl: float | None = None) -> None:
        self._client, self._table, self._key, self._ttl_s = client, table, key, ttl

    def add(self, number: float = 1) -> float:
        """Add to it. Returns the new number. Raises StashError where there is no number."""
        return self._client.incr(self._table, self._key, number, ttl=self._ttl_s)

    def value(self) -> Any:
        """The number."""
        return self._client.get(self._table, self._key, 0)

    def reset(self) -> Any:
        """Begin at 0 again. Returns what it was: no addition is lost between the two."""
        return self._client.pop(self._table, self._key, 0)


class AsyncCounter:
    """As `Counter`, for event loops: its methods are coroutines."""

    def __init__(
        self, client: AsyncStashClient, table: str, key: Any, ttl: float | None = None
    ) -> None:
        self._client, self._table, self._key, self._ttl_s = client, table, key, ttl

    async def add(self, number: float = 1) -> float:
        """As `Counter.add`."""
        return await self._client.incr(self._table, self._key, number, ttl=self._ttl_s)

    async def value(self) -> Any:
        """As `Counter.value`."""
        return await self._client.get(self._table, self._key, 0)

    async def reset(self) -> Any:
        """As `Counter.reset`."""
        return await self._client.pop(self._table, self._key, 0)
