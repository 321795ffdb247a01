"""What the declaration owes is paid, and whoever takes a case away, or declares more, is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gdproto.spec.codegen.walk import walk
from tests.vectors import CASES
from workshop.completeness import obligations
from workshop.completeness.obligations import Contradiction, account, beginning, size

SPEC = walk()


def test_everything_is_paid() -> None:
    found = account(CASES.values())
    assert found.unpaid == {group: [] for group in found.owed}
    assert found.is_settled
    assert sum(map(len, found.owed.values())) > 1500


def test_each_debt_is_paid_by_cases_alone() -> None:
    """Without the cases that pay it, a debt is open: here one of each group, and a few more."""
    payers: dict[obligations.Debt, set[str]] = {}
    for case in CASES.values():
        for debt in obligations.payments(case, SPEC):
            payers.setdefault(debt, set()).add(case.id)
    for debt in list(dict.fromkeys(obligations.debts(SPEC)))[::100]:
        left = [case for case in CASES.values() if case.id not in payers[debt]]
        found = account(left)
        assert debt[1] in found.unpaid[debt[0]]


def test_a_new_declaration_owes_more() -> None:
    """A type, a message, a limit, a state that the vectors do not know."""
    int64 = next(value for value in SPEC.values if value.name == "int64")
    uint64 = replace(int64, name="uint64", code=7, minimum=2**63, maximum=2**64 - 1)
    wider = replace(SPEC, values=(*SPEC.values, uint64))
    assert "uint64 decoded 18446744073709551615" in _unpaid(wider)
    request = next(one for one in SPEC.messages if one.name == "REQUEST")
    assert request.fields is not None
    more = replace(request.fields[0], name="trace")
    new = replace(request, name="TRACE", code=0x13, fields=(more,))
    unpaid = _unpaid(replace(SPEC, messages=(*SPEC.messages, new)))
    assert {"TRACE parsed", "TRACE trace refused missing"} <= unpaid
    again = replace(SPEC.transitions[0], state="paused")
    unpaid = _unpaid(replace(SPEC, transitions=(*SPEC.transitions, again)))
    assert "client: opener REQUEST while paused" in unpaid


def _unpaid(spec: obligations.ir.Spec) -> set[str]:
    return {what for whats in account(CASES.values(), spec).unpaid.values() for what in whats}


def test_a_session_that_contradicts_the_table_is_named() -> None:
    case = CASES["client-calling-receives-response"]
    first, last = case.steps[0], case.steps[-1]
    with pytest.raises(Contradiction, match="client-calling"):
        account([replace(case, steps=(first, {**case.steps[1], "expect": {"events": []}}, last))])


@pytest.mark.parametrize(
    "recipe",
    ["00ff", ["00", "ff10"], {"repeat": "0102", "times": 3}, {"numbered": ["11", ""], "times": 2},
     ["", {"repeat": ["0a", {"repeat": "0b", "times": 2}], "times": 2}, "0c"]],
)  # fmt: skip
def test_the_beginning_of_a_recipe(recipe: obligations.Recipe) -> None:
    data = obligations.made(recipe)
    assert size(recipe) == len(data)
    for length in range(len(data) + 2):
        assert beginning(recipe, length) == data[:length]
