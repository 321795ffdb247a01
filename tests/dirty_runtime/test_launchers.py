"""A launcher of another kind, whose workers are no processes of this machine, under our arbiter.

It shows what the arbiter asks of a launcher, and how what the arbiter does grows with workers.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import gdproto
from dirty_runtime.app import AppSpec
from dirty_runtime.arbiter import DirtyArbiter
from dirty_runtime.arbiter.answers import status as status_module
from dirty_runtime.arbiter.clock import Clock
from dirty_runtime.arbiter.policy.catalogue import AppFacts
from dirty_runtime.arbiter.policy.life import State
from dirty_runtime.arbiter.policy.restarts import Backoff
from dirty_runtime.arbiter.workers.launch import Order, Process
from dirty_runtime.arbiter.workers.process import Placement
from dirty_runtime.arbiter.workers.stacks import Stacks
from dirty_runtime.settings import Config

from ..gdproto.growth import FACTOR
from .processes import LIMIT_S
from .test_policy_growth import instructions

APP = "elsewhere:App"
WORKERS = 4


class Elsewhere:
    """A worker at the other end of its lanes: it says that it is ready, and ends with them."""

    numbers = itertools.count(1)

    def __init__(self, order: Order) -> None:
        self.pid = next(self.numbers)
        self.order = order
        self._ends = [socket.socket(fileno=os.dup(end.fileno())) for end in order.ends]
        status = {"pid": self.pid, "apps": list(order.apps), "version": "1", "extensions": []}
        self._told: Callable[[], None] | None = None
        # Before it is asked: the arbiter reads it after it has asked.
        self.say_ready(gdproto.Response(1, status).to_bytes())

    def say_ready(self, status: bytes) -> None:
        for end in self._ends:
            end.sendall(status)

    def when_ended(self, told: Callable[[], None]) -> None:
        self._told = told
        asyncio.get_running_loop().add_reader(self._ends[0], self._hear)

    def _hear(self) -> None:
        if not self._ends[0].recv(65536):
            self.kill()

    def kill(self) -> None:
        if self._told is not None:
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._ends[0])
            for end in self._ends:
                end.close()
            loop.call_soon(self._told)
            self._told = None

    def ending(self) -> str:
        return "it left"

    placement = Placement()

    def when_leaving(self, told: Callable[[str], None]) -> None: ...

    def when_moved(self, told: Callable[[], None]) -> None: ...

    def is_victim(self) -> bool:
        return False

    def is_short_of_memory(self) -> bool:
        return False

    def last_traced(self) -> str:
        return ""

    def reopen_logs(self) -> None: ...

    def ask_stacks(self, told: Callable[[Stacks], object]) -> None:
        told(Stacks())

    def died_of(self) -> str:
        return ""

    def rss_bytes(self) -> int:
        return 0


class ElsewhereLauncher:
    def __init__(self) -> None:
        self.launched: list[Elsewhere] = []

    def inspect(self, paths: Sequence[str]) -> Mapping[str, AppFacts]:
        return {}

    def launch(self, order: Order) -> Process:
        self.launched.append(Elsewhere(order))
        return self.launched[-1]


Test = Callable[[DirtyArbiter, ElsewhereLauncher], Awaitable[None]]


def run(workers: int, path: Path, test: Test) -> None:
    """The test with an arbiter's supervisor that has so many workers, and without its process."""

    async def supervised() -> None:
        config = Config(
            (AppSpec(APP, None),), str(path / "socket"), workers=workers, max_workers=workers
        )
        arbiter, launcher = DirtyArbiter(config), ElsewhereLauncher()
        arbiter.launchers[""] = launcher
        arbiter.supervisor.start()
        async with asyncio.timeout(LIMIT_S):
            await until(lambda: ready(arbiter) == workers)
            await test(arbiter, launcher)
            await arbiter.supervisor.stop(lambda worker: 0)
        assert arbiter.supervisor.workers == {}

    asyncio.run(supervised())


async def until(holds: Callable[[], bool]) -> None:
    while not holds():
        await asyncio.sleep(0)


def ready(arbiter: DirtyArbiter) -> int:
    return sum(one.state is State.READY for one in arbiter.supervisor.workers.values())


def test_its_workers_are_replaced_and_reloaded_as_others(tmp_path: Path) -> None:
    async def test(arbiter: DirtyArbiter, launcher: ElsewhereLauncher) -> None:
        assert [one.order.apps for one in launcher.launched] == [(APP,)] * WORKERS
        launcher.launched[0].kill()
        await until(lambda: ready(arbiter) == WORKERS - 1)
        await until(lambda: ready(arbiter) == WORKERS)
        assert arbiter.supervisor.restarts.total() == 1
        before = set(arbiter.supervisor.workers)
        arbiter.supervisor.reload({})
        await until(lambda: not arbiter.supervisor.is_reloading)
        await until(lambda: len(arbiter.supervisor.workers) == WORKERS)
        assert not before & set(arbiter.supervisor.workers)
        assert arbiter.supervisor.remove(1) == 1
        await until(lambda: len(arbiter.supervisor.workers) == WORKERS - 1)

    run(WORKERS, tmp_path, test)


def test_an_app_that_is_due_is_tried_however_fast_time_passes(tmp_path: Path) -> None:
    class Slow(Clock):
        readings = 0

        def __call__(self) -> float:
            self.readings += 1
            return super().__call__() + self.readings * 0.01

    async def test(arbiter: DirtyArbiter, launcher: ElsewhereLauncher) -> None:
        supervisor, clock = arbiter.supervisor, Slow()
        supervisor._clock, supervisor.health.max_crashes = clock, 1000
        for number in range(20):
            supervisor.health.init_failed(APP, "a test", clock())
            supervisor.health._retry_s[APP] = clock() + 0.2 + number / 1000
            supervisor.slots[0].backoff = Backoff()
            launcher.launched[-1].kill()
            await until(lambda: ready(arbiter) == 0)
            await until(lambda: ready(arbiter) == 1)

    run(1, tmp_path, test)


def costs(path: Path, of: Callable[[DirtyArbiter], object]) -> list[int]:
    """The instructions that it takes, with a number of workers and with FACTOR times as many."""
    found: list[int] = []

    async def test(arbiter: DirtyArbiter, launcher: ElsewhereLauncher) -> None:
        found.append(instructions(lambda: of(arbiter)))

    for workers in (WORKERS, FACTOR * WORKERS):
        run(workers, path, test)
    return found


def status(arbiter: DirtyArbiter) -> Any:
    answerer = arbiter.answerers.of(gdproto.Status)
    assert answerer is not None
    # Who asks does not matter.
    nobody: Any = None

    async def without_pause() -> None:
        """It goes on where it would take turns."""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(status_module, "Pace", lambda turns: without_pause)
        with pytest.raises(StopIteration) as done:
            answerer.answer(gdproto.Status(1), nobody).send(None)
    assert len(done.value.value["workers"]) == len(arbiter.supervisor.workers)


def test_status_grows_with_the_workers_and_no_faster(tmp_path: Path) -> None:
    few, many = costs(tmp_path, status)
    assert many <= 1.3 * FACTOR * few


def test_a_step_of_a_reload_grows_with_the_workers_and_no_faster(tmp_path: Path) -> None:
    def step(arbiter: DirtyArbiter) -> None:
        worker = next(iter(arbiter.supervisor.workers.values()))
        arbiter.supervisor.recycle(worker, "a test")
        # What its turn of the loop does.
        arbiter.supervisor._settle_some()

    few, many = costs(tmp_path, step)
    assert many <= 1.3 * FACTOR * few
