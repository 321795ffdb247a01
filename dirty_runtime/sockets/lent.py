"""Memory that is lent to workers, and used again: the extension `memfd-lent`.

Rules: to make memory and to fill it takes longer than to copy into some that has been filled
before. So it is kept, and lent again when the exchange that it was lent for has ended by RESPONSE
or END: from then on the worker reads nothing of it. After any other end nobody writes to it any
more. It is lent to the same app of the same client alone: who had it can read it.
"""

from __future__ import annotations

import fcntl
import mmap
import os

from .mapping import map_at, unmap
from .passing import LENT_SEALS
from .shelf import Shelf

# Other threads have their turn after so many bytes.
AT_ONCE = 8 * 1024 * 1024
Borrower = tuple[object, str]


class Lent:
    """Memory that is filled here and read elsewhere.

    Args:
        size: in bytes.
        borrower: whose client it is, and the app that reads it.

    Attributes:
        number: its descriptor.

    Raises:
        OSError: there is no memory, or the system has no such seals.
    """

    def __init__(self, size: int, borrower: Borrower) -> None:
        import ctypes

        self.size, self.borrower = size, borrower
        self._place: int | None = None
        self.number = os.memfd_create("lent", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(self.number, size)
            both = mmap.PROT_READ | mmap.PROT_WRITE
            self._place = map_at(None, size, both, mmap.MAP_SHARED, self.number)
            self._room = memoryview((ctypes.c_ubyte * size).from_address(self._place)).cast("B")
            fcntl.fcntl(self.number, fcntl.F_ADD_SEALS, LENT_SEALS)
        except BaseException:
            self.close()
            raise

    def write(self, at: int, data: memoryview) -> None:
        """Put the bytes there."""
        for begin in range(0, len(data), AT_ONCE):
            part = data[begin : begin + AT_ONCE]
            self._room[at + begin : at + begin + len(part)] = part

    def close(self) -> None:
        """Let go of it."""
        place, self._place = self._place, None
        if place is not None:
            unmap(place, self.size)
        number, self.number = self.number, -1
        if number >= 0:
            os.close(number)

    __del__ = close


LENT: Shelf[Lent] = Shelf()


def lend(size: int, borrower: Borrower) -> Lent:
    """Memory of that size or somewhat more. Raises OSError."""

    def fits(one: Lent) -> bool:
        return one.borrower == borrower and size <= one.size <= 2 * size

    return LENT.take(fits) or LENT.new(lambda: Lent(rounded(size), borrower))


def rounded(size: int) -> int:
    """A size that serves for others, too, that are about the same."""
    step = 1 << max(12, size.bit_length() - 3)
    return -(-size // step) * step
