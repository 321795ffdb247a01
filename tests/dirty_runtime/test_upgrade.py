"""One arbiter after another at the same socket: nobody notices, or the old one serves on."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from dirty_runtime import AsyncStashClient, DirtyClient, DirtyError, StashClient
from dirty_runtime.arbiter.succession import Start, SuccessionError, Successor
from dirty_runtime.socket_path import MAX_SOCKET_PATH_BYTES

from .processes import (
    CHANGING,
    LIMIT_S,
    Arbiter,
    is_running,
    run_dirty,
    running,
    serving_here,
    wait_until,
    wait_until_logged,
)

APP = "changing:Changing"
# Of upgrades, reloads and scalings under load; `make acceptance` has more.
ROUNDS = int(os.environ.get("ROUNDS", "2"))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    write(tmp_path, 1)
    return tmp_path


def write(directory: Path, version: int) -> None:
    text = CHANGING.read_text().replace("VERSION = 1", f"VERSION = {version}")
    (directory / "changing.py").write_text(text)


def upgrade(arbiter: Arbiter) -> str:
    """What the command says, once another serves."""
    done = run_dirty("upgrade", "--socket", arbiter.socket_path, "--wait", "30")
    assert done.returncode == 0, done.stderr + arbiter.log.read_text()
    return done.stdout


def end(arbiter: Arbiter) -> None:
    """End the arbiter that serves now; the one that was started has ended."""
    assert arbiter.wait() == 0
    pid = arbiter.status()["arbiter_pid"]
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not is_running(pid), arbiter.log.read_text)
    assert not Path(arbiter.socket_path).exists()


class Callers:
    """Clients that call one after the other until told to stop, and what they did not get."""

    def __init__(self, path: str, count: int) -> None:
        self.failed: list[str] = []
        self.versions: set[int] = set()
        self.calls = 0
        self._over = threading.Event()
        self._pool = ThreadPoolExecutor(count)
        self._running = [self._pool.submit(self._call, path) for _ in range(count)]

    def _call(self, path: str) -> None:
        with DirtyClient(path, 30.0) as client:
            while not self._over.is_set():
                try:
                    self.versions.add(client.execute(APP, "version"))
                    self.calls += 1
                except DirtyError as error:
                    self.failed.append(f"{type(error).__name__}: {error}")

    def stop(self) -> None:
        self._over.set()
        self._pool.shutdown()
        for one in self._running:
            one.result()


def test_one_follows_at_the_longest_path_that_a_client_can_connect_to(directory: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        # With what is drained at, it is no socket's address any more.
        path = f"{place}/".ljust(MAX_SOCKET_PATH_BYTES, "s")
        with (
            running(APP, directory=directory, socket_path=path) as arbiter,
            arbiter.client() as client,
        ):
            assert client.execute(APP, "version") == 1
            write(directory, 2)
            upgrade(arbiter)
            assert client.execute(APP, "version") == 2
            end(arbiter)
        assert os.listdir(place) == []


def test_upgrades_reloads_and_scalings_fail_no_call(directory: Path) -> None:
    pidfile = directory / "pid"
    options = ("--pidfile", str(pidfile))
    with serving_here(directory, "Changing", workers=2, options=options) as arbiter:
        callers = Callers(arbiter.socket_path, 8)
        pids = {arbiter.process.pid}
        versions = range(2, 2 + ROUNDS)
        for version in versions:
            write(directory, version)
            assert re.search(r"^arbiter \d+ follows", upgrade(arbiter))
            pid = arbiter.status()["arbiter_pid"]
            assert pid not in pids
            wait_until(lambda pid=pid: pidfile.read_text() == f"{pid}\n")
            pids.add(pid)
            for words in (("scale", "+1"), ("reload",), ("scale", "-1")):
                done = run_dirty(*words, "--socket", arbiter.socket_path, "--wait", "30")
                assert done.returncode == 0, done.stderr
        callers.stop()
        assert callers.failed == []
        assert callers.versions == {1, *versions}
        assert callers.calls > 100
        end(arbiter)
        assert not pidfile.exists()


@pytest.mark.parametrize("broken", ["its apps fail", "it is killed"])
def test_what_does_not_come_to_serve_leaves_the_old_one(directory: Path, broken: str) -> None:
    with serving_here(directory, "Changing") as arbiter, arbiter.client() as client:
        worker = client.execute(APP, "pid")
        if broken == "its apps fail":
            (directory / "broken").touch()
            done = run_dirty("upgrade", "--socket", arbiter.socket_path, "--wait", "30")
            assert done.returncode == 1
            assert "serves on" in done.stderr
        else:
            (directory / "hang").touch()
            arbiter.signal(signal.SIGUSR2)
            wait_until_logged(arbiter, "boots, to follow this one")
            found = re.search(r"arbiter (\d+) boots", arbiter.log.read_text())
            assert found is not None
            os.kill(int(found[1]), signal.SIGKILL)
            wait_until(lambda: bool(client.status()["upgrade_failure"]))
        assert client.execute(APP, "pid") == worker
        state = client.status()
        assert (state["arbiter_pid"], state["upgrading"]) == (arbiter.process.pid, False)


def test_calls_that_run_end_where_they_began(directory: Path) -> None:
    with serving_here(directory, "Changing", "Good", threads=2) as arbiter:
        with arbiter.client() as client, ThreadPoolExecutor(1) as pool:
            long = pool.submit(
                client.execute, "changing:Good", "wait_for_file", str(directory / "go")
            )
            wait_until(lambda: (directory / "go.waits").exists())
            upgrade(arbiter)
            old = Path(f"{arbiter.socket_path}.draining")
            assert old.exists()
            (directory / "go").touch()
            assert long.result() == "there"
            wait_until(lambda: not old.exists())
        end(arbiter)


@pytest.mark.parametrize("several", [(), ("--arbiters", "2")])
def test_who_waits_for_the_stash_waits_on_at_the_next_one(
    directory: Path, several: tuple[str, ...]
) -> None:
    async def wait(one: AsyncStashClient) -> tuple[Any, Any]:
        popped = asyncio.ensure_future(one.pop_left("t", "l", wait=LIMIT_S))
        changed = asyncio.ensure_future(anext(await one.watch("t")))
        # What waits is with the arbiter when what comes behind it is answered.
        assert await one.length("t", "l") == 0
        await asyncio.to_thread(upgrade, arbiter)
        await asyncio.to_thread(arbiter.wait)
        with StashClient(arbiter.socket_path) as other:
            await asyncio.to_thread(other.push_right, "t", "l", "item")
        return await asyncio.gather(popped, changed)

    async def test() -> tuple[Any, Any]:
        async with AsyncStashClient(arbiter.socket_path) as one:
            return await wait(one)

    with serving_here(directory, "Changing", workers=2, options=several) as arbiter:
        item, change = asyncio.run(test())
        assert item == "item"
        # Of a stash in memory the next one knows nothing.
        assert change["kind"] == "missed"
        end(arbiter)


def test_a_successor_that_does_not_move_holds_up_no_end(directory: Path) -> None:
    with serving_here(directory, "Changing") as arbiter:
        (directory / "hang").touch()
        arbiter.signal(signal.SIGUSR2)
        wait_until_logged(arbiter, "boots, to follow this one")
        found = re.search(r"arbiter (\d+) boots", arbiter.log.read_text())
        assert found is not None
        os.kill(int(found[1]), signal.SIGSTOP)
        assert arbiter.stop(10.0) == 0
        wait_until(lambda: not is_running(int(found[1])))


LIES = """
import os, pathlib, socket, time
lie = pathlib.Path(__file__).with_name("lie")
if "GD_SUCCEEDS_FD" in os.environ:
    channel = socket.socket(fileno=int(os.environ["GD_SUCCEEDS_FD"]))
    if lie.read_text() == "junk":
        channel.sendall(b"junk")
    else:
        channel.sendall(b"R")
        _, (number,), *_ = socket.recv_fds(channel, 1, 1)
        given = socket.socket(fileno=number)
        given.setblocking(True)
        if lie.read_text() == "shuts":
            given.shutdown(socket.SHUT_RDWR)
            os._exit(1)
        if lie.read_text() == "says that it serves":
            channel.sendall(b"T")
            # Who comes is taken, and gets no answer.
            kept = given.accept()
        lie.with_name("has").touch()
    time.sleep(600)
