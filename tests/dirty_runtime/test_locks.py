"""Locks and counters of the stash, of threads and loops that go for them at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from dirty_runtime import DirtyTimeoutError, StashError
from dirty_runtime.client.locks import LOCKS
from dirty_runtime.stash import AsyncStashClient, StashClient
from dirty_runtime.testing import running

LONG_S = 1000


@pytest.fixture(scope="module")
def client() -> Iterator[StashClient]:
    app = "gdproto.conformance.live.app:App"
    with running(app) as arbiter, StashClient(arbiter.socket_path) as client:
        yield client


def test_one_at_a_time_holds_a_lock_and_tokens_grow(client: StashClient) -> None:
    tokens: list[int] = []
    holding: list[int] = []

    def work(number: int) -> None:
        for _ in range(5):
            with client.lock("work", ttl=LONG_S) as token:
                holding.append(number)
                tokens.append(token)
                # Whoever else held it now would have added one by here.
                client.exists("t")
                assert holding == [number]
                holding.clear()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    assert len(tokens) == 20
    assert tokens == sorted(set(tokens))


def test_a_lock_that_another_has_is_waited_for_in_vain(client: StashClient) -> None:
    with client.lock("held", ttl=LONG_S) as token:
        with pytest.raises(DirtyTimeoutError, match="lock held is held by another"):
            client.lock("held", ttl=LONG_S, wait=0.03).acquire()
        assert client.get(LOCKS, "held") is not None
        assert token > 0
    with client.lock("held", ttl=LONG_S, wait=0) as next_token:
        assert next_token > token


def test_a_lock_that_is_renewed_is_held_on(client: StashClient) -> None:
    lock = client.lock("renewed", ttl=LONG_S)
    first = lock.acquire()
    client.touch(LOCKS, "renewed", LONG_S / 2)
    assert lock.renew() == lock.token > first
    assert client.ttl(LOCKS, "renewed") > LONG_S / 2
    assert lock.release() is True
    with pytest.raises(StashError, match="lock renewed was lost"):
        lock.renew()


def test_a_lock_that_is_not_renewed_goes_to_the_next(client: StashClient) -> None:
    slow = client.lock("short", ttl=0.02)
    first = slow.acquire()
    with client.lock("short", ttl=LONG_S) as token:
        assert token > first
        with pytest.raises(StashError, match="lock short was lost"):
            slow.renew()
        assert slow.token == 0
        slow.token = first
        assert slow.release() is False
        assert client.exists(LOCKS, "short")
    assert not client.exists(LOCKS, "short")


def test_an_object_holds_its_lock_once(client: StashClient) -> None:
    lock = client.lock("once", ttl=LONG_S)
    with lock, pytest.raises(StashError, match="held through this object"):
        lock.acquire()
    with pytest.raises(ValueError, match="more than 0 seconds"):
        client.lock("once", ttl=0)


def test_tasks_share_locks_and_counters(client: StashClient) -> None:
    holding: list[int] = []

    async def work(number: int, stash: AsyncStashClient) -> None:
        async with stash.lock("tasks", ttl=LONG_S):
            holding.append(number)
            await stash.counter("counts", "tasks").add()
            assert holding == [number]
            holding.clear()

    async def all_() -> tuple[object, object]:
        async with AsyncStashClient(client.socket_path) as stash:
            await asyncio.gather(*(work(number, stash) for number in range(6)))
            counter = stash.counter("counts", "tasks")
            return await counter.reset(), await counter.value()

    assert asyncio.run(all_()) == (6, 0)


def test_no_addition_is_lost(client: StashClient) -> None:
    counter = client.counter("counts", "threads", ttl=LONG_S)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: counter.add(), range(200)))
    assert counter.value() == 200
    assert counter.add(0.5) == 200.5
    assert 0 < client.ttl("counts", "threads") <= LONG_S
    assert counter.reset() == 200.5
    assert counter.value() == 0
