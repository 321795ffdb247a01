"""A large request, and a disk that is full, gone, slow or cut: it is told, and nobody waits."""

from __future__ import annotations

import asyncio
import os
import queue
import resource
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import FileIO
from pathlib import Path

import pytest

import gdproto
from dirty_runtime import DirtyClient, DirtyError
from dirty_runtime.arbiter.clients.connection import ClientConnection
from dirty_runtime.arbiter.turns import Turns
from dirty_runtime.sockets.spool import Spool
from dirty_runtime.testing import started
from tests.dirty_runtime.processes import (
    LIMIT_S,
    OURS,
    ROOT,
    Arbiter,
    dirty,
    wait_until,
    wait_until_logged,
)
from tests.dirty_runtime.test_questions import Desk, Peer

MIB = 2**20


@pytest.fixture(scope="module")
def tmpdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spools")


@pytest.fixture(scope="module")
def arbiter(tmpdir: Path) -> Iterator[Arbiter]:
    words = dirty("serve", "--app", OURS, "--workers", "1", "--socket", "SOCKET")
    with started(words, directory=ROOT, environment={"TMPDIR": str(tmpdir)}) as arbiter:
        arbiter.wait_ready()
        yield arbiter
        assert arbiter.stop() == 0
        assert "Traceback" not in arbiter.log.read_text()


def files(arbiter: Arbiter) -> list[str]:
    """Those without a name that it has open."""
    found = []
    for one in Path(f"/proc/{arbiter.process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.append(os.readlink(one))
    return [one for one in found if one.endswith("(deleted)")]


def limited(arbiter: Arbiter, what: int, soft: int) -> Callable[[], object]:
    """Limit the arbiter. Returns what gives it back what it had."""
    before = resource.prlimit(arbiter.process.pid, what)
    resource.prlimit(arbiter.process.pid, what, (soft, before[1]))
    return lambda: resource.prlimit(arbiter.process.pid, what, before)


def full(arbiter: Arbiter, tmpdir: Path) -> Callable[[], object]:
    return limited(arbiter, resource.RLIMIT_FSIZE, 8 * MIB)


def out_of_descriptors(arbiter: Arbiter, tmpdir: Path) -> Callable[[], object]:
    # Fewer than it has.
    return limited(arbiter, resource.RLIMIT_NOFILE, 8)


def gone(arbiter: Arbiter, tmpdir: Path) -> Callable[[], object]:
    shutil.rmtree(tmpdir)
    return tmpdir.mkdir


@pytest.mark.proves("GD-SEC-013")
@pytest.mark.parametrize("happens", [full, out_of_descriptors, gone])
def test_no_room_is_told_and_what_was_taken_is_given_back(
    arbiter: Arbiter, tmpdir: Path, happens: Callable[[Arbiter, Path], Callable[[], object]]
) -> None:
    with DirtyClient(arbiter.socket_path, LIMIT_S, memfd_min_bytes=0) as client:
        assert client.execute(OURS, "echo", 1)["args"] == [1]
        mend = happens(arbiter, tmpdir)
        try:
            with pytest.raises(DirtyError, match="no room for a large request"):
                client.execute(OURS, "echo", bytes(20 * MIB))
            assert files(arbiter) == []
            assert client.execute(OURS, "echo", 2)["args"] == [2]
        finally:
            mend()
        large = bytes(4 * MIB)
        assert client.execute(OURS, "echo", large)["args"] == [large]
    wait_until_logged(arbiter, "no room for a large request")
    wait_until(lambda: files(arbiter) == [], lambda: f"still open: {files(arbiter)}")


def test_a_file_that_somebody_cut_ends_its_connection_alone() -> None:
    ours, theirs = socket.socketpair()
    spool = Spool()
    spool.append(bytes(1000))
    os.truncate(spool._file.fileno(), 0)
    with ours, theirs:
        sent = spool.send(ours, 0)
        assert not spool.send(ours, sent)
        with pytest.raises(OSError, match="cut"):
            spool.read(sent)


def test_a_disk_that_stands_keeps_nobody_else_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is a pipe that nobody reads: who writes there stands until somebody does."""
    exit_, entry = os.pipe()
    monkeypatch.setattr("tempfile.TemporaryFile", lambda buffering: FileIO(entry, "w"))

    async def test() -> None:
        desk, clock = Desk(), asyncio.get_running_loop().time
        peers = []
        for _ in range(2):
            ours, theirs = socket.socketpair()
            peers.append((ClientConnection(ours, desk, clock, Turns()), Peer(theirs)))
        (writing, uploading), (other, asking) = peers
        frame = gdproto.Header(gdproto.MessageCode.REQUEST, 8 * MIB, 1).to_bytes()
        async with asyncio.timeout(LIMIT_S):
            upload = asyncio.create_task(
                asyncio.get_running_loop().sock_sendall(uploading.socket, frame + bytes(4 * MIB))
            )
            while not writing._is_held:
                await asyncio.sleep(0.001)
            for _ in range(10):
                assert await asking.reply_to(await asking.get("key")) == "key"
            assert not upload.done()
            upload.cancel()
            writing.abort()
            other.abort()
            os.close(exit_)
        for _, peer in peers:
            peer.socket.close()

    asyncio.run(test())


def test_the_file_of_what_is_over_is_closed_by_a_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: queue.Queue[threading.Thread] = queue.Queue()

    class File(FileIO):
        def close(self) -> None:
            if not self.closed:
                closed.put(threading.current_thread())
            super().close()

    monkeypatch.setattr(tempfile, "TemporaryFile", lambda buffering: File(tmp_path / "f", "w+"))
    spool = Spool()
    spool.append(b"some")
    del spool
    assert closed.get(timeout=LIMIT_S) is not threading.current_thread()
