"""Frames at an arbiter: portions, headers, ids, and what it does with a stream at fault."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

import gdproto
from gdproto import HEADER_BYTES, MAX_PAYLOAD_BYTES, Header, MessageCode

from ..expectations import chunk, end, fault, response
from ..frames import frame, portions
from ..script import BOOK, Unsupported
from ..stages import ArbiterStage
from ..wire import Mismatch

OFFSET = {"bad_magic": 0, "unsupported_version": 2, "unknown_message_type": 3}
OFFSET["payload_too_large"] = 4
ID = 7
STATUS = gdproto.Status(9).to_bytes()
SHORT_S = 0.2
# How long an arbiter may listen on after a fault, and what a busy machine adds.
DISCARD_S, SLACK_S = 1.0, 1.5
FLOOD_BYTES = 512 * 1024
PROMISES = 32
PROMISED_BYTES = (1024 * 1024, 3 * 1024 * 1024, MAX_PAYLOAD_BYTES)
IDS = (0, 1, 2**31, 2**32, 2**63, 2**64 - 1)

# Each: what is wrong, its code, and the bytes.
HEADERS: list[tuple[str, str, bytes]] = [
    ("magic", "bad_magic", frame(MessageCode.STATUS, magic=b"XD")),
    ("magic-second-byte", "bad_magic", frame(MessageCode.STATUS, magic=b"GX")),
    ("magic-of-http", "bad_magic", b"GET / HTTP/1.1\r\n"),
    ("magic-before-all-else", "bad_magic", b"\xff" * HEADER_BYTES),
    ("version-0", "unsupported_version", frame(MessageCode.STATUS, version=0, request_id=ID)),
    ("version-2", "unsupported_version", frame(MessageCode.STATUS, version=2, request_id=ID)),
    ("version-before-type", "unsupported_version", frame(0x66, version=2, request_id=ID)),
    ("type-00", "unknown_message_type", frame(0x00, request_id=ID)),
    ("type-06", "unknown_message_type", frame(0x06, request_id=ID)),
    ("type-13", "unknown_message_type", frame(0x13, request_id=ID)),
    ("type-7f", "unknown_message_type", frame(0x7F, request_id=ID)),
    ("type-ff", "unknown_message_type", frame(0xFF, request_id=ID)),
    ("type-before-length", "unknown_message_type", frame(0x66, request_id=ID, length=2**32 - 1)),
    (
        "length-limit-plus-1",
        "payload_too_large",
        frame(MessageCode.REQUEST, request_id=ID, length=MAX_PAYLOAD_BYTES + 1),
    ),
    (
        "length-ffffffff",
        "payload_too_large",
        frame(MessageCode.REQUEST, request_id=ID, length=2**32 - 1),
    ),
]
REQUIRED = {
    "bad_magic": "GD-FRAME-002",
    "unsupported_version": "GD-FRAME-003",
    "unknown_message_type": "GD-FRAME-004",
    "payload_too_large": "GD-FRAME-005",
}
CONNECTION = "GD-ERR-001 GD-ERR-002 GD-ERR-004 GD-ERR-005 GD-ERR-011 GD-ERR-012"


def refuses_header(stage: ArbiterStage, data: bytes, code: str) -> None:
    request_id = 0 if code in ("bad_magic", "unsupported_version") else ID
    wire = stage.connect()
    # What follows a fault is not heard.
    wire.send(data, STATUS)
    wire.expect(fault(request_id, code, offset=OFFSET[code]))
    wire.expect_closed()


for name, code, data in HEADERS:
    BOOK.add(
        f"arbiter-header-{name}",
        f"{REQUIRED[code]} GD-FRAME-007 {CONNECTION}",
        partial(refuses_header, data=data, code=code),
        f"Sends a header that is {code} and then a STATUS: one ERROR, and the end.",
    )


def refuses_end(stage: ArbiterStage, data: bytes, request_id: int) -> None:
    wire = stage.connect()
    wire.send(data)
    wire.half_close()
    wire.expect(fault(request_id, "truncated", offset=len(data)))
    wire.expect_closed()


WHOLE = gdproto.Stash(ID, gdproto.StashOp.TABLES, "").to_bytes()
for name, data, request_id in [
    ("after-1-byte", WHOLE[:1], 0),
    ("in-the-header", WHOLE[: HEADER_BYTES - 1], 0),
    ("before-the-payload", WHOLE[:HEADER_BYTES], ID),
    ("in-the-payload", WHOLE[:-1], ID),
]:
    BOOK.add(
        f"arbiter-end-{name}",
        f"GD-FRAME-010 {CONNECTION}",
        partial(refuses_end, data=data, request_id=request_id),
        f"Ends the stream {name.replace('-', ' ')}: one ERROR, and the end.",
    )


@BOOK.script("arbiter-header-in-two-parts", "GD-FRAME-007 GD-FRAME-009")
def header_in_two_parts(stage: ArbiterStage) -> None:
    """Sends all of a bad header but its last byte: nothing may happen before that comes."""
    wire = stage.connect()
    data = b"\xff" * HEADER_BYTES
    wire.send(data[:-1])
    wire.expect_silence(SHORT_S, "as the header is not all there")
    wire.send(data[-1:])
    wire.expect(fault(0, "bad_magic", offset=0))
    wire.expect_closed()


@BOOK.script("arbiter-waits-for-the-rest", "GD-FRAME-009 GD-FRAME-011")
def waits_for_the_rest(stage: ArbiterStage) -> None:
    """Stops in the middle of a payload for a while, and sends the rest."""
    wire = stage.connect()
    data = stage.request(ID, "echo", 1).to_bytes()
    wire.send(data[:-5])
    wire.expect_silence(SHORT_S, "as the payload is not all there")
    wire.send(data[-5:])
    wire.expect(response(ID, {"args": [1], "kwargs": {}}))


@BOOK.script("arbiter-largest-length", "GD-FRAME-006 GD-LIM-001")
def largest_length(stage: ArbiterStage) -> None:
    """Announces a payload of exactly the limit, and begins it: that is no fault."""
    wire = stage.connect()
    wire.send(frame(MessageCode.REQUEST, b"\x21", ID, length=MAX_PAYLOAD_BYTES))
    wire.expect_silence(SHORT_S, "as the payload is not all there")


@BOOK.script("arbiter-reserves-nothing", "GD-FRAME-014", alone=True)
def reserves_nothing(stage: ArbiterStage) -> None:
    """Promises large payloads on many connections: the memory does not grow by them."""
    pid = stage.status()["arbiter_pid"]
    for size in PROMISED_BYTES:
        before = reserved_bytes(pid)
        wires = [stage.connect() for _ in range(PROMISES)]
        for wire in wires:
            wire.send(Header(MessageCode.REQUEST, size, 1).to_bytes() + b"!")
        # It has read them when it has answered what came later.
        stage.status()
        grown = reserved_bytes(pid) - before
        for wire in wires:
            wire.drop()
        if grown > PROMISES * size // 2:
            raise Mismatch("memory as bytes arrive", f"{grown >> 20} MiB more for {PROMISES} bytes")


def reserved_bytes(pid: object) -> int:
    """What the process has reserved for data. Raises Unsupported where that is not told."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        raise Unsupported("this system does not tell how much memory its process has") from None
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData"))


