"""A frame that is too large to be kept in memory: it waits in a file without a name.

Rules: the file lies where `tempfile` puts files, and goes away with the last reference to it.
"""

from __future__ import annotations

import mmap
import os
import socket
import tempfile

import gdproto

# A frame of more bytes is spooled.
KEPT_IN_MEMORY_BYTES = 2 * 1024 * 1024


class Spool:
    """Bytes in a file, in the order in which they came. Raises OSError where they cannot be."""

    def __init__(self) -> None:
        # Unbuffered and never seeked: what is written is there for sendfile.
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def append(self, data: bytes | memoryview) -> None:
        """Add bytes at the end. Raises OSError."""
        left = memoryview(data)
        while left:
            count = self._file.write(left)
            left = left[count:]
            self._size += count

    def send(self, target: socket.socket, start: int) -> int:
        """Send from `start` on as much as the socket takes. Raises OSError."""
        return os.sendfile(target.fileno(), self._file.fileno(), start, self._size - start)

    def view(self) -> memoryview:
        """All bytes, read from the file where they are looked at. Raises OSError."""
        return memoryview(mmap.mmap(self._file.fileno(), self._size, access=mmap.ACCESS_READ))

    def __del__(self) -> None:
        self._file.close()


class Spooler:
    """Puts the parts of large frames together, for one connection."""

    def __init__(self) -> None:
        self._spool: Spool | None = None
        self._error: OSError | None = None

    def add(self, event: gdproto.PartReceived) -> None:
        """Take the next part of a frame. Where it cannot be kept, `whole` will say so."""
        if self._error is not None:
            return
        try:
            if self._spool is None:
                self._spool = Spool()
            self._spool.append(event.part)
        except OSError as error:
            self._error = error

    def whole(self, rest: bytes | memoryview) -> bytes | memoryview | Spool:
        """The frame that ends with `rest`, whether or not it came in parts. Raises OSError."""
        if self._spool is None and self._error is None:
            return rest
        spool, error, self._spool, self._error = self._spool, self._error, None, None
        if error is not None or spool is None:
            raise error or OSError()
        spool.append(rest)
        return spool

    def forget(self) -> None:
        """Drop the parts of a frame that nobody wants."""
        self._spool = self._error = None
