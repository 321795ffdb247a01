"""A frame that is too large to be kept in memory: it waits in a file without a name.

Rules: the file lies where `tempfile` puts files, and goes away with the last reference to it.
"""

from __future__ import annotations

import mmap
import os
import socket
import tempfile
import weakref

from .pipe import Pipe

# A frame of more bytes is spooled.
KEPT_IN_MEMORY_BYTES = 2 * 1024 * 1024


class Spool:
    """Bytes in a file, in the order in which they came. Raises OSError where they cannot be."""

    def __init__(self) -> None:
        # Unbuffered and never seeked: what is written is there for sendfile.
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        self._size = 0
        weakref.finalize(self, self._file.close)

    def __len__(self) -> int:
        return self._size

    def append(self, data: bytes | memoryview) -> None:
        """Add bytes at the end. Raises OSError."""
        left = memoryview(data)
        while left:
            count = self._file.write(left)
            left = left[count:]
            self._size += count

    def drain(self, pipe: Pipe) -> None:
        """Add what is in the pipe at the end. Raises OSError."""
        try:
            while pipe:
                self._size += pipe.send(self._file)
        except OSError:
            # A file that takes nothing from pipes may still take bytes.
            self.append(pipe.read())

    def send(self, target: socket.socket, start: int) -> int:
        """Send from `start` on as much as the socket takes. Raises OSError."""
        return os.sendfile(target.fileno(), self._file.fileno(), start, self._size - start)

    def view(self) -> memoryview:
        """All bytes, read from the file where they are looked at. Raises OSError."""
        return memoryview(mmap.mmap(self._file.fileno(), self._size, access=mmap.ACCESS_READ))


class Spooler:
    """Puts the parts of one large frame together."""

    def __init__(self) -> None:
        self._spool: Spool | None = None
        self._error: OSError | None = None

    @property
    def size(self) -> int:
        """Bytes that are in the file."""
        return len(self._spool) if self._spool is not None else 0

    def add(self, part: bytes) -> None:
        """Take the next part. Where it cannot be kept, `whole` will say so."""
        if self._error is not None:
            return
        try:
            if self._spool is None:
                self._spool = Spool()
            self._spool.append(part)
        except OSError as error:
            self._spool, self._error = None, error

    def pour(self, source: socket.socket, at_most: int, pipe: Pipe) -> int:
        """As `add`, with what it takes out of `source` by itself, through an empty pipe.

        Returns:
            How many bytes; 0 where they are to be read and added.

        Raises:
            OSError: as of ``recv``.
        """
        if self._spool is None:
            return 0
        count = pipe.fill(source, at_most)
        try:
            self._spool.drain(pipe)
        except OSError as error:
            self._spool, self._error = None, error
        return count

    def whole(self, rest: bytes | memoryview) -> Spool:
        """The frame that ends with `rest`. Raises OSError."""
        if self._spool is None:
            raise self._error or OSError("there are no parts")
        self._spool.append(rest)
        return self._spool
