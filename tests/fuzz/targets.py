"""Targets: functions that take any bytes, and raise AssertionError when a rule is broken.

Rules that hold for any input: it ends in a value, an event, the need of more data, or a
ProtocolError; never in another exception. All implementations agree, on values and on faults.
What is accepted is written again as the same bytes, or where the wire permits several forms as
bytes of the same meaning. Memory stays in proportion to the input.
"""

from __future__ import annotations

import random
import sys
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gdproto
from gdproto import (
    NEED_DATA,
    Connection,
    ConnectionClosed,
    FrameReceived,
    PartReceived,
    ProtocolError,
)
from gdproto.declaration import HEADER_BYTES, ROLES
from gdproto.explain import explain
from tests.gdproto.implementations import (
    CONNECTIONS,
    DECODERS,
    ENCODERS,
    PARSERS,
    SERIALIZERS,
    SLOW,
)

from .outcomes import Outcome, exactly, of_error, of_event, of_message, outcome
from .python_values import built

Target = Callable[[bytes], None]

# The declarations take minutes for what the codecs take milliseconds for.
MAX_DECLARED_BYTES = 2_000
# Bytes of memory for each byte of input: an empty dict takes 64 for 5, with a pair 250 for 11.
MEMORY_FACTOR = 100
# What the deepest nesting takes for its frames, also where they are instrumented.
MEMORY_AT_LEAST = 2_000_000
# Measuring memory is slow: only one input in so many.
MEASURED = 16


def value(data: bytes) -> None:
    """The bytes as one value."""
    decoded = agreed(DECODERS, data, exactly)
    if decoded[0] == "returned":
        held = gdproto.decode(data)
        for encode in ENCODERS:
            assert encode(held) == data, encode
    if data[:1] != gdproto.MAGIC[:1]:
        explained(data, decoded)


def frame(data: bytes) -> None:
    """The bytes as one frame."""
    parsed = agreed(PARSERS, data, of_message)
    if parsed[0] == "returned":
        message = gdproto.parse(data)
        written = message.to_bytes()
        for serialize in SERIALIZERS:
            if serialize not in SLOW or len(data) <= MAX_DECLARED_BYTES:
                assert serialize(message) == written, serialize
        assert outcome(gdproto.parse, written, of_message) == parsed
        assert gdproto.parse(written).to_bytes() == written
    if data[:1] == gdproto.MAGIC[:1]:
        explained(data, parsed)
    peeked(data, parsed)


def agreed(
    functions: list[Callable[[bytes], Any]], data: bytes, shown: Callable[[Any], Outcome]
) -> Outcome:
    """The one outcome of all implementations."""
    first, *others = functions
    expected = outcome(first, data, shown)
    for other in others:
        if other not in SLOW or len(data) <= MAX_DECLARED_BYTES:
            found = outcome(other, data, shown)
            assert found == expected, (other, found, expected)
    return expected


def explained(data: bytes, expected: Outcome) -> None:
    """The annotations stand where they say, and tell of the fault that decoding finds."""
    parts = explain(data)
    faults = [part for part in parts if part.fault]
    assert bool(faults) == (expected[0] == "refused")
    for part in parts:
        assert data[part.offset : part.offset + len(part.data)] == part.data
    for fault in faults:
        assert fault is parts[-1]
        assert (fault.text.split()[0].rstrip(":"), fault.offset) == (expected[1], expected[3])
    offsets = [part.offset for part in parts if not part.fault]
    assert offsets == sorted(offsets)
    if not faults:
        assert b"".join(part.data for part in parts) == data


def peeked(data: bytes, parsed: Outcome) -> None:
    """What an arbiter reads of a REQUEST is what parsing it gives."""
    try:
        header = gdproto.parse_header(data)
    except ProtocolError:
        return
    if header.code != gdproto.MessageCode.REQUEST or len(data) != HEADER_BYTES + header.length:
        return
    for source, start in ((data, HEADER_BYTES), (data[HEADER_BYTES:], 0)):
        found = outcome(lambda one, at=start: gdproto.peek_request(one, at), source, exactly)
        if parsed[0] == "returned":
            request = gdproto.parse(data)
            assert isinstance(request, gdproto.Request)
            wanted = (request.app_path, request.action, request.timeout)
            # A priority behind the arguments may be passed over.
            assert found in [
                ("returned", *exactly((*wanted, priority))) for priority in {request.priority, 0}
            ]
        elif found[0] == "refused":
            # It may pass over a fault, and finds none of its own.
            assert found == parsed


