"""How much may wait, and who has how much waiting: pure.

Rules:

* So many requests may wait for one app, and so many bytes of all requests together. One connection
  may have a share of both, so that it never leaves no room for another; one request of it may wait
  whatever its share.
* The bytes of each connection are counted only while it matters: from when more wait than one may
  have, until nothing waits. So the count costs nothing usually, and else a few steps for each
  request that has waited.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Hashable
from typing import Generic

from ...errors import DirtyOverloadedError
from .queue import J, Queue

SHARE = "as many as max-queue-share lets it have"


class Room(Generic[J]):
    """The room in `queues`.

    Args:
        max_queue: requests that may wait in one of them; 0 for any number.
        max_queue_bytes: what all that wait may take together; 0 for any number.
        max_queue_share: how much of both one connection may have, in percent.

    Attributes:
        count: how many requests wait.
        bytes: what they take.
    """

    def __init__(
        self,
        queues: Collection[Queue[J]],
        max_queue: int,
        max_queue_bytes: int,
        max_queue_share: int,
    ) -> None:
        self.count = 0
        self.bytes = 0
        self._queues = queues
        self._bytes_of: Counter[Hashable] | None = None
        self.limit(max_queue, max_queue_bytes, max_queue_share)

    def limit(self, max_queue: int, max_queue_bytes: int, max_queue_share: int) -> None:
        """Have these limits from now on; what waits already goes on to."""
        self._most = max_queue or math.inf
        self._most_bytes = max_queue_bytes or math.inf
        self._most_of_one = math.ceil(max_queue * max_queue_share / 100) or math.inf
        self._most_bytes_of_one = math.ceil(max_queue_bytes * max_queue_share / 100) or math.inf

    def admit(self, job: J, queue: Queue[J]) -> None:
        """`job` is to wait in `queue`. Raises DirtyOverloadedError."""
        if (
            queue.depth >= self._most_of_one
            or self.bytes + job.size_bytes > self._most_bytes_of_one
        ):
            self._check(job, queue)
        self.enter(job)

    def may_be_made(self, job: J, queue: Queue[J], held: Collection[Hashable]) -> bool:
        """Whether `job` may wait in `queue` when nothing waits of the connections that are held."""
        depth = queue.depth - sum(map(queue.depth_of, held))
        left_bytes = self.bytes - sum(map(self._bytes_of_one, held))
        has_room = depth < self._most and left_bytes + job.size_bytes <= self._most_bytes
        return has_room and not self._problem_of_share(job, queue)

    def queues_in_the_way(self, job: J, queue: Queue[J]) -> Collection[Queue[J]]:
        """Those of which something must leave before `job` may wait in `queue`."""
        if queue.depth >= self._most:
            return (queue,)
        return self._queues if self.bytes + job.size_bytes > self._most_bytes else ()

    def enter(self, job: J) -> None:
        """`job` waits."""
        self.count += 1
        self.bytes += job.size_bytes
        if self._bytes_of is not None:
            self._bytes_of[job.client] += job.size_bytes

    def leave(self, job: J) -> None:
        """`job` waits no more."""
        self.count -= 1
        self.bytes -= job.size_bytes
        if self._bytes_of is not None:
            self._forget(job, self._bytes_of)

    def _forget(self, job: J, bytes_of: Counter[Hashable]) -> None:
        bytes_of[job.client] -= job.size_bytes
        if not bytes_of[job.client]:
            del bytes_of[job.client]
        if not self.count:
            self._bytes_of = None

    def _check(self, job: J, queue: Queue[J]) -> None:
        if reason := self._problem(job, queue):
            raise DirtyOverloadedError(f"overloaded: {reason}", job.app_path)

    def _problem(self, job: J, queue: Queue[J]) -> str:
        """Why there is no room for `job`; empty when there is."""
        if queue.depth >= self._most:
            return f"{queue.depth} requests wait for app {job.app_path}, all of max-queue"
        if self.bytes + job.size_bytes > self._most_bytes:
            return f"requests of {self.bytes} bytes wait, max-queue-bytes has no room for this one"
        return self._problem_of_share(job, queue)

    def _problem_of_share(self, job: J, queue: Queue[J]) -> str:
        """Why its connection may not have `job` wait as well; empty when it may."""
        own = queue.depth_of(job.client)
        if own >= self._most_of_one:
            return f"{own} requests of this connection wait for app {job.app_path}, {SHARE}"
        own_bytes = self._bytes_of_one(job.client)
        if own_bytes and own_bytes + job.size_bytes > self._most_bytes_of_one:
            return f"requests of {own_bytes} bytes of this connection wait, {SHARE}"
        return ""

    def _bytes_of_one(self, client: Hashable) -> int:
        if self._bytes_of is None:
            self._bytes_of = Counter()
            for queue in self._queues:
                for job in queue:
                    self._bytes_of[job.client] += job.size_bytes
        return self._bytes_of[client]
