"""The situations that a service must survive: each sets its stage, acts, and measures.

Rules: real processes, signals and sockets. A wrong outcome is an AssertionError; what is measured
is a number that is judged by whoever runs the situation: `make acceptance` against the bar, the
tests against a generous bound. `quick` makes waits shorter and counts smaller, nothing else.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import gdproto
from dirty_runtime import (
    DirtyClient,
    DirtyConnectionError,
    DirtyError,
    DirtyNoWorkersAvailableError,
    DirtyTimeoutError,
    DirtyWorkerError,
    StashClient,
)
from gdproto import ManageOp
from tests.dirty_runtime.load import Load
from tests.dirty_runtime.processes import (
    CHANGING,
    Arbiter,
    is_running,
    serving,
    serving_here,
    wait_until,
)

from . import frames, sessions
from .facts import cpu_s, family, open_files, rss_mb

APP = "tests.acceptance.app:Service"


class Situation(NamedTuple):
    """A situation.

    Attributes:
        name: what happens.
        bar: what must come of it, in words.
        unit: of what is measured.
        limit: what is measured must be below.
        bound: as `limit`, on a machine that is busy with other things.
        run: takes `quick`, returns what it measured.
    """

    name: str
    bar: str
    unit: str
    limit: float
    bound: float
    run: Callable[[bool], float]


SITUATIONS: list[Situation] = []


def situation(name: str, bar: str, unit: str, limit: float, bound: float) -> Any:
    """List the decorated function as a situation."""

    def register(run: Callable[[bool], float]) -> Callable[[bool], float]:
        SITUATIONS.append(Situation(name, bar, unit, limit, bound, run))
        return run

    return register


# --- tools ---


@contextlib.contextmanager
def beginning(count: int = 1) -> Iterator[Callable[..., Future[Any]]]:
    """Start calls in threads of their own; each ends before the block does."""
    with ThreadPoolExecutor(count) as pool:
        yield pool.submit


@contextlib.contextmanager
def a_directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="gd-") as name:
        yield Path(name)


@contextlib.contextmanager
def changing_code() -> Iterator[Path]:
    """A directory with apps whose code and behaviour can be changed."""
    with a_directory() as directory:
        shutil.copy(CHANGING, directory)
        yield directory


def ms(since_s: float) -> float:
    return (time.monotonic() - since_s) * 1000


def p99_ms(client: DirtyClient, count: int) -> float:
    """Of `count` short calls."""
    times = []
    for _ in range(count):
        start_s = time.monotonic()
        client.execute(APP, "pid")
        times.append(ms(start_s))
    return sorted(times)[int(count * 0.99)]


def busy(arbiter: Arbiter) -> int:
    """How many lanes run a call."""
    return sum(worker["busy"] for worker in arbiter.status()["workers"])


def raw(arbiter: Arbiter, data: bytes = b"") -> socket.socket:
    """A connection on which `data` was sent."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # With a timeout, a full backlog would be an error.
    connection.connect(arbiter.socket_path)
    connection.settimeout(30)
    connection.sendall(data)
    return connection


# --- latency ---


@situation(
    "one 4 s call among 2 workers, 200 short calls beside it",
    "p99 of the short ones adds < 20 ms", "ms", 20, 500,
)  # fmt: skip
def beside_a_long_call(quick: bool) -> float:
    with serving(APP, workers=2) as arbiter, arbiter.client() as client, beginning() as begin:
        count = 50 if quick else 200
        alone = p99_ms(client, count)
        long = begin(client.execute, APP, "nap", 1 if quick else 4)
        wait_until(lambda: busy(arbiter) == 1)
        beside = p99_ms(client, count)
        assert not long.done() or quick
        assert long.result() == "rested"
        return max(0.0, beside - alone)


@situation("threads=4, four 1 s sleeps", "< 1.3 s", "s", 1.3, 3)
def naps_in_four_threads(quick: bool) -> float:
    with serving(APP, threads=4) as arbiter, arbiter.client() as client, beginning(4) as begin:
        start_s = time.monotonic()
        naps = [begin(client.execute, APP, "nap", 1.0) for _ in range(4)]
        assert [nap.result() for nap in naps] == ["rested"] * 4
        return time.monotonic() - start_s


# --- death ---


