"""The vectors judge every implementation of the codec that is at hand: each agrees.

Nothing here knows what an expectation is: it stands in the vectors. An implementation joins by its
entry in the lists of `tests/gdproto/implementations.py`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

import pytest

from gdproto import Message, ProtocolError
from gdproto.conformance.cases import Case, NotHeld, from_typed, made, to_typed
from tests.conformance import told
from tests.gdproto.implementations import (
    DECODERS,
    ENCODERS,
    PARSERS,
    SERIALIZERS,
    SLOW,
    STRICT,
)
from tests.vectors import CASES
from workshop.completeness.obligations import size

# Cases of many megabytes are made once, for all implementations.
LARGE_BYTES = 1_000_000
LARGE = {name for name, case in CASES.items() if case.bytes and size(case.bytes) > LARGE_BYTES}
LARGE |= {"encode-bytes-limit-plus-1", "encode-string-limit-plus-1", "encode-list-limit-plus-1",
          "encode-dict-limit-plus-1", "serialize-payload-limit-plus-1"}  # fmt: skip


def of(kinds: str, result: str, held: str = "", *, large: bool = False) -> list[Case]:
    """The cases of these kinds and this result that have the attribute `held`."""
    return [
        case
        for case in CASES.values()
        if case.kind in kinds.split()
        and case.result == result
        and (not held or getattr(case, held) is not None)
        and (case.id in LARGE) == large
    ]


def at_limits(kind: str) -> list[Case]:
    """The valid large cases of a kind; of each limit's neighbours below the runner asks alone."""
    cases = of(kind, "valid", large=True)
    return [case for case in cases if not case.id.endswith("-limit-minus-1")]


VALID = of("value", "valid")
UNDECODABLE = of("value", "invalid", "bytes")
UNENCODABLE = of("value", "invalid", "value")
PERMITTED = of("value", "permitted")
PARSED = of("frame message", "valid")
UNPARSABLE = of("frame message", "invalid", "bytes")
UNSERIALIZABLE = of("frame message", "invalid", "message")

# What a dict of Python cannot hold.
NOT_HELD = ("encode-key-twice", "encode-dict-of-*-twice", "encode-key-list", "encode-key-dict")
# What our codec answers to the questions that the text leaves open.
ANSWERS = {"nan-payload": "kept", "non-string-keys": "text"}


def disagreeing(cases: Iterable[Case], agrees: Callable[[Case], Any]) -> list[str]:
    """The ids of the cases with which an implementation does not agree, and why."""
    found = []
    for case in cases:
        try:
            if not agrees(case):
                found.append(case.id)
        except Exception as error:
            found.append(f"{case.id}: {error!r}")
    return found


def same(one: Any, other: Any) -> bool:
    """Equal: floats by their bits, of which a NaN has many and zero two."""
    if isinstance(one, float) and isinstance(other, float):
        return struct.pack(">d", one) == struct.pack(">d", other)
    if isinstance(one, list) and any(type(item) is float for item in one):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)


def fault_of(call: Callable[[], object], *, scope: bool) -> dict[str, Any] | None:
    """The error that the call ends in, as the vectors write it."""
    try:
        call()
    except ProtocolError as error:
        return told.fault(error, scope=scope)
    return None


@pytest.mark.parametrize("decode", DECODERS)
def test_bytes_mean_their_value(decode: Callable[[bytes], Any]) -> None:
    def agrees(case: Case) -> bool:
        value = decode(made(case.bytes or ""))
        value = bytes(value) if isinstance(value, memoryview) else value
        return same(value, from_typed(case.value or {}))

    assert disagreeing(VALID, agrees) == []


@pytest.mark.parametrize("encode", ENCODERS)
def test_a_value_has_one_encoding(encode: Callable[[Any], bytes]) -> None:
    def agrees(case: Case) -> bool:
        return encode(from_typed(case.value or {})) == made(case.canonical or case.bytes or "")

    assert disagreeing(VALID, agrees) == []


@pytest.mark.parametrize("decode", DECODERS)
def test_bytes_are_refused(decode: Callable[[bytes], Any]) -> None:
    def agrees(case: Case) -> bool:
        return fault_of(lambda: decode(made(case.bytes or "")), scope=False) == case.error

    assert disagreeing(UNDECODABLE, agrees) == []


