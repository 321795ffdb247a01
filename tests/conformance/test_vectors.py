"""The vectors: well-formed, made by their makers, and each invalid one an edit from a valid one."""

from __future__ import annotations

import json
import os

import pytest
from jsonschema import Draft202012Validator

from gdproto.conformance.cases import SCHEMA, VECTORS, Case, Typed, load, made
from gdproto.conformance.making import __main__ as making
from gdproto.spec import requirements

CASES = load()
INVALID = [case for case in CASES.values() if case.result == "invalid"]
MAX_EDIT_BYTES = 32


def test_the_files_follow_the_schema() -> None:
    schema = json.loads(SCHEMA.read_text())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for path in VECTORS.glob("*/*.json"):
        errors = [error.message for error in validator.iter_errors(json.loads(path.read_text()))]
        assert errors == [], path.name


def test_the_vectors_are_what_their_makers_write() -> None:
    assert making.stale() == []


def test_every_requirement_named_exists_and_the_strictest_gives_the_level() -> None:
    known = requirements.read()
    for case in CASES.values():
        assert set(case.requires) <= known.keys(), case.id
        assert case.level in {known[name].level for name in case.requires}, case.id
        assert case.level == "MUST" or not any(known[n].level == "MUST" for n in case.requires)


def is_one_edit(one: bytes, other: bytes) -> bool:
    """Whether one run of bytes taken out, put in, or replaced by a short one makes the other."""
    before = len(os.path.commonprefix((one, other)))
    left, right = one[before:], other[before:]
    after = len(os.path.commonprefix((left[::-1], right[::-1])))
    longer, shorter = sorted((len(left) - after, len(right) - after), reverse=True)
    return one != other and (not shorter or longer <= MAX_EDIT_BYTES)


@pytest.mark.parametrize("case", INVALID, ids=lambda case: case.id)
def test_an_invalid_case_has_a_valid_neighbour(case: Case) -> None:
    neighbour = CASES[case.neighbour]
    assert neighbour.result == "valid"
    if case.bytes is not None:
        assert neighbour.bytes is not None
        assert is_one_edit(made(neighbour.bytes), made(case.bytes))
    elif case.value is not None:
        assert neighbour.value is not None
        assert is_one_value_apart(neighbour.value, case.value)


def is_one_value_apart(one: Typed, other: Typed) -> bool:
    """Whether the two differ, and in one place only: one key, one item or one number."""
    (kind, held), (other_kind, other_held) = *one.items(), *other.items()
    if kind != other_kind or not isinstance(held, list) or len(held) != len(other_held):
        return one != other
    apart = [pair for pair in zip(held, other_held, strict=True) if pair[0] != pair[1]]
    if len(apart) != 1:
        return False
    ((mine, theirs),) = apart
    if kind == "list":
        return is_one_value_apart(mine, theirs)
    return kind != "dict" or (mine[0] == theirs[0]) != (mine[1] == theirs[1])