@situation(
    "kill -9 a worker mid-call, three calls queued behind it",
    "DirtyWorkerError in < 200 ms, the queued ones go elsewhere", "ms", 200, 2000,
)  # fmt: skip
def a_worker_is_killed(quick: bool) -> float:
    with serving(APP) as arbiter, arbiter.client() as client, beginning(4) as begin:
        (pid,) = arbiter.pids()
        mark = arbiter.log.with_name("mark")
        call = begin(client.execute, APP, "mark_and_nap", str(mark), 60)
        # A call that it has been given and not begun goes elsewhere.
        wait_until(mark.exists)
        queued = [begin(client.execute, APP, "pid") for _ in range(3)]
        wait_until(lambda: arbiter.status()["queues"][APP] == 3)
        start_s = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        error = call.exception(30)
        took_ms = ms(start_s)
        assert isinstance(error, DirtyWorkerError), error
        assert error.worker_id == pid
        (successor,) = {one.result(30) for one in queued}
        assert successor != pid
        return took_ms


@situation(
    "200 kills under load, crash limit raised",
    "only calls that ran are lost: no other failure", "failures", 1, 1,
)  # fmt: skip
def many_workers_are_killed(quick: bool) -> float:
    kills = 10 if quick else 200
    options = ("--max-crashes", "1000000")
    with (
        serving(APP, workers=2, options=options) as arbiter,
        Load(arbiter, APP, "pid", count=4) as load,
    ):
        for _ in range(kills):
            done = load.calls
            wait_until(lambda done=done: load.calls > done + 10)
            wait_until(lambda: _has_killed(arbiter))
    lost = [error for error in load.failures if isinstance(error, DirtyWorkerError)]
    assert len(lost) <= kills, f"{kills} kills lost {len(lost)} calls"
    return len(load.failures) - len(lost)


def _has_killed(arbiter: Arbiter) -> bool:
    """Whether there was a worker to kill; one that is dead already may be told of for a moment."""
    with contextlib.suppress(ValueError, ProcessLookupError):
        os.kill(min(arbiter.pids()), signal.SIGKILL)
        return True
    return False


@situation(
    "kill -9 the arbiter",
    "workers gone in 1 s, clients told at once, served again by a new one", "s", 1, 10,
)  # fmt: skip
def the_arbiter_is_killed(quick: bool) -> float:
    with serving(APP, workers=2) as arbiter, arbiter.client() as client, beginning() as begin:
        pids = arbiter.pids()
        call = begin(client.execute, APP, "nap", 60)
        wait_until(lambda: busy(arbiter) == 1)
        start_s = time.monotonic()
        arbiter.signal(signal.SIGKILL)
        assert isinstance(call.exception(30), DirtyConnectionError)
        told_ms = ms(start_s)
        arbiter.wait()
        wait_until(lambda: not any(map(is_running, pids)))
        took_s = time.monotonic() - start_s
        assert told_ms < 5000
        with serving(APP, socket_path=arbiter.socket_path):
            assert client.execute(APP, "pid") not in pids
        return took_s


@situation(
    "hung call, --timeout 1, --threads 1",
    "answered at 1 s, worker replaced, no later side effect", "ms late", 100, 2000,
)  # fmt: skip
def a_call_hangs(quick: bool) -> float:
    timeout_s = 0.5 if quick else 1.0
    options = ("--timeout", str(timeout_s))
    with (
        a_directory() as directory,
        serving(APP, options=options) as arbiter,
        arbiter.client() as client,
    ):
        mark = directory / "mark"
        (pid,) = arbiter.pids()
        start_s = time.monotonic()
        with contextlib.suppress(DirtyTimeoutError):
            client.execute(APP, "nap_and_mark", timeout_s * 2, str(mark))
            raise AssertionError("a hung call was answered with a result")
        late_ms = ms(start_s) - timeout_s * 1000
        assert client.execute(APP, "pid") != pid
        wait_until(lambda: not is_running(pid))
        assert not mark.exists()
        return late_ms


@situation("a worker whose app forked a grandchild dies", "noticed at once", "ms", 200, 2000)
def a_grandchild_lives_on(quick: bool) -> float:
    with serving(APP) as arbiter, arbiter.client() as client:
        client.execute(APP, "pid")
        start_s = time.monotonic()
        with contextlib.suppress(DirtyWorkerError):
            client.execute(APP, "fork_and_die")
            raise AssertionError("a worker that died has answered")
        took_ms = ms(start_s)
        assert isinstance(client.execute(APP, "pid"), int)
        return took_ms


# --- boot ---


@situation(
    "init() hangs / raises / kills itself",
    "< 10 starts in 10 s, reason in status, other apps serve", "starts", 10, 10,
)  # fmt: skip
def apps_fail_to_boot(quick: bool) -> float:
    return max(_starts(fault, 2 if quick else 10) for fault in ("hang", "broken", "kill"))


