"""A small call beside the relay in C, all of both on one core at real-time priority.

Rules: nothing depends on where the scheduler wakes whom, nor on who else runs: a round trip takes
what its processes compute, and what the switch from one to the next costs. So it repeats within
2 %, and is what to compare versions and machines by. It needs the right to real-time priority.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from functools import partial

from . import clients
from .arbiter_process import Size
from .calls import small_call, timed
from .clients import OURS, Client
from .figures import Figure, Part
from .floor import RELAY
from .relay import SMALL_CALL, Relay
from .rounds import Side, measure
from .samples import percentile
from .stage import Plan, Stage

KEY = "one_core"
AGAIN = "relay in C, again"
TITLE = "On one core, at real-time priority"
PRIORITY = 50
# A second worker would take turns with the first, and each find the caches full of the other.
SIZE = Size(workers=1, threads=1)
REAL_TIME = partial(os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(PRIORITY))


@contextlib.contextmanager
def undisturbed() -> Iterator[bool]:
    """Have this thread, and what it starts meanwhile, on one core before all that runs usually.

    Yields:
        Whether the system permits it.
    """
    cores, policy = os.sched_getaffinity(0), os.sched_getscheduler(0)
    before = os.sched_getparam(0)
    try:
        try:
            os.sched_setaffinity(0, {max(cores)})
            REAL_TIME()
        except PermissionError:
            yield False
        else:
            yield True
    finally:
        os.sched_setscheduler(0, policy, before)
        os.sched_setaffinity(0, cores)


def part(stage: Stage, plan: Plan) -> Part | None:
    """Measure ours and the relay in turns; None where the system does not permit it."""
    relay, figure = stage.relay, Figure("round_trip_p50", "small call, p50", "s")
    with undisturbed() as is_permitted:
        if not is_permitted:
            return None
        stage.progress(f"{KEY}: {figure.title}")
        with (
            clients.serving(OURS, SIZE) as socket_path,
            clients.connect(OURS, socket_path) as client,
        ):
            sides = {OURS: _side(partial(_p50, client), plan.calls)}
            if relay is not None:
                take = partial(_relayed, relay)
                sides |= {name: _side(take, plan.calls) for name in (RELAY, AGAIN)}
            return Part(KEY, TITLE, OURS, (RELAY, AGAIN), measure([figure], sides, plan.rounds))


def _side(take: partial[tuple[float, ...]], calls: int) -> Side:
    return Side(partial(take, calls), partial(take, calls // 4))


def _p50(client: Client, calls: int) -> tuple[float, ...]:
    return (percentile(timed(calls, partial(small_call, client)), 50),)


def _relayed(relay: Relay, calls: int) -> tuple[float, ...]:
    return (percentile(relay.taken_s(2, calls, SMALL_CALL), 50),)
