"""Who may open the socket, call and manage: by the permissions of real sockets and real users."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from dirty_runtime import DirtyConnectionError, DirtyPermissionError
from dirty_runtime.app import parse_app_spec
from dirty_runtime.arbiter.clients.access import Access
from dirty_runtime.settings import Config, ConfigError
from gdproto import ManageOp

from .processes import OURS, Arbiter, run_dirty, serving

NOBODY = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")


@contextlib.contextmanager
def a_stranger() -> Iterator[None]:
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def opened(arbiter: Arbiter) -> Arbiter:
    """The arbiter, with the test's own directory open to everybody."""
    Path(arbiter.socket_path).parent.chmod(0o755)
    return arbiter


def permissions(path: str) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def test_the_socket_is_its_owners() -> None:
    with serving(OURS) as arbiter:
        assert permissions(arbiter.socket_path) == 0o600


def test_the_socket_can_be_given_away() -> None:
    group = os.getegid()
    options = ("--socket-mode", "660", "--socket-group", str(group))
    with serving(OURS, options=options) as arbiter:
        assert permissions(arbiter.socket_path) == 0o660
        assert os.stat(arbiter.socket_path).st_gid == group


@needs_root
def test_a_stranger_cannot_open_the_socket() -> None:
    with serving(OURS) as arbiter:
        opened(arbiter)
        with a_stranger(), pytest.raises(DirtyConnectionError, match="Permission denied"):
            arbiter.client().execute(OURS, "pid")


@pytest.mark.proves("GD-MSG-033")
@needs_root
def test_who_can_open_it_may_call_but_not_manage() -> None:
    with serving(OURS, options=("--socket-mode", "666")) as arbiter:
        opened(arbiter)
        with a_stranger(), arbiter.client() as client:
            assert isinstance(client.execute(OURS, "pid"), int)
            with pytest.raises(DirtyPermissionError, match=str(NOBODY)):
                client.manage(ManageOp.ADD)


@pytest.mark.proves("GD-SEC-002")
@needs_root
@pytest.mark.parametrize("setting", ["--manage-users", "--allowed-users"])
def test_users_can_be_named(setting: str) -> None:
    options = ("--socket-mode", "666", setting, f"root, {NOBODY}")
    with serving(OURS, options=options) as arbiter:
        opened(arbiter)
        with a_stranger(), arbiter.client() as client:
            assert isinstance(client.execute(OURS, "pid"), int)
            if setting == "--manage-users":
                assert client.manage(ManageOp.ADD)["spawned"] == 1


@pytest.mark.proves("GD-SEC-002")
@needs_root
def test_whoever_is_not_named_is_told_so() -> None:
    options = ("--socket-mode", "666", "--allowed-users", "root")
    with serving(OURS, options=options) as arbiter:
        opened(arbiter)
        for _ in range(3):
            with a_stranger(), arbiter.client() as client, pytest.raises(DirtyPermissionError):
                client.execute(OURS, "pid")
        with arbiter.client() as client:
            assert isinstance(client.execute(OURS, "pid"), int)


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [
        ("socket-mode", "999", "octal"),
        ("socket-mode", "rw", "octal"),
        ("socket-owner", "no such user", "no user"),
        ("socket-group", "no such group", "no group"),
        ("allowed-users", "root, no such user", "no user"),
        ("manage-users", "no such user", "no user"),
    ],
)
def test_who_does_not_exist_is_named(setting: str, value: str, reason: str, tmp_path: Path) -> None:
    words = ("--app", OURS, "--socket", str(tmp_path / "s"), f"--{setting}", value)
    for more in ((), ("--check-config",)):
        done = run_dirty("serve", *words, *more)
        assert done.returncode == 1
        assert done.stderr.startswith(f"Error: {setting}")
        assert reason in done.stderr
        assert list(tmp_path.iterdir()) == []


def test_the_rules_alone() -> None:
    apps = (parse_app_spec(OURS),)
    config = Config(apps=apps, socket_path="s", allowed_users="7", manage_users="8")
    access = Access.of(config)
    assert not access.may_call(6)
    assert [uid for uid in (7, 8) if access.may_call(uid)] == [7, 8]
    assert not access.may_manage(7)
    assert access.may_manage(8)
    assert access.may_call(0)
    assert access.may_manage(os.geteuid())
    with pytest.raises(ConfigError):
        Access.of(Config(apps=apps, socket_path="s", socket_mode="1777"))
