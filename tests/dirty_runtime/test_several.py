"""Several arbiters behind one socket: clients notice nothing, and an operator sees one.

The two that are shared have a worker each, so that each caller's worker tells its arbiter.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from dirty_runtime import (
    AsyncStashClient,
    DirtyClient,
    DirtyConnectionError,
    DirtyError,
    DirtyProtocolError,
    DirtyTimeoutError,
    DirtyWorkerError,
    StashClient,
    StashTableNotFoundError,
)
from gdproto import ManageOp

from .processes import (
    LIMIT_S,
    OURS,
    ROOT,
    Arbiter,
    dirty,
    is_running,
    run_dirty,
    serving,
    serving_here,
    started,
    wait_until,
    wait_until_logged,
)
from .test_serve import Call
from .test_upgrade import Callers, write

TWO = ("--arbiters", "2")
CHANGING = "changing:Changing"


@pytest.fixture(scope="module")
def arbiter() -> Iterator[Arbiter]:
    with serving(OURS, workers=2, options=TWO) as arbiter:
        yield arbiter


@pytest.fixture
def clients(arbiter: Arbiter) -> Iterator[list[DirtyClient]]:
    """A client of each arbiter, by the numbers of their slots."""
    arbiter.wait_ready()
    with contextlib.ExitStack() as stack:
        yield of_each(arbiter, stack)


def of_each(arbiter: Arbiter, stack: contextlib.ExitStack) -> list[DirtyClient]:
    found: dict[int, DirtyClient] = {}
    while len(found) < 2:
        client = stack.enter_context(arbiter.client())
        found[int(client.execute(OURS, "environment", "DIRTY_WORKER_SLOT")) % 2] = client
    return [found[0], found[1]]


def branches(arbiter: Arbiter) -> list[int]:
    """The processes of the arbiters that have come to serve, the oldest first."""
    return [int(pid) for pid in re.findall(r"arbiter (\d+) is one of 2", arbiter.log.read_text())]


def looked_at(path: str) -> Iterator[int]:
    """How many calls run, as it is told to one after another, until one of two arbiters is gone."""
    both = True
    while both:
        with DirtyClient(path) as client:
            state = client.status()
        assert state["draining"] is not None
        yield state["draining"]["running"]
        both = len(state["workers"]) == 2


def manage(arbiter: Arbiter, op: ManageOp, **named: int) -> dict[str, Any]:
    with arbiter.client() as client:
        return client.manage(op, **named)


# --- one state, one stash ---


def test_callers_are_dealt_in_turns_and_the_state_is_told_as_one(
    arbiter: Arbiter, clients: list[DirtyClient]
) -> None:
    workers = [client.execute(OURS, "pid") for client in clients]
    for client in clients:
        status = client.status()
        assert status["arbiter_pid"] == arbiter.process.pid
        found = {worker["slot"]: worker["pid"] for worker in status["workers"]}
        assert [found[0], found[1]] == workers
        assert len({worker["age"] for worker in status["workers"]}) == 2
        assert status["worker_count"] == status["target_workers"] == 2
        assert status["apps"] == [OURS]
        (counted,) = (one for one in status["actions"] if one["action"] == "pid")
        assert counted["outcomes"]["RESPONSE"] >= 2
        assert sum(counted["runs"]["counts"]) == counted["outcomes"]["RESPONSE"]


def test_streams_errors_and_large_values_are_as_ever(clients: list[DirtyClient]) -> None:
    for client in clients:
        assert list(client.stream(OURS, "count", 100)) == list(range(100))
        assert client.execute(OURS, "zeros", 2**22) == bytes(2**22)
        with pytest.raises(DirtyError, match="no such luck"):
            client.execute(OURS, "fail", "no such luck")


def test_the_stash_is_one_and_so_are_its_waits_and_changes(
    arbiter: Arbiter, clients: list[DirtyClient]
) -> None:
    """Of four connections in turn, two are of each arbiter."""

    async def use() -> None:
        async with contextlib.AsyncExitStack() as stack:
            made = [AsyncStashClient(arbiter.socket_path) for _ in range(4)]
            one, two, three, four = [await stack.enter_async_context(each) for each in made]
            await one.put("t", "k", {"nan": b"\0" * 70_000})
            for each in (two, three, four):
                assert await each.get("t", "k") == {"nan": b"\0" * 70_000}
            waiting = [asyncio.ensure_future(each.pop_left("t", "l", wait=30)) for each in made]
            watching = await two.watch("t", "w*")
            # What is asked behind what waits does not wait.
            assert [await each.length("t", "l") for each in made] == [0] * 4
            assert await three.incr("t", "w") == 1
            assert (await anext(watching))["key"] == "w"
            for item in range(4):
                await four.push_right("t", "l", item)
            assert sorted(await asyncio.gather(*waiting)) == [0, 1, 2, 3]
            with pytest.raises(StashTableNotFoundError, match="none"):
                await one.info("none")

    asyncio.run(use())


def test_who_stops_waiting_takes_nothing(arbiter: Arbiter) -> None:
    async def wait() -> None:
        async with (
            AsyncStashClient(arbiter.socket_path) as one,
            AsyncStashClient(arbiter.socket_path) as two,
        ):
            for each in (one, two):
                waiting = asyncio.ensure_future(each.pop_left("t", "m", wait=30))
                assert await each.length("t", "m") == 0
                waiting.cancel()
                await asyncio.wait([waiting])
                assert await each.push_left("t", "m", "kept") == 1
                # Where it went to who was gone already, it comes back.
                assert await each.pop_left("t", "m", wait=30) == "kept"

    asyncio.run(wait())


def test_who_leaves_while_it_waits_takes_nothing(arbiter: Arbiter) -> None:
    """The item goes to another, or back, whichever of the two arbiters he was at."""

    async def leave() -> None:
        for _ in range(2):
            gone = AsyncStashClient(arbiter.socket_path)
            waiting = asyncio.ensure_future(gone.pop_left("t", "n", wait=30))
            assert await gone.length("t", "n") == 0
            await gone.close()
            await asyncio.wait([waiting])

    with StashClient(arbiter.socket_path) as client:
        assert client.length("t", "n") == 0
        descriptors = open_in(arbiter.process.pid)
        for number in range(20):
            asyncio.run(leave())
            client.push_right("t", "n", number)
            assert client.pop_left("t", "n", wait=LIMIT_S) == number
        # Nothing is left of them where the stash is.
        wait_until(lambda: open_in(arbiter.process.pid) <= descriptors)


def open_in(pid: int) -> int:
    """How many descriptors the process has."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def test_a_lock_is_one(arbiter: Arbiter) -> None:
    with StashClient(arbiter.socket_path) as one, StashClient(arbiter.socket_path) as two:
        for mine, others in ((one, two), (two, one)):
            with mine.lock("door", 30), pytest.raises(DirtyTimeoutError):
                others.lock("door", 30, wait=0).acquire()


