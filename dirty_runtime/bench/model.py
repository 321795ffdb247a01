"""How long calls take with any number of workers, by the theory of queues.

Rules: calls arrive at random and know nothing of each other, one queue has them, the first first,
and places are alike; what a call takes is as measured (M/G/c). How many wait is Erlang's C. Those
that do wait for exponential times, whose mean is that of M/M/c by half of 1 + the square of the
services' coefficient of variation, as Lee and Longton have it: so it is exact where services are
exponential, and near elsewhere. A call takes its wait and its service.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

# One in a hundred is later than what is told.
LATER = 0.01
# Halvings until a time is as exact as it need be.
HALVINGS = 40


def busy(services: Sequence[float], rate: float) -> float:
    """How many places are busy, on average."""
    return rate * math.fsum(services) / len(services)


def waiting(places: int, load: float) -> float:
    """The part of calls that wait, where `load` of the places are busy: below all of them."""
    blocked = 1.0
    for count in range(1, places + 1):
        blocked = load * blocked / (count + load * blocked)
    return blocked / (1 - load / places * (1 - blocked))


def part_later(services: Sequence[float], rate: float, places: int, time_s: float) -> float:
    """The part of calls that take longer than `time_s`; 1 where more comes than is done.

    Args:
        services: what calls take when they need not wait.
        rate: calls a second.
        places: how many run at once.
    """
    load = busy(services, rate)
    if load >= places:
        return 1.0
    mean_s, waits = load / rate, waiting(places, load)
    square = math.fsum(service_s**2 for service_s in services) / len(services)
    ends = 2 * (places - load) * mean_s / max(square, 1e-300)
    parts = (
        1.0 if service_s > time_s else waits * math.exp(-ends * (time_s - service_s))
        for service_s in services
    )
    return math.fsum(parts) / len(services)


def p99(services: Sequence[float], rate: float, places: int) -> float:
    """What 99 of a hundred calls do not exceed; infinite where more comes than is done."""
    if busy(services, rate) >= places:
        return math.inf
    low_s, high_s = 0.0, max(services)
    while part_later(services, rate, places, high_s) > LATER:
        low_s, high_s = high_s, 2 * high_s
    for _ in range(HALVINGS):
        middle_s = (low_s + high_s) / 2
        if part_later(services, rate, places, middle_s) > LATER:
            low_s = middle_s
        else:
            high_s = middle_s
    return high_s


def places_needed(services: Sequence[float], rate: float, target_s: float) -> int | None:
    """The fewest places with which 99 of a hundred calls take `target_s` at most.

    None where no number is enough: too many take longer that need not wait.
    """
    if sum(1 for service_s in services if service_s > target_s) / len(services) > LATER:
        return None
    least = enough = math.floor(busy(services, rate)) + 1
    while part_later(services, rate, enough, target_s) > LATER:
        least, enough = enough + 1, 2 * enough
    while least < enough:
        middle = (least + enough) // 2
        if part_later(services, rate, middle, target_s) > LATER:
            least = middle + 1
        else:
            enough = middle
    return enough
