"""Those who wait for items of lists: first come, first served.

Rules: of those who wait for one list, the one who came first looks for an item, and whoever comes
later looks when his turn comes. Whoever ends, by an item, in time or without having waited for his
turn, hands the turn on. Who is cancelled has taken nothing, or gives back what he was about to get.
Somebody else may add items without saying so, as another arbiter may: so who has the turn looks
again now and then.
"""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from ..clock import Clock
from ..patience import Patience
from ..turns import Turns

LOOK_S = 1.0

# A list: its table, and its name as TLV.
Place = tuple[str, bytes]
T = TypeVar("T")
Take = Callable[[], Awaitable[T | None]]


class Waiter:
    """One who waits.

    Attributes:
        waits: whether for an item, or only for his turn.
        rests: whether he has the turn, and found nothing, and was told of nothing since.
    """

    def __init__(self, waits: bool, patience: Patience[Waiter]) -> None:
        self.waits = waits
        self.rests = False
        self._patience = patience
        self._told = asyncio.Event()

    def tell(self) -> None:
        """Have him look."""
        self.rests = False
        self._told.set()

    async def told(self, until_s: float, rests: bool) -> None:
        """Return when he is to look, or at that time."""
        self.rests = rests
        if until_s < math.inf:
            self._patience.begin(self, until_s)
        try:
            await self._told.wait()
        finally:
            self.rests = False
            # What he is told while he looks has him look again.
            self._told.clear()
            self._patience.end(self)


class Queue:
    """Those who wait for one list, in their order.

    Attributes:
        passing: how many of them wait for their turn only.
    """

    def __init__(self) -> None:
        self.passing = 0
        self._waiters: OrderedDict[Waiter, None] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._waiters)

    @property
    def first(self) -> Waiter:
        """Who has the turn."""
        return next(iter(self._waiters))

    def add(self, waiter: Waiter) -> None:
        self._waiters[waiter] = None
        self.passing += not waiter.waits

    def remove(self, waiter: Waiter) -> None:
        del self._waiters[waiter]
        self.passing -= not waiter.waits

    def tell_passing(self) -> None:
        """Have those look who do not wait for an item."""
        for one in self._waiters if self.passing else ():
            if not one.waits:
                one.tell()


class Waiters(Generic[T]):
    """All who wait for items of the lists of one backend.

    Args:
        turns: of whoever has long work to do.
        clock: by which they wait.
        look_s: how long who has the turn waits before he looks again, though nobody told of an
            item; infinite where nobody else adds some.
    """

    def __init__(self, turns: Turns, clock: Clock | None = None, look_s: float = LOOK_S) -> None:
        self._clock = clock or Clock()
        self._look_s = look_s
        self._turns = turns
        self._queues: dict[Place, Queue] = {}
        self._patience = Patience(Waiter.tell, turns, self._clock)

    def __bool__(self) -> bool:
        return bool(self._queues)

    def pushed(self, place: Place) -> None:
        """Have it looked for an item of the list."""
        if self._queues and (queue := self._queues.get(place)) is not None:
            queue.first.tell()

    def look(self) -> None:
        """Have it looked for an item of every list that somebody waits for."""
        self._turns.tell(deque(self._queues.values()), _look)

    async def first(self, place: Place, take: Take[T], wait_s: float) -> T | None:
        """An item, for which is waited so long; None where there is none in time.

        Args:
            place: of the list.
            take: takes an item out, or returns None.
            wait_s: seconds; 0 for one who takes what is there when his turn comes.
        """
        queue = self._queues.get(place)
        if not wait_s and (queue is None or queue.first.rests):
            return await take()
        return await self._in_turn(place, take, wait_s)

    async def _in_turn(self, place: Place, take: Take[T], wait_s: float) -> T | None:
        until_s, waiter = self._clock() + wait_s, Waiter(wait_s > 0, self._patience)
        queue = self._queues.setdefault(place, Queue())
        queue.add(waiter)
        try:
            while queue.first is not waiter:
                await waiter.told(until_s if wait_s else math.inf, False)
                if queue.first is not waiter and self._clock() >= until_s:
                    return None
            while (item := await take()) is None and (now_s := self._clock()) < until_s:
                queue.tell_passing()
                await waiter.told(min(until_s, now_s + self._look_s), True)
            return item
        finally:
            self._leave(place, queue, waiter)

    def _leave(self, place: Place, queue: Queue, waiter: Waiter) -> None:
        had_turn = queue.first is waiter
        queue.remove(waiter)
        if not queue:
            del self._queues[place]
        elif had_turn:
            queue.first.tell()


def _look(queue: Queue) -> None:
    # All may have left it meanwhile.
    if queue:
        queue.first.tell()


async def unless_cancelled(
    taking: Awaitable[T | None], give_back: Callable[[T], Awaitable[object]]
) -> T | None:
    """What is taken; where the caller is cancelled meanwhile, it is given back."""
    task = asyncio.ensure_future(taking)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.add_done_callback(lambda done: _give_back(done, give_back))
        raise


_giving: set[asyncio.Future[object]] = set()


def _give_back(done: asyncio.Future[T | None], give_back: Callable[[T], Awaitable[object]]) -> None:
    if done.cancelled() or done.exception() is not None or (item := done.result()) is None:
        return
    giving = asyncio.ensure_future(give_back(item))
    _giving.add(giving)
    giving.add_done_callback(_giving.discard)
