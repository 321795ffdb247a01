"""A client in a family of processes: each calls, streams and forks in any order, and has its own
answers.

Rules: a child has its parent's client, and drops the streams that its parent reads. What one does
with its connections is nothing to the others.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dirty_runtime import DirtyClient

from .processes import OURS, Arbiter, serving, wait_until

ITEMS = 300

# Steps of one process; a list is a child that goes through it.
Life = Sequence[Any]
STEPS = st.sampled_from(["call", "call later", "open", "read", "close"])
LIVES = st.recursive(
    st.lists(STEPS, max_size=4), lambda child: st.lists(STEPS | child, max_size=5), max_leaves=10
)


@pytest.fixture(scope="module")
def arbiter() -> Iterator[Arbiter]:
    with serving(OURS, workers=1, threads=8) as arbiter:
        yield arbiter


class Member:
    """One process of the family.

    Args:
        client: the family's.
        name: nobody else's.
    """

    def __init__(self, client: DirtyClient, name: str) -> None:
        self.client = client
        self.name = name
        self.count = 0
        self.streams: list[tuple[Iterator[int], list[int]]] = []
        self.children: list[int] = []

    def live(self, life: Life) -> None:
        for step in life:
            self.count += 1
            if isinstance(step, str):
                getattr(self, step.replace(" ", "_"))()
            else:
                self.fork(step)
        for stream, came in self.streams:
            assert [*came, *stream] == list(range(ITEMS))
        for child in self.children:
            assert os.waitpid(child, 0)[1] == 0, f"a child of {self.name} failed"

    def call(self) -> None:
        text = f"{self.name} {self.count}"
        assert self.client.execute(OURS, "echo", text)["args"] == [text]

    def call_later(self) -> None:
        number = self.count + os.getpid()
        assert asyncio.run(self.client.execute_async(OURS, "add_later", number, 1)) == number + 1

    def open(self) -> None:
        if len(self.streams) < 2:
            self.streams.append((self.client.stream(OURS, "count", ITEMS), []))
            self.read()

    def read(self) -> None:
        for stream, came in self.streams:
            came += islice(stream, 3)

    def close(self) -> None:
        if self.streams:
            stream, came = self.streams.pop()
            stream.close()  # type: ignore[attr-defined]
            assert came == list(range(len(came)))

    def fork(self, life: Life) -> None:
        child = os.fork()
        if child:
            self.children.append(child)
            return
        status = 1
        try:
            self.streams.clear()
            gc.collect()
            Member(self.client, f"{self.name}.{self.count}").live(life)
            status = 0
        finally:
            os._exit(status)


@settings(max_examples=12)
@given(LIVES)
@example(["call", "open", ["call", "open", ["call"], "read"], "read", "call", ["call"], "call"])
@example(["call later", ["call later", "call"], "call", ["open", ["close", "call"]], "call later"])
def test_each_of_a_family_has_its_own_answers(arbiter: Arbiter, life: Life) -> None:
    # What the tests before have left is not looked at, and so copied, by the collector of each.
    gc.freeze()
    try:
        with arbiter.client() as client:
            Member(client, "first").live(life)
    finally:
        gc.unfreeze()


def test_a_child_that_is_forked_beside_threads_that_call_is_not_held_up(arbiter: Arbiter) -> None:
    with arbiter.client() as client:
        is_over = threading.Event()

        def call() -> None:
            while not is_over.is_set():
                assert client.execute(OURS, "echo", 1)["args"] == [1]

        threads = [threading.Thread(target=call) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            Member(client, "first").live([["call"], "call"] * 3)
        finally:
            is_over.set()
            for thread in threads:
                thread.join()


@contextmanager
def a_child() -> Iterator[None]:
    """A process that has all that this one has, and does nothing."""
    child = os.fork()
    if not child:
        signal.pause()
        os._exit(1)
    try:
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def under_way(arbiter: Arbiter) -> int:
    return sum(worker["busy"] for worker in arbiter.status()["workers"])


def test_a_stream_that_is_closed_ends_although_a_child_has_its_connection(arbiter: Arbiter) -> None:
    with arbiter.client() as client:
        stream = client.stream(OURS, "count", 10**9)
        assert next(stream) == 0
        with a_child():
            assert under_way(arbiter) == 1
            stream.close()
            wait_until(lambda: under_way(arbiter) == 0)


def test_a_stream_on_a_loop_ends_although_a_child_has_its_connection(arbiter: Arbiter) -> None:
    async def test() -> None:
        async with arbiter.client() as client:
            stream = client.stream_async(OURS, "count", 10**9)
            assert await anext(stream) == 0
            with a_child():
                assert under_way(arbiter) == 1
                await stream.aclose()
                await asyncio.to_thread(wait_until, lambda: under_way(arbiter) == 0)

    asyncio.run(test())
