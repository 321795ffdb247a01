"""What the fast codec is made with: how it doubts, and by what it is tuned.

The code itself is generated, since it spells out every type and field.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Callable, Sequence
from typing import Any


class Doubt(Exception):
    """Left to the strict codec."""


class Again(Doubt):
    """A key that the dict has already."""


class TooLarge(Doubt):
    """More bytes than there may be, and nothing at fault among them."""


class Faulty(Exception):
    """A value is at fault at a place; the strict codec says what is wrong there.

    Args:
        at: where the key or value begins that cannot be right.
        around: what is open there, the outermost first: (count, left, room, held, key) of a list
            or dict. The first stands for what holds the root. `held` is a dict's keys so far, or
            the dict; of a list None, or the list.
        doubt: that it is one.
    """

    def __init__(self, at: int, around: list[Any], doubt: Exception) -> None:
        super().__init__(at)
        self.at = at
        self.around = around
        self.doubt = doubt


# What the fast code may end in; all of it means Doubt. RecursionError is a RuntimeError.
DOUBTS = (Doubt, LookupError, struct.error, UnicodeError, RuntimeError, OverflowError)

# A longer text is judged in pieces: what fails in one copies what it fails in.
LONG_TEXT_BYTES = 64 * 1024
_NEW_DECODER = codecs.getincrementaldecoder("utf-8")


def judge_text(data: bytes | memoryview, start: int, stop: int) -> None:
    """Raise UnicodeError unless a part of the data is UTF-8."""
    decoder = _NEW_DECODER()
    for at in range(start, stop, LONG_TEXT_BYTES):
        decoder.decode(data[at : min(at + LONG_TEXT_BYTES, stop)])
    decoder.decode(b"", True)


Write = Callable[[bytes | bytearray], None]

# From here on bytes are a part of their own, where a frame is wanted in parts.
PART_BYTES = 64 * 1024
# Blobs of more bytes are counted one by one.
COUNTED_BYTES = 512
# So many pieces are put together while there are more to come.
MOST_PIECES = 64 * 1024


class Written(list[bytes | bytearray]):
    """What has been written, in pieces; the writers call `append`, and now and then the others.

    Attributes:
        most: as many bytes as there may be: what is larger is found out before it is all written.
        trail: after a doubt, the keys and indexes that lead there, the innermost first.
        culprit: after a doubt, the key or value where it arose; the whole value without a trail.
        is_key: it is a key.
    """

    most = 0
    trail: list[str | int] | None = None
    culprit: Any = None
    is_key = False
    _large = 0

    def counted(self, size: int) -> None:
        """Count a large piece. Raises TooLarge when they are too many bytes."""
        self._large += size
        if self._large > self.most:
            raise TooLarge

    def settle(self) -> None:
        """Put small pieces together. Raises TooLarge when there are too many bytes."""
        settled: list[bytes | bytearray] = [bytearray()]
        for piece in self:
            if type(piece) is bytes and len(piece) >= PART_BYTES:
                settled += [piece, bytearray()]
            else:
                settled[-1] += piece
        self[:] = settled
        if sum(map(len, self)) > self.most:
            raise TooLarge

    def lost_item(self, values: Sequence[Any], value: Any, done: int) -> None:
        """A doubt arose at a value of a list, of which `done` are no longer among the values."""
        if self.trail is None:
            self.trail, self.culprit = [], value
        # The first one that is the same would have been in doubt already.
        self.trail.append(done + next(i for i, one in enumerate(values) if one is value))

    def lost_pair(self, key: Any, value: Any) -> None:
        """A doubt arose at a pair of a dict."""
        if self.trail is not None:
            self.trail.append(key)
        elif is_plain_key(key):
            self.trail, self.culprit = [key], value
        else:
            self.trail, self.culprit, self.is_key = [], key, True


def is_plain_key(key: Any) -> bool:
    """Whether the fast codec writes the key, but for one that is too long."""
    try:
        return type(key) is str and key.encode() is not None
    except UnicodeError:
        return False


# So many numbers of one type are packed and unpacked in one call.
RUN = 64

# Keys come again and again: so many, none of more bytes, are kept as they are written.
KEY_CACHE_SIZE = 1024
KEY_CACHE_BYTES = 40