# --- what an operator does ---


def test_calls_have_numbers_and_stacks_of_either_arbiter(
    arbiter: Arbiter, clients: list[DirtyClient], tmp_path: Path
) -> None:
    directories = [tmp_path / name for name in "ab"]
    for directory in directories:
        directory.mkdir()
    running = [Call(client, where) for client, where in zip(clients, directories, strict=True)]
    for one in running:
        one.wait_until_running()
    calls = manage(arbiter, ManageOp.CALLS)["calls"]
    assert {call["slot"] for call in calls} == {0, 1}
    assert {call["call"] % 2 for call in calls} == {0, 1}
    assert {call["client_pid"] for call in calls} == {os.getpid()}
    stacks = manage(arbiter, ManageOp.STACKS)["stacks"]
    assert {one["slot"] for one in stacks} == {0, 1}
    (stack,) = manage(arbiter, ManageOp.STACKS, slot=1)["stacks"]
    assert (stack["slot"], stack["running"][0]["action"]) == (1, "meet")
    (call,) = (call for call in calls if call["slot"] == 1)
    assert manage(arbiter, ManageOp.KILL, call=call["call"])["worker"] == call["worker"]
    with pytest.raises(DirtyWorkerError, match="killed"):
        running[1].result()
    running[0].let_go()
    assert running[0].result() == "go on"
    arbiter.wait_ready()
    with pytest.raises(DirtyError, match="no worker in slot 7"):
        manage(arbiter, ManageOp.KILL, slot=7)
    with pytest.raises(DirtyError, match="no call 999"):
        manage(arbiter, ManageOp.KILL, call=999)


