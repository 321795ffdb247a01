"""The worker's one event loop, on which coroutines and async generators run."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from concurrent.futures import Future
from queue import Empty, SimpleQueue
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
        if not inspect.iscoroutine(result):
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

    Items that are produced faster than they are read are read in batches; the generator pauses
    when MAX_WAITING_ITEMS wait. While nothing comes, `check` raises if it is to be cancelled.
    """

    def __init__(
        self, loop: EventLoop, source: AsyncGenerator[Any, Any], check: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._check = check
        self._source = source
        self._queue: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        self._room = asyncio.Event()
        self._room.set()
        self._ended = False
        self._task = loop.start(self._pump())

    def batches(self) -> Iterator[list[Any]]:
        """Lists of the items that are there, as soon as there is one.

        Raises:
            BaseException: what the generator raised.
        """
        batch: list[Any] = []
        while True:
            kind, value = self._get()
            if kind == "item":
                batch.append(value)
                if len(batch) < MAX_WAITING_ITEMS and not self._queue.empty():
                    continue
            else:
                self._ended = True
            if batch:
                yield batch
                batch = []
            if not self._room.is_set():
                self._loop.call(self._room.set)
            if kind == "error":
                raise value
            if kind == "end":
                return

    def _get(self) -> tuple[str, Any]:
        while True:
            try:
                return self._queue.get(timeout=CHECK_S)
            except Empty:
                self._check()

    def close(self) -> None:
        """Cancel what still runs; returns when the generator is closed."""
        self._task.cancel()
        while not self._ended:
            kind, _ = self._queue.get()
            self._ended = kind != "item"

    async def _pump(self) -> None:
        last: tuple[str, Any] = ("end", None)
        try:
            async for item in self._source:
                self._queue.put(("item", item))
                if self._queue.qsize() >= MAX_WAITING_ITEMS:
                    await self._wait_for_room()
        except BaseException as error:
            last = ("error", error)
        try:
            await self._source.aclose()
        except BaseException as error:
            last = ("error", error)
        self._queue.put(last)

    async def _wait_for_room(self) -> None:
        self._room.clear()
        # The reader may have emptied the queue before the flag fell: it would not raise it.
        if self._queue.qsize() >= MAX_WAITING_ITEMS:
            await self._room.wait()
