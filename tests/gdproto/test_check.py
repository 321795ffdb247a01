"""Values that stay bytes: checked as strictly as they are decoded, and written as they came."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gdproto
from gdproto import Encoded, ProtocolError, Request, Response, Stash, StashOp, tlv

from .cases import BAD, GOOD, Bad, Good
from .test_tlv import values

CHECKS = [gdproto.check, tlv.check]


def verdict(call: Any, data: Any) -> Any:
    """The fault that is found, or None."""
    try:
        call(data)
    except ProtocolError as error:
        return error.code, error.scope, error.offset, error.path, error.request_id
    return None


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.name)
def test_what_decodes_passes(check: Any, case: Good) -> None:
    for data in (case.encoded, bytearray(case.encoded), memoryview(case.encoded)):
        assert check(data) is None


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("case", BAD, ids=lambda case: case.name)
def test_what_does_not_decode_has_the_same_fault(check: Any, case: Bad) -> None:
    for data in (case.encoded, bytearray(case.encoded), memoryview(case.encoded)):
        with pytest.raises(ProtocolError) as caught:
            check(data)
        fault = caught.value
        assert (fault.code, fault.offset, fault.path) == (case.code, case.offset, case.path)


@pytest.mark.parametrize("check", CHECKS)
@given(values, st.data())
def test_a_check_finds_what_decoding_finds(check: Any, value: Any, draw: st.DataObject) -> None:
    data = bytearray(gdproto.encode(value))
    for _ in range(draw.draw(st.integers(0, 3))):
        at = draw.draw(st.integers(0, len(data) - 1))
        data[at] = draw.draw(st.integers(0, 255))
    data = data[: draw.draw(st.integers(0, len(data)))] if draw.draw(st.booleans()) else data
    assert verdict(check, bytes(data)) == verdict(tlv.decode, bytes(data))


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_wants_bytes(check: Any) -> None:
    with pytest.raises(TypeError, match="bytes-like"):
        check("text")


@given(values)
def test_encoded_values_are_written_as_they_are(value: Any) -> None:
    data = gdproto.encode(value)
    for encode in (gdproto.encode, tlv.encode):
        assert encode(Encoded(data)) == data
    kept, built = Response(1, Encoded(data)), Response(1, value)
    assert kept.to_bytes() == built.to_bytes()
    assert gdproto.frames.serialize(kept) == built.to_bytes()


@pytest.mark.parametrize("encode", [gdproto.encode, tlv.encode])
def test_within_other_values_they_are_bytes_like_others(encode: Any) -> None:
    assert encode([[Encoded(b"\0")]]) == encode([[b"\0"]])


@pytest.mark.parametrize("field", ["table", "key", "pattern"])
def test_a_field_of_a_type_takes_none(field: str) -> None:
    put = Stash(1, StashOp.PUT, **{"table": "t", "key": "k", field: Encoded(b"\0")})  # type: ignore[arg-type]
    for write in (put.to_bytes, lambda: gdproto.frames.serialize(put)):
        if field == "key":
            # It is a scalar: bytes like others.
            assert gdproto.parse(write()).key == b"\0"  # type: ignore[attr-defined]
            continue
        with pytest.raises(ProtocolError, match="wrong_field_type"):
            write()


@given(values, st.sampled_from([None, "k", 1, 0.5, True, b"k"]))
def test_a_stash_leaves_its_value_in_bytes(value: Any, key: Any) -> None:
    put = Stash(7, StashOp.PUT, "t", key, value)
    kept = gdproto.parse_stash(put.to_bytes())
    if value is None:
        assert kept == put
    else:
        assert type(kept.value) is Encoded
        assert kept.value == gdproto.encode(value)
        assert (kept.request_id, kept.op, kept.table, kept.key, kept.pattern) == (
            7, StashOp.PUT, "t", key, None,
        )  # fmt: skip
    assert kept.to_bytes() == put.to_bytes()


@given(values, st.data())
def test_a_stash_is_judged_as_any_frame(value: Any, draw: st.DataObject) -> None:
    data = bytearray(Stash(7, StashOp.PUT, "t", "k", value, "p").to_bytes())
    for _ in range(draw.draw(st.integers(1, 3))):
        # All but the byte that says what message it is.
        at = draw.draw(st.integers(4, len(data) - 1))
        data[at] = draw.draw(st.integers(0, 255))
    assert verdict(gdproto.parse_stash, bytes(data)) == verdict(gdproto.parse, bytes(data))


def test_only_a_stash_is_read_so() -> None:
    with pytest.raises(ValueError, match="not a REQUEST"):
        gdproto.parse_stash(Request(1, "m:A", "go").to_bytes())
