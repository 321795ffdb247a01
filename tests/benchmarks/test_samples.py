"""The statistics."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.rounds import Side, measure, turns
from benchmarks.samples import BenchmarkError, Series, percentile, quotient

from .results import figure

POSITIVE = st.lists(st.floats(1e-9, 1e9), min_size=1)


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([3.0], 99, 3.0),
        ([4.0, 1.0, 3.0, 2.0], 50, 2.0),
        ([4.0, 1.0, 3.0, 2.0], 51, 3.0),
        ([float(n) for n in range(1, 101)], 99, 99.0),
        ([float(n) for n in range(1, 102)], 99, 100.0),
        ([1.0, 2.0], 0, 1.0),
        ([1.0, 2.0], 100, 2.0),
    ],
)
def test_percentile(values: list[float], percent: int, expected: float) -> None:
    assert percentile(values, percent) == expected


@given(POSITIVE, st.integers(1, 100))
def test_a_percentile_is_not_exceeded_by_that_many(values: list[float], percent: int) -> None:
    found = percentile(values, percent)
    assert found in values
    assert sum(value <= found for value in values) * 100 >= percent * len(values)
    assert sum(value < found for value in values) * 100 < percent * len(values)


@given(POSITIVE)
def test_spread(values: list[float]) -> None:
    series = Series(values)
    first, third = series.quartiles
    assert first <= series.median <= third
    assert series.median == statistics.median(values)
    assert series.spread_percent >= 0


def test_a_series_of_zeros_has_no_spread() -> None:
    assert Series([0.0, 0.0]).spread_percent == 0


def test_a_quotient_is_that_of_the_medians_and_spans_the_rounds() -> None:
    ratio = quotient(Series([2.0, 6.0, 4.0]), Series([2.0, 2.0, 1.0]))
    assert (ratio.value, ratio.low, ratio.high) == (2.0, 1.0, 4.0)


def test_a_quotient_without_pairs_of_rounds() -> None:
    ratio = quotient(Series([2.0, 6.0, 4.0]), Series([2.0]))
    assert (ratio.value, ratio.low, ratio.high) == (2.0, 2.0, 2.0)


def test_less_time_and_more_events_are_better() -> None:
    for one, expected in (
        (figure("a", "s", ours=[1.0], theirs=[4.0]), 4.0),
        (figure("a", "1/s", ours=[1.0], theirs=[4.0]), 0.25),
        (figure("a", "instructions", ours=[8.0], theirs=[4.0]), 0.5),
    ):
        ratio = one.times_as_good("ours", "theirs")
        assert ratio is not None
        assert ratio.value == expected


def test_nothing_is_compared_with_what_was_not_measured_or_is_nothing() -> None:
    one = figure("a", "B", ours=[0.0], theirs=[4.0])
    assert one.times_as_good("ours", "theirs") is None
    assert one.times_as_good("ours", "nobody") is None


def test_turns_run_backwards_every_other_round() -> None:
    assert list(turns(["a", "b", "c"], 3)) == ["a", "b", "c", "c", "b", "a", "a", "b", "c"]


def test_every_side_warms_up_and_takes_its_rounds() -> None:
    said: list[str] = []

    def side(name: str, value: float) -> Side:
        def take() -> tuple[float, ...]:
            said.append(name)
            return value, 2 * value

        return Side(take, lambda: said.append(f"warm {name}"))

    once, twice = figure("once", "s"), figure("twice", "s")
    measure([once, twice], {"a": side("a", 1.0), "b": side("b", 3.0)}, 2)
    assert said == ["warm a", "warm b", "a", "b", "b", "a"]
    assert once.series == {"a": Series([1.0, 1.0]), "b": Series([3.0, 3.0])}
    assert twice.series["b"] == Series([6.0, 6.0])


def test_who_fails_is_named() -> None:
    def fail() -> tuple[float, ...]:
        raise OSError("no such socket")

    with pytest.raises(BenchmarkError, match="theirs: small call: OSError: no such socket"):
        measure([figure("small call", "s")], {"theirs": Side(fail)}, 1)
