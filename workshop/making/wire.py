"""Bytes of GD/1, put together by hand from the codes of the declaration; all of it hex."""

from __future__ import annotations

import struct

from gdproto import declaration
from gdproto.spec.codegen.walk import walk

SPEC = walk()
CODE = {value.name: f"{value.code:02x}" for value in SPEC.values}
LIMIT = {limit.name: limit.value for limit in SPEC.limits}

NONE = CODE["none"]
FALSE = CODE["bool"] + "00"
TRUE = CODE["bool"] + "01"


def size(encoded: str) -> int:
    """How many bytes the hex stands for."""
    return len(encoded) // 2


def u32(number: int) -> str:
    return struct.pack(">I", number).hex()


def blob(kind: str, data: bytes) -> str:
    return CODE[kind] + u32(len(data)) + data.hex()


def text(value: str) -> str:
    return blob("string", value.encode())


def int64(number: int) -> str:
    return CODE["int64"] + struct.pack(">q", number).hex()


def float64(number: float) -> str:
    return CODE["float64"] + struct.pack(">d", number).hex()


def items(*encoded: str) -> str:
    return CODE["list"] + u32(len(encoded)) + "".join(encoded)


def pairs(*encoded: tuple[str, str]) -> str:
    body = "".join(text(key) + value for key, value in encoded)
    return CODE["dict"] + u32(len(encoded)) + body


# --- frames ---

MAGIC, VERSION = declaration.MAGIC.hex(), f"{declaration.VERSION:02x}"
MESSAGE_CODE = {message.name: message.code for message in SPEC.messages}
OPENING = tuple(code.name for code in declaration.OPENING)
ANSWERING = tuple(code.name for code in declaration.ANSWERING)
HEADER_BYTES = SPEC.header_bytes
# Where the fields of the header stand.
AT = {field.name: field.offset for field in SPEC.header}
REQUEST_ID = 7


def header(code: int, length: int, request_id: int = REQUEST_ID) -> str:
    """A header; nothing is judged."""
    return MAGIC + VERSION + f"{code:02x}" + u32(length) + struct.pack(">Q", request_id).hex()


def frame(name: str, payload: str = "", request_id: int = REQUEST_ID) -> str:
    """A frame of the message `name`."""
    return header(MESSAGE_CODE[name], size(payload), request_id) + payload
