"""Our arbiter, worker and clients judged live, and gunicorn's with what is known of them.

The runs are started together: one waits while another computes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from gdproto.conformance.live.judge import Peer
from gdproto.conformance.live.stages import Terms
from gdproto.conformance.outcomes import Outcome, Result

from .live_peers import (
    CLIENT,
    WORKER,
    WORKER_TIMEOUT_S,
    bad,
    gunicorns_arbiter,
    our_arbiter,
    our_arbiter_seen,
    results_of,
    with_outcome,
)

LANES = "arbiter-lane-"
# What gunicorn's arbiter does in these is a matter of time since Python 3.12. Its worker outlives
# TERM as long as the arbiter is connected to it: asyncio's servers wait for their connections. And
# where the arbiter reaps a worker before it reads the end of the worker's connection, the caller
# has no answer.
UNSETTLED = {
    *("arbiter-manage", "arbiter-manage-count", "arbiter-overload"),
    *("arbiter-boot", "arbiter-boot-deadline"),
    *("arbiter-worker-dies", "arbiter-worker-dies-waiting"),
}


def judge_our_arbiter() -> list[Result]:
    with our_arbiter() as path:
        terms = Terms(worker_timeout_s=WORKER_TIMEOUT_S)
        return results_of(Peer("ours", "arbiter", path), terms)


def judge_our_lanes() -> list[Result]:
    with our_arbiter_seen() as path:
        return results_of(Peer("ours", "arbiter", path), Terms(), only=LANES)


def judge_gunicorns_arbiter() -> list[Result]:
    with gunicorns_arbiter() as path:
        peer = Peer("gunicorn", "arbiter", path)
        left_out = UNSETTLED if sys.version_info >= (3, 12) else ()
        return results_of(peer, Terms(limit_s=4), "gunicorn-arbiter", together=2, left_out=left_out)


def judge(role: str, command: str, known: str = "") -> Callable[[], list[Result]]:
    return lambda: results_of(Peer(role, role, command), Terms(), known, together=4)


RUNS: dict[str, Callable[[], list[Result]]] = {
    "our arbiter": judge_our_arbiter,
    "gunicorn's arbiter": judge_gunicorns_arbiter,
    "our worker": judge("worker", WORKER),
    "our client": judge("client", f"{CLIENT}sync"),
    "our asynchronous client": judge("client", f"{CLIENT}aio"),
    "gunicorn's client": judge("client", f"{CLIENT}gunicorn", "gunicorn-client"),
    "our lanes": judge_our_lanes,
}
LEAST = {"gunicorn's arbiter": 50, "gunicorn's client": 20}
Runs = dict[str, "Future[list[Result]]"]


@pytest.fixture(scope="module")
def runs() -> Iterator[Runs]:
    with ThreadPoolExecutor(3) as threads:
        yield {name: threads.submit(run) for name, run in RUNS.items()}


@pytest.mark.parametrize("name", [name for name in RUNS if name.startswith("our ")])
def test_ours_does_all_that_the_text_says(name: str, runs: Runs) -> None:
    results = runs[name].result()
    # Lanes are seen in a run of their own.
    unseen = name == "our arbiter"
    judged = [one for one in results if not (unseen and one.case.startswith(LANES))]
    assert [one for one in judged if one.outcome is not Outcome.PASS] == []
    assert len(judged) >= 4


@pytest.mark.parametrize("name", LEAST)
def test_gunicorns_differs_where_it_is_known_to(name: str, runs: Runs) -> None:
    results = runs[name].result()
    assert bad(results) == []
    assert len(with_outcome(results, Outcome.PASS)) >= LEAST[name]
