"""What time does to calls, under a clock that only the test moves: the alarm, and silence.

Rules: a model says when something is to be told, to the instant; nothing is told at another time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dirty_runtime.arbiter.clock import Alarm
from dirty_runtime.arbiter.watch import SilenceWatch

LIMIT_S = 8.0


class Timer:
    def __init__(self) -> None:
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class Clock:
    """Stands until it is moved; then timers ring at their time, one after the other."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self._timers: list[tuple[float, int, Timer, Callable[[], object]]] = []
        self._count = count()

    def __call__(self) -> float:
        return self.now_s

    def call_at(self, due_s: float, told: Callable[..., object], *args: Any) -> Timer:
        timer = Timer()
        assert due_s >= self.now_s
        heappush(self._timers, (due_s, next(self._count), timer, lambda: told(*args)))
        return timer

    def call_later(self, wait_s: float, told: Callable[..., object], *args: Any) -> Timer:
        return self.call_at(self.now_s + wait_s, told, *args)

    def pass_s(self, seconds: float) -> None:
        until_s = self.now_s + seconds
        while self._timers and self._timers[0][0] <= until_s:
            self.now_s, _, timer, told = heappop(self._timers)
            if not timer.is_cancelled:
                told()
        self.now_s = until_s


class AlarmModel(RuleBasedStateMachine):
    """It rings once, at the earliest time that it was set to since it rang last."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.rung: list[float] = []
        self.expected: list[float] = []
        self.due_s = math.inf
        self.again_s: float | None = None
        self.alarm = Alarm(self.ring, self.clock)  # type: ignore[arg-type]

    def ring(self) -> None:
        self.rung.append(self.clock.now_s)
        # Whoever is told sets it again, from within.
        self.alarm.set(self.again_s)

    @rule(wait_s=st.none() | st.integers(0, 6))
    def set(self, wait_s: int | None) -> None:
        due_s = None if wait_s is None else self.clock.now_s + wait_s
        self.alarm.set(due_s)
        self.due_s = min(self.due_s, math.inf if due_s is None else due_s)

    @rule(wait_s=st.integers(0, 6), then_s=st.none() | st.integers(1, 6))
    def wait(self, wait_s: int, then_s: int | None) -> None:
        until_s = self.clock.now_s + wait_s
        self.again_s = None if then_s is None else self.clock.now_s + wait_s + then_s
        if self.due_s <= until_s:
            self.expected.append(self.due_s)
            self.due_s = math.inf if self.again_s is None else self.again_s
        self.clock.pass_s(wait_s)

    @invariant()
    def they_agree(self) -> None:
        assert self.rung == self.expected
        assert self.alarm.due_s == self.due_s


class Lane:
    """As far as the watch looks at it."""

    def __init__(self) -> None:
        self.heard_s = 0.0
        self.paused = False
        self.is_held = False
        self.is_awaited = False


class SilenceModel(RuleBasedStateMachine):
    """Who says nothing for so long is told of at that instant, once, and who speaks is not."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.lane: Any = Lane()
        # Since when each worker and each client that was told of had been silent, and when.
        self.told: list[float] = []
        self.blamed: list[float] = []
        self.watch = SilenceWatch(LIMIT_S, self, self.clock)  # type: ignore[arg-type]

    def is_awaited(self, lane: Any) -> bool:
        return bool(lane.is_awaited)

    def lane_silent(self, lane: Any) -> None:
        assert not lane.paused
        lane.is_awaited = False
        self.told.append(self.clock.now_s)

    def client_silent(self, lane: Any) -> None:
        assert lane.paused
        assert self.clock.now_s - lane.heard_s >= LIMIT_S
        self.blamed.append(self.clock.now_s)

    @precondition(lambda self: not self.lane.is_awaited)
    @rule()
    def begin(self) -> None:
        self.lane.is_awaited, self.lane.paused = True, False
        self.hear()
        self.watch.watch(self.lane)

    @precondition(lambda self: self.lane.is_awaited)
    @rule()
    def end(self) -> None:
        self.lane.is_awaited = False

    @precondition(lambda self: not self.lane.paused)
    @rule()
    def hear(self) -> None:
        self.lane.heard_s = self.clock.now_s

    @precondition(lambda self: not self.lane.paused)
    @rule()
    def pause(self) -> None:
        self.lane.paused = True

    @precondition(lambda self: self.lane.paused)
    @rule()
    def resume(self) -> None:
        self.lane.paused = False
        self.hear()

    @rule(wait_s=st.sampled_from([1.0, 3.0, LIMIT_S - 1, LIMIT_S, 2 * LIMIT_S]))
    def wait(self, wait_s: float) -> None:
        since_s, until_s = self.clock.now_s, self.clock.now_s + wait_s
        silent_s = self.lane.heard_s + LIMIT_S
        is_told = self.lane.is_awaited and not self.lane.paused and silent_s <= until_s
        is_blamed = self.lane.is_awaited and self.lane.paused and wait_s == 2 * LIMIT_S
        self.told.clear()
        self.blamed.clear()
        self.clock.pass_s(wait_s)
        assert self.told == ([silent_s] if is_told else [])
        # A client is looked at again each time that as much has passed.
        assert len(self.blamed) >= is_blamed
        assert all(time_s >= since_s + LIMIT_S * n for n, time_s in enumerate(self.blamed))


TestAlarm = AlarmModel.TestCase
TestSilence = SilenceModel.TestCase
TestAlarm.settings = TestSilence.settings = settings(max_examples=50, stateful_step_count=30)


def test_who_was_heard_meanwhile_is_silent_from_then_on() -> None:
    model = SilenceModel()
    model.begin()
    model.clock.pass_s(0.5)
    model.hear()
    model.clock.pass_s(LIMIT_S - 0.25)
    assert model.told == []
    model.clock.pass_s(0.25)
    assert model.told == [100.5 + LIMIT_S]


def test_without_a_limit_nothing_is_watched() -> None:
    model = SilenceModel()
    watch = SilenceWatch(0, model, model.clock)  # type: ignore[arg-type]
    model.lane.is_awaited = True
    watch.watch(model.lane)
    model.clock.pass_s(1000)
    assert not watch.watched
    assert not model.told
