"""Which slots load which apps: pure.

Rules: an app without a limit is in every slot; one limited to N is in the N slots that have the
fewest limited apps, the lowest numbers first. A slot that is added takes the limited apps that
lack workers. A limited app never loses its last slot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...app import AppSpec

Homes = dict[int, tuple[str, ...]]


def allocate(apps: Sequence[AppSpec], workers: int) -> Homes:
    """The paths of each slot's apps, for the slots from 0 to `workers` - 1."""
    loads = [0] * workers
    chosen: dict[str, set[int]] = {}
    for spec in apps:
        if spec.workers is None:
            chosen[spec.path] = set(range(workers))
            continue
        slots = sorted(range(workers), key=lambda slot: (loads[slot], slot))[: spec.workers]
        chosen[spec.path] = set(slots)
        for slot in slots:
            loads[slot] += 1
    return {
        slot: tuple(spec.path for spec in apps if slot in chosen[spec.path])
        for slot in range(workers)
    }


def shortages(apps: Sequence[AppSpec], workers: int) -> list[str]:
    """A line for each app that asks for more workers than there are."""
    return [
        f"app {spec.path} asks for {spec.workers} workers, and there are {workers}"
        for spec in apps
        if (spec.workers or 0) > workers
    ]


def slot_to_add(apps: Sequence[AppSpec], homes: Mapping[int, tuple[str, ...]]) -> Homes:
    """The number, the lowest that is free, and the apps of one more slot."""
    number = next(number for number in range(len(homes) + 1) if number not in homes)
    wanted = [
        spec.path
        for spec in apps
        if spec.workers is None or _count(homes, spec.path) < spec.workers
    ]
    return {number: tuple(wanted)}


def slot_to_remove(apps: Sequence[AppSpec], homes: Mapping[int, tuple[str, ...]]) -> int | None:
    """The highest slot that no app needs, or None."""
    for number in sorted(homes, reverse=True):
        rest = {other: paths for other, paths in homes.items() if other != number}
        if rest and all(_count(rest, spec.path) for spec in apps):
            return number
    return None


def _count(homes: Mapping[int, tuple[str, ...]], path: str) -> int:
    return sum(path in paths for paths in homes.values())
