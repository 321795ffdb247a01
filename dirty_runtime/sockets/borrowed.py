"""Memory that a client has lent for one call, and fills anew for the next one.

Rules: it is mapped once, and the mapping kept as long as calls come with it: to map takes longer
than to read. It is in use once at a time. Before its RESPONSE or END is sent the call has given it
back: what somebody still has a view of then, is a copy from there on, in the same place.
"""

from __future__ import annotations

import mmap
import os
import weakref
from typing import Any

from ..errors import DirtyError
from .mapping import copy_at, map_at, unmap
from .shelf import Shelf

Key = tuple[int, int]


class Mapping:
    """One memory, as it is mapped here.

    Attributes:
        key: tells it from others, as long as it is mapped.
        size: in bytes.

    Raises:
        OSError: it cannot be mapped.
    """

    def __init__(self, key: Key, number: int, size: int) -> None:
        import ctypes

        self.key, self.size = key, size
        self._place: int | None = map_at(None, size, mmap.PROT_READ, mmap.MAP_SHARED, number)
        self._bytes = ctypes.c_ubyte * size
        self._seen: weakref.ref[Any] | None = None
        self._is_copy = False

    def view(self) -> memoryview:
        """All of it, read-only. When nobody has it any more, the mapping is free again."""
        assert self._place is not None
        seen = self._bytes.from_address(self._place)
        self._seen = weakref.ref(seen)
        weakref.finalize(seen, self._unseen).atexit = False
        return memoryview(seen).cast("B").toreadonly()

    def _unseen(self) -> None:
        if self._is_copy:
            self.close()
        else:
            MAPPINGS.put(self)

    def give_back(self) -> None:
        """Read nothing of it any more: who still has a view has one of a copy. Raises OSError."""
        # Whoever has it keeps the place from being free meanwhile.
        seen = self._seen() if self._seen is not None else None
        if seen is not None and self._place is not None and not self._is_copy:
            copy_at(self._place, self.size)
            self._is_copy = True
            MAPPINGS.lost(self)

    def close(self) -> None:
        """Let go of it."""
        place, self._place = self._place, None
        if place is not None:
            unmap(place, self.size)

    __del__ = close


MAPPINGS: Shelf[Mapping] = Shelf()


class Borrowed:
    """What one call has been lent."""

    def __init__(self) -> None:
        self._mappings: list[Mapping] = []

    def view(self, number: int, size: int) -> memoryview:
        """All of a memory, read-only. Raises OSError."""
        told = os.fstat(number)
        key = told.st_dev, told.st_ino
        mapping = MAPPINGS.take(lambda one: one.key == key)
        mapping = mapping or MAPPINGS.new(lambda: Mapping(key, number, size))
        self._mappings.append(mapping)
        return mapping.view()

    def give_back(self) -> None:
        """Read nothing of it any more. Raises DirtyError where there is no memory for a copy."""
        mappings, self._mappings = self._mappings, []
        try:
            for mapping in mappings:
                mapping.give_back()
        except OSError as error:
            reason = f"no memory for a copy of what is still used of an argument: {error.strerror}"
            raise DirtyError(reason) from None
