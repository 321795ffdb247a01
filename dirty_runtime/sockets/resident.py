"""Which bytes of a file are in memory, so that the disk is not waited for to send them.

Rules: the file is mapped, and its mapping asked; nobody looks into it. Where that cannot be done,
no byte is taken to be there.
"""

from __future__ import annotations

import ctypes
import mmap

from .mapping import map_at, unmap

# Without letting others run: it is asked within a turn of the loop.
mincore = ctypes.PyDLL(None).mincore
mincore.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)


class Resident:
    """The bytes of one file.

    Args:
        number: its descriptor.
        size: how many there are. Raises OSError where they cannot be mapped.
    """

    def __init__(self, number: int, size: int) -> None:
        self._address = map_at(None, size, mmap.PROT_READ, mmap.MAP_SHARED, number)
        self._size = size

    def has(self, start: int, end: int) -> bool:
        """Whether all bytes from `start` to `end` are there."""
        begin = start - start % mmap.PAGESIZE
        pages = bytearray(-((begin - end) // mmap.PAGESIZE))
        # An array of its own type would leave that for the collector.
        first = ctypes.byref(ctypes.c_char.from_buffer(pages))
        told: int = mincore(self._address + begin, end - begin, first)
        return told == 0 and all(page & 1 for page in pages)

    def close(self) -> None:
        """Give the mapping back, which keeps the file."""
        unmap(self._address, self._size)
