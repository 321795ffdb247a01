"""Threads that share values, messages and connections: each answer is one of those that are right.

Without the GIL they run at once; with it this is a matter of course, and holds as well.
"""

from __future__ import annotations

import sysconfig
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import count
from typing import Any

import pytest

import gdproto
from gdproto import Connection, MessageReceived, Request, Response, decode, encode, parse

# What is wrong between threads shows once in some ten thousand times.
IS_FREE = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
ROUNDS = 60_000 if IS_FREE else 300
KEYS = [f"key-{number}" for number in range(40)]


def together(*works: Callable[[], None], rounds: int = ROUNDS) -> None:
    """Run each again and again, all at once. Raises what one of them raises."""
    begin = threading.Barrier(len(works))
    failures: list[BaseException] = []

    def run(work: Callable[[], None]) -> None:
        begin.wait()
        try:
            for _ in range(rounds):
                work()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for failure in failures:
        raise failure


def test_a_dict_that_grows_and_shrinks() -> None:
    shared: dict[str, Any] = {}

    def change() -> None:
        for key in KEYS:
            shared[key] = [key] * 3
        shared.clear()

    def look() -> None:
        # Insertion is in one order, so what is there is always a beginning of it.
        held = decode(encode(shared))
        assert list(held) == KEYS[: len(held)]
        assert all(value == [key] * 3 for key, value in held.items())

    together(change, look, look)


def test_a_list_that_grows_and_shrinks() -> None:
    shared: list[Any] = []

    def change() -> None:
        shared.extend([{"n": number} for number in range(20)])
        del shared[:]

    def look() -> None:
        for _, one in zip(range(5), decode(encode([shared, shared])), strict=False):
            assert one == [{"n": number} for number in range(len(one))]

    together(change, look, look)


def test_what_is_deep_and_changes() -> None:
    inmost: list[Any] = []
    deep: Any = inmost
    for _ in range(200):
        deep = {"a": [deep]}

    def change() -> None:
        inmost.append("x" * 100)
        inmost.clear()

    def look() -> None:
        held = decode(encode(deep))
        for _ in range(200):
            (held,) = held["a"]
        assert held in ([], ["x" * 100])

    together(change, look, look)


def test_keys_that_go_and_come_in_all_threads() -> None:
    def look() -> None:
        number = threading.get_native_id()
        value = {f"k{number + i}": i for i in range(30)}
        assert decode(encode(value)) == value

    together(look, look, look, look)


def test_bytes_that_are_written_while_they_are_decoded() -> None:
    whole = encode([b"a" * 1000, "b" * 1000])
    shared = bytearray(whole)
    same: list[bool] = []

    def change() -> None:
        shared[5:9] = b"\xff\xff\xff\xff"
        shared[5:9] = whole[5:9]

    def look() -> None:
        for data in (shared, memoryview(shared).toreadonly()):
            # What is read again to name a fault may have changed since: then there is none.
            with suppress(gdproto.ProtocolError, AssertionError):
                held = decode(data)
                same.append(encode(held) == whole)

    together(change, look, look)
    assert all(same)


def test_a_message_whose_fields_are_set() -> None:
    message = Response(1, "first")

    def change() -> None:
        message.result = {"second": [1, 2, 3]}
        message.result = "first"

    def look() -> None:
        held = parse(message.to_bytes())
        assert isinstance(held, Response)
        assert held.result in ("first", {"second": [1, 2, 3]})

    together(change, look, look)


@pytest.mark.parametrize("by_parts", [False, True])
def test_a_connection_that_sends_from_many(by_parts: bool) -> None:
    """Each takes ids of its own: what is sent is whole, and each exchange is known after."""
    connection, server = Connection("client"), Connection("arbiter")
    frames: list[bytes] = []

    def send(ids: count[int]) -> None:
        request = Request(next(ids), "app:App", "do", [1], {"a": "b"})
        sent = b"".join(connection.send_parts(request)) if by_parts else connection.send(request)
        frames.append(sent)

    together(*(partial(send, count(first * 10**6)) for first in (1, 2, 3)))
    for frame in frames:
        server.receive_data(frame)
        event = server.next_event()
        assert isinstance(event, MessageReceived)
        connection.receive_data(server.send(Response(event.message.request_id, None)))
        assert isinstance(connection.next_event(), MessageReceived)
    assert len(frames) == 3 * ROUNDS
