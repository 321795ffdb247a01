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

from .client._generated import stash_functions as _functions
from .client._generated.stash_functions import *  # noqa: F403
from .client.stash import AsyncStashClient, StashClient, StashTable, of_thread
from .errors import StashError, StashKeyNotFoundError, StashTableNotFoundError

__all__ = [
    "AsyncStashClient",
    "StashClient",
    "StashError",
    "StashKeyNotFoundError",
    "StashTable",
    "StashTableNotFoundError",
    "table",
]
__all__ += _functions.__all__


def table(name: str) -> StashTable:
    """The table as a mapping, for the calling thread."""
    return of_thread().table(name)
