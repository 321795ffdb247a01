"""What the codec says where it has a C codec beside it: doors to what that one leaves to Python.

Rules: as those of `doors`. In place of the C codec stands one in Python, which takes over what C
does: it collects large values apart, and is in doubt where it is told to be. All that it is asked
is noted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any

from gdproto.declaration import HEADER_BYTES

from .doors import Codec, leaves, tried, vars_of

# A value that is collected apart begins so, and ends otherwise.
MARK = b"<value>"
SIZE_BYTES = 4
LARGE_BYTES, LESS_BYTES = 100_000, 30_000
# More is not told of a fault.
TOLD_BYTES = 200
MOST_EVENTS = 20
ENDED = "ended"


class InC:
    """Does for a connection what the C codec does.

    Args:
        noted: what it was asked, which grows.
        takes: whether it collects values apart; reads: and reads what is around them.
    """

    def __init__(self, codec: Codec, noted: list[Any], takes: bool, reads: bool) -> None:
        self._codec, self._noted, self._takes, self._reads = codec, noted, takes, reads

    def begin_value(self, data: bytes | bytearray, start: int, least: int) -> Any:
        """As the C codec's: the first value with the mark, if there is so much of it."""
        found = data.find(MARK, start)
        self._noted.append(("begin", start, found, least))
        if not self._takes or found < 0:
            return None
        size = int.from_bytes(data[found - SIZE_BYTES : found])
        value = bytearray(size)
        return (found - start, value, memoryview(value)) if size >= least else None

    def parse_around(self, frame: memoryview, at: int, value: bytes) -> Any:
        """As the C codec's: the message, or None in doubt."""
        self._noted.append(("around", bytes(frame[:TOLD_BYTES]), len(frame), at, len(value)))
        whole = b"".join((frame[:at], value, frame[at:]))
        return self._codec.parse(whole) if self._reads else None


class Noting:
    """The judges of what is in doubt: they say what was asked, and do it."""

    def __init__(self, codec: Codec, noted: list[Any]) -> None:
        self._codec, self._noted = codec, noted

    def parse(self, data: bytes) -> Any:
        self._noted.append(("parse", len(data)))
        return self._codec.parse(data)

    def parse_payload(self, header: Any, data: bytes, start: int) -> Any:
        self._noted.append(("parse_payload", tuple(header), len(data), start))
        return self._codec.parse_payload(header, data, start)

    def serialize(self, message: Any) -> bytes:
        self._noted.append(("serialize", type(message).__name__))
        return bytes(message.to_bytes())


@contextmanager
def _beside(codec: Codec, in_c: Any, doubtful: Any) -> Iterator[ModuleType]:
    """The connections' module, which takes these two for those that C comes with."""
    module = import_module(f"{codec.__name__}.connection")
    names = "codec", "doubtful"
    before = [getattr(module, name) for name in names]
    try:
        for name, other in zip(names, (in_c, doubtful), strict=True):
            setattr(module, name, other)
        yield module
    finally:
        for name, other in zip(names, before, strict=True):
            setattr(module, name, other)


def apart(codec: Codec) -> list[Any]:
    """Large values that are collected apart, whole and cut short, read and in doubt."""
    told: list[Any] = []
    for frame in _frames(codec):
        for takes, reads, judges, raw in _ways():
            for first, portion, cut in _portions(len(frame)):
                data = frame + codec.Chunk(2, 5).to_bytes()
                data = data[: len(data) - cut]
                noted: list[Any] = []
                in_c = InC(codec, noted, takes, reads)
                with _beside(codec, in_c, Noting(codec, noted) if judges else None):
                    told += _received(codec, raw, data, first, portion)
                told.append(noted)
    return told


def _ways() -> Iterator[tuple[bool, bool, bool, bool]]:
    """Whether values are collected apart, and read; doubts judged; and nothing is decoded."""
    for judges in (True, False):
        yield from ((True, True, judges, False), (True, False, judges, False))
    yield from ((False, True, True, False), (True, True, True, True))


def _portions(size: int) -> Iterator[tuple[int, int, int]]:
    """How much comes first, how much then at a time, and how much never does."""
    yield 50_000, 20_000, 0
    yield size - 3, size, 0
    yield 8_000, 40_000, size // 4
    yield 60_000, 1_000_000, 21


def _frames(codec: Codec) -> list[bytes]:
    """The value alone, with others behind it, a fault before it or behind it, and a lesser one."""
    value, less = (MARK + b"x" * size for size in (LARGE_BYTES, LESS_BYTES))
    many = codec.Response(1, [value, *range(1000)]).to_bytes()
    behind = bytearray(codec.Response(1, [value, True]).to_bytes())
    behind[-1] = 2
    before = bytearray(codec.Response(1, [True, value]).to_bytes())
    before[before.index(MARK) - 6] = 2
    ended = codec.Response(1, value).to_bytes()
    return [ended, many, bytes(behind), bytes(before), codec.Response(1, [less] * 4).to_bytes()]


