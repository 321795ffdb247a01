"""gunicorn.dirty.client: the client, and the types of what its streams return."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator

from ..client import (
    DirtyClient,
    close_dirty_client,
    close_dirty_client_async,
    get_dirty_client,
    get_dirty_client_async,
)
from ..client.current import get_dirty_socket_path, set_dirty_socket_path

DirtyStreamIterator = Generator
DirtyAsyncStreamIterator = AsyncGenerator

__all__ = [
    "DirtyAsyncStreamIterator",
    "DirtyClient",
    "DirtyStreamIterator",
    "close_dirty_client",
    "close_dirty_client_async",
    "get_dirty_client",
    "get_dirty_client_async",
    "get_dirty_socket_path",
    "set_dirty_socket_path",
]
