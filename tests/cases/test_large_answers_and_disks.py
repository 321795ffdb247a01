"""A large answer that is kept, and a disk that stands: nobody else waits, and nothing is lost.

Rules: sockets and loop are real, worker and clients are played. The disk stands until the test says
otherwise: what is written waits at a gate.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

import gdproto
from dirty_runtime.app import AppSpec
from dirty_runtime.arbiter.arbiter import DirtyArbiter
from dirty_runtime.arbiter.clients.connection import ClientConnection
from dirty_runtime.arbiter.policy.life import State
from dirty_runtime.arbiter.policy.restarts import Cause
from dirty_runtime.arbiter.watch import SilenceWatch
from dirty_runtime.arbiter.workers import lane as lanes
from dirty_runtime.arbiter.workers.lane import Answer, Lane
from dirty_runtime.settings import Config
from dirty_runtime.sockets import spool
from tests.dirty_runtime.processes import LIMIT_S

APP = "m:A"
LARGE = bytes(100_000)
ONE = {"exchanges": 1, "extensions": ["cancel", "flow"]}
SEVERAL = ONE | {"exchanges": 2}
KINDS = pytest.mark.parametrize("told", [{}, SEVERAL], ids=["one exchange", "several"])


class Disk:
    """Takes what is written when it goes."""

    def __init__(self) -> None:
        self.goes = threading.Event()
        self.is_asked = threading.Event()

    def wait(self) -> None:
        self.is_asked.set()
        # On the loop, nobody would let it go.
        assert threading.current_thread() is not threading.main_thread(), "the loop waits for it"
        assert self.goes.wait(LIMIT_S)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return standing(monkeypatch, spool.Spool, "append")


@pytest.fixture
def at_last(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """It stands when all of a frame has come."""
    return standing(monkeypatch, spool.Spooler, "whole")


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """It stands when what it has taken is to be read, of which nothing is in memory any more."""
    monkeypatch.setattr(spool.Spool, "_has", lambda *_: False)
    return standing(monkeypatch, spool.Spool, "read")


def standing(monkeypatch: pytest.MonkeyPatch, kind: type, method: str) -> Disk:
    disk, act = Disk(), getattr(kind, method)

    def slow(self: Any, data: bytes | memoryview) -> Any:
        disk.wait()
        return act(self, data)

    monkeypatch.setattr(kind, method, slow)
    monkeypatch.setattr(spool, "HELD_BYTES", 1000)
    monkeypatch.setattr(lanes, "KEPT_IN_MEMORY_BYTES", 10_000)
    return disk


class Worker:
    """Whom the lanes belong to, as far as they look at it."""

    pid, slot, age = 7, 0, 1
    apps = (APP,)

    def __init__(self) -> None:
        self.state = State.READY
        self.lanes: list[Lane] = []
        self.condemned: list[str] = []

    @property
    def places(self) -> list[Any]:
        return [place for lane in self.lanes for place in lane.places]

    def condemn(self, reason: str, grace_s: float, cause: Cause) -> None:
        self.condemned.append(reason)

    def lane_let_go(self) -> None: ...
    def call_answered(self, failed: bool) -> None: ...
    def status_answered(self, lane: Lane, answer: gdproto.Message) -> None: ...
    def lane_closed(self, lane: Lane) -> None: ...

    def lane_broke(self, lane: Lane, reason: str, answers: list[Answer]) -> None:
        raise AssertionError(reason)


class Peer:
    """The far end of a socket that the arbiter has, read and written by this test."""

    def __init__(self, end: socket.socket, role: Any) -> None:
        end.setblocking(False)
        self.socket = end
        self.connection = gdproto.Connection(role)

    async def send(self, message: gdproto.Message) -> None:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self.socket, self.connection.send(message))

    async def next(self) -> gdproto.Message:
        loop = asyncio.get_running_loop()
        while True:
            event = self.connection.next_event()
            if isinstance(event, gdproto.MessageReceived):
                return event.message
            if event is gdproto.NEED_DATA:
                self.connection.receive_data(await loop.sock_recv(self.socket, 65536))


class Stage:
    """An arbiter with a worker of two lanes, and two clients.

    Attributes:
        threads: the worker's ends of the lanes.
        calls: for each client, the far end of the lane that runs its call, and its id there.
    """

    def __init__(self, told: dict[str, Any]) -> None:
        self.arbiter = DirtyArbiter(Config((AppSpec(APP, None),), socket_path="unused"))
        self.worker: Any = Worker()
        self.told = {"apps": [APP], **told}
        self.threads: list[Peer] = []
        self.clients: list[Peer] = []
        self.ends: list[ClientConnection] = []

    async def begin(self) -> None:
        dispatcher, clock = self.arbiter.dispatcher, asyncio.get_running_loop().time
        for _ in range(2):
            lane = Lane(self.worker, dispatcher, clock)
            self.worker.lanes.append(lane)
            self.threads.append(Peer(lane.worker_end, "worker"))
            lane.open()
            status = await self.threads[-1].next()
            await self.threads[-1].send(gdproto.Response(status.request_id, self.told))
            ours, theirs = socket.socketpair()
            self.clients.append(Peer(theirs, "client"))
            self.ends.append(ClientConnection(ours, dispatcher, clock, self.arbiter.turns))
        while not all(lane.ready for lane in self.worker.lanes):
            await asyncio.sleep(0)
        dispatcher.worker_ready(self.worker)

    async def call(self, number: int) -> tuple[Peer, int]:
        """A client calls. Returns the end of the lane that has its call, and the id there."""
        await self.clients[number].send(gdproto.Request(1, APP, "act"))
        comes = [asyncio.ensure_future(thread.next()) for thread in self.threads]
        (done,), others = await asyncio.wait(comes, return_when=asyncio.FIRST_COMPLETED)
        for other in others:
            other.cancel()
        request = done.result()
        assert isinstance(request, gdproto.Request)
        return self.threads[comes.index(done)], request.request_id

    async def end(self) -> None:
        for client in self.ends:
            client.abort()
        for lane in self.worker.lanes:
            lane.close()
        for peer in (*self.threads, *self.clients):
            peer.socket.close()
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def stage(told: dict[str, Any]) -> AsyncIterator[Stage]:
    async with asyncio.timeout(LIMIT_S):
        one = Stage(told)
        await one.begin()
        try:
            yield one
        finally:
            await one.end()


async def asked(disk: Disk) -> None:
    while not disk.is_asked.is_set():
        await asyncio.sleep(0.001)


async def kept(one: Stage, disk: Disk) -> tuple[Peer, int]:
    """The first client's call has a large CHUNK for an answer, which the disk does not take."""
    lane, number = await one.call(0)
    await lane.send(gdproto.Chunk(number, LARGE))
    await asked(disk)
    return lane, number


