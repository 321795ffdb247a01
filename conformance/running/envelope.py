"""The envelope of the testee contract: a length, and that much JSON.

Rules: the length is 4 bytes, big-endian; the text is one JSON object in UTF-8. What is not ASCII
may be escaped, so that even half a surrogate pair can be written.
"""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

LENGTH = struct.Struct(">I")
# No honest answer is longer: large ones are asked for as digests.
MAX_BYTES = 64 * 1024 * 1024


class EnvelopeError(Exception):
    """Bytes that are no message of the contract; one line says why."""


def pack(message: dict[str, Any]) -> bytes:
    """The message in its envelope."""
    text = json.dumps(message).encode()
    return LENGTH.pack(len(text)) + text


def unpack(data: bytes | bytearray) -> tuple[dict[str, Any], int] | None:
    """The first message, and where it ends; None when it is not all there.

    Raises EnvelopeError.
    """
    if len(data) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack_from(data)
    if length > MAX_BYTES:
        head = bytes(data[:40])
        raise EnvelopeError(f"a length of {length}: is text printed to stdout? {head!r}")
    stop = LENGTH.size + length
    if len(data) < stop:
        return None
    try:
        message = json.loads(bytes(data[LENGTH.size : stop]).decode())
    except (ValueError, RecursionError) as error:
        raise EnvelopeError(f"no JSON in UTF-8: {error}") from None
    if not isinstance(message, dict):
        raise EnvelopeError("not a JSON object")
    return message, stop


def read(stream: BinaryIO) -> dict[str, Any] | None:
    """The next message of a stream that blocks; None at its end. Raises EnvelopeError."""
    head = stream.read(LENGTH.size)
    if not head:
        return None
    body = stream.read(LENGTH.unpack(head)[0]) if len(head) == LENGTH.size else b""
    found = unpack(head + body)
    if found is None:
        raise EnvelopeError("the stream ends inside a message")
    return found[0]
