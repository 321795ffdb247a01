"""`gdproto conformance live` and `replay`, as they are used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import gdproto
from gdproto.conformance.cli import group
from gdproto.conformance.live.stages import APP
from workshop.broken_peers import killing

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
        assert output == "the same\n"


def test_a_replay_does_not_compare_what_a_status_holds(ours: str, tmp_path: Path) -> None:
    status = (gdproto.Status(7), gdproto.Response(7, {"uptime": -1.0}))
    other = (gdproto.Request(8, APP, "add", (1, 2), {}), gdproto.Response(8, 4))
    for (asked, answer), says in ((status, "the same\n"), (other, "1 difference\n")):
        path = tmp_path / "transcript.jsonl"
        lines: list[dict[str, Any]] = [
            {"script": "x", "role": "arbiter"},
            {"at": 0, "wire": "1", "did": "connected"},
            {"at": 0, "wire": "1", "did": "sent", "hex": asked.to_bytes().hex()},
            {"at": 0, "wire": "1", "did": "received", "hex": answer.to_bytes().hex()},
        ]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        code, output = run("replay", str(path), "--arbiter", ours)
        assert output.endswith(says)
        assert code == (says != "the same\n")


def test_an_arbiter_of_another_app_is_told_at_once(ours: str) -> None:
    status, output = run("live", "--arbiter", ours, "--app", "another:App")
    assert status == 2
    assert "serve gdproto.conformance.live.app:App, or give --app" in output
    assert output.count("\n") == 1


def test_a_replay_shows_what_another_arbiter_does(ours: str, tmp_path: Path) -> None:
    run("live", "--arbiter", ours, "--only", "arbiter-error", "--out", str(tmp_path))
    transcript = str(tmp_path / "transcripts" / "arbiter-error.jsonl")
    with killing.broken("arbiter", "EndsAfterError", ours) as peer:
        status, output = run("replay", transcript, "--arbiter", peer.address)
    assert status == 1
    assert "wire 1: RESPONSE 900 before, END 1 now" in output


def test_the_command_fails_by_what_fails(ours: str) -> None:
    with killing.broken("arbiter", "AnswersTwice", ours) as peer:
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
        (["--client", "/nowhere/client -v"], "there is no program /nowhere/client"),
        (["--worker", "no-such-worker"], "there is no program no-such-worker"),
        (["--worker", "'python"], "no closing quotation"),
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
