"""TLV values: one type byte, then a body. All numbers are big-endian."""

from __future__ import annotations

from types import NoneType

from construct import Construct, Float64b, Int8ub, Int32ub, Int64sb, LazyBound, Pass

from .forms import Holds, Items, KeyOf, Limit, OneOf, Pairs, Sized, Tagged, Utf8
from .limits import MAX_BLOB_BYTES, MAX_DEPTH, MAX_ITEMS

BlobLength = Limit(Int32ub, MAX_BLOB_BYTES)
ItemCount = Limit(Int32ub, MAX_ITEMS)
AnyValue: Construct = LazyBound(lambda: Value)
AnyKey: Construct = LazyBound(lambda: Key)

# GD-TLV-022
Value: Tagged = Tagged(
    Int8ub,
    {
        0x00: "none" / Holds(Pass, NoneType) * "no body",
        0x01: "bool"
        / Holds(OneOf(Int8ub, {0x00: False, 0x01: True}, error="invalid_bool"), bool)
        * "1 byte, 00 or 01",
        # GD-TLV-003
        0x05: "int64" / Holds(Int64sb, int, -(2**63), 2**63 - 1) * "8 bytes, two's complement",
        # GD-TLV-004 GD-TLV-005
        0x06: "float64" / Holds(Float64b, float) * "8 bytes, IEEE 754, any bit pattern",
        0x10: "bytes" / Holds(Sized(BlobLength), bytes) * "u32 length, raw bytes",
        0x11: "string" / Holds(Utf8(Sized(BlobLength)), str) * "u32 length, UTF-8",
        0x20: "list"
        / Holds(Items(ItemCount, AnyValue, MAX_DEPTH), list)
        * "u32 count, that many values",
        0x21: "dict"
        / Holds(Pairs(ItemCount, AnyKey, AnyValue, MAX_DEPTH), dict)
        * "u32 count, that many pairs of a string value and a value",
    },
    error="unknown_tlv_type",
)

# What a string is, beside a length and bytes.
TEXT = {
    "encoding": "UTF-8 of RFC 3629",
    "overlong_forms": "invalid_utf8",
    "surrogates": "invalid_utf8",
    "above_10ffff": "invalid_utf8",
    "byte_order_mark": "a character like any other",
    # GD-TLV-013
    "equal": "when the bytes are equal, without any normalisation",
}

Key: KeyOf = KeyOf(Value, error="key_not_string")
