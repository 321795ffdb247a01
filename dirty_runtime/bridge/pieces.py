"""How the bytes of a lane are cut into what a cluster carries.

Rules: a piece is what has come, up to a size that travels within Ray's messages. What is still to
come of a large frame is one piece: it travels by the store of objects, which takes a while for
each, however large. What makes no sense as frames is bytes all the same: who reads it says so.
"""

from __future__ import annotations

import pickle
import socket
from collections.abc import Iterator

import gdproto

# Ray puts what is larger than 100 KB into its store.
PIECE_BYTES = 96 * 1024
# In pieces a frame of this size takes as long as by the store.
LARGE_BYTES = 4 * 2**20

Piece = bytes | pickle.PickleBuffer


class Frames:
    """Where one is in a stream of frames."""

    def __init__(self) -> None:
        self._head = b""
        self._left = 0
        self._makes_sense = True

    @property
    def left(self) -> int:
        """Bytes that are still to come of the frame that is under way, as far as it is known."""
        return self._left

    def passed(self, data: bytes | bytearray) -> None:
        """These bytes have come."""
        at = min(self._left, len(data))
        self._left -= at
        if at == len(data) or not self._makes_sense:
            return
        data, at = self._head + bytes(data[at:]), 0
        try:
            while at + gdproto.HEADER_BYTES <= len(data):
                at += gdproto.HEADER_BYTES + gdproto.parse_header(data, at).length
        except gdproto.ProtocolError:
            self._makes_sense = False
            return
        self._head, self._left = data[at:], max(0, at - len(data))


def pieces(source: socket.socket) -> Iterator[Piece]:
    """What comes, until the stream ends. Raises OSError."""
    frames = Frames()
    while True:
        if frames.left > LARGE_BYTES:
            large = _exactly(source, frames.left)
            frames.passed(large)
            yield pickle.PickleBuffer(large)
        elif data := source.recv(PIECE_BYTES):
            frames.passed(data)
            yield data
        else:
            return


def _exactly(source: socket.socket, count: int) -> bytearray:
    """So many bytes; fewer where the stream ends before. Raises OSError."""
    room, at = bytearray(count), 0
    with memoryview(room) as view:
        while at < count and (got := source.recv_into(view[at:])):
            at += got
    del room[at:]
    return room
