"""A service manager: its socket is served at and left to it, and it is told what becomes of us."""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dirty_runtime import DirtyClient
from dirty_runtime.arbiter.service import Service
from dirty_runtime.settings import ConfigError
from dirty_runtime.testing import Arbiter
from dirty_runtime.testing.processes import ending

from .processes import (
    CHANGING,
    LIMIT_S,
    is_running,
    python_path,
    run_dirty,
    wait_until,
    wait_until_logged,
)

APP = "changing:Changing"
# As systemd does: the socket is descriptor 3, and the process keeps its number.
BECOME = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ["LISTEN_PID"] = os.environ["WATCHDOG_PID"] = str(os.getpid())
os.execv(sys.executable, [sys.executable, "-m", "dirty_runtime", "serve", *sys.argv[2:]])
"""


def told_at(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    made.bind(str(path))
    return made


def filled(told: socket.socket) -> int:
    """How many datagrams of others wait in it, so that it takes no more."""
    count = 0
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while other.sendto(b"others", told.getsockname()):
                count += 1
    return count


class Manager:
    """What systemd is for an arbiter: it has the socket, and is told."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.path = str(directory / "calls")
        self.said: list[str] = []
        self._unread: queue.Queue[str] = queue.Queue()
        self._told = told_at(directory / "notify")
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(self.path)
        self.listening.listen()

    def _read(self) -> None:
        while told := self._told.recv(4096):
            for line in told.decode().split("\n"):
                self._unread.put(line)

    def until(self, line: str) -> list[str]:
        """All that is said until a line matches, the groups of which are returned."""
        due_s = time.monotonic() + LIMIT_S
        while time.monotonic() < due_s:
            self.said.append(self._unread.get(timeout=LIMIT_S))
            if found := re.fullmatch(line, self.said[-1]):
                return list(found.groups())
        raise AssertionError(f"{line} was not said, but {set(self.said)}")

    @contextlib.contextmanager
    def starting(self, *words: str) -> Iterator[Arbiter]:
        (self.directory / "changing.py").write_text(CHANGING.read_text())
        log = self.directory / "log"
        fd = self.listening.fileno()
        told = {
            "LISTEN_FDS": "1",
            "LISTEN_FDNAMES": "calls.socket",
            "NOTIFY_SOCKET": str(self.directory / "notify"),
            "WATCHDOG_USEC": "200000",
        }
        command = [sys.executable, "-c", BECOME, str(fd), "--app", APP, "--workers", "1", *words]
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                cwd=self.directory,
                env={**os.environ, **told, "PYTHONPATH": python_path(os.getcwd())},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(fd,),
                start_new_session=True,
            )
        with ending(process):
            yield Arbiter(self.path, log, process)

    def close(self) -> None:
        # It ends who reads.
        self._told.shutdown(socket.SHUT_RD)
        self._reader.join()
        self._told.close()
        self.listening.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    made = Manager(tmp_path)
    with contextlib.closing(made):
        yield made


def test_what_a_service_manager_hands_on_and_is_told(manager: Manager) -> None:
    before = os.stat(manager.path)
    with manager.starting() as arbiter:
        manager.until("READY=1")
        manager.until("STATUS=1 of 1 workers serve")
        wait_until_logged(arbiter, f"arbiter {arbiter.process.pid} serves at {manager.path}")
        # The event loop turns.
        manager.until("WATCHDOG=1")
        manager.until("WATCHDOG=1")
        with arbiter.client() as client:
            worker = client.execute(APP, "pid")
            # What is started here is not the service.
            told = Path(f"/proc/{worker}/environ").read_text()
            assert not re.search("NOTIFY_SOCKET|WATCHDOG_|LISTEN_", told)
            follow(manager, arbiter, client)
        end_the_successor(manager, arbiter)
    # It is the manager's, and who comes now waits in it.
    assert os.stat(manager.path).st_ino == before.st_ino
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as waiting:
        waiting.settimeout(LIMIT_S)
        waiting.connect(manager.path)
        with manager.starting(), DirtyClient(manager.path, LIMIT_S) as client:
            manager.until("READY=1")
            assert client.execute(APP, "version") == 1


