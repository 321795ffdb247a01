"""dirty_runtime: apps that are loaded once and called from anywhere, over GD/1.

Rules: a name is loaded when it is asked for, with its part of the package alone: a program that
calls loads the client, and neither arbiter nor worker.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if os.name != "posix":
    raise ImportError(
        "dirty_runtime needs Unix sockets, which this Python lacks; gdproto, the codec, runs here"
    )

if TYPE_CHECKING:
    from . import stash
    from .app import DirtyApp
    from .arbiter import DirtyArbiter
    from .batches import ENDED, batched
    from .client import (
        DirtyClient,
        close_dirty_client,
        close_dirty_client_async,
        get_dirty_client,
        get_dirty_client_async,
        set_dirty_socket_path,
    )
    from .client.proxies import AsyncApp, protocol_of
    from .client.stash import AsyncStashClient, StashClient, StashTable
    from .converters import Converters
    from .errors import (
        DirtyAppError,
        DirtyAppNotFoundError,
        DirtyCancelledError,
        DirtyConnectionError,
        DirtyError,
        DirtyNoWorkersAvailableError,
        DirtyOverloadedError,
        DirtyPermissionError,
        DirtyProtocolError,
        DirtyTimeoutError,
        DirtyWorkerError,
        StashError,
        StashKeyNotFoundError,
        StashTableNotFoundError,
    )
    from .worker.request import CurrentRequest, current_request

_HOMES = {
    "ENDED": ".batches",
    "batched": ".batches",
    "DirtyApp": ".app",
    "DirtyArbiter": ".arbiter",
    "DirtyClient": ".client",
    "close_dirty_client": ".client",
    "close_dirty_client_async": ".client",
    "get_dirty_client": ".client",
    "get_dirty_client_async": ".client",
    "set_dirty_socket_path": ".client",
    "AsyncApp": ".client.proxies",
    "protocol_of": ".client.proxies",
    "AsyncStashClient": ".client.stash",
    "StashClient": ".client.stash",
    "StashTable": ".client.stash",
    "Converters": ".converters",
    "DirtyAppError": ".errors",
    "DirtyAppNotFoundError": ".errors",
    "DirtyCancelledError": ".errors",
    "DirtyConnectionError": ".errors",
    "DirtyError": ".errors",
    "DirtyNoWorkersAvailableError": ".errors",
    "DirtyOverloadedError": ".errors",
    "DirtyPermissionError": ".errors",
    "DirtyProtocolError": ".errors",
    "DirtyTimeoutError": ".errors",
    "DirtyWorkerError": ".errors",
    "StashError": ".errors",
    "StashKeyNotFoundError": ".errors",
    "StashTableNotFoundError": ".errors",
    "CurrentRequest": ".worker.request",
    "current_request": ".worker.request",
}

__all__ = [
    "ENDED",
    "AsyncApp",
    "AsyncStashClient",
    "Converters",
    "CurrentRequest",
    "DirtyApp",
    "DirtyAppError",
    "DirtyAppNotFoundError",
    "DirtyArbiter",
    "DirtyCancelledError",
    "DirtyClient",
    "DirtyConnectionError",
    "DirtyError",
    "DirtyNoWorkersAvailableError",
    "DirtyOverloadedError",
    "DirtyPermissionError",
    "DirtyProtocolError",
    "DirtyTimeoutError",
    "DirtyWorkerError",
    "StashClient",
    "StashError",
    "StashKeyNotFoundError",
    "StashTable",
    "StashTableNotFoundError",
    "batched",
    "close_dirty_client",
    "close_dirty_client_async",
    "current_request",
    "get_dirty_client",
    "get_dirty_client_async",
    "protocol_of",
    "set_dirty_socket_path",
    "stash",
]


def __getattr__(name: str) -> Any:
    if name == "stash":
        return import_module(".stash", __name__)
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_HOMES[name], __name__), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
