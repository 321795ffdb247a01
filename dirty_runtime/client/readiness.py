"""Whether an arbiter is as it should be, by its STATUS, and waiting until it is.

Rules: nothing tells a client when that comes true, so it is asked again and again: soon at first,
then seldom enough to cost nothing beside what is waited for.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import DirtyConnectionError, DirtyError
from ..seconds import seconds

if TYPE_CHECKING:
    from .calls import DirtyClient

FIRST_PAUSE_S = 0.005
LONGEST_PAUSE_S = 0.1
# A pause is so much of what was waited already: that late is noticed what was waited for.
LATE = 0.1

# A STATUS result, ours or gunicorn's.
State = dict[str, Any]


def fail(error: DirtyConnectionError) -> None:
    """What is done where nobody answers, and nobody is to come: raises the error."""
    raise error


def come(error: DirtyConnectionError) -> None:
    """What is done where nobody answers yet: somebody is to come."""


class NotReady(DirtyError):
    """It was not so in time."""


class Waiting:
    """A wait for a state, from now on.

    Args:
        lacking: what is not so, after `wait_s` seconds.
        away: called with the error where nobody answers; returns where somebody is to come.
    """

    def __init__(
        self,
        wait_s: float,
        is_done: Callable[[State], bool],
        lacking: Callable[[State, float], str],
        away: Callable[[DirtyConnectionError], None],
    ) -> None:
        self.wait_s = seconds(wait_s, "wait", 0)
        self._is_done = is_done
        self._lacking = lacking
        self._away = away
        self._began_s = time.monotonic()

    def pause_s(self, seen: State | DirtyConnectionError) -> float:
        """How long to wait before the next look; 0 where it is done. Raises DirtyError: late."""
        if isinstance(seen, DirtyConnectionError):
            self._away(seen)
            failure: DirtyError = seen
        elif self._is_done(seen):
            return 0.0
        else:
            failure = NotReady(self._lacking(seen, self.wait_s))
        waited_s = time.monotonic() - self._began_s
        if waited_s >= self.wait_s:
            raise failure
        return min(max(FIRST_PAUSE_S, LATE * waited_s), LONGEST_PAUSE_S)


def wait(
    client: DirtyClient,
    wait_s: float,
    is_done: Callable[[State], bool],
    lacking: Callable[[State, float], str],
    away: Callable[[DirtyConnectionError], None] = fail,
) -> State:
    """The arbiter's state once it is as it should be; see `Waiting`.

    Raises:
        DirtyError: it takes too long, or will not be.
    """
    waiting = Waiting(wait_s, is_done, lacking, away)
    while True:
        seen: State | DirtyConnectionError
        try:
            seen = client.status()
        except DirtyConnectionError as error:
            seen = error
        pause_s = waiting.pause_s(seen)
        if not pause_s and isinstance(seen, dict):
            return seen
        time.sleep(pause_s)


async def wait_async(client: DirtyClient, wait_s: float) -> None:
    """As `wait`, until an arbiter is there and its workers are ready."""
    import asyncio

    waiting = Waiting(wait_s, is_ready, not_ready, come)
    while True:
        seen: State | DirtyConnectionError
        try:
            seen = await client.status_async()
        except DirtyConnectionError as error:
            seen = error
        pause_s = waiting.pause_s(seen)
        if not pause_s:
            return
        await asyncio.sleep(pause_s)


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
    words = [f"{count} {name}" for name, count in (wanted | count_states(state)).items()]
    return f"workers: {', '.join(words)}"


def count_states(state: State) -> dict[str, int]:
    """How many workers there are in each state."""
    counts = Counter({"ready": 0})
    counts.update(state_of(worker) for worker in state["workers"])
    return counts


def state_of(worker: dict[str, Any]) -> str:
    """The state of one worker of STATUS."""
    return str(worker.get("state", "ready" if worker["booted"] else "booting"))


def _booted(state: State) -> int:
    return sum(1 for worker in state["workers"] if worker["booted"])


def _wanted(state: State) -> int:
    wanted: int = state["target_workers" if "target_workers" in state else "worker_count"]
    return wanted
