"""Cost is linear in the size of what is encoded, decoded or received, wherever it stands."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

import gdproto
from gdproto import HEADER_BYTES, Chunk, Connection, ProtocolError, Request, Response
from gdproto.fast import PART_BYTES

from .growth import CONSTANT, MOST, grows_at_most
from .implementations import decode_strictly, encode_strictly

# Values of a size. What is copied as a whole stays below what the allocator takes from the system
# for each call anew: that is linear too, but many times as dear.
SHAPES: dict[str, Callable[[int], Any]] = {
    "bytes": lambda size: bytes(size * 6),
    "text": lambda size: "a" * size * 6,
    "text beyond ASCII": lambda size: "ż" * size * 3,
    "ints": lambda size: list(range(size)),
    "floats": lambda size: [0.5] * size,
    "strings": lambda size: [f"item {index}" for index in range(size)],
    "pairs": lambda size: {f"key {index}": index for index in range(size)},
    "int keys": lambda size: dict.fromkeys(range(size)),
    "rows": lambda size: [{"id": index, "name": "one"} for index in range(size // 4)],
    "lists in lists": lambda size: [[[[]]]] * (size // 4),
    "lists of unlike values": lambda size: [1, 0.5, "a", None, True, b"b", [], {}] * (size // 8),
}
SIZE = 1024


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("encode", [gdproto.encode, encode_strictly])
def test_encode(encode: Callable[[Any], bytes], shape: str) -> None:
    assert grows_at_most(MOST, lambda size: partial(encode, SHAPES[shape](size)), SIZE)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("decode", [gdproto.decode, decode_strictly])
def test_decode(decode: Callable[[bytes], Any], shape: str) -> None:
    def work(size: int) -> Callable[[], object]:
        return partial(decode, gdproto.encode(SHAPES[shape](size)))

    assert grows_at_most(MOST, work, SIZE)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_fault_is_found_and_located(shape: str) -> None:
    def work(size: int) -> Callable[[], object]:
        data = gdproto.encode(SHAPES[shape](size))
        wrong = [data[:-1], data + b"\x00"]

        def refuse() -> None:
            for one in wrong:
                with contextlib.suppress(ProtocolError):
                    gdproto.decode(one)

        return refuse

    assert grows_at_most(MOST, work, SIZE)


def test_a_promise_of_more_than_there_is_costs_nothing() -> None:
    def work(size: int) -> Callable[[], object]:
        data = gdproto.encode([0] * size * 20)

        def refuse() -> None:
            with contextlib.suppress(ProtocolError):
                gdproto.decode(data[:20])

        return refuse

    assert grows_at_most(CONSTANT, work, SIZE)


def test_views_are_not_copies() -> None:
    def work(size: int) -> Callable[[], object]:
        return partial(gdproto.decode, gdproto.encode(bytes(size * 1000)), zero_copy=True)

    assert grows_at_most(CONSTANT, work, SIZE)


def test_parts_are_not_copies() -> None:
    def work(size: int) -> Callable[[], object]:
        request = Request(1, "m:A", "go", (bytes(PART_BYTES + size * 1000),))
        return lambda: Connection("client").send_parts(request)

    assert grows_at_most(CONSTANT, work, SIZE)


def test_a_peek_does_not_read_the_arguments() -> None:
    def work(size: int) -> Callable[[], object]:
        frame = Request(1, "m:A", "go", ([0.5] * size, b"a" * size), {}, 5.0).to_bytes()
        return partial(gdproto.peek_request, frame, HEADER_BYTES)

    assert grows_at_most(CONSTANT, work, SIZE)


def test_a_peek_skips_in_linear_time() -> None:
    def work(size: int) -> Callable[[], object]:
        payload = {"args": SHAPES["lists of unlike values"](size), "app_path": "m:A", "action": "g"}
        return partial(gdproto.peek_request, gdproto.encode(payload))

    assert grows_at_most(MOST, work, SIZE)


# --- connections ---
#
# Sizes are such that moving the received bytes once too often would cost more than reading them.

PIECE_BYTES = 256
CHUNK = Chunk(1, "a" * 1000).to_bytes()
CHUNKS = 400


def opened(raw: bool) -> Connection:
    """A client whose request is out."""
    client = Connection("client", raw=raw)
    client.send(Request(1, "m:A", "go"))
    return client


@pytest.mark.parametrize("raw", [False, True])
def test_a_frame_in_pieces(raw: bool) -> None:
    def work(size: int) -> Callable[[], object]:
        frame = Response(1, bytes(size * PIECE_BYTES)).to_bytes()
        pieces = [frame[start : start + PIECE_BYTES] for start in range(0, len(frame), PIECE_BYTES)]

        def receive() -> None:
            client = opened(raw)
            events = []
            for piece in pieces:
                client.receive_data(piece)
                events += client.events()
            assert len(events) == 1

        return receive

    assert grows_at_most(MOST, work, SIZE)


@pytest.mark.parametrize("raw", [False, True])
def test_many_frames_at_once(raw: bool) -> None:
    """Wherever a frame stands among those received, it costs the same."""

    def work(size: int) -> Callable[[], object]:
        data = CHUNK * size

        def receive() -> None:
            client = opened(raw)
            client.receive_data(data)
            events = list(client.events())
            # Undecoded, those that came together are one event.
            assert len(b"".join(e.frame for e in events) if raw else events) == (
                len(data) if raw else size
            )

        return receive

    assert grows_at_most(MOST, work, CHUNKS)


@pytest.mark.parametrize("raw", [False, True])
def test_frames_that_pile_up_unread(raw: bool) -> None:
    """Bytes that arrive faster than events are taken are not moved again and again."""

    def work(size: int) -> Callable[[], object]:
        def receive() -> None:
            client = opened(raw)
            for _ in range(size):
                client.receive_data(CHUNK)
                client.receive_data(CHUNK)
                client.next_event()

        return receive

    assert grows_at_most(MOST, work, CHUNKS)


def test_many_open_exchanges() -> None:
    """An exchange costs the same among many."""

    def work(size: int) -> Callable[[], object]:
        client = Connection("client")
        for request_id in range(2, size + 2):
            client.send(Request(request_id, "m:A", "go"))
        response = Response(1, None).to_bytes()

        def exchange() -> None:
            client.send(Request(1, "m:A", "go"))
            client.receive_data(response)
            client.next_event()

        return exchange

    assert grows_at_most(CONSTANT, work, SIZE)
