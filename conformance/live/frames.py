"""A permissive writer: any bytes as a frame, right or wrong.

Rules: what is not given is right; what is given is written as it is given, so that each bad frame
differs from a good one in one place.
"""

from __future__ import annotations

from typing import Any

from gdproto import MAGIC, VERSION, Header, encode

_COUNT_BYTES = 4

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TRACE = {"traceparent": TRACEPARENT, "tracestate": "v=1", "sent": 1.5, "more": {"a": [None]}}
# All kinds that tell no trace, or not all of one.
NO_TRACES: dict[str, Any] = {
    "of-numbers": {"traceparent": 1, "tracestate": 2},
    "of-zeros": {"traceparent": f"00-{'0' * 32}-{'0' * 16}-00"},
    "cut": {"traceparent": TRACEPARENT[:-1]},
    "of-no-version": {"traceparent": f"ff{TRACEPARENT[2:]}"},
    "with-bytes": {"traceparent": TRACEPARENT.encode(), "tracestate": [], "sent": "now"},
    "sent-never": {"traceparent": TRACEPARENT, "sent": float("nan")},
    "with-any-tracestate": {
        "traceparent": TRACEPARENT,
        "tracestate": "\0=,,=" * 99,
        "sent": -1e300,
    },
}


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
