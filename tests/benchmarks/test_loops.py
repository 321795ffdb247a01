"""The model of arbiters' loops, held against queues that are gone through, to 1,000 workers."""

from __future__ import annotations

import math
from random import Random

import pytest

from benchmarks import loops

LOOP_S = 20e-6
SPREAD = tuple(-math.log(1 - (part + 0.5) / 200) for part in range(200))


def machine(arbiters: int, workers: int, service_s: float, part: float) -> loops.Machine:
    services = tuple(service_s * one for one in SPREAD)
    return loops.Machine(LOOP_S, arbiters, workers, services, part * workers / service_s)


@pytest.mark.parametrize(
    ("arbiters", "workers", "service_s", "part"),
    [(1, 4, 0.001, 0.8), (1, 16, 0.001, 0.8), (4, 64, 0.001, 0.9), (8, 1000, 0.005, 0.8)],
)
def test_the_model_is_near_what_the_queues_do(
    arbiters: int, workers: int, service_s: float, part: float
) -> None:
    one = machine(arbiters, workers, service_s, part)
    assert one.busy < 0.9
    seen = loops.simulated_p99(one, Random(7), 20_000)
    assert loops.modelled_p99(one) == pytest.approx(seen, rel=0.15)


def test_a_loop_that_is_full_makes_calls_wait_without_end_and_its_share_does_not() -> None:
    full, split = machine(1, 1000, 0.01, 0.8), machine(8, 1000, 0.01, 0.8)
    assert full.busy > 1.5
    assert loops.modelled_p99(full) == math.inf
    # The longer it goes on, the longer they wait.
    few, many = (loops.simulated_p99(full, Random(7), calls) for calls in (5_000, 20_000))
    assert many > few * 1.5
    assert loops.modelled_p99(split) < 0.06


def test_as_many_are_needed_as_keep_their_loops_below_what_is_busy() -> None:
    assert loops.arbiters_needed(LOOP_S, 100) == 1
    assert loops.arbiters_needed(LOOP_S, loops.BUSY / LOOP_S) == 1
    assert loops.arbiters_needed(LOOP_S, 1.01 * loops.BUSY / LOOP_S) == 2
    assert loops.arbiters_needed(LOOP_S, 80_000) == 3


def test_one_arbiter_carries_what_its_workers_do_until_its_loop_is_full() -> None:
    assert loops.most(LOOP_S, 1, 0.001) == pytest.approx(990, rel=0.001)
    assert loops.most(LOOP_S, 1000, 0.001) == pytest.approx(1 / LOOP_S)
