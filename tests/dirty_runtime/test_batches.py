"""Batched methods, with real processes: one item a call, and many calls at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dirty_runtime import DirtyAppError, DirtyClient, DirtyTimeoutError, batched
from dirty_runtime.app import attributes_of
from dirty_runtime.testing import Arbiter, running

from .gathering import Batched
from .processes import LIMIT_S, wait_until

HERE = Path(__file__).parent
APP = "gathering:Batched"


@pytest.fixture
def arbiter() -> Iterator[Arbiter]:
    with running(APP, directory=HERE, workers=2) as one:
        yield one


@pytest.fixture(scope="module")
def shared() -> Iterator[Arbiter]:
    with running(APP, directory=HERE) as one:
        yield one


@pytest.fixture
def client(shared: Arbiter) -> Iterator[DirtyClient]:
    with DirtyClient(shared.socket_path, timeout=LIMIT_S) as one:
        yield one


def gathered(arbiter: Arbiter, action: str, *items: Any) -> list[Any]:
    async def call() -> list[Any]:
        async with DirtyClient(arbiter.socket_path, timeout=LIMIT_S) as client:
            calls = [client.execute_async(APP, action, item) for item in items]
            return await asyncio.gather(*calls, return_exceptions=True)

    return asyncio.run(call())


def streamed(arbiter: Arbiter, action: str, *items: Any) -> list[Any]:
    async def read(client: DirtyClient, item: Any) -> list[Any]:
        found: list[Any] = []
        try:
            async for one in client.stream_async(APP, action, item):
                found.append(one)
        except DirtyAppError:
            found.append("failed")
        return found

    async def call() -> list[Any]:
        async with DirtyClient(arbiter.socket_path, timeout=LIMIT_S) as client:
            return await asyncio.gather(*(read(client, item) for item in items))

    return asyncio.run(call())


@pytest.mark.parametrize(("action", "factor"), [("double", 2), ("later", 3)])
def test_each_call_gets_what_is_its(shared: Arbiter, action: str, factor: int) -> None:
    items = [*range(1, 13), *range(14, 40)]
    assert gathered(shared, action, *items) == [item * factor for item in items]


def test_an_exception_fails_one_alone(shared: Arbiter) -> None:
    one, odd, other = gathered(shared, "double", 1, 13, 2)
    assert (one, other) == (2, 4)
    assert isinstance(odd, DirtyAppError)
    assert odd.exception_type == "builtins.ValueError"


def test_a_list_of_another_length_fails_all(shared: Arbiter) -> None:
    for found in gathered(shared, "short", 1, 2):
        assert isinstance(found, DirtyAppError)
        assert "not a list of" in str(found)


def test_what_must_not_mix_does_not(shared: Arbiter) -> None:
    items = [[f"{n % 3}", f"{n}"] for n in range(30)]
    assert gathered(shared, "by_key", *items) == [item[1] for item in items]


@pytest.mark.parametrize("odd", ["exits", "is cancelled", "compares", "changes"])
def test_a_key_that_is_none_costs_its_own_calls_alone(shared: Arbiter, odd: str) -> None:
    found = gathered(shared, "by_odd_key", odd, "a", odd, "b", odd, "c")
    assert found[1::2] == ["a", "b", "c"]
    assert all(one == odd or isinstance(one, DirtyAppError) for one in found[::2])
    assert gathered(shared, "by_odd_key", "d") == ["d"]


def test_a_list_that_is_shorter_than_it_says_fails_all(shared: Arbiter) -> None:
    for found in gathered(shared, "longer", 1, 2):
        assert isinstance(found, DirtyAppError)


def test_no_batch_costs_more_than_it_may(shared: Arbiter) -> None:
    found = gathered(shared, "by_size", *["x" * (1 + n % 5) for n in range(40)], "x" * 50)
    assert max(found) <= 10


@pytest.mark.parametrize("args", [(), (1, 2)])
def test_a_call_has_one_item(client: DirtyClient, args: tuple[int, ...]) -> None:
    with pytest.raises(DirtyAppError, match="one item"):
        client.execute(APP, "double", *args)


@pytest.mark.parametrize("action", ["countdown", "countdown_later"])
def test_streams_of_one_batch_end_each_for_itself(shared: Arbiter, action: str) -> None:
    wanted = [[f"{n}" for n in range(count, 0, -1)] for count in (3, 1, 5, 0, 2)]
    assert streamed(shared, action, 3, 1, 5, 0, 2) == wanted


def test_an_exception_fails_one_stream_alone(shared: Arbiter) -> None:
    one, failed = streamed(shared, "countdown_later", 2, 13)
    assert one == ["2", "1"]
    assert failed == ["failed"]


def test_a_stream_that_is_not_read_does_not_hold_up_its_batch(shared: Arbiter) -> None:
    async def call() -> tuple[int, int]:
        async with DirtyClient(shared.socket_path, timeout=LIMIT_S) as client:
            read = client.stream_async(APP, "without_end", 1000)
            left = client.stream_async(APP, "without_end", 100_000)
            first, other = await asyncio.gather(anext(read), anext(left))
            for _ in range(300):
                await anext(read)
            await read.aclose()
            await left.aclose()
            return len(first), len(other)

    assert asyncio.run(call()) == (1000, 100_000)


def test_who_is_given_up_is_not_in_the_batch_and_one_worker_is_filled(arbiter: Arbiter) -> None:
    """While a batch runs two come; of one the time is over before the next begins."""

    async def call() -> list[Any]:
        async with DirtyClient(arbiter.socket_path, timeout=LIMIT_S) as client:
            first = asyncio.ensure_future(client.execute_async(APP, "double", 0))
            # It is in a worker before its batch begins, which another may still join.
            while (await client.execute_async(APP, "seen")) != [1]:
                await asyncio.sleep(0)
            while (await asyncio.to_thread(busy, arbiter)) != [0, 1]:
                await asyncio.sleep(0)
            late = client.with_options(timeout=0.2).execute_async(APP, "double", 5)
            with pytest.raises(DirtyTimeoutError):
                await late
            stays = asyncio.ensure_future(client.execute_async(APP, "double", 7))
            while (await asyncio.to_thread(busy, arbiter)) != [0, 2]:
                await asyncio.sleep(0)
            await client.execute_async(APP, "open")
            return [await first, await stays, await client.execute_async(APP, "seen")]

    first, stays, seen = asyncio.run(call())
    assert (first, stays) == (0, 14)
    assert seen == [1, 1]


def busy(arbiter: Arbiter) -> list[int]:
    return sorted(worker["busy"] for worker in arbiter.status()["workers"])


def test_a_lone_call_does_not_wait(client: DirtyClient) -> None:
    """A batch may wait for half a second: ten lone calls take less than one such wait."""
    before = len(client.execute(APP, "seen"))
    for number in range(20, 30):
        assert client.execute(APP, "double", number) == 2 * number
    assert client.execute(APP, "seen")[before:] == [1] * 10


def test_called_on_the_app_itself_it_is_a_batch_of_one() -> None:
    app = Batched()
    app.init()
    assert app("double", 4) == 8
    with pytest.raises(ValueError, match="odd"):
        app("double", 13)
    assert asyncio.run(app("later", 4)) == 12

    async def items() -> list[str]:
        return [item async for item in app("countdown_later", 2)]

    assert asyncio.run(items()) == ["2", "1"]


def test_an_app_with_batches_asks_for_places_and_to_be_filled() -> None:
    told = attributes_of(Batched)
    assert told["concurrency"] == 2 * told["fill"]


def test_what_no_batch_can_be_is_refused() -> None:
    for wrong in ((0, 0.1), (-1, 0.1), (4, -0.1), (float("nan"), 0.1)):
        with pytest.raises(ValueError, match="max_size"):
            batched(*wrong)


def test_status_comes_back_to_nothing(shared: Arbiter) -> None:
    wait_until(lambda: busy(shared) == [0])