def follow(manager: Manager, arbiter: Arbiter, client: DirtyClient) -> None:
    """Have another arbiter follow, which is the service from then on."""
    manager.said.clear()
    done = run_dirty("upgrade", "--socket", manager.path, "--wait", "30")
    assert done.returncode == 0, done.stderr
    (pid,) = manager.until(r"MAINPID=(\d+)")
    assert "STOPPING=1" not in manager.said
    manager.until("READY=1")
    manager.until("WATCHDOG=1")
    assert int(pid) == client.status()["arbiter_pid"] != arbiter.process.pid
    assert arbiter.wait() == 0
    assert "STOPPING=1" not in manager.said
    wait_until_logged(arbiter, f"arbiter {pid} follows at")
    # It did not say so before it did.
    assert f"arbiter {pid} serves at" not in arbiter.log.read_text()


def end_the_successor(manager: Manager, arbiter: Arbiter) -> None:
    """End who serves in the place of `arbiter`: it tells the manager."""
    pid = arbiter.status()["arbiter_pid"]
    os.kill(pid, signal.SIGTERM)
    manager.until("STOPPING=1")
    wait_until(lambda: not is_running(pid))


def test_a_reload_is_told_with_its_end(manager: Manager) -> None:
    with manager.starting("--workers", "2") as arbiter:
        manager.until("READY=1")
        arbiter.wait_ready()
        end_by_scaling(manager, arbiter)
        for breaks in (False, True):
            if breaks:
                (manager.directory / "changing.py").write_text("raise RuntimeError('no')")
            before_us = time.monotonic_ns() // 1000
            arbiter.signal(signal.SIGHUP)
            manager.until("RELOADING=1")
            (at_us,) = manager.until(r"MONOTONIC_USEC=(\d+)")
            assert before_us <= int(at_us) <= time.monotonic_ns() // 1000
            manager.until("READY=1")
            manager.until(".*the reload failed: .*" if breaks else "STATUS=1 of 1 workers serve")


def end_by_scaling(manager: Manager, arbiter: Arbiter) -> None:
    """Have a reload whose last old worker is not wanted any more, while its successor boots."""
    app, hang = manager.directory / "changing.py", manager.directory / "hang"
    its = '(HERE / "hang").exists()'
    text = app.read_text()
    app.write_text(text.replace(its, f'{its} and os.environ["DIRTY_WORKER_SLOT"] == "1"'))
    hang.touch()
    arbiter.signal(signal.SIGHUP)
    manager.until("RELOADING=1")
    wait_until_logged(arbiter, "(slot 0) leaves: reload")
    assert arbiter.status()["reloading"]
    done = run_dirty("scale", "1", "--socket", manager.path)
    assert done.returncode == 0, done.stderr
    manager.until("READY=1")
    assert not arbiter.status()["reloading"]
    hang.unlink()
    app.write_text(text)


def test_how_far_a_start_is_is_told_before_it_is_ready(manager: Manager) -> None:
    wait = manager.directory / "wait"
    os.mkfifo(wait)
    with manager.starting():
        manager.until("STATUS=it looks at its apps")
        manager.until("STATUS=0 of 1 workers serve")
        assert "READY=1" not in manager.said
        # Nothing can be written before the worker reads it.
        wait.write_text("go on")
        manager.until("READY=1")
        manager.until("STATUS=1 of 1 workers serve")
    wait.unlink()
    (manager.directory / "broken").touch()
    with manager.starting():
        manager.until("STATUS=0 of 1 workers serve.*, the last boot failed: .*")


def test_several_arbiters_are_one_service(manager: Manager) -> None:
    before, several = os.stat(manager.path), ("--arbiters", "2", "--workers", "2")
    with manager.starting(*several) as arbiter:
        manager.until("STATUS=2 arbiters start")
        manager.until("READY=1")
        manager.until("STATUS=2 arbiters serve")
        assert manager.said.count("STATUS=2 arbiters start") == 1
        manager.until("WATCHDOG=1")
        wait_until_logged(arbiter, f"serves at {manager.path}, by 2 arbiters")
        started = list[str]()

        def have_told() -> bool:
            started[:] = re.findall(r"arbiter (\d+) is one", arbiter.log.read_text())
            return len(started) == 2

        wait_until(have_told)
        workers = [worker["pid"] for worker in arbiter.status()["workers"]]
        for pid in (*map(int, started), *workers):
            told = Path(f"/proc/{pid}/environ").read_text()
            assert not re.search("NOTIFY_SOCKET|WATCHDOG_|LISTEN_", told)
        arbiter.signal(signal.SIGHUP)
        manager.until("RELOADING=1")
        manager.until("READY=1")
        with arbiter.client() as client:
            follow(manager, arbiter, client)
        end_the_successor(manager, arbiter)
    assert os.stat(manager.path).st_ino == before.st_ino


