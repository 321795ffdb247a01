"""Workers and clients judged live: ours, gunicorn's with what is known of it, and broken ones."""

from __future__ import annotations

import pytest

from gdproto.conformance import live
from gdproto.conformance.live.judge import Peer, judged
from gdproto.conformance.live.stages import Terms
from gdproto.conformance.mutants import peers
from gdproto.conformance.outcomes import Outcome

from .live_peers import CLIENT, WORKER, bad, results_of
from .live_peers import with_outcome as scripts_with

SOUND = {"worker": WORKER, "client": f"{CLIENT}sync"}


@pytest.mark.parametrize(
    ("role", "command"),
    [("worker", WORKER), ("client", f"{CLIENT}sync"), ("client", f"{CLIENT}aio")],
    ids=["worker", "sync-client", "async-client"],
)
def test_ours_does_all_that_the_text_says(role: str, command: str) -> None:
    results = results_of(Peer("ours", role, command), Terms(), together=4)
    assert [one for one in results if one.outcome is not Outcome.PASS] == []


def test_gunicorns_client_differs_where_it_is_known_to() -> None:
    peer = Peer("gunicorn", "client", f"{CLIENT}gunicorn")
    results = results_of(peer, Terms(), "gunicorn-client", together=4)
    assert bad(results) == []
    assert len(scripts_with(results, Outcome.PASS)) >= 20


@pytest.mark.parametrize(("role", "least"), [("worker", 4), ("client", 3)])
def test_every_broken_one_is_told_from_a_sound_one(
    role: str, least: int, capsys: pytest.CaptureFixture[str]
) -> None:
    found = peers.killers(role, SOUND[role])
    killed = [name for name, scripts in found.items() if scripts]
    with capsys.disabled():
        print(f"\nbroken {role}s: {len(killed)} of {len(found)} killed")
    assert len(found) >= least
    assert killed == list(found)


@pytest.mark.parametrize("role", ["worker", "client"])
def test_it_is_what_is_broken_that_is_told(role: str) -> None:
    names = {script.id for name in peers.MUTANTS[role] for script in peers.about(role, name)}
    scripts = [script for name, script in live.scripts().items() if name in names]
    with peers.broken(role, peers.SOUND, SOUND[role]) as peer:
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
