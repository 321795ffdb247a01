"""An arbiter's start and end: signals at any time, starts that fail, and nothing that is left."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Awaitable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import gdproto
from dirty_runtime import AsyncStashClient, DirtyClient, DirtyNoWorkersAvailableError

from .processes import LIMIT_S, OURS, dirty, run_dirty, serving, wait_until
from .test_serve import Call

SLOW = """
import os, pathlib, subprocess, sys, time
here = pathlib.Path(__file__).parent

def note(name, pid):
    (here / "new").write_text(str(pid))
    (here / "new").rename(here / name)

note("importing", os.getpid())
if (here / "slow").exists():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    note("child", child.pid)
    time.sleep(600)

class App:
    def init(self): pass
    def close(self): pass
    def __call__(self, action, *args): return action
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "slow_app.py").write_text(SLOW)
    return tmp_path


@pytest.fixture
def importing(directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    """An arbiter whose inspector imports for ever."""
    (directory / "slow").touch()
    words = ("--app", "slow_app:App", "--socket", "s", "--pidfile", "p")
    command = dirty("serve", *words)
    with subprocess.Popen(command, cwd=directory, stderr=subprocess.DEVNULL) as process:
        wait_until((directory / "child").exists)
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_it_can_be_stopped_while_apps_are_imported(
    directory: Path, importing: subprocess.Popen[bytes], number: int
) -> None:
    for harmless in (signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGUSR1):
        importing.send_signal(harmless)
    importing.send_signal(number)
    assert importing.wait(LIMIT_S) == 0
    assert not (directory / "s").exists()
    assert not (directory / "p").exists()
    for name in ("importing", "child"):
        pid = int((directory / name).read_text())
        wait_until(partial(is_gone, pid))


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except FileNotFoundError:
        return True


def test_it_can_be_stopped_while_a_reload_imports(directory: Path) -> None:
    with serving("slow_app:App", options=("--chdir", str(directory))) as arbiter:
        (directory / "slow").touch()
        arbiter.signal(signal.SIGHUP)
        wait_until((directory / "child").exists)
        arbiter.signal(signal.SIGTERM)
        assert arbiter.wait() == 0
        assert is_gone(int((directory / "importing").read_text()))
        assert "ERROR" not in arbiter.log.read_text()


def test_a_worker_that_is_to_serve_nothing_and_fails_is_not_tried_without_pause(
    directory: Path,
) -> None:
    (directory / "fails.sh").write_text("echo x >> starts; exit 7\n")
    words = ("--app", "slow_app:App:1", "--workers", "2", "--worker-command", "sh fails.sh")
    done = run_dirty("serve", *words, "--socket", "s", cwd=directory)
    assert done.returncode == 1
    assert "exited with 7" in done.stderr
    assert len((directory / "starts").read_text().splitlines()) < 10


def test_what_is_asked_of_workers_is_not_done_while_it_drains() -> None:
    with serving(OURS, options=("--access-log",)) as arbiter, arbiter.client() as client:
        stream = client.stream(OURS, "count", 10**9)
        next(stream)
        arbiter.signal(signal.SIGTERM)
        wait_until(lambda: "stopping: 1 calls run" in arbiter.log.read_text())
        for number in (signal.SIGHUP, signal.SIGTTIN):
            arbiter.signal(number)
        stream.close()
        assert arbiter.wait() == 0
        log = arbiter.log.read_text()
        assert "reloading" not in log
        assert "workers wanted" not in log
        assert "ERROR" not in log
        assert f"{OURS} count abandoned" in log


CLOSES = """
import os
class App:
    def init(self): pass
    def close(self):
        open("closing").read()
    def __call__(self, action): return action
"""


def test_what_was_asked_at_last_is_answered(tmp_path: Path) -> None:
    (tmp_path / "closes.py").write_text(CLOSES)
    os.mkfifo(tmp_path / "closing")
    stash = tmp_path / "stash"
    options = ("--chdir", str(tmp_path), "--stash", f"sqlite:{stash}", "--close-timeout", "100")
    with serving("closes:App", options=options) as arbiter:
        arbiter.wait_ready()
        arbiter.signal(signal.SIGTERM)
        with (
            open(tmp_path / "closing", "w") as closing,
            contextlib.closing(sqlite3.connect(stash, isolation_level=None)) as locked,
            socket.socket(socket.AF_UNIX) as asks,
            socket.socket(socket.AF_UNIX) as idles,
        ):
            # Nothing is waited for any more but the worker.
            locked.execute("BEGIN IMMEDIATE")
            for one in (idles, asks):
                one.settimeout(LIMIT_S)
                one.connect(f"{arbiter.socket_path}.draining")
            connection = gdproto.Connection("client")
            asks.sendall(connection.send(gdproto.Stash(1, gdproto.StashOp.PUT, "t", "k", "v")))
            asks.sendall(connection.send(gdproto.Status(2)))
            assert answer(asks, connection).request_id == 2
            closing.close()
            assert b"the arbiter is stopping" in idles.recv(1000)
            locked.execute("COMMIT")
            assert answer(asks, connection) == gdproto.Response(1, True)
        assert arbiter.wait() == 0


def answer(asks: socket.socket, connection: gdproto.Connection) -> gdproto.Message:
    while (event := connection.next_event()) is gdproto.NEED_DATA:
        connection.receive_data(asks.recv(1000))
    assert isinstance(event, gdproto.MessageReceived)
    return event.message


@pytest.mark.proves("GD-ROLE-038")
@pytest.mark.parametrize("several", [(), ("--arbiters", "2", "--workers", "2")])
def test_an_end_waits_for_nobody_who_waits_for_what_may_never_happen(
    several: tuple[str, ...],
) -> None:
    async def end() -> list[Any]:
        async with AsyncStashClient(arbiter.socket_path) as one:
            waits: list[Awaitable[Any]] = [
                asyncio.ensure_future(one.pop_left("t", "l", wait=LIMIT_S)),
                asyncio.ensure_future(anext(await one.watch("t"))),
            ]
            # What waits is with the arbiter when what comes behind it is answered.
            assert await one.length("t", "l") == 0
            arbiter.signal(signal.SIGTERM)
            return await asyncio.gather(*waits, return_exceptions=True)

    with serving(OURS, options=several) as arbiter:
        arbiter.wait_ready()
        for error in asyncio.run(end()):
            assert isinstance(error, DirtyNoWorkersAvailableError)
            assert error.begun is False
        assert arbiter.wait() == 0
        assert "calls still ran" not in arbiter.log.read_text()


@pytest.mark.proves("GD-ROLE-039")
def test_who_comes_to_look_at_a_drain_is_not_let_go_before_its_end(tmp_path: Path) -> None:
    with serving(OURS) as arbiter, arbiter.client() as client:
        running = Call(client, tmp_path)
        running.wait_until_running()
        arbiter.signal(signal.SIGTERM)
        place = Path(f"{arbiter.socket_path}.draining")
        wait_until(place.exists)
        with socket.socket(socket.AF_UNIX) as looks:
            looks.settimeout(LIMIT_S)
            looks.connect(str(place))
            connection = gdproto.Connection("client")
            # Between its questions it is idle, while the arbiter is asked by others.
            for request_id in (1, 2, 3):
                assert run_dirty("status", "--socket", arbiter.socket_path).returncode == 0
                looks.sendall(connection.send(gdproto.Status(request_id)))
                assert isinstance(answer(looks, connection), gdproto.Response)
            running.let_go()
            assert running.result() == "go on"
            assert b"the arbiter is stopping" in looks.recv(1000)
        assert arbiter.wait() == 0


TAKES = """
from dirty_runtime import stash
class App:
    def init(self): pass
    def close(self): pass
    def __call__(self, action):
        stash.put("t", "waits", True)
        return stash.pop_left("t", "l", wait=30)
"""


def test_a_call_that_waits_in_the_stash_is_one_that_runs(tmp_path: Path) -> None:
    (tmp_path / "takes.py").write_text(TAKES)

    async def take() -> Any:
        async with (
            DirtyClient(arbiter.socket_path) as client,
            AsyncStashClient(arbiter.socket_path) as one,
        ):
            changes = await one.watch("t")
            taken = asyncio.ensure_future(client.execute_async("takes:App", "take"))
            await anext(changes)
            arbiter.signal(signal.SIGTERM)
            await asyncio.to_thread(wait_until, Path(f"{arbiter.socket_path}.draining").exists)
            async with AsyncStashClient(f"{arbiter.socket_path}.draining") as other:
                await other.push_right("t", "l", "item")
            return await taken

    with serving("takes:App", options=("--chdir", str(tmp_path))) as arbiter:
        arbiter.wait_ready()
        assert asyncio.run(take()) == "item"
        assert arbiter.wait() == 0


def test_a_reload_with_many_connections_is_one() -> None:
    with serving(OURS) as arbiter:
        clients = [arbiter.client() for _ in range(1100)]
        try:
            for client in clients:
                client.connect()
            before = arbiter.pids()
            done = run_dirty("reload", "--wait", str(LIMIT_S), "--socket", arbiter.socket_path)
            assert done.returncode == 0, done.stderr
            assert not arbiter.pids() & before
        finally:
            for client in clients:
                client.close()
