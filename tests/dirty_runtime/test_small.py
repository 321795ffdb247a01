"""A little read and written without waiting, in C and in Python."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

import gdproto
from dirty_runtime.sockets import small
from dirty_runtime.sockets.small import SMALL_BYTES

FRAME = gdproto.Status(1).to_bytes()


class Way(NamedTuple):
    receive: small.Receive
    send: small.Send


def ways() -> list[Any]:
    found = {"python": Way(small.receive_in_python, small.send_in_python)}
    if small.receive_small is not small.receive_in_python:
        found["c"] = Way(small.receive_small, small.send_small)
    return [pytest.param(one, id=name) for name, one in found.items()]


@pytest.fixture(params=ways())
def way(request: pytest.FixtureRequest) -> Way:
    one: Way = request.param
    return one


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        yield ours, theirs


Pair = tuple[socket.socket, socket.socket]


def test_the_c_one_was_built() -> None:
    if gdproto.IMPLEMENTATION == "c":
        assert small.receive_small is not small.receive_in_python


def test_what_comes_is_handed_on(way: Way, pair: Pair) -> None:
    connection = gdproto.Connection("arbiter")
    assert way.receive(pair[0].fileno(), connection) is None
    pair[1].sendall(FRAME)
    assert way.receive(pair[0].fileno(), connection) == len(FRAME)
    assert connection.next_event() == gdproto.MessageReceived(gdproto.Status(1), False)
    pair[1].close()
    assert way.receive(pair[0].fileno(), connection) == 0
    assert connection.next_event() == gdproto.ConnectionClosed()


def test_of_much_a_little_is_read(way: Way, pair: Pair) -> None:
    connection = gdproto.Connection("arbiter")
    pair[1].sendall(bytes(SMALL_BYTES + 1))
    assert way.receive(pair[0].fileno(), connection) == SMALL_BYTES
    assert connection.kept_bytes == SMALL_BYTES


def test_what_fails_is_raised(way: Way, pair: Pair) -> None:
    number = pair[0].fileno()
    pair[0].send(FRAME)
    pair[1].close()
    with pytest.raises(ConnectionResetError):
        way.receive(number, gdproto.Connection("arbiter"))
    with pytest.raises(BrokenPipeError):
        way.send(number, FRAME)
    pair[0].close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        way.receive(number, gdproto.Connection("arbiter"))


def test_what_a_connection_raises_is_raised(way: Way, pair: Pair) -> None:
    pair[1].sendall(FRAME)
    nobody: Any = None
    with pytest.raises(AttributeError, match="receive_data"):
        way.receive(pair[0].fileno(), nobody)


@pytest.mark.parametrize("size", [SMALL_BYTES, SMALL_BYTES * 16])
def test_what_is_not_taken_is_left(way: Way, pair: Pair, size: int) -> None:
    number, data, sent = pair[0].fileno(), bytes(size), []
    while not sent or sent[-1] == size:
        sent.append(way.send(number, data))
    assert way.send(number, data) == 0
    while sum(sent):
        sent.append(-len(pair[1].recv(1 << 20)))


@pytest.mark.parametrize("given", [(), (0,), ("text", b""), (0, "text"), (0, None)], ids=str)
def test_what_is_not_to_be_sent(way: Way, given: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError):
        way.send(*given)


@pytest.mark.parametrize("given", [(), (0,), ("text", None), (2**40, None)], ids=str)
def test_what_is_no_descriptor(way: Way, given: tuple[Any, ...]) -> None:
    with pytest.raises((TypeError, ValueError, OverflowError)):
        way.receive(*given)
