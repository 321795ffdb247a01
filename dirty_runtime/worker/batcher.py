"""Which calls run together as a batch: pure, no clock but the one handed in.

Rules:

* One batch runs at a time; those who come meanwhile are the next one, in the order of their coming.
* Those of one key run together, as many as do not cost more than a batch may; the first runs
  whatever it costs. The key goes first of which somebody has waited longest.
* A batch that is not full waits for those who may come again: as many as there were when the batch
  before it ended, until a while after that end. So a lone call never waits.
* Who is withdrawn before its batch begins is not in it.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

M = TypeVar("M", bound=Hashable)


class Batcher(Generic[M]):
    """The members of one batched method, in one worker.

    Args:
        max_size: what the members of a batch cost together, at the most.
        max_wait_s: how long a batch waits for those who may come again.
    """

    def __init__(self, max_size: float, max_wait_s: float) -> None:
        self._max_size = max_size
        self._max_wait_s = max_wait_s
        # By their keys, with what each costs; the key of who came first is the first.
        self._waiting: OrderedDict[Hashable, OrderedDict[M, float]] = OrderedDict()
        self._key_of: dict[M, Hashable] = {}
        self._runs = 0
        # How many there were when the last batch ended, and when it did.
        self._expected = 0
        self._free_s = -math.inf

    @property
    def waiting_count(self) -> int:
        """How many wait for their batch."""
        return len(self._key_of)

    def has(self, key: Hashable) -> bool:
        """Whether some of the key wait."""
        return key in self._waiting

    def put(self, member: M, key: Hashable, cost: float) -> None:
        """A member has come."""
        self._waiting.setdefault(key, OrderedDict())[member] = cost
        self._key_of[member] = key

    def withdraw(self, member: M) -> bool:
        """The member is given up. Returns whether it has been waiting."""
        if member not in self._key_of:
            return False
        self._drop(member)
        return True

    def take(self, now_s: float) -> list[M]:
        """The members of the batch that begins now; none where none does."""
        if self._runs or not self._waiting:
            return []
        key, waiting = next(iter(self._waiting.items()))
        members: list[M] = []
        cost = 0.0
        for member, own in waiting.items():
            if members and cost + own > self._max_size:
                break
            members.append(member)
            cost += own
        is_full = cost >= self._max_size or len(members) < len(waiting)
        if not is_full and self._waits(now_s):
            return []
        for member in members:
            self._drop(member)
        if key in self._waiting:
            # Those of other keys have waited longer than who comes next of this one.
            self._waiting.move_to_end(key)
        self._runs = len(members)
        return members

    def due_s(self) -> float | None:
        """When a batch begins that waits for others now; None where none does."""
        return self._free_s + self._max_wait_s if self._waiting and not self._runs else None

    def ended(self, now_s: float) -> None:
        """The batch that ran is over."""
        self._expected = self._runs + self.waiting_count
        self._runs, self._free_s = 0, now_s

    def _waits(self, now_s: float) -> bool:
        """Whether others may come again."""
        return self.waiting_count < self._expected and now_s < self._free_s + self._max_wait_s

    def _drop(self, member: M) -> None:
        key = self._key_of.pop(member)
        waiting = self._waiting[key]
        del waiting[member]
        if not waiting:
            del self._waiting[key]
