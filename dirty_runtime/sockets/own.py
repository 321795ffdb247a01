"""Our end of a connection: it closes without a word when nobody has it any more.

Rules: where gevent or eventlet have put sockets of theirs in Python's place, it is one of those: it
lets others run while it waits.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress


class OwnSocket(socket.socket):
    """A socket of Python's own; of one that is part of a cycle Python's would complain."""

    def __del__(self) -> None:
        fd = self.detach()
        if fd >= 0:
            os.close(fd)


def unix_socket() -> socket.socket:
    """A new Unix stream socket. Raises OSError."""
    cls = OwnSocket if socket.socket.__module__ == "socket" else socket.socket
    return cls(socket.AF_UNIX, socket.SOCK_STREAM)


def is_pythons(connected: socket.socket) -> bool:
    """Whether it is a socket of Python's own, which holds up the thread while it waits."""
    return type(connected) is OwnSocket or type(connected).__module__ == "socket"


def end(connected: socket.socket, opener: int) -> None:
    """Close a connection. That which this process has opened ends although a child has it, too.

    Args:
        opener: the process that has opened it, which may be a parent of this one.
    """
    if opener == os.getpid():
        with suppress(OSError):
            connected.shutdown(socket.SHUT_RDWR)
    connected.close()
