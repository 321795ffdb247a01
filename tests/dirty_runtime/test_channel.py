"""A channel waits awake for an answer only where that is quicker than to sleep."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import gdproto
from dirty_runtime import DirtyConnectionError, DirtyTimeoutError
from dirty_runtime.client import sync
from dirty_runtime.client.answers import Deadline

LIMIT_S = 20.0


class Peer:
    """An arbiter that answers every STATUS but those with the ids that it was told."""

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
                        peer.sendall(connection.send(gdproto.Response(event.request_id, {})))

    def end(self) -> None:
        """Return when the thread has ended."""
        self._thread.join(LIMIT_S)
        assert not self._thread.is_alive()


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Peer]:
    one = Peer(tmp_path / "s")
    yield one
    one.end()


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The flags of every read."""
    flags_of_reads = []
    receive = sync.receive

    def noting(source: socket.socket, connection: gdproto.Connection, flags: int = 0) -> int:
        flags_of_reads.append(flags)
        return receive(source, connection, flags)

    monkeypatch.setattr(sync, "receive", noting)
    return flags_of_reads


def ask(channel: sync.Channel, request_id: int, timeout_s: float = LIMIT_S) -> Any:
    deadline = Deadline(timeout_s)
    assert channel.send(gdproto.Status(request_id), deadline)
    return channel.receive_one(deadline)


@pytest.mark.parametrize(
    ("processors", "takes_s", "flags"),
    [
        ({0, 1}, 0.0, socket.MSG_DONTWAIT),
        ({0, 1}, sync.QUICK_S, 0),
        ({0}, 0.0, 0),
    ],
    ids=["quick", "slow", "one processor"],
)
def test_it_waits_awake_after_a_quick_answer(
    peer: Peer,
    looks: list[int],
    monkeypatch: pytest.MonkeyPatch,
    processors: set[int],
    takes_s: float,
    flags: int,
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: processors)
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with closing(sync.Channel(peer.path, Deadline(LIMIT_S))) as channel:
        receive = channel.receive

        def after(deadline: Deadline, idle_s: float | None = None) -> gdproto.Message:
            now[0] += takes_s
            return receive(deadline, idle_s)

        monkeypatch.setattr(channel, "receive", after)
        ask(channel, 1)
        assert set(looks) == {0}
        looks.clear()
        ask(channel, 2)
        assert set(looks) == {flags}


def test_an_answer_that_stays_away_is_waited_for_asleep(peer: Peer, looks: list[int]) -> None:
    peer.ignores = 2
    with closing(sync.Channel(peer.path, Deadline(LIMIT_S))) as channel:
        ask(channel, 1)
        channel._was_quick = channel._may_stay_awake = True
        looks.clear()
        with pytest.raises(DirtyTimeoutError):
            ask(channel, 2, 0.05)
    assert looks[0] == socket.MSG_DONTWAIT
    assert looks[-1] == 0


def test_an_arbiter_that_leaves_while_a_thread_is_awake(peer: Peer) -> None:
    peer.leaves_at = 2
    with closing(sync.Channel(peer.path, Deadline(LIMIT_S))) as channel:
        ask(channel, 1)
        channel._was_quick = channel._may_stay_awake = True
        with pytest.raises(DirtyConnectionError):
            ask(channel, 2)
