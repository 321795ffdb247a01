"""Who is connected, and who goes where there are too many: pure, no clock but the one handed in.

Rules:

* A connection is busy while it waits for an answer. Else it rests: it leaves, is idle, is inside of
  a frame that it sends, or leaves answers unread. Each rest but busy has its longest time.
* Where there are too many, one that rests goes: an idle one, which loses nothing, else one inside
  of a frame, else one that does not read; of each kind the one that has rested longest.
* Where connections keep too many bytes, the one goes that has kept some for longest.
* A step costs the same however many there are.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from enum import IntEnum
from itertools import takewhile
from typing import Generic, TypeVar

C = TypeVar("C", bound=Hashable)


class Rest(IntEnum):
    """What a connection does; in the order in which those go that rest."""

    BUSY = 0
    """It waits for an answer."""
    IDLE = 1
    """Nothing is under way."""
    SENDING = 2
    """It has sent a part of a frame."""
    UNREAD = 3
    """It has had its answers, and not read them."""
    LEAVING = 4
    """It is heard no more, and about to be closed."""


GOING = (Rest.IDLE, Rest.SENDING, Rest.UNREAD)


class Crowd(Generic[C]):
    """The connections of an arbiter.

    Args:
        limits_s: how long they may rest, in seconds; what is missing or 0 has no limit.
    """

    def __init__(self, limits_s: Mapping[Rest, float]) -> None:
        self._limits_s = [limits_s.get(rest) or math.inf for rest in Rest]
        # Of each rest, those who are in it by when it began: the first for longest.
        self._since: list[dict[C, float]] = [{} for _ in Rest]
        self._rest_of: dict[C, Rest] = {}

    def __len__(self) -> int:
        """How many there are that do not leave."""
        return len(self._rest_of) - len(self._since[Rest.LEAVING])

    def count(self, rest: Rest) -> int:
        """How many are in this rest."""
        return len(self._since[rest])

    def of(self, rest: Rest) -> list[C]:
        """Those who are in this rest, the longest first."""
        return list(self._since[rest])

    def came(self, one: C, now_s: float) -> None:
        """It has connected."""
        self._since[Rest.IDLE][one] = now_s
        self._rest_of[one] = Rest.IDLE

    def moved(self, one: C, rest: Rest, now_s: float) -> None:
        """It is in another rest, or begins the same anew, unless it is gone."""
        if one in self._rest_of:
            del self._since[self._rest_of[one]][one]
            self._since[rest][one] = now_s
            self._rest_of[one] = rest

    def gone(self, one: C) -> None:
        """It is connected no more."""
        if one in self._rest_of:
            del self._since[self._rest_of.pop(one)][one]

    def longest(self, but: C | None = None) -> C | None:
        """Who goes next, if anybody may; never `but`."""
        return next((one for rest in GOING for one in self._since[rest] if one != but), None)

    def overdue(self, now_s: float) -> list[tuple[C, Rest]]:
        """Those who have rested for too long by `now_s`, who are to go."""
        return [
            (one, rest)
            for rest in GOING
            for one, _ in takewhile(
                lambda begun, limit_s=self._limits_s[rest]: begun[1] + limit_s <= now_s,  # type: ignore[misc]
                self._since[rest].items(),
            )
        ]

    def next_due_s(self) -> float:
        """When the next one will have rested for too long; infinite for never."""
        return min(
            next(iter(self._since[rest].values()), math.inf) + self._limits_s[rest]
            for rest in GOING
        )


class Keeping(Generic[C]):
    """What connections keep of one thing.

    Args:
        most: bytes of all together; 0 for any number.

    Attributes:
        bytes: what all keep.
    """

    def __init__(self, most: int) -> None:
        self.bytes = 0
        self._most = most or math.inf
        self._of: dict[C, int] = {}

    def keeps(self, one: C, count: int) -> None:
        """It keeps so many bytes now."""
        self.bytes += count - self._of.get(one, 0)
        if count:
            self._of[one] = count
        else:
            self._of.pop(one, None)

    @property
    def is_exceeded(self) -> bool:
        """Whether somebody is to go."""
        return self.bytes > self._most

    def longest(self) -> C:
        """Who has kept something for longest."""
        return next(iter(self._of))
