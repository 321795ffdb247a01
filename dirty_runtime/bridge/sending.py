"""Pieces, sent on a lane as they came on the other.

Rules: parts of memory are put together, sealed, and passed with the frame that comes next. Where
there is no room for them, that goes without: who reads it tells what is missing.
"""

from __future__ import annotations

import fcntl
import os
import socket
from array import array

from ..sockets.passing import SEALS
from .pieces import Part, Piece


class Sending:
    """Sends on one lane.

    Args:
        lane: where to.
        how: of ``shutdown``, when all is sent.
    """

    def __init__(self, lane: socket.socket, how: int) -> None:
        self._lane = lane
        self._how = how
        self._memories: list[int] = []
        self._has_room = True

    def send(self, piece: Piece | memoryview, flags: int = 0) -> memoryview:
        """Send of it what the lane takes; an empty one is its end.

        Returns:
            What is left.

        Raises:
            OSError: nothing can be sent; BlockingIOError: nothing now.
        """
        if isinstance(piece, Part):
            self._add(piece)
            return memoryview(b"")
        data = memoryview(piece)
        if not len(data):
            self._lane.shutdown(self._how)
            return data
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", self._memories))
        count = self._lane.sendmsg([data], [rights] if self._memories else (), flags)
        self._forget()
        self._has_room = True
        return data[count:]

    def send_all(self, piece: Piece | memoryview) -> None:
        """Send all of it. Raises OSError."""
        left = self.send(piece)
        while left:
            left = self.send(left)

    def _add(self, part: Part) -> None:
        try:
            if self._has_room:
                self._write(part)
        except OSError:
            self._forget()
            self._has_room = False

    def _write(self, part: Part) -> None:
        if not part.offset:
            number = os.memfd_create("gd", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            self._memories.append(number)
        number, data = self._memories[-1], memoryview(part.data)
        end = part.offset + len(data)
        while data:
            data = data[os.write(number, data) :]
        if end == part.size:
            fcntl.fcntl(number, fcntl.F_ADD_SEALS, SEALS)

    def _forget(self) -> None:
        for number in self._memories:
            os.close(number)
        self._memories = []