def test_workers_are_added_where_there_are_the_fewest(arbiter: Arbiter) -> None:
    arbiter.wait_ready()
    told = manage(arbiter, ManageOp.ADD, count=3)
    assert (told["spawned"], told["target_workers"], told["total_workers"]) == (3, 5, 5)
    arbiter.wait_ready()
    slots = {worker["slot"] for worker in arbiter.status()["workers"]}
    assert slots == {0, 1, 2, 3, 4}
    told = manage(arbiter, ManageOp.SET, count=1)
    assert (told["removed"], told["target_workers"]) == (3, 2)
    assert told["reason"] == "each arbiter keeps at least one worker"
    with pytest.raises(DirtyProtocolError, match="65 workers are more than max-workers") as refused:
        manage(arbiter, ManageOp.ADD, count=63)
    assert (refused.value.code, refused.value.path) == ("invalid_field_value", "count")
    arbiter.signal(signal.SIGTTIN)
    wait_until(lambda: arbiter.status()["target_workers"] == 3)
    arbiter.signal(signal.SIGTTOU)
    wait_until(lambda: arbiter.status()["worker_count"] == 2)


# --- one that dies ---


def slot_of(branch: int, clients: Sequence[DirtyClient]) -> int:
    """Which of the clients it serves, of which each has another."""
    served = (branch in ancestors(client.execute(OURS, "pid")) for client in clients)
    return list(served).index(True)


def test_one_that_dies_is_replaced_and_the_other_serves_on(
    arbiter: Arbiter, clients: list[DirtyClient], tmp_path: Path
) -> None:
    first = branches(arbiter)[-1]
    slot = slot_of(first, clients)
    lost, served = clients[slot], clients[1 - slot]
    worker = lost.execute(OURS, "pid")
    call = Call(lost, tmp_path)
    call.wait_until_running()
    os.kill(first, signal.SIGKILL)
    with pytest.raises(DirtyConnectionError):
        call.result()
    assert served.execute(OURS, "add_later", 1, 2) == 3
    # Its worker goes with it, and whoever comes meanwhile is served.
    wait_until(lambda: not is_running(worker))
    with arbiter.client() as another:
        assert another.execute(OURS, "add_later", 1, 2) == 3
    assert arbiter.status()["target_workers"] == 2
    arbiter.wait_ready()
    assert lost.execute(OURS, "add_later", 1, 2) == 3
    assert {worker["slot"] for worker in arbiter.status()["workers"]} == {0, 1}
    wait_until_logged(arbiter, "one of 2, died: killed by SIGKILL")


def test_whom_one_that_dies_has_not_taken_the_other_serves(arbiter: Arbiter) -> None:
    arbiter.wait_ready()
    dies = branches(arbiter)[-1]
    os.kill(dies, signal.SIGSTOP)
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(4) as pool:
        several = [stack.enter_context(arbiter.client(timeout=LIMIT_S)) for _ in range(4)]
        calls = [pool.submit(one.execute, OURS, "add_later", 1, 2) for one in several]
        # They are dealt in turns.
        wait_until(lambda: sum(call.done() for call in calls) == 2)
        os.kill(dies, signal.SIGKILL)
        assert [call.result(LIMIT_S) for call in calls] == [3] * 4
    arbiter.wait_ready()


