"""What a peer passes may take any time to close: a socket that lingers, memory that is to be freed.

Rules: nobody waits for it but a thread, whether it was agreed to be passed, came where nothing may
come, or was never read. A system that would close within a read what is not taken lets it not in.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, suppress

import pytest

import gdproto
from dirty_runtime import StashClient
from dirty_runtime.sockets.link import MOST_PASSED, Link
from dirty_runtime.sockets.passing import SEALS, Descriptors, Parcel, send_passing
from dirty_runtime.testing import Arbiter, running

APP = "tests.acceptance.app:Service"
# How long it would be waited for, and how long others may wait.
LINGERS_S = 60
LIMIT_S = 20.0
MIB = 2**20


@pytest.fixture(scope="module")
def arbiter() -> Iterator[Arbiter]:
    with running(APP, workers=1) as arbiter:
        yield arbiter


@pytest.fixture
def peers() -> Iterator[ExitStack]:
    """The other ends of what lingers: it ends with them."""
    with ExitStack() as peers:
        yield peers


def lingering(peers: ExitStack) -> socket.socket:
    """A socket whose last close waits for a peer that reads nothing."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        ours = socket.create_connection(listening.getsockname())
        peers.enter_context(listening.accept()[0])
    ours.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            ours.send(bytes(MIB))
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, LINGERS_S))
    return ours


def passes(sender: socket.socket, data: bytes, one: socket.socket) -> None:
    """Send it with the socket, which only the receiver has then."""
    try:
        send_passing(sender, data, [one.fileno()])
    except (PermissionError, ConnectionError):
        # It is not let in, or the receiver has closed before.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))
    one.close()


REQUEST = gdproto.Request(2, APP, "pid").to_bytes()


def beginning(size: int) -> bytes:
    """Of a REQUEST of so many bytes, what is enough to have a place for the rest."""
    head = gdproto.encode({"app_path": APP, "action": "size", "args": [bytes(size)]})
    return gdproto.Header(gdproto.MessageCode.REQUEST, len(head), 2).to_bytes() + head[:100_000]


WAYS = {
    "with a frame": (True, b"", REQUEST),
    "unasked": (False, b"", REQUEST),
    "inside of a frame": (True, beginning(MIB), bytes(1000)),
    "inside of a large frame": (True, beginning(10 * MIB), bytes(1000)),
    "behind a fault": (True, b"no frame, but text" * 10, REQUEST),
}


@pytest.mark.parametrize("way", WAYS)
def test_nobody_waits_for_what_lingers(arbiter: Arbiter, peers: ExitStack, way: str) -> None:
    asks, before, data = WAYS[way]
    liar = peers.enter_context(socket.socket(socket.AF_UNIX))
    liar.settimeout(LIMIT_S)
    liar.connect(arbiter.socket_path)
    with StashClient(arbiter.socket_path, LIMIT_S) as other:
        if asks:
            liar.sendall(gdproto.Status(1).to_bytes())
            liar.recv(65536)
        one = lingering(peers)
        liar.sendall(before)
        # What came before is taken.
        other.exists("t", "k")
        os.kill(arbiter.process.pid, signal.SIGSTOP)
        try:
            passes(liar, data, one)
        finally:
            os.kill(arbiter.process.pid, signal.SIGCONT)
        # Behind what was passed, and again behind what that has begun.
        for _ in range(3):
            other.exists("t", "k")


class Nobody:
    """Is told of a link, and does nothing."""

    def received(self) -> None: ...
    def ended(self) -> None: ...
    def lost(self, error: OSError | None) -> None: ...
    def pause_writing(self) -> None: ...
    def resume_writing(self) -> None: ...
    def waiting_changed(self) -> None: ...


async def aborts(link: Link) -> None:
    link.abort()


async def reads(link: Link) -> None:
    link.take_none()
    # Its turn has come, and another one.
    for _ in range(2):
        await asyncio.sleep(0)


@pytest.mark.parametrize("act", [aborts, reads])
def test_a_link_waits_for_nothing_that_lingers(
    peers: ExitStack, act: Callable[[Link], Awaitable[None]]
) -> None:
    async def running() -> None:
        ours, theirs = map(peers.enter_context, socket.socketpair(socket.AF_UNIX))
        link = Link(ours, gdproto.Connection("arbiter"), Nobody())
        link.take_descriptors()
        passes(theirs, REQUEST, lingering(peers))
        await act(link)

    done = threading.Thread(target=asyncio.run, args=(running(),), daemon=True)
    done.start()
    done.join(LIMIT_S)
    assert not done.is_alive()


def sealed_memory() -> int:
    number = os.memfd_create("a", os.MFD_ALLOW_SEALING)
    os.write(number, b"a")
    fcntl.fcntl(number, fcntl.F_ADD_SEALS, SEALS)
    return number


def test_what_is_held_back_goes_when_what_was_passed_has_been_read() -> None:
    async def passed() -> int:
        loop, came = asyncio.get_running_loop(), 0
        ours, theirs = socket.socketpair(socket.AF_UNIX)
        theirs.settimeout(LIMIT_S)
        link = Link(ours, gdproto.Connection("arbiter"), Nobody())
        count = 2 * MOST_PASSED
        for _ in range(count):
            link.write(Parcel(b"a", Descriptors([sealed_memory()])))
        # As many as may be unread are sent, one in a turn of the loop.
        for _ in range(2 * count):
            await asyncio.sleep(0)
        assert link.waiting_bytes > 0
        with theirs:
            while came < count:
                _, numbers, *_ = await loop.run_in_executor(None, socket.recv_fds, theirs, 1, 1)
                assert len(numbers) == 1
                os.close(numbers[0])
                came += 1
        link.abort()
        return came

    assert asyncio.run(passed()) == 2 * MOST_PASSED
