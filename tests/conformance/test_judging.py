"""Judging, without a testee: what is asked, and what an answer is worth."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdproto.conformance import judging
from gdproto.conformance.cases import Case, Recipe, cut, made, numeral, numerals, size
from gdproto.conformance.judging import Declaration, Question
from gdproto.conformance.judging.outcomes import Outcome, worst

EVERYTHING = Declaration(
    operations=frozenset(("decode", "encode", "parse", "serialize", "session")),
    roles=frozenset(("client",)),
    reports=frozenset(("scope", "offset", "path")),
    limits={},
    policies={},
)
CODE_ALONE = replace(EVERYTHING, reports=frozenset())
NONE, TRUE = {"none": ""}, {"bool": "true"}
NAN, OTHER_NAN = {"float64": "7ff8000000000000"}, {"float64": "fff8000000001234"}


def case(kind: str = "value", result: str = "valid", **held: Any) -> Case:
    held = {"level": "MUST", "requires": ("GD-TLV-001",), **held}
    return Case(id="a-case", kind=kind, area="here", result=result, **held)


def judge(
    one: Case, answer: dict[str, Any], declaration: Declaration = EVERYTHING, number: int = 0
) -> tuple[str, str]:
    verdict = judging.judge(one, list(judging.questions(one))[number], answer, declaration)
    return verdict.outcome, verdict.reason


# --- recipes ---

recipes: st.SearchStrategy[Recipe] = st.recursive(
    st.binary(max_size=4).map(bytes.hex),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.builds(lambda part, times: {"repeat": part, "times": times}, inner, st.integers(0, 4))
        | st.builds(
            lambda before, after, times: {"numbered": [before, after], "times": times},
            inner,
            inner,
            st.integers(0, 3),
        )
    ),
    max_leaves=6,
)


@given(recipes, st.data())
def test_a_recipe_is_measured_and_cut_like_its_bytes(recipe: Recipe, data: st.DataObject) -> None:
    whole = made(recipe)
    assert size(recipe) == len(whole)
    at = data.draw(st.integers(0, len(whole)))
    before, after = cut(recipe, at)
    assert (made(before), made(after)) == (whole[:at], whole[at:])


@pytest.mark.parametrize("times", [0, 1, 999, 1000, 1001, 2000])
def test_numerals_are_counted_by_the_thousand(times: int) -> None:
    assert numerals(times) == [numeral(number) for number in range(times)]
    recipe = {"numbered": ["61", "62"], "times": times}
    assert made(recipe) == "".join(f"a{numeral(number)}b" for number in range(times)).encode()


def test_a_cut_of_a_large_recipe_stays_small() -> None:
    recipe: Recipe = ["10", {"repeat": "616263", "times": 20_000_000}]
    before, after = cut(recipe, 30_000_000)
    assert len(str([before, after])) < 200
    assert size(before) + size(after) == size(recipe)


# --- what is asked ---


def test_a_valid_case_is_asked_in_both_directions() -> None:
    asked = list(judging.questions(case(bytes="00", value=NONE, canonical="0100")))
    assert asked == [
        Question("decode", {"bytes": "00"}, {"value": NONE}, asked[0].canonical),
        Question("encode", {"value": NONE}, {"bytes": "0100"}, asked[0].canonical),
    ]
    asked = list(judging.questions(case("message", bytes="00", message={"type": "END"})))
    assert [one.op for one in asked] == ["parse", "serialize"]


def test_an_invalid_case_is_asked_in_the_direction_that_it_has() -> None:
    (asked,) = judging.questions(case(result="invalid", bytes="07", error={"code": "x"}))
    assert (asked.op, asked.expected) == ("decode", {"error": {"code": "x"}})
    (asked,) = judging.questions(case(result="invalid", value=TRUE, error={"code": "x"}))
    assert (asked.op, asked.expected) == ("encode", {"error": {"code": "x"}})


def test_what_is_long_or_deep_is_answered_by_a_digest() -> None:
    long = ["10" + "000007d0", {"repeat": "61", "times": 2000}]
    for asked in judging.questions(case(bytes=long, value={"bytes": long[1:]})):
        assert asked.fields["digest"] is True
    deep = {"nested": {"in": "list", "times": 513}}
    (asked,) = judging.questions(case(result="invalid", value=deep, error={"code": "x"}))
    assert asked.fields["digest"] is True


def test_a_stream_is_asked_whole_in_two_and_byte_by_byte() -> None:
    setup = ({"abandon": "7", "expect": {"events": []}},)
    one = case("stream", role="client", receives="00112233", events=(), eof=True, setup=setup)
    portions = []
    for asked in judging.questions(one):
        first, *received, last = asked.fields["steps"]
        assert (first, last) == ({"abandon": "7"}, {"eof": True})
        portions.append([made(step["receive"]).hex() for step in received])
    assert portions == [
        ["00112233"],
        ["00", "112233"],
        ["0011", "2233"],
        ["001122", "33"],
        ["00", "11", "22", "33"],
    ]
    assert len(list(judging.questions(replace(one, cuts=(2,))))) == 3


def test_what_a_testee_does_not_declare_is_not_asked() -> None:
    deaf = replace(EVERYTHING, operations=frozenset(("decode",)))
    asked = list(judging.questions(case(bytes="00", value=NONE)))
    assert judging.unsupported(asked[0], deaf) == ""
    assert judging.unsupported(asked[1], deaf) == "does not offer encode"
    (stream,) = judging.questions(case("session", role="worker"))
    assert judging.unsupported(stream, EVERYTHING) == "does not play the role worker"


NESTED = {"nested": {"in": "dict", "times": 9, "around": {"list": [{"string": "aé"}]}}}


@pytest.mark.parametrize(
    ("limit", "most"), [("max_depth", 10), ("max_blob_bytes", 3), ("max_items", 1)]
)
def test_a_case_beyond_a_declared_limit_is_not_asked(limit: str, most: int) -> None:
    valid = replace(case(value=NESTED, bytes=""), id="valid")
    invalid = case(result="invalid", bytes="07", error={"code": "x"}, neighbour="valid")
    for asked in (valid, invalid):
        fits = replace(EVERYTHING, limits={limit: most})
        lower = replace(EVERYTHING, limits={limit: most - 1})
        assert judging.beyond_limits(asked, {"valid": valid}, fits) == ""
        told = f"declares {limit} {most - 1}, and this needs {most}"
        assert judging.beyond_limits(asked, {"valid": valid}, lower) == told


# --- values ---

DICT = {"dict": [[{"string": "a"}, NONE], [{"string": "b"}, TRUE]]}
REORDERED = {"dict": [[{"string": "b"}, TRUE], [{"string": "a"}, NONE]]}
TWICE = {"dict": [[{"string": "a"}, NONE], [{"string": "a"}, NONE]]}


@pytest.mark.parametrize(
    ("expected", "got", "outcome"),
    [
        (NONE, NONE, "pass"),
        (NONE, TRUE, "fail"),
        ({"int64": "1"}, {"float64": "3ff0000000000000"}, "fail"),
        ({"int64": "1"}, TRUE, "fail"),
        ({"float64": "0000000000000000"}, {"float64": "8000000000000000"}, "fail"),
        (NAN, NAN, "pass"),
        (NAN, OTHER_NAN, "non-strict"),
        ({"list": [NAN]}, {"list": [OTHER_NAN]}, "non-strict"),
        (NAN, {"float64": "7ff0000000000000"}, "fail"),
        (DICT, REORDERED, "pass"),
        (DICT, TWICE, "fail"),
        ({"dict": [[{"string": "a"}, NONE]]}, TWICE, "fail"),
        ({"list": [NONE, TRUE]}, {"list": [TRUE, NONE]}, "fail"),
        ({"repeated": {"item": NONE, "times": 2}}, {"list": [NONE, NONE]}, "pass"),
        ({"nested": {"in": "list", "times": 2}}, {"list": [{"list": []}]}, "pass"),
        ({"numbered": {"times": 1}}, {"dict": [[{"string": "0000000"}, NONE]]}, "pass"),
        ({"bytes": ["61", "62"]}, {"bytes": "6162"}, "pass"),
        ({"string": ["c3a9"]}, {"string": "é"}, "pass"),
        ({"string": "é"}, {"string": "e\u0301"}, "fail"),
        (NONE, {"nothing": ""}, "fail"),
        (NONE, {}, "fail"),
        (NONE, [], "fail"),
        (NONE, {"list": 3}, "fail"),
    ],
)
def test_values_are_compared_by_what_they_say(expected: Any, got: Any, outcome: str) -> None:
    assert judge(case(bytes="00", value=expected), {"value": got})[0] == outcome


A, B = "11000000016100", "1100000001620101"


@pytest.mark.parametrize(
    ("got", "outcome"),
    [
        (f"2100000002{A}{B}", "pass"),
        (f"2100000002{B}{A}", "non-strict"),
        (f"2100000002{A}{A}", "fail"),
        (f"2100000001{A}", "fail"),
        ("zz", "fail"),
        (3, "fail"),
    ],
)
def test_bytes_are_those_of_the_case(got: Any, outcome: str) -> None:
    one = case(bytes=f"2100000002{A}{B}", value=DICT)
    assert judge(one, {"bytes": got}, number=1)[0] == outcome


def test_a_digest_is_that_of_the_canonical_bytes() -> None:
    data = "10000007d0" + "61" * 2000
    one = case(bytes=data, value={"bytes": "61" * 2000})
    right = {"sha256": hashlib.sha256(bytes.fromhex(data)).hexdigest()}
    for number in (0, 1):
        assert judge(one, right, number=number)[0] == "pass"
        assert judge(one, {"sha256": "00"}, number=number) == ("fail", "another digest")
        assert judge(one, {"bytes": data}, number=number)[0] == "fail"


# --- messages ---

MESSAGE = {"type": "CHUNK", "request_id": "7", "fields": {"data": NAN}}


@pytest.mark.parametrize(
    ("got", "outcome", "reason"),
    [
        (MESSAGE, "pass", ""),
        ({**MESSAGE, "type": "END"}, "fail", "type 'END' instead of 'CHUNK'"),
        ({**MESSAGE, "request_id": "8"}, "fail", "request_id '8' instead of '7'"),
        ({**MESSAGE, "request_id": 7}, "fail", "request_id 7 instead of '7'"),
        ({**MESSAGE, "fields": {}}, "fail", "the field data is missing"),
        ({**MESSAGE, "fields": {"data": NAN, "x": NONE}}, "fail", "the field x is extra"),
        ({**MESSAGE, "fields": {"data": NONE}}, "fail", "another value in data"),
        ({**MESSAGE, "fields": {"data": OTHER_NAN}}, "non-strict", "a NaN with another payload"),
    ],
)
def test_messages(got: Any, outcome: str, reason: str) -> None:
    assert judge(case("message", bytes="00", message=MESSAGE), {"message": got}) == (
        outcome,
        reason,
    )


# --- faults ---

FAULT = {"code": "invalid_bool", "scope": "exchange", "offset": 12, "path": "a"}
ALSO = {**FAULT, "also_allowed": [{"code": "truncated", "offset": 3}]}


@pytest.mark.parametrize(
    ("expected", "got", "outcome"),
    [
        (FAULT, FAULT, "pass"),
        (FAULT, {**FAULT, "code": "truncated"}, "fail"),
        (FAULT, {**FAULT, "scope": "connection"}, "fail"),
        (FAULT, {**FAULT, "offset": 13}, "fail"),
        (FAULT, {**FAULT, "offset": "12"}, "fail"),
        (FAULT, {**FAULT, "path": "b"}, "fail"),
        (FAULT, {"code": "invalid_bool"}, "fail"),
        (ALSO, {**FAULT, "code": "truncated", "offset": 3}, "non-strict"),
        (ALSO, {**FAULT, "code": "truncated", "offset": 4}, "fail"),
        ({"code": "x"}, {"code": "x", "path": ""}, "pass"),
        ({"code": "x"}, {"code": "x"}, "pass"),
        ({"code": "x"}, {"code": "x", "path": "a"}, "fail"),
        (FAULT, {}, "fail"),
    ],
)
def test_faults_are_compared_in_all_parts(expected: Any, got: Any, outcome: str) -> None:
    one = case(result="invalid", bytes="07", error=expected)
    assert judge(one, {"error": got})[0] == outcome


def test_what_should_be_refused_and_is_not() -> None:
    one = case(result="invalid", bytes="0102", error=FAULT)
    told = "accepted, where invalid_bool was expected"
    assert judge(one, {"value": TRUE}) == ("fail", told)
    assert judge(replace(one, level="SHOULD"), {"value": TRUE}) == ("non-strict", told)
    assert judge(case(bytes="00", value=NONE), {"error": FAULT}) == (
        "fail",
        "refused: invalid_bool",
    )


def test_a_part_that_is_not_reported_is_not_judged_and_proves_nothing() -> None:
    one = case(result="invalid", bytes="07", error=FAULT, requires=("GD-TLV-002", "GD-ERR-006"))
    bare = {"error": {"code": "invalid_bool"}}
    assert judge(one, bare, CODE_ALONE)[0] == "pass"
    assert judging.unjudged(one, CODE_ALONE) == ("GD-ERR-006",)
    assert judging.unjudged(one, EVERYTHING) == ()
    about = replace(one, requires=("GD-ERR-006", "GD-ERR-007"))
    assert judge(about, bare, CODE_ALONE)[0] == "unsupported"
    assert judge(about, {"error": {"code": "x"}}, CODE_ALONE)[0] == "fail"


# --- open questions ---

OUTCOMES = {"text": {"bytes": "00"}, "refused": {"error": {"code": "key_not_string"}}}


@pytest.mark.parametrize(
    ("declared", "answer", "outcome"),
    [
        ("", {"bytes": "00"}, "pass"),
        ("", {"error": {"code": "key_not_string"}}, "pass"),
        ("", {"error": {"code": "another"}}, "fail"),
        ("text", {"bytes": "00"}, "pass"),
        ("text", {"error": {"code": "key_not_string"}}, "fail"),
        ("refused", {"bytes": "00"}, "fail"),
        ("maybe", {"bytes": "00"}, "fail"),
    ],
)
def test_a_declared_policy_must_be_kept(declared: str, answer: Any, outcome: str) -> None:
    one = case(result="permitted", value=NONE, policy="keys", outcomes=OUTCOMES)
    policies = {"keys": declared} if declared else {}
    assert judge(one, answer, replace(EVERYTHING, policies=policies))[0] == outcome


# --- streams and sessions ---

GOT = {"event": "message", "message": MESSAGE, "ended": True}
ERROR = {"event": "error", "request_id": "7", **FAULT}
CLOSED = {"event": "closed"}


@pytest.mark.parametrize(
    ("expected", "got", "outcome"),
    [
        ([GOT, CLOSED], [[GOT], [CLOSED]], "pass"),
        ([GOT, CLOSED], [[], [GOT, CLOSED]], "pass"),
        ([GOT, CLOSED], [[GOT], []], "fail"),
        ([GOT], [[GOT], [CLOSED]], "fail"),
        ([GOT], [[{**GOT, "ended": False}], []], "fail"),
        ([ERROR], [[ERROR], []], "pass"),
        ([ERROR], [[{**ERROR, "request_id": "0"}], []], "fail"),
        ([ERROR], [[{**ERROR, "offset": 3}], []], "fail"),
        ([{"event": "ended", "request_id": "7"}], [[CLOSED], []], "fail"),
    ],
)
def test_a_stream_gives_the_same_events_in_whatever_portions(
    expected: Any, got: Any, outcome: str
) -> None:
    one = case("stream", role="client", receives="0011", events=tuple(expected))
    answer = {"steps": [{"events": events} for events in got]}
    assert judge(one, answer, number=1)[0] == outcome


STEPS = (
    {"send": MESSAGE, "expect": {"bytes": "4744"}},
    {"send": MESSAGE, "expect": {"error": {"code": "duplicate_request_id"}}},
    {"receive": "00", "expect": {"events": [CLOSED]}},
    {"abandon": "7", "expect": {}},
)
RIGHT: tuple[dict[str, Any], ...] = (
    {"bytes": "4744"},
    {"error": {"code": "duplicate_request_id"}},
    {"events": [CLOSED]},
    {"events": []},
)


@pytest.mark.parametrize(
    ("number", "answer", "reason"),
    [
        (0, {"bytes": "4745"}, "step 1: other bytes"),
        (0, {"error": {"code": "x"}}, "step 1: refused: x"),
        (1, {"bytes": "4744"}, "step 2: accepted, where duplicate_request_id was expected"),
        (2, {"events": []}, "step 3: 0 events instead of 1"),
    ],
)
def test_the_steps_of_a_session(number: int, answer: Any, reason: str) -> None:
    one = case("session", role="client", steps=STEPS)
    assert judge(one, {"steps": list(RIGHT)}) == ("pass", "")
    wrong = [*RIGHT[:number], answer, *RIGHT[number + 1 :]]
    assert judge(one, {"steps": wrong}) == ("fail", reason)
    assert judge(one, {"steps": list(RIGHT[:3])}) == ("fail", "3 steps answered of 4")


def test_the_setup_of_a_stream_is_judged_too() -> None:
    one = case("stream", role="client", receives="00", events=(), setup=STEPS[:1])
    assert judge(one, {"steps": [{"bytes": "4744"}, {"events": []}]})[0] == "pass"
    assert judge(one, {"steps": [{"bytes": "00"}, {"events": []}]})[1] == "step 1: other bytes"


def test_unsupported_and_the_worst() -> None:
    assert judge(case(bytes="00", value=NONE), {"unsupported": "why"}) == ("unsupported", "why")
    assert worst([]) is Outcome.UNSUPPORTED
    assert worst([Outcome.PASS, Outcome.UNSUPPORTED]) is Outcome.PASS
    assert worst([Outcome.PASS, Outcome.FAIL, Outcome.NON_STRICT]) is Outcome.FAIL
