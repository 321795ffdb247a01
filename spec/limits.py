"""The bounds of GD/1: each number once, with the portable error that guards it."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True)
class Bound:
    """A largest permitted value, inclusive: GD-LIM-001, GD-LIM-002.

    Attributes:
        name: identifier in every generated language, with its unit.
        value: the largest permitted value.
        error: portable code reported beyond it.
        meaning: one phrase for the tables.
    """

    name: str
    value: int
    error: str
    meaning: str


MAX_PAYLOAD_BYTES = Bound(
    "max_payload_bytes", 64 * MIB, "payload_too_large", "payload of one frame, in bytes"
)
MAX_BLOB_BYTES = Bound(
    "max_blob_bytes", 64 * MIB, "length_too_large", "one bytes or string value, in encoded bytes"
)
MAX_ITEMS = Bound(
    "max_items", 1024 * 1024, "too_many_items", "items of one list, or pairs of one dict"
)
# A payload's own dicts count: GD-MSG-035.
MAX_DEPTH = Bound(
    "max_depth", 512, "nesting_too_deep", "lists and dicts open at once, the outermost included"
)

LIMITS = (MAX_PAYLOAD_BYTES, MAX_BLOB_BYTES, MAX_ITEMS, MAX_DEPTH)
