"""The worker's one event loop, on which coroutines and async generators run.

Rules: the loop goes on whatever a task raises and whoever stops it. One that is closed, or broken,
is replaced with the next use; what ran on it fails. What is cancelled is waited for, so that
nothing of it runs beside the next call, but no longer than a grace.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from ..failure import describe
from .forks import end_copy
from .log import LOG
from .results import is_awaitable

# How often a lane that waits for the loop looks for a CANCEL.
CHECK_S = 0.05
# Items of an async generator that may wait for its lane.
MAX_WAITING_ITEMS = 256


class Cancelled(Exception):
    """The arbiter gave up the exchange that runs."""


class Stuck(Exception):
    """What was cancelled has not ended within the grace."""


def _go_on() -> None:
    """Nothing is to be cancelled."""


class Job:
    """Something that is awaited on the loop, and waited for by a thread.

    Args:
        awaitable: it runs in a copy of the context in which the job is started.
        ended: called once, when it is over.
    """

    def __init__(self, awaitable: Awaitable[Any], ended: Callable[[Job], None]) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self._awaitable = awaitable
        self._ended = ended
        self._task: asyncio.Task[None] | None = None
        self._result: Any = None
        self._error: BaseException | None = None
        # The first is locked by who ends it, the second until it is over.
        self._is_ended = threading.Lock()
        self._runs = threading.Lock()
        self._runs.acquire()

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have the loop begin. Raises RuntimeError when it is closed."""
        self.loop = loop
        loop.call_soon_threadsafe(self._begin, loop)

    def cancel(self) -> None:
        """Have it cancelled; returns at once."""
        # What ran on a loop that is closed has failed already.
        with suppress(RuntimeError):
            if self.loop is not None:
                self.loop.call_soon_threadsafe(self._cancel)

    def wait(self, within_s: float) -> bool:
        """Whether it is over within so many seconds."""
        is_over = self._runs.acquire(timeout=min(within_s, threading.TIMEOUT_MAX))
        if is_over:
            self._runs.release()
        return is_over

    def result(self) -> Any:
        """What it gave, once it is over; asked for once. Raises what it raised."""
        error, self._error = self._error, None
        try:
            if error is not None:
                raise error
            return self._result
        finally:
            del error

    def end(self, result: Any, error: BaseException | None) -> None:
        """It is over; what comes first counts."""
        if self._is_ended.acquire(blocking=False):
            self._result, self._error = result, error
            self._runs.release()
            self._ended(self)

    # --- on the loop ---

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            self._task = loop.create_task(self._run())
            self._task.add_done_callback(self._done)
        except BaseException as error:
            self.end(None, error)

    async def _run(self) -> None:
        try:
            result = await self._awaitable
            end_copy("a coroutine")
            self.end(result, None)
        except BaseException as error:
            end_copy("a coroutine", error)
            self.end(None, error)

    def _done(self, task: asyncio.Task[None]) -> None:
        # One that was cancelled before it began has not run at all.
        self.end(None, asyncio.CancelledError())

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()


