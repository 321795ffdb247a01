"""Values: literal bytes, both ways, on the fast codec, the strict codec and the declarations."""

from __future__ import annotations

import enum
import math
import struct
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from gunicorn.dirty.tlv import TLVEncoder
from hypothesis import given
from hypothesis import strategies as st

import gdproto
from gdproto import ProtocolError, tlv
from gdproto.errors import format_path
from gdproto.spec.oracle import build_value, parse_value

from .cases import BAD, GOOD, UNENCODABLE, Bad, Good, Unencodable, items, nested, pairs, u32
from .implementations import (
    DECODERS,
    ENCODERS,
    decode_strictly,
    encode_strictly,
)


def ids(case: Any) -> str:
    return str(case.name)


@pytest.mark.parametrize("case", GOOD, ids=ids)
@pytest.mark.parametrize("decode", DECODERS)
def test_decode(decode: Callable[[bytes], Any], case: Good) -> None:
    value = decode(case.encoded)
    assert value == case.value
    assert gdproto.encode(value) == case.encoded


@pytest.mark.parametrize("case", GOOD, ids=ids)
@pytest.mark.parametrize("encode", ENCODERS)
def test_encode(encode: Callable[[Any], bytes], case: Good) -> None:
    assert encode(case.value) == case.encoded


@pytest.mark.parametrize("case", BAD, ids=ids)
@pytest.mark.parametrize("decode", DECODERS)
def test_refuse_bytes(decode: Callable[[bytes], Any], case: Bad) -> None:
    with pytest.raises(ProtocolError) as caught:
        decode(case.encoded)
    error = caught.value
    assert (error.code, error.offset, error.path) == (case.code, case.offset, case.path)
    assert error.scope == "exchange"


@pytest.mark.parametrize("case", UNENCODABLE, ids=ids)
@pytest.mark.parametrize("encode", ENCODERS)
def test_refuse_values(encode: Callable[[Any], bytes], case: Unencodable) -> None:
    with pytest.raises(ProtocolError) as caught:
        encode(case.value)
    error = caught.value
    assert (error.code, error.offset, error.path) == (case.code, None, case.path)
    assert error.scope == "exchange"


@pytest.mark.parametrize("case", GOOD, ids=ids)
def test_every_truncation_is_refused(case: Good) -> None:
    for stop in range(0, len(case.encoded), max(1, len(case.encoded) // 500)):
        with pytest.raises(ProtocolError) as caught:
            gdproto.decode(case.encoded[:stop])
        assert caught.value.code == "truncated"


class Colour(enum.IntEnum):
    RED = 3


class Text(str):
    def encode(self, *_: Any) -> bytes:
        raise AssertionError("subclasses are read as their base")


class Crowd(dict[str, int]):
    def items(self) -> Any:
        raise AssertionError("subclasses are read as their base")


@pytest.mark.parametrize(
    ("value", "same_as"),
    [
        ((1, (2,)), [1, [2]]),
        (bytearray(b"ab"), b"ab"),
        pytest.param(memoryview(b"abcd")[::2], b"ac", id="every second byte"),
        (Colour.RED, 3),
        (Text("é"), "é"),
        (Crowd(a=1), {"a": 1}),
        ({1: 1, 2.5: 2, None: 3, False: 4}, {"1": 1, "2.5": 2, "None": 3, "False": 4}),
        ({Text("k"): 1}, {"k": 1}),
    ],
    # Not by its place in memory: the workers of a run call a test by the same name.
    ids=lambda value: "memoryview" if isinstance(value, memoryview) else repr(value),
)
def test_python_values_as_their_base(value: Any, same_as: Any) -> None:
    assert gdproto.encode(value) == gdproto.encode(same_as)


class Hostile:
    """Claims to be an int, and fails at everything."""

    @property
    def __class__(self) -> type:
        raise RuntimeError("no")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")

    __hash__ = None  # type: ignore[assignment]


def released() -> memoryview:
    view = memoryview(b"gone")
    view.release()
    return view


@pytest.mark.parametrize("make", [Hostile, released, lambda: type, lambda: range(3)])
def test_only_protocol_errors_escape(make: Callable[[], Any]) -> None:
    value = make()
    with pytest.raises(ProtocolError) as caught:
        gdproto.encode([value])
    assert caught.value.code == "unsupported_type"


@pytest.mark.parametrize("encode", [gdproto.encode, tlv.encode])
def test_what_a_default_raises_ends_nothing_early(encode: Callable[..., bytes]) -> None:
    def default(value: Any) -> Any:
        raise StopIteration

    for value in ([1, object(), 2], {"a": 1, "b": object(), "c": 3}):
        with pytest.raises(StopIteration):
            encode(value, default=default)


@pytest.mark.parametrize("encode", [gdproto.encode, tlv.encode])
def test_what_cannot_be_read_goes_to_a_default_too(encode: Callable[..., bytes]) -> None:
    values = [released(), (object(),)]
    assert encode(values, default=lambda _: "text") == encode(["text", ["text"]])
    with pytest.raises(ProtocolError, match=r"unsupported_type in \[0\]"):
        encode(values, default=lambda value: value)


def test_nan_keeps_its_bits() -> None:
    for bits in ("7ff8000000000001", "fff8dead00000000"):
        encoded = bytes.fromhex("06" + bits)
        assert gdproto.encode(gdproto.decode(encoded)) == encoded
        assert gdproto.encode(gdproto.decode(items(*[encoded] * 70))) == items(*[encoded] * 70)


def test_zero_copy_points_into_the_buffer() -> None:
    buffer = bytearray(gdproto.encode({"blob": b"abc", "rest": [b"", "t"]}))
    value = gdproto.decode(buffer, zero_copy=True)
    assert isinstance(value["blob"], memoryview)
    assert value["blob"].readonly
    start = buffer.index(b"abc")
    buffer[start : start + 3] = b"xyz"
    assert bytes(value["blob"]) == b"xyz"
    assert value["rest"][1] == "t"


@pytest.mark.parametrize(
    "data", [bytearray(b"\x00"), memoryview(b"\x00"), memoryview(b"\x00a")[::2]]
)
@pytest.mark.parametrize("zero_copy", [False, True])
def test_any_buffer_decodes(data: Any, zero_copy: bool) -> None:
    assert gdproto.decode(data, zero_copy=zero_copy) is None


def test_decode_wants_bytes() -> None:
    with pytest.raises(TypeError, match="not str"):
        gdproto.decode("text")  # type: ignore[arg-type]


def test_no_recursion_limit() -> None:
    """The deepest value works where the interpreter's stack is nearly spent."""
    deep = nested(512)

    def at_depth(left: int) -> Any:
        if left:
            return at_depth(left - 1)
        return gdproto.decode(gdproto.encode(deep))

    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(at_depth(sys.getrecursionlimit() - 100)))
    thread.start()
    thread.join()
    assert found[0] == deep


def test_promises_cost_nothing() -> None:
    """Nested lists that each claim a million items are refused at once: at the first that
    cannot fit, having allocated nothing."""
    claim = b"\x20" + u32(1024 * 1024)
    data = claim * 500 + bytes(1024 * 1024)
    with pytest.raises(ProtocolError) as caught:
        gdproto.decode(data)
    assert (caught.value.code, caught.value.offset) == ("truncated", 6)


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.binary()
    | st.text()
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=40
)
runs = st.lists(st.floats(), min_size=60, max_size=140) | st.lists(
    st.integers(-(2**63), 2**63 - 1), min_size=60, max_size=140
)


