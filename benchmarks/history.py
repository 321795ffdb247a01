"""The published runs, one after the other: how many times as good ours was in each.

Rules: of a part and a rival the geometric mean of all figures of time that both have is drawn, on a
logarithmic axis; the table under it has each. Only ratios are drawn, taken within one run, so the
machine of the day matters little.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from . import plot
from .figures import PER_SECOND, Results
from .samples import geometric_mean

WIDTH, LEFT, RIGHT, TOP, HEIGHT = 860, 56, 250, 20, 300
# What can be meant together: a mean of times and of memory is none.
TIMES = ("s", PER_SECOND)
Runs = Mapping[str, Results]
Lines = dict[tuple[str, str], list[float | None]]


def svg(runs: Runs) -> str:
    """A line for each part and rival; `runs` by when they were published, the oldest first."""
    lines = means(runs)
    values = [one for line in lines.values() for one in line if one is not None]
    scale = Scale(len(runs), min([0.9, *values]), max([10.0, *values]))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {TOP + HEIGHT + 40}" '
        f'class="benchmarks" role="img" aria-label="the published runs, one after the other">'
    )
    body = [*_axes(runs, scale), *_lines(lines, scale)]
    return "\n".join([head, f"<style>{plot.STYLE}</style>", *body, "</svg>"]) + "\n"


def table(runs: Runs) -> str:
    """Each figure in each run, as Markdown."""
    ratios = [_ratios(results) for results in runs.values()]
    head = ["Figure", *(f"{when:.10}" for when in runs)]
    rows = [head, ["---", *("---:" for _ in runs)]]
    for row in dict.fromkeys(name for found in ratios for name in found):
        part, figure, rival = row
        told = ["–" if row not in found else f"{found[row]:.2f}×" for found in ratios]
        rows.append([f"{part}: {figure}, × {rival}", *told])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def means(runs: Runs) -> Lines:
    """The geometric mean of each part beside each rival, run by run; None where there is none."""
    lines: Lines = {}
    for number, results in enumerate(runs.values()):
        for (part, rival), found in _grouped(_ratios(results)).items():
            line = lines.setdefault((part, rival), [None] * len(runs))
            line[number] = geometric_mean(found)
    return lines


def _ratios(results: Results) -> dict[tuple[str, str, str], float]:
    """How many times as quick, by part, figure and rival; whichever of our codecs it was."""
    return {
        (part.title.partition(":")[0], figure.title, rival): ratio.value
        for part in results.parts
        for figure in part.figures
        if figure.unit in TIMES
        for rival in plot.SHOWN.get(part.key, ())
        if (ratio := figure.times_as_good(part.ours, rival)) is not None
    }


def _grouped(ratios: Mapping[tuple[str, str, str], float]) -> dict[tuple[str, str], list[float]]:
    groups: dict[tuple[str, str], list[float]] = {}
    for (part, _, rival), value in ratios.items():
        groups.setdefault((part, rival), []).append(value)
    return groups


class Scale:
    """From a run's number and a ratio to a place."""

    def __init__(self, count: int, low: float, high: float) -> None:
        self._count = count
        self.low = 10 ** math.floor(math.log10(low))
        self.high = 10 ** math.ceil(math.log10(high))

    def x(self, number: int) -> float:
        return round(LEFT + number * (WIDTH - LEFT - RIGHT) / max(1, self._count - 1), 1)

    def y(self, ratio: float) -> float:
        share = math.log(ratio / self.low) / math.log(self.high / self.low)
        return round(TOP + HEIGHT * (1 - share), 1)

    @property
    def ticks(self) -> list[float]:
        """The powers of ten."""
        return [self.low * 10**at for at in range(round(math.log10(self.high / self.low)) + 1)]


def _axes(runs: Runs, scale: Scale) -> list[str]:
    marks = []
    for tick in scale.ticks:
        y, kind = scale.y(tick), "even" if math.isclose(tick, 1.0) else "grid"
        marks.append(f'<line x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}" class="{kind}"/>')
        marks.append(
            f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end" class="faint">{tick:g}×</text>'
        )
    for number, when in enumerate(runs):
        x, y = scale.x(number), TOP + HEIGHT + 18 + 14 * (number % 2)
        told = f"{when[5:10]} {when[11:13]}:{when[13:15]}"
        marks.append(f'<text x="{x}" y="{y}" text-anchor="middle" class="faint">{told}</text>')
    return marks


def _lines(lines: Lines, scale: Scale) -> list[str]:
    marks: list[str] = []
    free = TOP
    ends = sorted(lines.items(), key=lambda item: -(_last(item[1]) or 0))
    for (part, rival), line in ends:
        colour = plot.COLOURS[rival]
        points = [(scale.x(at), scale.y(one)) for at, one in enumerate(line) if one is not None]
        path = " ".join(f"{x},{y}" for x, y in points)
        marks.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        marks += [f'<circle cx="{x}" cy="{y}" r="4" fill="{colour}"/>' for x, y in points]
        # Labels do not lie on each other.
        free = max(free + 16, round(points[-1][1]))
        whom = part if rival in part else f"{part}, × {rival}"
        told = f"{whom}: {_last(line):.1f}"
        marks.append(f'<text x="{WIDTH - RIGHT + 12}" y="{free + 4}">{escape(told)}</text>')
    return marks


def _last(line: Sequence[float | None]) -> float:
    return next(one for one in reversed(line) if one is not None)
