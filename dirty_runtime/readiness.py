"""Whether an arbiter is as it should be, by its STATUS, and waiting until it is.

Rules: nothing tells a client when that comes true, so it is asked again and again: soon at first,
then seldom enough to cost nothing beside what is waited for.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from .client import DirtyClient
from .errors import DirtyConnectionError, DirtyError
from .seconds import seconds

FIRST_PAUSE_S = 0.005
LONGEST_PAUSE_S = 0.1
# A pause is so much of what was waited already: that late is noticed what was waited for.
LATE = 0.1

# A STATUS result, ours or gunicorn's.
State = dict[str, Any]


def fail(error: DirtyConnectionError) -> None:
    """What is done where nobody answers, and nobody is to come: raises the error."""
    raise error


def wait(
    client: DirtyClient,
    wait_s: float,
    is_done: Callable[[State], bool],
    lacking: Callable[[State, float], str],
    away: Callable[[DirtyConnectionError], None] = fail,
) -> State:
    """The arbiter's state once it is as it should be.

    Args:
        lacking: what is not so, after `wait_s` seconds.
        away: called with the error where nobody answers; returns where somebody is to come.

    Raises:
        DirtyError: it takes too long, or will not be.
    """
    wait_s = seconds(wait_s, "wait", 0)
    began_s = time.monotonic()
    while True:
        try:
            state = client.status()
            if is_done(state):
                return state
            failure = DirtyError(lacking(state, wait_s))
        except DirtyConnectionError as error:
            away(error)
            failure = error
        waited_s = time.monotonic() - began_s
        if waited_s >= wait_s:
            raise failure
        time.sleep(min(max(FIRST_PAUSE_S, LATE * waited_s), LONGEST_PAUSE_S))


def is_ready(state: State) -> bool:
    """Whether all the workers that there should be are ready."""
    return _booted(state) >= max(1, _wanted(state))


def not_ready(state: State, wait_s: float) -> str:
    """How many workers are missing after `wait_s` seconds, and why."""
    reasons = [*state.get("down", {}).values(), state.get("last_boot_error")]
    why = f": {reasons[0]}" if reasons[0] else ""
    return f"{_booted(state)} of {_wanted(state)} workers were ready after {wait_s:g} s{why}"


def count_workers(state: State) -> str:
    """How many workers are wanted, where that is told, and how many there are in each state."""
    wanted = {"wanted": state["target_workers"]} if "target_workers" in state else {}
    counts = Counter({"ready": 0})
    counts.update(state_of(worker) for worker in state["workers"])
    words = [f"{count} {name}" for name, count in (wanted | counts).items()]
    return f"workers: {', '.join(words)}"


def state_of(worker: dict[str, Any]) -> str:
    """The state of one worker of STATUS."""
    return str(worker.get("state", "ready" if worker["booted"] else "booting"))


def _booted(state: State) -> int:
    return sum(1 for worker in state["workers"] if worker["booted"])


def _wanted(state: State) -> int:
    wanted: int = state["target_workers" if "target_workers" in state else "worker_count"]
    return wanted