def test_one_that_is_stopped_is_told_of_and_takes_up_again(
    arbiter: Arbiter, clients: list[DirtyClient], tmp_path: Path
) -> None:
    stopped = branches(arbiter)[-1]
    slot = slot_of(stopped, clients)
    held, served = clients[slot], clients[1 - slot]
    call = Call(held, tmp_path)
    call.wait_until_running()
    os.kill(stopped, signal.SIGSTOP)
    try:
        with contextlib.ExitStack() as stack, ThreadPoolExecutor(8) as pool:
            # Whom it does not take is told so; who comes then is served by the other.
            several = [stack.enter_context(arbiter.client(timeout=LIMIT_S)) for _ in range(8)]
            told = [pool.submit(one.execute, OURS, "add_later", 1, 2) for one in several]
            errors = [one.exception(LIMIT_S) for one in told]
            assert None in errors
            for error in errors:
                assert error is None or "does not answer" in str(error), error
            wait_until(lambda: str(slot) in served.status()["silent"])
            assert {one["slot"] for one in served.status()["workers"]} == {1 - slot}
            for one in several:
                assert one.execute(OURS, "add_later", 1, 2) == 3
        with pytest.raises(DirtyConnectionError, match=f"arbiter {slot} does not answer"):
            served.manage(ManageOp.RELOAD)
        shown = run_dirty("status", "--socket", arbiter.socket_path).stdout
        assert f"arbiter {slot} says nothing for" in shown
        call.let_go()
    finally:
        os.kill(stopped, signal.SIGCONT)
    assert call.result() == "go on"
    wait_until(lambda: served.status()["silent"] == {})
    assert {one["slot"] for one in served.status()["workers"]} == {0, 1}
    with contextlib.ExitStack() as stack:
        of_each(arbiter, stack)
    wait_until_logged(arbiter, f"arbiter {slot} answers again")


def ancestors(pid: int) -> list[int]:
    """The processes above, from the nearest."""
    found = []
    while pid > 1:
        status = Path(f"/proc/{pid}/status").read_text()
        pid = int(re.findall(r"^PPid:\s*(\d+)", status, re.MULTILINE)[0])
        found.append(pid)
    return found


def serve(*options: str, app: str = OURS) -> list[str]:
    return [*dirty("serve", "--socket", "SOCKET", "--app", app, *TWO), *options]


# --- reload, upgrade, end ---


def test_reloads_and_upgrades_fail_no_call_and_a_drain_lets_them_end(tmp_path: Path) -> None:
    write(tmp_path, 1)
    pidfile = tmp_path / "pid"
    options = (*TWO, "--pidfile", str(pidfile))
    with serving_here(tmp_path, "Changing", "Good", workers=2, options=options) as arbiter:
        callers = Callers(arbiter.socket_path, 4)
        write(tmp_path, 2)
        done = run_dirty("reload", "--socket", arbiter.socket_path, "--wait", "30")
        assert done.returncode == 0, done.stderr
        write(tmp_path, 3)
        done = run_dirty("upgrade", "--socket", arbiter.socket_path, "--wait", "30")
        assert done.returncode == 0, done.stderr + arbiter.log.read_text()
        wait_until(lambda: pidfile.read_text() != f"{arbiter.process.pid}\n")
        assert arbiter.wait() == 0
        callers.stop()
        assert callers.failed == []
        assert callers.versions == {1, 2, 3}
        pid = arbiter.status()["arbiter_pid"]
        workers = arbiter.pids()
        with arbiter.client() as client:
            go_on = tmp_path / "go on"
            pool = ThreadPoolExecutor(1)
            call = pool.submit(client.execute, "changing:Good", "wait_for_file", str(go_on))
            pool.shutdown(wait=False)
            wait_until(Path(f"{go_on}.waits").exists)
            os.kill(pid, signal.SIGTERM)
            wait_until(lambda: not Path(arbiter.socket_path).exists())
            # Also while the other, which has nothing to wait for, ends.
            assert 1 in set(looked_at(f"{arbiter.socket_path}.draining"))
            done = run_dirty("status", "--socket", arbiter.socket_path)
            assert "draining: 1 running" in " ".join(done.stdout.split()), done.stdout
            go_on.touch()
            assert call.result() == "there"
        wait_until(lambda: not any(map(is_running, (pid, *workers))))
        assert not pidfile.exists()
        assert list(Path(arbiter.socket_path).parent.glob("socket*")) == []


