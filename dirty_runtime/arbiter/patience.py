"""How long those wait who wait for what others do: the time of many may be over at one moment.

Rules: of those whose time is over together some are told in a turn of the loop, the others in
other ones.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from itertools import islice
from typing import Generic, TypeVar

from ..deadlines import Deadlines
from .clock import Alarm, Clock
from .turns import TOLD_AT_ONCE, Turns

T = TypeVar("T", bound=Hashable)


class Patience(Generic[T]):
    """The times of all who wait for one kind of thing.

    Args:
        tell: is called with one whose time is over.
        turns: of whoever has long work to do.
        clock: by which it is over.
    """

    def __init__(self, tell: Callable[[T], object], turns: Turns, clock: Clock) -> None:
        self._tell = tell
        self._turns = turns
        self._clock = clock
        self._deadlines: Deadlines[T] = Deadlines()
        self._alarm = Alarm(self._ring, clock)

    def begin(self, one: T, until_s: float) -> None:
        """Tell this one at that time, unless it has ended."""
        self._deadlines.set(one, until_s)
        self._alarm.set(until_s)

    def end(self, one: T) -> None:
        """This one waits no more."""
        self._deadlines.drop(one)

    def _ring(self) -> None:
        due = list(islice(self._deadlines.pop_due(self._clock()), TOLD_AT_ONCE))
        if len(due) == TOLD_AT_ONCE:
            self._turns.take(self._ring)
        else:
            self._alarm.set(self._deadlines.next_s())
        for one in due:
            self._tell(one)


class Limits:
    """As `asyncio.timeout`, for many.

    Args:
        turns: of whoever has long work to do.
        clock: by which time is over.
    """

    def __init__(self, turns: Turns, clock: Clock) -> None:
        self._clock = clock
        self._patience = Patience(_expire, turns, clock)

    @asynccontextmanager
    async def timeout(self, limit_s: float) -> AsyncIterator[asyncio.Timeout]:
        """Raise TimeoutError where what is done within takes so many seconds."""
        async with asyncio.timeout(None) as limit:
            self._patience.begin(limit, self._clock() + limit_s)
            try:
                yield limit
            finally:
                self._patience.end(limit)


def _expire(limit: asyncio.Timeout) -> None:
    limit.reschedule(-math.inf)
