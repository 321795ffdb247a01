"""Who looks on: told what it takes, and one that fails harms nobody."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from dirty_runtime.arbiter.telemetry import hooks
from dirty_runtime.arbiter.telemetry.observer import EVENTS, ObservedCall, Observer, Observers

from .test_calls import made


class Notes(Observer):
    """Notes what it is told of calls."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def call_arrived(self, call: ObservedCall) -> None:
        self.told.append(("arrived", call))

    def call_ended(self, call: ObservedCall, outcome: str, now_s: float) -> None:
        self.told.append(("ended", call, outcome, now_s))


class Broken(Observer):
    """Raises at the end of a call, and counts how often."""

    def __init__(self) -> None:
        self.arrived = self.ended = 0

    def call_arrived(self, call: ObservedCall) -> None:
        self.arrived += 1

    def call_ended(self, call: ObservedCall, outcome: str, now_s: float) -> None:
        self.ended += 1
        raise ValueError("no room")


def test_observers_are_told_in_their_order_what_they_take() -> None:
    notes, call = Notes(), made()
    observers = Observers([notes, Observer()])
    for event, facts in [
        ("client_came", (None,)),
        ("call_arrived", (call,)),
        ("call_ended", (call, "END", 2)),
    ]:
        observers.tell(event, *facts)
    assert notes.told == [("arrived", call), ("ended", call, "END", 2)]


def test_one_that_raises_is_told_once_and_switched_off(caplog: pytest.LogCaptureFixture) -> None:
    broken, notes = Broken(), Notes()
    observers = Observers([broken, notes])
    with caplog.at_level(logging.ERROR, "dirty"):
        for _ in range(3):
            observers.tell("call_ended", made(), "RESPONSE", 1)
            observers.tell("call_arrived", made())
    assert (broken.ended, broken.arrived, len(notes.told)) == (1, 0, 6)
    (line,) = caplog.messages
    assert line == "the observer Broken failed at call_ended, and is told no more"


@pytest.mark.parametrize("event", EVENTS)
def test_an_observer_has_every_event(event: str) -> None:
    assert getattr(Observer, event).__doc__
    with pytest.raises(AttributeError):
        Observers([]).tell(f"{event}_not")


@pytest.mark.parametrize(("long_s", "is_told"), [(-1.0, True), (60.0, False)])
def test_a_hook_that_takes_long_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, long_s: float, is_told: bool
) -> None:
    monkeypatch.setattr(hooks, "LONG_S", long_s)
    hooks.call_hook({"dirty_worker_exit": lambda: None}, "dirty_worker_exit")
    assert ("the hook dirty_worker_exit took 0.0 s" in caplog.text) == is_told
