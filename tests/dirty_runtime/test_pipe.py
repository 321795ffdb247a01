"""Bytes that pass within the kernel: pipes, and who uses them."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import FileIO
from pathlib import Path

import pytest

import gdproto
from dirty_runtime.sockets import link, pipe
from dirty_runtime.sockets.link import Link
from dirty_runtime.sockets.pipe import Pipe
from dirty_runtime.sockets.spool import Spooler

from .processes import LIMIT_S

DATA = random.Random(0).randbytes(3_000_000)

pytestmark = pytest.mark.skipif(not pipe.AVAILABLE, reason="the system has no splice")


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Where bytes are put in, and where they come out, without blocking."""
    entry, source = socket.socketpair()
    source.setblocking(False)
    with entry, source:
        yield entry, source


Pair = tuple[socket.socket, socket.socket]


def test_a_pipe(pair: Pair) -> None:
    entry, source = pair
    taken = Pipe()
    with pytest.raises(BlockingIOError):
        taken.fill(source, 100)
    entry.sendall(DATA[:5000])
    assert taken.fill(source, 1000) == 1000
    assert taken.fill(source, 10_000) == 4000
    assert len(taken) == 5000
    assert taken.send(entry) == 5000
    assert source.recv(10_000) == DATA[:5000]
    assert not taken
    entry.sendall(DATA[:5000])
    entry.shutdown(socket.SHUT_WR)
    taken.fill(source, 5000)
    assert taken.read() == DATA[:5000]
    assert not taken
    assert taken.fill(source, 100) == 0


def test_its_descriptors_go_with_it() -> None:
    before = set(os.listdir("/proc/self/fd"))
    made = Pipe()
    assert len(os.listdir("/proc/self/fd")) == len(before) + 2
    del made
    assert set(os.listdir("/proc/self/fd")) == before


# --- spools ---


def in_file(monkeypatch: pytest.MonkeyPatch, path: Path, mode: str) -> None:
    """Have spools in a file that has a name, from the first part on."""
    monkeypatch.setattr("dirty_runtime.sockets.spool.HELD_BYTES", -1)
    monkeypatch.setattr("tempfile.TemporaryFile", lambda buffering: FileIO(path, mode))


