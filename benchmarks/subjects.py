"""What is timed of the codecs: calls with one operand, each codec called as its project calls it.

Rules: a subject is offered only after it has shown to be right. Every codec must return the value
that it was given, and gdproto must write gunicorn's bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgpack  # type: ignore[import-untyped]
import msgspec
from gunicorn.dirty.protocol import BinaryProtocol  # type: ignore[import-untyped]
from gunicorn.dirty.tlv import TLVEncoder  # type: ignore[import-untyped]

import gdproto

from .payloads import (
    BLOB_BYTES,
    Payload,
    five_payloads,
    one_token,
    rows,
    small_request,
    weak_shapes,
)
from .samples import BenchmarkError

C = "gdproto, C"
PYTHON = "gdproto, Python"
GUNICORN = "gunicorn"
MSGPACK = "msgpack"
MSGSPEC = "msgspec"
COPY = "one copy"

CODEC, WEAK, MESSAGES = "codec", "weak", "messages"
OPERATIONS = ("encode", "decode")
# How many copies of a large bytes value take turns.
PLACES = 16


@dataclass(frozen=True)
class Name:
    """Where a subject's time belongs; `title` is the figure's."""

    part: str
    key: str
    title: str
    side: str


@dataclass(frozen=True)
class Subject:
    """A call, and what makes its operands: as many as are made take turns."""

    call: Callable[[Any], object]
    make: Callable[[], Any]
    # None for a new one for each call.
    made: int | None = 1

    def operands(self, count: int) -> list[Any]:
        """The operands of `count` calls."""
        made = [self.make() for _ in range(self.made or count)]
        return [made[number % len(made)] for number in range(count)]


def offered(rivals: bool) -> dict[Name, Subject]:
    """The subjects of the codec that gdproto runs here, and of its rivals if wanted.

    Raises:
        BenchmarkError: a codec does not return what it was given.
    """
    ours = C if gdproto.IMPLEMENTATION == "c" else PYTHON
    codecs: dict[str, tuple[Callable[[Any], bytes], Callable[[bytes], Any]]]
    codecs = {ours: (gdproto.encode, gdproto.decode)}
    if rivals:
        codecs |= {
            GUNICORN: (TLVEncoder.encode, TLVEncoder.decode_full),
            MSGPACK: (msgpack.packb, msgpack.unpackb),
            MSGSPEC: (msgspec.msgpack.encode, msgspec.msgpack.decode),
        }
    subjects: dict[Name, Subject] = {}
    for part, payloads in ((CODEC, five_payloads()), (WEAK, weak_shapes())):
        for payload in payloads:
            for side, (encode, decode) in codecs.items():
                subjects |= dict(_of_codec(part, payload, side, encode, decode))
    if rivals:
        subjects |= dict(_copies())
    subjects |= dict(_messages(ours))
    if rivals:
        subjects |= dict(_gunicorn_messages())
    return subjects


def _of_codec(
    part: str,
    payload: Payload,
    side: str,
    encode: Callable[[Any], bytes],
    decode: Callable[[bytes], Any],
) -> Iterator[tuple[Name, Subject]]:
    data = encode(payload.value)
    if decode(data) != payload.value:
        raise BenchmarkError(f"{payload.title}: {side} does not decode what it encoded")
    if side in (C, PYTHON) and data != TLVEncoder.encode(payload.value):
        raise BenchmarkError(f"{payload.title}: {side} and gunicorn encode it differently")
    places = PLACES if isinstance(payload.value, bytes) else 1
    make, made = (payload.make, None) if payload.make else (partial(again, payload.value), places)
    for operation, subject in (
        ("encode", Subject(encode, make, made)),
        ("decode", Subject(decode, partial(again, data), places)),
    ):
        name = Name(part, f"{operation}.{payload.key}", f"{operation} {payload.title}", side)
        yield name, subject


def again(value: Any) -> Any:
    """The value; large bytes at another place in memory.

    How long they take to copy depends on where the copy lies to them, by a fifth and more.
    """
    is_large = isinstance(value, bytes) and len(value) >= BLOB_BYTES
    return bytes(bytearray(value)) if is_large else value


def _copies() -> Iterator[tuple[Name, Subject]]:
    """What has to be done to a megabyte at the least."""
    (blob,) = [payload for payload in five_payloads() if payload.key == "blob"]
    for operation in OPERATIONS:
        name = Name(CODEC, f"{operation}.{blob.key}", f"{operation} {blob.title}", COPY)
        yield name, Subject(_copy, partial(again, blob.value), PLACES)


def _copy(data: bytes) -> bytes:
    return bytes(memoryview(data))


# --- messages ---


def _messages(side: str) -> Iterator[tuple[Name, Subject]]:
    request = _request_arguments()
    peeked = gdproto.Request(1, "shop.search:SearchApp", "put", (rows(),)).to_bytes()
    calls: list[tuple[str, str, Callable[[Any], object], Any]] = [
        ("build.request", "build a small REQUEST", _built(gdproto.Request), request),
        ("build.chunk", "build a one-token CHUNK", _built(gdproto.Chunk), _chunk_arguments()),
        ("build.rows", "build a RESPONSE of 1,000 rows", _built(gdproto.Response), (1, rows())),
        ("parse.request", "parse a small REQUEST", gdproto.parse, _frame(gdproto.Request, request)),
        (
            "parse.chunk",
            "parse a one-token CHUNK",
            gdproto.parse,
            _frame(gdproto.Chunk, _chunk_arguments()),
        ),
        (
            "parse.rows",
            "parse a RESPONSE of 1,000 rows",
            gdproto.parse,
            _frame(gdproto.Response, (1, rows())),
        ),
        ("exchange", "a small call through two Connections", _exchange, request),
        ("peek.request", "peek into a small REQUEST", _peek, _frame(gdproto.Request, request)),
        ("peek.rows", "peek into a REQUEST with 1,000 rows", _peek, peeked),
    ]
    for key, title, call, operand in calls:
        yield Name(MESSAGES, key, title, side), _fixed(call, operand)


def _gunicorn_messages() -> Iterator[tuple[Name, Subject]]:
    protocol = BinaryProtocol
    request = _request_arguments()
    calls: list[tuple[str, str, Callable[[Any], object], Any]] = [
        ("build.request", "", lambda values: protocol.encode_request(*values), request),
        ("build.chunk", "", lambda values: protocol.encode_chunk(*values), _chunk_arguments()),
        ("build.rows", "", lambda values: protocol.encode_response(*values), (1, rows())),
        ("parse.request", "", protocol.decode_message, protocol.encode_request(*request)),
        ("parse.chunk", "", protocol.decode_message, protocol.encode_chunk(*_chunk_arguments())),
        ("parse.rows", "", protocol.decode_message, protocol.encode_response(1, rows())),
    ]
    for key, title, call, operand in calls:
        yield Name(MESSAGES, key, title, GUNICORN), _fixed(call, operand)


def _fixed(call: Callable[[Any], object], operand: Any) -> Subject:
    call(operand)
    return Subject(call, lambda: operand)


def _request_arguments() -> tuple[Any, ...]:
    value = small_request()
    return 1, value["app_path"], value["action"], tuple(value["args"]), value["kwargs"]


def _chunk_arguments() -> tuple[Any, ...]:
    return 1, one_token()["data"]


def _built(message: Callable[..., gdproto.Message]) -> Callable[[Any], bytes]:
    return lambda values: message(*values).to_bytes()


def _frame(message: Callable[..., gdproto.Message], values: tuple[Any, ...]) -> bytes:
    return message(*values).to_bytes()


def _peek(frame: bytes) -> object:
    return gdproto.peek_request(frame, gdproto.HEADER_BYTES)


_client, _arbiter = gdproto.Connection("client"), gdproto.Connection("arbiter")


def _exchange(values: tuple[Any, ...]) -> object:
    """A REQUEST there and a RESPONSE back, between two ends that stay."""
    _arbiter.receive_data(_client.send(gdproto.Request(*values)))
    event = _arbiter.next_event()
    assert isinstance(event, gdproto.MessageReceived)
    _client.receive_data(_arbiter.send(gdproto.Response(event.request_id, 3)))
    return _client.next_event()
