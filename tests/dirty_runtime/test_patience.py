"""What many have at one moment is done for some in a turn: their ends, and what goes."""

from __future__ import annotations

import asyncio
import itertools

from dirty_runtime.arbiter.clock import Clock
from dirty_runtime.arbiter.patience import Limits, Patience
from dirty_runtime.arbiter.turns import TOLD_AT_ONCE, Turns

COUNT = 3 * TOLD_AT_ONCE


def test_those_whose_time_is_over_together_are_told_in_turns() -> None:
    async def tell() -> list[int]:
        clock, over = Clock(), asyncio.Event()
        told: list[int] = []
        turns: list[int] = []

        def tell(one: int) -> None:
            told.append(one)
            if len(told) == COUNT:
                over.set()

        def look() -> None:
            turns.append(len(told))
            if not over.is_set():
                asyncio.get_running_loop().call_soon(look)

        patience = Patience(tell, Turns(), clock)
        for one in range(COUNT):
            patience.begin(one, clock())
        look()
        await over.wait()
        assert told == list(range(COUNT))
        look()
        return turns

    seen = asyncio.run(tell())
    assert max(after - before for before, after in itertools.pairwise(seen)) == TOLD_AT_ONCE


def test_who_has_ended_is_not_told_and_who_comes_first_is_told_first() -> None:
    async def tell() -> list[str]:
        clock, over, told = Clock(), asyncio.Event(), list[str]()

        def tell(one: str) -> None:
            told.append(one)
            if one == "last":
                over.set()

        patience = Patience(tell, Turns(), clock)
        now_s = clock()
        for one, wait_s in (("last", 0.03), ("ended", 0.02), ("first", 0.01)):
            patience.begin(one, now_s + wait_s)
        patience.end("ended")
        await over.wait()
        return told

    assert asyncio.run(tell()) == ["first", "last"]


def test_a_limit_raises_when_it_is_over_and_not_before() -> None:
    async def wait() -> None:
        limits = Limits(Turns(), Clock())
        async with limits.timeout(30):
            pass
        try:
            async with limits.timeout(0.001) as limit:
                await asyncio.Event().wait()
        except TimeoutError:
            assert limit.expired()
        else:
            raise AssertionError("it waits for ever")

    asyncio.run(wait())


def test_a_long_list_is_freed_in_turns() -> None:
    async def free() -> list[int]:
        seen, many = list[int](), [object() for _ in range(100_000)]
        Turns().free(many)
        while many:
            seen.append(len(many))
            await asyncio.sleep(0)
        return seen

    # None of it at once: who does so may have had his time.
    assert asyncio.run(free())[0] == 100_000
