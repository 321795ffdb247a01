"""Verdicts: what an answer is worth.

Rules: pure; no I/O, no clock, no codec is asked what is right. Values are compared by what they
say, dicts whatever the order of their pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gdproto import HEADER_BYTES, ProtocolError, decode

from ..cases import Case, from_typed, made, to_typed
from .declaration import PARTS, Declaration, unjudged
from .outcomes import Outcome
from .questions import Canonical, Question

Json = Mapping[str, Any]

OPTIONAL_LEVELS = frozenset(("SHOULD", "SHOULD NOT", "MAY"))


@dataclass(frozen=True)
class Verdict:
    """What an answer is worth, and in one line why."""

    outcome: Outcome
    reason: str = ""


PASS = Verdict(Outcome.PASS)


def judge(case: Case, question: Question, answer: Json, declaration: Declaration) -> Verdict:
    """What the answer is worth."""
    if "unsupported" in answer:
        return Verdict(Outcome.UNSUPPORTED, str(answer["unsupported"]) or "without a reason")
    try:
        verdict = _judge(case, question, answer, declaration)
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        told = f"{type(error).__name__} {error}"
        return Verdict(Outcome.FAIL, f"the answer is not of the contract's form: {told}")
    if verdict.outcome is Outcome.FAIL and case.level in OPTIONAL_LEVELS:
        return Verdict(Outcome.NON_STRICT, verdict.reason)
    return verdict


def _judge(case: Case, question: Question, answer: Json, declaration: Declaration) -> Verdict:
    expected = question.expected
    if "outcomes" in expected:
        return _permitted(case, question, answer, declaration)
    if "error" in expected:
        verdict = _error(expected["error"], answer, declaration.reports)
        if verdict is PASS and set(unjudged(case, declaration)) == set(case.requires):
            return Verdict(Outcome.UNSUPPORTED, "is about a part of a fault that is not reported")
        return verdict
    if "setup" in expected:
        return _stream(expected, answer["steps"], declaration.reports)
    if "steps" in expected:
        return _steps(expected["steps"], answer["steps"], declaration.reports)
    return _success(question, answer)


def _permitted(case: Case, question: Question, answer: Json, declaration: Declaration) -> Verdict:
    verdicts = {
        choice: _alternative(question, expected, answer, declaration.reports)
        for choice, expected in case.outcomes.items()
    }
    declared = declaration.policies.get(case.policy)
    if declared is None:
        fitting = any(verdict.outcome is Outcome.PASS for verdict in verdicts.values())
        return PASS if fitting else Verdict(Outcome.FAIL, f"none of {', '.join(verdicts)}")
    if declared not in verdicts:
        told = f"declares {declared} for {case.policy}, which has only {', '.join(verdicts)}"
        return Verdict(Outcome.FAIL, told)
    if verdicts[declared].outcome is Outcome.PASS:
        return PASS
    told = f"declares {declared} for {case.policy}, but {verdicts[declared].reason}"
    return Verdict(Outcome.FAIL, told)


def _alternative(
    question: Question, expected: Json, answer: Json, reports: frozenset[str]
) -> Verdict:
    if "error" in expected:
        return _error(expected["error"], answer, reports)
    written = expected.get("bytes")
    canonical = question.canonical if written is None else Canonical(written)
    return _success(Question(question.op, question.fields, expected, canonical), answer)


def _success(question: Question, answer: Json) -> Verdict:
    if "error" in answer:
        return Verdict(Outcome.FAIL, f"refused: {answer['error']['code']}")
    if question.fields.get("digest"):
        assert question.canonical is not None
        right = question.canonical.sha256 == answer["sha256"]
        return PASS if right else Verdict(Outcome.FAIL, "another digest")
    (name,) = question.expected
    if name == "bytes":
        return _bytes(made(question.expected["bytes"]), made(answer["bytes"]), question.op)
    if name == "value":
        return _values(question.expected["value"], answer["value"])
    return _message(question.expected["message"], answer["message"])


def _bytes(expected: bytes, got: bytes, op: str) -> Verdict:
    if expected == got:
        return PASS
    start = 0 if op == "encode" else HEADER_BYTES
    meant, means = _meant(expected[start:]), _meant(got[start:])
    if expected[:start] == got[:start] and meant == means and meant is not None:
        return Verdict(Outcome.NON_STRICT, "the same, written in another way")
    return Verdict(Outcome.FAIL, "other bytes")


def _meant(data: bytes) -> Any:
    """What the bytes mean, whatever the order of pairs and the payload of a NaN."""
    try:
        return _plain(to_typed(decode(data)), one_nan=True)
    except ProtocolError:
        return None


def _values(expected: Json, got: Json) -> Verdict:
    if _plain(expected) == _plain(got):
        return PASS
    if _plain(expected, one_nan=True) == _plain(got, one_nan=True):
        return Verdict(Outcome.NON_STRICT, "a NaN with another payload")
    return Verdict(Outcome.FAIL, "another value")


def _message(expected: Json, got: Json) -> Verdict:
    for name in ("type", "request_id"):
        if expected[name] != got[name]:
            return Verdict(Outcome.FAIL, f"{name} {got[name]!r} instead of {expected[name]!r}")
    wanted, given = expected["fields"], got["fields"]
    if wanted.keys() != given.keys():
        name = min(wanted.keys() ^ given.keys())
        return Verdict(
            Outcome.FAIL, f"the field {name} is {'missing' if name in wanted else 'extra'}"
        )
    outcome = PASS
    for name, held in wanted.items():
        verdict = _values(held, given[name])
        if verdict.outcome is Outcome.FAIL:
            return Verdict(Outcome.FAIL, f"{verdict.reason} in {name}")
        outcome = outcome if verdict is PASS else verdict
    return outcome


def _plain(typed: Json, one_nan: bool = False) -> Any:
    """What typed JSON says, comparable: recipes made, dicts without order."""
    ((kind, held),) = typed.items()
    match kind:
        case "float64" if one_nan and _is_nan(held):
            return "float64", "nan"
        case "bytes":
            return kind, made(held)
        case "string":
            return kind, held if isinstance(held, str) else made(held).decode()
        case "list":
            return kind, tuple(_plain(one, one_nan) for one in held)
        case "dict":
            pairs = [(_plain(key, one_nan), _plain(one, one_nan)) for key, one in held]
            return kind, len(pairs), frozenset(pairs)
        case "none" | "bool" | "int64" | "float64":
            if not isinstance(held, str):
                raise TypeError(f"{kind} holds {held!r}, where a text is due")
            return kind, held
    return _plain(to_typed(from_typed(dict(typed))), one_nan)


def _is_nan(bits: str) -> bool:
    number = int(bits, 16)
    return number >> 52 & 0x7FF == 0x7FF and number & (1 << 52) - 1 != 0


def _error(expected: Json, answer: Json, reports: frozenset[str]) -> Verdict:
    if "error" not in answer:
        return Verdict(Outcome.FAIL, f"accepted, where {expected['code']} was expected")
    return _fault(expected, answer["error"], reports)


def _fault(expected: Json, got: Json, reports: frozenset[str]) -> Verdict:
    difference = _difference(expected, got, reports)
    if not difference:
        return PASS
    for allowed in expected.get("also_allowed", ()):
        if not _difference({**expected, **allowed}, got, reports):
            return Verdict(Outcome.NON_STRICT, f"{difference}, which is allowed too")
    return Verdict(Outcome.FAIL, difference)


def _difference(expected: Json, got: Json, reports: frozenset[str]) -> str:
    """The first part in which two faults differ; empty for none."""
    if got["code"] != expected["code"]:
        return f"{got['code']} instead of {expected['code']}"
    for part in PARTS:
        # A path that is not written is the root's.
        wanted = expected.get(part, "" if part == "path" else None)
        if part in reports and wanted is not None and got.get(part, "") != wanted:
            return f"{part} {got.get(part)!r} instead of {wanted!r}"
    return ""


def _stream(expected: Json, got: Sequence[Json], reports: frozenset[str]) -> Verdict:
    count = len(expected["setup"])
    before = _steps(expected["setup"], got[:count], reports)
    if before.outcome is Outcome.FAIL:
        return before
    return _events(
        expected["events"], [one for step in got[count:] for one in step["events"]], reports
    )


def _steps(expected: Sequence[Json], got: Sequence[Json], reports: frozenset[str]) -> Verdict:
    if len(expected) != len(got):
        return Verdict(Outcome.FAIL, f"{len(got)} steps answered of {len(expected)}")
    outcome = PASS
    for number, (wanted, given) in enumerate(zip(expected, got, strict=True), 1):
        verdict = _step(wanted, given, reports)
        if verdict.outcome is Outcome.FAIL:
            return Verdict(Outcome.FAIL, f"step {number}: {verdict.reason}")
        outcome = outcome if verdict is PASS else verdict
    return outcome


def _step(expected: Json, got: Json, reports: frozenset[str]) -> Verdict:
    if "error" in expected:
        return _error(expected["error"], got, reports)
    if "bytes" in expected:
        if "error" in got:
            return Verdict(Outcome.FAIL, f"refused: {got['error']['code']}")
        return _bytes(made(expected["bytes"]), made(got["bytes"]), "serialize")
    if "events" in expected:
        return _events(expected["events"], got["events"], reports)
    return PASS


def _events(expected: Sequence[Json], got: Sequence[Json], reports: frozenset[str]) -> Verdict:
    outcome = PASS
    for number, (wanted, given) in enumerate(zip(expected, got, strict=False), 1):
        verdict = _event(wanted, given, reports)
        if verdict.outcome is Outcome.FAIL:
            return Verdict(Outcome.FAIL, f"event {number}: {verdict.reason}")
        outcome = outcome if verdict is PASS else verdict
    if len(expected) != len(got):
        return Verdict(Outcome.FAIL, f"{len(got)} events instead of {len(expected)}")
    return outcome


def _event(expected: Json, got: Json, reports: frozenset[str]) -> Verdict:
    for name in ("event", "request_id", "ended"):
        if name in expected and expected[name] != got.get(name):
            told = f"{name} {got.get(name)!r} instead of {expected[name]!r}"
            return Verdict(Outcome.FAIL, told)
    if expected["event"] == "message":
        return _message(expected["message"], got["message"])
    return _fault(expected, got, reports) if expected["event"] == "error" else PASS
