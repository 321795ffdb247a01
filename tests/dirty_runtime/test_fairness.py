"""Who goes first when more is asked than workers answer: real processes, counted, not timed."""

from __future__ import annotations

import asyncio
import itertools
import statistics
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from dirty_runtime import DirtyClient, DirtyOverloadedError

from .processes import LIMIT_S, Arbiter, serving, wait_until

FLOOD = 400
LANES = 2
QUEUE = 600
# What the machine does beside may be in one of them.
ROUNDS = 8
NUMBERS = """
import itertools, os, time
from dirty_runtime import DirtyApp

class Numbers(DirtyApp):
    def init(self):
        self.numbers = itertools.count()

    def wait_for(self, path):
        while not os.path.exists(path):
            time.sleep(0.01)

    def next(self):
        number = next(self.numbers)
        time.sleep(0.02)
        return number
"""


@pytest.fixture
def arbiter(tmp_path: Path) -> Iterator[Arbiter]:
    """One worker with as many lanes: it counts the calls of an app in the order of their starts."""
    (tmp_path / "numbers_app.py").write_text(NUMBERS)
    options = ("--chdir", str(tmp_path), "--max-queue", str(QUEUE))
    with serving("numbers_app:Numbers", threads=LANES, options=options) as arbiter:
        yield arbiter


Calls = Callable[[DirtyClient], Awaitable[list[int]]]


async def at_once(client: DirtyClient) -> list[int]:
    calls = (client.execute_async("numbers_app:Numbers", "next") for _ in range(20))
    return sorted(await asyncio.gather(*calls))


async def one_by_one(client: DirtyClient) -> list[int]:
    return [await client.execute_async("numbers_app:Numbers", "next") for _ in range(20)]


async def gaps_beside_a_flood(arbiter: Arbiter, beside: DirtyClient, calls: Calls) -> list[int]:
    """Between how another client's calls are numbered beside a flood of calls."""
    async with DirtyClient(arbiter.socket_path, LIMIT_S) as flood:
        asking = [
            asyncio.create_task(flood.execute_async("numbers_app:Numbers", "next"))
            for _ in range(FLOOD)
        ]
        await asking[0]
        numbers = await calls(beside)
        # The flood goes on all the while.
        assert not all(one.done() for one in asking)
        for one in asking:
            one.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
    return [after - before for before, after in itertools.pairwise(numbers)]


def test_one_client_does_not_stand_before_another(arbiter: Arbiter) -> None:
    async def test() -> None:
        async with DirtyClient(arbiter.socket_path, LIMIT_S) as beside:
            for _ in range(ROUNDS):
                gaps = await gaps_beside_a_flood(arbiter, beside, one_by_one)
                # Its own, what the lanes run when it comes, and a turn of the flood's; on a busy
                # machine more begin between its answer and its next call. Hundreds wait.
                if statistics.median(gaps) <= LANES + 2 and max(gaps) <= 4 * LANES:
                    return
            pytest.fail(f"in each of {ROUNDS} rounds the flood went first: {gaps}")

    asyncio.run(test())


def test_two_clients_take_turns(arbiter: Arbiter) -> None:
    async def test() -> None:
        async with DirtyClient(arbiter.socket_path, LIMIT_S) as beside:
            gaps = await gaps_beside_a_flood(arbiter, beside, at_once)
        # Its own and one of the flood's; a thread that begins may be overtaken.
        assert statistics.median(gaps) == 2, gaps
        assert max(gaps) <= 4 * LANES, gaps

    asyncio.run(test())


def test_a_higher_priority_goes_first(arbiter: Arbiter, tmp_path: Path) -> None:
    gate = tmp_path / "gate"

    def begin(client: DirtyClient, action: str, *args: str) -> asyncio.Task[int]:
        return asyncio.create_task(client.execute_async("numbers_app:Numbers", action, *args))

    async def until_waiting(count: int) -> None:
        queues = {"numbers_app:Numbers": count}
        await asyncio.to_thread(wait_until, lambda: arbiter.status()["queues"] == queues)

    async def test() -> None:
        async with DirtyClient(arbiter.socket_path, LIMIT_S) as client:
            before = [begin(client, "wait_for", str(gate)) for _ in range(LANES)]
            usual = [begin(client, "next") for _ in range(100)]
            await until_waiting(len(usual))
            urgent = begin(client.with_priority(10), "next")
            await until_waiting(len(usual) + 1)
            gate.touch()
            # One of the first that are taken: so many threads count at once.
            assert await urgent < LANES
            await asyncio.gather(*before, *usual)

    asyncio.run(test())


def test_one_client_does_not_fill_the_queue_for_all(arbiter: Arbiter) -> None:
    async def test() -> None:
        async with (
            DirtyClient(arbiter.socket_path, LIMIT_S) as flood,
            DirtyClient(arbiter.socket_path, LIMIT_S) as beside,
        ):
            asking = [
                asyncio.create_task(flood.execute_async("numbers_app:Numbers", "next"))
                for _ in range(QUEUE)
            ]
            # The last may be taken, where the machine is slow.
            done, _ = await asyncio.wait(asking, return_when=asyncio.FIRST_EXCEPTION)
            (error, *_) = filter(None, (one.exception() for one in done))
            assert isinstance(error, DirtyOverloadedError)
            assert "of this connection wait" in error.message
            assert await beside.execute_async("numbers_app:Numbers", "next") > 0
            for one in asking:
                one.cancel()
            await asyncio.gather(*asking, return_exceptions=True)

    asyncio.run(test())
