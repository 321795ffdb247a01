"""How the cost of work grows with its size.

Rules: cost is processor time, the least of a few samples; work of 16 times the size may cost at
most 64 times as much, where quadratic work costs 256 times. A measurement that fails is repeated,
since a busy machine can spoil one, but not four in a row.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

FACTOR = 16
MOST = 64.0
# What does not depend on size at all; the rest is for caches.
CONSTANT = 8.0
_SAMPLES = 2
_ATTEMPTS = 4
_LEAST_S = 0.001

# Work of a size: what prepares it, outside of the timing, returns what is timed.
Work = Callable[[int], Callable[[], object]]


def growth(work: Work, size: int, clock: Callable[[], float] = time.thread_time) -> float:
    """How many times as much work of FACTOR times the size costs."""
    small, large = work(size), work(size * FACTOR)
    repeats = 1
    while _cost(small, repeats, clock) < _LEAST_S:
        repeats *= 2
    costs = [
        min(_cost(one, repeats, clock) for _ in range(_SAMPLES)) / repeats for one in (small, large)
    ]
    return costs[1] / costs[0]


def grows_at_most(
    limit: float, work: Work, size: int, clock: Callable[[], float] = time.thread_time
) -> bool:
    """Whether one of a few measurements stays within the limit."""
    return any(growth(work, size, clock) < limit for _ in range(_ATTEMPTS))


def _cost(call: Callable[[], object], repeats: int, clock: Callable[[], float]) -> float:
    gc.disable()
    try:
        start_s = clock()
        for _ in range(repeats):
            call()
        return clock() - start_s
    finally:
        gc.enable()
