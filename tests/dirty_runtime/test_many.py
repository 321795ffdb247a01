"""Many calls in one worker, with real processes: an app that says `concurrency`."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import gdproto
from dirty_runtime import (
    DirtyAppError,
    DirtyCancelledError,
    DirtyClient,
    DirtyTimeoutError,
    DirtyWorkerError,
)
from dirty_runtime.testing import Arbiter, running

from .processes import ENOUGH_S, LIMIT_S, wait_until

HERE = Path(__file__).parent
MANY, PLAIN = "gathering:Many", "gathering:Plain"


@pytest.fixture(scope="module")
def arbiter() -> Iterator[Arbiter]:
    with running(MANY, PLAIN, directory=HERE, options=["--graceful-timeout", "20"]) as one:
        yield one


@pytest.fixture
def client(arbiter: Arbiter) -> Iterator[DirtyClient]:
    with DirtyClient(arbiter.socket_path, timeout=LIMIT_S) as one:
        yield one


def state(client: DirtyClient) -> dict[str, int]:
    found: dict[str, int] = client.execute(MANY, "state")
    return found


def until_state(client: DirtyClient, holds: Callable[[dict[str, int]], bool]) -> dict[str, int]:
    wait_until(lambda: holds(state(client)))
    return state(client)


def gathered(arbiter: Arbiter, *calls: tuple[Any, ...]) -> list[Any]:
    """What calls of one connection came to, all at once."""

    async def call() -> list[Any]:
        async with DirtyClient(arbiter.socket_path, timeout=LIMIT_S) as client:
            asked = [client.execute_async(MANY, *one) for one in calls]
            return await asyncio.gather(*asked, return_exceptions=True)

    return asyncio.run(call())


def test_as_many_run_at_once_as_the_app_says(arbiter: Arbiter, client: DirtyClient) -> None:
    def let_on() -> None:
        until_state(client, lambda now: now["runs"] >= 150)
        client.execute(MANY, "open", "first")

    helper = threading.Thread(target=let_on)
    helper.start()
    assert gathered(arbiter, *[("wait", "first")] * 150) == ["first"] * 150
    helper.join()
    assert state(client)["most"] >= 150


def test_those_beyond_wait_in_the_arbiter(arbiter: Arbiter) -> None:
    """199 wait within the worker; what opens the door for them takes the last place."""

    async def call() -> list[Any]:
        async with DirtyClient(arbiter.socket_path, timeout=LIMIT_S) as client:
            waiting = [
                asyncio.ensure_future(client.execute_async(MANY, "wait", "second"))
                for _ in range(199)
            ]
            while (await client.execute_async(MANY, "state"))["runs"] < 199:
                await asyncio.sleep(0)
            more = [asyncio.ensure_future(client.execute_async(MANY, "wait", "third"))]
            more += [
                asyncio.ensure_future(client.execute_async(MANY, "wait", "second"))
                for _ in range(5)
            ]
            while (await asyncio.to_thread(queued, arbiter)) < 5:
                await asyncio.sleep(0)
            more[0].cancel()
            # It goes before those that wait, of which the first would keep the place.
            await client.with_options(priority=10).execute_async(MANY, "open", "second")
            return await asyncio.gather(*waiting, *more[1:])

    assert asyncio.run(call()) == ["second"] * 204


def queued(arbiter: Arbiter) -> int:
    with DirtyClient(arbiter.socket_path, timeout=LIMIT_S) as client:
        return int(client.status()["queues"][MANY])


def test_status_tells_places(client: DirtyClient) -> None:
    (worker,) = client.status()["workers"]
    assert worker["lanes"] == 201
    assert len(worker["heard"]) == 2


def test_plain_calls_have_threads_and_coroutines_the_loop(client: DirtyClient) -> None:
    assert client.execute(PLAIN, "thread").startswith("lane-")
    assert client.execute(MANY, "plain").startswith("call")
    assert client.execute(MANY, "here") == "loop"


@pytest.mark.parametrize("action", ["count", "plain_count"])
@pytest.mark.parametrize("stop", [0, 1, 5000])
def test_streams_come_whole_and_in_order(client: DirtyClient, action: str, stop: int) -> None:
    assert list(client.stream(MANY, action, stop)) == list(range(stop))


@pytest.mark.parametrize("action", ["count", "plain_count"])
def test_streams_beside_each_other_do_not_mix(arbiter: Arbiter, action: str) -> None:
    async def read(client: DirtyClient, stop: int) -> list[int]:
        return [item async for item in client.stream_async(MANY, action, stop)]

    async def all_of_them() -> list[list[int]]:
        async with DirtyClient(arbiter.socket_path, timeout=LIMIT_S) as client:
            return await asyncio.gather(*(read(client, 300 + n) for n in range(8)))

    assert asyncio.run(all_of_them()) == [list(range(300 + n)) for n in range(8)]


@pytest.mark.parametrize("size", [10, 100_000, 3_000_000, 9_000_000])
def test_values_of_any_size_go_both_ways(arbiter: Arbiter, client: DirtyClient, size: int) -> None:
    assert client.execute(MANY, "measure", b"x" * size) == size
    assert client.execute(MANY, "blob", size) == b"x" * size
    calls = [("blob", size), ("state",), ("blob", 7)]
    blob, _, small = gathered(arbiter, *calls)
    assert (len(blob), len(small)) == (size, 7)


@pytest.mark.parametrize("action", ["flood", "plain_flood"])
def test_a_stream_that_is_not_read_holds_up_nobody(client: DirtyClient, action: str) -> None:
    """Neither its lane-mates, nor does it run on by itself."""
    before = state(client)
    items = client.stream(MANY, action, 50_000)
    next(items)
    produced = -1
    while (now := state(client)["produced"]) != produced:
        produced = now
        assert client.execute(MANY, "blob", 200_000) == b"x" * 200_000
        assert list(client.stream(MANY, "count", 2000)) == list(range(2000))
    # What the sockets hold, and not much more.
    assert (produced - before["produced"]) * 50_000 < 16_000_000
    for _ in range(200):
        next(items)
    assert state(client)["produced"] > produced
    items.close()
    until_state(client, lambda now: now["cancelled"] > before["cancelled"])


def test_a_cancel_ends_one_alone(arbiter: Arbiter, client: DirtyClient) -> None:
    before = state(client)

    async def call() -> str:
        async with DirtyClient(arbiter.socket_path, timeout=LIMIT_S) as one:
            stays = asyncio.ensure_future(one.execute_async(MANY, "wait", "fourth"))
            goes = asyncio.ensure_future(one.execute_async(MANY, "wait", "never"))
            while (await one.execute_async(MANY, "state"))["runs"] < before["runs"] + 2:
                await asyncio.sleep(0)
            goes.cancel()
            while (await one.execute_async(MANY, "state"))["cancelled"] == before["cancelled"]:
                await asyncio.sleep(0)
            await one.execute_async(MANY, "open", "fourth")
            return await stays

    assert asyncio.run(call()) == "fourth"
    assert state(client)["cancelled"] == before["cancelled"] + 1


def test_a_deadline_ends_one_alone(client: DirtyClient) -> None:
    before = state(client)
    with pytest.raises(DirtyTimeoutError):
        client.with_options(timeout=ENOUGH_S).execute(MANY, "wait", "never")
    until_state(client, lambda now: now["cancelled"] == before["cancelled"] + 1)
    assert client.execute(MANY, "blob", 3) == b"xxx"


def test_a_plain_call_may_ask_whether_it_is_cancelled(client: DirtyClient) -> None:
    before = state(client)
    with pytest.raises(DirtyTimeoutError):
        client.with_options(timeout=ENOUGH_S).execute(MANY, "asked")
    until_state(client, lambda now: now["cancelled"] == before["cancelled"] + 1)


def test_a_plain_call_that_waits_for_a_thread_never_begins_when_it_is_cancelled(
    client: DirtyClient,
) -> None:
    before = state(client)
    first = threading.Thread(
        target=lambda: gave_up(client.with_options(timeout=2 * ENOUGH_S), "asked"), daemon=True
    )
    first.start()
    gave_up(client.with_options(timeout=ENOUGH_S), "asked")
    first.join(LIMIT_S)
    until_state(client, lambda now: now["cancelled"] >= before["cancelled"] + 1)
    assert state(client)["cancelled"] <= before["cancelled"] + 2


def gave_up(client: Any, action: str) -> None:
    with suppress(DirtyTimeoutError, DirtyCancelledError):
        client.execute(MANY, action)


def test_errors_are_those_of_one_call(arbiter: Arbiter) -> None:
    failed, odd, well = gathered(arbiter, ("fail",), ("odd",), ("blob", 1))
    assert isinstance(failed, DirtyAppError)
    assert "as it was asked to" in str(failed)
    assert isinstance(odd, DirtyAppError)
    assert "encoded" in str(odd)
    assert well == b"x"


def test_a_stream_that_fails_gives_first_what_it_had(client: DirtyClient) -> None:
    items = client.stream(MANY, "fail_behind", 5)
    assert [next(items) for _ in range(5)] == list(range(5))
    with pytest.raises(DirtyAppError, match="as it was asked to"):
        next(items)


@pytest.mark.parametrize("action", ["_hidden", "init", "nothing"])
def test_what_may_not_be_called_is_refused(client: DirtyClient, action: str) -> None:
    with pytest.raises(DirtyAppError):
        client.execute(MANY, action)


def test_each_call_has_a_context_of_its_own(arbiter: Arbiter) -> None:
    found = gathered(arbiter, *[("mark", f"{n}") for n in range(20)])
    assert found == [["", f"{n}", "mark"] for n in range(20)]


def test_a_death_fails_all_that_ran(arbiter: Arbiter, client: DirtyClient) -> None:
    (worker,) = client.status()["workers"]

    def end() -> None:
        until_state(client, lambda now: now["runs"] >= 20)
        os.kill(worker["pid"], signal.SIGKILL)

    helper = threading.Thread(target=end)
    helper.start()
    found = gathered(arbiter, *[("wait", "never")] * 20)
    helper.join()
    assert {type(one) for one in found} == {DirtyWorkerError}
    # The next worker has places of its own.
    assert client.execute(MANY, "blob", 2) == b"xx"


def test_who_leaves_within_a_large_answer_spoils_no_other(arbiter: Arbiter) -> None:
    for _ in range(3):
        with socket.socket(socket.AF_UNIX) as leaving:
            leaving.settimeout(LIMIT_S)
            leaving.connect(arbiter.socket_path)
            leaving.sendall(gdproto.Request(1, MANY, "blob", [20_000_000]).to_bytes())
            assert leaving.recv(65_536)
    # In each place of the worker.
    assert gathered(arbiter, *[("blob", 2)] * 200) == [b"xx"] * 200


UNREAD = """
from dirty_runtime import DirtyApp