def _starts(fault: str, seconds: float) -> int:
    # So long, the boots that go well may take on a machine that is busy.
    options = ("--boot-timeout", "5")
    with changing_code() as directory:
        (directory / fault).touch()
        with (
            serving_here(directory, "Good", "Changing", options=options) as arbiter,
            arbiter.client() as client,
        ):
            start_s = time.monotonic()
            wait_until(lambda: bool(arbiter.status()["down"]))
            while time.monotonic() < start_s + seconds:
                assert client.execute("changing:Good", "pid") in arbiter.pids()
            (reason,) = arbiter.status()["down"].values()
            expected = {"hang": "not initialised", "broken": "it is broken", "kill": "SIGKILL"}
            assert expected[fault] in reason
            with contextlib.suppress(DirtyNoWorkersAvailableError):
                client.execute("changing:Changing", "pid")
                raise AssertionError("an app that cannot boot has answered")
        return len((directory / "starts").read_text())


@situation("init() that calls the stash, also gunicorn.dirty's", "works", "failures", 1, 1)
def init_calls_the_stash(quick: bool) -> float:
    with changing_code() as directory, serving_here(directory, "Sharing") as arbiter:
        with arbiter.client() as client:
            assert client.execute("changing:Sharing", "seen") == [1]
        with StashClient(arbiter.socket_path) as stash:
            assert stash.keys("boot") != []
    return 0


# --- reload, stop, scale ---


@situation(
    "HUP in the middle of constant load",
    "0 failed calls, new code, worker counts held", "failures", 1, 1,
)  # fmt: skip
def a_reload_under_load(quick: bool) -> float:
    with (
        changing_code() as directory,
        serving_here(directory, "Changing", "Limited", workers=3) as arbiter,
        arbiter.client() as client,
        Load(arbiter, "changing:Changing", "version") as load,
    ):
        for version in range(2, 3 if quick else 6):
            before = arbiter.pids()
            text = CHANGING.read_text().replace("VERSION = 1", f"VERSION = {version}00")
            (directory / "changing.py").write_text(text)
            arbiter.signal(signal.SIGHUP)
            wait_until(lambda old=before: len(arbiter.pids() - old) == 3)
            wait_until(lambda old=before: not any(map(is_running, old)))
            assert client.execute("changing:Changing", "version") == version * 100
            wait_until(lambda: len(arbiter.status()["workers"]) == 3)
            homes = [worker["apps"] for worker in arbiter.status()["workers"]]
            assert sum("changing:Limited" in apps for apps in homes) == 1
    assert load.calls
    return len(load.failures)


@situation("HUP to code whose init raises", "old set keeps serving", "failures", 1, 1)
def a_reload_to_broken_code(quick: bool) -> float:
    with (
        changing_code() as directory,
        serving_here(directory, "Changing", workers=2) as arbiter,
        Load(arbiter, "changing:Changing", "version") as load,
    ):
        before = arbiter.pids()
        (directory / "broken").touch()
        arbiter.signal(signal.SIGHUP)
        wait_until(lambda: "what served goes on" in arbiter.log.read_text())
        done = load.calls
        wait_until(lambda: load.calls > done + 100)
        assert arbiter.pids() == before
    return len(load.failures)


@situation(
    "TERM with calls in flight and 20 idle clients connected",
    "the calls finish, exit 0, nothing left; after the last call", "ms", 1000, 10_000,
)  # fmt: skip
def a_stop_with_calls_in_flight(quick: bool) -> float:
    nap_s = 0.5 if quick else 2.0
    with (
        serving(APP, workers=2, threads=2) as arbiter,
        arbiter.client() as client,
        beginning(4) as begin,
    ):
        idle = [raw(arbiter, gdproto.Status(1).to_bytes()) for _ in range(20)]
        naps = [begin(client.execute, APP, "nap", nap_s) for _ in range(4)]
        wait_until(lambda: busy(arbiter) == 4)
        processes = family(arbiter.process.pid)
        arbiter.signal(signal.SIGTERM)
        assert [nap.result() for nap in naps] == ["rested"] * 4
        start_s = time.monotonic()
        assert arbiter.wait() == 0
        took_ms = ms(start_s)
        for connection in idle:
            connection.close()
        assert not any(map(is_running, processes))
        assert [path.name for path in Path(arbiter.socket_path).parent.iterdir()] == ["log"]
        return took_ms


