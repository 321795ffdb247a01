"""The grammar is ABNF, whole, and derives what the vectors call valid."""

from __future__ import annotations

import pytest
from abnf import ParseError, Rule

from gdproto.conformance.cases import Case, made
from gdproto.spec.codegen import grammar
from gdproto.spec.codegen.walk import walk
from tests.vectors import CASES

# The parser tries every way in turn: more bytes would take long.
MAX_BYTES = 70
# Faults that a grammar without counts must see, when they are not inside of a container.
SEEN = {
    "bad_magic",
    "unsupported_version",
    "unknown_message_type",
    "unexpected_payload",
    "payload_not_dict",
    "invalid_bool",
}
CORE = {"OCTET"}


class Grammar(Rule):
    """The rules of GD/1."""


TEXT = grammar.text(walk())
SHORT = [
    case
    for case in CASES.values()
    if case.kind in ("value", "frame", "message")
    and case.bytes is not None
    and "limit" not in case.id
    and len(made(case.bytes)) <= MAX_BYTES
]


@pytest.fixture(scope="module", autouse=True)
def _loaded() -> None:
    """It takes long: not where these tests are only collected."""
    Grammar.load_grammar(TEXT.replace("\n", "\r\n"), strict=True)


def derives(case: Case) -> bool:
    """Whether the case's bytes are a value or a stream of the grammar."""
    rule = "value" if case.kind == "value" else "stream"
    try:
        Grammar(rule).parse_all(made(case.bytes or "").decode("latin-1"))
    except ParseError:
        return False
    return True


def test_every_rule_is_defined_and_used() -> None:
    names = [line.split()[0] for line in TEXT.splitlines() if line[:1].isalnum()]
    assert len(names) == len(set(names))
    body = " ".join(line.split(";")[0].split("=")[-1] for line in TEXT.splitlines())
    words = {word.lstrip("*0123456789") for word in body.split()}
    used = {word for word in words if word[:1].isalpha()}
    assert used - set(names) <= CORE | {"%x"}
    assert set(names) - used == {"stream"}


@pytest.mark.parametrize("result", ["valid", "invalid"])
def test_the_grammar_agrees_with_the_vectors(result: str) -> None:
    cases = [case for case in SHORT if case.result == result]
    if result == "invalid":
        faults = [(case, case.error or {}) for case in cases]
        cases = [case for case, e in faults if e["code"] in SEEN and "path" not in e]
    assert len(cases) > 50
    wrong = [case.id for case in cases if derives(case) != (result == "valid")]
    assert wrong == []
