"""Which idle lane takes a request: pure.

Rules:

* The lanes of a worker are a group: they serve the same apps.
* A request goes to the group that has the fewest busy lanes, of those that may take it and have an
  idle one; within it to the lane that worked last.
* Groups that are to be filled get so many requests before others get any: of those that have some,
  and not so many, the busiest is the next.
* Groups that are as busy take turns, each for a few requests in a row: code and data of the one
  that has just worked are still in the processor's caches.
* A lane that retires finishes its request and takes no other.
* Groups are numbered, and a set of groups is the bits of an int: whatever the number of groups, a
  choice takes the same few steps, since two sets of 1,024 are compared in some 30 ns.
* How many lanes of the groups are busy is written in binary, across one set for each digit: the
  fewest are found in a step per digit.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

from .queue import J

# How many requests a group takes in a row while others are idle.
TURN = 8

L = TypeVar("L", bound=Hashable)


class Seat(Generic[J, L]):
    """A lane: the group it belongs to, and the request it runs."""

    __slots__ = ("group", "job", "lane", "retires")

    def __init__(self, lane: L, group: Group[J, L]) -> None:
        self.lane = lane
        self.group = group
        self.job: J | None = None
        self.retires = False


class Group(Generic[J, L]):
    """The lanes of one worker.

    Attributes:
        worker: whose they are.
        bit: the set of this group alone.
        apps: the set of the apps that it serves, for whoever made it.
        turn: the set of those whose turn comes first, likewise.
        size: how many lanes it has.
        busy: how many of them run a request.
        counted: how many do by the sets of Lanes, which matters while a lane is idle.
        taken: how many requests it has had of its turn.
        idle: the lanes that wait for a request, the one that worked last at the end.
        fill: how many requests it gets before others get any; 0 for none.
    """

    __slots__ = (
        "apps",
        "bit",
        "busy",
        "counted",
        "fill",
        "idle",
        "size",
        "taken",
        "turn",
        "worker",
    )

    def __init__(self, worker: Hashable, bit: int) -> None:
        self.worker = worker
        self.bit = bit
        self.apps = self.turn = 0
        self.size = self.busy = self.counted = self.taken = self.fill = 0
        self.idle: dict[L, Seat[J, L]] = {}


class Lanes(Generic[J, L]):
    """The lanes of all workers.

    Attributes:
        seats: of all of them.
        groups: by their workers.
        idle: the set of the groups that have an idle lane.
    """

    def __init__(self) -> None:
        self.seats: dict[L, Seat[J, L]] = {}
        self.groups: dict[Hashable, Group[J, L]] = {}
        self.idle = 0
        # The set of those that are being filled.
        self._filling = 0
        self._numbered: list[Group[J, L]] = []
        self._unused: list[int] = []
        # Those in the midst of their turn, and those that come before the others' next turn.
        self._in_turn = 0
        self._turn = 0
        # For each binary digit of the count of busy lanes, the highest first: where it is 1.
        self._ones: list[int] = []

    def add(self, lane: L, worker: Hashable) -> Seat[J, L]:
        """One more lane of the worker; it is not idle yet."""
        group = self.groups.get(worker) or self._add_group(worker)
        group.size += 1
        while (group.size - 1) >> len(self._ones):
            self._ones.insert(0, 0)
        seat = self.seats[lane] = Seat(lane, group)
        return seat

    def take(self, able: int, job: J) -> L:
        """The lane that takes `job`, of the groups `able`, which are idle."""
        if filling := able & self._filling:
            able = filling
            for ones in self._ones:
                able = able & ones or able
        else:
            for ones in self._ones:
                if ones:
                    able = able & ~ones or able
        able = able & self._in_turn or able & self._turn or able
        group = self._numbered[able.bit_length() - 1]
        lane, seat = group.idle.popitem()
        seat.job = job
        group.busy += 1
        if not group.idle:
            self.idle ^= group.bit
        elif group.busy != group.counted:
            self._count(group)
        if group.fill:
            self._note_filling(group)
        group.taken += 1
        if group.taken == 1:
            self._in_turn |= group.bit
            self._turn = group.bit - 1
        elif group.taken == TURN:
            self._in_turn ^= group.bit
            group.taken = 0
        return lane

    def rest(self, seat: Seat[J, L]) -> None:
        """The lane runs nothing: it is idle, unless it retires."""
        group = seat.group
        if seat.job is not None:
            seat.job = None
            group.busy -= 1
        if not seat.retires:
            group.idle[seat.lane] = seat
            self.idle |= group.bit
        if group.busy != group.counted:
            self._count(group)
        if group.fill:
            self._note_filling(group)

    def retire(self, seat: Seat[J, L]) -> None:
        """The lane takes nothing after the request that it runs."""
        seat.retires = True
        seat.group.idle.pop(seat.lane, None)
        if not seat.group.idle:
            self.idle &= ~seat.group.bit

    def remove(self, seat: Seat[J, L]) -> None:
        """The lane is gone; its group too if it was the last one."""
        self.retire(seat)
        self.rest(seat)
        del self.seats[seat.lane]
        group = seat.group
        group.size -= 1
        if not group.size:
            del self.groups[group.worker]
            self._in_turn &= ~group.bit
            self._filling &= ~group.bit
            self._unused.append(group.bit.bit_length() - 1)

    def _add_group(self, worker: Hashable) -> Group[J, L]:
        number = self._unused.pop() if self._unused else len(self._numbered)
        group = self.groups[worker] = Group(worker, 1 << number)
        self._numbered[number : number + 1] = [group]
        return group

    def _note_filling(self, group: Group[J, L]) -> None:
        if 0 < group.busy < group.fill:
            self._filling |= group.bit
        else:
            self._filling &= ~group.bit

    def _count(self, group: Group[J, L]) -> None:
        """Enter the group's count of busy lanes, of which one at least is not."""
        changed = group.busy ^ group.counted
        group.counted = group.busy
        place = -1
        while changed:
            if changed & 1:
                self._ones[place] ^= group.bit
            changed >>= 1
            place -= 1
