"""Clients: how a program calls apps through an arbiter's socket."""

from __future__ import annotations

from .calls import DirtyClient
from .current import (
    close_dirty_client,
    close_dirty_client_async,
    get_dirty_client,
    get_dirty_client_async,
    get_dirty_socket_path,
    set_dirty_socket_path,
)

__all__ = [
    "DirtyClient",
    "close_dirty_client",
    "close_dirty_client_async",
    "get_dirty_client",
    "get_dirty_client_async",
    "get_dirty_socket_path",
    "set_dirty_socket_path",
]
