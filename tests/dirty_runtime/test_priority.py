"""The priority of a call, from whoever gives it to the frame that carries it."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import gdproto
from dirty_runtime import DirtyClient

from .processes import LIMIT_S, OURS, run_dirty, serving


class Echo:
    """An arbiter of one process: it answers each request with what the request says."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.connections = 0
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(self.path)
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connected,), daemon=True).start()

    def _serve(self, connected: socket.socket) -> None:
        connection = gdproto.Connection("arbiter")
        with connected:
            while data := connected.recv(1 << 16):
                connection.receive_data(data)
                for event in connection.events():
                    if isinstance(event, gdproto.MessageReceived):
                        connected.sendall(connection.send(self._answer(event.message, data)))

    def _answer(self, message: gdproto.Message, data: bytes) -> gdproto.Message:
        if not isinstance(message, gdproto.Request):
            return gdproto.Response(message.request_id, {"extensions": ["cancel"]})
        said = {"priority": message.priority, "kwargs": message.kwargs, "frame": data}
        return gdproto.Response(message.request_id, said)


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Echo]:
    one = Echo(tmp_path / "echo.sock")
    yield one
    one.close()


async def asked(client: DirtyClient) -> list[int]:
    """The priorities that arrive, of a call and of a stream."""
    async with client:
        answer = await client.execute_async("m:A", "go")
        chunks = [chunk async for chunk in client.stream_async("m:A", "go")]
    return [answer["priority"], *(chunk["priority"] for chunk in chunks)]


def test_a_client_sends_its_priority(echo: Echo) -> None:
    with DirtyClient(echo.path, LIMIT_S, priority=3) as client:
        assert client.priority == 3
        assert client.execute("m:A", "go")["priority"] == 3
        assert [chunk["priority"] for chunk in client.stream("m:A", "go")] == [3]
    assert asyncio.run(asked(DirtyClient(echo.path, LIMIT_S, priority=-10))) == [-10, -10]


def test_the_usual_priority_is_not_sent(echo: Echo) -> None:
    with DirtyClient(echo.path, LIMIT_S) as client:
        assert b"priority" not in client.execute("m:A", "go")["frame"]
        assert b"priority" in client.with_priority(1).execute("m:A", "go")["frame"]


def test_a_view_has_a_priority_of_its_own_and_the_same_connections(echo: Echo) -> None:
    with DirtyClient(echo.path, LIMIT_S) as client:
        for priority in (10, 0, -1):
            view = client.with_priority(priority)
            assert view.execute("m:A", "go")["priority"] == priority
            assert client.execute("m:A", "go")["priority"] == 0
        assert client.with_priority(5).with_priority(6).execute("m:A", "go")["priority"] == 6
    assert echo.connections == 1


def test_a_view_of_an_event_loops_client(echo: Echo) -> None:
    async def run() -> list[Any]:
        async with DirtyClient(echo.path, LIMIT_S) as client:
            views = [client.with_priority(priority) for priority in (10, 1, 0)]
            calls = [view.execute_async("m:A", "go") for view in (*views, client)]
            return [answer["priority"] for answer in await asyncio.gather(*calls)]

    assert asyncio.run(run()) == [10, 1, 0, 0]
    assert echo.connections == 1


def test_an_apps_own_argument_of_that_name_is_left_to_it(echo: Echo) -> None:
    with DirtyClient(echo.path, LIMIT_S) as client:
        answer = client.with_priority(2).execute("m:A", "go", priority="mine")
    assert (answer["priority"], answer["kwargs"]) == (2, {"priority": "mine"})


@pytest.mark.parametrize("priority", [11, -11, 1.0, True, None, "1"])
def test_a_priority_that_cannot_be_is_refused_at_once(priority: Any) -> None:
    with pytest.raises(ValueError, match="priority is an int from -10 to 10"):
        DirtyClient("/nowhere", priority=priority)
    with pytest.raises(ValueError, match="priority is an int from -10 to 10"):
        DirtyClient("/nowhere").with_priority(priority)


def test_an_arbiter_takes_it_from_programs_and_the_shell() -> None:
    with serving(OURS) as arbiter, arbiter.client() as client:
        assert client.with_priority(10).execute(OURS, "echo", 1) == {"args": [1], "kwargs": {}}
        assert list(client.with_priority(-10).stream(OURS, "count", 2)) == [0, 1]
        for command in ("call", "stream"):
            words = (command, OURS, "echo", "1", "--priority", "-3")
            done = run_dirty(*words, "--socket", arbiter.socket_path)
            assert (done.stderr, json.loads(done.stdout)) == ("", {"args": [1], "kwargs": {}})


def test_the_shell_refuses_a_priority_that_cannot_be() -> None:
    done = run_dirty("call", OURS, "add", "--priority", "11", "--socket", "/nowhere")
    assert done.returncode == 2
    assert "-10<=x<=10" in done.stderr
