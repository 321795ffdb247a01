"""One app with an action of every kind, on our base; `gunicorn_kinds` has it on gunicorn's."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import dirty_runtime


class Actions:
    """The actions; the counters live as long as the worker."""

    def init(self) -> None:
        self.inits = getattr(self, "inits", 0) + 1
        self.closes = 0
        self.generators_closed = 0

    def close(self) -> None:
        self.closes += 1

    def counters(self) -> dict[str, int]:
        return {
            "inits": self.inits,
            "closes": self.closes,
            "generators_closed": self.generators_closed,
        }

    def pid(self) -> int:
        return os.getpid()

    def environment(self, name: str) -> str | None:
        return os.environ.get(name)

    def thread(self) -> str:
        return threading.current_thread().name

    def echo(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {"args": list(args), "kwargs": kwargs}

    async def add_later(self, a: int, b: int) -> int:
        await asyncio.sleep(0)
        return a + b

    def zeros(self, size: int) -> bytes:
        return bytes(size)

    def count(self, stop: int) -> Iterator[int]:
        try:
            yield from range(stop)
        finally:
            self.generators_closed += 1

    async def count_later(self, stop: int) -> AsyncIterator[int]:
        try:
            for number in range(stop):
                await asyncio.sleep(0)
                yield number
        finally:
            self.generators_closed += 1

    def burst(self, stop: int) -> Iterator[bytes]:
        for number in range(stop):
            yield bytes([number % 256]) * 50_000

    def fail(self, text: str) -> None:
        raise ValueError(text)

    async def fail_later(self, text: str) -> None:
        raise ValueError(text)

    def count_and_fail(self, stop: int) -> Iterator[int]:
        yield from range(stop)
        raise ValueError("after the items")

    async def count_and_fail_later(self, stop: int) -> AsyncIterator[int]:
        for number in range(stop):
            yield number
        raise ValueError("after the items")

    def unsendable(self) -> object:
        return object()

    def unsendable_item(self) -> Iterator[object]:
        yield 1
        yield object()

    def exit(self) -> None:
        raise SystemExit(7)

    def die(self, number: int) -> None:
        os.kill(os.getpid(), number)
        time.sleep(60)

    def meet(self, here: str, there: str) -> str:
        """Announce the call at the fifo `here`, then wait until something comes from `there`."""
        Path(here).write_text("running")
        return Path(there).read_text()

    def hold(self) -> Iterator[str]:
        """Yield once, then wait for ever."""
        yield "running"
        threading.Event().wait()

    def _secret(self) -> str:
        return "secret"


class Ours(Actions, dirty_runtime.DirtyApp):
    """The actions on our base."""


class Closing(Ours):
    """An app whose end can be seen from outside."""

    def mark_when_closed(self, path: str) -> None:
        self.trace = Path(path)

    def close(self) -> None:
        self.trace.write_text("closed")
