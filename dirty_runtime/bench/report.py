"""What a bench finds, whole: what loads come to, the knee, and how many workers a target takes.

Rules: the model takes the times of calls made by as many clients as there are places: then all are
busy, and nobody waits. What it says holds while more workers are as fast as these; that they are in
each other's way shows where calls take longer than those of one client alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from ..errors import DirtyError
from . import model
from .steps import Done, Step, knee, step_of
from .times import Times, as_few, times_of

# Of the calls a second that as many clients as places make.
PARTS = (0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 1.0)
# Clients of the last load, for each place.
CLIENTS = 4
# Of the times that were measured, those that the model counts with.
COUNTED = 1000


class Load(Protocol):
    """Who makes calls."""

    def closed(self, clients: int) -> list[Done]:
        """Calls of so many clients, each when its one before has ended."""
        ...

    def arriving(self, rate: float) -> list[Done]:
        """Calls that begin at random, so many a second."""
        ...


class Room(NamedTuple):
    """Where the app runs: how many workers, and how many calls they run at once in all."""

    workers: int
    places: int


class Need(NamedTuple):
    """What a load takes that is to meet the target: workers, and what 99 of a hundred then take.

    Both are None where no number of workers is enough.
    """

    rate: float
    workers: int | None
    p99: float | None


class Bench(NamedTuple):
    """What was found.

    Attributes:
        alone: what calls of one client took.
        services: what those of as many clients as places took.
        capacity: how many these made in a second.
        steps: what each load came to.
        model: what 99 of a hundred are to take, by the model; None for loads that wait.
        knee: the number of the load that bears most for its waiting, from 0.
        target: what 99 of a hundred are to take; None where nobody asked.
        needs: what each load takes to meet that.
    """

    shape: str
    room: Room
    alone: Times
    services: Times
    capacity: float
    steps: list[Step]
    model: list[float | None]
    knee: int
    target: float | None
    needs: list[Need]

    def as_json(self) -> dict[str, Any]:
        """All of it by these names; a time without an end is None."""
        told: dict[str, Any] = _plain(self)
        return told


def _plain(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return {name: _plain(one) for name, one in value._asdict().items()}
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return [_plain(one) for one in value] if isinstance(value, list) else value


def bench(
    load: Load,
    room: Room,
    shape: str,
    *,
    clients: int | None = None,
    rates: Sequence[float] = (),
    target_s: float | None = None,
    told: Callable[[Step], object] = lambda _: None,
) -> Bench:
    """Measure, load after load.

    Args:
        shape: ``closed``, or ``open``.
        clients: those of the last closed load; by default four for each place.
        rates: of open loads; by default up to what as many clients as places make.
        target_s: what 99 of a hundred calls are to take.
        told: is told of each load that is over.

    Raises:
        DirtyError: not one call was answered where some must be.
    """
    alone = _answered(load.closed(1))
    full = load.closed(room.places)
    services = _answered(full)
    counted = as_few(services, COUNTED)
    capacity = step_of(full).rate
    steps: list[Step] = []
    if shape == "closed":
        for count in doubling(clients or CLIENTS * room.places, room.places):
            _add(steps, step_of(load.closed(count), clients=count), told)
    else:
        for rate in rates or [part * capacity for part in PARTS]:
            _add(steps, step_of(load.arriving(rate), offered=rate), told)
    best = knee(steps)
    if best is None:
        raise DirtyError(f"no call was answered: {_failures(steps[0].failed)}")
    return Bench(
        shape,
        room,
        _times(alone),
        _times(services),
        capacity,
        steps,
        [_modelled(counted, step, room) for step in steps],
        steps.index(best),
        target_s,
        [_need(counted, step, room, target_s) for step in steps] if target_s else [],
    )


def doubling(most: int, places: int) -> list[int]:
    """How many clients: 1, 2, 4 and so on to the most, and as many as places among them."""
    powers = {2**power for power in range(most.bit_length()) if 2**power < most}
    return sorted(powers | {most} | ({places} if places < most else set()))


def _add(steps: list[Step], step: Step, told: Callable[[Step], object]) -> None:
    steps.append(step)
    told(step)


def _answered(calls: Sequence[Done]) -> list[float]:
    """What those took that were answered. Raises DirtyError where none was."""
    times = [call.ended_s - call.due_s for call in calls if not call.error]
    if not times:
        raise DirtyError(f"no call was answered: {_failures(step_of(calls).failed)}")
    return times


def _failures(failed: dict[str, int]) -> str:
    return ", ".join(f"{count} times {name}" for name, count in failed.items())


def _times(times: Sequence[float]) -> Times:
    found = times_of(times)
    assert found is not None
    return found


def _modelled(services: Sequence[float], step: Step, room: Room) -> float | None:
    return None if step.offered is None else model.p99(services, step.offered, room.places)


def _need(services: Sequence[float], step: Step, room: Room, target_s: float) -> Need:
    rate = step.rate if step.offered is None else step.offered
    places = model.places_needed(services, rate, target_s)
    if places is None:
        return Need(rate, None, None)
    workers = math.ceil(places * room.workers / room.places)
    has = workers * room.places // room.workers
    return Need(rate, workers, model.p99(services, rate, has))