@situation(
    "scale -1 until the floor, TTOU with limited apps",
    "a limited app never loses its last worker", "failures", 1, 1,
)  # fmt: skip
def scaling_down(quick: bool) -> float:
    with (
        changing_code() as directory,
        serving_here(directory, "Good", "Limited", workers=4) as arbiter,
        arbiter.client() as client,
        Load(arbiter, "changing:Limited", "pid") as load,
    ):
        for left in (3, 2, 1, 1):
            assert client.manage(ManageOp.REMOVE, 1)["target_workers"] == left
        client.manage(ManageOp.ADD, 1)
        arbiter.wait_ready(2)
        for orders in (1, 2, 3):
            arbiter.signal(signal.SIGTTOU)
            wait_until(lambda n=orders: arbiter.log.read_text().count("workers wanted") == n)
        wait_until(lambda: len(arbiter.status()["workers"]) == 1)
        assert client.execute("changing:Limited", "pid") in arbiter.pids()
    return len(load.failures)


# --- deadlines and what is given up ---


@situation(
    "one worker busy for 2 s, 5 sleep(2) calls queued and abandoned, then a ping",
    "the ping waits for the first call only: beyond it", "ms", 200, 2000,
)  # fmt: skip
def abandoned_calls_are_dropped(quick: bool) -> float:
    nap_s = 1.0 if quick else 2.0
    with serving(APP) as arbiter, arbiter.client() as client, beginning() as begin:
        start_s = time.monotonic()
        first = begin(client.execute, APP, "nap", nap_s)
        wait_until(lambda: busy(arbiter) == 1)
        request = gdproto.Request(1, APP, "nap", (nap_s,)).to_bytes()
        abandoned = [raw(arbiter, request) for _ in range(5)]
        wait_until(lambda: arbiter.status()["queues"][APP] == 5)
        for connection in abandoned:
            connection.close()
        client.execute(APP, "pid")
        late_ms = ms(start_s) - nap_s * 1000
        assert first.result() == "rested"
        return late_ms


@situation(
    "a 3.1 s call from a client whose timeout is 3 s",
    "the caller is answered in time, the worker serves on", "ms late", 100, 2000,
)  # fmt: skip
def a_client_loses_patience(quick: bool) -> float:
    timeout_s = 0.5 if quick else 3.0
    with serving(APP) as arbiter, arbiter.client() as client:
        (pid,) = arbiter.pids()
        start_s = time.monotonic()
        with arbiter.client(timeout_s) as hasty, contextlib.suppress(DirtyTimeoutError):
            hasty.execute(APP, "nap", timeout_s + 0.1)
            raise AssertionError("the call was not given up")
        late_ms = ms(start_s) - timeout_s * 1000
        assert client.execute(APP, "pid") == pid
        return late_ms


# --- memory, connections, bytes ---


@situation("--timeout 0, idle for 60 s", "the whole tree uses < 0.1 % CPU", "%", 0.1, 2)
def an_idle_tree(quick: bool) -> float:
    with serving(APP, workers=2, options=("--timeout", "0")) as arbiter:
        # The arbiter, its template, and two workers and a spare one, each with its keeper.
        wait_until(lambda: len(family(arbiter.process.pid)) == 8)
        pids = family(arbiter.process.pid)
        start_s, before_s = time.monotonic(), cpu_s(pids)
        # The measure is of time that passes.
        time.sleep(2 if quick else 60)
        return 100 * (cpu_s(pids) - before_s) / (time.monotonic() - start_s)


@situation(
    "40 x 8 MB requests from clients that are gone",
    "arbiter's memory grows < 32 MB after", "MB", 32, 32,
)  # fmt: skip
def large_requests_of_the_gone(quick: bool) -> float:
    with serving(APP) as arbiter, arbiter.client() as client, beginning() as begin:
        pid = arbiter.process.pid
        first = begin(client.execute, APP, "nap", 0.5 if quick else 2)
        wait_until(lambda: busy(arbiter) == 1)
        before = rss_mb(pid)
        frame = gdproto.Request(1, APP, "size", (bytes(8_000_000),)).to_bytes()
        for _ in range(40):
            raw(arbiter, frame).close()
        assert first.result() == "rested"
        wait_until(lambda: arbiter.status()["queues"][APP] == 0)
        wait_until(lambda: arbiter.status()["clients"] <= 2)
        assert client.execute(APP, "size", bytes(8_000_000)) == 8_000_000
        return rss_mb(pid) - before


