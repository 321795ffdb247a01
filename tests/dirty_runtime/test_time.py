"""Deadlines and restarts under a clock that is handed in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dirty_runtime.arbiter.policy.restarts import Backoff
from dirty_runtime.deadlines import Deadlines


def test_deadlines_come_due_in_order() -> None:
    deadlines: Deadlines[str] = Deadlines()
    for thing, due_s in (("c", 3.0), ("a", 1.0), ("b", 2.0)):
        deadlines.set(thing, due_s)
    assert deadlines.next_s() == 1.0
    assert list(deadlines.pop_due(0.9)) == []
    assert list(deadlines.pop_due(2.0)) == ["a", "b"]
    deadlines.drop("c")
    deadlines.drop("never set")
    assert deadlines.next_s() is None
    assert len(deadlines) == 0


STEPS = st.lists(
    st.tuples(
        st.integers(0, 20), st.sampled_from(("set", "drop", "pop", "flood")), st.integers(0, 100)
    )
)


@given(STEPS)
def test_deadlines_agree_with_a_sorted_list(steps: list[tuple[int, str, int]]) -> None:
    deadlines: Deadlines[int] = Deadlines()
    model: dict[int, float] = {}
    for thing, action, time_s in steps:
        if action == "set" and thing not in model:
            model[thing] = time_s
            deadlines.set(thing, time_s)
        elif action == "drop":
            model.pop(thing, None)
            deadlines.drop(thing)
        elif action == "pop":
            due = [one for one, due_s in model.items() if due_s <= time_s]
            found = list(deadlines.pop_due(time_s))
            assert sorted(found) == sorted(due)
            assert [model[one] for one in found] == sorted(model[one] for one in due)
            for one in due:
                del model[one]
        elif action == "flood":
            # More than are kept once they were dropped, of which a few stay.
            for other in range(100, 300):
                if other not in model:
                    deadlines.set(other, time_s + other % 7)
                    model[other] = time_s + other % 7
            for other in range(100, 290 + thing % 10):
                del model[other]
                deadlines.drop(other)
        assert len(deadlines) == len(model)
        assert deadlines.next_s() == min(model.values(), default=None)


def test_a_thing_may_be_set_again() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("a", 5.0)
    deadlines.drop("a")
    deadlines.set("a", 9.0)
    assert list(deadlines.pop_due(5.0)) == []
    assert list(deadlines.pop_due(9.0)) == ["a"]


def test_dropped_deadlines_are_forgotten() -> None:
    deadlines: Deadlines[int] = Deadlines()
    for number in range(100_000):
        deadlines.set(number, 30.0 + number)
        deadlines.drop(number)
    assert len(deadlines._heap) < 1000


@pytest.mark.parametrize(
    ("served", "waits_s"),
    [
        ([False] * 6, [1, 2, 4, 8, 10, 10]),
        ([False, False, True, False], [1, 2, 0, 1]),
        ([True] * 3, [0, 0, 0]),
    ],
)
def test_waits_double_and_start_over(served: list[bool], waits_s: list[float]) -> None:
    backoff = Backoff(first_s=1, longest_s=10)
    assert [backoff.died(has_served) for has_served in served] == waits_s
