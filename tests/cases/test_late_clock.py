"""Time that the arbiter did not run in is held against nobody, and what has come is read first.

The clock and its timers are driven by an event loop whose time is told; one real arbiter is stopped
and goes on.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import time
import weakref
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from dirty_runtime import DirtyTimeoutError
from dirty_runtime.arbiter.clock import BEAT_S, Clock
from dirty_runtime.arbiter.watch import SilenceWatch
from dirty_runtime.testing import Arbiter
from tests.dirty_runtime.processes import OURS, serving
from tests.dirty_runtime.test_serve import Call


class ToldTime(asyncio.SelectorEventLoop):
    """An event loop that sleeps in no time, and of which time may be taken away."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 1000.0
        select = self._selector.select

        def sleep(timeout: float | None = None) -> Any:
            events = select(0)
            # Steps as of a clock that is not exact.
            if not events and timeout:
                self.now_s += timeout + 0.001
            return events

        self._selector.select = sleep

    def time(self) -> float:
        return self.now_s


Test = Callable[[ToldTime, Clock], Coroutine[Any, Any, None]]


def run(test: Test) -> None:
    loop = ToldTime()
    # Else who waits for a callback that failed would wait forever.
    loop.set_exception_handler(failed)
    try:
        loop.run_until_complete(test(loop, Clock(loop.time)))
    finally:
        loop.close()


def failed(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    loop.default_exception_handler(context)
    loop.stop()


def test_a_timer_rings_in_time() -> None:
    async def test(loop: ToldTime, clock: Clock) -> None:
        began_s, rung = clock(), asyncio.Event()
        clock.call_later(3.0, rung.set)
        await rung.wait()
        assert clock() - began_s == pytest.approx(3.0, abs=0.1)
        assert clock.lost_s == 0

    run(test)


@pytest.mark.parametrize("begins_s", [0.0, 0.9, 1.5, 1.99])
def test_time_that_is_lost_is_not_counted(begins_s: float) -> None:
    async def test(loop: ToldTime, clock: Clock) -> None:
        began_s, rung = loop.now_s, asyncio.Event()
        clock.call_later(2.0, rung.set)
        await asyncio.sleep(begins_s)
        loop.now_s += 600
        await rung.wait()
        # Some of a beat may be counted that was lost, or lost that was not.
        assert loop.now_s - began_s == pytest.approx(602, abs=2 * BEAT_S)
        assert clock.lost_s == pytest.approx(600, abs=2 * BEAT_S)

    run(test)


def test_it_never_goes_back() -> None:
    async def test(loop: ToldTime, clock: Clock) -> None:
        timer = clock.call_later(60.0, lambda: None)
        seen = [clock()]
        for away_s in (0.0, 0.1, 5.0, 0.2, 0.34, 0.36, 100.0):
            await asyncio.sleep(0.2)
            loop.now_s += away_s
            seen.append(clock())
        timer.cancel()
        assert seen == sorted(seen)

    run(test)


def test_what_has_come_is_read_before_who_is_late_is_judged() -> None:
    async def test(loop: ToldTime, clock: Clock) -> None:
        order: list[str] = []
        ours, theirs = os.pipe()
        loop.add_reader(ours, lambda: (order.append(os.read(ours, 9).decode()), None)[1])
        judged = asyncio.Event()
        clock.call_later(0.2, lambda: (order.append("judged"), judged.set())[1])
        await asyncio.sleep(0)
        # Less than what counts as lost.
        loop.now_s += 0.3
        os.write(theirs, b"answer")
        await judged.wait()
        loop.remove_reader(ours)
        os.close(ours)
        os.close(theirs)
        assert order == ["answer", "judged"]

    run(test)


def test_nothing_beats_while_nothing_is_timed() -> None:
    async def test(loop: ToldTime, clock: Clock) -> None:
        clock.call_later(1.0, lambda: None)
        await asyncio.sleep(2)
        before_s = clock()
        loop.now_s += 50
        assert clock() - before_s == pytest.approx(50)
        assert clock.lost_s == 0

    run(test)


async def endless(clock: Clock, limit_s: float) -> None:
    async with clock.timeout(limit_s):
        await asyncio.Event().wait()


def test_a_limit_of_what_is_awaited_goes_by_it() -> None:
    async def test(loop: ToldTime, clock: Clock) -> None:
        began_s = loop.now_s
        loop.call_later(1, lambda: setattr(loop, "now_s", loop.now_s + 100))
        with pytest.raises(TimeoutError):
            await endless(clock, 5)
        assert loop.now_s - began_s == pytest.approx(105, abs=2 * BEAT_S)
        async with clock.timeout(5) as limit:
            pass
        assert not limit.expired()

    run(test)


class Silent:
    """A lane on which nothing comes, and who is told of it."""

    paused = is_held = False

    def __init__(self, clock: Clock) -> None:
        self.heard_s = clock()
        self.told = asyncio.Event()

    def is_awaited(self, lane: Silent) -> bool:
        return True

    def lane_silent(self, lane: Silent) -> None:
        self.told.set()


def test_a_silence_is_as_long_as_it_was_listened_to() -> None:
    async def test(loop: ToldTime, clock: Clock) -> None:
        began_s = loop.now_s
        silent: Any = Silent(clock)
        SilenceWatch(2.0, silent, clock).watch(silent)
        await asyncio.sleep(0.3)
        loop.now_s += 30
        await silent.told.wait()
        assert loop.now_s - began_s == pytest.approx(32, abs=2 * BEAT_S)

    run(test)


class Held:
    """Something that a timer knows."""


def test_a_timer_that_is_cancelled_keeps_nothing_and_is_kept_by_nobody() -> None:
    async def cancelled(loop: ToldTime, clock: Clock) -> None:
        told: list[Held] = []
        held = Held()
        known = weakref.ref(held)
        timer = clock.call_later(3600, told.append, held)
        forgotten = weakref.ref(timer)
        timer.cancel()
        # No collector is needed for it.
        gc.disable()
        try:
            del held
            assert known() is None
            del timer
            assert forgotten() is None
        finally:
            gc.enable()

    run(cancelled)


# --- a real one ---


@pytest.fixture(scope="module")
def arbiter() -> Iterator[Arbiter]:
    with serving(OURS, options=("--timeout", "0.6")) as arbiter:
        yield arbiter


@pytest.mark.parametrize("who", ["the arbiter", "all"])
def test_an_arbiter_that_was_stopped_condemns_nobody_for_it(
    who: str, arbiter: Arbiter, tmp_path: Path
) -> None:
    with arbiter.client() as client:
        (worker,) = arbiter.pids()
        call = Call(client, tmp_path)
        call.wait_until_running()
        stopped = [arbiter.process.pid, *([worker] if who == "all" else [])]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        # Longer than a worker may be silent: time itself is what is tested.
        time.sleep(1.0)
        for pid in reversed(stopped):
            os.kill(pid, signal.SIGCONT)
        time.sleep(0.1)
        call.let_go()
        assert call.result() == "go on"
        assert arbiter.pids() == {worker}


def test_a_worker_that_was_stopped_is_silent(arbiter: Arbiter, tmp_path: Path) -> None:
    with arbiter.client() as client:
        (worker,) = arbiter.pids()
        call = Call(client, tmp_path)
        call.wait_until_running()
        os.kill(worker, signal.SIGSTOP)
        with pytest.raises(DirtyTimeoutError):
            call.result()
        assert client.execute(OURS, "pid") != worker
