"""gunicorn.dirty.tlv: the value codec, its type codes and its limits."""

from __future__ import annotations

from typing import Any

import gdproto

from ..errors import DirtyProtocolError

__all__ = [
    "MAX_BYTES_SIZE",
    "MAX_DICT_SIZE",
    "MAX_LIST_SIZE",
    "MAX_STRING_SIZE",
    "TYPE_BOOL",
    "TYPE_BYTES",
    "TYPE_DICT",
    "TYPE_FLOAT64",
    "TYPE_INT64",
    "TYPE_LIST",
    "TYPE_NONE",
    "TYPE_STRING",
    "TLVEncoder",
]

_TYPES = {rule.name: rule for rule in gdproto.VALUE_TYPES}

TYPE_NONE = _TYPES["none"].code
TYPE_BOOL = _TYPES["bool"].code
TYPE_INT64 = _TYPES["int64"].code
TYPE_FLOAT64 = _TYPES["float64"].code
TYPE_BYTES = _TYPES["bytes"].code
TYPE_STRING = _TYPES["string"].code
TYPE_LIST = _TYPES["list"].code
TYPE_DICT = _TYPES["dict"].code
MAX_BYTES_SIZE = _TYPES["bytes"].limit
MAX_STRING_SIZE = _TYPES["string"].limit
MAX_LIST_SIZE = _TYPES["list"].limit
MAX_DICT_SIZE = _TYPES["dict"].limit


class TLVEncoder:
    """Values to bytes and back. Every method raises DirtyProtocolError."""

    @staticmethod
    def encode(value: Any) -> bytes:
        """The value as bytes."""
        try:
            return gdproto.encode(value)
        except (gdproto.ProtocolError, TypeError) as error:
            raise _typed(error) from error

    @staticmethod
    def decode(data: bytes, offset: int = 0) -> tuple[Any, int]:
        """The value at `offset`, and where it ends."""
        rest = memoryview(data)[offset:]
        try:
            return gdproto.decode(rest), len(data)
        except gdproto.ProtocolError as error:
            if error.code != "trailing_data" or error.offset is None:
                raise _typed(error) from error
            return gdproto.decode(rest[: error.offset]), offset + error.offset

    @staticmethod
    def decode_full(data: bytes) -> Any:
        """The value that all of `data` holds."""
        try:
            return gdproto.decode(data)
        except gdproto.ProtocolError as error:
            raise _typed(error) from error


def told(error: gdproto.ProtocolError, raw_data: bytes = b"") -> DirtyProtocolError:
    """The error with its code in words, which programs for gunicorn look for."""
    reason = str(error).replace(error.code, error.code.replace("_", " "), 1)
    told_data = error.raw_data or raw_data or None
    return DirtyProtocolError(reason, told_data, error.code, error.offset, error.path or None)


def _typed(error: Exception) -> DirtyProtocolError:
    return (
        told(error) if isinstance(error, gdproto.ProtocolError) else DirtyProtocolError(str(error))
    )
