"""The vectors judge every implementation that is at hand: each agrees, or is listed with a reason.

Nothing here knows what an expectation is: it stands in the vectors.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest
from gunicorn.dirty.errors import DirtyProtocolError
from gunicorn.dirty.tlv import TLVEncoder

from gdproto import ProtocolError
from gdproto.conformance.cases import Case, NotHeld, from_typed, load, made, to_typed
from tests.gdproto.implementations import (
    DECODERS,
    ENCODERS,
    declared,
    decode_strictly,
    encode_strictly,
)

CASES = load()
VALUES = [case for case in CASES.values() if case.kind == "value"]
VALID = [case for case in VALUES if case.result == "valid"]
UNDECODABLE = [case for case in VALUES if case.result == "invalid" and case.bytes is not None]
UNENCODABLE = [case for case in VALUES if case.result == "invalid" and case.bytes is None]
PERMITTED = [case for case in VALUES if case.result == "permitted"]
# What construct takes minutes for, and the codec's strict half many seconds.
LARGE_BYTES = 1_000_000
MANY_ITEMS = {"list-limit-minus-1", "dict-limit-minus-1", "dict-limit"}
STRICT = {decode_strictly, encode_strictly}
# What gunicorn accepts or fails at otherwise: the last chapter of the text lists it.
LAXER = {"invalid_bool", "duplicate_key", "nesting_too_deep"}


def same(one: Any, other: Any) -> bool:
    """Equal: floats by their bits, of which a NaN has many and zero two."""
    if isinstance(one, float) and isinstance(other, float):
        return struct.pack(">d", one) == struct.pack(">d", other)
    return type(one) is type(other) and bool(one == other)


def whole(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def error_of(error: ProtocolError) -> dict[str, Any]:
    """The error as the vectors write it."""
    written: dict[str, Any] = {"code": error.code}
    if error.offset is not None:
        written["offset"] = error.offset
    if error.path:
        written["path"] = error.path
    return written


@pytest.mark.parametrize("decode", DECODERS)
@pytest.mark.parametrize("case", VALID, ids=lambda case: case.id)
def test_bytes_mean_their_value(case: Case, decode: Callable[[bytes], Any]) -> None:
    data = made(case.bytes or "")
    if decode is declared and len(data) > LARGE_BYTES:
        return
    if decode in STRICT and case.id in MANY_ITEMS:
        return
    assert same(whole(decode(data)), from_typed(case.value or {}))


@pytest.mark.parametrize("encode", ENCODERS)
@pytest.mark.parametrize("case", VALID, ids=lambda case: case.id)
def test_a_value_has_one_encoding(case: Case, encode: Callable[[Any], bytes]) -> None:
    if encode in STRICT and case.id in MANY_ITEMS:
        return
    assert encode(from_typed(case.value or {})) == made(case.canonical or case.bytes or "")


@pytest.mark.parametrize("decode", DECODERS)
@pytest.mark.parametrize("case", UNDECODABLE, ids=lambda case: case.id)
def test_bytes_are_refused(case: Case, decode: Callable[[bytes], Any]) -> None:
    with pytest.raises(ProtocolError) as caught:
        decode(made(case.bytes or ""))
    assert error_of(caught.value) == case.error


@pytest.mark.parametrize("encode", ENCODERS)
@pytest.mark.parametrize("case", UNENCODABLE, ids=lambda case: case.id)
def test_a_value_is_refused(case: Case, encode: Callable[[Any], bytes]) -> None:
    try:
        value = from_typed(case.value or {})
    except NotHeld:
        assert case.id in {"encode-key-twice", "encode-key-list", "encode-key-dict"}
        return
    with pytest.raises(ProtocolError) as caught:
        encode(value)
    assert error_of(caught.value) == case.error


# What our codec answers to the questions that the text leaves open.
ANSWERS = {"nan-payload": "kept", "non-string-keys": "text"}


@pytest.mark.parametrize("case", PERMITTED, ids=lambda case: case.id)
def test_an_open_question_is_answered(case: Case) -> None:
    expected = case.outcomes[ANSWERS[case.policy]]
    if case.bytes is not None:
        for decode in DECODERS:
            assert same(decode(made(case.bytes)), from_typed(expected["value"]))
        return
    for encode in ENCODERS:
        try:
            assert encode(from_typed(case.value or {})) == made(expected["bytes"])
        except ProtocolError as error:
            assert error_of(error) == expected["error"]


@pytest.mark.parametrize("case", VALID, ids=lambda case: case.id)
def test_gunicorn_reads_and_writes_the_same(case: Case) -> None:
    data = made(case.bytes or "")
    if case.id.startswith("depth-") or len(data) > LARGE_BYTES:
        # It recurses, and copies what is left for every item.
        return
    value = from_typed(case.value or {})
    assert same(TLVEncoder.decode_full(data), value)
    assert TLVEncoder.encode(value) == made(case.canonical or case.bytes or "")


@pytest.mark.parametrize("case", UNDECODABLE, ids=lambda case: case.id)
def test_gunicorn_refuses_what_the_text_does_not_list(case: Case) -> None:
    assert case.error is not None
    if case.error["code"] in LAXER:
        return
    with pytest.raises(DirtyProtocolError):
        TLVEncoder.decode_full(made(case.bytes or ""))


def test_typed_json_brings_every_value_back() -> None:
    for case in VALID:
        if "limit" not in case.id:
            value = from_typed(case.value or {})
            assert same(from_typed(to_typed(value)), value)
