"""One arbiter after another at the same socket: the one that follows. See `succession`.

Rules: where whoever was to be followed is gone, the socket is made as by any other arbiter.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress

from .succession import CHANNEL, LENT, READY, SERVING, SOCKET


class Predecessor:
    """Whoever is followed, at the other end of a channel."""

    def __init__(self, channel: int) -> None:
        os.set_inheritable(channel, False)
        self._channel = socket.socket(fileno=channel)
        self._channel.setblocking(False)

    async def socket(self) -> tuple[socket.socket | None, bool]:
        """Its listening socket, once told that all is ready, and whether that is lent to it.

        None where it is gone.
        """
        with suppress(OSError):
            await asyncio.get_running_loop().sock_sendall(self._channel, READY)
            await self._is_readable()
            said, fds, *_ = socket.recv_fds(self._channel, 1, 1)
            if said in (SOCKET, LENT) and fds:
                return socket.socket(fileno=fds[0]), said == LENT
        return None, False

    async def gone(self) -> None:
        """Tell it that it was followed; return when it has left the pidfile."""
        with suppress(OSError):
            await asyncio.get_running_loop().sock_sendall(self._channel, SERVING)
            await asyncio.get_running_loop().sock_recv(self._channel, 1)
        self._channel.close()

    async def _is_readable(self) -> None:
        loop, readable = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._channel, readable.set)
        try:
            await readable.wait()
        finally:
            loop.remove_reader(self._channel)


def inherited() -> Predecessor | None:
    """Whoever this process is to follow; None for nobody. What it starts is not told."""
    channel = os.environ.pop(CHANNEL, "")
    return Predecessor(int(channel)) if channel else None
