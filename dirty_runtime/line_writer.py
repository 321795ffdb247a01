"""Lines that are written by a thread, so that who says them waits for nobody.

Rules: a line goes into a queue with a bound, and is written in its turn; putting it there neither
waits nor raises. What the target does not take for now is tried again. Lines that find the queue
full are dropped and counted, and the count is written where they would have stood.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from select import POLLOUT, poll
from typing import Protocol

# What may wait to be written; as much again may be on its way.
KEPT_BYTES = 1024 * 1024
# Lines of so long a time are written together: a thread that wakes for each costs the others more.
PAUSE_S = 0.01
RETRY_S = 1.0


class Target(Protocol):
    """Where lines go."""

    def follow(self) -> bool:
        """Find the right place. Returns whether it is another than before. Raises OSError."""

    def write(self, data: memoryview) -> int:
        """Write what is taken. Returns how many bytes. Raises OSError."""


class Stream:
    """A file descriptor that somebody else opened."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def follow(self) -> bool:
        return False

    def write(self, data: memoryview) -> int:
        try:
            return os.write(self._fd, data)
        except BlockingIOError:
            waiting = poll()
            waiting.register(self._fd, POLLOUT)
            if not waiting.poll(RETRY_S * 1000):
                raise
            return 0


class LineWriter:
    """Writes lines to a target, in a thread that starts with the first.

    Args:
        target: where to.
        told: makes the line that says how many were dropped.
        failed: called by the thread when the target begins to fail, with the reason.

    Attributes:
        dropped: how many lines were dropped so far.
    """

    def __init__(
        self,
        target: Target,
        told: Callable[[int], bytes],
        failed: Callable[[OSError], None] = lambda error: None,
    ) -> None:
        self.dropped = 0
        self._target = target
        self._told = told
        self._failed = failed
        # What is collected as garbage, or a signal, may say something in the middle of `put`.
        self._lock = threading.RLock()
        self._lines: list[bytes] = []
        self._size = 0
        self._untold = 0
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._has_rung = False
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        # The thread's own: what it writes, from where on, and whether that fails.
        self._data = b""
        self._at = 0
        self._fails = False

    def put(self, line: bytes) -> None:
        """Have a line written, with the end that it has."""
        with self._lock:
            if self._size + len(line) > KEPT_BYTES:
                self.dropped += 1
                self._untold += 1
                return
            self._lines.append(line)
            self._size += len(line)
        self.wake()

    def wake(self) -> None:
        """Have the thread look for lines, and at its target."""
        if self._thread is None:
            self._start()
        if not self._has_rung:
            self._has_rung = True
            self._bell.put(None)

    def close(self, within_s: float) -> None:
        """Write what waits, if that is done within so many seconds."""
        self._closing.set()
        self._bell.put(None)
        if self._thread is not None:
            self._thread.join(within_s)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="lines", daemon=True)
                # Where there can be no thread now, there may be one for the next line.
                with suppress(RuntimeError):
                    thread.start()
                    self._thread = thread

    # --- what the thread does ---

    def _run(self) -> None:
        # They are for the main thread, also while it has them wait.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while True:
            self._bell.get()
            self._has_rung = False
            is_last = self._closing.is_set()
            is_taken = self._write()
            if is_last and not (is_taken and self._size):
                return
            self._closing.wait(PAUSE_S if is_taken else RETRY_S)
            if self._size or not is_taken or self._closing.is_set():
                self._bell.put(None)

    def _write(self) -> bool:
        """Write what was begun, or else what waits. Returns whether it was taken."""
        try:
            if self._target.follow():
                # Another file begins with a whole line.
                self._at = self._data.rfind(b"\n", 0, self._at) + 1
            if self._at == len(self._data):
                self._data, self._at = self._take(), 0
            while self._at < len(self._data):
                self._at += self._target.write(memoryview(self._data)[self._at :])
        except OSError as error:
            if not self._fails:
                self._failed(error)
            self._fails = True
            return False
        self._fails = False
        return True

    def _take(self) -> bytes:
        """All that waits, and behind it how many lines found no room."""
        with self._lock:
            lines, self._lines = self._lines, []
            untold, self._untold = self._untold, 0
            self._size = 0
        if untold:
            lines.append(self._told(untold))
        return b"".join(lines)


def write_line(text: str, within_s: float) -> None:
    """Write a line to standard error, if it is taken within so many seconds."""
    writer = LineWriter(Stream(2), lambda count: b"")
    writer.put(f"{text}\n".encode(errors="backslashreplace"))
    writer.close(within_s)