@situation(
    "slow stream reader",
    "only its own lane waits, up to its deadline; memory grows", "MB", 16, 32,
)  # fmt: skip
def a_slow_reader(quick: bool) -> float:
    timeout_s = 1.0 if quick else 3.0
    options = ("--timeout", str(timeout_s))
    with serving(APP, threads=2, options=options) as arbiter, arbiter.client() as client:
        pids = arbiter.pids()
        before = rss_mb(arbiter.process.pid)
        slow = raw(arbiter, gdproto.Request(1, APP, "pour").to_bytes())
        assert slow.recv(100)
        largest = before
        start_s = time.monotonic()
        wait_until(lambda: busy(arbiter) == 1)
        while time.monotonic() < start_s + timeout_s / 2:
            assert client.execute(APP, "pid") in pids
            largest = max(largest, rss_mb(arbiter.process.pid))
        assert busy(arbiter) == 1
        wait_until(lambda: busy(arbiter) == 0)
        slow.close()
        assert client.execute(APP, "pid") in pids
        return largest - before


@situation(
    "1,000 idle connections; connect and disconnect 10,000 times",
    "no leak of files, memory grows", "MB", 16, 16,
)  # fmt: skip
def many_connections(quick: bool) -> float:
    with serving(APP) as arbiter, arbiter.client() as client:
        pid = arbiter.process.pid
        client.execute(APP, "pid")
        _come_and_go(arbiter, 100)
        files, memory = open_files(pid), rss_mb(pid)
        idle = [raw(arbiter) for _ in range(200 if quick else 1000)]
        assert isinstance(client.execute(APP, "pid"), int)
        for connection in idle:
            connection.close()
        _come_and_go(arbiter, 1000 if quick else 10_000)
        # What looks at many at once is opened when it is first needed, and kept.
        wait_until(lambda: open_files(pid) <= files + 1)
        return rss_mb(pid) - memory


def _come_and_go(arbiter: Arbiter, count: int) -> None:
    for _ in range(count):
        raw(arbiter).close()
    wait_until(lambda: arbiter.status()["clients"] <= 2)


@situation(
    "garbage, half frames, floods: 1,000,000 mutated frames",
    "each offender answered or closed, no other call fails", "failures", 1, 1,
)  # fmt: skip
def mutated_frames(quick: bool) -> float:
    return _offended(frames.mutated(random.Random(1), APP, 1000 if quick else 1_000_000))


@situation(
    "10,000 mutated sessions",
    "nothing comes but sound answers and a close, no other call fails", "failures", 1, 1,
)  # fmt: skip
def mutated_sessions(quick: bool) -> float:
    return _offended(sessions.mutated(random.Random(1), APP, 100 if quick else 10_000))


def _offended(all_data: Iterator[bytes]) -> float:
    """Send each on a connection of its own. Returns how many calls of others failed."""
    options = ("--max-workers", "2", "--timeout", "5")
    with (
        serving(APP, options=options) as arbiter,
        Load(arbiter, APP, "pid", count=1) as load,
    ):
        for data in all_data:
            assert not (fault := sessions.wrong(_answers(arbiter, data))), fault
    assert load.calls
    return len(load.failures)


def _answers(arbiter: Arbiter, data: bytes) -> bytes:
    """All that comes for these bytes until the connection is closed."""
    came = b""
    connection = raw(arbiter)
    # It may be answered, and closed, before it has sent everything.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError), connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        while more := connection.recv(65536):
            came += more
    return came


# --- stash ---


@situation(
    "stash under 4 writers and a worker that crashes", "no acknowledged put is lost", "lost", 1, 1
)
def writers_and_a_crash(quick: bool) -> float:
    with (
        serving(APP, workers=2, options=("--max-crashes", "1000")) as arbiter,
        StashClient(arbiter.socket_path) as stash,
        beginning(4) as begin,
    ):
        stop, acknowledged = threading.Event(), dict[str, int]()
        writers = [
            begin(_write, arbiter.socket_path, number, acknowledged, stop) for number in range(4)
        ]
        for _ in range(3 if quick else 20):
            before = arbiter.pids()
            os.kill(min(before), signal.SIGKILL)
            wait_until(lambda old=before: len(arbiter.pids()) == 2 and arbiter.pids() != old)
        wait_until(lambda: len(acknowledged) > 100)
        stop.set()
        for writer in writers:
            writer.result()
        return sum(stash.get("t", key) != value for key, value in acknowledged.items())


def _write(
    socket_path: str, number: int, acknowledged: dict[str, int], stop: threading.Event
) -> None:
    """Put until told to stop, and enter what was acknowledged."""
    with StashClient(socket_path) as stash:
        for value in range(25_000):
            key = f"{number}-{value}"
            with contextlib.suppress(DirtyError):
                stash.put("t", key, value)
                acknowledged[key] = value
            if stop.is_set():
                return
