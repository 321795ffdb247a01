"""The stash by its public name: see `dirty_runtime.client.stash`."""

from __future__ import annotations

from .client.stash import (
    AsyncStashClient,
    StashClient,
    StashError,
    StashKeyNotFoundError,
    StashTable,
    StashTableNotFoundError,
    clear,
    delete,
    delete_table,
    ensure,
    exists,
    get,
    info,
    keys,
    put,
    table,
    tables,
)

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
