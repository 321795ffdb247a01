"""Pieces that several bring, in the order of their numbers."""

from __future__ import annotations

import threading
from collections.abc import Callable

from .pieces import Piece


class InOrder:
    """Writes pieces; who brings one waits until those before it are written.

    Args:
        write: takes a piece, and may wait.
    """

    def __init__(self, write: Callable[[Piece], object]) -> None:
        self._write = write
        self._number = 0
        self._turn = threading.Condition()

    def put(self, number: int, piece: Piece) -> None:
        """Write it in its turn. Raises what `write` does."""
        with self._turn:
            self._turn.wait_for(lambda: self._number == number)
            try:
                self._write(piece)
            finally:
                self._number += 1
                self._turn.notify_all()
