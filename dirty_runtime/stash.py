"""The stash: tables that all workers and clients of an arbiter share.

    from dirty_runtime import stash

    stash.put("sessions", "alice", {"cart": [1, 2]})
    stash.get("sessions", "alice", default=None)
    stash.table("sessions")["alice"]
    stash.incr("visits", "home")
    with stash.lock("invoices", ttl=30) as token: ...
    stash.push_right("jobs", "mail", {"to": "ada"})
    stash.pop_left("jobs", "mail", wait=10)
    for change in stash.watch("sessions"): ...

Rules: the functions of this module use a client of the calling thread, for the socket that
``DIRTY_SOCKET`` names. Keys are scalars; any value that can be sent can be stored. Every function
raises DirtyError when the arbiter cannot be reached or refuses.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .client._generated import stash_functions as _functions
from .client._generated.stash_functions import *  # noqa: F403
from .client.counters import AsyncCounter, Counter
from .client.locks import AsyncLock, Lock
from .client.stash import AsyncStashClient, StashClient, StashTable, of_thread
from .errors import StashError, StashKeyNotFoundError, StashTableNotFoundError

if TYPE_CHECKING:
    from gdproto.answers import StashChange

__all__ = [
    "AsyncCounter",
    "AsyncLock",
    "AsyncStashClient",
    "Counter",
    "Lock",
    "StashClient",
    "StashError",
    "StashKeyNotFoundError",
    "StashTable",
    "StashTableNotFoundError",
    "counter",
    "lock",
    "table",
    "watch",
]
__all__ += _functions.__all__


def table(name: str) -> StashTable:
    """The table as a mapping, for the calling thread."""
    return of_thread().table(name)


def lock(name: str, ttl: float, wait: float = 30.0) -> Lock:
    """A lock that all share, for the calling thread: `with` takes it, and gives a fencing token.

    Args:
        name: of the lock.
        ttl: seconds for which it is held, if it is not renewed.
        wait: seconds to wait for it at most.
    """
    return of_thread().lock(name, ttl, wait)


def counter(table: str, key: Any, ttl: float | None = None) -> Counter:
    """A number that all may add to, for the calling thread.

    Args:
        table: where it is.
        key: under which it is; 0 while it is missing.
        ttl: seconds after which it is 0 again, from the first addition on; None for never.
    """
    return of_thread().counter(table, key, ttl)


def watch(table: str, pattern: str | None = None) -> Iterator[StashChange]:
    """The changes of a table from now on, one after the other, for the calling thread.

    Args:
        table: its name.
        pattern: of the keys and lists; None for all.
    """
    return of_thread().watch(table, pattern)
