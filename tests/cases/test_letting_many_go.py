"""However many clients or calls are to end at one moment, a turn of the loop ends some."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from typing import Any

import pytest

from dirty_runtime.app import AppSpec
from dirty_runtime.arbiter.clients.door import Door
from dirty_runtime.arbiter.clock import Clock
from dirty_runtime.arbiter.policy.crowd import Rest
from dirty_runtime.arbiter.turns import SLICE_S
from dirty_runtime.settings import Config

from .test_one_of_many import APP, Desk, Did

LIMIT_S = 30.0
MANY = 60
TAKES_S = SLICE_S / 4
# And one that began in time.
MOST_IN_A_TURN = 5


class Client:
    """Takes a while to be let go."""

    descriptor = uid = pid = 0
    peer = (0, 0)
    waits = False
    moved_s = 0.0

    def __init__(self, door: Door, gone: list[Any]) -> None:
        self._door, self._gone, self._rest, self._told = door, gone, Rest.IDLE, Rest.IDLE

    def rests_now(self) -> tuple[Rest, bool]:
        told, self._told = self._told, self._rest
        return self._rest, self._rest is not told

    def let_go(self, error: Exception) -> None:
        time.sleep(TAKES_S)
        self._gone.append(self)
        self._rest = Rest.LEAVING
        self._door.moved(self)  # type: ignore[arg-type]


@pytest.mark.parametrize("why", ["idle for too long", "a drain"])
def test_a_turn_lets_go_of_some(why: str) -> None:
    async def test() -> None:
        idle_s = 0.01 if why == "idle for too long" else 0
        door = Door(Config((AppSpec("m:A", None),), "unused", idle_timeout_s=idle_s),
                    lambda: (), Clock())  # fmt: skip
        gone: list[Any] = []
        for _ in range(MANY):
            door.came(Client(door, gone))  # type: ignore[arg-type]
        if not idle_s:
            door.drain()
        counts = [0, len(gone)]
        async with asyncio.timeout(LIMIT_S):
            while len(set(gone)) < MANY:
                await asyncio.sleep(0)
                counts.append(len(gone))
        assert len(gone) == MANY
        assert max(after - before for before, after in pairwise(counts)) <= MOST_IN_A_TURN

    asyncio.run(test())


class Caller(Did):
    """Takes a while to be told that its call has failed."""

    def __init__(self, told: list[Any]) -> None:
        super().__init__(calls={})
        self._of = told

    def fail(self, call: Any, error: Exception) -> None:
        time.sleep(TAKES_S)
        self._of.append(call)
        del self.calls[call.request_id]


@pytest.mark.parametrize("why", ["their app is put aside", "the arbiter stops", "they are late"])
def test_a_turn_tells_some_that_their_calls_have_failed(why: str) -> None:
    async def test() -> None:
        desk, told = Desk(), list[Any]()
        timeout_s = 0.01 if why == "they are late" else None
        for _ in range(MANY):
            desk.wait_for(Caller(told), timeout_s)
        stopping = None
        if why == "the arbiter stops":
            stopping = asyncio.create_task(desk.dispatcher.stop())
        elif timeout_s is None:
            desk.dispatcher.app_down(APP, "it cannot be imported")
        counts = [0]
        async with asyncio.timeout(LIMIT_S):
            while len(told) < MANY:
                await asyncio.sleep(0)
                counts.append(len(told))
            if stopping is not None:
                await stopping
        assert told == desk.called
        assert max(after - before for before, after in pairwise(counts)) <= MOST_IN_A_TURN

    asyncio.run(test())


def test_who_left_meanwhile_is_told_nothing() -> None:
    async def test() -> None:
        desk, told = Desk(), list[Any]()
        callers = [Caller(told) for _ in range(MANY)]
        for caller in callers:
            desk.wait_for(caller)
        desk.dispatcher.app_down(APP, "it cannot be imported")
        callers[-1].calls.clear()
        async with asyncio.timeout(LIMIT_S):
            while len(told) < MANY - 1:
                await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert told == desk.called[:-1]

    asyncio.run(test())
