"""The app both arbiters serve. It imports neither project."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

APP_PATH = "benchmarks.app:BenchmarkApp"
TOKEN = " token"


class BenchmarkApp:
    """Actions that do next to nothing, so that what is timed is the way to them and back."""

    def init(self) -> None:
        """Nothing to load."""

    def close(self) -> None:
        """Nothing to release."""

    def __call__(self, action: str, /, *args: Any, **kwargs: Any) -> Any:
        """Call the action of that name."""
        if action.startswith("_"):
            raise ValueError(f"no action {action}")
        return getattr(self, action)(*args, **kwargs)

    def echo(self, value: Any) -> Any:
        """Return what came."""
        return value

    def add(self, left: int, right: int) -> int:
        """Return a sum: the small call."""
        return left + right

    def worker_pid(self) -> int:
        """Return the id of the process that serves the call."""
        return os.getpid()

    def arbiter_pid(self) -> int:
        """Return the id of the process that started this worker."""
        return os.getppid()

    def tokens(self, count: int) -> Iterator[str]:
        """Yield `count` tokens without a pause."""
        for _ in range(count):
            yield TOKEN

    async def tokens_async(self, count: int) -> AsyncIterator[str]:
        """Yield `count` tokens without a pause, as an async generator."""
        for _ in range(count):
            yield TOKEN