@BOOK.script("arbiter-every-split", "GD-FRAME-011")
def every_split(stage: ArbiterStage) -> None:
    """Sends a frame in two parts, split at every offset in turn."""
    wire = stage.connect()
    size = len(stage.request(1, "add", 1, 2).to_bytes())
    for offset in range(1, size):
        data = stage.request(offset, "add", offset, 1).to_bytes()
        wire.send_apart([data[:offset], data[offset:]])
        wire.expect(response(offset, offset + 1))


@BOOK.script("arbiter-byte-by-byte", "GD-FRAME-011")
def byte_by_byte(stage: ArbiterStage) -> None:
    """Sends three frames one byte at a time."""
    wire = stage.connect()
    frames = [stage.request(number, "add", number, 1).to_bytes() for number in (1, 2, 3)]
    wire.send_apart(portions(b"".join(frames), 1))
    wire.expect_all(*(response(number, number + 1) for number in (1, 2, 3)))


@BOOK.script("arbiter-all-at-once", "GD-FRAME-011 GD-EXCH-010 GD-EXCH-001 GD-FRAME-018")
def all_at_once(stage: ArbiterStage) -> None:
    """Sends many frames in one piece: each is answered once, under its own id."""
    wire = stage.connect()
    numbers = range(1, 41)
    wire.send(*(stage.request(number, "echo", number) for number in numbers))
    wire.expect_all(*(response(number, {"args": [number], "kwargs": {}}) for number in numbers))
    wire.send(STATUS)
    wire.expect(response(9))


