"""Every implementation of the value codec, each as one function that raises ProtocolError."""

from __future__ import annotations

import sys
from typing import Any

import gdproto
from gdproto import ProtocolError, strict, tlv
from gdproto.spec import Refused, parse_value


def decode_strictly(data: bytes) -> Any:
    value, stop = strict.decode(data, 0, len(data))
    if stop != len(data):
        raise ProtocolError("trailing_data", "bytes are left", offset=stop)
    return value


def encode_strictly(value: Any) -> bytes:
    parts: list[bytes | bytearray] = []
    strict.Encoder(parts.append).encode(value)
    return b"".join(parts)


def decode_views(data: bytes) -> Any:
    return gdproto.decode(data, zero_copy=True)


def declared(data: bytes) -> Any:
    """The declarations as a decoder, with the codec's error."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        return parse_value(data)
    except Refused as refused:
        raise ProtocolError(
            refused.code, "refused", offset=refused.offset, location=refused.location
        ) from None
    finally:
        sys.setrecursionlimit(limit)


# The first is the C codec where it was built; the Python codec stands beside it.
DECODERS = [gdproto.decode, tlv.decode, decode_strictly, decode_views, declared]
ENCODERS = [gdproto.encode, tlv.encode, encode_strictly]