class EventLoop:
    """An event loop in a thread of its own, which starts with the first use.

    Args:
        grace_s: what is cancelled gets so long to end.
    """

    def __init__(self, grace_s: float = threading.TIMEOUT_MAX) -> None:
        self._grace_s = grace_s
        self._lock = threading.RLock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread_id = 0
        self._is_closed = False
        self._jobs: set[Job] = set()

    def start(self, awaitable: Awaitable[Any], ended: Callable[[], None] = _go_on) -> Job:
        """Have it awaited, and `ended` called when it is over; returns at once."""

        def over(job: Job) -> None:
            self._jobs.discard(job)
            ended()

        job = Job(awaitable, over)
        with self._lock:
            self._jobs.add(job)
            try:
                job.start(self._running())
            except BaseException as error:
                job.end(None, error)
        return job

    def settle(self, result: Any, check: Callable[[], None] = _go_on) -> Any:
        """What a call came to: `result`, or that of what can be awaited.

        Args:
            check: raises Cancelled when it is to be cancelled; called every CHECK_S.

        Raises:
            Stuck: it was cancelled, and does not end.
        """
        if not is_awaitable(result):
            return result
        job = self.start(result)
        while not job.wait(CHECK_S):
            try:
                check()
            except Cancelled:
                self.end(job)
                raise
        return job.result()

    def end(self, job: Job) -> None:
        """Cancel the job, and wait until it is over. Raises Stuck when it does not end."""
        job.cancel()
        if not job.wait(self._grace_s):
            raise Stuck

    def call(self, function: Callable[[], object]) -> bool:
        """Call `function` on the loop, if it is there, which is told; returns at once."""
        with suppress(RuntimeError):
            if self._loop is not None:
                self._loop.call_soon_threadsafe(function)
                return True
        return False

    def close(self) -> None:
        """End the loop and its thread, where the process goes on: nothing more is to run on it."""
        self._is_closed = True
        self.call(lambda: self._loop and self._loop.stop())

    def leave_copy(self) -> None:
        """In a copy of this process: if this is the loop's thread, have it leave the loop."""
        if self._loop is not None and self._thread_id == threading.get_ident():
            self._loop.stop()

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None or self._loop.is_closed():
            loop = asyncio.new_event_loop()
            threading.Thread(target=self._run, args=(loop,), name="loop", daemon=True).start()
            self._loop = loop
        return self._loop

    # --- the loop's thread ---

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        self._thread_id = threading.get_ident()
        while (fault := self._run_on(loop)) is None:
            if self._is_closed:
                loop.close()
                return
        with self._lock:
            if self._loop is loop:
                self._loop = None
            failed = [job for job in self._jobs if job.loop is loop]
        LOG.say("ERROR", f"the event loop is replaced, what ran on it has failed: {fault}")
        for job in failed:
            job.end(None, RuntimeError(f"the event loop has ended: {fault}"))
        with suppress(BaseException):
            loop.close()

    def _run_on(self, loop: asyncio.AbstractEventLoop) -> str | None:
        """Run the loop until somebody ends it. Returns why it cannot run any more, if it cannot."""
        fault, left = None, "stop() was called"
        try:
            loop.run_forever()
        except (SystemExit, KeyboardInterrupt) as error:
            left = describe(error)
        except BaseException as error:
            fault = describe(error)
        end_copy("a coroutine")
        if fault is None and not self._is_closed:
            LOG.say(
                "WARNING", f"the event loop was ended by a task or a callback, and goes on: {left}"
            )
        return fault


class AsyncItems:
    """An async iterator that runs on the loop while a lane's thread reads its items.

    Iterating gives the items as they come, and raises what the iterator raised. The iterator
    pauses when MAX_WAITING_ITEMS wait. While nothing comes, `check` raises if it is to be
    cancelled.
    """

    def __init__(
        self, loop: EventLoop, source: AsyncIterator[Any], check: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._check = check
        self._source = source
        self._lock = threading.Lock()
        # The loop's thread appends, the lane's takes all that is there.
        self._items: list[Any] = []
        self._is_awaited = False
        self._has_ended = False
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._room = asyncio.Event()
        self._job = loop.start(self._pump(), self._end)

    def __iter__(self) -> Iterator[Any]:
        while items := self._take():
            yield from items
        self._job.result()

    def close(self) -> None:
        """Cancel what still runs; returns when the iterator is closed.

        Raises:
            Stuck: it does not end.
        """
        self._loop.end(self._job)

    def _take(self) -> list[Any]:
        """The items that are there, as soon as there is one; none at the end."""
        while True:
            with self._lock:
                # What was there at the end is there now.
                has_ended = self._has_ended
                items, self._items = self._items, []
                self._is_awaited = not items
            if len(items) >= MAX_WAITING_ITEMS:
                self._loop.call(self._room.set)
            if items or has_ended:
                return items
            try:
                self._bell.get(timeout=CHECK_S)
            except Empty:
                self._check()

    def _end(self) -> None:
        self._has_ended = True
        self._bell.put(None)

    async def _pump(self) -> None:
        try:
            async for item in self._source:
                if self._put(item) >= MAX_WAITING_ITEMS:
                    await self._wait_for_room()
        finally:
            close = getattr(self._source, "aclose", None)
            if close is not None:
                await close()

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
