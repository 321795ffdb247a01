"""What a run measured, as data: it goes into JSON and comes back the same."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from .samples import Ratio, Series, quotient

FORMAT = 1
# In every other unit less is better.
PER_SECOND = "1/s"


@dataclass
class Figure:
    """One thing measured on several sides, in seconds (s), events per second (1/s), bytes (B),
    percent (%) or instructions.
    """

    key: str
    title: str
    unit: str
    series: dict[str, Series] = field(default_factory=dict)

    def times_as_good(self, ours: str, rival: str) -> Ratio | None:
        """How many times better `ours` is than `rival`; None unless both were measured."""
        if ours not in self.series or rival not in self.series:
            return None
        above, below = (ours, rival) if self.unit == PER_SECOND else (rival, ours)
        if not self.series[below].median or not all(self.series[below].values):
            return None
        return quotient(self.series[above], self.series[below])


@dataclass
class Part:
    """Figures that stand in one table: those of `ours`, compared with each of `rivals`."""

    key: str
    title: str
    ours: str
    rivals: tuple[str, ...]
    figures: list[Figure]

    @property
    def sides(self) -> list[str]:
        """Who was measured, ours first."""
        found = dict.fromkeys((self.ours, *self.rivals))
        for figure in self.figures:
            found |= dict.fromkeys(figure.series)
        return [side for side in found if any(side in one.series for one in self.figures)]


@dataclass
class Results:
    """One run. `machine` describes where it ran, a line for each fact."""

    machine: dict[str, str]
    quick: bool
    parts: list[Part]

    def figures(self, part_key: str) -> dict[str, Figure]:
        """The figures of a part by key; none for a part that was not measured."""
        return {one.key: one for part in self.parts if part.key == part_key for one in part.figures}

    def as_json(self) -> dict[str, Any]:
        """Everything, down to the rounds; the medians and quartiles for whoever reads it."""
        parts = [
            {**asdict(part), "rivals": list(part.rivals), "figures": [*map(_figure, part.figures)]}
            for part in self.parts
        ]
        return {"format": FORMAT, "machine": self.machine, "quick": self.quick, "parts": parts}


def from_json(data: dict[str, Any]) -> Results:
    """What `as_json` gave.

    Raises:
        ValueError: it is of another format.
    """
    if data.get("format") != FORMAT:
        raise ValueError(f"results of format {data.get('format')}, where {FORMAT} is read")
    parts = []
    for part in data["parts"]:
        figures = [
            Figure(
                one["key"],
                one["title"],
                one["unit"],
                {side: Series(list(taken["rounds"])) for side, taken in one["series"].items()},
            )
            for one in part["figures"]
        ]
        parts.append(Part(part["key"], part["title"], part["ours"], tuple(part["rivals"]), figures))
    return Results(dict(data["machine"]), bool(data["quick"]), parts)


def _figure(figure: Figure) -> dict[str, Any]:
    taken = {}
    for side, one in figure.series.items():
        first, third = one.quartiles
        taken[side] = {"median": one.median, "q1": first, "q3": third, "rounds": one.values}
    return {"key": figure.key, "title": figure.title, "unit": figure.unit, "series": taken}