class Unread(DirtyApp):
    concurrency = 2
    made = 0

    async def stream(self, path):
        with open(path, "a") as runs:
            print("run", file=runs)
        while True:
            self.made += 1
            yield bytes(100_000)

    async def state(self):
        return self.made
"""


def stands(count: Callable[[], int]) -> Callable[[], bool]:
    """Whether the count is above 0, and what it was before."""
    before = 0

    def is_same() -> bool:
        nonlocal before
        last, before = before, count()
        return 0 < last == before

    return is_same


def test_a_stream_of_a_worker_that_died_before_it_read_to_go_on_is_not_begun_again(
    tmp_path: Path,
) -> None:
    (tmp_path / "unread.py").write_text(UNREAD)
    app, runs = "unread:Unread", tmp_path / "runs"
    with running(app, directory=tmp_path) as arbiter, arbiter.client(timeout=LIMIT_S) as client:
        came: list[bytes] = []
        chunks = client.stream(app, "stream", str(runs))
        came.append(next(chunks))
        with arbiter.client(timeout=LIMIT_S) as asking:
            # It is held back.
            wait_until(stands(lambda: int(asking.execute(app, "state"))))
            worker = asking.status()["workers"][0]["pid"]

        def read() -> None:
            with pytest.raises(DirtyWorkerError):
                came.extend(chunks)

        os.kill(worker, signal.SIGSTOP)
        reader = threading.Thread(target=read)
        reader.start()
        # It is told to go on, and does not read that.
        wait_until(stands(lambda: len(came)))
        os.kill(worker, signal.SIGKILL)
        reader.join(LIMIT_S)
        assert not reader.is_alive()
        assert runs.read_text() == "run\n"


def test_a_worker_with_a_call_that_does_not_end_is_replaced() -> None:
    """Its lane-mates come to their end, and none fails."""
    options = ["--graceful-timeout", "0.3", "--close-timeout", "0.1"]
    with (
        running(MANY, directory=HERE, options=options) as arbiter,
        DirtyClient(arbiter.socket_path, timeout=LIMIT_S) as client,
    ):
        (worker,) = client.status()["workers"]
        with pytest.raises(DirtyTimeoutError):
            client.with_options(timeout=ENOUGH_S).execute(MANY, "stubborn", 60.0)

        def replaced() -> bool:
            assert client.execute(MANY, "blob", 1) == b"x"
            return bool(arbiter.pids() - {worker["pid"]})

        wait_until(replaced)


def test_a_drain_waits_for_all(tmp_path: Path) -> None:
    file = tmp_path / "opens"
    with running(MANY, directory=HERE) as arbiter:

        async def call() -> list[Any]:
            async with DirtyClient(arbiter.socket_path, timeout=LIMIT_S) as client:
                waiting = [
                    asyncio.ensure_future(client.execute_async(MANY, "wait", "last"))
                    for _ in range(20)
                ]
                while (await client.execute_async(MANY, "state"))["runs"] < 20:
                    await asyncio.sleep(0)
                opening = client.execute_async(MANY, "open_by", "last", str(file))
                waiting.append(asyncio.ensure_future(opening))
                while arbiter.status()["workers"][0]["busy"] < 21:
                    await asyncio.sleep(0)
                arbiter.process.send_signal(signal.SIGTERM)
                while "stopping: 21 calls run" not in arbiter.log.read_text():
                    await asyncio.sleep(0.005)
                file.touch()
                return await asyncio.gather(*waiting, return_exceptions=True)

        found = asyncio.run(call())
    assert found == [*["last"] * 20, None]
