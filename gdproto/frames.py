"""Frames: the 16-byte header, and a message as one whole frame.

A header is judged only when all of it is there, in the order of its fields.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

from . import fields, strict
from ._generated.tables import (
    HEADER,
    HEADER_BYTES,
    HEADER_FIELDS,
    MAGIC,
    MAX_PAYLOAD_BYTES,
    MESSAGES,
    VERSION,
    MessageCode,
)
from .errors import ProtocolError
from .fast import DOUBTS, PART_BYTES, Write, Written
from .records import Record

RULES = {rule.code: rule for rule in MESSAGES}
OFFSETS = {field.name: field.offset for field in HEADER_FIELDS}
_CODES = frozenset(RULES)
BARE = frozenset(rule.code for rule in MESSAGES if rule.fields is None)


class Header(NamedTuple):
    """A judged header; `length` counts the payload's bytes."""

    code: int
    length: int
    request_id: int

    def to_bytes(self) -> bytes:
        """The header as it is written; the values are not judged. Raises struct.error."""
        return HEADER.pack(MAGIC, VERSION, *self)


class Message(Record):
    """The base of all messages."""

    __slots__ = ()
    CODE: ClassVar[MessageCode]
    request_id: int

    def to_bytes(self) -> bytes:
        """The message as one frame.

        Raises:
            ProtocolError: a field has the wrong type or an impossible value, a value has no TLV
                form, or the payload is too large. `path` names the field.
        """
        return serialize(self)

    def _write_payload(self, out: Write) -> None:
        """Write the payload with the fast codec; Doubt leaves it to the strict one."""

    @classmethod
    def _from_bytes(cls, request_id: int, source: bytes, pos: int) -> Message | None:
        """Read the payload at `pos` in the form in which it is written; None for any other form.

        Raises:
            Exception: one of DOUBTS, which leave the payload to the strict codec.
        """
        return None

    @classmethod
    def _from_payload(cls, request_id: int, payload: dict[str, Any]) -> Message:
        raise NotImplementedError


def parse_header(data: bytes | bytearray | memoryview, offset: int = 0) -> Header:
    """Judge the header at `offset`.

    Raises:
        ProtocolError: of scope connection; offsets count from the header's first byte.
    """
    if len(data) - offset < HEADER_BYTES:
        raise ProtocolError(
            "truncated",
            f"a header has {HEADER_BYTES} bytes",
            phase="stream",
            offset=max(0, len(data) - offset),
        )
    magic, version, code, length, request_id = HEADER.unpack_from(data, offset)
    if magic != MAGIC:
        raise _fault("bad_magic", "magic", f"{magic!r} is not {MAGIC!r}", 0)
    if version != VERSION:
        raise _fault("unsupported_version", "version", f"version {version} is not {VERSION}", 0)
    if code not in _CODES:
        raise _fault("unknown_message_type", "type", f"no message has code {code:#04x}", request_id)
    if length > MAX_PAYLOAD_BYTES:
        reason = f"{length} bytes are above the limit of {MAX_PAYLOAD_BYTES}"
        raise _fault("payload_too_large", "length", reason, request_id)
    return Header(code, length, request_id)


def check_presence(header: Header) -> None:
    """Refuse a payload where the message has none. Raises ProtocolError of scope exchange."""
    if header.length and header.code in BARE:
        raise ProtocolError(
            "unexpected_payload",
            f"{RULES[header.code].name} has no payload",
            offset=OFFSETS["length"],
            request_id=header.request_id,
        )


def _fault(code: str, field: str, reason: str, request_id: int) -> ProtocolError:
    return ProtocolError(code, reason, phase="header", offset=OFFSETS[field], request_id=request_id)


def serialize(message: Message) -> bytes:
    """`message` as one frame; see `Message.to_bytes`."""
    return b"".join(_pieces(message))


def serialize_by(message: Message, encode: Callable[[Any], bytes | None]) -> bytes:
    """As `serialize`, with another function that encodes payloads, or returns None in doubt."""
    _check_request_id(message)
    rule = RULES[message.CODE]
    try:
        payload = b"" if rule.fields is None else encode(fields.payload_of(message, rule))
    except ProtocolError as error:
        raise _of_message(error, message) from None
    if payload is None:
        return serialize(message)
    return Header(message.CODE, len(payload), message.request_id).to_bytes() + payload


def serialize_parts(message: Message) -> list[bytes]:
    """`message` as one frame, in parts; see `Connection.send_parts`."""
    parts: list[bytes] = []
    small: list[bytes | bytearray] = []
    for piece in _pieces(message):
        if type(piece) is bytes and len(piece) >= PART_BYTES:
            parts += [b"".join(small), piece]
            small = []
        else:
            small.append(piece)
    return [*parts, b"".join(small)] if small else parts


class _Payload(Written):
    most = MAX_PAYLOAD_BYTES


def _pieces(message: Message) -> Written:
    parts: Written = _Payload()
    try:
        message._write_payload(parts.append)
        parts.insert(0, _header(message, parts))
    except DOUBTS:
        _check_request_id(message)
        try:
            payload = fields.payload_of(message, RULES[message.CODE])
            parts = _Payload()
            strict.write(payload, parts)
            parts.insert(0, _header(message, parts))
        except ProtocolError as error:
            raise _of_message(error, message) from None
    return parts


def _of_message(error: ProtocolError, message: Message) -> ProtocolError:
    """An error of a payload; one of its size is one of the frame."""
    if error.code == "payload_too_large":
        error.request_id = message.request_id
    return error


def _header(message: Message, parts: Written) -> bytes:
    length = sum(map(len, parts))
    check_length(length, message.request_id)
    return Header(message.CODE, length, message.request_id).to_bytes()


def check_length(length: int, request_id: int) -> None:
    """Refuse a payload of so many bytes where no frame carries it. Raises ProtocolError."""
    if length > MAX_PAYLOAD_BYTES:
        raise ProtocolError(
            "payload_too_large",
            f"{length} bytes are above the limit of {MAX_PAYLOAD_BYTES}",
            phase="encode",
            request_id=request_id,
        )


def _check_request_id(message: Message) -> None:
    request_id = message.request_id
    if type(request_id) is not int:
        raise ProtocolError(
            "wrong_field_type", "a request id is an int", phase="encode", location=["request_id"]
        )
    if not 0 <= request_id < 2**64:
        raise ProtocolError(
            "int_out_of_range",
            "a request id has 64 bits and no sign",
            phase="encode",
            location=["request_id"],
        )


def readdressed(frames: bytes | bytearray | memoryview, request_id: int) -> bytes:
    """A copy of `frames` under another request id.

    Args:
        frames: one after the other, as a connection has judged them; the last one may be cut off
            behind its header, as the first part of a large frame is.
        request_id: that of each in the copy.
    """
    magic, version, code, length, _ = HEADER.unpack_from(frames)
    if HEADER_BYTES + length >= len(frames):
        # Most often it is one.
        head = HEADER.pack(magic, version, code, length, request_id)
        return b"".join((head, frames[HEADER_BYTES:]))
    copy, at = bytearray(frames), 0
    while at < len(copy):
        magic, version, code, length, _ = HEADER.unpack_from(copy, at)
        HEADER.pack_into(copy, at, magic, version, code, length, request_id)
        at += HEADER_BYTES + length
    return bytes(copy)
