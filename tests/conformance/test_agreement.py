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

from gdproto import Message, ProtocolError
from gdproto.conformance.cases import Case, NotHeld, from_typed, load, made, to_typed
from tests.conformance import told
from tests.gdproto.implementations import (
    DECODERS,
    ENCODERS,
    PARSERS,
    SERIALIZERS,
    SLOW,
    STRICT,
)

CASES = load()


def of(kinds: str, result: str, held: str = "") -> list[Case]:
    """The cases of these kinds and this result that have the attribute `held`."""
    return [
        case
        for case in CASES.values()
        if case.kind in kinds.split()
        and case.result == result
        and (not held or getattr(case, held) is not None)
    ]


VALID = of("value", "valid")
UNDECODABLE = of("value", "invalid", "bytes")
UNENCODABLE = of("value", "invalid", "value")
PERMITTED = of("value", "permitted")
PARSED = of("frame message", "valid")
UNPARSABLE = of("frame message", "invalid", "bytes")
UNSERIALIZABLE = of("frame message", "invalid", "message")

LARGE_BYTES = 1_000_000
MANY_ITEMS = {"list-limit-minus-1", "dict-limit-minus-1", "dict-limit"}
# What gunicorn accepts or fails at otherwise: the last chapter of the text lists it.
LAXER = {"invalid_bool", "duplicate_key", "nesting_too_deep"}


def takes_too_long(case: Case, implementation: Any) -> bool:
    if implementation in STRICT:
        return case.id in MANY_ITEMS
    return (
        implementation in SLOW and "limit" in case.id and len(made(case.bytes or "")) > LARGE_BYTES
    )


def same(one: Any, other: Any) -> bool:
    """Equal: floats by their bits, of which a NaN has many and zero two."""
    if isinstance(one, float) and isinstance(other, float):
        return struct.pack(">d", one) == struct.pack(">d", other)
    return type(one) is type(other) and bool(one == other)


@pytest.mark.parametrize("decode", DECODERS)
@pytest.mark.parametrize("case", VALID, ids=lambda case: case.id)
def test_bytes_mean_their_value(case: Case, decode: Callable[[bytes], Any]) -> None:
    if takes_too_long(case, decode):
        return
    value = decode(made(case.bytes or ""))
    assert same(
        bytes(value) if isinstance(value, memoryview) else value, from_typed(case.value or {})
    )


@pytest.mark.parametrize("encode", ENCODERS)
@pytest.mark.parametrize("case", VALID, ids=lambda case: case.id)
def test_a_value_has_one_encoding(case: Case, encode: Callable[[Any], bytes]) -> None:
    if takes_too_long(case, encode):
        return
    assert encode(from_typed(case.value or {})) == made(case.canonical or case.bytes or "")


@pytest.mark.parametrize("decode", DECODERS)
@pytest.mark.parametrize("case", UNDECODABLE, ids=lambda case: case.id)
def test_bytes_are_refused(case: Case, decode: Callable[[bytes], Any]) -> None:
    with pytest.raises(ProtocolError) as caught:
        decode(made(case.bytes or ""))
    assert told.fault(caught.value, scope=False) == case.error


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
    assert told.fault(caught.value, scope=False) == case.error


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
        assert written(encode, from_typed(case.value or {})) == expected


def written(encode: Callable[[Any], bytes], value: Any) -> dict[str, Any]:
    """What encoding ends in, as the vectors write it."""
    try:
        return {"bytes": encode(value).hex()}
    except ProtocolError as error:
        return {"error": told.fault(error, scope=False)}


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize("case", PARSED, ids=lambda case: case.id)
def test_a_frame_means_its_message(case: Case, parse: Callable[[bytes], Message]) -> None:
    if takes_too_long(case, parse):
        return
    message = parse(made(case.bytes or ""))
    expected = told.message(case.message or {})
    if "limit" in case.id or "deepest" in case.id:
        assert told.held(message) == told.held(expected)
    else:
        assert told.said(message) == told.said(expected) == case.message


@pytest.mark.parametrize("serialize", SERIALIZERS)
@pytest.mark.parametrize("case", PARSED, ids=lambda case: case.id)
def test_a_message_has_one_frame(case: Case, serialize: Callable[[Message], bytes]) -> None:
    if takes_too_long(case, serialize):
        return
    expected = made(case.canonical or case.bytes or "")
    assert serialize(told.message(case.message or {})) == expected


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize("case", UNPARSABLE, ids=lambda case: case.id)
def test_a_frame_is_refused(case: Case, parse: Callable[[bytes], Message]) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse(made(case.bytes or ""))
    assert told.fault(caught.value) == case.error


@pytest.mark.parametrize("serialize", set(SERIALIZERS) - SLOW)
@pytest.mark.parametrize("case", UNSERIALIZABLE, ids=lambda case: case.id)
def test_a_message_is_refused(case: Case, serialize: Callable[[Message], bytes]) -> None:
    with pytest.raises(ProtocolError) as caught:
        serialize(told.message(case.message or {}))
    assert told.fault(caught.value) == case.error


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
