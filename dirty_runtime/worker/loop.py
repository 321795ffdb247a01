"""The worker's one event loop, on which coroutines and async generators run."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from types import CoroutineType
from typing import Any

# How often a lane that waits for the loop looks for a CANCEL.
CHECK_S = 0.05
# Items of an async generator that may wait for its lane.
MAX_WAITING_ITEMS = 256


def _go_on() -> None:
    """Nothing is to be cancelled."""


class EventLoop:
    """An event loop in a thread of its own, which starts with the first use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self, coroutine: Coroutine[Any, Any, Any]) -> Future[Any]:
        """Run `coroutine`; returns at once."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._running())

    def settle(self, result: Any, check: Callable[[], None] = _go_on) -> Any:
        """What a call came to: `result`, or that of the coroutine that it is.

        Args:
            check: raises when the coroutine is to be cancelled; called every CHECK_S.
        """
        if type(result) is not CoroutineType:
            return result
        future = self.start(result)
        while True:
            try:
                return future.result(CHECK_S)
            except TimeoutError:
                # It may also be what the coroutine raised.
                if future.done():
                    raise
            try:
                check()
            except BaseException:
                future.cancel()
                raise

    def call(self, function: Callable[[], object]) -> None:
        """Call `function` on the loop; returns at once."""
        self._running().call_soon_threadsafe(function)

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="loop", daemon=True).start()
            return self._loop


class AsyncItems:
    """An async generator that runs on the loop while a lane's thread reads its items.

    Iterating gives the items as they come, and raises what the generator raised. The generator
    pauses when MAX_WAITING_ITEMS wait. While nothing comes, `check` raises if it is to be
    cancelled.
    """

    def __init__(
        self, loop: EventLoop, source: AsyncGenerator[Any, Any], check: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._check = check
        self._source = source
        self._lock = threading.Lock()
        # The loop's thread appends, the lane's takes all that is there.
        self._items: list[Any] = []
        self._is_awaited = False
        self._has_ended = False
        self._error: BaseException | None = None
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._room = asyncio.Event()
        self._task = loop.start(self._pump())

    def __iter__(self) -> Iterator[Any]:
        while items := self._take(self._check):
            yield from items
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Cancel what still runs; returns when the generator is closed."""
        self._task.cancel()
        while self._take(_go_on):
            pass

    def _take(self, check: Callable[[], None]) -> list[Any]:
        """The items that are there, as soon as there is one; none at the end."""
        while True:
            with self._lock:
                items, self._items = self._items, []
                self._is_awaited = not items
                has_ended = self._has_ended
            if len(items) >= MAX_WAITING_ITEMS:
                self._loop.call(self._room.set)
            if items or has_ended:
                return items
            try:
                self._bell.get(timeout=CHECK_S)
            except Empty:
                check()

    async def _pump(self) -> None:
        try:
            async for item in self._source:
                if self._put(item) >= MAX_WAITING_ITEMS:
                    await self._wait_for_room()
        except BaseException as error:
            self._error = error
        try:
            await self._source.aclose()
        except BaseException as error:
            self._error = error
        self._has_ended = True
        self._bell.put(None)

    def _put(self, item: Any) -> int:
        """Have the item taken. Returns how many wait."""
        with self._lock:
            self._items.append(item)
            count = len(self._items)
            is_awaited, self._is_awaited = self._is_awaited, False
        if is_awaited:
            self._bell.put(None)
        return count

    async def _wait_for_room(self) -> None:
        self._room.clear()
        # The reader may have taken the items before the flag fell: it would not raise it.
        if len(self._items) >= MAX_WAITING_ITEMS:
            await self._room.wait()
