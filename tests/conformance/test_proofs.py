"""Every requirement is proved or exempt, and nothing is proved that is not required."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gdproto import declaration
from tests.vectors import CASES
from workshop.completeness import declared, proofs

LIVE = Path(__file__).resolve().parents[2] / "docs" / "live"
ONE = {"GD-A-001": ["case"]}
MARKED = """
@pytest.mark.proves("GD-A-001", "GD-A-002")
@pytest.mark.parametrize("one", [1])
def test_one(one): ...
@pytest.mark.proves("GD-A-002")
def test_two(): ...
def test_three(): ...
"""


def test_every_requirement_is_proved_or_exempt() -> None:
    known = declaration.requirements()
    vectors, scripts = proofs.by_vectors(CASES.values()), proofs.by_scripts()
    tests = proofs.by_tests()
    held = proofs.merged(proofs.by_declaration(), scripts, tests)
    proved = proofs.merged(vectors, scripts, tests)
    assert proofs.faults(known, proved, proofs.exemptions(), held) == []


@pytest.mark.proves("GD-CONF-001")
def test_ours_fulfil_all_that_is_required() -> None:
    """The sum of the others: by vectors, of which ours pass all, live, or by a test of ours."""
    live = [
        json.loads(line)
        for role in ("arbiter", "client", "worker")
        for path in LIVE.glob(f"{role}*.jsonl")
        if path.stem != "client-gunicorn"
        for line in path.read_text().splitlines()
    ]
    judged = [one for one in live if "outcome" in one]
    assert {one["outcome"] for one in judged} == {"pass"}
    fulfilled = {name for one in judged for name in one["requires"]}
    fulfilled |= proofs.by_vectors(CASES.values()).keys() | proofs.by_tests().keys()
    others = [one for one in declaration.requirements().values() if one.id != "GD-CONF-001"]
    required = {one.id for one in others if "MUST" in one.level}
    assert len(required) > 100
    assert required - fulfilled == set()


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
    lines = proofs.faults(known, proved, exempt, proved)
    assert len(lines) == (told is not None)
    if told:
        assert told in lines[0]


@pytest.mark.parametrize(
    ("held", "told"),
    [
        ({"GD-A-001": ["spec/errors.py:1"]}, []),
        ({}, ["GD-A-001 has vectors alone"]),
        (
            {"GD-A-001": ["spec/errors.py:1"], "GD-B-001": ["spec/errors.py:2"]},
            ["spec/errors.py:2 names GD-B-001, which the text does not have"],
        ),
    ],
)
def test_vectors_alone_hold_nothing(held: proofs.Proofs, told: list[str]) -> None:
    lines = proofs.faults(["GD-A-001"], ONE, {}, held)
    assert len(lines) == len(told)
    assert all(map(str.startswith, lines, told))


def test_a_line_of_the_declaration_holds_what_names_it_and_what_it_names() -> None:
    lines = declared.by_declaration()
    assert {(one.source, one.name) for one in lines["GD-TLV-014"]} == {("forms", "Items")}
    assert {one.name for one in lines["GD-MSG-039"]} == {"Field.leaves_out"}
    # Its sentence names the extensions that it is about.
    assert {one.name for one in lines["GD-ROLE-031"]} >= {"cancel", "flow"}
    for one in {one for some in lines.values() for one in some}:
        line = declared.text(one.source).splitlines()[one.number - 1]
        assert f'"{one.name}"' in line or declared.ID.search(line), one


def test_each_kind_of_proof_counts() -> None:
    assert proofs.merged(ONE, {"GD-A-001": ["script"], "GD-A-002": ["test"]}, {}) == {
        "GD-A-001": ["case", "script"],
        "GD-A-002": ["test"],
    }


def test_tests_are_found_by_their_mark(tmp_path: Path) -> None:
    (tmp_path / "tests" / "deep").mkdir(parents=True)
    (tmp_path / "tests" / "deep" / "test_it.py").write_text(MARKED)
    assert proofs.by_tests(tmp_path / "tests") == {
        "GD-A-001": ["tests/deep/test_it.py::test_one"],
        "GD-A-002": ["tests/deep/test_it.py::test_one", "tests/deep/test_it.py::test_two"],
    }