@pytest.mark.parametrize("encode", ENCODERS)
def test_a_value_is_refused(encode: Callable[[Any], bytes]) -> None:
    def agrees(case: Case) -> bool:
        try:
            value = from_typed(case.value or {})
        except NotHeld:
            return any(fnmatchcase(case.id, glob) for glob in NOT_HELD)
        return fault_of(lambda: encode(value), scope=False) == case.error

    assert disagreeing(UNENCODABLE, agrees) == []


@pytest.mark.parametrize("decode", DECODERS)
def test_what_is_read_is_left_open(decode: Callable[[bytes], Any]) -> None:
    def agrees(case: Case) -> bool:
        expected = case.outcomes[ANSWERS[case.policy]]
        return same(decode(made(case.bytes or "")), from_typed(expected["value"]))

    assert disagreeing([case for case in PERMITTED if case.bytes], agrees) == []


@pytest.mark.parametrize("encode", ENCODERS)
def test_what_is_written_is_left_open(encode: Callable[[Any], bytes]) -> None:
    def agrees(case: Case) -> bool:
        expected, value = case.outcomes[ANSWERS[case.policy]], from_typed(case.value or {})
        if "error" in expected:
            return fault_of(lambda: encode(value), scope=False) == expected["error"]
        return encode(value) == made(expected["bytes"])

    assert disagreeing([case for case in PERMITTED if case.value], agrees) == []


@pytest.mark.parametrize("parse", PARSERS)
def test_a_frame_means_its_message(parse: Callable[[bytes], Message]) -> None:
    def agrees(case: Case) -> bool:
        message, expected = parse(made(case.bytes or "")), told.message(case.message or {})
        if "deepest" in case.id:
            return told.held(message) == told.held(expected)
        return told.said(message) == case.message

    assert disagreeing(PARSED, agrees) == []


@pytest.mark.parametrize("serialize", SERIALIZERS)
def test_a_message_has_one_frame(serialize: Callable[[Message], bytes]) -> None:
    def agrees(case: Case) -> bool:
        written = serialize(told.message(case.message or {}))
        return written == made(case.canonical or case.bytes or "")

    assert disagreeing(PARSED, agrees) == []


@pytest.mark.parametrize("parse", PARSERS)
def test_a_frame_is_refused(parse: Callable[[bytes], Message]) -> None:
    def agrees(case: Case) -> bool:
        return fault_of(lambda: parse(made(case.bytes or "")), scope=True) == case.error

    assert disagreeing(UNPARSABLE, agrees) == []


@pytest.mark.parametrize("serialize", [one for one in SERIALIZERS if one not in SLOW])
def test_a_message_is_refused(serialize: Callable[[Message], bytes]) -> None:
    def agrees(case: Case) -> bool:
        message = told.message(case.message or {})
        return fault_of(lambda: serialize(message), scope=True) == case.error

    assert disagreeing(UNSERIALIZABLE, agrees) == []


@pytest.mark.parametrize("case", at_limits("value"), ids=lambda case: case.id)
def test_a_large_value(case: Case) -> None:
    data, value = made(case.bytes or ""), from_typed(case.value or {})
    many = case.id.startswith(("list", "dict"))
    for decode in DECODERS:
        if decode not in SLOW and not (many and decode in STRICT):
            assert decode(data) == value
    for encode in ENCODERS:
        if not (many and encode in STRICT):
            assert encode(value) == data


@pytest.mark.parametrize("case", at_limits("frame"), ids=lambda case: case.id)
def test_a_large_message(case: Case) -> None:
    data, message = made(case.bytes or ""), told.message(case.message or {})
    for parse in PARSERS:
        if parse not in SLOW:
            assert told.held(parse(data)) == told.held(message)
    for serialize in SERIALIZERS:
        if serialize not in SLOW:
            assert serialize(message) == data


def test_what_is_too_large_is_refused() -> None:
    for case in of("value", "invalid", "value", large=True):
        value = from_typed(case.value or {})
        for encode in ENCODERS:
            assert fault_of(partial(encode, value), scope=False) == case.error, case.id
    for case in of("frame", "invalid", "message", large=True):
        message = told.message(case.message or {})
        for serialize in SERIALIZERS:
            if serialize not in SLOW:
                assert fault_of(partial(serialize, message), scope=True) == case.error, case.id


def test_typed_json_brings_every_value_back() -> None:
    for case in VALID:
        if not case.id.startswith("depth-"):
            value = from_typed(case.value or {})
            assert same(from_typed(to_typed(value)), value)
