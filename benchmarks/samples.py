"""Series of timings taken in rounds, and how two of them compare."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field


class BenchmarkError(Exception):
    """A benchmark could not be run; the message is one line for the user."""


@dataclass
class Series:
    """One figure, taken once per round, in one unit."""

    values: list[float] = field(default_factory=list)

    def add(self, value: float) -> None:
        """Append the figure of one more round."""
        self.values.append(value)

    @property
    def median(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.values)

    @property
    def quartiles(self) -> tuple[float, float]:
        """The first and third quartile of the rounds: what the spread is given by."""
        if len(self.values) < 2:
            return self.values[0], self.values[0]
        first, _, third = statistics.quantiles(self.values, n=4, method="inclusive")
        return first, third

    @property
    def spread_percent(self) -> float:
        """The interquartile range as a percentage of the median."""
        first, third = self.quartiles
        return 100.0 * (third - first) / self.median

    def as_json(self) -> dict[str, object]:
        """The median, the quartiles and every round."""
        first, third = self.quartiles
        return {"median": self.median, "q1": first, "q3": third, "rounds": self.values}


@dataclass(frozen=True)
class Ratio:
    """How many times better one series is; `low` and `high` are the worst and best round."""

    value: float
    low: float
    high: float

    def as_json(self) -> dict[str, float]:
        """The ratio and its range over the rounds."""
        return {"ratio": self.value, "lowest_round": self.low, "highest_round": self.high}


def times_as_fast(ours: Series, theirs: Series) -> Ratio:
    """How many times as fast `ours` is; both hold durations.

    The ratio is that of the medians, so the tables can be checked by division. The range is
    that of the ratios within each round, whose two halves were taken moments apart.
    """
    return _ratio(theirs, ours)


def times_as_many(ours: Series, theirs: Series) -> Ratio:
    """How many times as many `ours` does; both hold rates. See `times_as_fast`."""
    return _ratio(ours, theirs)


def _ratio(above: Series, below: Series) -> Ratio:
    pairs = [a / b for a, b in zip(above.values, below.values, strict=True)]
    return Ratio(above.median / below.median, min(pairs), max(pairs))


def geometric_mean(ratios: Iterable[Ratio]) -> float:
    """The geometric mean of the ratios: the only fair mean of ratios."""
    return statistics.geometric_mean(ratio.value for ratio in ratios)


def percentile(values: list[float], percent: int) -> float:
    """The smallest value that at least `percent` in 100 of `values` do not exceed."""
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(rank, 1) - 1]
