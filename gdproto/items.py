"""A list that is taken apart, without building what it holds."""

from __future__ import annotations

from collections.abc import Iterator

from ._generated.tables import VALUE_TYPES
from .implementation import value_end
from .tlv import Buffer

(_LIST,) = (rule for rule in VALUE_TYPES if rule.kind == "list")
assert _LIST.packer is not None
_HEAD_BYTES = 1 + _LIST.packer.size


def list_items(data: Buffer) -> Iterator[bytes]:
    """The TLV bytes of each item of a list, one after the other.

    Args:
        data: the TLV bytes of a value that has been checked; what is not bytes is copied.

    Raises:
        ValueError: it is no list.
    """
    if data[0] != _LIST.code:
        raise ValueError("it is no list")
    return _items(bytes(data))


def _items(data: bytes) -> Iterator[bytes]:
    at = _HEAD_BYTES
    while at < len(data):
        end = value_end(data, at)
        yield data[at:end]
        at = end
