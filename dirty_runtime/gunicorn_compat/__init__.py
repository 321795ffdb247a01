"""The names of gunicorn.dirty, on top of gdproto and dirty_runtime.

    from dirty_runtime.gunicorn_compat.client import get_dirty_client
    from dirty_runtime.gunicorn_compat.protocol import DirtyProtocol, make_request

Rules: each module has the names of its namesake in gunicorn.dirty and nothing else, so that a
program which was written for gunicorn changes its import lines alone. New code imports gdproto
and dirty_runtime.
"""

from __future__ import annotations

from .. import DirtyArbiter
from ..client import stash
from .app import DirtyApp
from .client import (
    DirtyClient,
    close_dirty_client,
    close_dirty_client_async,
    get_dirty_client,
    get_dirty_client_async,
    set_dirty_socket_path,
)
from .errors import (
    DirtyAppError,
    DirtyAppNotFoundError,
    DirtyConnectionError,
    DirtyError,
    DirtyProtocolError,
    DirtyTimeoutError,
    DirtyWorkerError,
)
from .stash import (
    StashClient,
    StashError,
    StashKeyNotFoundError,
    StashTable,
    StashTableNotFoundError,
)

__all__ = [
    "DirtyApp",
    "DirtyAppError",
    "DirtyAppNotFoundError",
    "DirtyArbiter",
    "DirtyClient",
    "DirtyConnectionError",
    "DirtyError",
    "DirtyProtocolError",
    "DirtyTimeoutError",
    "DirtyWorkerError",
    "StashClient",
    "StashError",
    "StashKeyNotFoundError",
    "StashTable",
    "StashTableNotFoundError",
    "close_dirty_client",
    "close_dirty_client_async",
    "get_dirty_client",
    "get_dirty_client_async",
    "set_dirty_socket_path",
    "stash",
]
