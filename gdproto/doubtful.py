"""What the C codec leaves to Python: faults, and arguments of unusual types.

Rules: everything is judged first, by steps of the C codec, so that a fault costs about what a
success does. Only what is right after all is left to the Python codec.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import frames, messages, tlv
from ._generated.messages import Stash
from ._generated.tables import HEADER_BYTES
from .frames import BARE, Header, Message
from .messages import Steps
from .routing import RequestPeek
from .tlv import Buffer, Default, readable


class Doubtful:
    """The functions of the Python codec, judging by other steps."""

    def __init__(self, steps: Steps, encode: Callable[[Any], bytes] = tlv.encode) -> None:
        self._steps = steps
        self._encode = encode

    def encode(self, value: Any, *, default: Default | None = None) -> bytes:
        """As `gdproto.tlv.encode`; what has a form is written by the C codec."""
        if default is None:
            return tlv.encode(value)
        return tlv.encode_by(self._encode, value, default)

    def serialize(self, message: Message) -> bytes:
        """As `gdproto.frames.serialize`."""
        return frames.serialize_by(message, self._steps.encode)

    def check(self, data: Buffer) -> None:
        """As `gdproto.tlv.check`."""
        tlv.judge(readable(data, type(data) is not bytes), self._steps.check)

    def decode(self, data: Buffer, *, zero_copy: bool = False) -> Any:
        """As `gdproto.tlv.decode`."""
        self.check(data)
        return tlv.decode(data, zero_copy=zero_copy)

    def parse(self, data: Buffer, *, zero_copy: bool = False) -> Message:
        """As `gdproto.messages.parse`."""
        source = readable(data, zero_copy)
        return self.parse_payload(messages.frame_header(source), source, HEADER_BYTES)

    def parse_payload(self, header: Header, data: bytes | memoryview, start: int = 0) -> Message:
        """As `gdproto.messages.parse_payload`."""
        if header.code not in BARE:
            messages.judge_payload(header, data, start, self._steps)
        return messages.parse_payload(header, data, start)

    def parse_stash(self, data: Buffer, *, zero_copy: bool = False) -> Stash:
        """As `gdproto.messages.parse_stash`."""
        source = readable(data, zero_copy or type(data) is not bytes)
        return messages.stash_of(source, self._steps, zero_copy)

    def parse_question(
        self, data: Buffer, *, zero_copy: bool = False, max_bytes: int | None = None
    ) -> Message:
        """As `gdproto.messages.parse_question`."""
        source = readable(data, zero_copy or type(data) is not bytes)
        return messages.question_of(source, self._steps, zero_copy, max_bytes)

    def peek_request(
        self, payload: Buffer, start: int = 0, max_bytes: int | None = None
    ) -> RequestPeek:
        """As `gdproto.messages.peek_request`."""
        data = payload if isinstance(payload, bytes) else readable(payload, True)
        return messages.judge_routing(data, start, self._steps, max_bytes)
