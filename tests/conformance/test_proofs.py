"""Every requirement is proved or exempt, and nothing is proved that is not required."""

from __future__ import annotations

import pytest

from gdproto import declaration
from gdproto.conformance.cases import load
from workshop.completeness import proofs

ONE = {"GD-A-001": ["case"]}


def test_every_requirement_is_proved_or_exempt() -> None:
    known = declaration.requirements()
    vectors, scripts = proofs.by_vectors(load().values()), proofs.by_scripts()
    assert proofs.faults(known, vectors, scripts, proofs.exemptions()) == []


@pytest.mark.parametrize(
    ("known", "proved", "exempt", "told"),
    [
        (["GD-A-001"], ONE, {}, None),
        (["GD-A-001", "GD-A-002"], ONE, {"GD-A-002": "a reason"}, None),
        (["GD-A-001"], {}, {}, "GD-A-001 has no vector"),
        (["GD-A-001"], {**ONE, "GD-B-001": ["other"]}, {}, "other names GD-B-001"),
        (["GD-A-001"], ONE, {"GD-A-001": "a reason"}, "GD-A-001 is exempt, and case proves it"),
        (["GD-A-001"], ONE, {"GD-C-001": "a reason"}, "GD-C-001 is exempt, and the text"),
        (["GD-A-001"], {}, {"GD-A-001": ""}, "without a reason"),
    ],
)
def test_what_is_wrong_is_named(
    known: list[str], proved: proofs.Proofs, exempt: dict[str, str], told: str | None
) -> None:
    lines = proofs.faults(known, proved, {}, exempt)
    assert len(lines) == (told is not None)
    if told:
        assert told in lines[0]


def test_scripts_prove_as_vectors_do() -> None:
    assert proofs.faults(["GD-A-001"], {}, ONE, {}) == []
    assert proofs.faults(["GD-A-001"], ONE, {"GD-B-001": ["script"]}, {}) != []
    assert proofs.faults(["GD-A-001"], {}, ONE, {"GD-A-001": "a reason"}) != []
    assert proofs.faults(["GD-A-001"], {}, {}, {}) != []