def test_a_reload_takes_the_bounds_of_all(tmp_path: Path) -> None:
    file = tmp_path / "dirty.conf.py"

    def write_bounds(workers: int, more: str = "") -> None:
        bounds = f"dirty_max_workers = {workers}\ndirty_stash_max_bytes = {workers * 1000}\n"
        file.write_text(f'dirty_apps = ["{OURS}"]\ndirty_workers = 2\n{bounds}{more}')

    write_bounds(2)
    words = dirty("serve", "-c", str(file), "--socket", "SOCKET", *TWO)
    with started(words, directory=ROOT) as arbiter, StashClient(arbiter.socket_path) as stash:
        arbiter.wait_ready()
        write_bounds(3)
        done = run_dirty("reload", "--socket", arbiter.socket_path, "--wait", "30")
        assert done.returncode == 0, done.stderr
        assert manage(arbiter, ManageOp.ADD, count=1)["target_workers"] == 3
        stash.put("t", "k", b"x" * 2000)
        write_bounds(4)
        arbiter.signal(signal.SIGHUP)
        wait_until(lambda: arbiter.log.read_text().count("reloaded: ") == 4)
        assert manage(arbiter, ManageOp.SET, count=4)["target_workers"] == 4
        # What cannot be used leaves everything.
        for more, reason in (
            ("dirty_manage_users = 'nobody-of-that-name'", "there is no user"),
            ("dirty_workers = 1", "arbiters is at most workers, 1"),
            ("dirty_cpu_affinity = '8191'", "cpu-affinity 8191"),
        ):
            write_bounds(5, more)
            arbiter.signal(signal.SIGHUP)
            wait_until_logged(arbiter, reason)
            with pytest.raises(DirtyProtocolError, match="5 workers are more than max-workers, 4"):
                manage(arbiter, ManageOp.ADD, count=1)
        done = run_dirty("reload", "--socket", arbiter.socket_path, "--wait", "30")
        assert "cpu-affinity 8191" in done.stderr


FAILS = "raise RuntimeError('it is broken')"
IN_INIT = f"""
from dirty_runtime import DirtyApp

class Nothing(DirtyApp):
    def init(self):
        {FAILS}
"""


@pytest.mark.parametrize("text", [FAILS, IN_INIT], ids=["import", "init"])
def test_a_start_that_fails_is_told_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "none.py").write_text(text)
    words = serve("--workers", "2", app="none:Nothing")
    with started(words, directory=tmp_path) as arbiter:
        assert arbiter.wait() == 1
        lines = arbiter.log.read_text().splitlines()
        assert len([line for line in lines if "it is broken" in line]) == 1, lines
        assert "Error" in lines[-1]
        assert not Path(arbiter.socket_path).exists()


def test_there_are_no_more_arbiters_than_workers() -> None:
    done = run_dirty("serve", "--socket", "none", "--app", OURS, *TWO, "--workers", "1")
    assert done.returncode == 1
    assert done.stderr == ("Error: arbiters is at most workers, 1: each has one of its own\n")


# --- the end of all: the last of these tests ---


def test_all_go_with_the_one_that_has_the_socket(arbiter: Arbiter) -> None:
    arbiter.wait_ready()
    wait_until(lambda: len(list(filter(is_running, branches(arbiter)))) == 2)
    left = [*filter(is_running, branches(arbiter)), *arbiter.pids()]
    assert len(left) == 4
    arbiter.signal(signal.SIGKILL)
    wait_until(lambda: not any(map(is_running, left)))