def test_a_manager_that_is_gone_costs_no_service(manager: Manager) -> None:
    with manager.starting() as arbiter:
        manager.until("READY=1")
        (manager.directory / "notify").unlink()
        wait_until_logged(arbiter, "the service manager cannot be told: No such file")
        with arbiter.client() as client:
            assert client.execute(APP, "version") == 1


def test_who_does_not_read_is_waited_for_by_nobody_and_told_later(tmp_path: Path) -> None:
    async def tell() -> None:
        service = Service(str(tmp_path / "notify"))
        with told_at(tmp_path / "notify") as told:
            count = filled(told)
            service.ready("it serves")
            service.goes_on_with(3)
            service.stopping("this is not the service any more")
            read = [told.recv(100) for _ in range(count)]
            await asyncio.sleep(0)
            told.setblocking(False)
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(LIMIT_S):
                read += [await loop.sock_recv(told, 100) for _ in range(2)]
            assert read[count:] == [b"READY=1\nSTATUS=it serves", b"MAINPID=3"]
            service.close()
            with pytest.raises(BlockingIOError):
                told.recv(100)

    asyncio.run(tell())


def test_what_was_not_told_is_told_at_the_end(tmp_path: Path) -> None:
    async def tell() -> Service:
        service = Service(str(tmp_path / "notify"))
        service.goes_on_with(3)
        return service

    with told_at(tmp_path / "notify") as told:
        count = filled(told)
        service = asyncio.run(tell())
        for _ in range(count):
            assert told.recv(100) == b"others"
        service.close()
        assert told.recv(100) == b"MAINPID=3"


def listening(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    made.bind(str(path))
    made.listen()
    return made


def test_of_several_sockets_it_is_the_one_at_the_path(tmp_path: Path) -> None:
    one, other = listening(tmp_path / "one"), listening(tmp_path / "other")
    service = Service("", 0.0, [("a", one), ("b", other)])
    assert service.path == ""
    (tmp_path / "link").symlink_to(tmp_path)
    assert service.socket_at(str(tmp_path / "link" / "other")) is other
    assert one.fileno() < 0
    assert Service("", 0.0, [("a", other)]).path == str(tmp_path / "other")
    assert service.socket_at(str(tmp_path / "other")) is None
    other.close()


def test_the_one_named_as_we_are_is_ours(tmp_path: Path) -> None:
    with listening(tmp_path / "one") as one, listening(tmp_path / "other") as other:
        assert Service("", 0.0, [("a", one), ("dirty", other)]).path == str(tmp_path / "other")


def test_a_socket_that_calls_cannot_come_from_is_refused(tmp_path: Path) -> None:
    one, other = socket.socketpair()
    with other:
        with pytest.raises(ConfigError, match=r"hands on none that listens there.*Accept=no"):
            Service("", 0.0, [("a", one)]).socket_at(str(tmp_path / "calls"))
        assert one.fileno() < 0


@pytest.mark.parametrize(
    "told",
    [
        {"LISTEN_FDS": "1", "LISTEN_PID": "1"},
        {"LISTEN_FDS": "many"},
        {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"},
        {"WATCHDOG_USEC": "soon"},
    ],
    ids=str,
)
def test_what_is_meant_for_another_process_is_taken_away(told: dict[str, str]) -> None:
    environment = {"HOME": "/", **told}
    service = Service.taken(environment)
    assert environment == {"HOME": "/"}
    assert (service.path, dict(service.environment)) == ("", {})


def test_whoever_follows_knows_the_manager_too() -> None:
    told = {"NOTIFY_SOCKET": "@here", "WATCHDOG_USEC": "3000000", "LISTEN_FDS": "1"}
    followed = dict(Service.taken({**told, "WATCHDOG_PID": str(os.getpid())}).environment)
    assert followed == {"NOTIFY_SOCKET": "@here", "WATCHDOG_USEC": "3000000"}
