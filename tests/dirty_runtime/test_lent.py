"""Memory that is lent to workers and used again: quick for who calls often, and never seen to
change by who keeps what it was given.
"""

from __future__ import annotations

import asyncio
import os
import runpy
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from dirty_runtime import Converters, DirtyClient
from dirty_runtime.errors import DirtyAppError, DirtyTimeoutError
from dirty_runtime.sockets.lent import LENT, Lent, lend, rounded
from dirty_runtime.testing import Arbiter, running

from .processes import wait_until
from .reference_apps import targets

APPS = "tests.dirty_runtime.reference_apps"
ARRAYS, WIDE = f"{APPS}:Arrays", f"{APPS}:Wide"
BOTH = pytest.mark.parametrize("app", [ARRAYS, WIDE])
LARGE = 4 * 1024 * 1024
SOME = np.resize(np.arange(251, dtype="u1"), LARGE)
OTHER = SOME[::-1].copy()


def short(array: Any) -> list[int]:
    return [int(array[0]), int(array[-1]), int(array.sum())]


@pytest.fixture(scope="module")
def arbiter() -> Iterator[Arbiter]:
    with running(ARRAYS, WIDE, workers=2) as arbiter:
        yield arbiter


@pytest.fixture
def client(arbiter: Arbiter) -> Iterator[DirtyClient]:
    with DirtyClient(arbiter.socket_path, converters=Converters(arrays=True)) as client:
        client.execute(ARRAYS, "first", SOME)
        yield client
    assert not lent_to(client)


def lent_to(client: DirtyClient) -> list[int]:
    """The inodes of what is kept for a client."""
    kept = [one for _, one in [*LENT._kept, *LENT._back]]
    mine = [one for one in kept if one.borrower[0] is client._large]
    return [os.fstat(one.number).st_ino for one in mine]


@pytest.mark.proves("GD-PROF-012")
def test_calls_one_after_another_have_the_same_memory(client: DirtyClient) -> None:
    first = lent_to(client)
    assert len(first) == 1
    for number in range(3):
        assert client.execute(ARRAYS, "first", SOME + number)[0] == number
        assert lent_to(client) == first
    asyncio.run(client.execute_async(ARRAYS, "first", OTHER))
    assert lent_to(client) == first
    assert list(client.stream(ARRAYS, "parts", SOME, 2))[1][-1] == SOME[-1]
    assert lent_to(client) == first


def test_a_worker_maps_it_once(arbiter: Arbiter) -> None:
    with (
        running(ARRAYS, workers=1) as one,
        DirtyClient(one.socket_path, converters=Converters(arrays=True)) as client,
    ):
        client.execute(ARRAYS, "first", SOME)
        places = {client.execute(ARRAYS, "where", SOME) for _ in range(5)}
        # The first one that was lent is the first that was mapped.
        assert len(places) == 1


@BOTH
def test_nothing_is_copied_for_who_keeps_nothing(app: str) -> None:
    with (
        running(app, workers=1) as one,
        DirtyClient(one.socket_path, converters=Converters(arrays=True)) as client,
    ):
        calls: dict[str, Any] = {
            "call": lambda: client.execute(app, "first", SOME),
            "async face": lambda: asyncio.run(client.execute_async(app, "first", SOME)),
            "by name": lambda: client.execute(app, "first", array=SOME),
        }
        if app == WIDE:
            calls["coroutine"] = lambda: client.execute(app, "summed", SOME)
            calls["stream"] = lambda: list(client.stream(app, "halves", SOME))
        for name, call in calls.items():
            for _ in range(3):
                call()
                kept = len(lent_to(client))
                assert client.execute(app, "mapped") == kept, name


@pytest.mark.proves("GD-EXT-025")
@BOTH
def test_what_an_app_keeps_is_not_seen_to_change(app: str) -> None:
    with (
        running(app, workers=1) as one,
        DirtyClient(one.socket_path, converters=Converters(arrays=True)) as client,
    ):
        client.execute(app, "first", OTHER)
        keeping: dict[str, Any] = {
            "keep": lambda: client.execute(app, "keep", SOME),
            "async face": lambda: asyncio.run(client.execute_async(app, "keep", SOME)),
            "stream": lambda: list(client.stream(app, "parts", SOME, 4)),
        }
        if app == WIDE:
            keeping["batch"] = lambda: client.execute(app, "sums", SOME)
            keeping["coroutine"] = lambda: client.execute(app, "awaited", SOME)
        for name, keep in keeping.items():
            keep()
            for _ in range(3):
                client.execute(app, "first", OTHER)
            assert client.execute(app, "let_go") == short(SOME), name
        assert len(lent_to(client)) == 1


@BOTH
def test_what_is_given_back_as_it_came_is_right(client: DirtyClient, app: str) -> None:
    back = client.execute(app, "same", SOME)
    assert np.array_equal(client.execute(app, "same", OTHER), OTHER)
    assert np.array_equal(back, SOME)


