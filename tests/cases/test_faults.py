"""A fault costs about what a success costs, wherever it stands and whoever finds it.

Rules: each right value stands beside one of its size that is wrong. Cost is processor time, the
least of a few samples, both in turns; a bound that is missed is measured again, since a busy
machine can spoil a measurement. What it costs at any size to describe a fault is not measured: so
values are large.
"""

from __future__ import annotations

import contextlib
import struct
import time
from collections.abc import Callable
from typing import Any

import pytest

import gdproto
from gdproto import (
    Connection,
    ProtocolError,
    Request,
    Response,
    Stash,
    StashOp,
    frames,
    messages,
    tlv,
)

MOST = 3.0
_ATTEMPTS, _SAMPLES = 6, 5
SIZE = 12_000


def nested(depth: int, leaf: Any, in_dict: bool = False) -> Any:
    for _ in range(depth):
        leaf = {"a": leaf} if in_dict else [leaf]
    return leaf


def frame_of(code: int, payload: Any) -> bytes:
    data = gdproto.encode(payload)
    return b"GD\1" + bytes([code]) + struct.pack(">IQ", len(data), 7) + data


def cost(call: Callable[[Any], object], argument: Any) -> float:
    start_s = time.thread_time()
    with contextlib.suppress(ProtocolError):
        call(argument)
    return time.thread_time() - start_s


def ratio(call: Callable[[Any], object], right: Any, wrong: Any) -> float:
    pairs = [(cost(call, wrong), cost(call, right)) for _ in range(_SAMPLES)]
    return min(one for one, _ in pairs) / min(other for _, other in pairs)


def costs_alike(call: Callable[[Any], object], right: Any, wrong: Any) -> bool:
    with pytest.raises(ProtocolError):
        call(wrong)
    call(right)
    return any(ratio(call, right, wrong) <= MOST for _ in range(_ATTEMPTS))


# --- bytes ---

