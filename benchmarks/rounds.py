"""Taking turns: each side once per round, every other round in reverse, so none is always first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from .figures import Figure
from .samples import BenchmarkError, Series

T = TypeVar("T")
Progress = Callable[[str], None]
# One round of one side: a value for each figure.
Take = Callable[[], tuple[float, ...]]


@dataclass(frozen=True)
class Side:
    """Who is measured: what a round takes, and an untimed run to warm up with."""

    take: Take
    warm_up: Callable[[], object] = tuple


def turns(sides: Iterable[str], rounds: int) -> Iterator[str]:
    """Each side once per round; every other round runs backwards."""
    names = list(sides)
    for index in range(rounds):
        yield from names if index % 2 == 0 else reversed(names)


def measure(figures: list[Figure], sides: Mapping[str, Side], rounds: int) -> list[Figure]:
    """Warm every side up, then fill the figures in turns.

    Raises:
        BenchmarkError: a side failed; the message names it and the first figure.
    """
    for name, side in sides.items():
        _attempt(name, figures[0].title, side.warm_up)
        for figure in figures:
            figure.series[name] = Series()
    for name in turns(sides, rounds):
        values = _attempt(name, figures[0].title, sides[name].take)
        for figure, value in zip(figures, values, strict=True):
            figure.series[name].add(value)
    return figures


def _attempt(side: str, title: str, call: Callable[[], T]) -> T:
    try:
        return call()
    except BenchmarkError as error:
        raise BenchmarkError(f"{side}: {title}: {error}") from error
    except Exception as error:
        raise BenchmarkError(f"{side}: {title}: {type(error).__name__}: {error}") from error