@BOTH
def test_many_at_once_have_memory_of_their_own(client: DirtyClient, app: str) -> None:
    def call(number: int) -> bool:
        array = SOME + number
        return bool(client.execute(app, "first", array)[-2] == LARGE) and bool(
            np.array_equal(client.execute(app, "same", array), array)
        )

    async def calls() -> list[Any]:
        arrays = [SOME + number for number in range(8)]
        back = await asyncio.gather(*(client.execute_async(app, "same", array) for array in arrays))
        await client.close_async()
        return [np.array_equal(one, array) for one, array in zip(back, arrays, strict=True)]

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(call, range(16)))
    assert all(asyncio.run(calls()))


@pytest.mark.proves("GD-EXT-024")
@BOTH
def test_what_was_not_answered_is_not_used_again(client: DirtyClient, app: str) -> None:
    client.execute(app, "first", SOME)
    client._large.close()
    with pytest.raises(DirtyAppError):
        client.execute(app, "fail", SOME)
    assert not lent_to(client)
    with pytest.raises(DirtyAppError):
        asyncio.run(client.execute_async(app, "fail", SOME))
    assert not lent_to(client)
    chunks = client.stream(app, "parts", SOME, 4)
    next(chunks)
    chunks.close()
    assert not lent_to(client)

    async def given_up() -> None:
        with suppress(DirtyTimeoutError):
            await client.with_options(timeout=0.001).execute_async(app, "same", SOME)
        stream = client.stream_async(app, "parts", SOME, 4)
        await anext(stream)
        await stream.aclose()
        await client.close_async()

    asyncio.run(given_up())
    assert not lent_to(client)


@BOTH
def test_a_call_that_fails_leaves_nothing_to_the_collector(app: str) -> None:
    with (
        running(app, workers=1) as one,
        DirtyClient(one.socket_path, converters=Converters(arrays=True)) as client,
    ):
        client.execute(app, "collect_nothing")
        failing = ["fail", "parts_and_fail"]
        if app == WIDE:
            failing += ["awaited_and_failed", "streamed_and_failed", "gathered_and_failed"]
        for action in failing:
            for _ in range(3):
                with pytest.raises(DirtyAppError):
                    list(client.stream(app, action, SOME))
            wait_until(
                lambda: not client.execute(app, "in_use"),
                lambda action=action: f"{action}: {client.execute(app, 'in_use')}",
                5.0,
            )


@pytest.mark.proves("GD-EXT-026")
def test_another_app_does_not_get_it(client: DirtyClient) -> None:
    (first,) = lent_to(client)
    client.execute(WIDE, "first", SOME)
    assert len(lent_to(client)) == 2
    client.execute(ARRAYS, "first", SOME)
    assert first in lent_to(client)


@pytest.mark.proves("GD-EXT-023", "GD-EXT-027", "GD-EXT-028")
def test_a_worker_that_borrows_nothing_is_passed_memory_of_its_own() -> None:
    command = f"{sys.executable} -m {__name__}"
    with (
        running(ARRAYS, workers=1, options=("--worker-command", command)) as arbiter,
        DirtyClient(arbiter.socket_path, converters=Converters(arrays=True)) as client,
    ):
        half = bytes(40 * 2**20)
        assert client.execute(ARRAYS, "told", [half, half]) == ["list", 2, half]
        assert client._large.unlent == {ARRAYS}
        assert not client._large.refused
        assert client.execute(ARRAYS, "first", SOME)[0] == 0
        assert not lent_to(client)


def test_a_copy_of_the_process_has_memory_of_its_own(client: DirtyClient) -> None:
    pid = os.fork()
    if not pid:
        is_right = not any("memfd:lent" in where for where in targets(os.getpid()))
        for number in range(3):
            is_right = is_right and client.execute(ARRAYS, "first", SOME + number)[0] == number
        os._exit(0 if is_right else 1)
    for number in range(3):
        assert client.execute(ARRAYS, "first", SOME + number)[0] == number
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_memory_serves_for_what_is_somewhat_smaller() -> None:
    borrower = (object(), "app")
    for size in (4096, 10_000, LARGE, LARGE + 1, 2**30 - 1):
        assert size <= rounded(size) <= 1.25 * size + 4096
    one = lend(LARGE, borrower)
    one.write(LARGE - 3, memoryview(b"abc"))
    assert os.pread(one.number, 3, LARGE - 3) == b"abc"
    LENT.put(one)
    assert lend(LARGE - 100_000, borrower) is one
    LENT.put(one)
    for another in (lend(LARGE // 2 - 1, borrower), lend(LARGE + 1, borrower)):
        assert another is not one
    LENT.close(lambda it: it.borrower is borrower)
    assert one.number == -1


def test_nobody_else_can_write_to_it() -> None:
    one = Lent(4096, (None, ""))
    with pytest.raises(PermissionError):
        os.pwrite(one.number, b"a", 0)
    with pytest.raises(PermissionError):
        os.ftruncate(one.number, 1)
    one.close()


if __name__ == "__main__":
    from dirty_runtime import version

    version.EXTENSIONS.remove("memfd-lent")
    runpy.run_module("dirty_runtime.worker", run_name="__main__", alter_sys=True)
