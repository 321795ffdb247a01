"""Broken arbiters, workers and clients: each is told from a sound one by a live script."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gdproto.conformance import live
from gdproto.conformance.judging.outcomes import Outcome
from gdproto.conformance.live.judge import Peer, judged
from gdproto.conformance.live.stages import Terms
from workshop.broken_peers import killing

from .live_peers import CLIENT, WORKER, bad, our_arbiter

LEAST = {"arbiter": 10, "worker": 4, "client": 3, "lane": 8}


@pytest.fixture
def sound() -> Iterator[dict[str, str]]:
    """Sound peers; the arbiter is a new one: before a broken relay scripts stop half way."""
    with our_arbiter() as path:
        yield {"arbiter": path, "worker": WORKER, "client": f"{CLIENT}sync", "lane": ""}


@pytest.mark.parametrize("role", LEAST)
def test_every_broken_one_is_told_from_a_sound_one(
    role: str, sound: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    found = killing.killers(role, sound[role])
    killed = [name for name, scripts in found.items() if scripts]
    with capsys.disabled():
        print(f"\nbroken {role}s: {len(killed)} of {len(found)} killed")
    assert len(found) >= LEAST[role]
    assert sorted(killed) == sorted(killing.MUTANTS[role])


@pytest.mark.parametrize("role", LEAST)
def test_it_is_what_is_broken_that_is_told(role: str, sound: dict[str, str]) -> None:
    names = {script.id for name in killing.MUTANTS[role] for script in killing.about(role, name)}
    scripts = [script for name, script in live.scripts().items() if name in names]
    with killing.broken(role, killing.SOUND, sound[role]) as peer:
        assert bad(judged(peer, scripts, Terms(), together=4)) == []


@pytest.mark.parametrize(
    ("role", "command", "outcome"),
    [
        ("client", "false", Outcome.CRASHED),
        ("client", "/no/such/program", Outcome.CRASHED),
        ("client", "echo", Outcome.FAIL),
        ("client", "sh -c 'sleep 60'", Outcome.TIMEOUT),
        ("worker", "false", Outcome.FAIL),
        ("worker", "/no/such/program", Outcome.CRASHED),
        ("worker", "sleep 60", Outcome.TIMEOUT),
    ],
)
def test_a_program_that_is_none_of_it(role: str, command: str, outcome: Outcome) -> None:
    script = live.scripts()["client-call" if role == "client" else "worker-ready"]
    (result,) = judged(Peer("none", role, command), [script], Terms(limit_s=0.5))
    assert (result.outcome, bool(result.reason)) == (outcome, True)
