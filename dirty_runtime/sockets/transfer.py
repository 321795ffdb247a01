"""Bytes between a socket and a connection: small frames through a buffer, large ones in place."""

from __future__ import annotations

import socket

import gdproto

RECEIVE_BYTES = 64 * 1024
# From a peer that has just filled that.
MORE_BYTES = 256 * 1024
# The system's default is a fifth of it or so, and has both ends wait for each other that often.
SEND_BUFFER_BYTES = 1024 * 1024


def widen(source: socket.socket) -> None:
    """Have the kernel take more at once of what is sent, for a peer that reads without pause."""
    source.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)


def receive(
    source: socket.socket,
    connection: gdproto.Connection,
    flags: int = 0,
    at_most: int = RECEIVE_BYTES,
) -> int:
    """Read once, and hand what came to `connection`: `at_most` bytes, or all that it has room for.

    Returns:
        The number of bytes; 0 at the end of the stream, which the connection is told too.

    Raises:
        OSError: as of ``recv``.
    """
    # Room that is full is not to be read into: nothing would come, as at the end.
    if connection.room:
        count = source.recv_into(connection.room, 0, flags)
        connection.filled(count)
    else:
        data = source.recv(at_most, flags)
        count = len(data)
        connection.receive_data(data)
    if not count:
        connection.receive_eof()
    return count
