"""The client of where the code runs: one a thread, one an event loop.

Rules: the socket is the one that was set here, else ``DIRTY_SOCKET`` names it, else
``GUNICORN_DIRTY_SOCKET``.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from ..errors import DirtyError
from ..seconds import seconds
from ..socket_path import DRAINING
from .calls import DirtyClient

if TYPE_CHECKING:
    import asyncio

CREDENTIALS = struct.Struct("3i")
SOCKET_VARIABLES = ("DIRTY_SOCKET", "GUNICORN_DIRTY_SOCKET")

_chosen: str | None = None
_of_thread = threading.local()
_of_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, DirtyClient] = WeakKeyDictionary()


def set_dirty_socket_path(path: str | None) -> None:
    """Choose the arbiter's socket for this process; None leaves it to the environment."""
    global _chosen
    _chosen = path


def get_dirty_socket_path() -> str:
    """The arbiter's socket. Raises DirtyError when nothing names it."""
    if _chosen is not None:
        return _chosen
    for name in SOCKET_VARIABLES:
        if path := os.environ.get(name):
            return path
    raise DirtyError("the arbiter's socket is not configured: set DIRTY_SOCKET to its path")


def get_dirty_client(timeout: float | None = 30.0) -> DirtyClient:
    """This thread's client; `timeout` in seconds counts when it is made.

    Raises:
        DirtyError: nothing names the socket, or the timeout is none.
    """
    path = get_dirty_socket_path()
    if timeout is not None:
        seconds(timeout, "timeout")
    client: DirtyClient | None = getattr(_of_thread, "client", None)
    if client is None or client.socket_path != path:
        client = _of_thread.client = DirtyClient(path, timeout)
    return client


async def get_dirty_client_async(timeout: float | None = 30.0) -> DirtyClient:
    """The running loop's client; `timeout` in seconds counts when it is made.

    Raises:
        DirtyError: nothing names the socket, the timeout is none, or no loop of asyncio runs.
    """
    from .aio import keep_for, running_loop

    path = get_dirty_socket_path()
    if timeout is not None:
        seconds(timeout, "timeout")
    loop = running_loop()
    client = _of_loop.get(loop)
    if client is None or client.socket_path != path:
        client = DirtyClient(path, timeout)
        keep_for(loop, client, _of_loop)
    return client


def close_dirty_client() -> None:
    """Close and forget this thread's client, if it has one."""
    client: DirtyClient | None = getattr(_of_thread, "client", None)
    if client is not None:
        client.close()
        del _of_thread.client


async def close_dirty_client_async() -> None:
    """Close and forget the running loop's client, if it has one."""
    from .aio import running_loop

    client = _of_loop.pop(running_loop(), None)
    if client is not None:
        await client.close_async()


def place_of_own_arbiter(socket_path: str) -> str:
    """Where a worker finds the arbiter that started it, whose usual path this is.

    While an arbiter drains, its path is a successor's, who has other tables. Elsewhere than in a
    worker, the path itself.
    """
    own = os.environ.get("DIRTY_ARBITER_PID", "")
    if not own:
        return socket_path
    for place in (socket_path, socket_path + DRAINING):
        if str(_served_by(place)) == own:
            return place
    return socket_path


def _served_by(socket_path: str) -> int:
    """The process that listens there; 0 where none does, or the system does not tell."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.setblocking(False)
            probe.connect(socket_path)
            found = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
        except (OSError, AttributeError):
            return 0
    return int(CREDENTIALS.unpack(found)[0])
