"""Whatever happens to workers, in whatever order, all slots are filled again, and a reload ends.

Rules: workers are played, and time is a test's, also that which slices take: each reading of a
clock is later than the one before, and timers ring a little early, as the loop's may. Nothing is to
wait that nobody wakes.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Mapping, Sequence
from heapq import heappop, heappush
from types import SimpleNamespace
from typing import Any
from unittest import mock

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from dirty_runtime.app import AppSpec
from dirty_runtime.arbiter import DirtyArbiter, turns
from dirty_runtime.arbiter.clock import READ_FIRST_S
from dirty_runtime.arbiter.policy.catalogue import AppFacts
from dirty_runtime.arbiter.policy.life import State
from dirty_runtime.arbiter.policy.restarts import Cause
from dirty_runtime.arbiter.workers.launch import Order
from dirty_runtime.arbiter.workers.reload import Reload
from dirty_runtime.settings import Config, ConfigError

from .test_launchers import Elsewhere, ElsewhereLauncher
from .test_watch import Timer

APPS = ("elsewhere:App", "elsewhere:Rare")
# How a start may fail: by an app, or not.
KINDS = ("refused", "victim", "never begun", *APPS)
STEP_S = 0.0005
# Longer than what waits for longest: an app that is tried again.
LONG_S = 200.0
BOOT_S = 0.2
TURNS = 30


class Clock:
    """Moves on with each reading, and else when it is told to; its timers ring early."""

    def __init__(self) -> None:
        self._now_s = 100.0
        self._timers: list[tuple[float, int, Timer, Callable[[], object]]] = []
        self._count = itertools.count()

    def __call__(self) -> float:
        self._now_s += STEP_S
        return self._now_s

    def call_at(self, due_s: float, told: Callable[..., object], *args: Any) -> Timer:
        timer = Timer()
        heappush(self._timers, (due_s, next(self._count), timer, lambda: told(*args)))
        return timer

    def call_later(self, wait_s: float, told: Callable[..., object], *args: Any) -> Timer:
        return self.call_at(self() + wait_s, told, *args)

    def ring_next(self, until_s: float) -> bool:
        """Move on to the next timer, and ring it. Returns False where none rings until then."""
        while self._timers and self._timers[0][2].is_cancelled:
            heappop(self._timers)
        if not self._timers or self._timers[0][0] - READ_FIRST_S > until_s:
            self._now_s = max(self._now_s, until_s)
            return False
        due_s, _, _, told = heappop(self._timers)
        self._now_s = max(self._now_s, due_s - READ_FIRST_S)
        told()
        return True


class Slow(Elsewhere):
    """It is ready after a while."""

    def __init__(self, order: Order, clock: Clock) -> None:
        super().__init__(order)
        self._clock = clock

    def say_ready(self, status: bytes) -> None:
        self._status = status

    def when_ended(self, told: Callable[[], None]) -> None:
        super().when_ended(told)
        self._clock.call_later(BOOT_S, self._boot)

    def _boot(self) -> None:
        if self._told is not None:
            super().say_ready(self._status)


class Dying(Elsewhere):
    """It dies before it is ready; by another's hand, if it is a victim."""

    def __init__(self, order: Order, is_victim: bool, traced: str = "") -> None:
        super().__init__(order)
        self._is_victim = is_victim
        self._traced = traced

    def when_ended(self, told: Callable[[], None]) -> None:
        super().when_ended(told)
        self.kill()

    def is_victim(self) -> bool:
        return self._is_victim

    def last_traced(self) -> str:
        return self._traced


class NeverBegun(Elsewhere):
    """It is ordered, and whoever is to fork it does not."""

    def __init__(self, order: Order) -> None:
        super().__init__(order)
        self.pid = 0

    def say_ready(self, status: bytes) -> None:
        """It has nothing to say."""

    def is_victim(self) -> bool:
        return True