@pytest.mark.parametrize("mode", ["w+", "a+"], ids=["takes pipes", "takes bytes alone"])
def test_a_spool_takes_what_was_added_and_poured(
    pair: Pair, mode: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    entry, source = pair
    in_file(monkeypatch, tmp_path / "spool", mode)
    spooler = Spooler()
    through = Pipe()
    assert spooler.pour(source, 100, through) == 0, "the first part is to be added"
    spooler.add(DATA[:100])
    entry.sendall(DATA[100:50_000])
    at = 100
    while at < 50_000:
        at += spooler.pour(source, 7000, through)
    spooler.add(DATA[at : at + 10])
    spool = spooler.whole(DATA[at + 10 : at + 20])
    assert len(spool) == 50_020
    assert spool.view() == DATA[:50_020]


def test_a_disk_that_becomes_full_is_told_at_the_end(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry, source = pair
    in_file(monkeypatch, Path("/dev/full"), "w")
    spooler = Spooler()
    spooler.add(b"")
    entry.sendall(DATA[:5000])
    through = Pipe()
    assert spooler.pour(source, 2000, through) == 2000
    assert spooler.pour(source, 2000, through) == 0, "what is lost is read and forgotten"
    spooler.add(source.recv(5000))
    with pytest.raises(OSError, match="No space left"):
        spooler.whole(b"")


# --- streams ---


class Listener:
    """Whoever listens to a link that is poured into."""

    def __init__(self) -> None:
        self.told = asyncio.Event()
        self.paused = asyncio.Event()
        self.resumed = asyncio.Event()
        self.gone = asyncio.Event()

    def received(self) -> None:
        self.told.set()

    def ended(self) -> None:
        self.gone.set()

    def lost(self, error: OSError | None) -> None:
        self.gone.set()

    def pause_writing(self) -> None:
        self.paused.set()

    def resume_writing(self) -> None:
        self.resumed.set()

    def waiting_changed(self) -> None: ...


def run(test: Callable[[Link, Listener, socket.socket], object]) -> None:
    """The test with a link, its listener, and the other end, which takes little at once."""

    async def running() -> None:
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        listener = Listener()
        with theirs:
            target = Link(ours, gdproto.Connection("arbiter", raw=True), listener)
            made = test(target, listener, theirs)
            if asyncio.iscoroutine(made):
                await asyncio.wait_for(made, LIMIT_S)
            target.abort()

    asyncio.run(running())


async def received(theirs: socket.socket, count: int) -> bytes:
    """As many bytes, in small pieces."""
    theirs.setblocking(False)
    data = b""
    while len(data) < count:
        data += await asyncio.get_running_loop().sock_recv(theirs, 50_000)
    return data


@pytest.mark.parametrize("capacity", [4096, pipe.CAPACITY_BYTES])
def test_what_a_link_is_given_comes_in_order(
    pair: Pair, capacity: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry, source = pair
    monkeypatch.setattr(pipe, "CAPACITY_BYTES", capacity)

    async def test(target: Link, listener: Listener, theirs: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        entry.setblocking(False)
        sending = asyncio.create_task(loop.sock_sendall(entry, DATA))
        reading = asyncio.create_task(received(theirs, len(DATA) + 10))
        target.write(b"before")
        at, through = 0, Pipe()
        while at < len(DATA):
            try:
                at += target.pour(source, len(DATA) - at, through)
            except BlockingIOError:
                await asyncio.sleep(0)
        target.write(b"last")
        assert await reading == b"before" + DATA + b"last"
        await sending

    run(test)


def test_what_is_written_between_two_that_pour_stays_there(pair: Pair) -> None:
    entry, source = pair

    async def test(target: Link, listener: Listener, theirs: socket.socket) -> None:
        for _ in range(3):
            entry.sendall(DATA[:50_000])
            at, through = 0, Pipe()
            while at < 50_000:
                at += target.pour(source, 50_000, through)
            target.write(b"between")
        expected = (DATA[:50_000] + b"between") * 3
        assert await received(theirs, len(expected)) == expected

    run(test)


def test_no_pipe_is_kept_after_a_frame(pair: Pair) -> None:
    entry, source = pair

    async def test(target: Link, listener: Listener, theirs: socket.socket) -> None:
        before = len(os.listdir("/proc/self/fd"))
        entry.sendall(DATA[:100_000])
        assert target.pour(source, 100_000, Pipe()) == 100_000
        await received(theirs, 100_000)
        assert len(os.listdir("/proc/self/fd")) == before

    run(test)


def test_where_there_is_no_descriptor_for_a_pipe_bytes_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none_left(flags: int) -> tuple[int, int]:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "pipe2", none_left)

    async def test(target: Link, listener: Listener, theirs: socket.socket) -> None:
        assert Pipe.made() is None
        target.pour_into(Spooler())
        theirs.sendall(DATA[:100])
        await listener.told.wait()
        assert not target.is_closing

    run(test)


def test_a_link_holds_back_whoever_pours(pair: Pair) -> None:
    entry, source = pair
    entry.setblocking(False)

    async def test(target: Link, listener: Listener, theirs: socket.socket) -> None:
        at, poured, through = 0, 0, Pipe()
        while not listener.paused.is_set():
            at += entry.send(DATA[at : at + 50_000])
            poured += target.pour(source, len(DATA), through)
        assert poured == at
        assert poured < 2 * link.HIGH_WATER_BYTES
        assert await received(theirs, poured) == DATA[:poured]
        await listener.resumed.wait()

    run(test)


def test_a_full_pipe_holds_back_too(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    entry, source = pair
    monkeypatch.setattr(pipe, "CAPACITY_BYTES", 4096)
    entry.sendall(DATA[:100_000])

    async def test(target: Link, listener: Listener, theirs: socket.socket) -> None:
        poured, through = 0, Pipe()
        with suppress(BlockingIOError):
            while True:
                poured += target.pour(source, 100_000, through)
        assert listener.paused.is_set()
        assert await received(theirs, poured) == DATA[:poured]
        await listener.resumed.wait()

    run(test)


def test_nothing_is_poured_into_a_link_that_closes(pair: Pair) -> None:
    entry, source = pair
    entry.sendall(DATA[:100])

    def test(target: Link, listener: Listener, theirs: socket.socket) -> None:
        target.close()
        assert target.pour(source, 100, Pipe()) == 0
        assert source.recv(200) == DATA[:100]

    run(test)


def test_nothing_is_poured_after_the_end_of_writing(pair: Pair) -> None:
    entry, source = pair
    entry.sendall(DATA[:100])

    def test(target: Link, listener: Listener, theirs: socket.socket) -> None:
        target.write_eof()
        assert target.pour(source, 100, Pipe()) == 0
        target.write(b"nor written")
        assert not target.is_closing
        assert source.recv(200) == DATA[:100]
        assert theirs.recv(100) == b""

    run(test)


def test_a_reader_that_left_ends_the_link(pair: Pair) -> None:
    entry, source = pair
    entry.sendall(DATA[:100])

    async def test(target: Link, listener: Listener, theirs: socket.socket) -> None:
        theirs.close()
        assert target.pour(source, 100, Pipe()) == 100, "it is lost, as what is written would be"
        await listener.gone.wait()
        assert target.is_closing

    run(test)
