"""The cost of a call is linear in its size, through client, arbiter and worker.

Rules: cost is what the processors did for it in all three, so that nothing beside it counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from dirty_runtime import DirtyClient

from ..acceptance.facts import cpu_s, family
from ..gdproto.growth import MOST, grows_at_most
from .processes import OURS, Arbiter, serving

Clock = Callable[[], float]


@pytest.fixture(scope="module")
def arbiter() -> Iterator[Arbiter]:
    with serving(OURS) as arbiter:
        yield arbiter


@pytest.fixture
def client(arbiter: Arbiter) -> Iterator[DirtyClient]:
    with arbiter.client() as client:
        yield client


@pytest.fixture
def clock(arbiter: Arbiter) -> Clock:
    pids = family(arbiter.process.pid)
    return lambda: time.thread_time() + cpu_s(pids)


def test_large_payloads(client: DirtyClient, clock: Clock) -> None:
    def work(size: int) -> Callable[[], object]:
        data = bytes(size)

        def echo() -> None:
            assert client.execute(OURS, "echo", data)["args"] == [data]

        return echo

    assert grows_at_most(MOST, work, 1 << 20, clock)


def test_long_streams(client: DirtyClient, clock: Clock) -> None:
    def work(size: int) -> Callable[[], object]:
        def read() -> None:
            assert sum(1 for _ in client.stream(OURS, "count", size)) == size

        return read

    assert grows_at_most(MOST, work, 200, clock)


def test_long_argument_lists(client: DirtyClient, clock: Clock) -> None:
    def work(size: int) -> Callable[[], object]:
        return partial(client.execute, OURS, "echo", *range(size))

    assert grows_at_most(MOST, work, 1000, clock)