class Launcher(ElsewhereLauncher):
    """Starts those that serve, unless it is told otherwise for the next ones."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.next: list[str] = []
        self._clock = clock

    def launch(self, order: Order) -> Any:
        kind = self.next.pop(0) if self.next else ""
        if kind == "refused":
            raise OSError("no process for now")
        if kind == "victim":
            return Dying(order, True)
        if kind == "never begun":
            return NeverBegun(order)
        if kind in order.apps:
            return Dying(order, False, kind)
        self.launched.append(Slow(order, self._clock))
        return self.launched[-1]

    def inspect(self, paths: Sequence[str]) -> Mapping[str, AppFacts]:
        return {}


class Supervised(RuleBasedStateMachine):
    """Three slots at first, two apps, of which one asks for one worker."""

    most = 5

    def __init__(self) -> None:
        super().__init__()
        logging.getLogger("dirty").setLevel(logging.CRITICAL + 1)
        sliced = SimpleNamespace(monotonic=itertools.count(0.0, STEP_S).__next__)
        self.slices = mock.patch.object(turns, "time", sliced)
        self.slices.start()
        self.loop = asyncio.new_event_loop()
        self.loop.run_until_complete(self.begin())
        self.serve()

    async def begin(self) -> None:
        apps = (AppSpec(APPS[0], None), AppSpec(APPS[1], 1))
        limits = {"max_crashes": 3, "crash_window_s": 30, "boot_timeout_s": 20}
        config = Config(apps, "unused", workers=3, max_workers=self.most, **limits)
        self.arbiter, self.clock = DirtyArbiter(config), Clock()
        self.launcher = Launcher(self.clock)
        self.arbiter.launchers[""] = self.launcher
        self.supervisor: Any = self.arbiter.supervisor
        self.supervisor._clock = self.clock
        self.is_reloading = False
        ended = self.arbiter.reload_ended

        def reload_ended(is_new: bool) -> None:
            self.is_reloading = False
            ended(is_new)

        self.arbiter.reload_ended = reload_ended  # type: ignore[method-assign]
        self.supervisor.start()

    def do(self, act: Callable[..., object], *args: object) -> None:
        """Do it on the loop, and let that have some turns."""

        async def done() -> None:
            act(*args)
            for _ in range(TURNS):
                await asyncio.sleep(0)

        self.loop.run_until_complete(done())

    def pass_s(self, seconds: float) -> None:
        async def passed() -> None:
            until_s, rings = self.clock() + seconds, True
            while rings:
                for _ in range(TURNS):
                    await asyncio.sleep(0)
                rings = self.clock.ring_next(until_s)

        self.loop.run_until_complete(passed())

    def serve(self) -> None:
        """From now on all goes well; in time everything is as it should be."""
        self.launcher.next.clear()
        self.pass_s(LONG_S)
        for slot in self.supervisor.slots.values():
            assert slot.worker is not None, "a slot is empty for good"
            assert slot.worker.state is State.READY
            assert slot.worker.apps == slot.apps, "an app is forgotten"
            assert slot.candidate is None
            assert slot.must_change is None, "a worker is never replaced"
        assert not self.is_reloading, "a reload never ends"
        assert len(self.supervisor.workers) == len(self.supervisor.slots)
        assert self.supervisor._settled.is_set()

    def one(self, data: st.DataObject, *states: State) -> Any:
        """One of the workers, in one of these states; None without one."""
        found = [one for one in self.supervisor.workers.values() if one.state in states]
        return data.draw(st.sampled_from(found)) if found else None

    @invariant()
    def callers_are_told_what_an_operator_is_told(self) -> None:
        assert self.arbiter.dispatcher._calls._down.keys() <= self.supervisor.down().keys()

    # --- what happens ---

    @rule(
        kinds=st.lists(
            st.sampled_from(["refused", "victim", "never begun", *APPS]), min_size=1, max_size=4
        )
    )
    def the_next_ones_fail(self, kinds: list[str]) -> None:
        self.launcher.next += kinds

    @rule(data=st.data())
    def one_dies(self, data: st.DataObject) -> None:
        if (worker := self.one(data, State.READY, State.BOOTING, State.RETIRING)) is not None:
            self.do(worker.process.kill)

    @rule(data=st.data())
    def one_is_condemned(self, data: st.DataObject) -> None:
        if (worker := self.one(data, State.READY)) is not None:
            self.do(worker.condemn, "a test", 0, Cause.OPERATOR)

    @rule(data=st.data())
    def one_is_tired(self, data: st.DataObject) -> None:
        if (worker := self.one(data, State.READY)) is not None:
            self.do(self.supervisor.recycle, worker, "a test")

    @rule()
    def reload(self) -> None:
        self.is_reloading = True
        self.arbiter.templates.renew()
        self.do(self.supervisor.reload, {})

    @rule(count=st.integers(1, 3))
    def add(self, count: int) -> None:
        self.do(self.supervisor.add, count)

    @rule(count=st.integers(1, 3))
    def remove(self, count: int) -> None:
        self.do(self.supervisor.remove, count)

    @rule(seconds=st.sampled_from([0.05, 0.3, 1.0, 5.0, 29.99, 30.01]))
    def time(self, seconds: float) -> None:
        self.pass_s(seconds)

    @rule()
    def all_goes_well(self) -> None:
        self.serve()
        # What was of before a reload is let go of with its end.
        assert self.arbiter.templates._before is None

    def teardown(self) -> None:
        try:
            self.all_goes_well()
            stopping = self.loop.create_task(self.supervisor.stop(lambda worker: 0))
            self.pass_s(LONG_S)
            assert stopping.done(), "a worker is never gone"
            assert not self.supervisor.workers
        finally:
            logging.getLogger("dirty").setLevel(logging.NOTSET)
            self.slices.stop()
            self.loop.run_until_complete(asyncio.sleep(0))
            self.loop.close()


def test_a_reload_ends_with_the_last_worker_that_is_wanted() -> None:
    model = Supervised()
    model.reload()
    while [one.number for one in model.supervisor.slots.values() if one.must_change] != [2]:
        model.pass_s(BOOT_S / 10)
    model.remove(1)
    assert not model.is_reloading
    assert model.arbiter.templates._before is None
    model.teardown()


def test_those_that_a_slice_does_not_suffice_for_are_started_in_the_next_ones() -> None:
    class Many(Supervised):
        most = 30

    model = Many()
    model.add(Many.most)
    assert len(model.supervisor.slots) == Many.most
    # No time has passed: none of them has booted.
    assert all(slot.worker or slot.candidate for slot in model.supervisor.slots.values())
    model.teardown()


def test_one_that_has_answered_a_call_is_replaced_at_once_and_another_later() -> None:
    model = Supervised()
    for served in (1, 0):
        slot = model.supervisor.slots[0]
        slot.worker.served = served
        model.do(slot.worker.process.kill)
        model.pass_s(BOOT_S / 10)
        assert (slot.candidate is not None) is bool(served)
        model.serve()
    model.teardown()


def test_a_reload_tries_each_app_and_callers_wait_for_it_from_then_on() -> None:
    model = Supervised()
    _, rare = APPS
    model.launcher.next += [rare] * 2
    (served,) = (one for one in model.supervisor.workers.values() if rare in one.apps)
    model.do(served.process.kill)
    model.pass_s(BOOT_S * 2)
    down = model.arbiter.dispatcher._calls._down
    assert set(down) == set(model.supervisor.down()) == {rare}

    def reload() -> None:
        model.supervisor.reload({})
        # At once, whenever its turn comes.
        model.callers_are_told_what_an_operator_is_told()

    model.do(reload)
    model.teardown()


def test_no_app_is_at_fault_for_a_worker_that_is_never_forked() -> None:
    model = Supervised()
    model.launcher.next.append("never begun")
    (first, *_) = model.supervisor.workers.values()
    model.do(first.process.kill)
    model.pass_s(model.supervisor.config.boot_timeout_s + 1)
    assert model.supervisor.health.reasons() == {}
    model.teardown()


def test_new_code_is_looked_at_again_where_it_changes_while_it_is_looked_at() -> None:
    looks: list[asyncio.Future[Mapping[str, AppFacts]]] = []
    reloaded: list[object] = []
    told: list[str] = []

    class Played:
        reload_failure = last_boot_error = ""
        is_reloading = False
        reload = staticmethod(reloaded.append)

    async def inspect() -> Mapping[str, AppFacts]:
        looks.append(asyncio.get_running_loop().create_future())
        return await looks[-1]

    async def test() -> None:
        supervisor: Any = Played()
        reloading = Reload(inspect, supervisor, lambda: told.append("begun"), told.clear)
        reloading.begin()
        await asyncio.sleep(0)
        for _ in range(3):
            reloading.begin()
        looks[0].set_exception(ConfigError("half written", "app"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(looks) == 2
        new: dict[str, AppFacts] = {}
        looks[1].set_result(new)
        while reloading.is_under_way:
            await asyncio.sleep(0)
        assert reloaded == [new]
        assert reloaded[0] is new
        assert not reloading.has_failed
        # Of its end the supervisor tells.
        assert told == ["begun"]

    asyncio.run(test())


TestSupervised = Supervised.TestCase
TestSupervised.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
