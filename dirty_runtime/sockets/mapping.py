"""Memory that is mapped as by C: Python's own mapping holds a descriptor as long as it is there.

Rules: the library is loaded with the first that is mapped, and once: most programs map nothing, and
each loading of it would leave a type to the collector.
"""

from __future__ import annotations

import mmap
import os
from functools import cache
from typing import Any

# Of mremap.
MAY_MOVE, FIXED = 1, 2


def map_at(place: int | None, size: int, protection: int, flags: int, number: int) -> int:
    """Map memory, as `mmap` of C. Returns where. Raises OSError."""
    return _place_of(_libc().mmap(place, size, protection, flags, number, 0))


def copy_at(place: int, size: int) -> None:
    """Have a private copy of what is mapped there in its place. Raises OSError.

    Who reads there meanwhile waits, or has read before.
    """
    import ctypes

    both, private = mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    copied = map_at(None, size, both, private, -1)
    ctypes.memmove(copied, place, size)
    try:
        _place_of(_libc().mremap(copied, size, size, MAY_MOVE | FIXED, ctypes.c_void_p(place)))
    except OSError:
        unmap(copied, size)
        raise


def _place_of(done: int | None) -> int:
    import ctypes

    if done is None or done == ctypes.c_void_p(-1).value:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return done


def unmap(place: int, size: int) -> None:
    """Let go of what was mapped."""
    _libc().munmap(place, size)


@cache
def _libc() -> Any:
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    pointer, size, number = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    libc.mmap.restype = pointer
    libc.mmap.argtypes = (pointer, size, number, number, number, ctypes.c_long)
    libc.munmap.argtypes = (pointer, size)
    libc.mremap.restype = pointer
    libc.mremap.argtypes = (pointer, size, size, number)
    return libc
