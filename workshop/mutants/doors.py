"""What else a codec does with the bytes of a case than vectors ask: its other doors.

Rules: nothing here is right or wrong. A door's answer is compared with the codec's own, so that a
change that shows behind it alone is told: in views and peeks, in frames that are handed through,
and in the buffers of large frames. An error is what it carries, without the reason for persons.
"""

from __future__ import annotations

import ctypes
import dataclasses
import hashlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import ModuleType
from typing import Any

from gdproto import Chunk, Response, encode
from gdproto.conformance.cases import Case, NotHeld, from_typed, made, size
from gdproto.declaration import HEADER_BYTES, MessageCode

Codec = ModuleType
# What is longer is left to the doors that are for it.
MAX_BYTES = 20_000
# Portions that fall into every part of a frame; a frame of more bytes goes in parts.
PORTIONS = (1_000_000, 7)
WHOLE_BYTES = 40
# Of which no view can be taken for one of bytes.
EMPTY = (ctypes.c_int * 4) * 0
# Frames with a buffer of their own: of a blob below, at, and above what one is made for.
LARGE = (65_508, 65_509, 100_000, 5_000_000)


def through(codec: Codec, case: Case) -> list[Any]:
    """What comes out of each door for the case."""
    return [tried(codec, door) for door in _doors(codec, case)]


def large_frames(codec: Codec) -> list[Any]:
    """What a connection makes of large frames, in rooms and in portions, decoded and not."""
    return [
        tried(codec, partial(_in_rooms, codec, length, raw, cut))
        for length in LARGE
        for raw in (False, True)
        for cut in (0, 1000)
    ]


def peeks(codec: Codec) -> list[Any]:
    """What is peeked of requests: their keys in any place, behind values of any kind, cut short."""
    told = []
    for payload in _requests():
        data = encode(payload)
        cuts = (data[:cut] for cut in range(min(len(data), 90)))
        told += [peeked(codec, part) for part in (data, *cuts, data + b"\0")]
        told.append(peeked(codec, memoryview(data)))
        told.append(peeked(codec, b"\x21" + data, 1))
    return [*told, *(peeked(codec, data) for data in _faulty_requests())]