def _received(codec: Codec, raw: bool, data: bytes, first: int, portion: int) -> list[Any]:
    connection = codec.Connection("client", raw=raw)
    for number in (1, 2):
        connection.send(codec.Request(number, "m:A", "go"))
    told: list[Any] = []
    held = memoryview(data)
    taken = first
    while held:
        if connection.room is None or len(told) % 3 == 0:
            connection.receive_data(bytes(held[:taken]))
        else:
            taken = min(len(held), len(connection.room), portion)
            connection.room[:taken] = held[:taken]
            connection.filled(taken)
        held, taken = held[taken:], portion
        told.append([*_kept(connection), *_events(codec, connection), *_kept(connection)])
    connection.receive_eof()
    return [*told, *_events(codec, connection), sorted(connection.open_exchanges)]


def _kept(connection: Any) -> list[Any]:
    room = connection.room
    return [connection.is_inside_frame, connection.kept_bytes, room if room is None else len(room)]


def _events(codec: Codec, connection: Any) -> list[Any]:
    """The events that are there, up to the end or the fault that ends them."""
    told: list[Any] = []
    for _ in range(MOST_EVENTS):
        told.append(tried(codec, partial(_event, codec, connection)))
        if told[-1] is None or told[-1] == ENDED or told[-1][1] == "connection":
            break
    return told


def _event(codec: Codec, connection: Any) -> Any:
    event = connection.next_event()
    if event is codec.NEED_DATA:
        return None
    if isinstance(event, codec.ConnectionClosed):
        return ENDED
    told: list[Any] = [type(event).__name__]
    for one in getattr(event, "_fields", ()):
        held = getattr(event, one)
        told.append(leaves(vars_of(held)) if hasattr(held, "CODE") else leaves(held))
    return str(told)


def in_doubt(codec: Codec) -> list[Any]:
    """What is received and sent where the C codec was in doubt about it, or not."""
    told: list[Any] = []
    for is_doubtful in (False, True):
        for judges in (True, False):
            noted: list[Any] = []
            with _beside(codec, None, Noting(codec, noted) if judges else None):
                for ask in (_doubtful_frames, _doubtful_messages):
                    connection = codec.Connection("client")
                    told += ask(codec, connection, is_doubtful)
                    told += [connection._is_doubtful, connection._eof, list(noted)]
    return told


def _doubtful_frames(codec: Codec, connection: Any, is_doubtful: bool) -> Iterator[Any]:
    connection.send(codec.Request(1, "m:A", "go"))
    right = codec.Chunk(1, [1]).to_bytes()
    wrong = codec.Chunk(1, True).to_bytes()[:-1] + b"\2"
    for frame in (right, wrong):
        if is_doubtful:
            connection._is_doubtful = True
        connection.receive_data(frame + right)
        yield _events(codec, connection)


def _doubtful_messages(codec: Codec, connection: Any, is_doubtful: bool) -> Iterator[Any]:
    number = 0
    for send in (connection.send, connection.send_parts):
        for value in (b"x", b"y" * LARGE_BYTES, 2**70):
            if is_doubtful:
                connection._is_doubtful = True
            for _ in "ab":
                number += 1
                message = codec.Request(number, "m:A", "go", (value,))
                yield str(tried(codec, partial(send, message)))
    yield sorted(connection.open_exchanges)


def opened(codec: Codec) -> list[Any]:
    """Whether a connection is inside a frame, and what it keeps, byte by byte."""
    head = codec.End(1).to_bytes()
    refused = head[:4] + (5).to_bytes(4) + head[8:] + bytes(5)
    frames = (codec.Chunk(1, 1).to_bytes(), refused, head)
    told: list[Any] = []
    for options in ({}, {"raw": True}, {"raw": True, "whole_bytes": HEADER_BYTES + 1}):
        for portion in (1, 3, HEADER_BYTES, 1000):
            connection = codec.Connection("client", **options)
            connection.send(codec.Request(1, "m:A", "go"))
            data = b"".join(frames)
            for start in range(0, len(data), portion):
                connection.receive_data(data[start : start + portion])
                told += [_kept(connection), connection.passable, _events(codec, connection)]
                told += _kept(connection)
    return told


def serialized(codec: Codec) -> list[Any]:
    """Messages whose payload a C codec encodes, or is in doubt about."""
    messages = import_module(f"{codec.__name__}.messages")
    doubtful = import_module(f"{codec.__name__}.doubtful").Doubtful
    told: list[Any] = []
    for encoding in (codec.encode, lambda _: None):
        steps = doubtful(messages.PYTHON._replace(encode=encoding))
        for message in (
            codec.Response(7, [1]), codec.Response(7, [2**70]), codec.Response(2**64, 1), codec.End(7),
            codec.Response(True, 1), codec.Request(7, 1, "go"), codec.Status(-1),
        ):  # fmt: skip
            told.append(tried(codec, partial(steps.serialize, message)))
    return told


# By name; each is passed once, whatever the cases are.
APART: dict[str, Callable[[Codec], list[Any]]] = {
    "apart": apart, "in doubt": in_doubt, "opened": opened, "serialized": serialized,
}  # fmt: skip
