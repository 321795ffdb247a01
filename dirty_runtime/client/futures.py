"""Calls that nobody waits for yet: futures, and maps over many arguments.

Rules: what threads submit runs on one event loop of the process, in a thread that starts with the
first: so any number of calls share a connection, and one that is cancelled is cancelled in its
worker too. A map has so many calls under way at once and no more, gives their results in the order
of the arguments, and takes an argument when there is room for its call. When it ends, by a failure
too, what is still under way is cancelled.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Coroutine,
    Generator,
    Iterable,
)
from concurrent.futures import Future
from typing import Any

from ..printable import shown
from ..seconds import ValueRefused

# How many calls of a map are under way at once, if nothing else is said.
IN_FLIGHT = 16

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def _forked() -> None:
    """The loop's thread is the parent's."""
    global _loop, _lock
    _loop, _lock = None, threading.Lock()


os.register_at_fork(after_in_child=_forked)


def loop_of_process() -> asyncio.AbstractEventLoop:
    """The event loop on which this process has its futures; it runs as long as the process."""
    global _loop
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="dirty-futures", daemon=True).start()
        return _loop


def begin(call: Coroutine[Any, Any, Any]) -> Future[Any]:
    """Have it run, and return at once."""
    return asyncio.run_coroutine_threadsafe(call, loop_of_process())


def each(
    submit: Callable[[Any], Future[Any]], items: Iterable[Any], in_flight: int
) -> Generator[Any, None, None]:
    """The results of what is submitted for each of the items, in their order.

    Raises:
        DirtyError: the first failure.
    """
    under_way: deque[Future[Any]] = deque()
    try:
        for item in items:
            under_way.append(submit(item))
            if len(under_way) >= in_flight:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        for call in under_way:
            call.cancel()


async def each_async(
    submit: Callable[[Any], asyncio.Future[Any]],
    items: Iterable[Any] | AsyncIterable[Any],
    in_flight: int,
) -> AsyncGenerator[Any, None]:
    """As `each`, on the running loop."""
    under_way: deque[asyncio.Future[Any]] = deque()
    try:
        async for item in _async(items):
            under_way.append(submit(item))
            if len(under_way) >= in_flight:
                yield await under_way.popleft()
        while under_way:
            yield await under_way.popleft()
    finally:
        for call in under_way:
            call.cancel()
        # What they failed with is nobody's any more.
        await asyncio.gather(*under_way, return_exceptions=True)


async def _async(items: Iterable[Any] | AsyncIterable[Any]) -> AsyncIterator[Any]:
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item


def checked_count(in_flight: Any) -> int:
    """How many may be under way. Raises ValueRefused when it is no such number."""
    if type(in_flight) is not int or in_flight < 1:
        raise ValueRefused(f"in_flight is a number of calls above 0, not {shown(in_flight)}")
    return in_flight
