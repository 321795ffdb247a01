"""When what lives for a time only is to go: pure, it is handed the time.

Rules: what is set for a time is in a bucket with what is to go at about that time: the further
away, the wider the bucket. When a bucket's time comes, what is in it and not due is set anew, into
a narrower one. So there are few buckets, however much is set, and however often; and to set or to
drop one takes as long among many as among few.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

from .shards import Shards

T = TypeVar("T", bound=Hashable)

# Nothing is set for later than in so many seconds: 300 years.
LONGEST_S = 1e10
# The narrowest bucket is 2 ** NARROWEST seconds wide, others a part of how far they are away.
NARROWEST = -4
PART = 5


class Expiry(Generic[T]):
    """What is to go, by when."""

    def __init__(self) -> None:
        self._buckets: dict[float, Shards[T, float]] = {}
        self._starts: list[float] = []

    @property
    def next_s(self) -> float:
        """When to look again; infinite when nothing is set."""
        return self._starts[0] if self._starts else math.inf

    def set(self, what: T, due_s: float, now_s: float) -> float:
        """Have it go at a time to come. Returns its bucket, by which it is dropped."""
        start = _start(due_s, now_s)
        bucket = self._buckets.get(start)
        if bucket is None:
            bucket = self._buckets[start] = Shards()
            heapq.heappush(self._starts, start)
        bucket.put(what, due_s)
        return start

    def drop(self, what: T, start: float) -> None:
        """Have it stay after all."""
        bucket = self._buckets.get(start)
        if bucket is not None:
            bucket.pop(what)

    def due(self, now_s: float) -> Iterator[tuple[T, float]]:
        """Take out what is in the buckets whose time has come, with the time that it is set for.

        It may have been dropped meanwhile; what has time left is to be set anew.
        """
        while self.next_s <= now_s:
            yield from self._buckets.pop(heapq.heappop(self._starts)).take_apart()


def _start(due_s: float, now_s: float) -> float:
    """When to look at what is due then."""
    width = 2.0 ** max(NARROWEST, math.frexp(due_s - now_s)[1] - PART)
    start = math.floor(due_s / width) * width
    return start if start > now_s else due_s
