"""Mutants of peers: what is changed in a line, and which are drawn."""

from __future__ import annotations

import pytest

from workshop.mutants import survivors
from workshop.peers.mutants import LEDGER, Mutant, changes, drawn


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("if a < b {", ["if a <= b {", "if a >= b {"]),
        ("if a !== b {", ["if a === b {"]),
        ("x = a + 1;", ["x = a - 1;", "x = a + 2;"]),
        ("a && b // c && 1", ["a || b // c && 1"]),
        ('say("1 < 2", n)', []),
        ("u16 0x10 v1 1.5", []),
    ],
)
def test_one_thing_of_a_line_is_changed(line: str, changed: list[str]) -> None:
    assert list(changes(line)) == changed


def test_a_line_less_draws_no_others() -> None:
    made = [Mutant("a.go", n, f"a < {n}", f"a <= {n}") for n in range(50)]
    all_drawn = drawn(made, 1)
    assert all_drawn != made
    assert all_drawn != drawn(made, 2)
    assert drawn(made[1:], 1) == [one for one in all_drawn if one is not made[0]]


def test_the_ledger_gives_reasons() -> None:
    assert all(entry.reason and entry.mutants for entry in survivors.read(LEDGER))
