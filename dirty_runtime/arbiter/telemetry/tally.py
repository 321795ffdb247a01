"""The numbers of one action, of which each call adds some: in C where it was built, else in Python.

Rules: they stand in one array, so that a call leaves no object behind, and what they were at one
moment is a copy: how many calls a worker answered how, then of sizes, waits and runs a histogram
each, with the sum of what is in it behind its buckets. They are doubles, which count to 2**53.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeAlias

import gdproto

from .histogram import BYTES, SECONDS, Histogram

# Those that a worker's answer has, by their places at the front.
OUTCOMES = ("RESPONSE", "END", "ERROR")
# How much the last run of an app counts against those before.
NEWEST = 0.2

SIZES = len(OUTCOMES)
WAITS = SIZES + len(BYTES) + 2
RUNS = WAITS + len(SECONDS) + 2
LENGTH = RUNS + len(SECONDS) + 2


def nothing() -> array[float]:
    """The numbers of an action that was not called."""
    return array("d", bytes(8 * LENGTH))


def sizes(numbers: array[float]) -> Histogram:
    """How large the REQUESTs were, in bytes."""
    return _histogram(numbers, SIZES, BYTES)


def waits(numbers: array[float]) -> Histogram:
    """How long each waited, in seconds."""
    return _histogram(numbers, WAITS, SECONDS)


def runs(numbers: array[float]) -> Histogram:
    """How long each ran that was given to a worker, in seconds."""
    return _histogram(numbers, RUNS, SECONDS)


def _histogram(numbers: array[float], start: int, bounds: Sequence[float]) -> Histogram:
    *counts, total = numbers[start : start + len(bounds) + 2]
    return Histogram(bounds, [int(one) for one in counts], total)


def add_in_python(
    numbers: array[float],
    average: array[float],
    outcome: int | None,
    size_bytes: int,
    arrived_s: float,
    started_s: float | None,
    now_s: float,
) -> None:
    """Count one call.

    Args:
        numbers: of its action.
        average: the running one of how long calls of its app run, which has one number.
        outcome: which of OUTCOMES it had; None where it had another.
        size_bytes: that of its REQUEST.
        arrived_s: when it came.
        started_s: when it was handed to a worker; None where it was not.
        now_s: when it ended.
    """
    if outcome is not None:
        numbers[outcome] += 1
    run_s = None if started_s is None else now_s - started_s
    _count(numbers, SIZES, BYTES, size_bytes)
    _count(numbers, WAITS, SECONDS, (now_s if started_s is None else started_s) - arrived_s)
    if run_s is not None:
        _count(numbers, RUNS, SECONDS, run_s)
        if outcome is not None:
            average[0] += NEWEST * (run_s - average[0])


def _count(numbers: array[float], start: int, bounds: Sequence[float], number: float) -> None:
    numbers[start + bisect_left(bounds, number)] += 1
    numbers[start + len(bounds) + 1] += number


# As `add_in_python`.
Add: TypeAlias = (
    "Callable[[array[float], array[float], int | None, int, float, float | None, float], None]"
)


def _built() -> Add:
    if gdproto.IMPLEMENTATION == "c":
        with suppress(ImportError):
            from . import _tally

            return _tally.add
    return add_in_python


add = _built()
