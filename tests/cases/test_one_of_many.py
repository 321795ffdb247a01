"""What fails for one client, call or worker is told of that one, and done for the others."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from types import SimpleNamespace
from typing import Any

import pytest

import gdproto
from dirty_runtime import DirtyCancelledError, DirtyError, DirtyWorkerError
from dirty_runtime.arbiter.calls import Call, Calls
from dirty_runtime.arbiter.clients.door import Door
from dirty_runtime.arbiter.clock import Clock
from dirty_runtime.arbiter.dispatch import Dispatcher
from dirty_runtime.arbiter.policy.crowd import Rest
from dirty_runtime.arbiter.policy.life import State
from dirty_runtime.arbiter.policy.routing import Router
from dirty_runtime.arbiter.telemetry.counters import Counters
from dirty_runtime.arbiter.telemetry.observer import Observers
from dirty_runtime.arbiter.turns import Turns
from dirty_runtime.settings import AppSpec, Config
from dirty_runtime.sockets.link import Link

APP = "m:A"
LIMIT_S = 30.0


class Did:
    """Notes what it is asked to do, and fails at one thing."""

    def __init__(self, fails_at: str = "", **attributes: Any) -> None:
        self.did: list[str] = []
        self.told: list[Any] = []
        self._fails_at = fails_at
        vars(self).update(attributes)

    def __getattr__(self, name: str) -> Any:
        def do(*facts: Any) -> None:
            self.did.append(name)
            self.told += facts
            if name == self._fails_at:
                raise ZeroDivisionError(name)

        return do


def worker_with(lane: Did) -> Any:
    worker = Did(pid=7, state=State.READY, lanes=[lane])
    vars(lane).update(worker=worker, paused=False, heard_s=0.0)
    # It takes one exchange: it is its own place.
    vars(lane).update(places=(lane,), apps=None, group=(worker, None))
    vars(worker).update(places=(lane,))
    return worker


class Desk:
    """A dispatcher, its calls, and lanes of which each is a worker's."""

    def __init__(self) -> None:
        self.router: Any = Router((APP,))
        self.calls: Any = Calls(self.router)
        door: Any = SimpleNamespace(moved=None, calmed=None, unread_s=0, extra={}, is_calm=True)
        catalogue: Any = SimpleNamespace(kills_on_cancel=lambda path: False, fill=lambda path: 0)
        nobody: Any = None
        self.dispatcher = Dispatcher(
            self.calls, self.router, catalogue, door, nobody, nobody, Observers(()), Counters(()),
            1.0, 0, 0, {}, Clock(), Turns(),
        )  # fmt: skip
        self.called: list[Any] = []

    def call(self, fails_at: str = "") -> Did:
        """A call by a client of its own, which is returned."""
        client = Did(fails_at)
        self.wait_for(client)
        return client

    def wait_for(self, client: Any, timeout_s: float | None = None) -> None:
        """Have the client call; one that has `calls` knows of it."""
        peeked = gdproto.RequestPeek(APP, "go", timeout_s, 0)
        header = gdproto.Header(int(gdproto.MessageCode.REQUEST), 3, 1)
        self.called.append(Call(peeked, header, b"...", client, 0.0))
        if isinstance(client.calls, dict):
            client.calls[1] = self.called[-1]
        self.dispatcher.called(self.called[-1])

    def lane(self, fails_at: str = "") -> Did:
        lane = Did(fails_at)
        worker = worker_with(lane)
        vars(worker).update(apps=(APP,))
        return lane

    def ready(self, *lanes: Did) -> None:
        worker = Did(pid=8, state=State.READY, lanes=list(lanes), apps=(APP,))
        self.dispatcher.worker_ready(worker)  # type: ignore[arg-type]


def error_of(client: Did) -> DirtyError:
    assert client.did == ["fail"]
    error: DirtyError = client.told[1]
    return error


def is_logged(caplog: pytest.LogCaptureFixture) -> bool:
    return "ZeroDivisionError" in caplog.text


def test_limits_of_one_client_are_parts_of_those_of_all() -> None:
    dispatcher, apps = Desk().dispatcher, (AppSpec(APP, None, ""),)
    more = {"max_memfd_bytes": 1000, "max_queue_share": 25, "max_memfds": 7}
    dispatcher.limit_passed(Config(apps, "/s", **more))
    assert dispatcher.limits_of_passed == (250, 7)
    assert dispatcher.passed.has_room(1000, 99)
    assert not dispatcher.passed.has_room(1001, 1)


