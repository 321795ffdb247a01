"""A worker's lane alone, spoken to in raw frames."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

import gdproto
from dirty_runtime import current_request
from dirty_runtime.worker.lane import ArbiterAtFault, ArbiterGone, LaneServer
from dirty_runtime.worker.loop import EventLoop

from .kinds import Ours
from .processes import LIMIT_S, wait_until

APP = "kinds:Ours"
READY = {"apps": [APP]}


class Patient(Ours):
    """Waits to be given up, and knows whether it was."""

    was_given_up = False

    def ask(self) -> None:
        wait_until(lambda: current_request().cancelled, limit_s=LIMIT_S / 3)
        self.was_given_up = True

    async def sleep(self) -> None:
        try:
            await asyncio.sleep(LIMIT_S / 3)
        except asyncio.CancelledError:
            self.was_given_up = True
            raise

    def knows(self) -> bool:
        return self.was_given_up


@pytest.fixture
def peer() -> Iterator[socket.socket]:
    """The arbiter's end of a lane that is served by a thread."""
    app = Patient()
    app.init()
    ours, theirs = socket.socketpair()
    ours.settimeout(LIMIT_S)
    lane = LaneServer(theirs.detach(), {APP: app}, EventLoop())
    ours.sendall(gdproto.Status(1).to_bytes())

    def serve() -> None:
        with contextlib.closing(lane), contextlib.suppress(ArbiterGone):
            lane.answer_status(READY, None)
            lane.serve()

    thread = threading.Thread(target=serve)
    thread.start()
    with ours:
        assert answer(ours, 1) == gdproto.Response(1, READY)
        yield ours
    thread.join(LIMIT_S)
    assert not thread.is_alive()


def answer(peer: socket.socket, request_id: int) -> gdproto.Message:
    """The terminal message of the exchange."""
    connection = gdproto.Connection("client")
    # What the client opened, without sending it again.
    connection.send(gdproto.Request(request_id, APP, "any"))
    while True:
        event = connection.next_event()
        if event is gdproto.NEED_DATA:
            connection.receive_data(peer.recv(65536))
        elif isinstance(event, gdproto.MessageReceived) and event.ended:
            return event.message


@pytest.mark.parametrize("action", ["count", "count_later"])
def test_a_cancel_that_comes_with_its_request_is_seen(peer: socket.socket, action: str) -> None:
    request = gdproto.Request(7, APP, action, (10**12,)).to_bytes()
    peer.sendall(request + gdproto.Cancel(7).to_bytes())
    last = answer(peer, 7)
    assert isinstance(last, gdproto.Error)
    assert last.error_type == "DirtyCancelledError"
    peer.sendall(gdproto.Request(8, APP, "echo", (1,)).to_bytes())
    assert answer(peer, 8) == gdproto.Response(8, {"args": [1], "kwargs": {}})


@pytest.mark.parametrize("action", ["count", "count_later"])
def test_a_fault_in_a_frame_of_what_runs_ends_it(peer: socket.socket, action: str) -> None:
    fails_by_a_frame(peer, gdproto.Request(7, APP, action, (10**12,)))
    # It counts no longer.
    peer.sendall(gdproto.Request(8, APP, "echo", (1,)).to_bytes())
    assert answer(peer, 8) == gdproto.Response(8, {"args": [1], "kwargs": {}})


@pytest.mark.parametrize("action", ["ask", "sleep"])
def test_what_sends_nothing_learns_of_a_fault_in_its_frames(
    peer: socket.socket, action: str
) -> None:
    fails_by_a_frame(peer, gdproto.Request(7, APP, action))
    peer.sendall(gdproto.Request(8, APP, "knows").to_bytes())
    assert answer(peer, 8) == gdproto.Response(8, True)


def fails_by_a_frame(peer: socket.socket, request: gdproto.Request) -> None:
    """Send the request, and a frame of its exchange that has a byte too much."""
    cancel = gdproto.Cancel(7).to_bytes()
    header = gdproto.Header(cancel[3], len(cancel) - gdproto.HEADER_BYTES + 1, 7)
    odd = header.to_bytes() + cancel[gdproto.HEADER_BYTES :] + b"\xff"
    peer.sendall(request.to_bytes() + odd)
    last = answer(peer, 7)
    assert isinstance(last, gdproto.Error)
    assert last.error_type == "DirtyProtocolError"


