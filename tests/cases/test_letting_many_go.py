"""However many clients are to go at one moment, a turn of the loop lets go of some."""

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