@BOOK.script("arbiter-portions-across-frames", "GD-FRAME-011")
def portions_across_frames(stage: ArbiterStage) -> None:
    """Sends frames in portions that end inside of the next one."""
    wire = stage.connect()
    numbers = range(1, 11)
    data = b"".join(stage.request(number, "add", number, 1).to_bytes() for number in numbers)
    wire.send_apart(portions(data, 37))
    wire.expect_all(*(response(number, number + 1) for number in numbers))


def takes_id(stage: ArbiterStage, request_id: int) -> None:
    wire = stage.connect()
    wire.send(stage.request(request_id, "echo", "a"))
    wire.expect(response(request_id, {"args": ["a"], "kwargs": {}}))
    wire.send(stage.request(request_id, "count", 2))
    for wanted in (chunk(request_id, 0), chunk(request_id, 1), end(request_id)):
        wire.expect(wanted)
    wire.send(gdproto.Status(request_id))
    wire.expect(response(request_id))


for request_id in IDS:
    BOOK.add(
        f"arbiter-request-id-{request_id:x}",
        "GD-FRAME-017 GD-FRAME-018",
        partial(takes_id, request_id=request_id),
        f"Uses the request id {request_id}, for a call, a stream and a STATUS.",
    )


@BOOK.script("arbiter-whole-frames", "GD-FRAME-001 GD-FRAME-012 GD-EXCH-012")
def whole_frames(stage: ArbiterStage) -> None:
    """Has large chunks and answers on one connection: no frame stands inside another."""
    wire = stage.connect()
    stream = stage.request(1, "blobs", 20, 100_000)
    asks = [gdproto.Status(number) for number in range(2, 12)]
    wire.send(stream, *asks)
    wanted: list[Any] = [chunk(1, b"x" * 100_000)] * 20 + [end(1)]
    wire.expect_all(*wanted, *(response(ask.request_id) for ask in asks))


@BOOK.script("arbiter-discards-after-fault", "GD-ERR-013 GD-ERR-011")
def discards_after_fault(stage: ArbiterStage) -> None:
    """Goes on writing after a fault: the ERROR comes through, and soon the connection closes."""
    wire = stage.connect()
    wire.send(b"\xff" * HEADER_BYTES + bytes(FLOOD_BYTES))
    began_s = time.monotonic()
    wire.expect(fault(0, "bad_magic", offset=0))
    wire.expect_closed()
    while not wire.is_refused(b"more"):
        if time.monotonic() - began_s > DISCARD_S + SLACK_S:
            raise Mismatch(f"a close within {DISCARD_S:g} s", "that it still listens")
        time.sleep(0.05)


@BOOK.script("arbiter-neighbour", "GD-ERR-014")
def neighbour(stage: ArbiterStage) -> None:
    """Breaks two connections while another one receives a stream: that goes on."""
    calm = stage.connect()
    calm.send(stage.request(1, "tick", 10, 0.03))
    calm.expect(chunk(1, 0))
    for data in (b"\xff" * HEADER_BYTES, frame(MessageCode.REQUEST, b"\x20")):
        rough = stage.connect()
        rough.send(data)
        rough.half_close()
    for number in range(1, 10):
        calm.expect(chunk(1, number))
    calm.expect(end(1))
