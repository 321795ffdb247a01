"""The flow control of streams, from a worker's lane through an arbiter to a client, in any order.

Rules: sockets and loop are real, worker and clients are played. Whatever a client does not read,
the arbiter holds little for it; nothing is lost, changed or late; and who reads waits for nobody.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import ExitStack, suppress
from unittest.mock import patch

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import gdproto
from dirty_runtime.app import AppSpec
from dirty_runtime.arbiter.arbiter import DirtyArbiter
from dirty_runtime.arbiter.clients import connection
from dirty_runtime.arbiter.clients.connection import ClientConnection
from dirty_runtime.arbiter.policy.life import State
from dirty_runtime.arbiter.policy.restarts import Cause
from dirty_runtime.arbiter.workers import lane as lanes
from dirty_runtime.arbiter.workers.lane import Answer, Lane
from dirty_runtime.settings import Config
from dirty_runtime.sockets import link, transfer
from dirty_runtime.sockets.small import SMALL_BYTES

APP = "m:A"
# All is a tenth as large here, so that little is much.
HIGH, LOW, READ, WHOLE = 24_000, 6_000, 8_000, 20_000
SIZES = st.sampled_from([1, 3_000, 15_000])
ROUNDS = 2000


class Client:
    """Who calls: a socket, and what came on it."""

    def __init__(self, arbiter: DirtyArbiter) -> None:
        ours, self.socket = socket.socketpair()
        self.socket.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        self.connection = gdproto.Connection("client")
        self.came: dict[int, list[gdproto.Message]] = {}
        # What was given up, and has ended.
        self.ended: set[int] = set()
        self.there = ClientConnection(
            ours, arbiter.dispatcher, asyncio.get_running_loop().time, arbiter.turns
        )

    def call(self, request_id: int) -> None:
        self.came[request_id] = []
        self.send(gdproto.Request(request_id, APP, "act"))

    def send(self, message: gdproto.Message) -> None:
        self.socket.sendall(self.connection.send(message))

    def read(self, count: int) -> None:
        """Take so many bytes at most."""
        with suppress(BlockingIOError):
            self.connection.receive_data(self.socket.recv(count))
        for event in self.connection.events():
            if isinstance(event, gdproto.ExchangeEnded):
                self.ended.add(event.request_id)
            else:
                assert isinstance(event, gdproto.MessageReceived), event
                self.came[event.message.request_id].append(event.message)


class Thread:
    """A worker's thread: the far end of a lane, and what it still has to write."""

    def __init__(self, worker: Worker, arbiter: DirtyArbiter) -> None:
        self.lane = Lane(worker, arbiter.dispatcher, asyncio.get_running_loop().time)
        self.socket = self.lane.worker_end
        self.socket.setblocking(False)
        self.connection = gdproto.Connection("worker")
        self.runs: int | None = None
        self.outbox = b""
        self.lane.open()

    def read(self) -> None:
        """Take what the arbiter says, and write what it takes."""
        with suppress(BlockingIOError):
            self.connection.receive_data(self.socket.recv(100_000))
        for event in self.connection.events():
            assert isinstance(event, gdproto.MessageReceived), event
            request_id = event.message.request_id
            if isinstance(event.message, gdproto.Status):
                told = {"apps": [APP], "extensions": ["cancel"]}
                self.write(gdproto.Response(request_id, told))
            elif isinstance(event.message, gdproto.Request):
                self.runs = request_id
            elif self.runs == request_id:
                self.write(gdproto.Error(request_id, "DirtyCancelledError", "given up"))
                self.runs = None
        self.flush()

    def write(self, message: gdproto.Message) -> None:
        self.outbox += self.connection.send(message)
        self.flush()

    def flush(self) -> None:
        with suppress(BlockingIOError):
            while self.outbox:
                self.outbox = self.outbox[self.socket.send(self.outbox[:4000]) :]


class Worker:
    """Whom the lanes belong to, as far as they look at it."""

    pid, slot, age = 7, 0, 1
    state = State.READY
    apps = (APP,)

    def __init__(self) -> None:
        self.lanes: list[Lane] = []

    def condemn(self, reason: str, grace_s: float, cause: Cause) -> None:
        raise AssertionError(reason)

    def lane_let_go(self) -> None: ...
    def call_answered(self, failed: bool) -> None: ...

    def status_answered(self, lane: Lane, answer: gdproto.Message) -> None: ...

    def lane_broke(self, lane: Lane, reason: str, answers: list[Answer]) -> None:
        raise AssertionError(reason)

    def lane_closed(self, lane: Lane) -> None: ...


