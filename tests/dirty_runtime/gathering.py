"""Apps of many calls in one worker."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from dirty_runtime import ENDED, DirtyApp, batched, current_request

MARK: contextvars.ContextVar[str] = contextvars.ContextVar("mark", default="")


class Many(DirtyApp):
    """Runs up to 200 calls on its event loop."""

    concurrency = 200
    stashes = ("seen",)

    def init(self) -> None:
        self.runs = self.most = self.cancelled = self.produced = 0
        self.doors: dict[str, asyncio.Event] = {}

    async def wait(self, door: str) -> str:
        """Wait until somebody opens the door."""
        self.runs += 1
        self.most = max(self.most, self.runs)
        try:
            await self.doors.setdefault(door, asyncio.Event()).wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.runs -= 1
        return door

    async def open(self, door: str) -> None:
        self.doors.setdefault(door, asyncio.Event()).set()

    async def open_by(self, door: str, path: str) -> None:
        """Open it when the file is there."""
        while not Path(path).exists():
            await asyncio.sleep(0.005)
        await self.open(door)

    async def state(self) -> dict[str, int]:
        return {
            "runs": self.runs,
            "most": self.most,
            "cancelled": self.cancelled,
            "produced": self.produced,
        }

    async def blob(self, size: int) -> bytes:
        return b"x" * size

    async def measure(self, data: bytes) -> int:
        return len(data)

    async def count(self, stop: int) -> AsyncIterator[int]:
        for number in range(stop):
            yield number

    async def flood(self, size: int) -> AsyncIterator[bytes]:
        """Without end."""
        try:
            while True:
                self.produced += 1
                yield b"x" * size
        finally:
            self.cancelled += 1

    def plain_flood(self, size: int) -> Iterator[bytes]:
        """The same without async."""
        try:
            while True:
                self.produced += 1
                yield b"x" * size
        finally:
            self.cancelled += 1

    def plain_count(self, stop: int) -> Iterator[int]:
        yield from range(stop)

    def plain(self) -> str:
        return threading.current_thread().name

    async def here(self) -> str:
        return threading.current_thread().name

    def asked(self) -> bool:
        """Whether it learns, while it runs, that nobody waits."""
        until_s = time.monotonic() + 30
        while not current_request().cancelled and time.monotonic() < until_s:
            time.sleep(0.005)
        self.cancelled += 1
        return True

    async def fail(self) -> None:
        raise ValueError("as it was asked to")

    async def fail_behind(self, items: int) -> AsyncIterator[int]:
        for number in range(items):
            yield number
        raise ValueError("as it was asked to")

    async def odd(self) -> object:
        return object()

    async def mark(self, text: str) -> list[str]:
        """What was there of a mark, and what is after a while."""
        before = MARK.get()
        MARK.set(text)
        await asyncio.sleep(0.01)
        return [before, MARK.get(), current_request().action]

    async def stubborn(self, seconds: float) -> None:
        """Does not end when it is cancelled."""
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            try:
                await asyncio.sleep(seconds)
            except asyncio.CancelledError:
                self.cancelled += 1


class Plain(DirtyApp):
    """Beside the other, in the same worker."""

    def thread(self) -> str:
        return threading.current_thread().name


class NotComparable:
    def __hash__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("it compares with nothing")


class NeverTheSame:
    def __hash__(self) -> int:
        return time.monotonic_ns()


class Longer(list[int]):
    """Says that there is more in it than there is."""

    def __len__(self) -> int:
        return super().__len__() + 1


def odd_key(item: str) -> object:
    if item == "exits":
        sys.exit(3)
    if item == "is cancelled":
        raise asyncio.CancelledError
    return {"compares": NotComparable, "changes": NeverTheSame}.get(item, str)()


class Batched(DirtyApp):
    """Runs calls together; `sizes` has how many each time."""

    def init(self) -> None:
        self.sizes: list[int] = []
        self.door = threading.Event()
        self.flags: list[list[bool]] = []

    @batched(max_size=4, max_wait_s=0.5)
    def double(self, items: list[int]) -> list[object]:
        self.sizes.append(len(items))
        if items == [0]:
            self.door.wait(30)
        return [ValueError("odd") if item == 13 else item * 2 for item in items]

    @batched(max_size=8, max_wait_s=0.5)
    async def later(self, items: list[int]) -> list[int]:
        await asyncio.sleep(0.01)
        return [item * 3 for item in items]

    @batched(max_size=8)
    def short(self, items: list[int]) -> list[int]:
        return items[1:]

    @batched(max_size=8, key=lambda item: item[0])
    def by_key(self, items: list[list[str]]) -> list[str]:
        assert len({item[0] for item in items}) == 1
        return [item[1] for item in items]

    @batched(max_size=8, key=odd_key, max_wait_s=0.5)
    async def by_odd_key(self, items: list[str]) -> list[str]:
        return items

    @batched(max_size=8)
    def longer(self, items: list[int]) -> list[int]:
        return Longer(items[1:])

    @batched(max_size=10, size=len)
    def by_size(self, items: list[str]) -> list[int]:
        total = sum(len(item) for item in items)
        return [total if len(items) > 1 else 0] * len(items)

    @batched(max_size=4)
    def countdown(self, items: list[int]) -> Iterator[list[object]]:
        left = list(items)
        while any(left):
            flags = yield [f"{n}" if n else ENDED for n in left]
            self.flags.append(flags)
            left = [max(0, n - 1) if flag else 0 for n, flag in zip(left, flags, strict=True)]

    @batched(max_size=4)
    async def countdown_later(self, items: list[int]) -> AsyncIterator[list[object]]:
        left = list(items)
        while any(left):
            yield [ValueError("bad") if n == 13 else f"{n}" if n else ENDED for n in left]
            left = [max(0, n - 1) for n in left]

    @batched(max_size=4)
    async def without_end(self, items: list[int]) -> AsyncIterator[list[object]]:
        while True:
            yield [b"x" * item for item in items]

    async def seen(self) -> list[int]:
        return self.sizes

    async def open(self) -> None:
        self.door.set()
