"""gunicorn.dirty.stash: the stash, its errors and its operation codes."""

from __future__ import annotations

from ..client.current import get_dirty_socket_path as get_stash_socket_path
from ..client.current import set_dirty_socket_path as set_stash_socket_path
from ..stash import (
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
from .protocol import (
    STASH_OP_CLEAR,
    STASH_OP_DELETE,
    STASH_OP_DELETE_TABLE,
    STASH_OP_ENSURE,
    STASH_OP_EXISTS,
    STASH_OP_GET,
    STASH_OP_INFO,
    STASH_OP_KEYS,
    STASH_OP_PUT,
    STASH_OP_TABLES,
)

__all__ = [
    "STASH_OP_CLEAR",
    "STASH_OP_DELETE",
    "STASH_OP_DELETE_TABLE",
    "STASH_OP_ENSURE",
    "STASH_OP_EXISTS",
    "STASH_OP_GET",
    "STASH_OP_INFO",
    "STASH_OP_KEYS",
    "STASH_OP_PUT",
    "STASH_OP_TABLES",
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
    "get_stash_socket_path",
    "info",
    "keys",
    "put",
    "set_stash_socket_path",
    "table",
    "tables",
]
