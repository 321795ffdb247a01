"""Judging: what to ask for a case, and whether an answer is right.

Rules: pure; no I/O, no clock, no codec is asked what is right. Values are compared by what they
say, dicts whatever the order of their pairs. Where a testee does not report a part of a fault, that
part is not judged, and requirements that are about it are not proved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gdproto import HEADER_BYTES, ProtocolError, decode

from .cases import Case, Recipe, from_typed, made, numeral, to_typed
from .outcomes import Outcome

Json = Mapping[str, Any]

# Answers to what is longer are asked for as digests: no testee has to print, nor nest, them.
MAX_PLAIN_BYTES = 1_024
MAX_PLAIN = {"max_blob_bytes": 1_024, "max_items": 128, "max_depth": 64}
# The limits of which a testee may have lower ones.
LIMITS = frozenset(("max_payload_bytes", "max_blob_bytes", "max_items", "max_depth"))
# The questions that the specification leaves open, and their answers.
POLICIES = {
    "non-string-keys": frozenset(("text", "refused")),
    "nan-payload": frozenset(("kept", "made-quiet", "canonical")),
}
# A stream that is longer is not given byte by byte.
MAX_BYTEWISE = 4_096
# The parts of a fault beside its code, and the requirements that are about them.
PARTS = {
    "scope": {"GD-ERR-002", "GD-ERR-003"},
    "offset": {"GD-ERR-004", "GD-ERR-005"},
    "path": {"GD-ERR-006", "GD-ERR-007", "GD-ERR-008", "GD-ERR-009"},
}
OPTIONAL_LEVELS = frozenset(("SHOULD", "SHOULD NOT", "MAY"))


class Canonical:
    """The bytes that are right, made when their digest is asked for."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe

    @cached_property
    def sha256(self) -> str:
        """Their digest in hex."""
        return hashlib.sha256(made(self.recipe)).hexdigest()


@dataclass(frozen=True)
class Question:
    """One command for a case.

    Attributes:
        op: the operation.
        fields: the rest of the command.
        expected: the answer, as JSON: value, message, bytes, error or steps; a digest is compared
            with that of `canonical`.
    """

    op: str
    fields: Json
    expected: Json
    canonical: Canonical | None = None


@dataclass(frozen=True)
class Verdict:
    """What an answer is worth, and in one line why."""

    outcome: Outcome
    reason: str = ""


PASS = Verdict(Outcome.PASS)


@dataclass(frozen=True)
class Declaration:
    """What a testee said of itself, as far as judging needs it.

    Attributes:
        operations, roles: what it can be asked.
        reports: the parts of a fault that it tells beside the code.
        limits: those that are lower than the specification's.
        policies: its answers to the questions that the specification leaves open.
    """

    operations: frozenset[str]
    roles: frozenset[str]
    reports: frozenset[str]
    limits: Mapping[str, int]
    policies: Mapping[str, str]


# --- asking ---


def questions(case: Case) -> Iterator[Question]:
    """Everything that is asked for the case, in order."""
    match case.kind:
        case "value":
            yield from _of_codec(case, "decode", "encode", "value", case.value)
        case "frame" | "message":
            yield from _of_codec(case, "parse", "serialize", "message", case.message)
        case "stream":
            yield from _of_stream(case)
        case _:
            yield _session(case.role, case.steps, {"steps": [one["expect"] for one in case.steps]})


def _of_codec(case: Case, reads: str, writes: str, name: str, held: Any) -> Iterator[Question]:
    error: Json | None = {"error": case.error} if case.error is not None else None
    written = case.canonical if case.canonical is not None else case.bytes
    canonical = None if written is None else Canonical(written)
    if case.result == "permitted":
        error = {"outcomes": case.outcomes}
    if case.bytes is not None:
        fields: Json = {"bytes": case.bytes, **_digest(case.bytes)}
        yield Question(reads, fields, error or {name: held}, canonical)
    if held is not None:
        fields = {name: held, **(_digest_of(case) if written is None else _digest(written))}
        yield Question(writes, fields, error or {"bytes": written}, canonical)


def _digest(recipe: Recipe) -> Json:
    return {"digest": True} if size(recipe) > MAX_PLAIN_BYTES else {}


def _digest_of(case: Case) -> Json:
    """As `_digest`, for what should be refused, but may be written."""
    needs = _needs(case)
    return {"digest": True} if any(needs[name] > most for name, most in MAX_PLAIN.items()) else {}


def _of_stream(case: Case) -> Iterator[Question]:
    """The stream in every portioning: whole, cut in two, and byte by byte."""
    assert case.receives is not None
    length = size(case.receives)
    expected = {"setup": [one["expect"] for one in case.setup], "events": case.events}
    end: list[Json] = [{"eof": True}] if case.eof else []

    def of(portions: Iterable[Recipe]) -> Question:
        return _session(case.role, [*case.setup, *map(_received, portions), *end], expected)

    yield of([case.receives])
    for point in case.split_points():
        if 0 < point < length:
            yield of(cut(case.receives, point))
    if 2 < length <= MAX_BYTEWISE:
        data = made(case.receives)
        yield of(data[at : at + 1].hex() for at in range(length))


