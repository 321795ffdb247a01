"""A worker's lane alone, spoken to in raw frames."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

import gdproto
from dirty_runtime.worker.lane import ArbiterGone, Lane
from dirty_runtime.worker.loop import EventLoop

from .kinds import Ours
from .processes import LIMIT_S

APP = "kinds:Ours"


@pytest.fixture
def peer() -> Iterator[socket.socket]:
    """The arbiter's end of a lane that is served by a thread."""
    app = Ours()
    app.init()
    ours, theirs = socket.socketpair()
    ours.settimeout(LIMIT_S)
    lane = Lane(theirs.detach(), {APP: app}, EventLoop())

    def serve() -> None:
        with contextlib.closing(lane), contextlib.suppress(ArbiterGone):
            lane.serve()

    thread = threading.Thread(target=serve)
    thread.start()
    with ours:
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