async def answered_quickly(one: Stage) -> Peer:
    """The second client's call is answered at once; returns the lane on which it was."""
    lane, number = await one.call(1)
    await lane.send(gdproto.Response(number, "quick"))
    assert await one.clients[1].next() == gdproto.Response(1, "quick")
    return lane


@KINDS
def test_others_are_served_and_then_all_of_it_is_there(told: dict[str, Any], disk: Disk) -> None:
    async def test() -> None:
        async with stage(told) as one:
            lane, number = await kept(one, disk)
            assert await answered_quickly(one) is not lane
            await lane.send(gdproto.End(number))
            disk.goes.set()
            assert await one.clients[0].next() == gdproto.Chunk(1, LARGE)
            assert await one.clients[0].next() == gdproto.End(1)

    asyncio.run(test())


@KINDS
def test_others_are_served_while_it_is_read(told: dict[str, Any], unread: Disk) -> None:
    async def test() -> None:
        async with stage(told) as one:
            lane, number = await kept(one, unread)
            assert await answered_quickly(one) is not lane
            unread.goes.set()
            assert await one.clients[0].next() == gdproto.Chunk(1, LARGE)
            await lane.send(gdproto.End(number))
            assert await one.clients[0].next() == gdproto.End(1)
            assert one.ends[0]._kept == (0, 0)


