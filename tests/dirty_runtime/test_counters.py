"""What is counted of calls: each once, within bounds, and what is told of it."""

from __future__ import annotations

import gc
import random
import sys
from array import array
from bisect import bisect_left
from typing import Any

import pytest

import gdproto
from dirty_runtime.arbiter.telemetry import tally
from dirty_runtime.arbiter.telemetry.counters import (
    MARKS,
    MOST_ACTIONS,
    MOST_CHARACTERS,
    OTHER,
    Counters,
)
from dirty_runtime.arbiter.telemetry.histogram import BYTES, SECONDS, percentiles

from .processes import OURS, run_dirty, serving, wait_until
from .test_calls import Called, made


def ran(action: str = "act", app: str = "a", wait_s: float = 0.0) -> Called:
    """A call that a worker has, since `wait_s`."""
    call = made(app)
    call.action, call.lane, call.started_s = action, 1, wait_s
    return call


def test_a_call_is_counted_once_at_its_end() -> None:
    counters = Counters(["a", "b"])
    counters.call_ended(ran(wait_s=0.5), "RESPONSE", 2.5)
    counters.call_ended(ran(), "ERROR", 1.0)
    counters.call_ended(made(), "abandoned", 3.0)
    counts = counters.apps["a"].actions["act"]
    assert counts.outcomes == {"RESPONSE": 1, "ERROR": 1, "abandoned": 1}
    runs, waits = tally.runs(counts.numbers), tally.waits(counts.numbers)
    sizes = tally.sizes(counts.numbers)
    assert (sum(runs.counts), runs.sum) == (2, 3.0)
    assert (sum(waits.counts), waits.sum) == (3, 3.5)
    assert (sum(sizes.counts), sizes.sum) == (3, 300)
    assert counters.apps["b"].actions == {}


def test_averages_follow_what_is_answered() -> None:
    counters = Counters(["a", "b"])
    for outcome, ended_s in (("RESPONSE", 1.0), ("DirtyTimeoutError", 99.0), ("END", 2.0)):
        counters.call_ended(ran(), outcome, ended_s)
    assert counters.run_s("a") == pytest.approx(0.2 + 0.2 * (2 - 0.2))
    assert counters.run_s("b") == counters.run_s("none") == 0


def test_names_that_callers_make_up_are_counted_together() -> None:
    counters = Counters(["a"])
    for number in range(10 * MOST_ACTIONS):
        counters.call_ended(ran(f"made-up-{number}"), "ERROR", 1.0)
    counters.call_ended(ran("x" * (MOST_CHARACTERS + 1)), "RESPONSE", 1.0)
    for number in range(10):
        counters.call_ended(made(f"no-such-app-{number}"), "DirtyNoWorkersAvailableError", 1.0)
    # What is answered well has counts of its own however many names were made up.
    for number in range(2 * MOST_ACTIONS):
        counters.call_ended(ran(f"real-{number}"), "RESPONSE", 1.0)
    assert set(counters.apps) == {"a", OTHER}
    actions = counters.apps["a"].actions
    assert set(actions) == {OTHER, *(f"real-{number}" for number in range(MOST_ACTIONS))}
    assert len(counters.apps[OTHER].actions) == 1
    ended = sum(sum(counts.outcomes.values()) for counts in actions.values())
    assert ended == 12 * MOST_ACTIONS + 1
    assert sum(sum(tally.runs(counts.numbers).counts) for counts in actions.values()) == ended


def test_the_oldest_name_that_never_went_well_is_given_up_for_one_that_did() -> None:
    counters = Counters(["a"])
    counters.call_ended(ran("good"), "RESPONSE", 1.0)
    for number in range(MOST_ACTIONS - 1):
        counters.call_ended(ran(f"made-up-{number}"), "ERROR", 1.0)
    counters.call_ended(ran("good too"), "END", 1.0)
    kept = {"good", "good too", *(f"made-up-{number}" for number in range(1, MOST_ACTIONS - 1))}
    assert set(counters.apps["a"].actions) == {OTHER, *kept}


