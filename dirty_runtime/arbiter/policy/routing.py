"""Which lane takes which request: pure, no I/O, no clock.

Rules:

* Each app has one queue. A request goes to an idle lane that serves its app, of the worker with
  the fewest busy lanes; when there is none it waits.
* Idle lanes take turns, each for a few requests in a row: code and data of the one that has just
  worked are still in the processor's caches.
* A lane that falls idle pulls the request that has waited longest among the apps that it serves.
* A request for an app that is not configured is refused; one for an app whose workers are still
  booting waits, as long as the app's queue and all queues together have room.
* A lane that retires finishes its request and takes no other.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from ...errors import DirtyNoWorkersAvailableError, DirtyOverloadedError


class Routable(Protocol):
    """A request, as far as routing looks at it."""

    @property
    def app_path(self) -> str: ...

    @property
    def size_bytes(self) -> int: ...


# How many requests a lane takes in a row while others are idle.
TURN = 8

J = TypeVar("J", bound=Routable)
L = TypeVar("L", bound=Hashable)


@dataclass
class _Seat(Generic[J]):
    """A lane: the worker it belongs to, the apps it serves, and the request it runs."""

    worker: Hashable
    apps: tuple[str, ...]
    job: J | None = None
    retires: bool = False
    taken: int = 0


class Router(Generic[J, L]):
    """The queues of `apps`, and the lanes that serve them.

    Args:
        max_queue: requests of one app that may wait; 0 for any number.
        max_queue_bytes: what all that wait may take together; 0 for any number.
    """

    def __init__(self, apps: Iterable[str], max_queue: int = 0, max_queue_bytes: int = 0) -> None:
        # The waiting requests of each app, with their numbers of arrival.
        self._queues: dict[str, OrderedDict[J, int]] = {path: OrderedDict() for path in apps}
        self._seats: dict[L, _Seat[J]] = {}
        # The lane whose turn it is stands first.
        self._idle: OrderedDict[L, None] = OrderedDict()
        self._busy: dict[Hashable, int] = {}
        self._arrivals = 0
        self._returns = 0
        self._max_queue = max_queue or math.inf
        self._max_queue_bytes = max_queue_bytes or math.inf
        self.waiting_bytes = 0

    @property
    def apps(self) -> tuple[str, ...]:
        return tuple(self._queues)

    @property
    def waiting_count(self) -> int:
        """How many requests wait."""
        return sum(map(len, self._queues.values()))

    @property
    def lane_count(self) -> int:
        """How many lanes take requests."""
        return len(self._seats)

    def depth(self, app_path: str) -> int:
        """How many requests wait for the app."""
        return len(self._queues[app_path])

    def oldest(self, app_path: str) -> J | None:
        """The request for the app that has waited longest."""
        return next(iter(self._queues[app_path]), None)

    def waiting(self) -> Iterator[J]:
        """The requests that wait, those of one app in the order of arrival."""
        for queue in self._queues.values():
            yield from queue

    def busy(self, worker: Hashable) -> int:
        """How many lanes of the worker run a request."""
        return self._busy.get(worker, 0)

    def is_busy(self, lane: L) -> bool:
        """Whether the lane runs a request, given up or not."""
        seat = self._seats.get(lane)
        return seat is not None and seat.job is not None

    def submit(self, job: J) -> L | None:
        """The lane that takes `job` now, or None: it waits.

        Raises:
            DirtyNoWorkersAvailableError: the app is not configured.
            DirtyOverloadedError: there is no room for it to wait.
        """
        queue = self._queues.get(job.app_path)
        if queue is None:
            raise DirtyNoWorkersAvailableError(job.app_path, reason="the app is not configured")
        lane = self._idle_lane(job.app_path) if self._idle else None
        if lane is not None:
            self._occupy(lane, job)
            return lane
        waiting_bytes = self.waiting_bytes + job.size_bytes
        if len(queue) >= self._max_queue or waiting_bytes > self._max_queue_bytes:
            raise self._overloaded(job.app_path, len(queue))
        self._arrivals += 1
        queue[job] = self._arrivals
        self.waiting_bytes = waiting_bytes
        return None

    def give_back(self, job: J) -> L | None:
        """As `submit` for a request that a lane took and did not begin: it is the next one."""
        lane = self._idle_lane(job.app_path)
        if lane is not None:
            self._occupy(lane, job)
            return lane
        queue = self._queues[job.app_path]
        self._returns -= 1
        queue[job] = self._returns
        queue.move_to_end(job, last=False)
        self.waiting_bytes += job.size_bytes
        return None

    def withdraw(self, job: J) -> bool:
        """Take back a request that waits; False when it does not wait."""
        queue = self._queues.get(job.app_path)
        if queue is None or queue.pop(job, None) is None:
            return False
        self.waiting_bytes -= job.size_bytes
        return True

    def add(self, lane: L, worker: Hashable, apps: Iterable[str], now_s: float) -> J | None:
        """A lane is ready. Returns the request that it takes at once, if one waits."""
        seat = self._seats[lane] = _Seat(worker, tuple(apps))
        job = self._longest_waiting(seat)
        if job is None:
            self._rest(lane, seat)
        else:
            self._occupy(lane, job)
        return job

    def release(self, lane: L, now_s: float) -> J | None:
        """A lane has finished its request. Returns the next one that it takes, if one waits."""
        seat = self._seats.get(lane)
        if seat is None:
            return None
        job = None if seat.retires else self._longest_waiting(seat)
        if job is None:
            self._vacate(seat)
            if not seat.retires:
                self._rest(lane, seat)
        elif seat.job is None:
            self._occupy(lane, job)
        else:
            # Its worker is as busy as before.
            seat.job = job
            seat.taken += 1
        return job

    def retire(self, lane: L) -> None:
        """The lane takes nothing after the request that it runs."""
        self._idle.pop(lane, None)
        seat = self._seats.get(lane)
        if seat is not None:
            seat.retires = True

    def is_spent(self, lane: L) -> bool:
        """Whether the lane retires, and runs nothing."""
        seat = self._seats.get(lane)
        return seat is None or (seat.retires and seat.job is None)

    def remove(self, lane: L) -> J | None:
        """A lane takes nothing more. Returns the request that it runs, if any."""
        self._idle.pop(lane, None)
        seat = self._seats.pop(lane, None)
        if seat is None:
            return None
        job = seat.job
        self._vacate(seat)
        return job

    def _idle_lane(self, app_path: str) -> L | None:
        best: L | None = None
        fewest = 0
        for lane in self._idle:
            seat = self._seats[lane]
            if app_path not in seat.apps:
                continue
            busy = self._busy.get(seat.worker, 0)
            if not busy:
                return lane
            if best is None or busy < fewest:
                best, fewest = lane, busy
        return best

    def _overloaded(self, app_path: str, depth: int) -> DirtyOverloadedError:
        if depth >= self._max_queue:
            reason = f"{depth} requests wait for app {app_path}"
        else:
            reason = f"requests of {self.waiting_bytes} bytes wait"
        return DirtyOverloadedError(f"overloaded: {reason}", app_path)

    def _longest_waiting(self, seat: _Seat[J]) -> J | None:
        """The request for the lane's apps that has waited longest, taken out of its queue."""
        longest: OrderedDict[J, int] | None = None
        first = 0
        for path in seat.apps:
            queue = self._queues.get(path)
            if queue:
                number = next(iter(queue.values()))
                if longest is None or number < first:
                    longest, first = queue, number
        if longest is None:
            return None
        job, _ = longest.popitem(last=False)
        self.waiting_bytes -= job.size_bytes
        return job

    def _rest(self, lane: L, seat: _Seat[J]) -> None:
        self._idle[lane] = None
        if seat.taken % TURN:
            self._idle.move_to_end(lane, last=False)

    def _occupy(self, lane: L, job: J) -> None:
        self._idle.pop(lane, None)
        seat = self._seats[lane]
        seat.job = job
        seat.taken += 1
        self._busy[seat.worker] = self._busy.get(seat.worker, 0) + 1

    def _vacate(self, seat: _Seat[J]) -> None:
        if seat.job is None:
            return
        seat.job = None
        self._busy[seat.worker] -= 1
        if not self._busy[seat.worker]:
            del self._busy[seat.worker]
