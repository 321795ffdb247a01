"""An exchange of a small frame, in C and in Python, and when a channel waits for it awake."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import multiprocessing
import os
import resource
import select
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import gdproto
from dirty_runtime import DirtyClient, DirtyConnectionError, DirtyTimeoutError
from dirty_runtime.client import sync
from dirty_runtime.client.answers import Deadline
from dirty_runtime.client.large import Large
from dirty_runtime.sockets import round_trip as implementations
from dirty_runtime.sockets.passing import MEMFD
from tests.backlog import full_backlog

LIMIT_S = 20.0
AWAKE_S = 0.001

RoundTrip = Callable[[socket.socket, bytes, float], bytes]


def round_trips() -> list[Any]:
    found = {"python": implementations.round_trip_in_python}
    if implementations.round_trip is not implementations.round_trip_in_python:
        found["c"] = implementations.round_trip
    return [pytest.param(one, id=name) for name, one in found.items()]


@pytest.fixture(params=round_trips())
def round_trip(request: pytest.FixtureRequest) -> RoundTrip:
    one: RoundTrip = request.param
    return one


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


Pair = tuple[socket.socket, socket.socket]
BOTH_WAYS = pytest.mark.parametrize("awake_s", [0.0, AWAKE_S], ids=["asleep", "awake"])


def test_the_c_one_was_built() -> None:
    if gdproto.IMPLEMENTATION == "c":
        assert implementations.round_trip is not implementations.round_trip_in_python


@BOTH_WAYS
@pytest.mark.parametrize(
    ("answer", "first"),
    [(b"yes", b"yes"), (bytes(20_000), bytes(16_384))],
    ids=["small", "large"],
)
def test_an_answer(
    round_trip: RoundTrip, pair: Pair, awake_s: float, answer: bytes, first: bytes
) -> None:
    ours, theirs = pair
    theirs.sendall(answer)
    assert round_trip(ours, b"question", awake_s) == first
    assert theirs.recv(100) == b"question"


@BOTH_WAYS
def test_a_frame_that_the_kernel_takes_in_parts(
    round_trip: RoundTrip, pair: Pair, awake_s: float
) -> None:
    ours, theirs = pair
    frame = os.urandom(1 << 20)
    came = bytearray()

    def serve() -> None:
        while len(came) < len(frame):
            came.extend(theirs.recv(1 << 16))
        theirs.sendall(b"yes")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert round_trip(ours, frame, awake_s) == b"yes"
    thread.join(LIMIT_S)
    assert came == frame


@BOTH_WAYS
def test_a_peer_that_is_gone(round_trip: RoundTrip, pair: Pair, awake_s: float) -> None:
    ours, theirs = pair
    theirs.close()
    with pytest.raises(BrokenPipeError):
        round_trip(ours, b"question", awake_s)


@BOTH_WAYS
def test_a_peer_that_sends_no_more(round_trip: RoundTrip, pair: Pair, awake_s: float) -> None:
    ours, theirs = pair
    theirs.shutdown(socket.SHUT_WR)
    assert round_trip(ours, b"question", awake_s) == b""


@BOTH_WAYS
def test_a_peer_that_leaves_without_reading(
    round_trip: RoundTrip, pair: Pair, awake_s: float
) -> None:
    ours, theirs = pair

    def leave() -> None:
        # It has been asked.
        select.select([theirs], [], [], LIMIT_S)
        theirs.close()

    leaver = threading.Thread(target=leave)
    leaver.start()
    with pytest.raises(ConnectionResetError):
        round_trip(ours, b"question", awake_s)
    leaver.join()


@BOTH_WAYS
def test_the_time_is_over(round_trip: RoundTrip, pair: Pair, awake_s: float) -> None:
    ours, _ = pair
    ours.settimeout(0.01)
    with pytest.raises(TimeoutError):
        round_trip(ours, b"question", awake_s)


@BOTH_WAYS
def test_the_time_is_over_before_all_is_taken(
    round_trip: RoundTrip, pair: Pair, awake_s: float
) -> None:
    ours, _ = pair
    ours.settimeout(0.01)
    with pytest.raises(TimeoutError):
        round_trip(ours, bytes(1 << 22), awake_s)


def _read_and_answer_later(theirs: socket.socket, times: int) -> None:
    for _ in range(times):
        # Who asked is to be asleep by then, which nothing tells.
        time.sleep(0.01)
        theirs.recv(100)
        time.sleep(0.01)
        theirs.sendall(b"yes")


@pytest.mark.parametrize("timeout_s", [None, LIMIT_S], ids=["no limit", "limit"])
def test_it_is_woken_once(round_trip: RoundTrip, pair: Pair, timeout_s: float | None) -> None:
    ours, theirs = pair
    ours.settimeout(timeout_s)
    times = 10
    # A process of its own, which shares no lock with this one.
    peer = multiprocessing.get_context("fork").Process(
        target=_read_and_answer_later, args=(theirs, times), daemon=True
    )
    peer.start()
    sleeps = []
    for _ in range(times):
        before = resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
        assert round_trip(ours, b"question", 0.0) == b"yes"
        sleeps.append(resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw - before)
    peer.join(LIMIT_S)
    assert min(sleeps) == 1


class Rung(Exception):
    """A signal came while it was waited for."""


@contextlib.contextmanager
def ringing(handle: Callable[[], None]) -> Iterator[None]:
    """Within the block this thread gets a signal again and again: one may come before it sleeps."""
    before = signal.signal(signal.SIGUSR2, lambda number, frame: handle())
    is_over, thread = threading.Event(), threading.get_ident()

    def ring() -> None:
        while not is_over.wait(0.02):
            signal.pthread_kill(thread, signal.SIGUSR2)

    ringer = threading.Thread(target=ring)
    ringer.start()
    try:
        yield
    finally:
        is_over.set()
        ringer.join()
        signal.signal(signal.SIGUSR2, before)


@BOTH_WAYS
def test_a_signal_is_handled_and_waited_on(
    round_trip: RoundTrip, pair: Pair, awake_s: float
) -> None:
    ours, theirs = pair
    handled = []

    def handle() -> None:
        handled.append(True)
        # The second, at the earliest: it went on waiting after the first.
        if len(handled) == 2:
            theirs.sendall(b"yes")

    with ringing(handle):
        assert round_trip(ours, b"question", awake_s) == b"yes"
    assert len(handled) >= 2
    assert theirs.recv(100) == b"question", "it is sent once"


@BOTH_WAYS
def test_a_signal_may_end_it(round_trip: RoundTrip, pair: Pair, awake_s: float) -> None:
    ours, theirs = pair
    is_waiting = False

    def handle() -> None:
        nonlocal is_waiting
        # It is asked, and has not been answered: nowhere else may it be thrown.
        if is_waiting and select.select([theirs], [], [], 0)[0]:
            is_waiting = False
            raise Rung

    is_waiting = True
    with ringing(handle), pytest.raises(Rung):
        round_trip(ours, b"question", awake_s)


@pytest.mark.parametrize(
    "arguments", [(), (None, b"", 0.0), (1, "text", 0.0), (1, b"", "soon")], ids=str
)
def test_what_is_no_round_trip(round_trip: RoundTrip, arguments: tuple[Any, ...]) -> None:
    with pytest.raises((TypeError, AttributeError)):
        round_trip(*arguments)


# --- the channel ---


class Peer:
    """An arbiter that answers every STATUS but those with the ids that it was told.

    Memory may be passed to it.
    """

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.ignores: int | None = None
        self.leaves_at: int | None = None
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        connection = gdproto.Connection("arbiter")
        with self._listener, self._listener.accept()[0] as peer:
            while data := peer.recv(4096):
                connection.receive_data(data)
                while isinstance(event := connection.next_event(), gdproto.MessageReceived):
                    if event.request_id == self.leaves_at:
                        return
                    if event.request_id != self.ignores:
                        told = {"extensions": [MEMFD]}
                        peer.sendall(connection.send(gdproto.Response(event.request_id, told)))

    def end(self) -> None:
        """Return when the thread has ended."""
        self._thread.join(LIMIT_S)
        assert not self._thread.is_alive()


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Peer]:
    one = Peer(tmp_path / "s")
    yield one
    one.end()


def ask(channel: sync.Channel, request_id: int, timeout_s: float = LIMIT_S) -> gdproto.Message:
    return answer(channel, gdproto.Status(request_id), timeout_s)


def answer(
    channel: sync.Channel, message: gdproto.Message, timeout_s: float = LIMIT_S
) -> gdproto.Message:
    deadline = Deadline(timeout_s)
    assert channel.send(message, deadline)
    return channel.receive(deadline)


class Clock:
    """Time that passes by exchanges alone, which are noted: how long they may stay awake."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, processors: int, takes_s: float) -> None:
        self.now_s = 0.0
        self.takes_s = takes_s
        self.waits: list[tuple[float, int]] = []
        monkeypatch.setattr(sync, "processors", lambda: processors)
        monkeypatch.setattr(time, "monotonic", lambda: self.now_s)
        monkeypatch.setattr(sync, "round_trip", self._noting)

    def _noting(
        self, connected: socket.socket, frame: bytes, awake_s: float, *passed: list[int]
    ) -> bytes:
        self.waits.append((awake_s, len(passed)))
        self.now_s += self.takes_s
        return implementations.round_trip(connected, frame, 0.0, *passed)


