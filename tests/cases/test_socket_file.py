"""Whatever others do to a socket's file: it is said, and the arbiter is reached again.

What others serve is left alone, a path may be as long as a socket's can be, and root gives to
others nothing but its own socket.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import shutil
import signal
import socket
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dirty_runtime.arbiter.clients import listener as listeners
from dirty_runtime.arbiter.clients.access import Access
from dirty_runtime.arbiter.clients.listener import Listener
from dirty_runtime.arbiter.clients.socket_file import SocketFile
from dirty_runtime.settings import ConfigError
from dirty_runtime.socket_path import DRAINING, MAX_SOCKET_PATH_BYTES
from tests.cases.test_left_over import OTHER_USER, as_root
from tests.dirty_runtime.processes import LIMIT_S, OURS, run_dirty, serving, wait_until

ACCESS = Access(mode=0o660, owner=-1, group=-1, callers=None, managers=frozenset())


@pytest.fixture
def root() -> Iterator[Path]:
    # A socket's path has a bound.
    with tempfile.TemporaryDirectory() as root:
        yield Path(root)


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listeners, "LOOK_S", 0.005)
    monkeypatch.setattr(listeners, "PATIENCE_S", 0.02)


class Served:
    """A listener on an event loop, and what a test does meanwhile in a thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.listener = Listener(str(path), ACCESS)
        self.came = 0

    def run(self, test: Callable[[], None]) -> None:
        async def serve() -> None:
            self.listener.accept(self._take)
            await asyncio.get_running_loop().run_in_executor(None, test)
            self.listener.close()

        asyncio.run(serve())

    def _take(self, connected: socket.socket) -> None:
        self.came += 1
        connected.close()

    def is_reached(self) -> bool:
        before = self.came
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(LIMIT_S)
            if client.connect_ex(str(self.path)):
                return False
            # The end comes when it was taken, by whoever serves there.
            return client.recv(1) == b"" and self.came > before


def served_by_nobody(path: Path) -> None:
    path.unlink()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))


