"""A frame that is too large to be kept in memory: it waits in a file without a name.

Rules: the file lies where `tempfile` puts files, and goes away with the last reference to it, or at
once where it cannot take everything. It takes none of the descriptors that are kept back, and there
is none before enough has come for one: whoever only announces much has no descriptor of ours. What
is over is closed by a thread. Who sends it waits for no disk: what of it is not in memory any more,
as the system has written it and taken the room, a thread reads first.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import socket
import tempfile
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from io import FileIO
from typing import TYPE_CHECKING

from . import descriptors
from .pipe import Pipe

if TYPE_CHECKING:
    from .resident import Resident

# A frame of more bytes is spooled.
KEPT_IN_MEMORY_BYTES = 2 * 1024 * 1024
# Of such a frame, what is in memory until there is a file.
HELD_BYTES = 64 * 1024
# What of it is sent from memory: a header may have to be another, and more is looked for in it.
BEGINNING_BYTES = 4096
# What of a file is sent at once, and what a thread reads of it where that is not in memory.
SENT_BYTES = 1024 * 1024
READ_BYTES = 256 * 1024
CLOSING = ThreadPoolExecutor(1, "closing")
READING = ThreadPoolExecutor(4, "reading")


class Spool:
    """Bytes in a file, in the order in which they came. Raises OSError where they cannot be."""

    def __init__(self) -> None:
        # Unbuffered and never seeked: what is written is there for sendfile.
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        self._size = 0
        # The first bytes, as they are sent: the file is not to be waited for.
        self._beginning = b""
        # What a thread has read, and from where on that is.
        self._read: bytes | memoryview = b""
        self._read_from = 0
        # What is to be closed with it; the mapping first, which keeps the file.
        self._parts: list[Resident | FileIO] = [self._file]
        weakref.finalize(self, _give_back, self._parts)
        descriptors.check(self._file.fileno())
        _only_as_asked(self._file.fileno())

    def __len__(self) -> int:
        return self._size

    def append(self, data: bytes | memoryview) -> None:
        """Add bytes at the end. Raises OSError."""
        left = memoryview(data)
        if len(self._beginning) < BEGINNING_BYTES:
            self._beginning += bytes(left[: BEGINNING_BYTES - len(self._beginning)])
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
        """Send from `start` on as much as the socket takes.

        Returns:
            How many bytes; 0 where a thread is to `read` them first.

        Raises:
            OSError: as of ``send``.
        """
        if start < len(self._beginning):
            return target.send(self._beginning[start:])
        if start < self._read_from + len(self._read):
            return target.send(self._read[start - self._read_from :])
        end = min(start + SENT_BYTES, self._size)
        if not self._has(start, end):
            return 0
        self._read = b""
        return os.sendfile(target.fileno(), self._file.fileno(), start, end - start)

    def _has(self, start: int, end: int) -> bool:
        """Whether these bytes are in memory."""
        from .resident import Resident

        resident = self._parts[0]
        if not isinstance(resident, Resident):
            try:
                resident = Resident(self._file.fileno(), self._size)
            except OSError:
                return False
            self._parts.insert(0, resident)
        return resident.has(start, end)

    def read(self, start: int) -> int:
        """In a thread, read what is to be sent from `start` on.

        Returns:
            How many bytes are in memory now.

        Raises:
            OSError: the disk does not have them.
        """
        data = os.pread(self._file.fileno(), READ_BYTES, start)
        if not data:
            raise OSError(errno.EIO, "somebody has cut the file of a large frame")
        self._read, self._read_from = memoryview(data), start
        return len(data)

    @property
    def beginning(self) -> bytes:
        """The first bytes: BEGINNING_BYTES, or all."""
        return self._beginning

    def replace(self, beginning: bytes) -> None:
        """Send other first bytes in place of as many."""
        self._beginning = beginning

    def close(self) -> None:
        """Give back what it takes."""
        _close(self._parts)

    def view(self) -> memoryview:
        """All bytes as they came, read from the file where they are looked at. Raises OSError."""
        return memoryview(mmap.mmap(self._file.fileno(), self._size, access=mmap.ACCESS_READ))


def _only_as_asked(number: int) -> None:
    """Have the system read nothing ahead, and note no time of reading: both may wait for a disk."""
    with suppress(OSError, AttributeError):
        os.posix_fadvise(number, 0, 0, os.POSIX_FADV_RANDOM)
        fcntl.fcntl(number, fcntl.F_SETFL, fcntl.fcntl(number, fcntl.F_GETFL) | os.O_NOATIME)


def _give_back(parts: list[Resident | FileIO]) -> None:
    """Have a thread close what a spool has: to free its room takes milliseconds."""
    try:
        CLOSING.submit(_close, parts)
    except RuntimeError:
        # The interpreter ends.
        _close(parts)


def _close(parts: list[Resident | FileIO]) -> None:
    while parts:
        parts.pop(0).close()


Act = Callable[[], None]


class Spooler:
    """Puts the parts of one large frame together.

    Args:
        elsewhere: has the file written, one after the other, where a slow disk keeps nobody up;
            None to write at once.
    """

    def __init__(self, elsewhere: Callable[[Act], None] | None = None) -> None:
        self._spool: Spool | None = None
        self._held = b""
        self._error: OSError | None = None
        self._elsewhere = elsewhere

    @property
    def size(self) -> int:
        """Bytes that are in the file."""
        return len(self._spool) if self._spool is not None else 0

    @property
    def held_bytes(self) -> int:
        """Bytes that are in memory."""
        return len(self._held)

    @property
    def may_pour(self) -> bool:
        """Whether there is a file."""
        return self._spool is not None

    def add(self, part: bytes) -> None:
        """Take the next part. Where it cannot be kept, `whole` will say so."""
        if self._error is not None:
            return
        if self._spool is None and len(self._held) + len(part) <= HELD_BYTES:
            self._held += part
            return
        self._do(partial(self._append, part))

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
        self._do(partial(self._drain, pipe))
        return count

    def whole(self, rest: bytes | memoryview) -> Spool:
        """The frame that ends with `rest`, which is the caller's alone. Raises OSError."""
        self._append(rest)
        # A link has this in hand until it reads again, which an idle one does not.
        spool, self._spool = self._spool, None
        if spool is None:
            raise self._error or OSError("there are no parts")
        return spool

    def _do(self, act: Act) -> None:
        if self._elsewhere is None:
            act()
        else:
            self._elsewhere(act)

    def _append(self, part: bytes | memoryview) -> None:
        if self._error is not None:
            return
        try:
            if self._spool is None:
                self._spool = Spool()
                held, self._held = self._held, b""
                self._spool.append(held)
            self._spool.append(part)
        except OSError as error:
            self._fail(error)

    def _drain(self, pipe: Pipe) -> None:
        try:
            assert self._spool is not None
            self._spool.drain(pipe)
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        # Without its traceback, in which the file would live on.
        self._error = OSError(error.errno, error.strerror)
        self._held = b""
        if self._spool is not None:
            self._spool.close()
            self._spool = None
