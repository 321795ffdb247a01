"""When calls are to begin, where nobody waits for an answer before the next one begins."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random


def poisson(rate: float, duration_s: float, random: Random) -> Iterator[float]:
    """The times of arrivals that know nothing of each other, so many a second on average.

    Args:
        rate: arrivals a second, above 0.
        duration_s: the first that would be later than this is none any more.
    """
    at_s = random.expovariate(rate)
    while at_s < duration_s:
        yield at_s
        at_s += random.expovariate(rate)
