"""Values that are sent in pieces: their bytes, which are never put together.

Rules: the pieces are the TLV bytes of one value. Nothing judges them but by their number and size.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ._generated.messages import Response
from ._generated.tables import HEADER_BYTES, MAX_ITEMS, VALUE_TYPES, MessageCode
from .errors import ProtocolError
from .fast import PART_BYTES
from .frames import Header, check_length
from .implementation import encode

# A RESPONSE of none, without its header and its last byte, which is the none.
_HEAD = Response(0, None).to_bytes()[HEADER_BYTES:-1]
(_LIST,) = (rule for rule in VALUE_TYPES if rule.kind == "list")


class Pieces:
    """The TLV bytes of one value, in pieces.

    Args:
        pieces: what makes the value when it is put together.
    """

    __slots__ = ("_pieces",)

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces

    def __bytes__(self) -> bytes:
        return b"".join(self._pieces)

    def under(self, name: str, fields: dict[str, Any]) -> Pieces:
        """A dict of these fields and, under the name, which is none of theirs, of this value."""
        return Pieces([encode({**fields, name: None})[:-1], *self._pieces])

    def response(self, request_id: int) -> tuple[Header, list[bytes]]:
        """The frame that answers with the value, and its header.

        Returns:
            What makes the frame when it is put together; a small frame is one piece.

        Raises:
            ProtocolError: payload_too_large.
        """
        length = len(_HEAD) + sum(map(len, self._pieces))
        check_length(length, request_id)
        header = Header(MessageCode.RESPONSE, length, request_id)
        pieces = [header.to_bytes() + _HEAD, *self._pieces]
        return header, pieces if length > PART_BYTES else [b"".join(pieces)]


class ListPieces:
    """A list that grows, and has its bytes in pieces of 64 KiB and more.

    Attributes:
        count: of its items.
    """

    __slots__ = ("_bytes", "_last", "_last_bytes", "_pieces", "count")

    def __init__(self) -> None:
        self.count = 0
        self._bytes = 0
        self._pieces: list[bytes] = []
        # What is too little for a piece.
        self._last: list[bytes] = []
        self._last_bytes = 0

    def add(self, items: Sequence[bytes]) -> None:
        """Add items, of which each is the TLV bytes of one value.

        Raises:
            ProtocolError: too_many_items, or payload_too_large where no frame can carry the list.
        """
        self.count += len(items)
        if self.count > MAX_ITEMS:
            reason = f"a list has at most {MAX_ITEMS} items"
            raise ProtocolError("too_many_items", reason, phase="encode", location=["result"])
        added = b"".join(items)
        self._bytes += len(added)
        check_length(self._bytes, 0)
        self._last.append(added)
        self._last_bytes += len(added)
        if self._last_bytes >= PART_BYTES:
            self._pieces.append(b"".join(self._last))
            self._last, self._last_bytes = [], 0

    def value(self) -> Pieces:
        """The list."""
        assert _LIST.packer is not None
        head = bytes([_LIST.code]) + _LIST.packer.pack(self.count)
        return Pieces([head, *self._pieces, *self._last])
