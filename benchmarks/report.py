"""Results as tables for a terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from . import bars
from .figures import Figure, Part, Results
from .samples import Series, geometric_mean

MISSING = "–"
# Parts whose tables end with means over their figures, by the first word of the keys; "peer" is for
# each of the peers.
_WITH_MEANS = ("codec", "weak", "instructions", "peer")
# Parts where the rival is the least that is possible: the ratio is what ours costs of it.
_AS_COST = ("floor", "import")


@dataclass(frozen=True)
class Grid:
    """A table before it takes a form. The first column is text, the others are numbers."""

    title: str
    head: list[str]
    rows: list[list[str]]


def grids(results: Results) -> list[Grid]:
    """A table for each part, and one of the bars."""
    return [*map(part_grid, results.parts), bars_grid(results)]


def part_grid(part: Part) -> Grid:
    """How many times as good ours is, then every side's median, and the spread."""
    rivals = [rival for rival in part.rivals if rival in part.sides]
    many = any(len(one.values) > 1 for figure in part.figures for one in figure.series.values())
    sign = "cost ÷" if part.key in _AS_COST else "×"
    head = ["", *(f"{sign} {rival}" for rival in rivals), *part.sides]
    head += ["spread"] if many else []
    rows = []
    for figure in part.figures:
        ratios = [_ratio(part, figure, rival) for rival in rivals]
        medians = [value(figure.series.get(side), figure.unit) for side in part.sides]
        spread = max(one.spread_percent for one in figure.series.values())
        rows.append([figure.title, *ratios, *medians, *([f"{spread:.0f} %"] if many else [])])
    if part.key.partition("-")[0] in _WITH_MEANS and rivals:
        rows += [row + [""] * (len(head) - len(row)) for row in _means(part, rivals)]
    return Grid(part.title, head, rows)


def _means(part: Part, rivals: list[str]) -> list[list[str]]:
    groups: dict[str, list[Figure]] = {}
    for figure in part.figures:
        groups.setdefault(figure.key.partition(".")[0], []).append(figure)
    return [
        [f"geometric mean, {name}", *(_mean(figures, part.ours, rival) for rival in rivals)]
        for name, figures in groups.items()
    ]


def _mean(figures: Iterable[Figure], ours: str, rival: str) -> str:
    ratios = [figure.times_as_good(ours, rival) for figure in figures]
    found = [ratio.value for ratio in ratios if ratio is not None]
    return times(geometric_mean(found)) if len(found) == len(ratios) else MISSING


def bars_grid(results: Results) -> Grid:
    """What is to be reached, and what was."""
    words = {True: "yes", False: "**no**", None: "not measured"}
    rows = []
    for verdict in bars.judge(results):
        shown = MISSING if verdict.value is None else verdict.bar.shown(verdict.value)
        rows.append([verdict.bar.title, shown, verdict.bar.required, words[verdict.is_met]])
    return Grid("Bars", ["", "measured", "required", "met"], rows)


def machine_lines(results: Results) -> list[str]:
    """Where it was measured."""
    lines = [f"{name}: {fact}" for name, fact in results.machine.items()]
    if results.quick:
        lines.append("a quick run: fewer and shorter rounds, rougher figures")
    return lines


def markdown(results: Results) -> str:
    """All tables as Markdown."""
    tables = [f"**{grid.title}**\n\n{markdown_table(grid)}" for grid in grids(results)]
    return "\n\n".join([*tables, "\n".join(f"- {line}" for line in machine_lines(results))])


def markdown_table(grid: Grid) -> str:
    """One table without its title."""
    rule = ["---", *["---:" for _ in grid.head[1:]]]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [grid.head, rule, *grid.rows])


def times(ratio: float) -> str:
    """A ratio with three digits."""
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.1f}" if ratio < 100 else f"{ratio:.0f}"


def _ratio(part: Part, figure: Figure, rival: str) -> str:
    ratio = figure.times_as_good(part.ours, rival)
    if ratio is None:
        return MISSING
    return times(1.0 / ratio.value if part.key in _AS_COST else ratio.value)


def value(series: Series | None, unit: str) -> str:
    """The median in words."""
    if series is None:
        return MISSING
    median = series.median
    if unit == "s":
        return duration(median)
    if unit == "1/s":
        return f"{median:,.0f}/s"
    if unit == "B":
        return f"{median / 1e6:,.1f} MB"
    if unit == "%":
        return f"{median:.3f} %"
    return f"{median:,.0f}"


def duration(value_s: float) -> str:
    """Seconds in the unit that fits."""
    for factor, unit in ((1e9, "ns"), (1e6, "µs"), (1e3, "ms")):
        if value_s * factor < 1000:
            return f"{value_s * factor:.3g} {unit}"
    return f"{value_s:.3g} s"
