"""Which slots load which apps: pure.

Rules: the apps of one launcher share slots, which are its own: each launcher has as many as there
are workers. An app without a limit is in every slot of its launcher; one limited to N is in the N
that have the fewest limited apps, the lowest numbers first. A slot that is added goes to the
launcher that has the fewest and an app to put there, and takes the limited apps that lack workers.
A limited app never loses its last slot. A function costs what the slots have to hold, at most, and
to allot the limited apps a logarithm more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from heapq import heappop, heappush

from ...app import AppSpec
from .division import ALONE, Share

Homes = dict[int, tuple[str, ...]]


def allocate(apps: Sequence[AppSpec], workers: int) -> Homes:
    """The paths of each slot's apps, for `workers` slots of each launcher, numbered from 0."""
    homes: Homes = {}
    for mine in _by_launcher(apps).values() or [[]]:
        homes |= _share(mine, range(len(homes), len(homes) + workers))
    return homes


def reallocate(apps: Sequence[AppSpec], launchers: Mapping[int, str]) -> Homes:
    """As `allocate`, for the slots that there are, each with its launcher."""
    homes: Homes = {}
    for launcher, mine in _by_launcher(apps).items():
        homes |= _share(mine, [slot for slot, name in launchers.items() if name == launcher])
    return homes


def _by_launcher(apps: Iterable[AppSpec]) -> dict[str, list[AppSpec]]:
    """The apps of each launcher; the launchers in the order in which they are named first."""
    found: dict[str, list[AppSpec]] = {}
    for spec in apps:
        found.setdefault(spec.launcher, []).append(spec)
    return found


def _share(apps: Sequence[AppSpec], slots: Sequence[int]) -> Homes:
    homes: dict[int, list[str]] = {slot: [] for slot in slots}
    # How many limited apps each slot has: a heap, the fewest first.
    loads = [(0, slot) for slot in sorted(slots)]
    for spec in apps:
        for slot in slots if spec.workers is None else _least(loads, spec.workers):
            homes[slot].append(spec.path)
    return {slot: tuple(paths) for slot, paths in homes.items()}


def _least(loads: list[tuple[int, int]], count: int) -> list[int]:
    """The slots that have the fewest apps, as many as `count`; each has one more after."""
    least = [heappop(loads) for _ in range(min(count, len(loads)))]
    for load, slot in least:
        heappush(loads, (load + 1, slot))
    return [slot for _, slot in least]


def shortages(apps: Sequence[AppSpec], workers: int) -> list[str]:
    """A line for each app that asks for more workers than there are."""
    return [
        f"app {spec.path} asks for {spec.workers} workers, and there are {workers}"
        for spec in apps
        if (spec.workers or 0) > workers
    ]


def slot_to_add(
    apps: Sequence[AppSpec], homes: Mapping[int, tuple[str, ...]], share: Share = ALONE
) -> Homes:
    """The number, the lowest that is free, and the apps of one more slot."""
    numbers = map(share.number, range(len(homes) + 1))
    number = next(number for number in numbers if number not in homes)
    counts = Counter(path for paths in homes.values() for path in paths)
    for mine in sorted(_by_launcher(apps).values(), key=lambda mine: _slots_of(mine, homes)):
        wanted = [
            spec.path for spec in mine if spec.workers is None or counts[spec.path] < spec.workers
        ]
        if wanted:
            return {number: tuple(wanted)}
    return {number: ()}


def _slots_of(apps: Iterable[AppSpec], homes: Mapping[int, tuple[str, ...]]) -> int:
    """How many slots have one of the apps."""
    paths = {spec.path for spec in apps}
    return sum(not paths.isdisjoint(found) for found in homes.values())


def slot_to_remove(apps: Sequence[AppSpec], homes: Mapping[int, tuple[str, ...]]) -> int | None:
    """The highest slot that no app needs, or None."""
    if len(homes) < 2:
        return None
    counts = Counter(path for paths in homes.values() for path in paths)
    served = all(counts[spec.path] for spec in apps)
    for number in sorted(homes, reverse=True):
        if served and all(counts[path] > 1 for path in homes[number]):
            return number
    return None
