"""The declarations at work: what they read and write is what the tests compare with."""

from __future__ import annotations

from typing import Any

from .forms import Refused, parse_whole
from .header import Frame
from .tlv import Value

__all__ = ["Frame", "Refused", "Value", "build_frame", "build_value", "parse_frame", "parse_value"]


def parse_value(data: bytes) -> Any:
    """The value whose TLV encoding is `data`. Raises Refused."""
    return parse_whole(Value, data)


def build_value(value: Any) -> bytes:
    """The TLV encoding of `value`. Raises Refused."""
    encoded: bytes = Value.build(value)
    return encoded


def parse_frame(data: bytes) -> Any:
    """The header and payload of one whole frame. Raises Refused."""
    return parse_whole(Frame, data)


def build_frame(name: str, request_id: int, payload: Any = None) -> bytes:
    """One frame of message `name`. Raises Refused."""
    header = {"magic": None, "version": None, "type": name, "request_id": request_id}
    frame: bytes = Frame.build({"header": header, "payload": payload})
    return frame
