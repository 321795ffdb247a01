"""The conformance app: what an arbiter or a worker serves while it is judged.

Rules: it does what `app.md` says and nothing else; it is any class with `init`, `close` and
`__call__`, so that it runs under every arbiter of Python apps. It refuses nothing by itself: who
may call what is for the worker to say.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

BOOT_S = 0.3
EXIT_STATUS = 7
CHILD_S = 5.0
POLL_S = 0.01


class App:
    """The actions; the counters live as long as the worker."""

    def __init__(self) -> None:
        self.notes: Counter[str] = Counter()
        self.produced = 0
        self.ended = 0
        self.marker: Path | None = None

    def init(self) -> None:
        # Long enough that what happens meanwhile can be seen.
        time.sleep(BOOT_S)

    def close(self) -> None:
        if self.marker is not None:
            self.marker.write_text("closed")

    def __call__(self, action: str, /, *args: Any, **kwargs: Any) -> Any:
        method = getattr(self, action, None)
        if not callable(method):
            raise ValueError(f"there is no action {action!r}")
        return method(*args, **kwargs)

    # --- answers ---

    def echo(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {"args": list(args), "kwargs": kwargs}

    def add(self, a: Any, b: Any) -> Any:
        return a + b

    def blob(self, size: int) -> bytes:
        return b"x" * size

    def deep(self, levels: int) -> list[Any]:
        value: list[Any] = []
        for _ in range(levels - 1):
            value = [value]
        return value

    def sleep(self, seconds: float) -> float:
        time.sleep(seconds)
        return seconds

    def environment(self, name: str) -> str | None:
        return os.environ.get(name)

    # --- streams ---

    def count(self, stop: int) -> Iterator[int]:
        yield from range(stop)

    def count_and_fail(self, stop: int) -> Iterator[int]:
        yield from range(stop)
        raise ValueError("after the items")

    def tick(self, times: int, every_s: float) -> Iterator[int]:
        try:
            for number in range(times):
                time.sleep(every_s)
                yield number
        finally:
            self.ended += 1

    def blobs(self, times: int, size: int) -> Iterator[bytes]:
        for _ in range(times):
            self.produced += 1
            yield b"x" * size

    # --- failures ---

    def fail(self, text: str) -> None:
        raise ValueError(text)

    def fail_oddly(self) -> None:
        raise ValueError("\ud800" * 200_000)

    def unencodable(self) -> object:
        return object()

    def die(self) -> None:
        os._exit(EXIT_STATUS)

    def die_and_leave_a_child(self) -> None:
        """The child holds what it inherited, the lanes included."""
        if os.fork() == 0:
            time.sleep(CHILD_S)
            os._exit(0)
        os.kill(os.getpid(), signal.SIGKILL)

    def blob_and_die(self, size: int, path: str) -> bytes:
        """The process is killed from beside, wherever the answer is by then."""
        threading.Thread(target=_die_when_there, args=(Path(path),), daemon=True).start()
        return self.blob(size)

    def spawn(self) -> int:
        """Start a program that inherits whatever this process lets it."""
        words = [sys.executable, "-c", f"import time; time.sleep({CHILD_S})"]
        return subprocess.Popen(words, close_fds=False).pid

    # --- what happened ---

    def note(self, name: str) -> int:
        self.notes[name] += 1
        return self.notes[name]

    def noted(self, name: str) -> int:
        return self.notes[name]

    def counters(self) -> dict[str, int]:
        return {"produced": self.produced, "ended": self.ended}

    def mark_when_closed(self, path: str) -> None:
        self.marker = Path(path)

    def _hidden(self) -> str:
        return "reached"


class Wide(App):
    """The same, for a worker that takes several exchanges on a lane: what takes time is awaited."""

    concurrency = 8

    async def sleep(self, seconds: float) -> float:  # type: ignore[override]
        await asyncio.sleep(seconds)
        return seconds

    async def tick(self, times: int, every_s: float) -> AsyncIterator[int]:  # type: ignore[override]
        try:
            for number in range(times):
                await asyncio.sleep(every_s)
                yield number
        finally:
            self.ended += 1

    async def blobs(self, times: int, size: int) -> AsyncIterator[bytes]:  # type: ignore[override]
        for blob in super().blobs(times, size):
            yield blob


def _die_when_there(path: Path) -> None:
    while not path.exists():
        time.sleep(POLL_S)
    os.kill(os.getpid(), signal.SIGKILL)


class Broken(App):
    """An app that cannot be initialised."""

    def init(self) -> None:
        raise ValueError("this app cannot be initialised")
