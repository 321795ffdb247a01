"""What time does to calls: deadlines that pass, workers that are silent, and calls that run on.

Rules: one timer serves all deadlines. A lane with a call is looked at when it may have been silent
for too long, not each time that it is heard. Silence that a client causes, by not reading, is held
against the client.
"""

from __future__ import annotations

import math
from typing import Protocol

from .clock import Clock
from .workers.places import Place


class SilenceEvents(Protocol):
    """Whoever is told of silence."""

    def is_awaited(self, lane: Place) -> bool:
        """Whether something is to come on the lane."""

    def lane_silent(self, lane: Place) -> None:
        """Nothing came on the lane for too long."""

    def client_silent(self, lane: Place) -> None:
        """The client of the call on the lane has read nothing for too long."""


class SilenceWatch:
    """Looks after lanes on which something is to come.

    Args:
        limit_s: the longest silence of a worker, in seconds; 0 for any.
        events: is told.
        clock: has its seconds, and its timers.
        unread_s: the longest that a client may hold a lane and read nothing, in seconds; 0 for
            any, None for `limit_s`.

    Attributes:
        watched: the lanes that are looked after.
    """

    def __init__(
        self,
        limit_s: float,
        events: SilenceEvents,
        clock: Clock,
        unread_s: float | None = None,
    ) -> None:
        self.limit(limit_s, limit_s if unread_s is None else unread_s)
        self._events = events
        self._clock = clock
        self.watched: set[Place] = set()

    def limit(self, limit_s: float, unread_s: float) -> None:
        """Have these limits from now on; who is looked after already, from the next look on."""
        self.limit_s = limit_s
        self.unread_s = unread_s
        # How often a lane is looked at, at least: it may be held back at any time.
        self._each_s = min(limit_s or unread_s, unread_s or limit_s)

    def watch(self, lane: Place) -> None:
        """Look after the lane until nothing is to come on it."""
        if self._each_s and lane not in self.watched:
            self.watched.add(lane)
            self._look_later(lane, self._each_s)

    def _look_later(self, lane: Place, wait_s: float) -> None:
        self._clock.call_later(wait_s, self._look, lane)

    def _look(self, lane: Place) -> None:
        if not self._events.is_awaited(lane):
            self.watched.discard(lane)
            return
        limit_s = self.unread_s if lane.paused else self.limit_s
        left_s = lane.heard_s + limit_s - self._clock()
        if not limit_s or left_s > 0:
            self._look_later(lane, min(left_s, self._each_s) if limit_s else self._each_s)
        elif lane.is_held:
            # It is a disk that is waited for.
            self._look_later(lane, self._each_s)
        elif lane.paused:
            self._events.client_silent(lane)
            self._look_later(lane, self._each_s)
        else:
            self.watched.discard(lane)
            self._events.lane_silent(lane)


class RunEvents(Protocol):
    """Whoever is told of calls that run for too long."""

    def run_due_s(self, lane: Place) -> float | None:
        """When the call that runs on the lane has had its time; None for a call that may run on,
        and where none runs for anybody.
        """

    def ran_too_long(self, lane: Place) -> None:
        """The call that runs on the lane has had its time."""


class RunWatch:
    """Looks after calls that run, whatever comes of them meanwhile.

    Args:
        events: is told.
        clock: has its seconds, and its timers.
    """

    def __init__(self, events: RunEvents, clock: Clock) -> None:
        self._events = events
        self._clock = clock
        # When each lane is looked at next.
        self._due_s: dict[Place, float] = {}

    def watch(self, lane: Place, due_s: float) -> None:
        """A call begins on the lane, which has its time until then."""
        if due_s < self._due_s.get(lane, math.inf):
            self._due_s[lane] = due_s
            self._clock.call_at(due_s, self._look, lane, due_s)

    def _look(self, lane: Place, due_s: float) -> None:
        if self._due_s.get(lane) != due_s:
            # It was looked at before that, for a call of less time.
            return
        del self._due_s[lane]
        run_due_s = self._events.run_due_s(lane)
        if run_due_s is None:
            return
        if run_due_s > self._clock():
            self.watch(lane, run_due_s)
        else:
            self._events.ran_too_long(lane)