ADDS = {"python": tally.add_in_python, "built": tally.add}


def test_the_c_one_was_built() -> None:
    if gdproto.IMPLEMENTATION == "c":
        assert tally.add is not tally.add_in_python


@pytest.mark.parametrize("add", ADDS.values(), ids=ADDS)
def test_each_number_is_in_its_bucket(add: tally.Add) -> None:
    chance, numbers, average = random.Random(3), tally.nothing(), array("d", (0.0,))
    runs, waits, sizes = [0] * (len(SECONDS) + 1), [0] * (len(SECONDS) + 1), [0] * (len(BYTES) + 1)
    expected, answered = 0.0, [0, 0, 0]
    for _ in range(3000):
        wait_s = chance.choice((0.0, *SECONDS, SECONDS[-1] + 1, chance.random()))
        run_s = chance.choice((None, 0.0, *SECONDS, 1000.0, chance.random() / 100))
        size = chance.choice((*BYTES, 65, 2**40, chance.randrange(10_000)))
        place = None if run_s is None else chance.choice((None, 0, 1, 2))
        # From 0 on, so that nothing is rounded.
        ended_s = wait_s if run_s is None else run_s
        arrived_s, started_s = (0.0, None) if run_s is None else (-wait_s, 0.0)
        add(numbers, average, place, size, arrived_s, started_s, ended_s)
        waits[bisect_left(SECONDS, wait_s)] += 1
        sizes[bisect_left(BYTES, size)] += 1
        if run_s is not None:
            runs[bisect_left(SECONDS, run_s)] += 1
            if place is not None:
                answered[place] += 1
                expected += 0.2 * (run_s - expected)
    assert list(numbers[: len(tally.OUTCOMES)]) == answered
    assert (tally.waits(numbers).counts, tally.runs(numbers).counts) == (waits, runs)
    assert tally.sizes(numbers).counts == sizes
    assert average[0] == expected


def test_both_ways_of_counting_agree() -> None:
    chance, ways = random.Random(5), {name: tally.nothing() for name in ADDS}
    for _ in range(1000):
        times = sorted(chance.lognormvariate(-5, 2) for _ in range(3))
        place, size = chance.choice((None, 0, 1, 2)), chance.randrange(1 << 20)
        for name, add in ADDS.items():
            add(ways[name], array("d", (0.0,)), place, size, *times)
    assert ways["python"] == ways["built"]


def test_what_is_no_array_of_an_action_is_refused() -> None:
    if tally.add is tally.add_in_python:
        return
    numbers, average, none = tally.nothing(), array("d", (0.0,)), array("d")
    with pytest.raises(ValueError, match="doubles"):
        tally.add(none, average, 0, 1, 0.0, 0.0, 0.0)
    with pytest.raises(ValueError, match="1 doubles"):
        tally.add(numbers, none, 0, 1, 0.0, 0.0, 0.0)
    for place in (-1, len(tally.OUTCOMES)):
        with pytest.raises(IndexError):
            tally.add(numbers, average, place, 1, 0.0, 0.0, 0.0)
    with pytest.raises(TypeError):
        tally.add(numbers, average, 0, "1", 0.0, 0.0, 0.0)  # type: ignore[arg-type]
    assert (numbers, average[0]) == (tally.nothing(), 0.0)
    # Nothing holds them: they can be made longer.
    numbers.append(0.0)
    average.append(0.0)


def test_counting_leaves_nothing_behind() -> None:
    """What is kept of each call would be what the next ones find no memory near by for."""
    counters, call = Counters(["a"]), ran()
    counters.call_ended(call, "RESPONSE", 1.0)
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(10_000):
        counters.call_ended(call, "RESPONSE", 1.0)
    assert sys.getallocatedblocks() - before < 100
    assert counters.apps["a"].actions["act"].outcomes == {"RESPONSE": 10_001}


