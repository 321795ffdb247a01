"""What goes into the lane of a worker that is an actor.

Rules: pieces go in in the order of their numbers, whichever comes first. Who brings one waits for
nobody: where the lane is full, a thread goes on.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from .pieces import Piece
from .sending import Sending


class Intake:
    """Puts pieces into a lane in the order of their numbers, by a thread where the lane is full."""

    def __init__(self, lane: socket.socket) -> None:
        self._sending = Sending(lane, socket.SHUT_WR)
        self._pieces: dict[int, Piece | memoryview] = {}
        # That of the piece which is put in next, and whether the thread is at it.
        self._number = 0
        self._is_full = False
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="intake", daemon=True).start()

    def put(self, number: int, piece: Piece) -> None:
        """Put it in, as soon as those before it are."""
        with self._changed:
            self._pieces[number] = piece
            if not self._is_full:
                self._put_now()

    def _put_now(self) -> None:
        """Put in what is there, as far as nobody has to wait for that."""
        # A lane that the worker has closed takes no more.
        with suppress(OSError):
            while self._number in self._pieces:
                left = self._pieces[self._number]
                with suppress(BlockingIOError):
                    left = self._sending.send(left, socket.MSG_DONTWAIT)
                if left:
                    self._pieces[self._number] = left
                    self._is_full = True
                    self._changed.notify()
                    return
                self._done()

    def _done(self) -> None:
        del self._pieces[self._number]
        self._number += 1

    def _run(self) -> None:
        with suppress(OSError):
            while True:
                with self._changed:
                    while not self._is_full:
                        self._changed.wait()
                    piece = self._pieces[self._number]
                self._sending.send_all(piece)
                with self._changed:
                    self._done()
                    self._is_full = False
                    self._put_now()