def _faulty_requests() -> Iterator[bytes]:
    """What no dict encodes to: another root, keys that are no strings, keys twice, a count too many."""
    whole = encode({"app_path": "m:A", "action": "go", "timeout": 1, "priority": 2})
    yield b"\x20" + whole[1:]
    yield whole[:1] + (1000).to_bytes(4) + whole[5:]
    for count in (len(whole[5:]) // 6 + 1, 2**24):
        yield whole[:1] + count.to_bytes(4) + whole[5:]
    for key in (7, b"action", None, [1]):
        yield whole[:1] + (5).to_bytes(4) + encode(key) + encode(1) + whole[5:]
    twice = ("app_path", "a", "timeout", 1, "priority", 2, "app_path", "action", "go", "x")
    yield whole[:1] + (5).to_bytes(4) + b"".join(map(encode, twice))
    yield whole[:1] + (3).to_bytes(4) + b"".join(map(encode, (*twice[:2] * 2, "action", "go")))


def peeked(codec: Codec, payload: bytes | memoryview, start: int = 0) -> Any:
    return tried(codec, lambda: repr(codec.peek_request(payload, start)))


def _requests() -> Iterator[dict[Any, Any]]:
    wanted: dict[Any, Any] = {"app_path": "m:A", "action": "go"}
    more: dict[Any, Any]
    timeout: Any
    other: dict[Any, Any]
    for more in ({}, {"timeout": None}, {"timeout": 0}, {"timeout": 0.5}, {"timeout": 1}):
        yield wanted | more
        yield wanted | more | {"args": [], "kwargs": {"k": [1, {"a": None}]}}
    for timeout in (-1, -0.0, float("nan"), float("inf"), True, "1", [], 2**62):
        yield wanted | {"timeout": timeout}
    for value in (
        None, True, 7, 1.5, b"abc", "text", [], {}, [1, [2.5, "s", {"k": []}], None], {"a": {"b": [1]}},
        [1] * 63, [1] * 64, [1] * 65, [1.5] * 130, [None] * 70, [True] * 70, [1] * 64 + ["x"],
        [1] * 40 + [1.5] * 40, [1] * 40 + [None] * 40, [None] * 40 + [1] * 40, [1, None] * 40, [1] + [None] * 70, [[1] * 70, 2],
    ):  # fmt: skip
        yield {"args": value, **wanted}
        yield {"app_path": "m:A", "x": value, "timeout": 2, "action": "go"}
    for other in ({"app_path": 1}, {"action": None}, {"app_path": b"m"}, {"action": []}):
        yield wanted | other
    yield {"app_path": "m:A"}
    yield {}


def parts(codec: Codec) -> list[Any]:
    """Messages in parts, with bytes around the size from which they are not copied."""
    told = []
    for length in (65_535, 65_536, 65_537):
        blobs = b"x" * length, b"y" * length
        for blob in (blobs[0], "x" * length, [blobs[0], 1, blobs[1]], {"k": blobs[1]}):
            for message in (codec.Response(7, blob), codec.Request(7, "m:A", "go", (blob,))):
                connection = codec.Connection("client" if message.CODE == 1 else "arbiter")
                if message.CODE != 1:
                    connection.receive_data(codec.Request(7, "m:A", "go").to_bytes())
                    connection.next_event()
                told.append(
                    [(len(one), bytes(one[-20:])) for one in connection.send_parts(message)]
                )
    return told


def odd_messages(codec: Codec) -> list[Any]:
    """Messages with ids and fields that they cannot have, or by halves."""
    ids = (0, 1, -1, 2**63 - 1, 2**63, 2**64 - 1, 2**64, True, Int(5), 1.0, "1", None)
    numbered = [
        kind(number, *fields)
        for number in ids
        for kind, *fields in ((codec.Status,), (codec.Response, None), (codec.Manage, 1))
    ]
    values = (
        Int(1),
        Float(1.5),
        Text("t"),
        Bytes(b"b"),
        List([1]),
        Dict(a=1),
        (1, 2),
        Odd(),
        True,
        None,
    )
    messages = [*numbered, *(one for value in values for one in _holding(codec, value))]
    nested = [held for value in values for held in (value, {"a": [value]}, _as_key(value))]
    released = memoryview(b"x")
    released.release()
    return [
        [codec.PRIORITY_RANGE, codec.HEADER_BYTES, codec.MAGIC, codec.VERSION],
        tried(codec, partial(codec.encode, [released])),
        *(tried(codec, one.to_bytes) for one in messages),
        *(tried(codec, partial(codec.Connection("client").send, one)) for one in numbered),
        *(tried(codec, partial(codec.encode, one)) for one in nested),
    ]


def _holding(codec: Codec, value: Any) -> tuple[Any, ...]:
    """Messages in which the value is a field."""
    return (
        codec.Response(1, value), codec.Request(1, value, "go"), codec.Request(1, "m:A", value),
        codec.Request(1, "m:A", "go", value), codec.Request(1, "m:A", "go", (), value),
        codec.Request(1, "m:A", "go", timeout=value), codec.Stash(1, value, "t", value, value, value),
        codec.Stash(1, 2, value), codec.Manage(1, value, value), codec.Manage(1, 1, value),
        codec.Error(1, value, "m"), codec.Error(1, "e", value), codec.Error(1, "e", "m", value),
    )  # fmt: skip


def _as_key(value: Any) -> Any:
    return {value: 1} if value.__hash__ else None


def defaults(codec: Codec) -> list[Any]:
    """What fields are when they are not given, as the constructor and dataclasses have it."""
    made = [
        codec.Request(1, "m:A", "go"), codec.Error(1, "e", "m"), codec.Stash(1, 2, "t"),
        codec.Manage(1, 1),
    ]  # fmt: skip
    told: list[Any] = [vars_of(one) for one in made]
    for one in made:
        told += [(field.name, _default(field)) for field in dataclasses.fields(one)]
        for held in vars_of(one).values():
            if isinstance(held, dict):
                held["kept"] = True
    return [*told, codec.Request(1, "m:A", "go").kwargs, codec.Error(1, "e", "m").details]


def _default(field: Any) -> str:
    made = field.default_factory
    return repr(field.default if made is dataclasses.MISSING else made())


def _faults_told(codec: Codec) -> Iterator[Any]:
    """What is told of frames at fault, short and long."""
    for size_ in (10, 300, 200_000):
        arbiter = codec.Connection("arbiter")
        data = encode({"app_path": b"x" * size_})
        arbiter.receive_data(b"GD\x01\x01" + len(data).to_bytes(4) + (9).to_bytes(8) + data)
        yield from _told(codec, arbiter)


def buffers(codec: Codec) -> list[Any]:
    """Values and frames in whatever holds bytes, and in what does not."""
    data, frame = encode([1, b"abc", "d"]), codec.Response(1, [b"abc", 2]).to_bytes()
    told: list[Any] = []
    request = encode({"x": b"y", "app_path": "m:A", "action": "go"})
    for plain, read in (
        (data, codec.decode), (frame, codec.parse), (b"", codec.decode), (request, codec.peek_request),
    ):  # fmt: skip
        spread = memoryview(b"".join(bytes([one, 0]) for one in plain))[::2]
        wide = (
            memoryview(plain + bytes(-len(plain) % 4)).cast("I") if plain else memoryview(EMPTY())
        )
        for held in (
            plain,
            bytearray(plain),
            memoryview(plain),
            spread,
            wide,
            plain.decode("latin-1"),
            1,
        ):
            for options in ({}, {"zero_copy": True}) if read is not codec.peek_request else ({},):
                told.append(tried(codec, partial(_read, read, held, options)))
    return told


def _read(read: Callable[..., Any], held: Any, options: dict[str, Any]) -> Any:
    value = read(held, **options)
    if isinstance(value, tuple):
        return repr(value)
    return leaves(vars_of(value) if hasattr(value, "request_id") else value)


def runs(codec: Codec) -> list[Any]:
    """Frames that look alike and come together, cut anywhere, at a connection that takes runs."""
    frames = [
        *(codec.Chunk(1, one) for one in (1, "two", [3])), codec.Chunk(2, 4), codec.Chunk(1, 5),
        codec.End(1), codec.Response(3, 6), codec.Response(3, 6),
    ]  # fmt: skip
    small = codec.Chunk(4, 8).to_bytes()
    # Behind it, a CHUNK without a payload.
    chunks = small + small[:4] + bytes(4) + small[8:HEADER_BYTES]
    data = chunks + b"".join(one.to_bytes() for one in frames)
    return [*_runs(codec, data), *_runs(codec, chunks)]


def _runs(codec: Codec, data: bytes) -> list[Any]:
    told: list[Any] = []
    for role in ("client", "arbiter"):
        for cut in range(len(data)):
            connection = codec.Connection(role, raw=True, runs=True)
            for number in (1, 2, 3, 4) if role == "client" else ():
                connection.send(codec.Request(number, "m:A", "go"))
            connection.receive_data(data[:cut])
            told += _told(codec, connection)
            connection.receive_data(data[cut:])
            # Before what came is read.
            connection.receive_eof()
            told += [*_told(codec, connection), sorted(connection.open_exchanges)]
    return told


def relaying(codec: Codec) -> list[Any]:
    """A connection that hands frames through both ways, as an arbiter has it."""
    request, told = codec.Request(1, "m:A", "go").to_bytes(), []
    for header in (None, codec.parse_header(request)):
        lane = codec.Connection("lane", raw=True, whole_bytes=WHOLE_BYTES)
        sent = [tried(codec, partial(lane.send_frame, request, header)) for _ in range(2)]
        lane.receive_data(codec.Chunk(1, b"x" * 100).to_bytes()[:60])
        told += [sent, list(lane.open_exchanges), *_told(codec, lane), lane.passable]
        lane.passed(50)
        told += [lane.passable, *_told(codec, lane)]
        lane.receive_data(b"x")
        told += [lane.passable, [one.request_id for one in lane.events()]]
        lane.receive_data(b"x" * 8 + codec.End(1).to_bytes())
        events = list(lane.events())
        told += [[str(one) for one in events], [one.request_id for one in events]]
        told += [list(lane.open_exchanges)]
    exact = codec.Chunk(1, b"x" * 5).to_bytes()
    assert len(exact) == WHOLE_BYTES
    lane = codec.Connection("lane", raw=True, whole_bytes=WHOLE_BYTES)
    lane.send_frame(request)
    for part in (exact[:20], exact[20:]):
        lane.receive_data(part)
        told += [*_told(codec, lane), lane.passable]
    told += _faults_told(codec)
    client = codec.Connection("client", runs=True)
    told += [tried(codec, partial(client.send_parts, codec.Request(1, "m:A", "go"))) for _ in "ab"]
    told.append(
        tried(codec, partial(client.send_parts, codec.Request(2, "m:A", "go", (object(),))))
    )
    told += [list(client.open_exchanges)]
    chunks = codec.Chunk(1, 1).to_bytes() + codec.Chunk(1, 2).to_bytes()
    client.receive_data(bytearray(chunks))
    client.receive_eof()
    events = list(client.events())
    told += [[str(one) for one in events], [one.request_id for one in events[:2]]]
    told += [str(client.next_event()), list(client.open_exchanges)]
    try:
        codec.Connection("nobody")
    except ValueError as error:
        told.append(str(error))
    return told


class Int(int):
    """A subclass; so are those that follow."""


class Float(float):
    pass


class Text(str):
    __slots__ = ()


class Bytes(bytes):
    pass


class List(list[Any]):
    pass


class Dict(dict[str, Any]):
    pass


class Odd(int):
    """A number that cannot be read as one."""

    def __int__(self) -> int:
        raise ValueError

    def __str__(self) -> str:
        raise ValueError


# By name; each is passed once, whatever the cases are.
APART: dict[str, Callable[[Codec], list[Any]]] = {
    "large frames": large_frames, "peeks": peeks, "parts": parts, "odd messages": odd_messages,
    "relaying": relaying, "buffers": buffers, "runs": runs, "defaults": defaults,
}  # fmt: skip


def near_limits(codec: Codec, limits: Mapping[str, int]) -> list[Any]:
    """What a codec with low limits reads and writes just below, at and above them."""
    most, items, payload = (
        limits[f"max_{name}"] for name in ("blob_bytes", "items", "payload_bytes")
    )
    requests = [
        peeked(codec, encode({str(n): None for n in range(items + by - 2)} | _ASKED))
        for by in (-1, 0, 1)
    ]
    small = Chunk(7, 1).to_bytes()
    runs = [
        _run_of(codec, small + small[:4] + length.to_bytes(4) + small[8:16] + bytes(length))
        for length in (payload - 1, payload, payload + 1)
    ]
    return [*requests, *runs] + [
        tried(codec, partial(_limited, codec, value))
        for by in (-1, 0, 1)
        for value in (*_blobs(most + by), *_containers(items + by), *_of_bytes(payload + by))
    ]


_ASKED = {"app_path": "m:A", "action": "go"}


def _blobs(size: int) -> Iterator[Any]:
    # One that takes so many bytes with its head.
    yield b"x" * (size - 5)
    for blob in (b"x" * size, "x" * size, "é" * (size // 2) + "x" * (size % 2)):
        yield from (blob, [blob], {"k": blob}, [1.5, [blob]])
    yield {"k" * size: None}


def _containers(count: int) -> Iterator[Any]:
    for value in (
        [None] * count, [7] * count, [1.5] * count, ["s"] * count,
        {str(number): None for number in range(count)},
    ):  # fmt: skip
        yield from (value, [value], {"k": value})


def _of_bytes(size: int) -> Iterator[Any]:
    """What makes a RESPONSE's payload so long: in bytes values of as much as may be."""
    head, inner, each = len(encode({"result": [b"", b"", b"", b""]})), size, 250
    yield [b"x" * each] * 3 + [b"y" * (inner - head - 3 * each)]
    # Of large ones, and of many small pieces: each is counted on the way.
    yield [b"x" * 270] * 4
    yield ["y" * 270, b"x" * 270, {"k": "z" * 270, "kk": b"z" * 270}]
    yield [["y" * 100, {"k": 1}]] * (size // 100)


def _limited(codec: Codec, value: Any) -> list[Any]:
    data = encode(value)
    frame = Response(7, value).to_bytes()
    return [
        tried(codec, partial(codec.encode, value)),
        tried(codec, lambda: leaves(codec.decode(data))),
        tried(codec, lambda: leaves(codec.decode(memoryview(data), zero_copy=True))),
        tried(codec, lambda: leaves(vars_of(codec.parse(frame)))),
        tried(codec, lambda: codec.Response(7, value).to_bytes()),
        tried(
            codec,
            lambda: b"".join(
                codec.Connection("client").send_parts(codec.Request(7, "m:A", "go", (value,)))
            ),
        ),
        _handed(codec, "client", frame, PORTIONS[0], {}),
        tried(codec, lambda: _read_strictly(codec, data)),
        tried(codec, lambda: _strictly_written(codec, value)),
    ]


def _run_of(codec: Codec, data: bytes) -> list[Any]:
    connection = codec.Connection("client", raw=True, runs=True)
    connection.send(codec.Request(7, "m:A", "go"))
    connection.receive_data(data)
    return list(_told(codec, connection))


def tried(codec: Codec, door: Callable[[], Any]) -> Any:
    try:
        return door()
    except codec.ProtocolError as error:
        return _carried(error)
    except TypeError as error:
        return str(error)


def _carried(error: Any) -> tuple[Any, ...]:
    where = (error.scope, error.offset, error.path, error.request_id, error.raw_data)
    return error.code, *where, str(error).removesuffix(error.reason)


def _doors(codec: Codec, case: Case) -> Iterator[Callable[[], Any]]:
    recipe = case.receives if case.bytes is None else case.bytes
    if recipe is not None and size(recipe) <= MAX_BYTES:
        data = made(recipe)
        yield from _reading(codec, case, data)
    if case.message is not None:
        yield lambda: _judged_strictly(codec, case)
        if case.error is None:
            yield lambda: _sent(codec, case)
    if case.value is not None:
        yield lambda: _written_strictly(codec, case)


def _reading(codec: Codec, case: Case, data: bytes) -> Iterator[Callable[[], Any]]:
    match case.kind:
        case "value":
            yield lambda: leaves(codec.decode(bytearray(data)))
            yield lambda: _read_strictly(codec, data)
            yield lambda: leaves(codec.decode(memoryview(data), zero_copy=True))
        case "frame" | "message":
            yield lambda: leaves(vars_of(codec.parse(data)))
            yield lambda: leaves(vars_of(codec.parse(memoryview(data), zero_copy=True)))
            yield lambda: _parsed_strictly(codec, data)
            yield lambda: codec.parse_header(b"abc" + data, 3)
            yield lambda: codec.parse_header(b"abc" + data[:11], 3)
            yield lambda: codec.parse_header(data, len(data) + 1)
            yield lambda: leaves(vars_of(_payload(codec, data)))
            if data[3:4] == bytes([MessageCode.REQUEST]):
                yield lambda: codec.peek_request(data, HEADER_BYTES)
                yield lambda: codec.peek_request(memoryview(data), HEADER_BYTES)
                yield lambda: codec.peek_request(data[HEADER_BYTES:])
            for role in ("arbiter", "client") if case.kind == "message" else ("arbiter",):
                yield lambda role=role: _handed(codec, role, data, PORTIONS[0], {})  # type: ignore[misc]
        case "stream":
            for portion in PORTIONS:
                for options in ({}, {"runs": True}, {"whole_bytes": WHOLE_BYTES}, {"raw": False}):
                    yield lambda p=portion, o=options: _handed(codec, case.role, data, p, o)  # type: ignore[misc]


def _read_strictly(codec: Codec, data: bytes) -> Any:
    """What the strict half reads, which the fast one stands before."""
    value, stop = codec.strict.decode(data, 0)
    return [leaves(value), stop, codec.strict.check(data, 0)]


def _written_strictly(codec: Codec, case: Case) -> Any:
    try:
        value = from_typed(case.value or {})
    except NotHeld:
        return None
    return _strictly_written(codec, value)


def _strictly_written(codec: Codec, value: Any) -> bytes:
    parts: list[bytes] = []
    codec.strict.Encoder(parts.append, 1 << 30).encode(value)
    return hashlib.sha256(b"".join(parts)).digest()


def _parsed_strictly(codec: Codec, data: bytes) -> Any:
    header = codec.parse_header(data)
    if codec.frames.RULES[header.code].fields is None:
        return None
    shifted = b"\0" + data[HEADER_BYTES:]
    return [
        tried(codec, partial(_strictly, codec, header, data, HEADER_BYTES)),
        tried(codec, partial(_strictly, codec, header, shifted, 1)),
    ]


def _strictly(codec: Codec, header: Any, data: bytes, start: int) -> Any:
    return repr(codec.messages.judge_payload(header, data, start))


def _payload(codec: Codec, data: bytes) -> Any:
    return codec.parse_payload(codec.parse_header(data), data[HEADER_BYTES:])


def _judged_strictly(codec: Codec, case: Case) -> Any:
    """What the strict half writes of a message."""
    message = _message(codec, case)
    return leaves(codec.fields.payload_of(message, codec.frames.RULES[message.CODE]))


def _message(codec: Codec, case: Case) -> Any:
    assert case.message is not None
    fields = {name: from_typed(one) for name, one in case.message["fields"].items()}
    kind = getattr(codec, case.message["type"].title())
    return kind(int(case.message["request_id"]), **fields)


def vars_of(message: Any) -> dict[str, Any]:
    """The fields of a message."""
    return {name: getattr(message, name) for name in message.__slots__}


def leaves(value: Any) -> list[Any]:
    """What the value holds, in one row: views told from bytes, tuples from lists, NaN by its bits."""
    found, pending = [], [value]
    while pending:
        one = pending.pop()
        if isinstance(one, list | tuple):
            pending += one
            found.append((type(one).__name__, ""))
        elif isinstance(one, dict):
            pending += [*one.values(), *one]
        else:
            held = bytes(one) if isinstance(one, memoryview) else one
            held = "" if type(one) is object else repr(held)
            found.append((type(one).__name__, held))
    return found


def _handed(codec: Codec, role: str, data: bytes, portion: int, options: dict[str, Any]) -> Any:
    """The events of a connection that hands payloads through."""
    connection = codec.Connection(role, **{"raw": True, **options})
    told: list[Any] = []
    for start in range(0, len(data), portion):
        connection.receive_data(data[start : start + portion])
        told += [*_told(codec, connection), connection.passable, connection.unread(HEADER_BYTES)]
        told.append(connection.untaken_bytes)
    connection.receive_eof()
    return [*told, *_told(codec, connection), sorted(connection.open_exchanges)]


def _told(codec: Codec, connection: Any) -> Iterator[Any]:
    for _ in range(1000):
        try:
            event = connection.next_event()
        except codec.ProtocolError as error:
            yield _carried(error)
            if error.scope == "connection":
                return
            continue
        if event is codec.NEED_DATA:
            return
        yield _event(event)
        if isinstance(event, codec.ConnectionClosed):
            return


def _event(event: Any) -> Any:
    held = [getattr(event, name) for name in getattr(event, "_fields", ())]
    # A message of another codec is no equal, whatever it holds.
    return [
        type(event).__name__,
        *(repr(bytes(one) if isinstance(one, memoryview) else one) for one in held),
    ]


def _sent(codec: Codec, case: Case) -> Any:
    """The parts of a message, at once and as a connection sends them."""
    message = _message(codec, case)
    connection = codec.Connection("client")
    return [message.to_bytes(), b"".join(connection.send_parts(message))]


def _in_rooms(codec: Codec, length: int, raw: bool, cut: int) -> Any:
    """The events of two large frames and a small one, filled as a transport fills them.

    Args:
        cut: how many bytes are missing at the end.
    """
    frames = [codec.Response(1, b"ab" * (length // 2) + b"c" * (length % 2)), codec.Chunk(2, [1])]
    data = memoryview(b"".join(one.to_bytes() for one in (*frames, frames[0])))
    data = data[: len(data) - cut]
    connection = codec.Connection("client", raw=raw)
    told: list[Any] = []
    for number in (1, 2):
        connection.send(codec.Request(number, "m:A", "go"))
    while data:
        room = connection.room
        taken = min(len(data), 30_000 if room is None else max(1, len(room) - len(room) // 3))
        if room is None:
            connection.receive_data(data[:taken])
        else:
            taken = min(taken, len(room))
            room[:taken] = data[:taken]
            connection.filled(taken)
        data = data[taken:]
        told.append(taken)
        told += [str(one) for one in _told(codec, connection)]
    connection.receive_eof()
    return [*told, *map(str, _told(codec, connection))]
