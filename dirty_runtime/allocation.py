"""Which worker loads which apps: pure.

Rules: an app without a limit is in every worker; one limited to N is in the N workers that have
the fewest limited apps, the lowest slots first.
"""

from __future__ import annotations

from collections.abc import Sequence

from .app import AppSpec


def allocate(apps: Sequence[AppSpec], workers: int) -> list[tuple[str, ...]]:
    """The paths of the apps of each of `workers` workers, in the order of `apps`."""
    loads = [0] * workers
    homes: dict[str, set[int]] = {}
    for spec in apps:
        if spec.workers is None:
            homes[spec.path] = set(range(workers))
            continue
        chosen = sorted(range(workers), key=lambda slot: (loads[slot], slot))[: spec.workers]
        homes[spec.path] = set(chosen)
        for slot in chosen:
            loads[slot] += 1
    return [
        tuple(spec.path for spec in apps if slot in homes[spec.path]) for slot in range(workers)
    ]
