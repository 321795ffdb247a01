"""Every implementation of the codec, each as one function that raises ProtocolError."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import gdproto
from gdproto import (
    Header,
    Message,
    ProtocolError,
    connection,
    fields,
    frames,
    implementation,
    messages,
    strict,
    tlv,
)
from gdproto._generated.messages import MESSAGE_CLASSES
from gdproto._generated.tables import ERROR_SCOPES, HEADER_BYTES, MAX_PAYLOAD_BYTES, MessageCode
from gdproto.frames import RULES, check_presence
from gdproto.spec.oracle import Refused, build_frame, parse_frame, parse_value


def decode_strictly(data: bytes) -> Any:
    value, stop = strict.decode(data, 0)
    if stop != len(data):
        raise ProtocolError("trailing_data", "bytes are left", offset=stop)
    return value


def encode_strictly(value: Any) -> bytes:
    parts: list[bytes | bytearray] = []
    strict.Encoder(parts.append, 1 << 30).encode(value)
    return b"".join(parts)


def decode_views(data: bytes) -> Any:
    return gdproto.decode(data, zero_copy=True)


def declared(data: bytes) -> Any:
    """The declarations as a decoder, with the codec's error."""
    return _declared(parse_value, data)


def _declared(parse: Any, data: bytes, whole: bool = True) -> Any:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        return parse(data)
    except Refused as refused:
        # The declarations know no scope.
        phase = "header" if "header" in ERROR_SCOPES[refused.code] else "payload"
        if refused.code == "truncated" and not whole:
            phase = "stream"
        raise ProtocolError(
            refused.code, "refused", phase=phase, offset=refused.offset, location=refused.location
        ) from None
    finally:
        sys.setrecursionlimit(limit)


def parse_views(data: bytes) -> Message:
    return gdproto.parse(data, zero_copy=True)


def parse_strictly(data: bytes) -> Message:
    """As `gdproto.parse`, but for the fast reading of the payload."""
    header = gdproto.parse_header(data)
    check_presence(header)
    if len(data) != HEADER_BYTES + header.length or RULES[header.code].fields is None:
        return gdproto.parse(data)
    messages.judge_payload(header, data, HEADER_BYTES)
    payload, _ = strict.decode(data, HEADER_BYTES)
    return MESSAGE_CLASSES[header.code]._from_payload(header.request_id, payload)


def declared_frame(data: bytes) -> Message:
    """The declarations as a parser, with the codec's message and error."""
    whole = len(data) >= HEADER_BYTES + int.from_bytes(data[4:8], "big")
    frame = _declared(parse_frame, data, whole)
    payload = frame.payload or {}
    fields = payload.get("error", payload)
    made = MESSAGE_CLASSES[MessageCode[frame.header.type]]
    return made(frame.header.request_id, **{n: v for n, v in fields.items() if n[0] != "_"})


def serialize(message: Message) -> bytes:
    return message.to_bytes()


def serialize_strictly(message: Message) -> bytes:
    """As `Message.to_bytes`, but for the fast writing of the payload."""
    frames._check_request_id(message)
    rule = RULES[message.CODE]
    payload = b"" if rule.fields is None else encode_strictly(fields.payload_of(message, rule))
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise ProtocolError("payload_too_large", "too long", phase="encode")
    return Header(message.CODE, len(payload), message.request_id).to_bytes() + payload


def serialize_declared(message: Message) -> bytes:
    """The declarations as a serializer of messages that have a frame."""
    rule = RULES[message.CODE]
    payload = fields.payload_of(message, rule) if rule.fields is not None else None
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        return build_frame(rule.name, message.request_id, payload)
    finally:
        sys.setrecursionlimit(limit)


EVENTS = (
    "ConnectionClosed", "ExchangeEnded", "FrameReceived", "MessageReceived", "NEED_DATA",
    "PartReceived",
)  # fmt: skip


def python_connection(
    name: str, source: str = "", *, apart: bool = False
) -> type[gdproto.Connection]:
    """Connection without C: its module once more, called `name`, that gives the same events.

    Args:
        source: of the module; by default its own.
        apart: receive large values apart all the same, which needs the C codec.
    """
    path = Path(connection.__file__)
    module = ModuleType(name)
    module.__package__ = connection.__package__
    sys.modules[name] = module
    compiled, implementation.codec = implementation.codec, None
    try:
        exec(compile(source or path.read_text(), path, "exec"), vars(module))
    finally:
        implementation.codec = compiled
    if apart:
        module.__dict__["codec"] = compiled
    for event in EVENTS:
        setattr(module, event, getattr(connection, event))
    made: type[gdproto.Connection] = module.Connection
    return made


# The first is the C codec where it was built; the Python codec stands beside it.
DECODERS = [gdproto.decode, tlv.decode, decode_strictly, decode_views, declared]
ENCODERS = [gdproto.encode, tlv.encode, encode_strictly]
PARSERS = [gdproto.parse, messages.parse, parse_strictly, parse_views, declared_frame]
SERIALIZERS = [serialize, frames.serialize, serialize_strictly, serialize_declared]
CONNECTIONS = [gdproto.Connection]
if gdproto.IMPLEMENTATION == "c":
    CONNECTIONS.append(python_connection(f"{__name__}.connection"))
# What recurses, or takes minutes for a large value.
SLOW = {declared, declared_frame, serialize_declared}
# What takes many seconds for a million items.
STRICT = {decode_strictly, encode_strictly, parse_strictly, serialize_strictly}
