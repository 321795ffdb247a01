"""What came of one load, and where more load begins to cost more than it brings.

Rules: the time of a call counts from when it was to begin, so one that had to wait for its turn,
in whatever queue, waited. Times are those of calls that were answered; the others are counted by
what they failed with. A rate counts from the first that was to begin to the last that ended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .times import Times, percentile, times_of


class Done(NamedTuple):
    """A call that has ended: when it was to begin, when it began and ended, what it failed with."""

    due_s: float
    began_s: float
    ended_s: float
    error: str = ""


class Step(NamedTuple):
    """What came of one load.

    Attributes:
        clients: how many made calls, each when the one before had ended; None where calls arrive.
        offered: calls that arrive a second; None where clients wait for answers.
        rate: calls that were answered, a second.
        times: how long these took; None where there are none.
        failed: how many failed, by the name of the error.
        late: how late 99 of a hundred began at most: what the load itself was late by.
    """

    clients: int | None
    offered: float | None
    rate: float
    times: Times | None
    failed: dict[str, int]
    late: float


def step_of(done: Iterable[Done], clients: int | None = None, offered: float | None = None) -> Step:
    """What came of a load: at least one call that has ended."""
    calls = list(done)
    answered = [call for call in calls if not call.error]
    passed_s = max(call.ended_s for call in calls) - min(call.due_s for call in calls)
    return Step(
        clients,
        offered,
        len(answered) / max(passed_s, 1e-9),
        times_of(call.ended_s - call.due_s for call in answered),
        dict(Counter(call.error for call in calls if call.error)),
        percentile(sorted(call.began_s - call.due_s for call in calls), 99),
    )


def knee(steps: Sequence[Step]) -> Step | None:
    """The load of which most is had for its waiting: calls a second divided by their mean time.

    Below it, more load brings more answers and little waiting; above it, more waiting than answers.
    None where nothing was answered.
    """
    answered = [(step, step.times) for step in steps if step.times]
    if not answered:
        return None
    return max(answered, key=lambda one: one[0].rate / max(one[1].mean, 1e-9))[0]
