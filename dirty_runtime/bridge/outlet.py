"""What comes out of the lane of a worker that is an actor.

Rules: who has put a question in takes what comes within a moment, as the answer to him: for Ray
that is half as much work as an item of a stream. The stream brings all else, so it reads unless
somebody waits, and not after an answer that was whole: nothing comes then but the lane's end.
Pieces are numbered, as either may be there first.
"""

from __future__ import annotations

import os
import select
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress

from .pieces import PIECE_BYTES, Frames, Numbered, Piece, taken

# A call that takes longer than that loses half a millisecond.
ANSWER_MS = 5


class Outlet:
    """What a worker sends on one lane."""

    def __init__(self, lane: socket.socket) -> None:
        self._lane = lane
        self._frames = Frames()
        # What was read, and nobody has yet.
        self._waiting: deque[Piece] = deque()
        self._number = 0
        self._reading = threading.Lock()
        # Whether the stream has nothing to read.
        self._is_left = False
        self._go_on, self._said = os.pipe()
        os.set_blocking(self._go_on, False)
        os.set_blocking(self._said, False)

    def answer(self, ask: Callable[[], object]) -> Numbered | None:
        """Ask, and the first of what the worker sends then; none where that takes a while."""
        self._is_left = True
        ask()
        answer = self._next() if _comes(self._lane, ANSWER_MS) else None
        if answer is None or self._waiting or not self._frames.is_answered:
            self._is_left = False
            with suppress(BlockingIOError):
                os.write(self._said, b".")
        return answer

    def stream(self) -> Iterator[Numbered]:
        """What nobody takes as an answer; its end is an empty piece, again and again."""
        looks = select.poll()
        looks.register(self._go_on, select.POLLIN)
        while True:
            # The end of the lane is told in any case.
            looks.register(self._lane, 0 if self._is_left else select.POLLIN)
            came = dict(looks.poll(0 if self._waiting else None)).get(self._lane.fileno(), 0)
            with suppress(BlockingIOError):
                os.read(self._go_on, PIECE_BYTES)
            if (came & ~select.POLLIN or not self._is_left) and (found := self._next()):
                yield found

    def close(self) -> None:
        """Let go of what the stream waits at; it has been read to its end."""
        os.close(self._go_on)
        os.close(self._said)

    def _next(self) -> Numbered | None:
        with self._reading:
            if not self._waiting and _comes(self._lane, 0):
                try:
                    self._waiting.extend(taken(self._lane, self._frames))
                except OSError:
                    self._waiting.append(b"")
            if not self._waiting:
                return None
            self._number += 1
            return self._number - 1, self._waiting.popleft()


def _comes(lane: socket.socket, within_ms: int) -> bool:
    looks = select.poll()
    looks.register(lane, select.POLLIN)
    return bool(looks.poll(within_ms))
