"""Closes what may take long to close: threads of its own do, and end with the process.

Rules: to free much memory takes long. What is no memory may be anything: a socket that lingers is
told not to; whatever else has its close wait keeps a thread, and not those who close memory.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from queue import SimpleQueue

NEVER = struct.pack("ii", 0, 0)


class Closer:
    """Threads that close descriptors.

    Args:
        count: how many of them, at most.
        close: one; may raise OSError.
    """

    def __init__(self, count: int, close: Callable[[int], object] = os.close) -> None:
        self._left = count
        self._close = close
        self._waiting: SimpleQueue[int] = SimpleQueue()

    def close(self, numbers: Iterable[int]) -> None:
        """Have them closed."""
        for number in numbers:
            self._waiting.put(number)
            if self._left:
                self._left -= 1
                threading.Thread(target=self._run, name="closing", daemon=True).start()

    def _run(self) -> None:
        while True:
            with suppress(OSError):
                self._close(self._waiting.get())


def close_any(number: int) -> None:
    """Close whatever it is. Raises OSError."""
    try:
        one = socket.socket(fileno=number)
    except OSError:
        os.close(number)
        return
    with one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NEVER)


MEMORY = Closer(1)
OTHERS = Closer(4, close_any)
