"""The vectors: well-formed, made by their makers, and each invalid one an edit from a valid one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from gdproto import HEADER_BYTES, declaration
from gdproto.conformance.cases import SCHEMA, VECTORS, Case, Typed, from_typed, made
from gdproto.conformance.judging import POLICIES
from gdproto.frames import OFFSETS
from gdproto.tokens import Kind, Tokens
from tests.vectors import CASES
from workshop.making import __main__ as making
from workshop.making.edits import MAX_RUN_BYTES, between, is_one_run

INVALID = [case for case in CASES.values() if case.result == "invalid"]
LARGE_BYTES = 1_000_000
# About which of several faults is reported: there is more than one to mend.
PRECEDENCE = {"GD-FRAME-007", "GD-MSG-010", "GD-MSG-037", "GD-TLV-019", "GD-TLV-020", "GD-TLV-021"}
SIZED = {"text", "blob", "list", "dict"}


def test_the_files_follow_the_schema() -> None:
    schema = json.loads(SCHEMA.read_text())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for path in VECTORS.glob("*/*.json"):
        errors = [error.message for error in validator.iter_errors(json.loads(path.read_text()))]
        assert errors == [], path.name


GOOD = {
    "id": "a", "requires": ["GD-TLV-001"], "level": "MUST", "kind": "value", "result": "valid",
    "bytes": "00", "value": {"none": ""},
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"error": {"code": "truncated"}},
        {"role": "client"},
        {"bytes": "0"},
        {"kind": "frame"},
        {"result": "invalid"},
        {"value": {"int": "1"}},
        {"value": {"int64": 1}},
        {"value": {"none": "", "bool": "true"}},
        {"id": "A"},
        {"requires": []},
        {"more": ""},
    ],
)
def test_the_schema_knows_a_case_from_what_is_none(change: dict[str, Any]) -> None:
    schema = json.loads(SCHEMA.read_text())
    validator = Draft202012Validator({"$defs": schema["$defs"], "$ref": "#/$defs/case"})
    assert validator.is_valid({**GOOD, **change}) == (not change)


def test_the_vectors_are_what_their_makers_write() -> None:
    assert making.stale() == []


def test_every_requirement_named_exists_and_the_strictest_gives_the_level() -> None:
    known = declaration.requirements()
    for case in CASES.values():
        assert set(case.requires) <= known.keys(), case.id
        assert case.level in {known[name].level for name in case.requires}, case.id
        assert case.level == "MUST" or not any(known[n].level == "MUST" for n in case.requires)


def layout(case: Case, data: bytes) -> tuple[list[int], dict[int, int]]:
    """Where the sizes stand in a valid case's bytes, and how long the containers are."""
    start, sizes = (0, []) if case.kind == "value" else (HEADER_BYTES, [OFFSETS["length"]])
    opened: list[int] = []
    lengths: dict[int, int] = {}
    for token in Tokens(data, start, len(data)) if len(data) > start else ():
        if token.kind is Kind.CLOSE:
            begin = opened.pop()
            lengths[begin] = token.stop - begin
            continue
        if token.kind is Kind.OPEN:
            opened.append(token.start)
        if token.rule.kind in SIZED:
            sizes.append(token.start + 1)
    return sizes, lengths


def test_an_invalid_case_has_a_valid_neighbour() -> None:
    assert [case.id for case in INVALID if CASES[case.neighbour].result != "valid"] == []
    assert [case.id for case in INVALID if not is_near(case, CASES[case.neighbour])] == []


def is_near(case: Case, neighbour: Case) -> bool:
    """Whether the two are one edit apart."""
    if case.role:
        return between(neighbour, case) is not None
    if case.bytes is not None:
        assert neighbour.bytes is not None
        valid, data = made(neighbour.bytes), made(case.bytes)
        sizes, lengths = layout(neighbour, valid) if len(valid) < LARGE_BYTES else ([], {})
        # A value that is replaced is one edit however long it was.
        most = max(MAX_RUN_BYTES, lengths.get((case.error or {})["offset"], 0))
        if PRECEDENCE & set(case.requires):
            most = 2 * MAX_RUN_BYTES
        return is_one_run(valid, data, sizes, most)
    if case.value is not None:
        return is_one_value_apart(neighbour.value or {}, case.value)
    return is_one_field_apart(neighbour.message or {}, case.message or {})


