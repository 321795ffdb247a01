"""Who has the event loop, when there is more to do than may be done at once.

Rules: work that takes long is done in slices, of which each turn of the loop has one, whoever has
work: those who wait take turns. Between two slices everybody else is served. Of many clients who
send or leave at one moment, some are heard in this turn of the loop, the others in the next ones.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

from ..sockets.many import AVAILABLE, ManySockets, Watch

# What a slice may take; and what all together may do at once in a turn of the loop, before the
# first of their slices.
SLICE_S = 0.002
AT_ONCE_S = 0.0005
# How long clients are heard in a turn of the loop; fewer of them are not counted.
HEARD_S = 0.005
FEW_CLIENTS = 100
# Of those who wait for one thing, so many are told in a turn of the loop: each has more to do then.
TOLD_AT_ONCE = 32
# To free a million objects takes tens of milliseconds, in which no other thread runs either.
FREED_AT_ONCE = 1000


T = TypeVar("T")


class Turns:
    """The slices of one event loop.

    Attributes:
        clients: how many are connected.
    """

    def __init__(self) -> None:
        self.clients = 0
        # Where all clients are looked at that are not few.
        self._many: ManySockets | None = None
        self._waiting: deque[Callable[[], object]] = deque()
        # Until when long work may be done at once, in this turn of the loop.
        self._at_once_until_s: float | None = None

    def at_once_until_s(self) -> float:
        """When long work is to wait for its turn that begins now."""
        if self._at_once_until_s is None:
            self._at_once_until_s = time.monotonic() + AT_ONCE_S
            asyncio.get_running_loop().call_soon(self._begin_anew)
        return self._at_once_until_s

    @property
    def is_spent(self) -> bool:
        """Whether all that may be done at once in this turn of the loop has been."""
        return time.monotonic() >= self.at_once_until_s()

    def watch(self) -> Watch:
        """What tells when one more client is ready: while they are few, the loop itself."""
        if self.clients < FEW_CLIENTS or not AVAILABLE:
            return asyncio.get_running_loop()
        if self._many is None:
            self._many = ManySockets(HEARD_S)
        return self._many

    def _begin_anew(self) -> None:
        self._at_once_until_s = None

    def take(self, slice_of_work: Callable[[], object]) -> None:
        """Have this called when its turn comes; it does what SLICE_S suffices for."""
        self._waiting.append(slice_of_work)
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self._next)

    async def wait(self) -> None:
        """Return when the caller's turn comes."""
        turn = asyncio.get_running_loop().create_future()
        self.take(partial(_end, turn))
        await turn

    async def exhaust(self, steps: Iterator[object]) -> None:
        """Take every short step; also where the caller, who waits for that, is cancelled."""
        if _advanced(steps, self.at_once_until_s()):
            return
        done = asyncio.get_running_loop().create_future()
        self.take(partial(self._go_on, steps, done))
        await done

    def tell(self, many: deque[T], told: Callable[[T], object]) -> None:
        """Call `told` with some of them now, and with the others when their turns come."""
        for _ in range(min(TOLD_AT_ONCE, len(many))):
            told(many.popleft())
        if many:
            self.take(partial(self.tell, many, told))

    def free(self, many: list[Any]) -> None:
        """Empty a list that is not needed any more, and free what it alone holds."""
        if len(many) > FREED_AT_ONCE:
            self.take(partial(self._free_some, many))

    def _free_some(self, many: list[Any]) -> None:
        if not _advanced(freeing(many), time.monotonic() + SLICE_S):
            self.take(partial(self._free_some, many))

    def _go_on(self, steps: Iterator[object], done: asyncio.Future[None]) -> None:
        if _advanced(steps, time.monotonic() + SLICE_S):
            _end(done)
        else:
            self.take(partial(self._go_on, steps, done))

    def _next(self) -> None:
        # Only in the next turn of the loop, also where this one fails.
        if len(self._waiting) > 1:
            asyncio.get_running_loop().call_soon(self._next)
        self._waiting.popleft()()


def some_of(many: Iterator[T]) -> Iterator[T]:
    """As many of them as a slice suffices for, one at least."""
    until_s = time.monotonic() + SLICE_S
    for one in many:
        yield one
        if time.monotonic() >= until_s:
            return


def freeing(many: list[Any]) -> Iterator[None]:
    """The steps by which the list is emptied; it grows no more."""
    while many:
        del many[-FREED_AT_ONCE:]
        yield


def _advanced(steps: Iterator[object], until_s: float) -> bool:
    """Take steps until then, one at least. Returns whether it was the last one."""
    return not any(time.monotonic() >= until_s for _ in steps)


def _end(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_result(None)


class Pace:
    """What one long piece of work awaits again and again: it returns at once until a slice is over.

    Args:
        turns: those of the loop.
    """

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._until_s = turns.at_once_until_s()

    def free(self, many: list[Any]) -> None:
        """As `Turns.free`."""
        self._turns.free(many)

    @property
    def is_over(self) -> bool:
        """Whether others are to have their turns."""
        return time.monotonic() >= self._until_s

    async def __call__(self) -> None:
        """Let others have their turns, if it is time."""
        if self.is_over:
            await self._turns.wait()
            self._until_s = time.monotonic() + SLICE_S
