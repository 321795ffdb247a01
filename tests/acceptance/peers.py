"""A peer that sends whatever it is given, and reads frames without looking into them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Self

import gdproto

LIMIT_S = 120.0
BATCH_BYTES = 2**18


class Attacker:
    """A connection of raw bytes.

    Args:
        socket_path: the arbiter's.
    """

    def __init__(self, socket_path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(LIMIT_S)
        self.socket.connect(socket_path)
        self._buffer = memoryview(bytearray(2**20))
        self._there = 0
        self._start = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()

    def send(self, frames: Iterable[bytes]) -> None:
        """Send the frames, small ones together."""
        batch = bytearray()
        for frame in frames:
            batch += frame
            if len(batch) >= BATCH_BYTES:
                self.socket.sendall(batch)
                batch = bytearray()
        self.socket.sendall(batch)

    def take(self, count: int) -> None:
        """Read so many frames. Raises AssertionError where the stream ends before."""
        for _ in range(count):
            self._need(gdproto.HEADER_BYTES)
            header = gdproto.parse_header(self._buffer, self._start)
            self._skip(gdproto.HEADER_BYTES + header.length)

    def strike(self, frames: Iterable[bytes], answers: int) -> None:
        """Send the frames, and read so many answers meanwhile."""
        sender = threading.Thread(target=self.send, args=(frames,))
        sender.start()
        self.take(answers)
        sender.join()

    def _need(self, size: int) -> None:
        if self._there - self._start < size:
            left = self._buffer[self._start : self._there]
            self._buffer[: len(left)] = bytes(left)
            self._start, self._there = 0, len(left)
        while self._there - self._start < size:
            self._there += self._read(self._buffer[self._there :])

    def _skip(self, size: int) -> None:
        there = self._there - self._start
        self._start += min(size, there)
        size -= min(size, there)
        while size:
            size -= self._read(self._buffer[:size])

    def _read(self, room: memoryview) -> int:
        count = self.socket.recv_into(room)
        assert count, "the arbiter closed the connection"
        return count
