"""`gdproto conformance live` and `replay`, as they are used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from gdproto.conformance.cli import group
from gdproto.conformance.mutants import peers

from .live_peers import our_arbiter


@pytest.fixture(scope="module")
def ours() -> Iterator[str]:
    with our_arbiter() as path:
        yield path


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
