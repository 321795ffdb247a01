"""The life of a worker, as data: which event leads from which state to which.

Rules: the table is total. An event that a state does not expect is an error: whoever tells it has
lost count of the worker, and what would follow cannot be right.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a worker stands; STATUS tells it by this word."""

    SPAWNED = "spawned"
    """It has a process, which has not been asked for anything."""
    BOOTING = "booting"
    """It loads its apps."""
    READY = "ready"
    """It takes calls."""
    RETIRING = "retiring"
    """It takes no new calls, and ends when it has answered the ones that it runs."""
    CONDEMNED = "condemned"
    """It is at fault, or not wanted before it was ready: it takes no calls and is killed."""
    GONE = "gone"
    """Its process has ended."""


class Event(StrEnum):
    """What happens to a worker."""

    OPENED = "opened"
    """Its lanes are open, and it was asked for its STATUS."""
    BOOTED = "booted"
    """It has answered on every lane that it is ready."""
    FAILED = "failed"
    """It said that it cannot boot, broke the protocol meanwhile, or took too long."""
    DISMISSED = "dismissed"
    """It is not wanted any more."""
    BLAMED = "blamed"
    """It is at fault: silent, or not to be understood."""
    ENDED = "ended"
    """Its process is gone."""


class UnexpectedEvent(Exception):
    """An event that the worker's state does not expect."""


_S, _E = State, Event
TABLE: dict[tuple[State, Event], State | None] = {
    (_S.SPAWNED, _E.OPENED): _S.BOOTING,
    (_S.SPAWNED, _E.BOOTED): None,
    (_S.SPAWNED, _E.FAILED): None,
    (_S.SPAWNED, _E.DISMISSED): _S.CONDEMNED,
    (_S.SPAWNED, _E.BLAMED): _S.CONDEMNED,
    (_S.SPAWNED, _E.ENDED): _S.GONE,
    (_S.BOOTING, _E.OPENED): None,
    (_S.BOOTING, _E.BOOTED): _S.READY,
    (_S.BOOTING, _E.FAILED): _S.CONDEMNED,
    (_S.BOOTING, _E.DISMISSED): _S.CONDEMNED,
    (_S.BOOTING, _E.BLAMED): _S.CONDEMNED,
    (_S.BOOTING, _E.ENDED): _S.GONE,
    (_S.READY, _E.OPENED): None,
    (_S.READY, _E.BOOTED): None,
    (_S.READY, _E.FAILED): None,
    (_S.READY, _E.DISMISSED): _S.RETIRING,
    (_S.READY, _E.BLAMED): _S.CONDEMNED,
    (_S.READY, _E.ENDED): _S.GONE,
    (_S.RETIRING, _E.OPENED): None,
    (_S.RETIRING, _E.BOOTED): None,
    (_S.RETIRING, _E.FAILED): None,
    (_S.RETIRING, _E.DISMISSED): _S.RETIRING,
    (_S.RETIRING, _E.BLAMED): _S.CONDEMNED,
    (_S.RETIRING, _E.ENDED): _S.GONE,
    (_S.CONDEMNED, _E.OPENED): None,
    # What a worker says of its boot may come after it was given up.
    (_S.CONDEMNED, _E.BOOTED): _S.CONDEMNED,
    (_S.CONDEMNED, _E.FAILED): _S.CONDEMNED,
    (_S.CONDEMNED, _E.DISMISSED): _S.CONDEMNED,
    (_S.CONDEMNED, _E.BLAMED): _S.CONDEMNED,
    (_S.CONDEMNED, _E.ENDED): _S.GONE,
    (_S.GONE, _E.OPENED): None,
    (_S.GONE, _E.BOOTED): None,
    (_S.GONE, _E.FAILED): None,
    (_S.GONE, _E.DISMISSED): None,
    (_S.GONE, _E.BLAMED): None,
    (_S.GONE, _E.ENDED): None,
}
"""The next state; None where the event is not expected."""


def next_state(state: State, event: Event) -> State:
    """The state after the event. Raises UnexpectedEvent."""
    found = TABLE[state, event]
    if found is None:
        raise UnexpectedEvent(f"a worker that is {state} was {event}")
    return found
