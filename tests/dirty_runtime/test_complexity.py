"""The cost of a call is linear in its size, through client, arbiter and worker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from dirty_runtime import DirtyClient

from ..gdproto.growth import MOST, grows_at_most
from .processes import OURS, serving


@pytest.fixture(scope="module")
def client() -> Iterator[DirtyClient]:
    with serving(OURS) as arbiter, arbiter.client() as client:
        yield client


def test_large_payloads(client: DirtyClient) -> None:
    def work(size: int) -> Callable[[], object]:
        data = bytes(size)

        def echo() -> None:
            assert client.execute(OURS, "echo", data)["args"] == [data]

        return echo

    assert grows_at_most(MOST, work, 1 << 20, time.perf_counter)


def test_long_streams(client: DirtyClient) -> None:
    def work(size: int) -> Callable[[], object]:
        def read() -> None:
            assert sum(1 for _ in client.stream(OURS, "count", size)) == size

        return read

    assert grows_at_most(MOST, work, 200, time.perf_counter)


def test_long_argument_lists(client: DirtyClient) -> None:
    def work(size: int) -> Callable[[], object]:
        return partial(client.execute, OURS, "echo", *range(size))

    assert grows_at_most(MOST, work, 1000, time.perf_counter)
