"""The state of an arbiter, or of one that drains where nobody serves any more."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from ..errors import DirtyConnectionError
from ..socket_path import DRAINING, MAX_SOCKET_PATH_BYTES
from ..sockets.own import unix_socket

if TYPE_CHECKING:
    from gdproto.answers import Draining

    from .calls import DirtyClient
    from .readiness import State

# How what is told of an arbiter ends that is there and takes no calls.
IT_DRAINS = "; it drains"


def look(client: DirtyClient) -> tuple[DirtyClient, State]:
    """The arbiter's state, and a client of the arbiter whose it is. Raises DirtyError."""
    try:
        return client, client.status()
    except DirtyConnectionError:
        draining = beside(client)
        with suppress(DirtyConnectionError):
            return draining, draining.status()
        raise


def beside(client: DirtyClient) -> DirtyClient:
    """A client of the arbiter that drains, if one does."""
    return type(client)(_reachable(client.socket_path + DRAINING), client.timeout)


def drains(socket_path: str) -> bool:
    """Whether one drains that has served there. It waits for nobody."""
    try:
        with _address(socket_path + DRAINING) as path, closing(unix_socket()) as looking:
            looking.setblocking(False)
            looking.connect(path)
    except BlockingIOError:
        # Many ask it.
        return True
    except (OSError, ValueError):
        return False
    return True


def words(draining: Draining) -> str:
    """What it waits for, for people."""
    calls = f"{draining['running']} running, {draining['waiting']} waiting"
    return f"{calls}, stopped in {draining['left']:.0f} s at the latest"


@contextmanager
def _address(path: str) -> Iterator[str]:
    """As `_reachable`, kept no longer than within."""
    address = _reachable(path)
    try:
        yield address
    finally:
        if address != path:
            os.close(int(os.path.basename(address)))


def _reachable(path: str) -> str:
    """The path, or where it is too long for a socket's address, another name, kept to our end."""
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES or not hasattr(os, "O_PATH"):
        return path
    with suppress(OSError):
        return f"/proc/self/fd/{os.open(path, os.O_PATH)}"
    return path
