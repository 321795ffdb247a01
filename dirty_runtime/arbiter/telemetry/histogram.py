"""How often which sizes were seen: numbers by the bucket that they fall into.

Rules: a bucket ends with its bound, which is in it; the last one has what is above all bounds. What
is told of a number's rank is right to within its bucket, between whose bounds its numbers are taken
to be spread evenly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

# From 0.1 ms on, two to the doubling, to 419 s.
SECONDS = tuple(1e-4 * 2 ** (half / 2) for half in range(45))
# From 64 B on, each four times the one before, to 256 MiB.
BYTES = tuple(64 * 4**step for step in range(12))


class Histogram(NamedTuple):
    """Counts of numbers.

    Attributes:
        bounds: of the buckets, ascending.
        counts: one for each bucket, one more than bounds.
        sum: of all numbers.
    """

    bounds: Sequence[float]
    counts: list[int]
    sum: float


def percentiles(
    counts: Sequence[int], bounds: Sequence[float], shares: Sequence[float]
) -> list[float] | None:
    """Below which number so much of all numbers lies, for each share; None where there is none.

    What is above all bounds is taken to be at the last one.
    """
    total = sum(counts)
    if not total:
        return None
    return [_below(counts, bounds, share * total) for share in shares]


def _below(counts: Sequence[int], bounds: Sequence[float], rank: float) -> float:
    passed = 0
    lower = 0.0
    for count, bound in zip(counts, bounds, strict=False):
        if count and passed + count >= rank:
            return lower + (bound - lower) * (rank - passed) / count
        passed += count
        lower = bound
    return bounds[-1]