def same(a: Any, b: Any) -> bool:
    """Equality of values and types, NaN equal to itself."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return struct.pack(">d", a) == struct.pack(">d", b) or (math.isnan(a) and math.isnan(b))
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    return bool(a == b)


@given(values | runs)
def test_all_implementations_agree(value: Any) -> None:
    encoded = gdproto.encode(value)
    assert encoded == encode_strictly(value) == build_value(value) == TLVEncoder.encode(value)
    for decode in (gdproto.decode, decode_strictly, parse_value, TLVEncoder.decode_full):
        assert same(decode(encoded), value)


def outcome(decode: Callable[[bytes], Any], data: bytes) -> Any:
    try:
        return "value", gdproto.encode(decode(data))
    except ProtocolError as error:
        return error.code, error.offset, error.path


@given(values, st.data())
def test_mutations_are_judged_alike(value: Any, draw: st.DataObject) -> None:
    data = bytearray(gdproto.encode(value))
    for _ in range(draw.draw(st.integers(1, 3))):
        at = draw.draw(st.integers(0, max(0, len(data) - 1)))
        if data:
            data[at] = draw.draw(st.sampled_from([0, 1, 2, 5, 6, 16, 17, 32, 33, 255]))
    results = [outcome(decode, bytes(data)) for decode in DECODERS]
    assert results == [results[0]] * len(results)


@given(st.binary(max_size=64))
def test_any_bytes_end_in_a_value_or_a_protocol_error(data: bytes) -> None:
    results = [outcome(decode, data) for decode in DECODERS]
    assert results == [results[0]] * len(results)


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ((), ""),
        (("kwargs", "model", 3), "kwargs.model[3]"),
        ((0, "a"), "[0].a"),
        (("a b",), '["a b"]'),
        (("k", 'q"uote'), 'k["q\\"uote"]'),
        (("x" * 33,), '["' + "x" * 32 + '…"]'),
        (("9lives",), '["9lives"]'),
        (("é",), '["é"]'),
        (("\ud800",), r'["\ud800"]'),
        (("a\n",), '["a\\n"]'),
        ((0,) * 100, "[0]" * 66 + "[…"),
    ],
)
def test_paths(location: tuple[str | int, ...], path: str) -> None:
    assert format_path(location) == path


def test_pairs_builder_is_right() -> None:
    """The table's own notation, against bytes written out."""
    assert pairs(("a", b"\x00")).hex(" ") == "21 00 00 00 01 11 00 00 00 01 61 00"
