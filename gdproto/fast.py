"""What the fast codec is made with: how it doubts, and by what it is tuned.

The code itself is generated, since it spells out every type and field.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any


class Doubt(Exception):
    """Left to the strict codec."""


class Faulty(Exception):
    """A value is at fault at a place; the strict codec says what is wrong there.

    Args:
        at: where the key or value begins that cannot be right.
        around: what is open there, the outermost first: (count, left, room, held, key) of a list
            or dict. The first stands for what holds the root. `held` is a dict's keys so far, or
            the dict; of a list None, or the list.
    """

    def __init__(self, at: int, around: list[Any]) -> None:
        super().__init__(at)
        self.at = at
        self.around = around


# What the fast code may end in; all of it means Doubt. RecursionError is a RuntimeError.
DOUBTS = (Doubt, LookupError, struct.error, UnicodeError, RuntimeError, OverflowError)

Write = Callable[[bytes | bytearray], None]

# So many numbers of one type are packed and unpacked in one call.
RUN = 64

# Keys come again and again: so many, none of more bytes, are kept as they are written.
KEY_CACHE_SIZE = 1024
KEY_CACHE_BYTES = 40
