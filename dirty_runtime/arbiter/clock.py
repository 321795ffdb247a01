"""Time as the arbiter lives it, and all timers by which it judges others.

Rules: time in which this process did not run, since it was stopped, frozen or starved, is not
counted: nobody was silent or too slow in it whom nobody could hear. While a timer is set, the clock
looks at itself every BEAT_S; what passes beyond that from one look to the next is lost. A timer
that rings late lets the event loop read first, and judges after what had come already.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

BEAT_S = 0.25
# A look that is later than this has been kept from being in time.
LATE_S = 0.1
# A timer that is later than this may find that what it waited for is there.
READ_FIRST_S = 0.02


class Clock:
    """Monotonic seconds, but for those that were lost; called, it tells them.

    Args:
        monotonic: seconds that are never lost.

    Attributes:
        lost_s: how many were.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.lost_s = 0.0
        self._monotonic = monotonic
        # When a look is late. Infinite while no timer is set: nothing is lost then.
        self._late_s = math.inf
        self._set: set[Timer] = set()

    def __call__(self) -> float:
        now_s = self._monotonic()
        if now_s > self._late_s:
            self._look(now_s)
        return now_s - self.lost_s

    def call_later(self, wait_s: float, told: Callable[..., object], *args: Any) -> Timer:
        """Have the running event loop call `told` in `wait_s` seconds."""
        return self.call_at(self() + wait_s, told, *args)

    def call_at(self, due_s: float, told: Callable[..., object], *args: Any) -> Timer:
        """Have the running event loop call `told` at `due_s`, of this clock."""
        timer = Timer(self, due_s, told, args)
        self._set.add(timer)
        if self._late_s == math.inf:
            self._beat()
        return timer

    @contextlib.asynccontextmanager
    async def timeout(self, limit_s: float) -> AsyncIterator[asyncio.Timeout]:
        """As `asyncio.timeout`, by this clock."""
        async with asyncio.timeout(None) as limit:
            timer = self.call_later(limit_s, limit.reschedule, -math.inf)
            try:
                yield limit
            finally:
                timer.cancel()

    def drop(self, timer: Timer) -> None:
        """The timer is set no more."""
        self._set.discard(timer)

    def _beat(self) -> None:
        if not self._set:
            self._late_s = math.inf
            return
        self._look(self._monotonic())
        asyncio.get_running_loop().call_later(BEAT_S, self._beat)

    def _look(self, now_s: float) -> None:
        if now_s > self._late_s:
            self.lost_s += now_s - self._late_s + LATE_S
        self._late_s = now_s + BEAT_S + LATE_S


class Timer:
    """Rings once, by its clock; made by it."""

    def __init__(
        self, clock: Clock, due_s: float, told: Callable[..., object], args: tuple[Any, ...]
    ) -> None:
        self._clock = clock
        self._due_s = due_s
        self._told = told
        self._args = args
        self._has_read = False
        self._set(due_s - clock())

    def cancel(self) -> None:
        """Ring no more, and know nobody: nothing is to wait for the collector."""
        self._handle.cancel()
        self._clock.drop(self)
        self._told, self._args = _nobody, ()

    def _set(self, wait_s: float) -> None:
        self._handle = asyncio.get_running_loop().call_later(max(0.0, wait_s), self._ring)

    def _ring(self) -> None:
        left_s = self._due_s - self._clock()
        if left_s > READ_FIRST_S or (left_s < -READ_FIRST_S and not self._has_read):
            self._has_read = True
            self._set(left_s)
            return
        told, args = self._told, self._args
        self.cancel()
        told(*args)


def _nobody() -> None:
    """Who is told by a timer that is over."""


class Alarm:
    """One timer.

    Args:
        rings: is called when it is time.
        clock: by it.

    Attributes:
        due_s: when it rings; infinite while it is not set.
    """

    def __init__(self, rings: Callable[[], None], clock: Clock) -> None:
        self._rings = rings
        self._clock = clock
        self._timer: Timer | None = None
        self.due_s = math.inf

    def set(self, due_s: float | None) -> None:
        """Ring at `due_s` at the latest; None changes nothing."""
        if due_s is None or due_s >= self.due_s:
            return
        if self._timer is not None:
            self._timer.cancel()
        self.due_s = due_s
        self._timer = self._clock.call_at(due_s, self._ring)

    def _ring(self) -> None:
        self._timer, self.due_s = None, math.inf
        self._rings()
