"""The client of where the code runs: one a thread, one an event loop.

Rules: the socket is named by ``DIRTY_SOCKET``, else by ``GUNICORN_DIRTY_SOCKET``.
"""

from __future__ import annotations

import asyncio
import os
import threading
from weakref import WeakKeyDictionary

from ..errors import DirtyError
from .client import DirtyClient

SOCKET_VARIABLES = ("DIRTY_SOCKET", "GUNICORN_DIRTY_SOCKET")

_of_thread = threading.local()
_of_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, DirtyClient] = WeakKeyDictionary()


def socket_path() -> str:
    """The arbiter's socket. Raises DirtyError when the environment does not name it."""
    for name in SOCKET_VARIABLES:
        if path := os.environ.get(name):
            return path
    raise DirtyError("no arbiter is known here: set DIRTY_SOCKET to the path of its socket")


def get_dirty_client(timeout: float = 30.0) -> DirtyClient:
    """This thread's client; `timeout` in seconds counts when it is made.

    Raises:
        DirtyError: the environment names no socket.
    """
    client: DirtyClient | None = getattr(_of_thread, "client", None)
    if client is None:
        client = _of_thread.client = DirtyClient(socket_path(), timeout)
    return client


async def get_dirty_client_async(timeout: float = 30.0) -> DirtyClient:
    """The running loop's client; `timeout` in seconds counts when it is made.

    Raises:
        DirtyError: the environment names no socket.
    """
    loop = asyncio.get_running_loop()
    client = _of_loop.get(loop)
    if client is None:
        client = _of_loop[loop] = DirtyClient(socket_path(), timeout)
    return client


def close_dirty_client() -> None:
    """Close and forget this thread's client, if it has one."""
    client: DirtyClient | None = getattr(_of_thread, "client", None)
    if client is not None:
        client.close()
        del _of_thread.client


async def close_dirty_client_async() -> None:
    """Close and forget the running loop's client, if it has one."""
    client = _of_loop.pop(asyncio.get_running_loop(), None)
    if client is not None:
        await client.close_async()
