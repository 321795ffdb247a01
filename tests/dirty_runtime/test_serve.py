"""What our arbiter, workers and client promise beyond what gunicorn's do: real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from dirty_runtime import (
    DirtyAppError,
    DirtyClient,
    DirtyConnectionError,
    DirtyError,
    DirtyNoWorkersAvailableError,
    DirtyProtocolError,
    DirtyTimeoutError,
    DirtyWorkerError,
    close_dirty_client,
    close_dirty_client_async,
    get_dirty_client,
    get_dirty_client_async,
)

from .processes import OURS, THEIRS, Arbiter, is_running, serving, wait_until

CLOSING = "tests.dirty_runtime.kinds:Closing"


@pytest.fixture(scope="module")
def arbiter() -> Iterator[Arbiter]:
    with serving(OURS, workers=2) as arbiter:
        yield arbiter


@pytest.fixture
def client(arbiter: Arbiter) -> Iterator[DirtyClient]:
    with arbiter.client() as client:
        yield client


class Call:
    """A call of `meet` in a thread: known to run, and ended when told."""

    def __init__(self, client: DirtyClient, directory: Path, app: str = OURS) -> None:
        self._here, self._there = directory / "here", directory / "there"
        os.mkfifo(self._here)
        os.mkfifo(self._there)
        pool = ThreadPoolExecutor(1)
        self.answer = pool.submit(client.execute, app, "meet", str(self._here), str(self._there))
        # The thread ends with the call, for other tests fork.
        pool.shutdown(wait=False)

    def wait_until_running(self) -> None:
        self._here.read_text()

    def let_go(self) -> None:
        self._there.write_text("go on")

    def result(self) -> Any:
        return self.answer.result(30)


# --- what an app may answer ---


@pytest.mark.parametrize(
    "action", ["init", "close", "_secret", "__init__", "__class__", "__call__"]
)
def test_forbidden_actions_are_not_called(client: DirtyClient, action: str) -> None:
    pids = {client.execute(OURS, "pid") for _ in range(10)}
    assert len(pids) == 2
    with pytest.raises(DirtyAppError, match=action) as caught:
        client.execute(OURS, action)
    assert caught.value.action == action
    counters = [client.execute(OURS, "counters") for _ in range(10)]
    assert {(found["inits"], found["closes"]) for found in counters} == {(1, 0)}


@pytest.mark.parametrize("action", ["unsendable", "unsendable_item", "exit", "fail"])
def test_a_failure_leaves_worker_and_connection_usable(client: DirtyClient, action: str) -> None:
    before = sorted(worker["pid"] for worker in client.status()["workers"])
    for _ in range(4):
        arguments = ["text"] if action == "fail" else []
        with pytest.raises(DirtyAppError) as caught:
            list(client.stream(OURS, action, *arguments))
        assert caught.value.app_path == OURS
        assert caught.value.action == action
        assert "Traceback" in str(caught.value.traceback)
    assert client.execute(OURS, "echo", 1) == {"args": [1], "kwargs": {}}
    assert sorted(worker["pid"] for worker in client.status()["workers"]) == before


def test_chunks_before_a_failure_arrive(client: DirtyClient) -> None:
    chunks = client.stream(OURS, "unsendable_item")
    assert next(chunks) == 1
    with pytest.raises(DirtyAppError, match="object"):
        next(chunks)


def test_a_stream_of_a_plain_result_yields_it(client: DirtyClient) -> None:
    assert list(client.stream(OURS, "echo", 1)) == [{"args": [1], "kwargs": {}}]
    assert asyncio.run(collect(client, "add_later", 1, 2)) == [3]


async def collect(client: DirtyClient, action: str, *args: Any) -> list[Any]:
    async with client:
        return [chunk async for chunk in client.stream_async(OURS, action, *args)]


def test_executing_a_generator_is_a_clear_error(client: DirtyClient) -> None:
    for action in ("count", "count_later"):
        with pytest.raises(DirtyError, match=r"stream\(\)"):
            client.execute(OURS, action, 1000)
        assert client.execute(OURS, "echo")["args"] == []


def test_executing_a_generator_spoils_no_other_call_of_a_loop(client: DirtyClient) -> None:
    async def run() -> None:
        async with client:
            wrong = client.execute_async(OURS, "count", 1000)
            right = [client.execute_async(OURS, "add_later", number, 1) for number in range(50)]
            failure, *results = await asyncio.gather(wrong, *right, return_exceptions=True)
            assert isinstance(failure, DirtyError)
            assert "stream" in str(failure)
            assert results == list(range(1, 51))
            assert await client.execute_async(OURS, "add_later", 1, 1) == 2

    asyncio.run(run())


def test_a_request_that_cannot_be_encoded_sends_nothing(client: DirtyClient) -> None:
    with pytest.raises(DirtyProtocolError) as caught:
        client.execute(OURS, "echo", object())
    assert caught.value.code == "unsupported_type"
    assert caught.value.path == "args[0]"
    assert client.execute(OURS, "echo", "fine")["args"] == ["fine"]


# --- many at once ---


def test_threads_share_a_client(client: DirtyClient) -> None:
    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(lambda n: client.execute(OURS, "echo", n)["args"][0], range(500)))
    assert results == list(range(500))


def test_one_loop_shares_one_connection(arbiter: Arbiter) -> None:
    async def run() -> tuple[list[int], int]:
        async with arbiter.client() as client:
            calls = [client.execute_async(OURS, "add_later", number, 0) for number in range(500)]
            results = await asyncio.gather(*calls)
            return results, (await client.status_async())["clients"]

    before = arbiter.status()["clients"]
    results, clients = asyncio.run(run())
    assert results == list(range(500))
    assert clients == before


def test_streams_of_one_loop_do_not_disturb_each_other(client: DirtyClient) -> None:
    async def run() -> list[list[Any]]:
        streams = [collect(client, action, 300) for action in ("count", "count_later") * 3]
        return await asyncio.gather(*streams)

    assert asyncio.run(run()) == [list(range(300))] * 6


def test_threads_are_lanes_that_run_at_once(tmp_path: Path) -> None:
    with serving(OURS, threads=2) as arbiter, arbiter.client() as client:
        call = Call(client, tmp_path)
        call.wait_until_running()
        # Which of the two it is depends on which was ready first.
        others = {client.execute(OURS, "thread") for _ in range(20)}
        assert len(others) == 1
        assert others < {"lane-0", "lane-1"}
        assert client.status()["workers"][0]["busy"] == 1
        call.let_go()
        assert call.result() == "go on"


def test_a_request_takes_the_lane_that_falls_idle_first(tmp_path: Path) -> None:
    with serving(OURS, workers=2) as arbiter, arbiter.client() as client:
        call = Call(client, tmp_path)
        call.wait_until_running()
        pids = {client.execute(OURS, "pid") for _ in range(20)}
        assert len(pids) == 1
        call.let_go()
        call.result()


# --- deadlines and cancelling ---


def test_a_call_ends_at_its_deadline_and_the_worker_lives(tmp_path: Path) -> None:
    with serving(OURS) as arbiter, arbiter.client(0.3) as hasty, arbiter.client() as patient:
        pid = patient.execute(OURS, "pid")
        call = Call(hasty, tmp_path)
        call.wait_until_running()
        with pytest.raises(DirtyTimeoutError) as caught:
            call.result()
        assert caught.value.timeout == 0.3
        call.let_go()
        assert patient.execute(OURS, "pid") == pid


def test_a_queued_call_whose_deadline_passes_never_starts(tmp_path: Path) -> None:
    with serving(OURS) as arbiter, arbiter.client() as patient, arbiter.client(0.2) as hasty:
        call = Call(patient, tmp_path)
        call.wait_until_running()
        marker = tmp_path / "marker"
        with pytest.raises(DirtyTimeoutError):
            hasty.execute(OURS, "meet", str(marker), str(marker))
        wait_until(lambda: patient.status()["queues"][OURS] == 0)
        call.let_go()
        call.result()
        patient.execute(OURS, "pid")
        assert not marker.exists()


@pytest.mark.parametrize("action", ["count", "count_later"])
def test_closing_a_stream_closes_the_generator(action: str) -> None:
    with serving(OURS) as arbiter, arbiter.client() as client:
        stream = client.stream(OURS, action, 10**12)
        assert next(stream) == 0
        stream.close()
        counters = client.execute(OURS, "counters")
        assert counters["generators_closed"] == 1


def test_leaving_an_async_stream_closes_the_generator() -> None:
    async def run(client: DirtyClient) -> int:
        async with client:
            stream = client.stream_async(OURS, "count_later", 10**12)
            async for _ in stream:
                break
            await stream.aclose()
            counters = await client.execute_async(OURS, "counters")
            closed: int = counters["generators_closed"]
            return closed

    with serving(OURS) as arbiter:
        assert asyncio.run(run(arbiter.client())) == 1


def test_a_quick_stream_leaves_the_loop_to_others(arbiter: Arbiter) -> None:
    async def run(client: DirtyClient) -> int:
        taken, most = 0, 0

        async def others() -> None:
            nonlocal taken, most
            while True:
                most, taken = max(most, taken), 0
                await asyncio.sleep(0)

        async with client, asyncio.TaskGroup() as group:
            other = group.create_task(others())
            async for number in client.stream_async(OURS, "count", 7_000):
                taken += 1
                # What becomes of a chunk takes time, while more of them come.
                busy_until_s = time.perf_counter() + (0.0002 if number > 1000 else 0)
                while time.perf_counter() < busy_until_s:
                    pass
            other.cancel()
        return most

    # In 5 ms there are 25 chunks of 0.2 ms each, and more of those that take no time.
    assert asyncio.run(run(arbiter.client())) < 2000


def test_a_silent_worker_is_replaced() -> None:
    with serving(OURS, options=("--timeout", "0.5")) as arbiter, arbiter.client() as client:
        pid = client.execute(OURS, "pid")
        with pytest.raises(DirtyTimeoutError, match="silent"):
            list(client.stream(OURS, "hold"))
        assert client.execute(OURS, "pid") != pid
        wait_until(lambda: not is_running(pid))


# --- death ---


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_worker_that_dies_is_named_and_replaced(number: signal.Signals) -> None:
    with serving(OURS) as arbiter, arbiter.client() as client:
        pid = client.execute(OURS, "pid")
        with pytest.raises(DirtyWorkerError, match=number.name) as caught:
            client.execute(OURS, "die", int(number))
        assert caught.value.worker_id == pid
        assert client.execute(OURS, "pid") != pid
        assert arbiter.status()["restarts"] == 1


def test_a_queued_call_survives_the_worker(tmp_path: Path) -> None:
    with serving(OURS) as arbiter, arbiter.client() as client:
        pid = client.execute(OURS, "pid")
        call = Call(client, tmp_path)
        call.wait_until_running()
        with ThreadPoolExecutor(1) as pool:
            queued = pool.submit(client.execute, OURS, "pid")
            wait_until(lambda: client.status()["queues"][OURS] == 1)
            os.kill(pid, signal.SIGKILL)
            with pytest.raises(DirtyWorkerError):
                call.result()
            assert queued.result(30) != pid


def test_workers_end_with_a_killed_arbiter_and_its_socket_is_taken_over() -> None:
    with serving(OURS, workers=2) as arbiter:
        pids = [worker["pid"] for worker in arbiter.status()["workers"]]
        client = arbiter.client()
        assert client.execute(OURS, "pid") in pids
        arbiter.signal(signal.SIGKILL)
        arbiter.wait()
        wait_until(lambda: not any(is_running(pid) for pid in pids))
        with pytest.raises(DirtyConnectionError, match=arbiter.socket_path):
            client.execute(OURS, "pid")
        with serving(OURS, socket_path=arbiter.socket_path):
            assert client.execute(OURS, "pid") not in pids
        client.close()


# --- stopping ---


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_lets_calls_end_and_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    pidfile = tmp_path / "pid"
    options = ("--pidfile", str(pidfile))
    with (
        serving(OURS, options=options) as arbiter,
        arbiter.client() as client,
        arbiter.client() as late,
    ):
        assert pidfile.read_text() == f"{arbiter.process.pid}\n"
        pid = client.execute(OURS, "pid")
        call = Call(client, tmp_path)
        call.wait_until_running()
        arbiter.signal(number)
        wait_until(lambda: not Path(arbiter.socket_path).exists())
        with pytest.raises(DirtyNoWorkersAvailableError, match="stopping"):
            late.execute(OURS, "pid")
        call.let_go()
        assert call.result() == "go on"
        assert arbiter.wait() == 0
        assert not is_running(pid)
        assert not pidfile.exists()
        assert "Traceback" not in arbiter.log.read_text()


def test_a_stop_closes_the_apps(tmp_path: Path) -> None:
    trace = tmp_path / "closed"
    with serving(CLOSING) as arbiter:
        with arbiter.client() as client:
            client.execute(CLOSING, "mark_when_closed", str(trace))
        arbiter.signal(signal.SIGTERM)
        assert arbiter.wait() == 0
    assert trace.read_text() == "closed"


@pytest.mark.proves("GD-ROLE-023")
def test_calls_that_outlast_the_graceful_timeout_are_answered(tmp_path: Path) -> None:
    options = ("--graceful-timeout", "0.2")
    with serving(OURS, options=options) as arbiter, arbiter.client() as client:
        pid = client.execute(OURS, "pid")
        call = Call(client, tmp_path)
        call.wait_until_running()
        arbiter.signal(signal.SIGTERM)
        with pytest.raises(DirtyWorkerError, match="stopped") as ended:
            call.result()
        assert "begun" not in ended.value.details
        assert arbiter.wait() == 0
        assert not is_running(pid)


def test_quit_waits_for_nothing(tmp_path: Path) -> None:
    with serving(OURS) as arbiter, arbiter.client() as client:
        call = Call(client, tmp_path)
        call.wait_until_running()
        arbiter.signal(signal.SIGQUIT)
        with pytest.raises(DirtyWorkerError, match="stopped"):
            call.result()
        assert arbiter.wait() == 0


# --- the client's surroundings ---


def test_a_child_process_connects_anew(client: DirtyClient) -> None:
    assert client.execute(OURS, "echo", "parent")["args"] == ["parent"]
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(writing, client.execute(OURS, "echo", "child")["args"][0].encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        assert answer.read() == "child"
    os.waitpid(pid, 0)
    assert client.execute(OURS, "echo", "parent")["args"] == ["parent"]


@pytest.mark.parametrize("variable", ["DIRTY_SOCKET", "GUNICORN_DIRTY_SOCKET"])
def test_the_client_of_where_the_code_runs(
    arbiter: Arbiter, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    for name in ("DIRTY_SOCKET", "GUNICORN_DIRTY_SOCKET"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DirtyError, match="DIRTY_SOCKET"):
        get_dirty_client()
    monkeypatch.setenv(variable, arbiter.socket_path)
    client = get_dirty_client(5.0)
    assert client is get_dirty_client()
    assert client.timeout == 5.0
    others: list[DirtyClient] = []
    thread = threading.Thread(target=lambda: others.append(get_dirty_client()))
    thread.start()
    thread.join(30)
    assert others[0] is not client
    assert client.execute(OURS, "echo", 1)["args"] == [1]
    close_dirty_client()
    assert get_dirty_client() is not client
    close_dirty_client()

    async def run() -> int:
        mine = await get_dirty_client_async()
        assert mine is await get_dirty_client_async()
        total: int = await mine.execute_async(OURS, "add_later", 1, 2)
        await close_dirty_client_async()
        assert mine is not await get_dirty_client_async()
        await close_dirty_client_async()
        return total

    assert asyncio.run(run()) == 3


def test_a_client_without_an_arbiter_says_where_it_looked(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    client = DirtyClient(missing)
    with pytest.raises(DirtyConnectionError, match=missing):
        client.execute(OURS, "pid")
    with pytest.raises(DirtyConnectionError, match=missing):
        asyncio.run(client.execute_async(OURS, "pid"))
    with pytest.raises(DirtyConnectionError, match=missing):
        asyncio.run(collect(client, "count", 1))


@pytest.mark.parametrize("timeout", [0, -1, float("-inf"), float("nan")])
def test_an_impossible_timeout_is_refused(timeout: float) -> None:
    with pytest.raises(ValueError, match="timeout"):
        DirtyClient("/socket", timeout)


def test_the_worker_is_told_where_it_is(client: DirtyClient, arbiter: Arbiter) -> None:
    told = set()

    def both_told() -> bool:
        told.add(client.execute(OURS, "environment", "DIRTY_WORKER_SLOT"))
        return told == {"0", "1"}

    wait_until(both_told, lambda: f"only {told} answered")
    for name in ("DIRTY_SOCKET", "GUNICORN_DIRTY_SOCKET"):
        assert client.execute(OURS, "environment", name) == arbiter.socket_path


def test_apps_may_be_limited_to_some_workers() -> None:
    with serving(OURS, f"{THEIRS}:1", workers=2) as arbiter, arbiter.client() as client:
        apps = [worker["apps"] for worker in client.status()["workers"]]
        assert sorted(apps, key=len) == [[OURS], [OURS, THEIRS]]
        assert len({client.execute(THEIRS, "pid") for _ in range(10)}) == 1
        assert len({client.execute(OURS, "pid") for _ in range(10)}) == 2
