"""A permissive writer: any bytes as a frame, right or wrong.

Rules: what is not given is right; what is given is written as it is given, so that each bad frame
differs from a good one in one place.
"""

from __future__ import annotations

from typing import Any

from gdproto import MAGIC, VERSION, Header, encode

_COUNT_BYTES = 4


def frame(
    code: int,
    payload: bytes = b"",
    request_id: int = 1,
    *,
    magic: bytes = MAGIC,
    version: int = VERSION,
    length: int | None = None,
) -> bytes:
    """A header and `payload`; `length` is that of the payload unless it is given."""
    header = Header(code, len(payload) if length is None else length, request_id).to_bytes()
    start = magic + bytes([version])
    return start + header[len(start) :] + payload


def pairs(*fields: tuple[Any, Any]) -> bytes:
    """A dict value of these fields in this order, equal keys and foreign ones as they come."""
    kind = encode({})[:1]
    body = b"".join(encode(key) + encode(value) for key, value in fields)
    return kind + len(fields).to_bytes(_COUNT_BYTES) + body


def portions(data: bytes, size: int) -> list[bytes]:
    """`data` in pieces of at most `size` bytes."""
    return [data[start : start + size] for start in range(0, len(data), size)]
