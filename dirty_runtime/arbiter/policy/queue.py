"""The requests that wait for one app, and which is next: pure, the clock is handed in.

Rules:

* The connections that wait take turns, one request a turn, however many each has waiting. One that
  comes, or had its turn and has more, goes behind the others.
* A request of a higher priority goes first; turns are taken among those of one priority. So that
  nothing starves, a priority counts one more for each whole second that its next connection has
  waited for its turn. What a connection has waiting behind its next request does not age: else a
  flood would outrank those who come after it.
* A request that was given back is the next one of its priority.
* Every step costs the same whatever waits.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Generic, Protocol, TypeAlias, TypeVar


class Routable(Protocol):
    """A request, as far as routing looks at it.

    Attributes:
        app_path: the app it is for.
        size_bytes: what it takes while it waits.
        client: the connection it came by.
        priority: from -10 to 10, 0 is usual; a higher one goes first.
        arrived_s: when it came, on the clock that is handed in.
    """

    @property
    def app_path(self) -> str: ...

    @property
    def size_bytes(self) -> int: ...

    @property
    def client(self) -> Hashable: ...

    @property
    def priority(self) -> int: ...

    @property
    def arrived_s(self) -> float: ...


J = TypeVar("J", bound=Routable)

# Which end of an OrderedDict; its methods take a word for it, at twice the price.
FIRST = False


class _Line(Generic[J]):
    """Several requests of one connection, and since when it has waited for its turn."""

    __slots__ = ("jobs", "since_s")

    def __init__(self, first: J, second: J) -> None:
        self.jobs: OrderedDict[J, None] = OrderedDict.fromkeys((first, second))
        self.since_s = first.arrived_s


# The connections of one priority, the next one first. Most have one request waiting, which stands
# there by itself: a line costs more than all the rest.
_Ring: TypeAlias = "OrderedDict[Hashable, J | _Line[J]]"


class Queue(Generic[J]):
    """The requests that wait for one app; `depth` counts them."""

    __slots__ = ("_only", "_rings", "depth")

    def __init__(self) -> None:
        self.depth = 0
        # Those of the priorities that were ever used; the only one, as long as it is.
        self._rings: dict[int, _Ring[J]] = {}
        self._only: _Ring[J] | None = None

    def __iter__(self) -> Iterator[J]:
        for entry in self._entries():
            if isinstance(entry, _Line):
                yield from entry.jobs
            else:
                yield entry

    def oldest(self) -> J | None:
        """The request that came first, among the next ones of the connections."""
        firsts = (
            next(iter(entry.jobs)) if isinstance(entry, _Line) else entry
            for entry in self._entries()
        )
        return min(firsts, key=lambda job: job.arrived_s, default=None)

    def depth_of(self, client: Hashable) -> int:
        """How many requests of one connection wait."""
        entries = [ring[client] for ring in self._rings.values() if client in ring]
        return sum(len(one.jobs) if isinstance(one, _Line) else 1 for one in entries)

    def put(self, job: J) -> None:
        """`job` waits behind those of its connection."""
        self.depth += 1
        ring = self._rings.get(job.priority)
        if ring is None:
            ring = self._add_ring(job.priority)
        entry = ring.get(job.client)
        if entry is None:
            ring[job.client] = job
        elif isinstance(entry, _Line):
            entry.jobs[job] = None
        else:
            ring[job.client] = _Line(entry, job)

    def put_back(self, job: J) -> None:
        """`job`, which had its turn, waits as the next one of its priority."""
        self.put(job)
        ring = self._rings[job.priority]
        ring.move_to_end(job.client, FIRST)
        entry = ring[job.client]
        if isinstance(entry, _Line):
            entry.jobs.move_to_end(job, FIRST)
            entry.since_s = job.arrived_s

    def withdraw(self, job: J) -> bool:
        """Take out `job`; False when it does not wait."""
        ring = self._rings.get(job.priority)
        if ring is None:
            return False
        entry = ring.get(job.client)
        jobs = entry.jobs if isinstance(entry, _Line) else None
        if jobs is not None and job in jobs:
            del jobs[job]
        elif entry is not job:
            return False
        if not jobs:
            del ring[job.client]
        self.depth -= 1
        return True

    def take(self, now_s: float) -> J:
        """Take out the next request, which there is."""
        self.depth -= 1
        ring = self._only or self._next_ring(now_s)
        client, entry = ring.popitem(FIRST)
        if not isinstance(entry, _Line):
            return entry
        job, _ = entry.jobs.popitem(FIRST)
        if entry.jobs:
            entry.since_s = now_s
            ring[client] = entry
        return job

    def _add_ring(self, priority: int) -> _Ring[J]:
        ring: _Ring[J] = OrderedDict()
        self._rings[priority] = ring
        self._only = ring if len(self._rings) == 1 else None
        return ring

    def _entries(self) -> Iterator[J | _Line[J]]:
        for ring in self._rings.values():
            yield from ring.values()

    def _next_ring(self, now_s: float) -> _Ring[J]:
        """That of the priority that counts most; of several, the one that has waited longest."""

        def rank(priority: int) -> tuple[int, float]:
            entry = next(iter(self._rings[priority].values()))
            since_s = entry.since_s if isinstance(entry, _Line) else entry.arrived_s
            return priority + int(now_s - since_s), -since_s

        return self._rings[max((one for one, ring in self._rings.items() if ring), key=rank)]