def test_who_leaves_while_it_is_read_is_no_fault(
    unread: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        async with stage({}) as one:
            await kept(one, unread)
            one.ends[0].abort()
            unread.goes.set()
            # All threads are free only when that has been read.
            loop, all_of_them = asyncio.get_running_loop(), threading.Barrier(4)
            waits = (loop.run_in_executor(spool.READING, all_of_them.wait) for _ in range(4))
            await asyncio.gather(*waits)
            await asyncio.sleep(0)

    asyncio.run(test())
    assert caplog.messages == []


@KINDS
def test_what_is_given_up_meanwhile_ends_once(told: dict[str, Any], at_last: Disk) -> None:
    """Its last frame is with the disk: there is nothing left to cancel at the worker."""

    async def test() -> None:
        async with stage(told) as one:
            lane, number = await one.call(0)
            details = {"text": LARGE.decode()}
            await lane.send(gdproto.Error(number, "DirtyAppError", "large", details))
            await asked(at_last)
            loop, cancel = asyncio.get_running_loop(), gdproto.Cancel(1).to_bytes()
            await loop.sock_sendall(one.clients[0].socket, cancel)
            answer = await one.clients[0].next()
            assert isinstance(answer, gdproto.Error)
            assert answer.error_type == "DirtyCancelledError"
            assert one.arbiter.router.busy_of(one.worker.places) == 1
            at_last.goes.set()
            # The place is free.
            while one.arbiter.router.busy_of(one.worker.places):
                await asyncio.sleep(0)
            there, id_there = await one.call(1)
            await there.send(gdproto.Response(id_there, "next"))
            assert await one.clients[1].next() == gdproto.Response(1, "next")

    asyncio.run(test())


@pytest.mark.parametrize("told", [ONE, SEVERAL], ids=["one exchange", "several"])
def test_nothing_is_left_of_what_is_given_up_half_way(told: dict[str, Any], disk: Disk) -> None:
    async def test() -> None:
        async with stage(told) as one:
            loop = asyncio.get_running_loop()
            lane, number = await one.call(0)
            frame = lane.connection.send(gdproto.Chunk(number, LARGE))
            await loop.sock_sendall(lane.socket, frame[:-1])
            await asked(disk)
            disk.goes.set()
            await loop.sock_sendall(one.clients[0].socket, gdproto.Cancel(1).to_bytes())
            assert isinstance(await one.clients[0].next(), gdproto.Error)
            assert await lane.next() == gdproto.Cancel(number)
            await loop.sock_sendall(lane.socket, frame[-1:])
            await lane.send(gdproto.Error(number, "DirtyCancelledError", "given up"))
            while one.arbiter.router.busy_of(one.worker.places):
                await asyncio.sleep(0)
            # Each place has another call, that one too.
            for _ in one.worker.places:
                await answered_quickly(one)

    asyncio.run(test())


@KINDS
def test_what_a_worker_left_behind_is_taken_though_it_is_gone(
    told: dict[str, Any], disk: Disk
) -> None:
    async def test() -> None:
        async with stage(told) as one:
            lane, number = await kept(one, disk)
            await lane.send(gdproto.End(number))
            one.worker.state = State.GONE
            for thread in one.threads:
                thread.socket.close()
            one.arbiter.dispatcher.worker_gone(one.worker, "killed by a test")
            assert not one.arbiter.calls.is_quiet
            disk.goes.set()
            assert await one.clients[0].next() == gdproto.Chunk(1, LARGE)
            assert await one.clients[0].next() == gdproto.End(1)
            while not one.arbiter.calls.is_quiet or one.arbiter.router.lane_count:
                await asyncio.sleep(0)

    asyncio.run(test())


@KINDS
def test_a_call_whose_worker_dies_meanwhile_fails_when_the_disk_goes(
    told: dict[str, Any], disk: Disk
) -> None:
    async def test() -> None:
        async with stage(told) as one:
            await kept(one, disk)
            for thread in one.threads:
                thread.socket.close()
            one.arbiter.dispatcher.worker_gone(one.worker, "killed by a test")
            disk.goes.set()
            assert await one.clients[0].next() == gdproto.Chunk(1, LARGE)
            last = await one.clients[0].next()
            assert isinstance(last, gdproto.Error)
            assert (last.error_type, "killed by a test" in last.message) == (
                "DirtyWorkerError",
                True,
            )

    asyncio.run(test())


@KINDS
def test_a_disk_that_stands_is_no_silence_of_the_worker(told: dict[str, Any], disk: Disk) -> None:
    async def test() -> None:
        async with stage(told) as one:
            # Before that it may be silent for so long.
            await kept(one, disk)
            dispatcher, looked = one.arbiter.dispatcher, 0
            watch = dispatcher._silence = SilenceWatch(0.02, dispatcher, one.arbiter._clock)
            look = watch._look

            def counted(place: Any) -> None:
                nonlocal looked
                looked += 1
                look(place)

            watch._look = counted  # type: ignore[method-assign]
            (place,) = one.arbiter.calls.running
            watch.watch(place)
            while looked < 4:
                await asyncio.sleep(0.001)
            assert one.worker.condemned == []
            disk.goes.set()
            assert await one.clients[0].next() == gdproto.Chunk(1, LARGE)
            # From then on it is the worker who says nothing.
            while not one.worker.condemned:
                await asyncio.sleep(0.001)

    asyncio.run(test())
