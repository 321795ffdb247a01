"""The client's, the worker's and the arbiter's share of small calls, each alone in this process.

Rules: nobody else runs, waits or is woken, so that a share takes the same steps at every run. What
its peers say is there before it looks, on sockets that keep what is sent apart: a read brings one
frame, as it mostly does.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any

import gdproto
from dirty_runtime import DirtyApp, DirtyClient
from dirty_runtime.app import AppSpec
from dirty_runtime.arbiter.arbiter import DirtyArbiter
from dirty_runtime.arbiter.clients.connection import ClientConnection
from dirty_runtime.arbiter.event_loop import new_event_loop
from dirty_runtime.arbiter.policy.life import State
from dirty_runtime.arbiter.workers.lane import Lane
from dirty_runtime.settings import Config
from dirty_runtime.worker.lane import LaneServer
from dirty_runtime.worker.loop import EventLoop

APP = "m:Adder"
TIMEOUT_S = 30.0
# Of a share, in one go: their answers must find room in a socket.
CALLS = 50
ROOM_BYTES = 4 << 20

Share = Callable[[AbstractContextManager[object]], None]
"""Does its part of CALLS calls inside of what it is given."""


class Adder(DirtyApp):
    """Adds."""

    def add(self, one: int, other: int) -> int:
        return one + other


def requests(first: int = 1) -> list[bytes]:
    numbers, fields = range(first, first + CALLS), (APP, "add", (1, 2), {}, TIMEOUT_S)
    return [gdproto.Request(number, *fields).to_bytes() for number in numbers]


def answers(first: int = 1) -> list[bytes]:
    return [gdproto.Response(number, 3).to_bytes() for number in range(first, first + CALLS)]


def ends() -> tuple[socket.socket, socket.socket]:
    """Two ends that take much at once, and keep what is sent apart."""
    pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in pair:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ROOM_BYTES)
    return pair


@contextmanager
def client_share() -> Iterator[Share]:
    """What a DirtyClient does, which does not stay awake for its answers."""
    with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{directory}/socket")
        listener.listen()
        arbiter, ours = ends()
        with arbiter, DirtyClient(f"{directory}/socket", TIMEOUT_S) as client:
            client._ids = itertools.count(1)
            channel = client._channels._idle[0]
            with closing(channel._socket):
                channel._socket = type(channel._socket)(fileno=ours.detach())
            channel._limit_s, channel._has_processors = 0.0, False
            made = 0

            def call(counted: AbstractContextManager[object]) -> None:
                nonlocal made
                for answer in answers(made + 1):
                    arbiter.send(answer)
                made += CALLS
                with counted:
                    for _ in range(CALLS):
                        client.execute(APP, "add", 1, 2)
                for _ in range(CALLS):
                    arbiter.recv(4096)

            yield call


@contextmanager
def worker_share() -> Iterator[Share]:
    """What a worker's lane does, its end included."""

    def serve(counted: AbstractContextManager[object]) -> None:
        arbiter, theirs = ends()
        with arbiter:
            lane = LaneServer(theirs.detach(), {APP: Adder()}, EventLoop())
            for request in requests():
                arbiter.send(request)
            arbiter.shutdown(socket.SHUT_WR)
            with counted:
                lane.serve()
            lane.close()

    yield serve


class Quiet:
    """A worker as its lane sees it, to which nothing that it is told means anything."""

    pid = 1
    state = State.READY
    apps = (APP,)

    def __init__(self) -> None:
        self.lanes: list[Lane] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *facts: None

    def call_answered(self, failed: bool) -> None:
        """It has answered a call."""


@contextmanager
def arbiter_share() -> Iterator[Share]:
    """What an arbiter does, but for its event loop; and what its peers do meanwhile."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        ours, client = socket.socketpair()
        connection, lane = runner.run(connected(ours))
        worker = lane.worker_end

        async def relay(counted: AbstractContextManager[object]) -> None:
            assert lane._link is not None
            told = list(zip(requests(), answers(), strict=True))
            from_client, from_worker = connection._link._read, lane._link._read
            with counted:
                for request, answer in told:
                    client.send(request)
                    from_client()
                    worker.recv(4096)
                    worker.send(answer)
                    from_worker()
                    client.recv(4096)

        with client, worker:
            yield lambda counted: runner.run(relay(counted))


async def connected(client: socket.socket) -> tuple[ClientConnection, Lane]:
    """An arbiter's ends of a client, and of the one lane of a worker that is ready."""
    arbiter = DirtyArbiter(Config((AppSpec(APP, None),), "unused"))
    worker: Any = Quiet()
    lane = Lane(worker, arbiter.dispatcher, arbiter._clock)
    worker.lanes.append(lane)
    lane.open()
    assert lane._link is not None
    lane.worker_end.recv(4096)
    lane.worker_end.send(gdproto.Response(1, {}).to_bytes())
    lane._link._read()
    arbiter.dispatcher.worker_ready(worker)
    dispatcher, clock, turns = arbiter.dispatcher, arbiter._clock, arbiter.turns
    return ClientConnection(client, dispatcher, clock, turns), lane


SHARES = {"client": client_share, "worker": worker_share, "arbiter": arbiter_share}