"""


def test_a_successor_that_lies_keeps_nobody_from_being_served(directory: Path) -> None:
    config = directory / "lies.py"
    config.write_text(LIES)
    with serving_here(directory, "Changing", options=("-c", str(config))) as arbiter:

        def answers() -> int:
            with arbiter.client() as client:
                return int(client.execute(APP, "version"))

        for lie, told in (
            ("junk", "it says what cannot be before it is ready"),
            ("has the socket", "it ended"),
            ("says that it serves", "it ended"),
            ("shuts", f"arbiter serves at {arbiter.socket_path} again"),
        ):
            (directory / "lie").write_text(lie)
            arbiter.signal(signal.SIGUSR2)
            if lie in ("has the socket", "says that it serves"):
                wait_until((directory / "has").exists)
                (directory / "has").unlink()
                if lie == "has the socket":
                    assert answers() == 1
                *_, booting = re.findall(r"arbiter (\d+) boots", arbiter.log.read_text())
                os.kill(int(booting), signal.SIGKILL)
            wait_until_logged(arbiter, told)
            wait_until(lambda: not arbiter.status()["upgrading"])
            assert answers() == 1
        assert "was shut down: there is a new one" in arbiter.log.read_text()


def test_a_successor_that_answers_nobody_is_waited_for_no_longer(tmp_path: Path) -> None:
    path = str(tmp_path / "calls")
    words = (sys.executable, "-c", "import time; time.sleep(600)")

    async def ask() -> str:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(path)
            listening.listen(0)
            successor = Successor(Start(words, str(tmp_path), os.environ))
            try:
                await successor.answers(path, 0.05)
                return ""
            except SuccessionError as error:
                return str(error)
            finally:
                successor.end()

    assert asyncio.run(ask()) == "it says that it serves, and answers nobody in 0.05 s"


def test_a_pidfile_that_is_lost_on_the_way_costs_no_service(directory: Path) -> None:
    pidfile = directory / "pid"
    options = ("--pidfile", str(pidfile))
    with serving_here(directory, "Changing", options=options) as arbiter:
        pidfile.unlink()
        pidfile.mkdir()
        upgrade(arbiter)
        wait_until_logged(arbiter, f"pidfile {pidfile}: something else than a pidfile is there")
        with arbiter.client() as client:
            assert client.execute(APP, "version") == 1
        end(arbiter)
