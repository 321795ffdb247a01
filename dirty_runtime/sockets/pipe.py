"""A pipe, through which bytes go from one descriptor to another without leaving the kernel.

Rules: nothing is copied on the way out of a socket, nor on the way into one. Where the system
cannot do this (`AVAILABLE`), or has no descriptors left, whoever would use a pipe copies.
"""

from __future__ import annotations

import fcntl
import os
import socket
import weakref
from contextlib import suppress
from io import FileIO

from . import descriptors

AVAILABLE = hasattr(os, "splice") and hasattr(fcntl, "F_SETPIPE_SZ")
CAPACITY_BYTES = 1024 * 1024


class Pipe:
    """Bytes between two descriptors; its length says how many. Raises OSError for want of one."""

    def __init__(self) -> None:
        self._exit, self._entry = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._size = 0
        weakref.finalize(self, _close, self._exit, self._entry)
        descriptors.check(self._entry)
        # A user who has many of them gets smaller ones.
        with suppress(OSError):
            fcntl.fcntl(self._entry, fcntl.F_SETPIPE_SZ, CAPACITY_BYTES)

    @classmethod
    def made(cls) -> Pipe | None:
        """A pipe, if there may be one."""
        try:
            return cls() if AVAILABLE else None
        except OSError:
            return None

    def __len__(self) -> int:
        return self._size

    def fill(self, source: socket.socket, at_most: int) -> int:
        """Take bytes out of `source`. Returns how many, 0 at its end. Raises OSError."""
        count = os.splice(source.fileno(), self._entry, at_most)
        self._size += count
        return count

    def send(self, target: socket.socket | FileIO) -> int:
        """Put bytes into `target`. Returns how many. Raises OSError."""
        count = os.splice(self._exit, target.fileno(), self._size)
        self._size -= count
        return count

    def read(self) -> bytes:
        """Take out all bytes."""
        data = b""
        while len(data) < self._size:
            data += os.read(self._exit, self._size - len(data))
        self._size = 0
        return data


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
