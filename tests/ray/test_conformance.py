"""The arbiter is judged live with its worker in a cluster, as it is with one beside it."""

from __future__ import annotations

import pytest

from gdproto.conformance.judging.outcomes import BAD, Outcome
from gdproto.conformance.live import scripts
from gdproto.conformance.live.judge import Peer, judged
from gdproto.conformance.live.stages import APP, Terms
from workshop.subjects.peers import BOUNDS, WORKER_TIMEOUT_S

from .conftest import Serve

# What goes over the lanes is seen by a program in the worker's place.
UNSEEN = "arbiter-lane-"
# An actor takes some seconds to start.
LIMIT_S = 60.0


# Workers die in many scripts, and each actor takes its time.
@pytest.mark.timeout(400)
def test_all_that_the_text_says_of_an_arbiter_is_so_over_a_cluster(serve: Serve) -> None:
    of_arbiters = (one for one in scripts().values() if one.role == "arbiter")
    asked = [one for one in of_arbiters if not one.id.startswith(UNSEEN)]
    with serve(APP, options=("--workers", "1", *BOUNDS)) as arbiter:
        peer = Peer("over a cluster", "arbiter", arbiter.socket_path)
        terms = Terms(limit_s=LIMIT_S, worker_timeout_s=WORKER_TIMEOUT_S)
        found = list(judged(peer, asked, terms))
    assert [one for one in found if one.outcome in BAD] == []
    assert sum(one.outcome is Outcome.PASS for one in found) == len(asked) > 200
