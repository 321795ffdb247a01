"""One table of values and faults, run against every implementation of the codec.

The bytes and the expectations are written from the specification, never captured from a codec.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple


class Good(NamedTuple):
    name: str
    value: Any
    encoded: bytes


class Bad(NamedTuple):
    """Bytes that are refused: with which code, at which offset, in which path."""

    name: str
    encoded: bytes
    code: str
    offset: int
    path: str = ""


class Unencodable(NamedTuple):
    name: str
    value: Any
    code: str
    path: str = ""


def u32(number: int) -> bytes:
    return struct.pack(">I", number)


def text(value: str) -> bytes:
    raw = value.encode()
    return b"\x11" + u32(len(raw)) + raw


def int64(number: int) -> bytes:
    return b"\x05" + struct.pack(">q", number)


def items(*encoded: bytes) -> bytes:
    return b"\x20" + u32(len(encoded)) + b"".join(encoded)


def pairs(*encoded: tuple[str, bytes]) -> bytes:
    return b"\x21" + u32(len(encoded)) + b"".join(text(k) + v for k, v in encoded)


NONE = b"\x00"
TRUE = b"\x01\x01"
MIB64 = 64 * 1024 * 1024
MIB1 = 1024 * 1024


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


GOOD = [
    Good("none", None, b"\x00"),
    Good("false", False, b"\x01\x00"),
    Good("true", True, b"\x01\x01"),
    Good("int 0", 0, bytes.fromhex("05 0000000000000000")),
    Good("int 1", 1, bytes.fromhex("05 0000000000000001")),
    Good("int -1", -1, bytes.fromhex("05 ffffffffffffffff")),
    Good("smallest int", -(2**63), bytes.fromhex("05 8000000000000000")),
    Good("largest int", 2**63 - 1, bytes.fromhex("05 7fffffffffffffff")),
    Good("float 1.5", 1.5, bytes.fromhex("06 3ff8000000000000")),
    Good("float -0.0", -0.0, bytes.fromhex("06 8000000000000000")),
    Good("infinity", float("inf"), bytes.fromhex("06 7ff0000000000000")),
    Good("no bytes", b"", bytes.fromhex("10 00000000")),
    Good("bytes", b"\x00\xff", bytes.fromhex("10 00000002 00ff")),
    Good("256 bytes", b"x" * 256, bytes.fromhex("10 00000100") + b"x" * 256),
    Good("empty text", "", bytes.fromhex("11 00000000")),
    Good("ascii text", "GD", bytes.fromhex("11 00000002 4744")),
    Good("wide text", "é€😀", bytes.fromhex("11 00000009 c3a9 e282ac f09f9880")),
    Good("text with NUL", "a\0b", bytes.fromhex("11 00000003 610062")),
    Good("300 letters", "y" * 300, bytes.fromhex("11 0000012c") + b"y" * 300),
    Good("empty list", [], bytes.fromhex("20 00000000")),
    Good("mixed list", [None, True, "a"], items(NONE, TRUE, text("a"))),
    Good("64 ints", list(range(64)), items(*(int64(n) for n in range(64)))),
    Good("130 ints", list(range(130)), items(*(int64(n) for n in range(130)))),
    Good("ints, then text", [*range(70), "z"], items(*(int64(n) for n in range(70)), text("z"))),
    Good("70 floats", [0.0] * 70, items(*[b"\x06" + bytes(8)] * 70)),
    Good("empty dict", {}, bytes.fromhex("21 00000000")),
    Good("empty key", {"": None}, pairs(("", NONE))),
    Good("dict", {"a": 1, "b": [{}]}, pairs(("a", int64(1)), ("b", items(pairs())))),
    Good("512 open lists", nested(512), (b"\x20" + u32(1)) * 511 + b"\x20" + u32(0)),
]

BAD = [
    Bad("nothing", b"", "truncated", 0),
    Bad("unknown type", b"\x07", "unknown_tlv_type", 0),
    Bad("unknown type in a list", items(NONE, b"\x02"), "unknown_tlv_type", 6, "[1]"),
    Bad("unknown type as a key", b"\x21" + u32(1) + b"\x7f" + bytes(5), "unknown_tlv_type", 5),
    Bad("bool without body", b"\x01", "truncated", 1),
    Bad("bool 2", b"\x01\x02", "invalid_bool", 1),
    Bad("bool 255 in a dict", pairs(("a", b"\x01\xff")), "invalid_bool", 12, "a"),
    Bad("short int", b"\x05" + bytes(7), "truncated", 8),
    Bad("short float", b"\x06" + bytes(3), "truncated", 4),
    Bad("short length", b"\x11\x00\x00", "truncated", 3),
    Bad("short text", b"\x11" + u32(2) + b"a", "truncated", 1),
    Bad("short bytes", b"\x10" + u32(1), "truncated", 1),
    Bad("not UTF-8", b"\x11" + u32(1) + b"\xff", "invalid_utf8", 5),
    Bad("surrogate", b"\x11" + u32(3) + b"\xed\xa0\x80", "invalid_utf8", 5),
    Bad("overlong", b"\x11" + u32(2) + b"\xc0\x80", "invalid_utf8", 5),
    Bad("key not UTF-8", b"\x21" + u32(1) + b"\x11" + u32(1) + b"\xff\0", "invalid_utf8", 10),
    Bad("huge text", b"\x11" + u32(MIB64 + 1), "length_too_large", 1),
    Bad("huge bytes", b"\x10" + u32(0xFFFFFFFF), "length_too_large", 1),
    Bad("largest length, no bytes", b"\x10" + u32(MIB64), "truncated", 1),
    Bad("huge list", b"\x20" + u32(MIB1 + 1), "too_many_items", 1),
    Bad("huge dict", b"\x21" + u32(MIB1 + 1), "too_many_items", 1),
    Bad("largest list, no bytes", b"\x20" + u32(MIB1), "truncated", 1),
    Bad("dict of 1 in 5 bytes", b"\x21" + u32(1) + b"\x11" + u32(0), "truncated", 1),
    Bad("513 open lists", (b"\x20" + u32(1)) * 512 + b"\x20" + u32(0), "nesting_too_deep", 2560,
        "[0]" * 66 + "[…"),
    Bad("depth before size", (b"\x20" + u32(1)) * 512 + b"\x20", "nesting_too_deep", 2560,
        "[0]" * 66 + "[…"),
    Bad("outer list owes", items(b"\x20" + u32(1), b"\x00"), "truncated", 6, "[0]"),
    Bad("text where the list owes", items(b"\x11" + u32(1), b"\x00"), "truncated", 6, "[0]"),
    Bad("int as a key", b"\x21" + u32(1) + int64(1) + NONE, "key_not_string", 5),
    Bad("list as a key", b"\x21" + u32(1) + items() + b"\0\0", "key_not_string", 5),
    Bad("key twice", pairs(("a", NONE), ("a", NONE)), "duplicate_key", 12, "a"),
    Bad("key twice, deep", items(pairs(("k", NONE), ("k", NONE))), "duplicate_key", 17, "[0].k"),
    Bad("quoted key", pairs(("a b", b"\x01\x02")), "invalid_bool", 14, '["a b"]'),
    Bad("trailing byte", b"\x00\x00", "trailing_data", 1),
    Bad("trailing after a list", items(NONE) + b"\x05", "trailing_data", 6),
]  # fmt: skip

CYCLE: list[Any] = []
CYCLE.append(CYCLE)

UNENCODABLE = [
    Unencodable("int too large", 2**63, "int_out_of_range"),
    Unencodable("int too small", [-(2**63) - 1], "int_out_of_range", "[0]"),
    Unencodable("an int in a run", [*range(63), 2**64], "int_out_of_range", "[63]"),
    Unencodable("lone surrogate", {"a": "\ud800"}, "invalid_text", "a"),
    Unencodable("surrogate key", {"\ud800": 1}, "invalid_text"),
    Unencodable("object", [object()], "unsupported_type", "[0]"),
    Unencodable("set", {"s": {1}}, "unsupported_type", "s"),
    Unencodable("complex", 1j, "unsupported_type"),
    Unencodable("tuple key", {(1,): 2}, "key_not_string"),
    Unencodable("bytes key", {b"a": 2}, "key_not_string"),
    Unencodable("keys collide", {1: "a", "1": "b"}, "duplicate_key", '["1"]'),
    Unencodable("true and text", {"x": {True: 1, "True": 2}}, "duplicate_key", "x.True"),
    Unencodable("513 deep", nested(513), "nesting_too_deep", "[0]" * 66 + "[…"),
    Unencodable("cycle", CYCLE, "nesting_too_deep", "[0]" * 66 + "[…"),
    Unencodable("too many items", [None] * (MIB1 + 1), "too_many_items"),
    Unencodable("too many bytes", bytes(MIB64 + 1), "length_too_large"),
]
