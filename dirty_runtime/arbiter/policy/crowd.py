"""Who is connected, and who goes where there are too many: pure, no clock but the one handed in.

Rules:

* A connection is busy while it waits for an answer. Else it rests: it leaves, is idle, is inside of
  a frame that it sends, or leaves answers unread. Each rest but busy has its longest time.
* Where there are too many, one that rests goes. First one whose frame stalls; then one of the peer
  that has more of them than an equal share, the most of all; then any. In each, an idle one, which
  loses nothing, goes before one inside of a frame, and that before one that does not read; of each
  kind the one that has rested longest. Whose frame stalls goes first where its peer has the most.
* Where connections keep too many bytes, the one goes that has kept some for longest, of the peer
  that keeps the most.
* A step costs the same however many there are; to find who keeps the most is linear in peers.
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from collections.abc import Hashable, Iterator, Mapping
from enum import Enum, IntEnum
from itertools import islice, takewhile
from typing import Generic, NamedTuple, TypeVar

from .shares import Shares

C = TypeVar("C", bound=Hashable)
# A frame that has not come whole within it stalls, in seconds: its sender has all of it.
STALLED_S = 1.0


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


class Cause(Enum):
    """Why it is this one that goes."""

    STALLED = "stalled"
    SHARE = "share"
    REST = "rest"


class Going(NamedTuple, Generic[C]):
    """Who goes next, and why."""

    one: C
    cause: Cause


# Of whom: a peer, or everybody.
Group = Hashable
EVERYBODY = None
_Since = OrderedDict[C, float]


class Crowd(Generic[C]):
    """The connections of an arbiter.

    Args:
        limits_s: how long they may rest, in seconds; what is missing or 0 has no limit.
    """

    def __init__(self, limits_s: Mapping[Rest, float]) -> None:
        self.limit(limits_s)
        # Of everybody, and of each peer, those who are in a rest, by when it began: the first for
        # longest. There are none that are empty of a peer.
        self._since: dict[tuple[Group, Rest], _Since[C]] = {
            (EVERYBODY, rest): OrderedDict() for rest in Rest
        }
        self._rest_of: dict[C, Rest] = {}
        self._peer_of: dict[C, Hashable] = {}
        # Of those that rest.
        self._shares: Shares[Hashable] = Shares()

    def limit(self, limits_s: Mapping[Rest, float]) -> None:
        """Have these limits from now on, for those too who rest already."""
        self._limits_s = [limits_s.get(rest) or math.inf for rest in Rest]

    def __len__(self) -> int:
        """How many there are that do not leave."""
        return len(self._rest_of) - self.count(Rest.LEAVING)

    def count(self, rest: Rest) -> int:
        """How many are in this rest."""
        return len(self._since[EVERYBODY, rest])

    def of(self, rest: Rest) -> list[C]:
        """Those who are in this rest, the longest first: linear in them."""
        return list(self._since[EVERYBODY, rest])

    def longest(self, rest: Rest) -> C | None:
        """Who has been in this rest for longest."""
        return next(iter(self._since[EVERYBODY, rest]), None)

    def rest_of(self, one: C) -> Rest | None:
        """The rest that it is in; None for one that is gone."""
        return self._rest_of.get(one)

    def peers_share(self, one: C) -> int:
        """How many rest of its peer."""
        return self._shares.of(self._peer_of[one])

    def came(self, one: C, peer: Hashable, now_s: float) -> None:
        """It has connected, from this peer."""
        self._peer_of[one] = peer
        self._rest_of[one] = Rest.IDLE
        self._enter(one, now_s)

    def moved(self, one: C, rest: Rest, now_s: float) -> None:
        """It is in another rest, or begins the same anew, unless it is gone."""
        if one in self._rest_of:
            self._leave(one)
            self._rest_of[one] = rest
            self._enter(one, now_s)

    def gone(self, one: C) -> None:
        """It is connected no more."""
        if one in self._rest_of:
            self._leave(one)
            del self._rest_of[one], self._peer_of[one]

    def _enter(self, one: C, now_s: float) -> None:
        rest, peer = self._rest_of[one], self._peer_of[one]
        self._since[EVERYBODY, rest][one] = now_s
        if rest in GOING:
            self._since.setdefault((peer, rest), OrderedDict())[one] = now_s
            self._shares.take(peer)

    def _leave(self, one: C) -> None:
        rest, peer = self._rest_of[one], self._peer_of[one]
        del self._since[EVERYBODY, rest][one]
        if rest in GOING:
            del self._since[peer, rest][one]
            if not self._since[peer, rest]:
                del self._since[peer, rest]
            self._shares.leave(peer)

    def next_to_go(self, now_s: float, but: C | None = None) -> Going[C] | None:
        """Who goes next, if anybody may; never `but`."""
        return next(self._going(now_s, but), None)

    def _going(self, now_s: float, but: C | None) -> Iterator[Going[C]]:
        largest = self._shares.largest()
        groups = (EVERYBODY,) if largest is None else (largest, EVERYBODY)
        for group in groups:
            for one, since_s in self._first(group, Rest.SENDING, but):
                if since_s + STALLED_S <= now_s:
                    yield Going(one, Cause.STALLED)
        for group in groups:
            for rest in GOING:
                for one, _ in self._first(group, rest, but):
                    yield Going(one, Cause.REST if group is EVERYBODY else Cause.SHARE)

    def _first(self, group: Group, rest: Rest, but: C | None) -> Iterator[tuple[C, float]]:
        """Who of the group has been in this rest for longest, and since when."""
        since: Mapping[C, float] = self._since.get((group, rest), {})
        return islice(((one, since_s) for one, since_s in since.items() if one != but), 1)

    def overdue(self, now_s: float, most: int) -> list[tuple[C, Rest]]:
        """Those who have rested for too long by `now_s`, who are to go: so many, if there are."""
        late = ((one, rest) for rest in GOING for one in self._late(rest, now_s))
        return list(islice(late, most))

    def _late(self, rest: Rest, now_s: float) -> Iterator[C]:
        limit_s = self._limits_s[rest]
        begun = self._since[EVERYBODY, rest].items()
        return (one for one, _ in takewhile(lambda it: it[1] + limit_s <= now_s, begun))

    def next_due_s(self) -> float:
        """When the next one will have rested for too long; infinite for never."""
        return min(
            next(iter(self._since[EVERYBODY, rest].values()), math.inf) + self._limits_s[rest]
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
        self.limit(most)
        # Of each peer, those who keep some, by how much: the first for longest.
        self._of: dict[Hashable, OrderedDict[C, int]] = {}
        self._bytes_of: Counter[Hashable] = Counter()

    def limit(self, most: int) -> None:
        """Have this limit from now on."""
        self._most = most or math.inf

    def keeps(self, one: C, peer: Hashable, count: int) -> None:
        """It keeps so many bytes now."""
        kept = self._of.get(peer) or self._of.setdefault(peer, OrderedDict())
        change = count - kept.get(one, 0)
        self.bytes += change
        self._bytes_of[peer] += change
        if count:
            kept[one] = count
            return
        kept.pop(one, None)
        if not kept:
            del self._of[peer], self._bytes_of[peer]

    @property
    def is_exceeded(self) -> bool:
        """Whether somebody is to go."""
        return self.bytes > self._most

    def longest(self) -> C:
        """Who has kept something for longest, of the peer that keeps the most."""
        peer = max(self._bytes_of, key=self._bytes_of.__getitem__)
        return next(iter(self._of[peer]))
