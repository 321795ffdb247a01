"""The requests that wait for one app, and which is next: pure, the clock is handed in.

Rules:

* The connections that wait take turns, one request a turn, however many each has waiting. One that
  comes, or had its turn and has more, goes behind the others.
* A request of a higher priority goes first; turns are taken among those of one priority. So that
  nothing starves, a priority counts one more for each whole second that its next connection has
  waited for its turn. What a connection has waiting behind its next request does not age: else a
  flood would outrank those who come after it.
* A request that was given back is the next one of its priority.
* A connection that is held is passed over. When it is held no more, those of its requests whose
  turn had come are the next ones of their priorities.
* Every step costs the same whatever waits.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Hashable, Iterator
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

    __slots__ = ("_aside", "_only", "_rings", "depth")

    def __init__(self) -> None:
        self.depth = 0
        # Those of the priorities that were ever used; the only one, as long as it is.
        self._rings: dict[int, _Ring[J]] = {}
        self._only: _Ring[J] | None = None
        # What was passed over, by its priority.
        self._aside: dict[int, _Ring[J]] = {}

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
        entries = [ring[client] for ring in self._all_rings() if client in ring]
        return sum(len(one.jobs) if isinstance(one, _Line) else 1 for one in entries)

    def last_of(self, client: Hashable) -> J | None:
        """The request of one connection that came last, of some priority."""
        for ring in self._all_rings():
            if (entry := ring.get(client)) is not None:
                return next(reversed(entry.jobs)) if isinstance(entry, _Line) else entry
        return None

    def put(self, job: J) -> None:
        """`job` waits behind those of its connection."""
        self.depth += 1
        ring = self._ring_of(job)
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
        ring = self._aside_of(job) or self._rings[job.priority]
        ring.move_to_end(job.client, FIRST)
        entry = ring[job.client]
        if isinstance(entry, _Line):
            entry.jobs.move_to_end(job, FIRST)
            entry.since_s = job.arrived_s

    def withdraw(self, job: J) -> bool:
        """Take out `job`; False when it does not wait."""
        ring = self._ring_of(job)
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

    def take(self, now_s: float, held: Collection[Hashable] = ()) -> J | None:
        """Take out the next request; None where only those wait that are held."""
        ring = self._only or self._next_ring(now_s)
        while ring is not None and held and next(iter(ring)) in held:
            self._pass_over(ring)
            ring = self._only or self._next_ring(now_s)
        if ring is None:
            return None
        self.depth -= 1
        client, entry = ring.popitem(FIRST)
        if not isinstance(entry, _Line):
            return entry
        job, _ = entry.jobs.popitem(FIRST)
        if entry.jobs:
            entry.since_s = now_s
            ring[client] = entry
        return job

    def resume(self, client: Hashable) -> bool:
        """The connection is held no more. Returns whether something of it had been passed over."""
        found = [one for one, ring in self._aside.items() if client in ring]
        for priority in found:
            self._rings[priority][client] = self._aside[priority].pop(client)
            self._rings[priority].move_to_end(client, FIRST)
            if not self._aside[priority]:
                del self._aside[priority]
        return bool(found)

    def _pass_over(self, ring: _Ring[J]) -> None:
        client, entry = ring.popitem(FIRST)
        job = next(iter(entry.jobs)) if isinstance(entry, _Line) else entry
        self._aside.setdefault(job.priority, OrderedDict())[client] = entry

    def _aside_of(self, job: J) -> _Ring[J] | None:
        """The ring of those that were passed over, if the request's connection is in it."""
        ring = self._aside.get(job.priority)
        return ring if ring is not None and job.client in ring else None

    def _ring_of(self, job: J) -> _Ring[J] | None:
        """The ring that the request belongs to, if there is one."""
        return (self._aside and self._aside_of(job)) or self._rings.get(job.priority)

    def _all_rings(self) -> list[_Ring[J]]:
        return [*self._rings.values(), *self._aside.values()]

    def _add_ring(self, priority: int) -> _Ring[J]:
        ring: _Ring[J] = OrderedDict()
        self._rings[priority] = ring
        self._only = ring if len(self._rings) == 1 else None
        return ring

    def _entries(self) -> Iterator[J | _Line[J]]:
        for ring in self._all_rings():
            yield from ring.values()

    def _next_ring(self, now_s: float) -> _Ring[J] | None:
        """That of the priority that counts most; of several, the one that has waited longest."""

        def rank(priority: int) -> tuple[int, float]:
            entry = next(iter(self._rings[priority].values()))
            since_s = entry.since_s if isinstance(entry, _Line) else entry.arrived_s
            return priority + int(now_s - since_s), -since_s

        used = [one for one, ring in self._rings.items() if ring]
        return self._rings[max(used, key=rank)] if used else None