def test_lately_is_what_came_since_the_oldest_mark() -> None:
    counters = Counters(["a"], 100.0)
    for minute in range(MARKS + 2):
        counters.call_ended(ran(), "RESPONSE", 1.0)
        counters.call_ended(ran(), "ERROR", 1.0)
        counters.mark(100.0 + 10 * (minute + 1))
    counters.call_ended(ran(), "RESPONSE", 1.0)
    lately = counters.lately("a", "act", counters.apps["a"].actions["act"])
    assert (lately.calls, lately.failed) == (2 * (MARKS - 1) + 1, MARKS - 1)
    assert sum(tally.runs(lately.numbers).counts) == lately.calls
    assert counters.lately_s(185.0) == 10 * (MARKS - 1) + 5


def test_percentiles_are_right_to_within_a_bucket() -> None:
    numbers = sorted(random.Random(7).lognormvariate(-5, 1.5) for _ in range(5000))
    counts = [0] * (len(SECONDS) + 1)
    for number in numbers:
        counts[bisect_left(SECONDS, number)] += 1
    told: Any = percentiles(counts, SECONDS, (0.5, 0.95, 0.99))
    for share, found in zip((0.5, 0.95, 0.99), told, strict=True):
        real = numbers[int(share * len(numbers))]
        assert real / 1.42 < found < real * 1.42
    assert percentiles([0] * len(counts), SECONDS, (0.5,)) is None
    assert percentiles([0] * len(SECONDS) + [1], SECONDS, (0.5,)) == [SECONDS[-1]]


def test_status_tells_what_was_called_and_what_runs(tmp_path: Any) -> None:
    with serving(OURS, threads=2) as arbiter, arbiter.client() as client:
        for _ in range(3):
            client.execute(OURS, "pid")
        with pytest.raises(Exception, match="no"):
            client.execute(OURS, "fail", "no")
        stream = client.stream(OURS, "hold")
        assert next(stream) == "running"
        wait_until(lambda: arbiter.status()["workers"][0]["heard"].count(0.0) < 2)
        client.execute(OURS, "pid")
        state = arbiter.status()
        (worker,) = state["workers"]
        (running,) = worker["running"]
        assert (running["app"], running["action"], running["slot"]) == (OURS, "hold", 0)
        assert 0 <= running["ran"] <= running["age"]
        assert running["worker"] == worker["pid"]
        assert (worker["calls"], worker["errors"], worker["busy"]) == (5, 1, 1)
        # The lane that hangs does not hide behind the one that was just heard.
        assert worker["last_heartbeat"] == max(worker["heard"])
        actions = {one["action"]: one for one in state["actions"]}
        assert actions["pid"]["outcomes"] == {"RESPONSE": 4}
        assert actions["fail"]["outcomes"] == {"ERROR": 1}
        assert actions["fail"]["errors"] == 1
        assert 0 < actions["pid"]["run"]["p50"] <= actions["pid"]["run"]["p99"] < 30
        assert actions["pid"]["rate"] > 0
        shown = run_dirty("status", "--socket", arbiter.socket_path).stdout
        assert "calls/s" in shown
        rows = [line.split() for line in shown.splitlines()]
        assert any(row[1:2] == ["fail"] and row[-2:] == ["100.0", "%"] for row in rows), shown
        stream.close()


def test_nothing_is_counted_where_that_is_not_wanted() -> None:
    with serving(OURS, options=("--no-counters",)) as arbiter, arbiter.client() as client:
        assert client.execute(OURS, "pid") == next(iter(arbiter.pids()))
        with pytest.raises(Exception, match="no"):
            client.execute(OURS, "fail", "no")
        state = arbiter.status()
        assert state["actions"] == []
        # What each worker did is known all the same.
        assert (state["workers"][0]["calls"], state["workers"][0]["errors"]) == (2, 1)
        assert "calls/s" not in run_dirty("status", "--socket", arbiter.socket_path).stdout