def test_whoever_finds_it_is_not_refused_also_while_it_is_made(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, found = root / "s", []
    listen, link = socket.socket.listen, os.link

    def looked_at() -> None:
        with socket.socket(socket.AF_UNIX) as client:
            found.append(client.connect_ex(str(path)))

    def listens(self: socket.socket, backlog: int) -> None:
        looked_at()
        listen(self, backlog)
        looked_at()

    def named(*names: str, **directories: int) -> None:
        looked_at()
        link(*names, **directories)
        looked_at()

    monkeypatch.setattr(socket.socket, "listen", listens)
    monkeypatch.setattr(os, "link", named)
    Listener(str(path), ACCESS).close()
    assert found == [errno.ENOENT] * 3 + [0]
    assert list(root.iterdir()) == []


def test_of_two_starts_at_once_one_serves(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, others = root / "s", []
    listen = socket.socket.listen

    def listens(self: socket.socket, backlog: int) -> None:
        if not others:
            others.append(None)
            others.append(Listener(str(path), ACCESS))
        listen(self, backlog)

    monkeypatch.setattr(socket.socket, "listen", listens)
    monkeypatch.setattr(os, "getpid", iter(range(1, 99)).__next__)
    with pytest.raises(ConfigError, match="already served"):
        Listener(str(path), ACCESS)
    assert list(root.iterdir()) == [path]
    others[1].close()
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("kind", ["a file system", "a name"])
def test_it_has_its_name_where_files_have_one_each(
    kind: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*names: str, **directories: int) -> None:
        raise OSError(errno.EPERM, "not permitted")

    monkeypatch.setattr(os, "link", refused)
    served = Served(root / ("s" if kind == "a file system" else "s" * 90))
    served.run(lambda: wait_until(served.is_reached))
    assert list(root.iterdir()) == []


LOSSES = {
    "removed": lambda path: path.unlink(),
    "renamed": lambda path: path.rename(path.with_name("moved")),
    "removed with its directory": lambda path: (
        shutil.rmtree(path.parent),
        path.parent.mkdir(),
    ),
    "moved with its directory": lambda path: (
        path.parent.rename(path.parent.with_name("moved")),
        path.parent.mkdir(),
    ),
    "replaced by a socket that nobody serves": served_by_nobody,
}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_socket_that_is_lost_is_missed_and_made_anew(
    loss: str, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    path = root / "run" / "s"
    path.parent.mkdir()
    served = Served(path)

    def test() -> None:
        assert served.is_reached()
        LOSSES[loss](path)
        wait_until(served.is_reached)

    served.run(test)
    missed, again = caplog.messages
    assert missed.startswith(f"the socket is not at {path} any more")
    assert again == f"arbiter serves at {path} again"
    assert not path.exists()


@pytest.mark.proves("GD-SEC-003")
@pytest.mark.parametrize("kind", ["socket", "file"])
def test_what_others_have_put_there_is_left_alone(
    kind: str, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = root / "s"
    served = Served(path)

    def test() -> None:
        path.unlink()
        with socket.socket(socket.AF_UNIX) as other:
            if kind == "socket":
                other.bind(str(path))
                other.listen()
            else:
                path.touch()
            wait_until(lambda: "nobody new can connect: " in caplog.text)
            assert os.path.lexists(path)
        if kind == "file":
            path.unlink()
        wait_until(served.is_reached)

    served.run(test)
    # Once, however often it was looked.
    assert len([line for line in caplog.messages if "nobody new can connect: " in line]) == 1


def test_a_lost_socket_is_no_obstacle_to_an_end(root: Path) -> None:
    served = Served(root / "s")
    served.path.unlink()
    served.path.write_text("precious")
    served.run(served.listener.step_aside)
    assert served.path.read_text() == "precious"


def test_the_longest_path_can_be_looked_at_while_it_drains(root: Path) -> None:
    path = root / ("s" * (MAX_SOCKET_PATH_BYTES - len(f"{root}/")))
    with serving(OURS, socket_path=str(path)) as arbiter, arbiter.client() as client:
        held = client.stream(OURS, "hold")
        assert next(held) is not None
        arbiter.signal(signal.SIGTERM)
        wait_until(lambda: not path.exists())
        assert path.with_name(path.name + DRAINING).exists()
        assert "draining: 1 running" in run_dirty("status", "--socket", str(path)).stdout
        held.close()
    assert list(root.iterdir()) == []


def test_a_socket_that_is_lent_stays_where_it_is(root: Path) -> None:
    path = root / "s"
    with socket.socket(socket.AF_UNIX) as given:
        given.bind(str(path))
        SocketFile(str(path), ACCESS, given.dup(), is_lent=True).close()
        assert path.is_socket()
        SocketFile(str(path), ACCESS, given.dup()).close()
    assert list(root.iterdir()) == []


def test_it_gets_another_name_in_its_own_directory_and_leaves_nothing_open(root: Path) -> None:
    before = os.listdir("/proc/self/fd")
    file = SocketFile(str(root / "s"), ACCESS)
    file.rename(str(root / f"s{DRAINING}"))
    assert [one.name for one in root.iterdir()] == [f"s{DRAINING}"]
    file.close()
    assert list(root.iterdir()) == []
    assert os.listdir("/proc/self/fd") == before


NAMES = {"no text": b"s\xff", "turned text": "sö\u202e".encode(), "white space": b" s\n"}


@pytest.mark.parametrize("kind", NAMES)
def test_any_name_can_be_served_at(kind: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What a run tells of its logs must be text.
    monkeypatch.setattr(logging.getLogger("dirty"), "propagate", False)
    served = Served(root / os.fsdecode(NAMES[kind]))

    def test() -> None:
        assert served.is_reached()
        served.path.unlink()
        wait_until(served.is_reached)

    served.run(test)


@as_root
def test_root_serves_in_a_directory_of_another_user(root: Path) -> None:
    theirs = root / "theirs"
    theirs.mkdir(mode=0o777)
    os.chown(theirs, OTHER_USER, OTHER_USER)
    access = Access(0o666, OTHER_USER, -1, None, frozenset())
    served = Listener(str(theirs / "s"), access)
    found = (theirs / "s").stat()
    assert stat.S_IMODE(found.st_mode) == 0o666
    assert found.st_uid == OTHER_USER
    served.close()
    assert list(theirs.iterdir()) == []


@as_root
def test_root_gives_nothing_but_its_socket_to_another_user(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    precious = root / "precious"
    precious.touch(mode=0o600)
    path = root / "theirs" / "s"
    path.parent.mkdir()
    os.chown(path.parent, OTHER_USER, OTHER_USER)
    access = Access(0o666, OTHER_USER, -1, None, frozenset())
    bind = socket.socket.bind

    def bound_and_replaced(self: socket.socket, address: str) -> None:
        bind(self, address)
        (made,) = path.parent.iterdir()
        made.unlink()
        made.hardlink_to(precious)

    monkeypatch.setattr(socket.socket, "bind", bound_and_replaced)
    with pytest.raises(ConfigError, match="something else"):
        Listener(str(path), access)
    found = precious.stat()
    assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (0, 0o600)


@as_root
def test_root_takes_no_socket_of_another_user_for_its_own(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = root / "theirs" / "s"
    path.parent.mkdir()
    os.chown(path.parent, OTHER_USER, OTHER_USER)
    access = Access(0o666, 0, -1, None, frozenset())
    bind = socket.socket.bind

    def bound_and_replaced(self: socket.socket, address: str) -> None:
        bind(self, address)
        (made,) = path.parent.iterdir()
        made.unlink()
        with socket.socket(socket.AF_UNIX) as theirs:
            bind(theirs, str(made))
        os.chown(made, OTHER_USER, OTHER_USER)

    monkeypatch.setattr(socket.socket, "bind", bound_and_replaced)
    with pytest.raises(ConfigError, match="something else"):
        Listener(str(path), access)
