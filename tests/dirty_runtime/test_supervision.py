"""Reloading, scaling, failing apps, recycling, cancelling: real processes and signals."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dirty_runtime import (
    DirtyClient,
    DirtyError,
    DirtyNoWorkersAvailableError,
    DirtyOverloadedError,
    DirtyProtocolError,
    DirtyWorkerError,
)
from gdproto import ManageOp

from .load import Load
from .processes import (
    CHANGING,
    OURS,
    is_running,
    run_dirty,
    serving,
    serving_here,
    wait_until,
    wait_until_logged,
)
from .test_serve import Call


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    shutil.copy(CHANGING, tmp_path)
    return tmp_path


# --- reload ---


@pytest.mark.parametrize("way", ["signal", "command"])
def test_a_reload_under_load_fails_no_call_and_loads_new_code(directory: Path, way: str) -> None:
    with serving_here(directory, "Changing", "Limited", workers=2) as arbiter:
        before = arbiter.pids()
        with arbiter.client() as client, Load(arbiter, "changing:Changing", "version") as load:
            assert client.execute("changing:Changing", "version") == 1
            text = CHANGING.read_text().replace("VERSION = 1", "VERSION = 20")
            (directory / "changing.py").write_text(text)
            if way == "signal":
                arbiter.signal(signal.SIGHUP)
            else:
                done = run_dirty("reload", "--socket", arbiter.socket_path)
                assert done.returncode == 0
            wait_until(lambda: not arbiter.pids() & before and len(arbiter.pids()) == 2)
            assert client.execute("changing:Changing", "version") == 20
            wait_until(lambda: not any(is_running(pid) for pid in before))
        assert load.failures == []
        assert load.calls > 0
        # Who is gone is listed until the arbiter has been told.
        wait_until(lambda: len(arbiter.status()["workers"]) == 2)
        homes = [worker["apps"] for worker in arbiter.status()["workers"]]
        assert sum("changing:Limited" in apps for apps in homes) == 1


@pytest.mark.parametrize("fault", ["init", "import"])
def test_a_reload_to_broken_code_keeps_the_old_set(directory: Path, fault: str) -> None:
    with serving_here(directory, "Changing", workers=2) as arbiter:
        before = arbiter.pids()
        if fault == "init":
            (directory / "broken").touch()
        else:
            (directory / "changing.py").write_text("def\n")
        arbiter.signal(signal.SIGHUP)
        wait_until(lambda: "what served goes on" in arbiter.log.read_text())
        assert arbiter.pids() == before
        status = arbiter.status()
        expected = "it is broken" if fault == "init" else "SyntaxError"
        assert expected in status["last_boot_error"]
        assert status["down"] == {}
        with arbiter.client() as client:
            assert client.execute("changing:Changing", "version") == 1
        (directory / "broken").unlink(missing_ok=True)
        shutil.copy(CHANGING, directory)
        arbiter.signal(signal.SIGHUP)
        wait_until(lambda: "reloaded: 2 workers run the new code" in arbiter.log.read_text())
        assert arbiter.status()["last_boot_error"] == ""


# --- scaling ---


def test_scaling_by_signals(directory: Path) -> None:
    with serving_here(directory, "Good", "Limited") as arbiter:
        arbiter.signal(signal.SIGTTIN)
        arbiter.wait_ready(2)
        assert [worker["slot"] for worker in arbiter.status()["workers"]] == [0, 1]
        for orders in (2, 3, 4):
            # A signal that is sent again before it is handled comes once.
            arbiter.signal(signal.SIGTTOU)
            wait_until(lambda n=orders: arbiter.log.read_text().count("workers wanted") == n)
        wait_until(lambda: len(arbiter.status()["workers"]) == 1)
        with arbiter.client() as client:
            assert client.execute("changing:Limited", "pid") in arbiter.pids()


def test_scaling_by_messages(directory: Path) -> None:
    options = ("--max-workers", "4")
    with serving_here(directory, "Good", options=options) as arbiter, arbiter.client() as client:
        answer = client.manage(ManageOp.ADD, 2)
        assert answer["spawned"] == 2
        assert answer["target_workers"] == 3
        arbiter.wait_ready(3)
        with pytest.raises(DirtyProtocolError) as caught:
            client.manage(ManageOp.ADD, 2)
        assert caught.value.code == "invalid_field_value"
        answer = client.manage(ManageOp.REMOVE, 9)
        assert (answer["removed"], answer["target_workers"]) == (2, 1)
        assert "at least one worker" in answer["reason"]
        assert client.manage(ManageOp.SET, 3)["spawned"] == 2
        assert client.manage(ManageOp.SET, 1)["removed"] == 2


def test_scaling_by_the_command(directory: Path) -> None:
    with serving_here(directory, "Good") as arbiter:
        for change, wanted in (("+2", 3), ("-1", 2), ("4", 4), ("1", 1)):
            done = run_dirty("scale", change, "--socket", arbiter.socket_path)
            assert f"workers: {wanted} wanted" in done.stdout
        for change in ("+0", "0", "x", "--3"):
            assert run_dirty("scale", change, "--socket", arbiter.socket_path).returncode == 2


def test_the_log_tells_who_scales_who_leaves_and_how_the_arbiter_ends(directory: Path) -> None:
    options = ("--timeout", "0.2")
    with serving_here(directory, "Good", options=options) as arbiter, arbiter.client() as client:
        with pytest.raises(DirtyError):
            client.execute("changing:Good", "nap", 600)
        client.manage(ManageOp.ADD, 1)
        arbiter.wait_ready(2)
        client.manage(ManageOp.REMOVE, 1)
        before = arbiter.pids()
        arbiter.signal(signal.SIGHUP)
        wait_until(lambda: not arbiter.pids() & before)
        arbiter.signal(signal.SIGTERM)
        assert arbiter.wait() == 0
        lines = arbiter.log.read_text()
    for expected in (
        "the worker was silent for 0.2 s; it ran changing:Good nap",
        f"user {os.getuid()} asks to manage: add, count 1",
        "leaves: fewer workers are wanted",
        "leaves: reload",
        "stopping: 0 calls run and 0 wait, they get 30 s",
    ):
        assert expected in lines
    assert lines.endswith("stopped\n")


# --- apps that fail ---


@pytest.mark.parametrize("fault", ["broken", "kill"])
def test_an_app_whose_init_fails_does_not_keep_others_from_serving(
    directory: Path, fault: str
) -> None:
    (directory / fault).touch()
    with serving_here(directory, "Good", "Changing") as arbiter, arbiter.client() as client:
        assert client.execute("changing:Good", "pid") in arbiter.pids()
        (path,) = arbiter.status()["down"]
        assert path == "changing:Changing"
        with pytest.raises(DirtyNoWorkersAvailableError, match="down") as caught:
            client.execute("changing:Changing", "version")
        expected = "it is broken" if fault == "broken" else "killed by SIGKILL"
        assert expected in str(caught.value.reason)
        assert expected in arbiter.status()["last_boot_error"]
        shown = run_dirty("status", "--socket", arbiter.socket_path).stdout
        assert expected in " ".join(shown.split())
        (directory / fault).unlink()
        arbiter.signal(signal.SIGHUP)
        wait_until(lambda: not arbiter.status()["down"])
        assert client.execute("changing:Changing", "version") == 1
        assert len((directory / "starts").read_text()) < 10


def test_an_app_that_kills_its_workers_is_put_aside(directory: Path) -> None:
    options = ("--max-crashes", "2", "--crash-window", "60")
    with (
        serving_here(directory, "Good", "Limited", options=options) as arbiter,
        arbiter.client() as client,
    ):
        for _ in range(2):
            with pytest.raises(DirtyWorkerError, match="SIGKILL"):
                client.execute("changing:Good", "die")
        with pytest.raises(DirtyNoWorkersAvailableError, match="2 deaths in 60 s"):
            client.execute("changing:Good", "pid")
        assert client.execute("changing:Limited", "pid") in arbiter.pids()
        # Who reads the log is told why deaths end: once.
        told = "changing:Good is put aside for 60 s: 2 deaths in 60 s"
        wait_until_logged(arbiter, told)
        assert arbiter.log.read_text().count(" is put aside for ") == 1


def test_a_worker_whose_app_forked_is_missed_at_once(directory: Path) -> None:
    with serving_here(directory, "Good") as arbiter, arbiter.client() as client:
        with pytest.raises(DirtyWorkerError, match="SIGKILL"):
            client.execute("changing:Good", "fork_and_die")
        assert client.execute("changing:Good", "pid") in arbiter.pids()


def test_kills_under_load_lose_only_the_calls_that_ran() -> None:
    options = ("--max-crashes", "1000000")
    with serving(OURS, workers=2, options=options) as arbiter, Load(arbiter, OURS, "pid") as load:
        for _ in range(20):
            before = arbiter.pids()
            done = load.calls
            wait_until(lambda done=done: load.calls > done + 20)
            for pid in before:
                os.kill(pid, signal.SIGKILL)
            wait_until(lambda before=before: not arbiter.pids() & before and arbiter.pids())
    assert {type(error) for error in load.failures} <= {DirtyWorkerError}
    assert len(load.failures) <= 40


# --- recycling ---


def test_a_worker_is_replaced_after_so_many_calls(directory: Path) -> None:
    options = ("--max-requests", "5")
    with serving_here(directory, "Good", options=options) as arbiter, arbiter.client() as client:
        first = client.execute("changing:Good", "pid")
        wait_until(lambda: client.execute("changing:Good", "pid") != first)
        wait_until(lambda: not is_running(first))


def test_a_worker_is_replaced_at_its_age(directory: Path) -> None:
    with serving_here(directory, "Good", options=("--max-age", "0.2")) as arbiter:
        (first,) = arbiter.pids()
        wait_until(lambda: not is_running(first))
        wait_until(lambda: bool(arbiter.pids()))


def test_a_worker_is_replaced_when_it_grows(directory: Path) -> None:
    with serving_here(directory, "Good", options=("--max-rss-bytes", "1000000")) as arbiter:
        (first,) = arbiter.pids()
        wait_until(lambda: not is_running(first))
        wait_until(lambda: bool(arbiter.pids()))


# --- cancelling, queues ---


@pytest.mark.parametrize("action", ["wait_until_cancelled", "wait_for_ever"])
def test_a_running_call_learns_that_it_was_given_up(directory: Path, action: str) -> None:
    with serving_here(directory, "Good") as arbiter, arbiter.client() as client:
        trace = directory / "trace"

        async def run() -> None:
            async with arbiter.client() as hasty:
                task = asyncio.create_task(hasty.execute_async("changing:Good", action, str(trace)))
                while not trace.exists():
                    await asyncio.sleep(0.01)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task

        asyncio.run(run())
        pid = client.execute("changing:Good", "pid")
        assert pid in arbiter.pids()
        assert trace.read_text() == "cancelled"


def test_an_app_may_want_to_be_killed(directory: Path) -> None:
    with serving_here(directory, "Killed") as arbiter, arbiter.client() as client:
        first = client.execute("changing:Killed", "pid")
        with arbiter.client(0.2) as hasty, pytest.raises(DirtyError):
            hasty.execute("changing:Killed", "nap", 60)
        assert client.execute("changing:Killed", "pid") != first
        # It may end after another has begun.
        wait_until(lambda: not is_running(first))
        assert arbiter.status()["down"] == {}


def test_a_full_queue_refuses(tmp_path: Path) -> None:
    with serving(OURS, options=("--max-queue", "2")) as arbiter, arbiter.client() as client:
        call = Call(client, tmp_path)
        call.wait_until_running()
        waiting = [threading.Thread(target=client.execute, args=(OURS, "pid")) for _ in range(2)]
        for thread in waiting:
            thread.start()
        wait_until(lambda: arbiter.status()["queues"][OURS] == 2)
        waited_s = arbiter.status()["waits"][OURS]
        wait_until(lambda: arbiter.status()["waits"][OURS] > waited_s)
        with pytest.raises(DirtyOverloadedError) as caught:
            client.execute(OURS, "pid")
        assert caught.value.app_path == OURS
        assert caught.value.retry_after is not None
        call.let_go()
        for thread in waiting:
            thread.join(30)
        assert isinstance(client.execute(OURS, "pid"), int)
        assert arbiter.status()["waits"][OURS] == 0


async def flood(socket_path: str, count: int) -> list[object]:
    """What comes of so many calls at once on one connection."""
    async with DirtyClient(socket_path, 30) as client:
        calls = [client.execute_async(OURS, "echo") for _ in range(count)]
        return await asyncio.gather(*calls, return_exceptions=True)


def test_one_client_leaves_another_its_room_and_its_turn(tmp_path: Path) -> None:
    options = ("--access-log", "--max-queue", "10")
    with (
        serving(OURS, options=options) as arbiter,
        arbiter.client() as client,
        ThreadPoolExecutor(2) as pool,
    ):
        call = Call(client, tmp_path)
        call.wait_until_running()
        flooding = pool.submit(asyncio.run, flood(arbiter.socket_path, 12))
        wait_until(lambda: arbiter.status()["queues"][OURS] == 5)
        other = pool.submit(client.execute, OURS, "pid")
        wait_until(lambda: arbiter.status()["queues"][OURS] == 6)
        call.let_go()
        assert isinstance(other.result(30), int)
        refused = [one for one in flooding.result(30) if isinstance(one, DirtyOverloadedError)]
        assert len(refused) == 7
        assert all("max-queue-share" in one.message for one in refused)
        # A line is written after its answer.
        wait_until(lambda: arbiter.log.read_text().count(" RESPONSE ") == 7)
        lines = [line for line in arbiter.log.read_text().splitlines() if " RESPONSE " in line]
    actions = [line.split(f"{OURS} ")[1].split()[0] for line in lines]
    assert actions == ["meet", "echo", "pid", *["echo"] * 4]


def test_queued_bytes_have_a_limit(tmp_path: Path) -> None:
    options = ("--max-queue-bytes", "100000")
    with serving(OURS, options=options) as arbiter, arbiter.client() as client:
        call = Call(client, tmp_path)
        call.wait_until_running()
        with pytest.raises(DirtyOverloadedError, match="bytes"):
            client.execute(OURS, "echo", b"x" * 100_000)
        call.let_go()
        call.result()
        assert len(client.execute(OURS, "echo", b"x" * 100_000)["args"][0]) == 100_000


# --- stash ---


def test_apps_share_the_stash_from_init_on(directory: Path) -> None:
    with (
        serving_here(directory, "Sharing", "Limited", workers=2) as arbiter,
        arbiter.client() as client,
    ):
        assert client.execute("changing:Sharing", "seen") == [1]
        done = run_dirty("stash", "get", "early", '"known"', "--socket", arbiter.socket_path)
        assert done.stdout == "true\n"
        done = run_dirty("stash", "keys", "boot", "--socket", arbiter.socket_path)
        assert str(sorted(arbiter.pids())[0]) in done.stdout


@pytest.fixture
def stash_socket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with serving(OURS, options=("--stash-max-bytes", "100000")) as arbiter:
        monkeypatch.setenv("DIRTY_SOCKET", arbiter.socket_path)
        yield arbiter.socket_path


def test_the_stash_of_a_thread(stash_socket: str) -> None:
    from dirty_runtime import StashError, StashTableNotFoundError, stash

    assert stash.put("t", "a", {"error": None})
    assert stash.get("t", "a") == {"error": None}
    assert stash.put("t", "none", None)
    assert stash.get("t", "none", "default") is None
    assert stash.get("t", "missing", "default") == "default"
    assert stash.get("nowhere", "missing", 7) == 7
    assert stash.keys("t", "n*") == ["none"]
    assert stash.exists("t") is stash.exists("t", "a") is True
    table = stash.table("t")
    table[1] = "one"
    assert dict(table.items()) == {"a": {"error": None}, "none": None, 1: "one"}
    assert len(table) == 3
    assert 1 in table
    del table[1]
    with pytest.raises(KeyError):
        table[1]
    with pytest.raises(StashError, match="does not fit"):
        stash.put("t", "big", b"x" * 100_000)
    with pytest.raises(StashTableNotFoundError):
        stash.info("nowhere")
    assert stash.tables() == ["t"]
    assert stash.clear("t")
    assert stash.info("t") == {"size": 0, "table": "t"}
    assert stash.delete_table("t")
    assert stash.ensure("u")
    assert stash.tables() == ["u"]


def test_the_stash_of_a_loop(stash_socket: str) -> None:
    from dirty_runtime import AsyncStashClient

    async def run() -> None:
        async with AsyncStashClient(stash_socket) as client:
            await asyncio.gather(*(client.put("t", n, n * n) for n in range(50)))
            assert {key: value async for key, value in client.items("t")} == {
                n: n * n for n in range(50)
            }
            assert await client.get("t", 51, "default") == "default"

    asyncio.run(run())


def test_gunicorns_stash_client_reads_ours(stash_socket: str) -> None:
    import gunicorn.dirty.stash

    with gunicorn.dirty.stash.StashClient(stash_socket) as theirs:
        theirs.put("t", "k", [1, {"a": None}])
        assert theirs.get("t", "k") == [1, {"a": None}]
        assert theirs.keys("t") == ["k"]
        assert theirs.info("t")["size"] == 1
        assert theirs.delete("t", "k") is True


# --- hooks, settings ---


def test_hooks_run_where_they_belong(directory: Path) -> None:
    config = directory / "conf.py"
    trace = directory / "hooks"
    config.write_text(
        "import os\n"
        f"def note(name, *facts): open({str(trace)!r}, 'a').write(f'{{name}} {{facts}}\\n')\n"
        "def on_dirty_starting(arbiter): note('starting', arbiter.pid, facts(arbiter))\n"
        "def facts(one): return one.cfg.dirty_threads, one.socket_path == one.cfg.dirty_socket\n"
        "dirty_threads = 1\n"
        "def dirty_post_fork(arbiter, worker): note('forked', arbiter.pid, worker.pid)\n"
        "def dirty_worker_init(worker): note('init', *facts_of(worker))\n"
        "def facts_of(worker): return worker.ppid, worker.app_paths, paths(worker.apps)\n"
        "def paths(apps): return {path: type(app).__name__ for path, app in apps.items()}\n"
        "def dirty_worker_exit(arbiter, worker): note('exit', arbiter.num_workers, worker.pid)\n"
    )
    with serving_here(directory, "Good", options=("-c", str(config))) as arbiter:
        (pid,) = arbiter.pids()
        arbiter.signal(signal.SIGTERM)
        assert arbiter.wait() == 0
        ours = arbiter.process.pid
    assert trace.read_text().splitlines() == [
        f"starting ({ours}, (1, True))",
        f"forked ({ours}, {pid})",
        f"init ({ours}, ['changing:Good'], {{'changing:Good': 'Good'}})",
        f"exit (1, {pid})",
    ]


def test_what_would_run_can_be_looked_at(directory: Path) -> None:
    words = ("--app", "changing:Good", "--app", "changing:Limited", "--workers", "3")
    done = run_dirty("serve", *words, "--socket", "s", "--check-config", cwd=directory)
    assert done.returncode == 0
    assert done.stdout.splitlines()[:3] == [
        "worker 0: changing:Good, changing:Limited",
        "worker 1: changing:Good",
        "worker 2: changing:Good",
    ]


def test_a_slot_has_an_environment_of_its_own(directory: Path) -> None:
    config = directory / "conf.py"
    config.write_text("dirty_slot_env = {'CUDA_VISIBLE_DEVICES': 'gpu{slot}'}\n")
    options = ("-c", str(config))
    with serving(OURS, workers=2, options=options) as arbiter, arbiter.client() as client:
        asked = ("environment", "CUDA_VISIBLE_DEVICES")
        assert {client.execute(OURS, *asked) for _ in range(20)} == {"gpu0", "gpu1"}


@pytest.mark.proves("GD-SEC-007")
def test_tracebacks_can_be_kept_from_callers() -> None:
    with serving(OURS, options=("--no-tracebacks",)) as arbiter, arbiter.client() as client:
        with pytest.raises(DirtyError, match="it burns") as caught:
            client.execute(OURS, "fail", "it burns")
        assert "traceback" not in caught.value.details


def test_the_log_can_be_a_file_of_json_with_a_line_for_each_call(tmp_path: Path) -> None:
    import json

    path = tmp_path / "log"
    options = ("--log-file", str(path), "--log-json", "--access-log")
    with serving(OURS, options=options) as arbiter, arbiter.client() as client:
        client.execute(OURS, "pid")
        with pytest.raises(DirtyError):
            client.execute(OURS, "fail", "x")
        path.rename(tmp_path / "old")
        arbiter.signal(signal.SIGUSR1)
        wait_until(path.exists)
        assert isinstance(client.execute(OURS, "pid"), int)
    text = (tmp_path / "old").read_text() + path.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    calls = [(line["action"], line["outcome"]) for line in lines if "outcome" in line]
    assert calls == [("pid", "RESPONSE"), ("fail", "ERROR"), ("pid", "RESPONSE")]


def test_pidfiles_are_not_taken_from_the_living(tmp_path: Path) -> None:
    pidfile = tmp_path / "pid"
    pidfile.write_text("4194304\n")
    with serving(OURS, options=("--pidfile", str(pidfile))) as arbiter:
        words = ("--app", OURS, "--socket", str(tmp_path / "s"), "--pidfile", str(pidfile))
        done = run_dirty("serve", *words)
        assert done.returncode == 1
        assert f"pidfile {pidfile}: process {arbiter.process.pid} lives" in done.stderr
        assert pidfile.read_text() == f"{arbiter.process.pid}\n"
    assert not pidfile.exists()


def test_a_client_survives_a_restart(directory: Path, tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    client = DirtyClient(path)
    for _ in range(2):
        with serving(OURS, socket_path=path):
            assert isinstance(client.execute(OURS, "pid"), int)
    client.close()
