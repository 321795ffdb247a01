"""What several arbiters have of the whole, and what they tell as one: pure."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dirty_runtime.app import AppSpec
from dirty_runtime.arbiter.policy.allocation import allocate, slot_to_add
from dirty_runtime.arbiter.policy.division import (
    Share,
    check_asked,
    divided,
    of_call,
    of_slot,
)
from dirty_runtime.arbiter.several import merging
from dirty_runtime.settings import Config, ConfigError

APPS = (AppSpec("m:A", None, ""), AppSpec("m:B", 5, ""))


@given(st.integers(1, 9), st.integers(0, 200))
def test_parts_make_the_whole_and_differ_by_one(count: int, whole: int) -> None:
    parts = [Share(index, count).of(whole) for index in range(count)]
    assert sum(parts) == whole
    assert max(parts) - min(parts) <= 1
    assert parts == sorted(parts, reverse=True)


@given(st.integers(1, 9), st.integers(0, 50))
def test_a_number_names_its_arbiter(count: int, place: int) -> None:
    for index in range(count):
        share = Share(index, count)
        number = share.number(place)
        assert (of_slot(number, count), share.place(number)) == (index, place)
        assert of_call(number + 1, count) == index


def test_settings_are_divided() -> None:
    ids = {"gpu": ("0", "1", "2")}
    once: Any = {"pidfile": "/p", "stash": "sqlite:/x"}
    whole = Config(APPS, "/s", workers=7, arbiters=3, max_queue=10, resources=ids, **once)
    parts = [divided(whole, Share(index, 3)) for index in range(3)]
    assert [part.workers for part in parts] == [3, 2, 2]
    assert [part.apps[1].workers for part in parts] == [2, 2, 1]
    assert [part.max_queue for part in parts] == [4, 4, 4]
    assert [part.resources["gpu"] for part in parts] == [("0",), ("1",), ("2",)]
    assert {(part.arbiters, part.pidfile, part.stash) for part in parts} == {(1, "", "memory")}
    # None is none.
    assert divided(Config(APPS, "/s", workers=7, max_clients=0), Share(0, 3)).max_clients == 0
    with pytest.raises(ConfigError, match="at most workers"):
        divided(whole, Share(0, 8))
    with pytest.raises(ConfigError, match="app m:B is limited to 5 workers"):
        divided(Config(APPS, "/s", workers=7), Share(0, 6))
    # What its class asks for is known later.
    check_asked({"m:A": None, "m:B": 2}, Share(1, 2))
    with pytest.raises(ConfigError, match="app m:A is limited to 1 workers"):
        check_asked({"m:A": 1}, Share(0, 2))


def test_slots_that_are_added_have_numbers_of_their_arbiter() -> None:
    share = Share(1, 3)
    homes = {share.number(place): apps for place, apps in allocate(APPS, 2).items()}
    assert list(homes) == [1, 4]
    assert list(slot_to_add(APPS, homes, share)) == [7]
    del homes[1]
    assert list(slot_to_add(APPS, homes, share)) == [1]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(0, 30))
def test_workers_are_spread_evenly(targets: list[int], count: int) -> None:
    before = dict(enumerate(targets))
    more = merging.spread_more(before, count)
    assert sum(more.values()) == count
    after = [target + more.get(index, 0) for index, target in before.items()]
    grown = [after[index] for index in more]
    assert all(one <= min(after) + 1 for one in grown)
    less = merging.spread_less(before, count)
    left = [target - less.get(index, 0) for index, target in before.items()]
    assert min(left) >= 1
    assert sum(less.values()) == min(count, sum(targets) - len(targets))


def counted(rate: float, errors: float, p99: float | None) -> dict[str, Any]:
    times = None if p99 is None else {"p50": 0.1, "p95": 0.2, "p99": p99}
    one = {"counts": [1, 2, 0], "sum": 0.5}
    outcomes = {"RESPONSE": 2, "DirtyError": 1}
    return {
        "app": "m:A",
        "action": "do",
        "outcomes": outcomes,
        "running": 1,
        "rate": rate,
        "errors": errors,
        "run": times,
        "wait": None,
        "runs": one,
        "waits": one,
        "sizes": one,
    }


def test_what_is_counted_is_added_up_and_the_worst_is_told() -> None:
    found: Any = merging.actions([[counted(2.0, 0.5, 0.3)], [counted(6.0, 0.1, 0.9)], []])
    (one,) = found
    assert one["outcomes"] == {"RESPONSE": 4, "DirtyError": 2}
    assert (one["rate"], one["errors"], one["running"]) == (8.0, 0.2, 2)
    assert one["run"] == {"p50": 0.1, "p95": 0.2, "p99": 0.9}
    assert one["wait"] is None
    assert one["runs"] == {"counts": [2, 4, 0], "sum": 1.0}
