"""What belongs to an event loop ends with it, without a word: no socket is left, no complaint."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import aclosing, suppress
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
import uvloop

from dirty_runtime import (
    AsyncStashClient,
    DirtyClient,
    DirtyError,
    get_dirty_client_async,
    set_dirty_socket_path,
)
from dirty_runtime.testing import Arbiter
from tests.dirty_runtime.processes import OURS, serving, wait_until

LOOPS = 8
Work = Callable[[], Coroutine[Any, Any, Any]]


@pytest.fixture(scope="module")
def arbiter() -> Iterator[Arbiter]:
    with serving(OURS, threads=4) as arbiter:
        set_dirty_socket_path(arbiter.socket_path)
        yield arbiter
        set_dirty_socket_path(None)


@pytest.fixture
def client(arbiter: Arbiter) -> Iterator[DirtyClient]:
    with arbiter.client() as client:
        yield client


def sockets() -> int:
    """How many sockets this process has open; those to which nobody refers are left out.

    Where the collector is switched off, they are in.
    """
    if gc.isenabled():
        gc.collect()
    links = []
    for fd in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):
            links.append(os.readlink(f"/proc/self/fd/{fd}"))
    return sum(link.startswith("socket:") for link in links)


def run_to_its_end(work: Work) -> None:
    asyncio.run(work())


def run_on_uvloop(work: Work) -> None:
    uvloop.run(work())


def run_on_anyio(work: Work) -> None:
    anyio.run(work)


def run_and_close(make: Callable[[], asyncio.AbstractEventLoop], work: Work) -> None:
    """As programs do that know nothing of what a loop has to end."""
    loop = make()
    loop.run_until_complete(work())
    loop.close()


WAYS = {
    "asyncio.run": run_to_its_end,
    "uvloop.run": run_on_uvloop,
    "anyio.run": run_on_anyio,
    "a loop that is closed": partial(run_and_close, asyncio.new_event_loop),
    "a loop of uvloop that is closed": partial(run_and_close, uvloop.new_event_loop),
}
every_way = pytest.mark.parametrize("run", WAYS.values(), ids=WAYS)


async def of_this_loop() -> None:
    client = await get_dirty_client_async()
    assert await client.execute_async(OURS, "add_later", 1, 2) == 3


async def half_a_stream(client: DirtyClient) -> None:
    async for number in client.stream_async(OURS, "count", 10**4):
        assert number == 0
        break


async def in_the_stash(client: AsyncStashClient) -> None:
    await client.put("loops", "one", 1)


async def left_alone(client: DirtyClient) -> None:
    """A call that its loop does not wait for."""
    waiting = asyncio.ensure_future(client.execute_async(OURS, "add_later", 1, 2))
    await client.execute_async(OURS, "add_later", 1, 2)
    left = asyncio.ensure_future(client.execute_async(OURS, "echo", bytes(3_000_000)))
    await asyncio.sleep(0)
    waiting.cancel()
    # What asyncio says of a task that nobody ended is not ours.
    left._log_destroy_pending = False  # type: ignore[attr-defined]


@every_way
@pytest.mark.parametrize("kind", ["call", "of this loop", "stream", "stash", "left alone"])
def test_a_loop_that_ends_leaves_nothing(arbiter: Arbiter, run: Any, kind: str) -> None:
    client, stash = arbiter.client(), AsyncStashClient(arbiter.socket_path)
    work: Work = {
        "call": lambda: client.execute_async(OURS, "add_later", 1, 2),
        "of this loop": of_this_loop,
        "stream": lambda: half_a_stream(client),
        "stash": lambda: in_the_stash(stash),
        "left alone": lambda: left_alone(client),
    }[kind]
    before = sockets()
    for _ in range(LOOPS):
        run(work)
    assert sockets() - before <= 1, "but for the last, until a loop comes after it"


async def half_a_request(client: DirtyClient) -> None:
    """A call whose loop ends before all of it is sent."""
    left = asyncio.ensure_future(client.execute_async(OURS, "echo", bytes(3_000_000)))
    left._log_destroy_pending = False  # type: ignore[attr-defined]
    await asyncio.sleep(0)


def test_what_a_loop_left_half_sent_is_closed_by_the_next(client: DirtyClient) -> None:
    """Not when the collector comes to it: the arbiter waits for the rest of it meanwhile."""
    before = sockets()
    gc.disable()
    try:
        for _ in range(LOOPS):
            run_and_close(asyncio.new_event_loop, lambda: half_a_request(client))
        assert sockets() - before <= 1
    finally:
        gc.enable()


def test_loops_of_many_threads_share_a_client(client: DirtyClient) -> None:
    results: list[int] = []

    def work() -> None:
        for _ in range(10):
            results.append(asyncio.run(client.execute_async(OURS, "add_later", 1, 2)))

    before = sockets()
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [3] * 80
    assert sockets() <= before


def test_loops_that_ended_are_let_go_though_they_are_kept(client: DirtyClient) -> None:
    loops = [asyncio.new_event_loop() for _ in range(LOOPS)]
    before = sockets()
    for loop in loops:
        loop.run_until_complete(client.execute_async(OURS, "add_later", 1, 2))
        loop.close()
    # The loops' own two each are gone.
    assert sockets() <= before - 2 * LOOPS + 1


def test_a_client_that_is_dropped_leaves_nothing_to_a_loop_that_goes_on(arbiter: Arbiter) -> None:
    async def drop_some() -> int:
        before = sockets()
        for _ in range(LOOPS):
            await arbiter.client().execute_async(OURS, "add_later", 1, 2)
        await asyncio.sleep(0)
        return sockets() - before

    assert asyncio.run(drop_some()) == 0


def test_a_client_that_is_closed_leaves_no_timer_to_its_loop(arbiter: Arbiter) -> None:
    async def call() -> list[Any]:
        client = arbiter.client()
        assert await client.execute_async(OURS, "add_later", 1, 2) == 3
        await client.close_async()
        loop: Any = asyncio.get_running_loop()
        return [one for one in loop._scheduled if not one.cancelled()]

    assert asyncio.run(call()) == []


def test_a_call_that_waits_when_its_client_is_closed_fails(tmp_path: Path) -> None:
    async def close_meanwhile(client: DirtyClient) -> None:
        call = asyncio.create_task(client.execute_async(OURS, "pid"))
        await asyncio.sleep(0)
        await client.close_async()
        with pytest.raises(DirtyError, match="closed the connection"):
            await call

    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "silent"))
        silent.listen()
        asyncio.run(close_meanwhile(DirtyClient(str(tmp_path / "silent"))))


def test_calls_that_are_cancelled_leave_the_connection_right(client: DirtyClient) -> None:
    async def cancel_some() -> None:
        for size in (10, 3_000_000):
            calls = [
                asyncio.create_task(client.execute_async(OURS, "echo", bytes(size)))
                for _ in range(20)
            ]
            await asyncio.sleep(0)
            for call in calls[::2]:
                call.cancel()
            answers = await asyncio.gather(*calls, return_exceptions=True)
            for call in answers[1::2]:
                assert call == {"args": [bytes(size)], "kwargs": {}}
        assert await client.execute_async(OURS, "add_later", 1, 2) == 3

    asyncio.run(cancel_some())


def test_a_stream_that_is_not_read_is_left_to_the_kernel(client: DirtyClient) -> None:
    async def read_slowly() -> int:
        count = 0
        async with aclosing(client.stream_async(OURS, "burst", 200)) as chunks:
            async for chunk in chunks:
                assert len(chunk) == 50_000
                count += 1
                await asyncio.sleep(0)
        return count

    assert asyncio.run(read_slowly()) == 200


@pytest.mark.parametrize("name", ["execute_async", "status_async", "connect_async", "close_async"])
def test_without_a_loop_of_asyncio_it_is_told(client: DirtyClient, name: str) -> None:
    """As under trio, which drives coroutines itself."""
    arguments = (OURS, "pid") if name == "execute_async" else ()
    with pytest.raises(DirtyError, match="no asyncio event loop runs here"):
        getattr(client, name)(*arguments).send(None)


def test_without_a_loop_of_asyncio_a_stream_tells_it(client: DirtyClient) -> None:
    with pytest.raises(DirtyError, match="no asyncio event loop runs here"):
        client.stream_async(OURS, "pid").__anext__().send(None)
    with pytest.raises(DirtyError, match="no asyncio event loop runs here"):
        get_dirty_client_async().send(None)


def test_a_child_does_not_share_its_parents_connection(client: DirtyClient) -> None:
    """Nor tells the parent's kernel to listen no more, by its copy of the loop."""

    async def fork() -> int:
        assert await client.execute_async(OURS, "add_later", 1, 2) == 3
        child = os.fork()
        if not child:
            status = 1
            try:
                assert asyncio.run(client.execute_async(OURS, "add_later", 2, 2)) == 4
                status = 0
            finally:
                os._exit(status)
        assert await client.execute_async(OURS, "add_later", 2, 3) == 5
        return child

    child = asyncio.run(fork())
    assert os.waitpid(child, 0)[1] == 0


def test_a_channel_that_the_arbiter_closed_is_followed_by_another(arbiter: Arbiter) -> None:
    """What was not sent as a whole has not begun."""
    with serving(OURS) as other, other.client() as client:
        loop = asyncio.new_event_loop()
        try:
            work = partial(client.execute_async, OURS, "add_later", 1, 2)
            assert loop.run_until_complete(work()) == 3
            other.stop()
            os.symlink(arbiter.socket_path, other.socket_path)
            wait_until(lambda: loop.run_until_complete(work()) == 3)
        finally:
            loop.close()
