"""Series of values taken in rounds, and how two of them compare."""

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
        """The interquartile range as a percentage of the median; 0 where that is 0."""
        first, third = self.quartiles
        return 100.0 * (third - first) / self.median if self.median else 0.0


@dataclass(frozen=True)
class Ratio:
    """How many times better one series is; `low` and `high` are the worst and best round."""

    value: float
    low: float
    high: float


def quotient(above: Series, below: Series) -> Ratio:
    """`above` over `below`.

    The ratio is that of the medians, so the tables can be checked by division. The range is
    that of the ratios within each round, whose two halves were taken moments apart; without
    rounds in pairs it is the ratio alone.
    """
    value = above.median / below.median
    if len(above.values) != len(below.values):
        return Ratio(value, value, value)
    pairs = [a / b for a, b in zip(above.values, below.values, strict=True)]
    return Ratio(value, min(pairs), max(pairs))


def geometric_mean(values: Iterable[float]) -> float:
    """The geometric mean: the only fair mean of ratios."""
    return statistics.geometric_mean(values)


def percentile(values: list[float], percent: int) -> float:
    """The smallest value that at least `percent` in 100 of `values` do not exceed."""
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(rank, 1) - 1]
