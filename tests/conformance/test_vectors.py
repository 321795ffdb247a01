"""The vectors: well-formed, complete, and agreed on by every implementation."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

import pytest
from gunicorn.dirty.errors import DirtyProtocolError
from gunicorn.dirty.tlv import TLVEncoder
from jsonschema import Draft202012Validator

from gdproto import ProtocolError
from gdproto.conformance import make_values
from gdproto.conformance.cases import VECTORS, Case, Fault, from_typed, load, to_typed
from gdproto.spec import requirements
from tests.gdproto.implementations import DECODERS, ENCODERS, declared

CASES = load()
VALID = [case for case in CASES.values() if case.error is None]
INVALID = [case for case in CASES.values() if case.error is not None]
# What construct takes minutes for.
LARGE_BYTES = 1_000_000
# What gunicorn accepts or fails at otherwise: the last chapter of the text lists it.
LAXER = {"invalid_bool", "duplicate_key", "nesting_too_deep"}


def test_the_files_follow_the_schema() -> None:
    schema = json.loads((VECTORS / "schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    (path,) = (one for one in VECTORS.glob("*.json") if one.name != "schema.json")
    assert [error.message for error in validator.iter_errors(json.loads(path.read_text()))] == []


def test_the_vectors_are_those_of_the_declaration() -> None:
    assert make_values.PATH.read_text() == make_values.text()


def test_every_requirement_named_exists_and_gives_the_level() -> None:
    known = requirements.read()
    for case in CASES.values():
        assert set(case.requires) <= known.keys(), case.id
        assert case.level == known[case.requires[0]].level, case.id


def test_every_type_byte_is_judged() -> None:
    assert {case.data[0] for case in CASES.values() if case.data} == set(range(256))


def is_one_edit(one: bytes, other: bytes) -> bool:
    """Whether one run of bytes replaced makes `other` of `one`, and most is left or little was."""
    before = 0
    while before < min(len(one), len(other)) and one[before] == other[before]:
        before += 1
    after = 0
    while after < min(len(one), len(other)) - before and one[-1 - after] == other[-1 - after]:
        after += 1
    return one != other and max(len(one), len(other)) - before - after <= 32


@pytest.mark.parametrize("case", INVALID, ids=lambda case: case.id)
def test_an_invalid_case_has_a_valid_neighbour(case: Case) -> None:
    neighbour = CASES[case.neighbour]
    assert neighbour.error is None
    assert is_one_edit(neighbour.data, case.data)


def same(one: Any, other: Any) -> bool:
    """Equal: floats by their bits, of which a NaN has many and zero two."""
    if isinstance(one, float) and isinstance(other, float):
        return struct.pack(">d", one) == struct.pack(">d", other)
    return type(one) is type(other) and bool(one == other)


@pytest.mark.parametrize("decode", DECODERS)
@pytest.mark.parametrize("case", VALID, ids=lambda case: case.id)
def test_valid_bytes_mean_their_value(case: Case, decode: Callable[[bytes], Any]) -> None:
    if decode is declared and len(case.data) > LARGE_BYTES:
        return
    value = decode(case.data)
    assert same(bytes(value) if isinstance(value, memoryview) else value, case.value)


@pytest.mark.parametrize("encode", ENCODERS)
@pytest.mark.parametrize("case", VALID, ids=lambda case: case.id)
def test_a_value_has_one_encoding(case: Case, encode: Callable[[Any], bytes]) -> None:
    assert encode(case.value) == case.data


@pytest.mark.parametrize("decode", DECODERS)
@pytest.mark.parametrize("case", INVALID, ids=lambda case: case.id)
def test_invalid_bytes_are_refused(case: Case, decode: Callable[[bytes], Any]) -> None:
    with pytest.raises(ProtocolError) as caught:
        decode(case.data)
    error = caught.value
    assert case.error == Fault(error.code, error.offset or 0, error.path)


@pytest.mark.parametrize("case", VALID, ids=lambda case: case.id)
def test_gunicorn_reads_and_writes_the_same(case: Case) -> None:
    if case.id.startswith("depth-") or len(case.data) > LARGE_BYTES:
        # It recurses, and copies what is left for every item.
        return
    assert same(TLVEncoder.decode_full(case.data), case.value)
    assert TLVEncoder.encode(case.value) == case.data


@pytest.mark.parametrize("case", INVALID, ids=lambda case: case.id)
def test_gunicorn_refuses_what_the_text_does_not_list(case: Case) -> None:
    assert case.error is not None
    if case.error.code in LAXER:
        return
    with pytest.raises(DirtyProtocolError):
        TLVEncoder.decode_full(case.data)


def test_typed_json_brings_every_value_back() -> None:
    for case in VALID:
        if len(case.data) < LARGE_BYTES and not case.id.startswith("depth-"):
            assert same(from_typed(to_typed(case.value)), case.value)