def test_an_answer_is_sent_before_the_lane_fails() -> None:
    app = Ours()
    app.init()
    ours, theirs = socket.socketpair()
    lane = LaneServer(theirs.detach(), {APP: app}, EventLoop())
    with ours, contextlib.closing(lane):
        request = gdproto.Request(7, APP, "echo", (1,)).to_bytes()
        ours.sendall(request + b"HTTP/1.1 400 Bad Request")
        with pytest.raises(ArbiterAtFault, match="bad_magic"):
            lane.serve()
        assert answer(ours, 7) == gdproto.Response(7, {"args": [1], "kwargs": {}})


def test_an_arbiter_that_leaves_inside_a_frame_is_told_as_that() -> None:
    ours, theirs = socket.socketpair()
    lane = LaneServer(theirs.detach(), {}, EventLoop())
    with contextlib.closing(lane):
        with ours:
            ours.sendall(gdproto.Request(7, APP, "echo", (1,)).to_bytes()[:-1])
        with pytest.raises(ArbiterAtFault, match="truncated"):
            lane.serve()


@pytest.mark.parametrize("action", ["count", "count_later"])
def test_a_fault_of_the_lane_is_no_failure_of_the_app_that_runs(action: str) -> None:
    app = Ours()
    app.init()
    ours, theirs = socket.socketpair()
    ours.settimeout(LIMIT_S)
    lane = LaneServer(theirs.detach(), {APP: app}, EventLoop())
    request = gdproto.Request(7, APP, action, (10**9,)).to_bytes()
    with ours:
        with contextlib.closing(lane):
            ours.sendall(request * 2)
            with pytest.raises(ArbiterAtFault, match="duplicate_request_id"):
                lane.serve()
        connection = gdproto.Connection("client")
        connection.send(gdproto.Request(7, APP, "any"))
        while data := ours.recv(65536):
            connection.receive_data(data)
        connection.receive_eof()
        events = [*connection.events()]
    # Nothing but items, if any, and no terminal frame.
    assert not any(event.ended for event in events if isinstance(event, gdproto.MessageReceived))


def test_a_status_is_answered_whenever_it_comes(peer: socket.socket) -> None:
    peer.sendall(gdproto.Status(5).to_bytes())
    assert answer(peer, 5) == gdproto.Response(5, READY)


@pytest.mark.parametrize(
    "message", [gdproto.Response(5, 1), gdproto.End(5), gdproto.Manage(5, 3)], ids=repr
)
def test_what_may_not_be_sent_is_answered(peer: socket.socket, message: gdproto.Message) -> None:
    peer.sendall(message.to_bytes())
    refusal = answer(peer, 5)
    assert isinstance(refusal, gdproto.Error)
    assert refusal.details["code"] == "unexpected_message"
    peer.sendall(gdproto.Request(8, APP, "echo", (1,)).to_bytes())
    assert answer(peer, 8) == gdproto.Response(8, {"args": [1], "kwargs": {}})


@pytest.mark.parametrize("action", ["count", "count_later"])
def test_a_fault_during_a_stream_is_answered_after_it(peer: socket.socket, action: str) -> None:
    request = gdproto.Request(7, APP, action, (3,))
    peer.sendall(request.to_bytes() + gdproto.End(9).to_bytes())
    connection = gdproto.Connection("client")
    for message in (request, gdproto.Request(9, APP, "any")):
        connection.send(message)
    received = []
    while connection.open_exchanges:
        connection.receive_data(peer.recv(65536))
        received += list(connection.events())
    *chunks, last, refused = [event.message for event in received]
    assert chunks == [gdproto.Chunk(7, number) for number in range(3)]
    assert last == gdproto.End(7)
    assert isinstance(refused, gdproto.Error)
    assert (refused.request_id, refused.details["code"]) == (9, "unexpected_message")


@pytest.mark.parametrize("action", ["count", "count_later"])
def test_a_pause_cancels_nothing(peer: socket.socket, action: str) -> None:
    pace = gdproto.Pause(7).to_bytes() + gdproto.Resume(7).to_bytes()
    peer.sendall(gdproto.Request(7, APP, action, (30_000,)).to_bytes() + pace)
    assert answer(peer, 7) == gdproto.End(7)
