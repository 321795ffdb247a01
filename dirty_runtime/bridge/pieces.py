"""How the bytes of a lane are cut into what a cluster carries.

Rules: a piece is what has come, up to a size that travels within Ray's messages. What is still to
come of a large frame is one piece: it travels by the store of objects, which takes a while for
each, however large. So does memory that is passed with a frame: its parts come right before the
frame. What makes no sense as frames is bytes all the same: who reads it says so.
"""

from __future__ import annotations

import copy
import mmap
import os
import pickle
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

import gdproto

from ..sockets.passing import judged, receive_passed, receive_within

# Ray puts what is larger than 100 KB into its store.
PIECE_BYTES = 96 * 1024
# In pieces a frame of this size takes as long as by the store.
LARGE_BYTES = 4 * 2**20
# Of memory that is passed, as much as of the largest frame.
PART_BYTES = gdproto.MAX_PAYLOAD_BYTES


class Part(NamedTuple):
    """Some of a memory: where it is in it, how many bytes that has in all, and these."""

    offset: int
    size: int
    data: bytes | pickle.PickleBuffer


Piece = bytes | pickle.PickleBuffer | Part
# A piece, and which one of its lane it is: it may come before the one before it.
Numbered = tuple[int, Piece]
Carried = bytes | tuple[int, int, Piece]
HEAD = struct.Struct("!IQ")


def carried(lane: int, number: int, piece: Piece) -> Carried:
    """As what Ray is to carry it: bytes go as they are, and all else is pickled."""
    return HEAD.pack(lane, number) + piece if isinstance(piece, bytes) else (lane, number, piece)


def arrived(what: Carried) -> tuple[int, int, Piece]:
    """The lane, the piece's number, and the piece."""
    if isinstance(what, bytes):
        return *HEAD.unpack_from(what), what[HEAD.size :]
    return what


class Frames:
    """Where one is in a stream of frames.

    Attributes:
        begin: where the last frame begins in what was passed last; 0 where none does.
    """

    def __init__(self) -> None:
        self.begin = 0
        self._head = b""
        self._left = 0
        self._code = 0
        self._makes_sense = True

    @property
    def left(self) -> int:
        """Bytes that are still to come of the frame that is under way, as far as it is known."""
        return self._left

    @property
    def is_between(self) -> bool:
        """Whether the last frame is whole, and nothing of the next has come."""
        return not self._left and not self._head

    @property
    def is_answered(self) -> bool:
        """Whether nothing more is to come of what a worker answers."""
        return self.is_between and self._code != gdproto.MessageCode.CHUNK

    def passed(self, data: bytes | memoryview) -> None:
        """These bytes have come."""
        self.begin = 0
        at = min(self._left, len(data))
        self._left -= at
        if at == len(data) or not self._makes_sense:
            return
        kept = len(self._head) - at
        data, at = self._head + bytes(data[at:]), 0
        try:
            while at < len(data):
                self.begin = max(0, at - kept)
                if at + gdproto.HEADER_BYTES > len(data):
                    break
                header = gdproto.parse_header(data, at)
                self._code = header.code
                at += gdproto.HEADER_BYTES + header.length
        except gdproto.ProtocolError:
            self._makes_sense = False
            return
        self._head, self._left = data[at:], max(0, at - len(data))


def is_end(piece: Piece) -> bool:
    """Whether nothing comes any more."""
    return not isinstance(piece, Part) and not len(memoryview(piece))


def taken(source: socket.socket, frames: Frames) -> list[Piece]:
    """What comes next, which `frames` has passed then; an empty piece where the stream has ended.

    Raises:
        OSError: nothing can come.
    """
    if frames.left > LARGE_BYTES:
        large = _exactly(source, frames.left)
        frames.passed(large)
        return [pickle.PickleBuffer(large)]
    passed: list[int] = []
    data = receive_passed(source, PIECE_BYTES, passed)
    found: list[Piece] = []
    if passed:
        before = _before_the_last(data, frames)
        found = [data[:before], *_parts(passed)] if before else [*_parts(passed)]
        frames.passed(data[:before])
        data = data[before:]
    frames.passed(data)
    return [*found, data]


def _before_the_last(data: bytes, frames: Frames) -> int:
    """How many bytes come before the last frame that begins there: it has what was passed."""
    ahead = copy.copy(frames)
    ahead.passed(data)
    return ahead.begin


def _parts(passed: list[int]) -> Iterator[Part]:
    """The memories that were passed; none where one cannot be read: who wants them is told."""
    try:
        with suppress(ValueError):
            for number, size in [(number, judged(number).size) for number in passed]:
                memory = mmap.mmap(number, size, prot=mmap.PROT_READ) if size else b""
                for offset in range(0, size or 1, PART_BYTES):
                    share = memoryview(memory)[offset : offset + PART_BYTES]
                    yield Part(offset, size, pickle.PickleBuffer(share))
    finally:
        for number in passed:
            os.close(number)


def _exactly(source: socket.socket, count: int) -> memoryview:
    """So many bytes; fewer where the stream ends before. Raises OSError."""
    room, at = memoryview(_room(count)), 0
    while at < count and (got := receive_within(source, room[at:])):
        at += got
    return room[:at]


def _room(count: int) -> mmap.mmap:
    """Memory of its own, in large pages where the system has them: it is used once."""
    room = mmap.mmap(-1, count, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        room.madvise(mmap.MADV_HUGEPAGE)
    return room
