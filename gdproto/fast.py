"""What the fast codec is made with: how it doubts, and by what it is tuned.

The code itself is generated, since it spells out every type and field.
"""

from __future__ import annotations

import struct
from collections.abc import Callable


class Doubt(Exception):
    """Left to the strict codec."""


# What the fast code may end in; all of it means Doubt. RecursionError is a RuntimeError.
DOUBTS = (Doubt, LookupError, struct.error, UnicodeError, RuntimeError, OverflowError)

Write = Callable[[bytes | bytearray], None]

# So many numbers of one type are packed and unpacked in one call.
RUN = 64

# Keys come again and again: so many, none of more bytes, are kept as they are written.
KEY_CACHE_SIZE = 1024
KEY_CACHE_BYTES = 40