@pytest.mark.parametrize("was_large", [False, True], ids=["small", "once large"])
@pytest.mark.parametrize(
    ("processors", "takes_s", "awake_s"),
    [(2, 0.0, sync.AWAKE_S), (2, sync.QUICK_S, 0.0), (1, 0.0, 0.0)],
    ids=["quick", "slow", "one processor"],
)
def test_it_waits_awake_after_a_quick_answer(
    peer: Peer,
    monkeypatch: pytest.MonkeyPatch,
    processors: int,
    takes_s: float,
    awake_s: float,
    was_large: bool,
) -> None:
    clock = Clock(monkeypatch, processors, takes_s)
    large = Large(itertools.count(100), None)
    large.was_seen = was_large
    with closing(sync.Channel(peer.path, Deadline(LIMIT_S), large)) as channel:
        ask(channel, 1)
        ask(channel, 2)
    # Who was told that memory may be passed takes some at any time.
    assert clock.waits == [(0.0, was_large), (awake_s, was_large)]


@pytest.mark.parametrize("is_quick", [True, False], ids=["quick", "slow"])
def test_for_what_memory_was_passed_it_waits_awake_for_longer(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, is_quick: bool
) -> None:
    takes_s = sync.QUICK_S if is_quick else sync.QUICK_PASSED_S
    clock = Clock(monkeypatch, 2, takes_s)
    large = Large(itertools.count(100), 1024)
    with closing(sync.Channel(peer.path, Deadline(LIMIT_S), large)) as channel:
        for number in (1, 2):
            answer(channel, gdproto.Request(number, "m:App", "look", [bytes(1 << 20)], {}))
        ask(channel, 3)
    awake_s = sync.AWAKE_PASSED_S if is_quick else 0.0
    assert clock.waits == [(0.0, True), (awake_s, True), (0.0, True)]