def test_a_start_that_fails_is_its_calls(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    clients = [desk.call() for _ in range(3)]
    lanes = [desk.lane(fails_at) for fails_at in ("", "request", "")]
    desk.ready(*lanes)
    assert [lane.did.count("request") for lane in lanes] == [1, 1, 1]
    assert [client.did for client in clients] == [[], ["fail"], []]
    assert type(error_of(clients[1])) is DirtyWorkerError
    # How that lane is, nobody knows.
    assert lanes[1].worker.did == ["condemn"]
    assert "condemn" not in lanes[0].worker.did + lanes[2].worker.did
    assert is_logged(caplog)


def test_a_client_that_cannot_be_told_is_let_go(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    clients = [desk.call(fails_at) for fails_at in ("", "fail", "")]
    asyncio.run(desk.dispatcher.stop())
    assert [client.did for client in clients] == [["fail"], ["fail", "abort"], ["fail"]]
    assert is_logged(caplog)


def test_who_cannot_even_be_let_go_keeps_nobody(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    client, other = desk.call("fail"), desk.call()

    def abort() -> None:
        raise ZeroDivisionError

    vars(client).update(abort=abort)
    asyncio.run(desk.dispatcher.stop())
    assert other.did == ["fail"]
    assert is_logged(caplog)


def test_a_lane_that_cannot_be_cancelled_ends_its_worker(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    lane, client = desk.lane("cancel"), desk.call()
    desk.ready(lane)
    desk.dispatcher.cancelled(desk.called[0])
    assert type(error_of(client)) is DirtyCancelledError
    assert lane.worker.did == ["condemn"]
    assert is_logged(caplog)


def test_a_lane_that_cannot_be_closed_keeps_no_other(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    lanes = [desk.lane("close"), desk.lane()]
    desk.ready(*lanes)
    worker: Any = SimpleNamespace(places=lanes)
    desk.dispatcher.worker_leaves(worker)
    assert [lane.did for lane in lanes] == [["close"], ["close"]]
    assert lanes[0].worker.did == ["condemn"]
    assert is_logged(caplog)


def test_an_answer_that_cannot_be_handed_on_is_its_clients(
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = Desk()
    lane: Any = desk.lane()
    client, other = desk.call("forward"), desk.call()
    desk.ready(lane)
    header = gdproto.Header(int(gdproto.MessageCode.RESPONSE), 0, 1)
    desk.dispatcher.lane_answered(lane, [(header, b"", True)])
    assert client.did == ["forward", "abort"]
    assert lane.did.count("request") == 2
    assert "condemn" not in lane.worker.did
    desk.dispatcher.lane_answered(lane, [(header, b"", True)])
    assert other.did == ["forward"]
    assert is_logged(caplog)


def test_who_is_overdue_goes_though_another_cannot(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        config = Config((AppSpec(APP, None),), "unused", idle_timeout_s=0.01)
        door = Door(config, lambda: (), Clock())
        facts: dict[str, Any] = {"descriptor": 0, "uid": 1, "pid": 1, "peer": (1, 1)}
        facts |= {"waits": False, "rests_now": lambda: (Rest.IDLE, False)}
        clients = [Did(at, **facts) for at in ("", "let_go", "")]
        for client in clients:
            door.came(client)  # type: ignore[arg-type]
        async with asyncio.timeout(LIMIT_S):
            while not all(client.did for client in clients):
                await asyncio.sleep(0.001)
        assert [client.did[0] for client in clients] == ["let_go"] * 3

    asyncio.run(test())
    assert is_logged(caplog)


@pytest.mark.parametrize("fails_at", ["received", "resume_writing", "waiting_changed"])
def test_a_link_that_fails_is_told_as_lost(fails_at: str, caplog: pytest.LogCaptureFixture) -> None:
    """So that its lane does not wait for ever."""

    async def test() -> None:
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        events = Did()
        link = Link(ours, gdproto.Connection("arbiter", raw=True), events)  # type: ignore[arg-type]
        large = bytes(8 * 2**20)
        link.write(large)
        vars(events).update(_fails_at=fails_at)
        theirs.send(gdproto.Status(1).to_bytes())
        async with asyncio.timeout(LIMIT_S):
            while "lost" not in events.did:
                await asyncio.sleep(0)
                with contextlib.suppress(BlockingIOError):
                    theirs.recv(2**20)
        assert isinstance(events.told[-1], OSError)
        theirs.close()

    asyncio.run(test())
    assert is_logged(caplog)
