"""Descriptors are taken by what flows, not by what is announced; some are left for who comes."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import resource
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dirty_runtime.arbiter.clients.access import Access
from dirty_runtime.arbiter.clients.listener import Listener
from dirty_runtime.sockets import descriptors as descriptors_kept
from dirty_runtime.sockets.spool import HELD_BYTES
from tests.cases.test_client_limits import HEADER, clients, connected, opened
from tests.dirty_runtime.processes import LIMIT_S, OURS, Arbiter, serving, wait_until

__all__ = ["opened"]
SEVERAL = 20
# So many the arbiter may have; a quarter of them is kept back.
MOST = 256


@pytest.fixture(scope="module")
def arbiter() -> Iterator[Arbiter]:
    with serving(OURS) as arbiter:
        yield arbiter


def descriptors(arbiter: Arbiter) -> int:
    return len(os.listdir(f"/proc/{arbiter.process.pid}/fd"))


@pytest.mark.parametrize("sent", [0, HELD_BYTES // 2], ids=["a header", "and a little more"])
def test_a_frame_that_does_not_flow_takes_none(
    arbiter: Arbiter, opened: contextlib.ExitStack, sent: int
) -> None:
    wait_until(lambda: clients(arbiter) == 0)
    before = descriptors(arbiter)
    several = [connected(arbiter, opened, HEADER + bytes(sent)) for _ in range(SEVERAL)]
    # Whoever asks now is heard behind them.
    wait_until(lambda: clients(arbiter) == SEVERAL)
    with arbiter.client() as client:
        assert client.execute(OURS, "echo", 1)["args"] == [1]
    wait_until(lambda: descriptors(arbiter) <= before + len(several))


@pytest.mark.proves("GD-SEC-013")
@pytest.mark.parametrize("sent", [b"", HEADER, HEADER + bytes(2 * HELD_BYTES)])
def test_who_comes_is_let_in_though_others_have_them_all(
    arbiter: Arbiter, opened: contextlib.ExitStack, sent: bytes
) -> None:
    pid = arbiter.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (MOST, before[1]))
    try:
        for _ in range(2 * MOST):
            with contextlib.suppress(ConnectionError):
                connected(arbiter, opened, sent)
        with arbiter.client(timeout=LIMIT_S) as client:
            assert client.execute(OURS, "echo", 1)["args"] == [1]
        # What is kept back is there still, but for what comes and goes: a thread closes files.
        wait_until(lambda: descriptors(arbiter) < MOST * 3 // 4 + MOST // 16)
        assert "no connection can be taken" not in arbiter.log.read_text()
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


async def let_in(directory: Path, make_room: Callable[[], bool]) -> None:
    """Return when a client has been let in by a listener of its own."""
    came: asyncio.Queue[socket.socket] = asyncio.Queue()
    listener = Listener(str(directory / "s"), Access(0o600, -1, -1, None, frozenset()))
    listener.accept(came.put_nowait, make_room)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(listener.path)
        async with asyncio.timeout(LIMIT_S):
            (await came.get()).close()
    listener.close()


def test_who_comes_is_let_in_though_a_thread_took_what_was_made_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(number: int) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(descriptors_kept, "is_scarce", lambda number: True)
    monkeypatch.setattr(os, "dup", refused)
    asyncio.run(let_in(tmp_path, lambda: True))


def test_another_goes_where_a_thread_left_but_one_that_is_kept_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms: list[bool] = []

    def make_room() -> bool:
        rooms.append(True)
        return True

    monkeypatch.setattr(descriptors_kept, "is_scarce", lambda number: len(rooms) < 3)
    asyncio.run(let_in(tmp_path, make_room))
    assert len(rooms) == 3
