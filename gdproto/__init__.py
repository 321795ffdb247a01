"""The GD/1 codec: values, messages, and connections without I/O."""

from __future__ import annotations

from . import messages as _messages
from ._generated.tables import ERROR_TYPES, HEADER_BYTES, ManageOp, MessageCode, StashOp
from .connection import (
    NEED_DATA,
    Connection,
    ConnectionClosed,
    ExchangeEnded,
    FrameReceived,
    MessageReceived,
)
from .errors import ProtocolError
from .frames import Header, parse_header
from .messages import *  # noqa: F403
from .tlv import decode, encode

IMPLEMENTATION = "python"

__all__ = [
    "ERROR_TYPES",
    "HEADER_BYTES",
    "NEED_DATA",
    "Connection",
    "ConnectionClosed",
    "ExchangeEnded",
    "FrameReceived",
    "MessageReceived",
    "IMPLEMENTATION",
    "Header",
    "ManageOp",
    "MessageCode",
    "ProtocolError",
    "StashOp",
    "decode",
    "encode",
    "parse_header",
    *_messages.__all__,
]