def test_a_conversation_is_invalid_when_something_is_at_fault_in_it() -> None:
    for case in CASES.values():
        if case.role:
            steps = [step["expect"] for step in case.steps]
            events = [
                event for one in (*steps, {"events": case.events}) for event in events_of(one)
            ]
            is_refused = any("error" in one for one in steps)
            is_refused |= any(event["event"] == "error" for event in events)
            assert (case.result == "invalid") == is_refused, case.id
            assert not any("error" in step["expect"] for step in case.setup), case.id


def events_of(expected: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(expected.get("events", ()))


STATUS = "4744011100000000" + "0000000000000007"
CANCEL = "4744018000000000" + "0000000000000007"
A, B, C = {"receive": STATUS}, {"abandon": "1"}, {"eof": True}


def stream(receives: str, **held: Any) -> Case:
    """A case of which only what is done counts."""
    return Case("a", "stream", "", (), "MUST", "valid", role="arbiter", receives=receives, **held)


def session(*steps: Mapping[str, Any], role: str = "arbiter") -> Case:
    steps = tuple({**step, "expect": {}} for step in steps)
    return Case("a", "session", "", (), "MUST", "valid", role=role, steps=steps)


@pytest.mark.parametrize(
    ("one", "other", "is_one"),
    [
        (session(A, B, C), session(A, B, C), False),
        (session(A, B, C), session(A, C), True),
        (session(A, C), session(A, B, C), True),
        (session(A, B, C), session(A, A, C), True),
        (session(A, B, C), session(A, {"abandon": "2"}, C), True),
        (session(A), session({"receive": CANCEL}), True),
        (session(A), session({"receive": "ff" * 100}), True),
        (session(A, B, C), session(C), False),
        (session(A, B, C), session(B, C, A), False),
        (session(A, B), session({"receive": CANCEL}, C), False),
        (session(A), session(A, B, role="worker"), False),
        (session(A), stream(STATUS, eof=True), False),
        (stream(STATUS), stream(STATUS), False),
        (stream(STATUS), stream(STATUS, eof=True), True),
        (stream(STATUS), stream(STATUS, setup=({**B, "expect": {}},)), True),
        (stream(STATUS), stream(CANCEL), True),
        (stream(STATUS), stream(CANCEL, eof=True), False),
        (stream(STATUS * 2), stream(STATUS + CANCEL + STATUS), True),
        (stream(STATUS * 2), stream(STATUS), True),
        (stream(STATUS), stream("ff" * 33), False),
        (stream(STATUS), stream("ff" + STATUS[2:-2] + "ff"), True),
        (stream(STATUS * 4), stream("ff" + (STATUS * 4)[2:-2] + "ff"), False),
        # The size of a frame follows from what is put into it.
        (stream(STATUS * 2), stream(STATUS[:8] + "00000001" + STATUS[16:] + "00" + STATUS), True),
        (stream(STATUS * 2), stream(STATUS[:8] + "00000001" + STATUS[16:-2] + "0800" + STATUS),
         True),
        (stream(STATUS * 2), stream("48" + STATUS[2:8] + "00000001" + STATUS[16:] + "00" + STATUS),
         True),
    ],
)  # fmt: skip
def test_what_one_edit_is(one: Case, other: Case, *, is_one: bool) -> None:
    assert (between(one, other) is not None) == is_one


def is_one_field_apart(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two messages differ in their id or in one field."""
    apart = [name for name in one["fields"] if one["fields"][name] != other["fields"][name]]
    same_id = one["request_id"] == other["request_id"]
    return one["type"] == other["type"] and len(apart) + (not same_id) == 1


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


def test_the_contract_lists_the_questions_of_the_vectors() -> None:
    text = VECTORS.with_name("contract.md").read_text()
    table = text.partition("These are the questions of `policies`.")[2].partition("\n## ")[0]
    listed: dict[str, set[str]] = {}
    question = ""
    for first, answer in re.findall(r"^\| (?:`([\w-]+)`)? ?\| `([\w-]+)` \|", table, re.MULTILINE):
        question = first or question
        listed.setdefault(question, set()).add(answer)
    asked: dict[str, set[str]] = {}
    for case in CASES.values():
        if case.policy:
            asked.setdefault(case.policy, set()).update(case.outcomes)
    assert listed == asked == POLICIES


def test_a_string_is_a_text_or_a_recipe() -> None:
    assert from_typed({"string": "c3a9"}) == "c3a9"
    assert from_typed({"string": ["c3a9"]}) == "é"
    assert from_typed({"string": {"repeat": "c3a9", "times": 2}}) == "éé"
