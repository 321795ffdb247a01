"""Writes the CHUNKs of a stream: one that comes alone at once, those that come in a rush together.

Rules: a chunk waits only if another was written less than PAUSE_S before it, and no longer than
until PAUSE_S are over or FULL_BYTES wait. A thread of its own sees to that, since the generator
may take its time for the next one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

PAUSE_S = 0.0005
FULL_BYTES = 16 * 1024


class ChunkWriter:
    """Gathers the frames that one lane writes.

    Args:
        write: sends bytes. Raises when the lane is gone, and then always.
    """

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._written_s = 0.0
        self._alarm = threading.Semaphore(0)
        self._is_alarmed = False
        self._is_closed = False
        self._thread: threading.Thread | None = None

    def add(self, frame: bytes) -> None:
        """Write `frame` now or very soon. Raises what `write` raises."""
        with self._lock:
            self._waiting.append(frame)
            self._waiting_bytes += len(frame)
            if self._waiting_bytes >= FULL_BYTES or monotonic() - self._written_s >= PAUSE_S:
                self._flush()
            elif not self._is_alarmed:
                self._set_alarm()

    def flush(self) -> None:
        """Write what waits. Raises what `write` raises."""
        with self._lock:
            self._flush()

    def close(self) -> None:
        """End the thread, if there is one: nothing more is to be written."""
        self._is_closed = True
        self._alarm.release()

    def leave_copy(self) -> None:
        """In a copy of this process: the thread that may hold the lock is not there."""
        self._lock = threading.Lock()

    def _flush(self) -> None:
        if self._waiting:
            frames, self._waiting, self._waiting_bytes = self._waiting, [], 0
            self._write(b"".join(frames))
            self._written_s = monotonic()

    def _set_alarm(self) -> None:
        self._is_alarmed = True
        if self._thread is None:
            self._thread = threading.Thread(target=self._keep_time, name="chunks", daemon=True)
            self._thread.start()
        self._alarm.release()

    def _keep_time(self) -> None:
        # What `write` raises ends the thread; the lane's own thread will meet it too.
        with suppress(Exception):
            while self._alarm.acquire() and not self._is_closed:
                while self._is_alarmed:
                    time.sleep(PAUSE_S)
                    self._look()

    def _look(self) -> None:
        with self._lock:
            if monotonic() - self._written_s >= PAUSE_S:
                self._flush()
            self._is_alarmed = bool(self._waiting)