class Flow(RuleBasedStateMachine):
    """Two clients, three threads of a worker, and an arbiter between them."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        for module, name, value in (
            (link, "HIGH_WATER_BYTES", HIGH),
            (link, "LOW_WATER_BYTES", LOW),
            (link, "RECEIVE_BYTES", READ),
            (link, "MORE_BYTES", READ),
            (transfer, "SEND_BUFFER_BYTES", 4096),
            (connection, "KEPT_IN_MEMORY_BYTES", WHOLE),
            # At once: else it would depend on how fast this runs what is kept in files.
            (connection, "PASSING_S", 0),
            (lanes, "KEPT_IN_MEMORY_BYTES", WHOLE),
        ):
            self.stack.enter_context(patch.object(module, name, value))
        self.loop = asyncio.new_event_loop()
        self.stack.callback(self.loop.close)
        self.count = 0
        # What was written for each call, and whose it is.
        self.sent: dict[int, list[gdproto.Message]] = {}
        self.caller: dict[int, Client] = {}
        self.given_up: set[int] = set()
        self.loop.run_until_complete(self.open())
        self.turn()

    async def open(self) -> None:
        config = Config((AppSpec(APP, None),), socket_path="unused")
        self.arbiter = DirtyArbiter(config)
        self.clients = [Client(self.arbiter) for _ in range(2)]
        worker = Worker()
        self.threads = [Thread(worker, self.arbiter) for _ in range(3)]
        worker.lanes += [thread.lane for thread in self.threads]
        while not all(lane.ready for lane in worker.lanes):
            for thread in self.threads:
                thread.read()
            await asyncio.sleep(0)
        self.arbiter.dispatcher.worker_ready(worker)  # type: ignore[arg-type]

    def turn(self, count: int = 3) -> None:
        """Turns of the loop, after each of which the worker's threads read and write."""
        for _ in range(count):
            self.loop.run_until_complete(self.turned())
            for thread in self.threads:
                thread.read()

    async def turned(self) -> None:
        """One turn, and as many more as a thread needs that writes a file."""
        await asyncio.sleep(0)
        while any(thread.lane.is_held for thread in self.threads):
            await asyncio.sleep(0)

    def running(self, request_id: int) -> Thread | None:
        return next((one for one in self.threads if one.runs == request_id), None)

    def say(self, message: gdproto.Message) -> None:
        thread = self.running(message.request_id)
        assert thread is not None
        self.sent[message.request_id].append(message)
        thread.write(message)

    @rule(number=st.integers(0, 1))
    def call(self, number: int) -> None:
        self.count += 1
        self.sent[self.count] = []
        self.caller[self.count] = self.clients[number]
        self.clients[number].call(self.count)
        self.turn()

    def draw(self, data: st.DataObject) -> int:
        """One of the calls that run."""
        return data.draw(st.sampled_from([one.runs for one in self.threads if one.runs]))

    runs = precondition(lambda self: any(one.runs for one in self.threads))

    @runs
    @rule(data=st.data(), size=SIZES, count=st.integers(1, 6))
    def chunks(self, data: st.DataObject, size: int, count: int) -> None:
        request_id = self.draw(data)
        for _ in range(count):
            body = bytes([len(self.sent[request_id]) % 256]) * size
            self.say(gdproto.Chunk(request_id, body))
        self.turn()

    @runs
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        request_id = self.draw(data)
        thread = self.running(request_id)
        assert thread is not None
        if self.sent[request_id]:
            self.say(gdproto.End(request_id))
        else:
            self.say(gdproto.Response(request_id, bytes([request_id % 256]) * 70_000))
        thread.runs = None
        self.turn()

    @runs
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        request_id = self.draw(data)
        if request_id in self.given_up:
            return
        self.given_up.add(request_id)
        self.caller[request_id].send(gdproto.Cancel(request_id))
        self.turn()

    @rule(number=st.integers(0, 1), count=st.sampled_from([100, 5_000, 40_000]))
    def read(self, number: int, count: int) -> None:
        self.clients[number].read(count)
        self.turn()

    @invariant()
    def little_is_held(self) -> None:
        for client in self.clients:
            there = client.there._link
            held = sum(map(len, there._waiting)) - there._sent
            assert held == there.waiting_bytes
            held -= there.waiting_in_files
            # Three lanes may each have read once more, and a frame may be under way. What small
            # frames are read into is as large as ever.
            assert held <= HIGH + 3 * (max(READ, SMALL_BYTES) + WHOLE)

    @invariant()
    def what_came_is_what_was_sent(self) -> None:
        for request_id, sent in self.sent.items():
            came = self.caller[request_id].came[request_id]
            assert came == sent[: len(came)]

    def is_complete(self, request_id: int) -> bool:
        client = self.caller[request_id]
        if request_id in self.given_up:
            return request_id in client.ended
        return len(client.came[request_id]) == len(self.sent[request_id])

    def teardown(self) -> None:
        # One reads to its end while the other reads nothing; those that wait are started.
        try:
            for client in self.clients:
                mine = [one for one, caller in self.caller.items() if caller is client]
                for _ in range(ROUNDS):
                    if all(map(self.is_complete, mine)):
                        break
                    self.turn(1)
                    client.read(50_000)
                assert all(map(self.is_complete, mine)), "it reads, and something does not come"
                self.what_came_is_what_was_sent()
        finally:
            self.loop.run_until_complete(self.close())
            self.stack.close()

    async def close(self) -> None:
        for client in self.clients:
            client.there.abort()
            client.socket.close()
        for thread in self.threads:
            thread.lane.close()
            thread.socket.close()
        await asyncio.sleep(0)
        await asyncio.sleep(0)


TestFlow = Flow.TestCase
TestFlow.settings = settings(max_examples=40, stateful_step_count=30)