def written(data: bytes) -> None:
    """A Python value that the bytes build, of types that can be encoded and others."""
    held = built(data)
    first, *others = ENCODERS
    expected = outcome(first, held, exactly)
    for other in others:
        assert outcome(other, held, exactly) == expected, other
    if expected[0] == "returned":
        encoded = gdproto.encode(held)
        assert gdproto.encode(gdproto.decode(encoded)) == encoded
    serialized(gdproto.Response(1, held), expected)
    serialized(gdproto.Request(1, "", "", (held,), {"a": held}), expected)


def serialized(message: gdproto.Message, alone: Outcome) -> None:
    """A message can be written as its value can alone, but for its own depth and size."""
    first, *others = (one for one in SERIALIZERS if one not in SLOW)
    expected = outcome(first, message, exactly)
    for other in others:
        assert outcome(other, message, exactly) == expected, other
    if expected[0] != alone[0]:
        assert expected[1] in ("nesting_too_deep", "payload_too_large")


# --- connections ---


def connection(data: bytes) -> None:
    """Bytes received by any role, whole and in portions; the first four say which and how."""
    if len(data) < 4:
        return
    role = list(ROLES)[data[0] % len(ROLES)]
    raw, ends = bool(data[0] & 0x10), bool(data[0] & 0x20)
    opened, portions, stream = data[1], random.Random(data[2:4]), data[4:]
    for with_raw in {False, raw}:
        expected = None
        for made in CONNECTIONS:
            for cut in ([stream], list(_cut(stream, portions))):
                receiver = Receiver(made(role, raw=with_raw), opened)
                receiver.take(cut, ends)
                found = receiver.outcomes, set(receiver.connection.open_exchanges)
                assert found == (expected or found)
                expected = found
    if raw:
        agree_with_raw(role, opened, stream)


class Receiver:
    """A connection that has opened some exchanges, and what it receives.

    Args:
        connection: a fresh one.
        opened: one bit for each exchange that an opener has open, from id 1 up, and one for each
            of these that it has given up.
        fills: the chance by which bytes are put where the connection has room, or are kept from it
            where it looks at none; None for never.
    """

    def __init__(
        self, connection: Connection, opened: int, fills: random.Random | None = None
    ) -> None:
        self.connection = connection
        self.outcomes: list[Outcome] = []
        self._fills = fills
        # Of a frame that comes in parts: its header, and those that have come.
        self._header: gdproto.Header | None = None
        self._parts = b""
        if connection.role.side == "opener":
            self._open(opened)

    def _open(self, opened: int) -> None:
        for request_id in range(1, (self.connection.role.max_open or 4) + 1):
            if opened >> (request_id - 1) & 1:
                asks = request_id % 2 == 0
                status, request = gdproto.Status(request_id), gdproto.Request(request_id, "", "")
                self.connection.send(status if asks else request)
                if opened >> (request_id + 3) & 1:
                    self.connection.abandon(request_id)

    def take(self, portions: list[bytes], ends: bool) -> None:
        for portion in portions:
            self.connection.receive_data(self._fill(portion))
            self._drain()
        if ends:
            self.connection.receive_eof()
            self._drain()

    def _fill(self, portion: bytes) -> bytes:
        """Put as much as chance says where the connection has room; returns the rest."""
        room = self.connection.room
        assert room is None or room, "all that was there has been taken"
        if self._fills is not None and self.connection.passable:
            count = self._fills.randint(0, min(len(portion), self.connection.passable))
            self.connection.passed(count)
            self._parts += portion[:count]
            return portion[count:]
        if self._fills is None or not room:
            return portion
        count = min(self._fills.randint(0, len(portion)), len(room))
        room[:count] = portion[:count]
        self.connection.filled(count)
        if self._fills.randrange(2):
            self._drain()
        return portion[count:]

    def _drain(self) -> None:
        while not self._ended():
            try:
                event = self.connection.next_event()
            except ProtocolError as error:
                self.outcomes.append((*of_error(error), error.request_id))
                continue
            if event is NEED_DATA:
                return
            if isinstance(event, PartReceived):
                self._keep(event)
            else:
                self.outcomes += of_event(self._whole(event))

    def _keep(self, event: PartReceived) -> None:
        assert event.part
        if event.header is not self._header:
            # The last frame in parts was not for us: its exchange had been given up.
            self._header, self._parts = event.header, b""
        self._parts += event.part

    def _whole(self, event: Any) -> Any:
        """The event, with the parts of its frame that came before."""
        if not isinstance(event, FrameReceived) or event.header is not self._header:
            return event
        assert event.frame
        self._header = None
        return event._replace(frame=self._parts + bytes(event.frame))

    def _ended(self) -> bool:
        """Whether nothing may follow; then the connection goes on saying so."""
        last = self.outcomes[-1] if self.outcomes else ("",)
        if last[0] == "refused" and last[2] == "connection":
            again = outcome(lambda one: one.next_event(), self.connection, lambda event: (event,))
            assert again == last[:-1]
            return True
        return last == (ConnectionClosed(),)


