"""Locks that all who use an arbiter share, kept in its stash.

    with stash.lock("invoices", ttl=30) as token:
        ...

Rules: a lock is a key of the table `LOCKS`, which lives for `ttl` seconds: so a holder that dies
holds nobody up for longer. A holder that is slower than that has lost the lock, and cannot know it
at once: its **fencing token** tells it from those after it, to whatever it writes to. Tokens grow
from holder to holder, and when one renews its lock: who keeps the highest token that it has seen,
and refuses lower ones, refuses all who have lost the lock.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..errors import DirtyTimeoutError, StashError

if TYPE_CHECKING:
    from .stash import AsyncStashClient, StashClient

LOCKS = "locks"
# Between two tries for a lock that another has, in seconds.
SHORTEST_S, LONGEST_S = 0.01, 0.25


class _Held:
    """What one lock is, and whether it is held.

    Attributes:
        name: of the lock.
        ttl: seconds for which it is held, if it is not renewed.
        token: the fencing token of who holds it through this object; 0 while nobody does.
    """

    def __init__(self, name: str, ttl: float, wait: float) -> None:
        if not ttl > 0:
            raise ValueError(f"a lock is held for more than 0 seconds, not {ttl:g}")
        self.name = name
        self.ttl = ttl
        self.token = 0
        self._wait_s = wait

    def _new(self) -> None:
        if self.token:
            raise StashError(f"lock {self.name} is held through this object; take another")

    def _tries(self) -> Iterator[float]:
        """Seconds to wait before each further try. Raises DirtyTimeoutError behind the last."""
        until_s, pause_s = time.monotonic() + self._wait_s, SHORTEST_S
        while (left_s := until_s - time.monotonic()) > 0:
            yield min(pause_s, left_s)
            pause_s = min(2 * pause_s, LONGEST_S)
        reason = f"lock {self.name} is held by another: it was waited for for {self._wait_s:g} s"
        raise DirtyTimeoutError(reason, self._wait_s)

    def _renewed(self, token: int) -> int:
        self.token = token
        if not token:
            raise StashError(f"lock {self.name} was lost: it was held for longer than its ttl")
        return token


class Lock(_Held):
    """A lock, for threads. One object holds it once; another of the same name is another's.

    Args:
        client: of the stash that has the lock.
        name: of the lock.
        ttl: seconds for which it is held, if it is not renewed.
        wait: seconds to wait for it at most.
    """

    def __init__(self, client: StashClient, name: str, ttl: float, wait: float = 30.0) -> None:
        super().__init__(name, ttl, wait)
        self._client = client

    def acquire(self) -> int:
        """Wait until nobody has the lock, and take it.

        Returns:
            The fencing token, above that of everybody who had the lock before.

        Raises:
            DirtyTimeoutError: another has had it all the time.
            DirtyError: the arbiter cannot be reached or refuses.
        """
        self._new()
        tries = self._tries()
        while not (token := self._client.swap(LOCKS, self.name, os.getpid(), 0, self.ttl)):
            time.sleep(next(tries))
        self.token = token
        return token

    def renew(self) -> int:
        """Hold it for `ttl` seconds from now. Returns the new token.

        Raises:
            StashError: it was lost.
        """
        token = self.token and self._client.swap(
            LOCKS, self.name, os.getpid(), self.token, self.ttl
        )
        return self._renewed(token)

    def release(self) -> bool:
        """Let the lock go. Returns whether it was still held."""
        token, self.token = self.token, 0
        return bool(token and self._client.swap(LOCKS, self.name, None, token, 0))

    def __enter__(self) -> int:
        return self.acquire()

    def __exit__(self, *exc_info: object) -> None:
        self.release()


class AsyncLock(_Held):
    """As `Lock`, for event loops: its methods are coroutines."""

    def __init__(self, client: AsyncStashClient, name: str, ttl: float, wait: float = 30.0) -> None:
        super().__init__(name, ttl, wait)
        self._client = client

    async def acquire(self) -> int:
        """As `Lock.acquire`."""
        # Who does not await needs no event loops.
        from asyncio import sleep

        self._new()
        tries = self._tries()
        while not (token := await self._client.swap(LOCKS, self.name, os.getpid(), 0, self.ttl)):
            await sleep(next(tries))
        self.token = token
        return token

    async def renew(self) -> int:
        """As `Lock.renew`."""
        token = self.token and await self._client.swap(
            LOCKS, self.name, os.getpid(), self.token, self.ttl
        )
        return self._renewed(token)

    async def release(self) -> bool:
        """As `Lock.release`."""
        token, self.token = self.token, 0
        return bool(token and await self._client.swap(LOCKS, self.name, None, token, 0))

    async def __aenter__(self) -> int:
        return await self.acquire()

    async def __aexit__(self, *exc_info: object) -> None:
        await self.release()