KEYS = gdproto.encode({f"key {index:06}": None for index in range(SIZE)})
LAST = b"key %06d" % (SIZE - 1)
MIXED = [1, 0.5, "a", None, True, b"b", [], {}] * (SIZE // 8)
BYTES: dict[str, tuple[bytes, bytes]] = {
    name: (right, wrong(right))
    for name, right, wrong in [
        ("an unknown type", gdproto.encode([None] * SIZE * 4), lambda d: d[:-1] + b"\xff"),
        ("ints cut short", gdproto.encode(list(range(SIZE * 4))), lambda d: d[:-1]),
        ("bytes behind", gdproto.encode([0.5] * SIZE * 4), lambda d: d + b"\0"),
        ("a bool of 2", gdproto.encode([True] * SIZE * 4), lambda d: d[:-1] + b"\2"),
        ("the last of many texts", gdproto.encode(["item"] * SIZE), lambda d: d[:-1] + b"\xff"),
        ("text beyond ASCII", gdproto.encode("ż" * SIZE * 10), lambda d: d[:-1] + b"\xff"),
        ("a key again, the last of many", KEYS, lambda d: d.replace(LAST, b"key 000000")),
        ("a value behind many keys", KEYS, lambda d: d[:-1] + b"\xff"),
        ("rows", gdproto.encode([{"id": 1, "name": "a"}] * 3000), lambda d: d[:-1] + b"\xff"),
        ("unlike values", gdproto.encode(MIXED), lambda d: d[:-1] + b"\1"),
        ("deep lists", gdproto.encode([nested(400, 1)] * 40), lambda d: d[:-9] + b"\xff" * 9),
        ("deep dicts", gdproto.encode([nested(400, 1, True)] * 30), lambda d: d[:-9] + b"\xff" * 9),
        ("too deep", gdproto.encode([nested(510, [])] * 40), lambda d: d[:-1] + b"\1" + d[-5:]),
    ]
}  # fmt: skip
DECODERS = {"decode": gdproto.decode, "check": gdproto.check, "in Python": tlv.decode}


@pytest.mark.parametrize("name", BYTES)
@pytest.mark.parametrize("decoder", ["decode", "in Python"])
def test_bytes_at_fault(decoder: str, name: str) -> None:
    assert costs_alike(DECODERS[decoder], *BYTES[name])


# --- messages ---

BASE = {"app_path": "m:A", "action": "go"}
ARGS = MIXED * 3
MESSAGES: dict[str, tuple[bytes, bytes]] = {
    "the last field's type": (
        frame_of(1, {**BASE, "args": ARGS, "kwargs": {}}),
        frame_of(1, {**BASE, "args": ARGS, "kwargs": 5}),
    ),
    "the last field's value": (
        frame_of(1, {**BASE, "args": ARGS, "kwargs": {"a": 1}}),
        frame_of(1, {**BASE, "args": ARGS, "kwargs": {"a": 1}})[:-9] + b"\xff" * 9,
    ),
    "a field that is missing": (
        frame_of(1, {**BASE, "args": ARGS}),
        frame_of(1, {"app_path": "m:A", "args": ARGS}),
    ),
    "an unknown field beside": (
        frame_of(1, {"unknown": 1, **BASE, "args": ARGS, "kwargs": {}}),
        frame_of(1, {"unknown": 1, **BASE, "args": ARGS, "kwargs": 5}),
    ),
    "an unknown field's value": (
        frame_of(1, {**BASE, "unknown": ARGS, "last": 1}),
        frame_of(1, {**BASE, "unknown": ARGS, "last": 1})[:-9] + b"\xff" * 9,
    ),
    "many unknown fields": (
        frame_of(1, {**{f"field {i}": None for i in range(SIZE)}, **BASE}),
        frame_of(1, {**{f"field {i}": None for i in range(SIZE)}, "action": "go"}),
    ),
    "no dict": (frame_of(1, {**BASE, "args": ARGS}), frame_of(1, ARGS)),
    "a stash's pattern": (
        Stash(7, StashOp.PUT, "t", "k", ARGS, "p").to_bytes(),
        Stash(7, StashOp.PUT, "t", "k", ARGS, "p").to_bytes()[:-6] + b"\x10\0\0\0\1p",
    ),
    "a stash's operation": (
        frame_of(0x10, {"op": 1, "table": "t", "key": "k", "value": ARGS}),
        frame_of(0x10, {"op": 99, "table": "t", "key": "k", "value": ARGS}),
    ),
}


def received(frame: bytes) -> object:
    connection = Connection("arbiter")
    connection.receive_data(frame)
    return connection.next_event()


def received_in_pieces(frame: bytes) -> object:
    connection = Connection("arbiter")
    for start in range(0, len(frame), 64 * 1024):
        connection.receive_data(frame[start : start + 64 * 1024])
    return connection.next_event()


PARSERS = {
    "parse": gdproto.parse,
    "views": lambda frame: gdproto.parse(frame, zero_copy=True),
    "receive": received,
    "receive in pieces": received_in_pieces,
}


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("parser", PARSERS)
def test_messages_at_fault(parser: str, name: str) -> None:
    assert costs_alike(PARSERS[parser], *MESSAGES[name])


def test_a_peek_judges_no_more_than_it_reads() -> None:
    """A timeout that is wrong is found without a look at the arguments."""
    few = frame_of(1, {**BASE, "timeout": -1.0, "args": [1]})
    many = frame_of(1, {**BASE, "timeout": -1.0, "args": ARGS * 20})
    for peek in (gdproto.peek_request, messages.peek_request):
        assert costs_alike_all(lambda frame, peek=peek: peek(frame, 16), few, many)


def costs_alike_all(call: Callable[[Any], object], one: Any, other: Any) -> bool:
    for wrong in (one, other):
        with pytest.raises(ProtocolError, match="invalid_field_value"):
            call(wrong)
    return any(ratio(call, one, other) <= MOST for _ in range(_ATTEMPTS))


# --- values that cannot be written ---

VALUES: dict[str, tuple[Any, Any]] = {
    "ints": (list(range(SIZE * 4)), [*range(SIZE * 4 - 1), 2**63]),
    "texts": (["item"] * SIZE * 4, [*["item"] * SIZE * 4, "\ud800"]),
    "a type that has none": (MIXED, [*MIXED, {1}]),
    "behind many keys": (
        {f"key {i}": i for i in range(SIZE)},
        {**{f"key {i}": i for i in range(SIZE)}, "last": object()},
    ),
    "keys that are numbers": (
        {i: i for i in range(SIZE)}, {**{i: i for i in range(SIZE)}, "0": 1},
    ),
    "deep": ([nested(400, 1)] * 40, [*[nested(400, 1)] * 40, nested(400, object())]),
}  # fmt: skip
WRITERS: dict[str, Callable[[Any], object]] = {
    "encode": gdproto.encode,
    "to_bytes": lambda value: Response(1, value).to_bytes(),
    "send": lambda value: Connection("client").send(Request(1, "m:A", "go", (value,))),
    "send_parts": lambda value: Connection("client").send_parts(Request(1, "m:A", "go", (value,))),
    "in Python": tlv.encode,
}


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("writer", WRITERS)
def test_values_at_fault(writer: str, name: str) -> None:
    assert costs_alike(WRITERS[writer], *VALUES[name])


# --- values that grow ---


def shared(levels: int) -> list[Any]:
    """A small value that is twice as large with each level, once it is written out."""
    value: list[Any] = ["a" * 10]
    for _ in range(levels):
        value = [value, value]
    return value


GROWING: dict[str, Callable[[], Any]] = {
    "lists": lambda: shared(30),
    "texts": lambda: ["a" * 1_000_000] * 1_000_000,
    "bytes": lambda: [bytes(1_000_000)] * 1_000_000,
    "dicts": lambda: [{f"key {i}": "a" * 100 for i in range(1000)}] * 1_000_000,
    "nones": lambda: [[None] * 1_000_000] * 1_000_000,
}
# What is in Python takes longer for the same bytes.
ENDED_S = 10.0


@pytest.mark.parametrize(
    ("writer", "name"),
    [*(("encode", name) for name in GROWING), ("to_bytes", "lists"), ("send_parts", "bytes")],
)
def test_what_grows_is_refused_on_the_way(writer: str, name: str) -> None:
    value = GROWING[name]()
    start_s = time.thread_time()
    with pytest.raises(ProtocolError) as caught:
        WRITERS[writer](value)
    assert (caught.value.code, caught.value.path) == ("payload_too_large", "")
    assert time.thread_time() - start_s < ENDED_S


def test_the_largest_values_are_written() -> None:
    """A blob of the largest size alone, and the payload of the largest size in a frame."""
    most = gdproto.MAX_PAYLOAD_BYTES
    assert len(gdproto.encode(bytes(most))) == most + 5
    overhead = len(Response(1, b"").to_bytes()) - gdproto.HEADER_BYTES
    assert len(Response(1, bytes(most - overhead)).to_bytes()) == gdproto.HEADER_BYTES + most
    larger = Response(1, bytes(most - overhead + 1))
    for write in (larger.to_bytes, lambda: gdproto.encode([bytes(most)])):
        with pytest.raises(ProtocolError, match="payload_too_large"):
            write()


def test_python_refuses_on_the_way_too() -> None:
    for write in (tlv.encode, lambda value: frames.serialize(Response(1, value))):
        with pytest.raises(ProtocolError, match="payload_too_large"):
            write([bytes(1_000_000)] * 1_000_000)