def test_an_answer_that_stays_away(peer: Peer) -> None:
    peer.ignores = 2
    with closing(sync.Channel(peer.path, Deadline(LIMIT_S))) as channel:
        ask(channel, 1)
        with pytest.raises(DirtyTimeoutError, match=r"0\.05 s"):
            ask(channel, 2, 0.05)
        assert not channel.is_clean


def test_an_arbiter_that_leaves(peer: Peer) -> None:
    peer.leaves_at = 2
    with closing(sync.Channel(peer.path, Deadline(LIMIT_S))) as channel:
        ask(channel, 1)
        with pytest.raises(DirtyConnectionError, match="closed the connection"):
            ask(channel, 2)


def test_no_descriptor_for_a_connection_is_told(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left() -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as patch:
        patch.setattr(sync, "unix_socket", none_left)
        with pytest.raises(DirtyConnectionError, match="Too many open files"):
            sync.Channel(peer.path, Deadline(LIMIT_S))
    sync.Channel(peer.path, Deadline(LIMIT_S)).close()


@pytest.mark.parametrize(
    ("seconds", "parts"), [(1.5, (1, 500_000)), (0.0, (0, 1)), (3.0, (3, 1)), (1e-9, (0, 1))]
)
def test_a_limit_is_never_none(seconds: float, parts: tuple[int, int]) -> None:
    assert struct.unpack("@ll", sync.timeval(seconds)) == parts


def test_a_copy_of_the_process_connects_once_more_and_keeps_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        channels = sync.Channels(str(tmp_path / "s"))
        channels.open(Deadline(LIMIT_S))
        (before,) = channels._idle
        # As after a fork.
        monkeypatch.setattr(sync, "_generation", sync._generation + 1)
        for _ in range(2):
            channels.open(Deadline(LIMIT_S))
            (kept,) = channels._idle
            assert kept is not before
        channels.open(Deadline(LIMIT_S))
        assert channels._idle == [kept]
        channels.close()


@pytest.mark.parametrize("face", ["execute", "stream", "execute_async", "stream_async"])
def test_where_nobody_takes_it_the_time_is_over(tmp_path: Path, face: str) -> None:
    path = str(tmp_path / "s")

    def call() -> None:
        called: Any = getattr(DirtyClient(path, 0.1), face)("m:App", "act")
        if face == "stream":
            next(called)
        elif face.endswith("_async"):
            asyncio.run(anext(called) if face == "stream_async" else called)

    with full_backlog(path), pytest.raises(DirtyTimeoutError, match=r"within 0\.1 s"):
        call()


def test_a_time_that_is_over_is_told_also_where_nobody_serves_any_more(tmp_path: Path) -> None:
    path = tmp_path / "s"

    async def call() -> None:
        client = DirtyClient(str(path), 0.05)
        await client.connect_async()
        path.unlink()
        await client.execute_async("m:App", "act")

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with pytest.raises(DirtyTimeoutError, match=r"within 0\.05 s"):
            asyncio.run(call())