def _received(portion: Recipe) -> Json:
    return {"receive": portion}


def _session(role: str, steps: Sequence[Json], expected: Json) -> Question:
    asked = [{name: held for name, held in one.items() if name != "expect"} for one in steps]
    return Question("session", {"role": role, "steps": asked}, expected)


def size(recipe: Recipe) -> int:
    """How many bytes the recipe makes."""
    if isinstance(recipe, str):
        return len(recipe) // 2
    if isinstance(recipe, list):
        return sum(map(size, recipe))
    times = int(recipe["times"])
    if "repeat" in recipe:
        return size(recipe["repeat"]) * times
    return times * (sum(map(size, recipe["numbered"])) + len(numeral(0)))


def cut(recipe: Recipe, at: int) -> tuple[Recipe, Recipe]:
    """Two recipes, which make the first `at` bytes and the others."""
    if isinstance(recipe, str):
        return recipe[: 2 * at], recipe[2 * at :]
    if isinstance(recipe, list):
        for number, part in enumerate(recipe):
            if at <= size(part):
                before, after = cut(part, at)
                return [*recipe[:number], before], [after, *recipe[number + 1 :]]
            at -= size(part)
        return recipe, ""
    if "repeat" in recipe and (unit := size(recipe["repeat"])):
        whole, rest = divmod(at, unit)
        left = int(recipe["times"]) - whole - bool(rest)
        before, after = cut(recipe["repeat"], rest) if rest else ("", "")
        repeat = recipe["repeat"]
        first, last = {"repeat": repeat, "times": whole}, {"repeat": repeat, "times": left}
        return [first, before], [after, last]
    data = made(recipe)
    return data[:at].hex(), data[at:].hex()


# --- what is not asked ---


def unsupported(question: Question, declaration: Declaration) -> str:
    """Why the testee is not asked this; empty when it is."""
    if question.op not in declaration.operations:
        return f"does not offer {question.op}"
    role = question.fields.get("role")
    return f"does not play the role {role}" if role and role not in declaration.roles else ""


def beyond_limits(case: Case, cases: Mapping[str, Case], declaration: Declaration) -> str:
    """Which declared limit the case does not respect; empty when it does all.

    An invalid case needs what the valid case one edit away needs; a stream or a session is not
    invalid by its sizes, and needs what it holds.
    """
    if not declaration.limits:
        return ""
    needs = _needs(case if case.role else cases.get(case.neighbour, case))
    for name, limit in declaration.limits.items():
        if needs.get(name, 0) > limit:
            return f"declares {name} {limit}, and this needs {needs[name]}"
    return ""


def _needs(case: Case) -> dict[str, int]:
    """By limit, how much of it the case takes."""
    needs = dict.fromkeys(sorted(LIMITS), 0)
    if case.kind in ("frame", "message") and case.bytes is not None:
        needs["max_payload_bytes"] = max(0, size(case.bytes) - HEADER_BYTES)
    if case.value is not None:
        _measure(case.value, 1, needs)
    said = [one["message"] for one in case.events if "message" in one]
    said += [one["send"] for one in case.steps if "send" in one]
    for message in [case.message, *said]:
        for held in message["fields"].values() if message else ():
            # The payload is a dict, and in an ERROR holds another.
            _measure(held, 3 if message and message["type"] == "ERROR" else 2, needs)
    return needs


def _measure(typed: Json, depth: int, needs: dict[str, int]) -> None:
    def at_least(name: str, number: int) -> None:
        needs[name] = max(needs[name], number)

    ((kind, held),) = typed.items()
    match kind:
        case "bytes" | "string":
            is_text = kind == "string" and isinstance(held, str)
            at_least("max_blob_bytes", len(held.encode()) if is_text else size(held))
        case "list" | "dict":
            at_least("max_depth", depth)
            at_least("max_items", len(held))
            for one in held:
                for inner in one if kind == "dict" else [one]:
                    _measure(inner, depth + 1, needs)
        case "repeated":
            at_least("max_depth", depth)
            at_least("max_items", int(held["times"]))
            _measure(held["item"], depth + 1, needs)
        case "numbered":
            at_least("max_depth", depth)
            at_least("max_items", int(held["times"]))
        case "nested":
            at_least("max_depth", depth + int(held["times"]) - 1)
            if "around" in held:
                _measure(held["around"], depth + int(held["times"]), needs)


def unjudged(case: Case, declaration: Declaration) -> tuple[str, ...]:
    """Of the requirements of an invalid case those about parts of a fault that are not reported."""
    if case.error is None:
        return ()
    parts = (part for part in PARTS if part not in declaration.reports)
    about = {requirement for part in parts for requirement in PARTS[part]}
    return tuple(one for one in case.requires if one in about)


# --- judging ---


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
