"""Arbiters judged live: ours, gunicorn's with what is known of it, and broken ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from gdproto.conformance import live
from gdproto.conformance.cli import group
from gdproto.conformance.live.judge import Peer, judged
from gdproto.conformance.live.stages import Terms
from gdproto.conformance.mutants import peers
from gdproto.conformance.outcomes import Outcome

from .live_peers import (
    WORKER_TIMEOUT_S,
    bad,
    gunicorns_arbiter,
    our_arbiter,
    our_arbiter_seen,
    results_of,
)
from .live_peers import with_outcome as scripts_with


@pytest.fixture(scope="module")
def ours() -> Iterator[str]:
    with our_arbiter() as path:
        yield path


def test_ours_does_all_that_the_text_says(ours: str) -> None:
    terms = Terms(worker_timeout_s=WORKER_TIMEOUT_S)
    results = results_of(Peer("ours", "arbiter", ours), terms)
    unseen = [one.case for one in results if one.outcome is Outcome.UNSUPPORTED]
    assert all(name.startswith("arbiter-lane-") for name in unseen)
    passed = [one.case for one in results if one.outcome is Outcome.PASS]
    assert [one for one in results if one.case not in [*passed, *unseen]] == []


def test_ours_does_on_its_lanes_what_the_text_says() -> None:
    scripts = [one for name, one in live.scripts().items() if name.startswith("arbiter-lane-")]
    with our_arbiter_seen() as path:
        results = list(judged(Peer("ours", "arbiter", path), scripts, Terms()))
    assert len(results) >= 4
    assert [one for one in results if one.outcome is not Outcome.PASS] == []


def test_gunicorns_differs_where_it_is_known_to() -> None:
    with gunicorns_arbiter() as path:
        results = results_of(
            Peer("gunicorn", "arbiter", path), Terms(limit_s=4), "gunicorn-arbiter", together=2
        )
    assert bad(results) == []
    assert len(scripts_with(results, Outcome.PASS)) >= 50


def test_every_broken_arbiter_is_told_from_a_sound_one(
    ours: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = peers.killers("arbiter", ours)
    killed = [name for name, scripts in found.items() if scripts]
    with capsys.disabled():
        print(f"\nbroken arbiters: {len(killed)} of {len(found)} killed")
    assert len(found) >= 10
    assert killed == list(found)


def test_it_is_what_is_broken_that_is_told(ours: str) -> None:
    names = {
        script.id for name in peers.MUTANTS["arbiter"] for script in peers.about("arbiter", name)
    }
    scripts = [script for name, script in live.scripts().items() if name in names]
    with peers.broken("arbiter", peers.SOUND, ours) as peer:
        assert bad(judged(peer, scripts, Terms())) == []


# --- the command, and replaying ---


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(group, list(words))
    return done.exit_code, done.output


def test_the_command_judges_and_leaves_transcripts(ours: str, tmp_path: Path) -> None:
    words = ["--only", "arbiter-header-*", "--only", "arbiter-stream*", "--out", str(tmp_path)]
    status, output = run("live", "--arbiter", ours, *words)
    assert status == 0, output
    assert (tmp_path / "results.jsonl").read_text().count('"outcome": "pass"') > 15
    for name in ("arbiter-header-magic", "arbiter-stream", "arbiter-stream-that-fails"):
        transcript = tmp_path / "transcripts" / f"{name}.jsonl"
        status, output = run("replay", str(transcript), "--arbiter", ours)
        assert status == 0, output
        assert " now" not in output


def test_a_replay_shows_what_another_arbiter_does(ours: str, tmp_path: Path) -> None:
    run("live", "--arbiter", ours, "--only", "arbiter-error", "--out", str(tmp_path))
    transcript = str(tmp_path / "transcripts" / "arbiter-error.jsonl")
    with peers.broken("arbiter", "EndsAfterError", ours) as peer:
        status, output = run("replay", transcript, "--arbiter", peer.address)
    assert status == 1
    assert "wire 1: RESPONSE 900 before, END 1 now" in output


def test_the_command_fails_by_what_fails(ours: str) -> None:
    with peers.broken("arbiter", "AnswersTwice", ours) as peer:
        status, output = run("live", "--arbiter", peer.address, "--only", "arbiter-call")
    assert status == 1
    assert "fail arbiter-call (GD-EXCH-001" in output


def test_a_known_failure_that_is_stale_fails(ours: str, tmp_path: Path) -> None:
    known = tmp_path / "known.toml"
    known.write_text('[[known]]\ncases = ["arbiter-call"]\nreason = "It cannot call."\n')
    status, output = run("live", "--arbiter", ours, "--only", "arbiter-call", "--known", str(known))
    assert status == 1
    assert "unexpected-pass arbiter-call" in output
    assert "stale known failure" in output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--arbiter", "/nowhere/at/all"], "no arbiter answers at /nowhere/at/all"),
        ([], "give one of --arbiter SOCKET"),
        (["--worker", "a", "--client", "b"], "give one of --arbiter SOCKET"),
        (["--client", "true", "--only", "arbiter-*"], "no script is chosen"),
        (["--client", "true", "--jobs", "0"], "above 0"),
    ],
)
def test_what_cannot_be_judged_is_said_in_one_line(words: list[str], says: str) -> None:
    status, output = run("live", *words)
    assert status == 2
    assert says in output


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("not JSON", "is not a transcript"),
        ('{"script": "client-call", "role": "client"}', "only an arbiter is replayed"),
        (
            '{"script": "x", "role": "arbiter"}\n'
            '{"at": 0, "wire": "1", "did": "sent", "hex": "00", "cut": 5}',
            "does not hold all that was sent",
        ),
    ],
)
def test_what_cannot_be_replayed_is_said(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "transcript"
    path.write_text(text)
    status, output = run("replay", str(path), "--arbiter", "/nowhere")
    assert status == 2
    assert says in output.replace("\n", " ")
