"""Who is judged here passes, or fails where its list says so."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from gdproto.conformance.judging.outcomes import BAD, Outcome, Run, read
from workshop.subjects.codecs import OURS, SUBJECTS


def run_of(name: str, folder: Path) -> Run:
    (run,) = read([folder / f"{name}.jsonl"])
    return run


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", [subject.name for subject in SUBJECTS])
def test_a_subject_passes(name: str, conformance_results: Path) -> None:
    run = run_of(name, conformance_results)
    bad = [f"{one.case}: {one.reason}" for one in run.results.values() if one.outcome in BAD]
    assert bad == []
    assert run.complaints == []
    assert run.passed > 300


@pytest.mark.parametrize("name", [subject.name for subject in OURS])
def test_our_codecs_have_no_excuse(name: str, conformance_results: Path) -> None:
    run = run_of(name, conformance_results)
    assert run.testee == f"gdproto ({name})"
    counts = run.counts()
    assert counts[Outcome.KNOWN_FAILURE] == counts[Outcome.NON_STRICT] == 0
    # What no value of Python can say: a dict with equal keys, or with keys that change.
    unsupported = [one for one in run.results.values() if one.outcome is Outcome.UNSUPPORTED]
    twice = [one for one in unsupported if fnmatchcase(one.case, "encode-*-twice")]
    assert len(unsupported) - len(twice) < 3
