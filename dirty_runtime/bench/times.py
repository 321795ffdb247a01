"""Of many times, the few by which they are told.

Rules: a percentile is a time that was measured: the least that so many of a hundred do not exceed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Times(NamedTuple):
    """How long so many calls took, in seconds."""

    calls: int
    mean: float
    p50: float
    p95: float
    p99: float
    longest: float


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Of times in their order, the one that `percent` of a hundred do not exceed.

    Raises:
        IndexError: there are none.
    """
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def times_of(measured: Iterable[float]) -> Times | None:
    """What is told of the times; None where there are none."""
    ordered = sorted(measured)
    if not ordered:
        return None
    p50, p95, p99 = (percentile(ordered, percent) for percent in (50, 95, 99))
    mean = math.fsum(ordered) / len(ordered)
    return Times(len(ordered), mean, p50, p95, p99, ordered[-1])


def as_few(measured: Sequence[float], count: int) -> list[float]:
    """As many of the times as are worth counting with, in their order, spread evenly."""
    ordered = sorted(measured)
    if len(ordered) <= count:
        return ordered
    return [ordered[(2 * part + 1) * len(ordered) // (2 * count)] for part in range(count)]
