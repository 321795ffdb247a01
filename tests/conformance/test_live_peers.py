"""Our arbiter, worker and clients judged live, and gunicorn's with what is known of them.

The runs are started together: one waits while another computes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from gdproto.conformance.judging.known_failures import entry_of
from gdproto.conformance.judging.outcomes import Outcome, Result, Run, read
from workshop.subjects import peers as subjects
from workshop.subjects.peers import SUBJECTS, Subject

from .live_peers import bad, our_arbiter

PUBLISHED = Path(__file__).resolve().parents[2] / "docs" / "live"
(GUNICORNS,) = (subject for subject in SUBJECTS if subject.name == "gunicorn-arbiter")
NAMES = [subject.name for subject in SUBJECTS]
OURS = [subject.name for subject in SUBJECTS if subject.testee.startswith("gdproto")]
LEAST = {"gunicorn-arbiter": 50, "client-gunicorn": 20}
# What gunicorn's arbiter does in these is a matter of time since Python 3.12. Its worker outlives
# TERM as long as the arbiter is connected to it: asyncio's servers wait for their connections. And
# where the arbiter reaps a worker before it reads the end of the worker's connection, the caller
# has no answer.
UNSETTLED = frozenset(
    {
        *("arbiter-manage", "arbiter-manage-count", "arbiter-overload"),
        *("arbiter-boot", "arbiter-boot-deadline"),
        *("arbiter-worker-dies", "arbiter-worker-dies-waiting"),
    }
    if sys.version_info >= (3, 12)
    else ()
)
Runs = dict[str, "Future[Run]"]


def judge(subject: Subject) -> Run:
    if subject.address is subjects.our_arbiter:
        subject = replace(subject, address=our_arbiter)
    if subject.name == GUNICORNS.name:
        subject = replace(subject, left_out=UNSETTLED)
    return subject.judged()


@pytest.fixture(scope="module")
def runs() -> Iterator[Runs]:
    with ThreadPoolExecutor(3) as threads:
        yield {subject.name: threads.submit(judge, subject) for subject in SUBJECTS}


@pytest.mark.parametrize("name", OURS)
def test_ours_does_all_that_the_text_says(name: str, runs: Runs) -> None:
    results = list(runs[name].result().results.values())
    assert [one for one in results if one.outcome is not Outcome.PASS] == []
    assert len(results) >= 4


@pytest.mark.parametrize("name", LEAST)
def test_gunicorns_differs_where_it_is_known_to(name: str, runs: Runs) -> None:
    run = runs[name].result()
    assert bad(run.results.values()) == []
    assert run.complaints == []
    assert run.counts()[Outcome.PASS] >= LEAST[name]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_published_is_what_comes(name: str, runs: Runs) -> None:
    (published,) = read([PUBLISHED / f"{name}.jsonl"])
    come = runs[name].result()
    assert settled(published) == settled(come)
    assert (published.testee, published.command) == (come.testee, come.command)


def settled(run: Run) -> dict[str, Outcome]:
    """The outcomes, but of what is a matter of time with gunicorn's arbiter."""
    results = run.results.values()
    if run.testee != GUNICORNS.testee:
        return {one.case: one.outcome for one in results}
    races = [entry for entry in GUNICORNS.entries if entry.may_pass]
    return {
        one.case: one.outcome
        for one in results
        if one.case not in UNSETTLED and not entry_of(races, one.case)
    }


def test_what_is_published_is_of_these_scripts() -> None:
    assert subjects.stale(PUBLISHED) == []


@pytest.mark.parametrize("change", ["missing", "script", "requirement", "outcome", "reason"])
def test_what_is_stale_is_told(change: str, tmp_path: Path) -> None:
    for path in PUBLISHED.glob("*.jsonl"):
        (tmp_path / path.name).write_text(path.read_text())
    path = tmp_path / "client-gunicorn.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    at = next(at for at, line in enumerate(lines) if "known-failure" in line)
    if change == "missing":
        path.unlink()
    else:
        lines[at] = {
            "script": "",
            "requirement": lines[at].replace("GD-", "GD-X"),
            "outcome": lines[at].replace("known-failure", "fail"),
            "reason": lines[at].replace('"reason": "', '"reason": "Not '),
        }[change]
        path.write_text("".join(lines))
    told = subjects.stale(tmp_path)
    assert told
    assert all(line.startswith(str(path)) and line.endswith(subjects.FIX) for line in told)


def test_no_path_of_this_machine_is_kept() -> None:
    got = """Error(message='x', details={'traceback': 'File "/a/b-c/d.py", line 1', 'a': '1/2'})"""
    one = Result("x", "y", (), "MUST", Outcome.FAIL, "", got, None, 1.5, f"expected z, got {got}")
    kept = subjects.kept(one)
    assert kept.got == got.replace("/a/b-c/d.py", "…")
    assert kept.reason == f"expected z, got {kept.got}"
    assert kept.seconds == 0
