"""Which lane takes which request: pure, no I/O, no clock but the one handed in.

Rules:

* Each app has one queue. A request goes to an idle lane that serves its app; when there is none it
  waits.
* A lane that falls idle pulls the next request of the apps that its worker serves. The apps that
  have one take turns, so that a flood for one of them does not delay a request for another.
* Which lane, which request of an app, and how many may wait have their rules in `lanes`, `queue`
  and `room`.
* A connection that is held has no request taken, as long as it is: its requests keep their places,
  others go past them, and they keep no room from others.
* A request for an app that is not configured is refused; one for an app whose workers are still
  booting waits, as long as there is room.
* A step costs the same however many apps and lanes there are: sets of both are the bits of ints.
  To add a worker's first lane and to remove its last one is linear in apps.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Generic

from ...errors import DirtyNoWorkersAvailableError
from .lanes import Group, L, Lanes
from .queue import J, Queue
from .room import Room


class _App(Queue[J]):
    """An app and its queue; `bit` is the set of it alone, `groups` that of those that serve it."""

    __slots__ = ("bit", "groups")

    def __init__(self, bit: int) -> None:
        super().__init__()
        self.bit = bit
        self.groups = 0


class Router(Generic[J, L]):
    """The queues of `apps`, and the lanes that serve them.

    Args:
        max_queue: requests of one app that may wait; 0 for any number.
        max_queue_bytes: what all that wait may take together; 0 for any number.
        max_queue_share: how much of both one connection may have, in percent.

    Attributes:
        held: the connections of which nothing is taken.
    """

    def __init__(
        self,
        apps: Iterable[str],
        max_queue: int = 0,
        max_queue_bytes: int = 0,
        max_queue_share: int = 100,
    ) -> None:
        self._apps: dict[str, _App[J]] = {path: _App(1 << n) for n, path in enumerate(apps)}
        self._numbered = list(self._apps.values())
        # The set of the apps for which something waits that may be taken.
        self._waiting = 0
        self.held: set[Hashable] = set()
        self._room: Room[J] = Room(self._numbered, max_queue, max_queue_bytes, max_queue_share)
        # As `Room` has it.
        self.limit = self._room.limit
        self._lanes: Lanes[J, L] = Lanes()
        self._seats = self._lanes.seats

    @property
    def apps(self) -> tuple[str, ...]:
        return tuple(self._apps)

    def depth(self, app_path: str) -> int:
        """How many requests wait for the app."""
        return self._apps[app_path].depth

    def oldest(self, app_path: str) -> J | None:
        """The request for the app that has waited longest; linear in the connections that wait."""
        return self._apps[app_path].oldest()

    def waiting(self) -> Iterator[J]:
        """The requests that wait."""
        for app in self._numbered:
            yield from app

    @property
    def waiting_count(self) -> int:
        """How many requests wait."""
        return self._room.count

    @property
    def waiting_bytes(self) -> int:
        """What the requests that wait take together."""
        return self._room.bytes

    @property
    def lane_count(self) -> int:
        """How many lanes there are, idle, busy and retiring."""
        return len(self._seats)

    def busy(self, worker: Hashable) -> int:
        """How many lanes of the worker run a request."""
        group = self._lanes.groups.get(worker)
        return group.busy if group is not None else 0

    def busy_of(self, lanes: Iterable[L]) -> int:
        """How many of the lanes run a request."""
        return sum(self.is_busy(lane) for lane in lanes)

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
        app = self._apps.get(job.app_path)
        if app is None:
            raise DirtyNoWorkersAvailableError(job.app_path, reason="the app is not configured")
        able = self._lanes.idle & app.groups
        if able and not (self.held and job.client in self.held):
            return self._lanes.take(able, job)
        self._room.admit(job, app)
        app.put(job)
        self._waiting |= app.bit
        return None

    def give_back(self, job: J) -> L | None:
        """As `submit` for a request that a lane took and did not begin: it is the next one."""
        app = self._apps[job.app_path]
        able = self._lanes.idle & app.groups
        if able and job.client not in self.held:
            return self._lanes.take(able, job)
        self._room.enter(job)
        app.put_back(job)
        self._waiting |= app.bit
        return None

    def withdraw(self, job: J) -> bool:
        """Take back a request that waits; False when it does not wait."""
        app = self._apps.get(job.app_path)
        if app is None or not app.withdraw(job):
            return False
        self._room.leave(job)
        if not app.depth:
            self._waiting &= ~app.bit
        return True

    def hold(self, client: Hashable) -> None:
        """Nothing of the connection is taken, until `resume`."""
        self.held.add(client)

    def in_the_way(self, job: J) -> Iterator[J]:
        """The requests of held connections that have the room in which `job` would wait.

        None where that does not need it, or would be refused all the same. Each is to be withdrawn
        before the next is asked for. Linear in the connections that are held, and only where the
        room is all taken.
        """
        app = self._apps.get(job.app_path)
        if app is None or job.client in self.held or self._lanes.idle & app.groups:
            return
        if self._room.queues_in_the_way(job, app) and self._room.may_be_made(job, app, self.held):
            while (other := self._first_in_the_way(job, app)) is not None:
                yield other

    def _first_in_the_way(self, job: J, app: _App[J]) -> J | None:
        for queue in self._room.queues_in_the_way(job, app):
            for client in self.held:
                if (last := queue.last_of(client)) is not None:
                    return last
        return None

    def resume(self, client: Hashable, now_s: float) -> list[tuple[J, L]]:
        """The connection is held no more. Returns its requests that are taken now, and by whom.

        Linear in apps: it is for what is rare.
        """
        if client not in self.held:
            return []
        self.held.discard(client)
        return [
            pair for app in self._numbered if app.depth for pair in self._resume(client, app, now_s)
        ]

    def _resume(self, client: Hashable, app: _App[J], now_s: float) -> Iterator[tuple[J, L]]:
        app.resume(client)
        self._waiting |= app.bit
        while (able := self._lanes.idle & app.groups) and (job := self._next_of(app, now_s)):
            yield job, self._lanes.take(able, job)

    def add(
        self, lane: L, worker: Hashable, apps: Iterable[str], now_s: float, fill: int = 0
    ) -> J | None:
        """A lane is ready. Returns the request that it takes at once, if one waits.

        Args:
            worker: whose it is, or what else its lanes have in common.
            apps: what these serve: the same for all of them.
            fill: how many requests they get before others get any; 0 for none.
        """
        seat = self._lanes.add(lane, worker)
        if seat.group.size == 1:
            seat.group.fill = fill
            self._serve(seat.group, apps)
        return self.release(lane, now_s)

    def release(self, lane: L, now_s: float) -> J | None:
        """A lane runs nothing any more. Returns the next request that it takes, if one waits."""
        seat = self._seats.get(lane)
        if seat is None:
            return None
        group = seat.group
        job = None
        while job is None:
            ready = self._waiting & group.apps
            if not ready or seat.retires:
                self._lanes.rest(seat)
                return None
            app = self._numbered[(ready & group.turn or ready).bit_length() - 1]
            job = self._next_of(app, now_s)
        group.turn = app.bit - 1
        if seat.job is None:
            group.busy += 1
        seat.job = job
        return job

    def _next_of(self, app: _App[J], now_s: float) -> J | None:
        """Take out the next request for the app, if one may be taken."""
        job = app.take(now_s, self.held)
        if job is not None:
            self._room.leave(job)
        if job is None or not app.depth:
            self._waiting &= ~app.bit
        return job

    def retire(self, lane: L) -> None:
        """The lane takes nothing after the request that it runs."""
        seat = self._seats.get(lane)
        if seat is not None:
            self._lanes.retire(seat)

    def is_spent(self, lane: L) -> bool:
        """Whether the lane retires, and runs nothing."""
        seat = self._seats.get(lane)
        return seat is None or (seat.retires and seat.job is None)

    def remove(self, lane: L) -> J | None:
        """A lane takes nothing more. Returns the request that it runs, if any."""
        seat = self._seats.get(lane)
        if seat is None:
            return None
        job = seat.job
        self._lanes.remove(seat)
        if not seat.group.size:
            for app in self._numbered:
                app.groups &= ~seat.group.bit
        return job

    def _serve(self, group: Group[J, L], apps: Iterable[str]) -> None:
        for app in (self._apps[path] for path in apps if path in self._apps):
            app.groups |= group.bit
            group.apps |= app.bit