def _cut(stream: bytes, portions: random.Random) -> Iterator[bytes]:
    position = 0
    while position < len(stream):
        size = portions.choice((1, 1, 2, 3, 15, 16, 17, 64, 1000))
        yield stream[position : position + size]
        position += size


def agree_with_raw(role: str, opened: int, stream: bytes) -> None:
    """As far as no payload is at fault, raw frames are those of the messages."""
    messages = Receiver(Connection(role), opened)
    frames = Receiver(Connection(role, raw=True), opened)
    messages.take([stream], False)
    frames.take([stream], False)
    for message, raw in zip(messages.outcomes, frames.outcomes, strict=False):
        if raw[0] != "frame":
            assert message == raw
            continue
        parsed = outcome(gdproto.parse, raw[3], of_message)
        if parsed[0] == "refused":
            assert message[:-1] == parsed
            return
        assert message == ("message", raw[1], *parsed[1:])
    assert len(messages.outcomes) == len(frames.outcomes)


def options(data: bytes) -> None:
    """Bytes received by any role, in portions and by whatever options: they mean the same.

    The first four bytes say which role and how, as for `connection`.
    """
    if len(data) < 4:
        return
    role = list(ROLES)[data[0] % len(ROLES)]
    ends, opened, stream = bool(data[0] & 0x20), data[1], data[4:]
    for made in CONNECTIONS:
        with large_from(made, LARGE_BYTES, PART_BYTES):
            for given in GIVEN:
                plain = Receiver(made(role, raw=bool(given)), opened)
                plain.take([stream], ends)
                for number in range(2):
                    portions = random.Random(data[2:4] + bytes([number]))
                    fills = random.Random(data[2:4]) if number else None
                    receiver = Receiver(made(role, **given), opened, fills)
                    receiver.take(list(_cut(stream, portions)), ends)
                    assert receiver.outcomes == plain.outcomes, (made, given, number)
                    assert receiver.connection.open_exchanges == plain.connection.open_exchanges


# A frame of more bytes is large here, so that those of an input may be.
LARGE_BYTES = 40
# And a bytes value of as many.
PART_BYTES = 4
GIVEN: list[dict[str, Any]] = [
    {},
    {"raw": True},
    {"raw": True, "runs": True},
    *({"raw": True, "whole_bytes": size} for size in (1, 16, 100)),
    {"raw": True, "runs": True, "whole_bytes": 30},
]


@contextmanager
def large_from(made: type[Connection], frame: int, value: int) -> Iterator[None]:
    """In the block, larger frames are collected in buffers of their own, and such values apart."""
    module: Any = sys.modules[made.__module__]
    before = module.LARGE_BYTES, module.PART_BYTES
    module.LARGE_BYTES, module.PART_BYTES = frame, value
    try:
        yield
    finally:
        module.LARGE_BYTES, module.PART_BYTES = before


TARGETS: dict[str, Target] = {
    target.__name__: target for target in (value, frame, written, connection, options)
}


# --- memory ---


def check(name: str, data: bytes, *, measured: bool | None = None) -> None:
    """Run a target on an input. Raises whatever shows that a rule is broken.

    Args:
        measured: whether memory is measured; None for one input in MEASURED.
    """
    TARGETS[name](data)
    if measured or (measured is None and zlib.crc32(data) % MEASURED == 0):
        for function in MEASURED_FUNCTIONS[name]:
            peak = peak_bytes(function, data)
            assert peak <= MEMORY_AT_LEAST + MEMORY_FACTOR * len(data), (function, peak, len(data))


def _received(data: bytes) -> None:
    Receiver(Connection("arbiter"), 0).take([data[4:]], True)


MEASURED_FUNCTIONS: dict[str, list[Callable[[bytes], Any]]] = {
    "value": [decode for decode in DECODERS if decode not in SLOW],
    "frame": [parse for parse in PARSERS if parse not in SLOW],
    "written": [],
    "connection": [_received],
    "options": [],
}


def peak_bytes(function: Callable[[bytes], Any], data: bytes) -> int:
    """The most memory that the function held at once, in bytes, beside its input."""
    tracemalloc.start()
    try:
        function(data)
    except ProtocolError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak
