"""Results as one SVG: how many times as good ours is, on a logarithmic axis.

Rules: a dot is the ratio of the medians, the line through it spans the rounds, a short upright
stroke is the bar to be reached. Text takes the colour of the page it stands in, or that of the
reader's scheme, light or dark.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

from . import bars
from .figures import Part, Results
from .samples import Ratio

# The parts that are compared with others, each with the rivals that are shown.
SHOWN = {
    "codec": ("gunicorn", "msgspec"),
    "runtime": ("gunicorn",),
    "large": ("gunicorn",),
    "pool": ("ProcessPoolExecutor",),
}
COLOURS = {"gunicorn": "#0d9488", "msgspec": "#d97706", "ProcessPoolExecutor": "#8b5cf6"}
WIDTH, LEFT, RIGHT, TOP = 860, 290, 60, 48
ROW, GROUP = 22, 34
STYLE = """
.benchmarks{color:var(--md-typeset-color,#1f2328);font:13px sans-serif}
.benchmarks text{fill:currentColor}
.benchmarks .group{font-weight:bold}
.benchmarks .faint{opacity:.65;font-size:11px}
.benchmarks .grid{stroke:currentColor;opacity:.15}
.benchmarks .even{stroke:currentColor;opacity:.6}
.benchmarks .bar{stroke:currentColor;stroke-width:2}
@media(prefers-color-scheme:dark){.benchmarks{color:var(--md-typeset-color,#e6edf3)}}
"""


@dataclass(frozen=True)
class Row:
    """One figure: its ratio to each rival, and the bars that there are for it alone."""

    title: str
    ratios: dict[str, Ratio]
    required: list[float]


def svg(results: Results) -> str:
    """The plot; without anything to compare, an empty one."""
    groups = [(part, rows) for part in results.parts if (rows := rows_of(part))]
    ratios = [ratio for _, rows in groups for row in rows for ratio in row.ratios.values()]
    low = min([0.5, *(ratio.low for ratio in ratios)])
    high = max([10.0, *(ratio.high for ratio in ratios)])
    scale = Scale(10 ** math.floor(math.log10(low)), 10 ** math.ceil(math.log10(high)))
    body: list[str] = []
    y = TOP
    for part, rows in groups:
        y += GROUP
        body.append(f'<text x="8" y="{y - 10}" class="group">{escape(_heading(part))}</text>')
        for row in rows:
            body.append(_row(row, y, scale))
            y += ROW
    height = y + 16
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'class="benchmarks" role="img" aria-label="how many times as good gdproto is">'
    )
    parts = [head, f"<style>{STYLE}</style>", *_axis(scale, height), *_legend(groups), *body]
    return "\n".join([*parts, "</svg>"]) + "\n"


def rows_of(part: Part) -> list[Row]:
    """What is shown of a part."""
    rows = []
    for figure in part.figures:
        found = {rival: figure.times_as_good(part.ours, rival) for rival in SHOWN.get(part.key, ())}
        ratios = {rival: ratio for rival, ratio in found.items() if ratio is not None}
        if ratios:
            rows.append(Row(figure.title, ratios, _required(part.key, figure.key)))
    return rows


def _required(part_key: str, figure_key: str) -> list[float]:
    return [
        bar.least
        for bar in bars.BARS
        if isinstance(bar.measure, bars.Times)
        and (bar.measure.part, bar.measure.keys) == (part_key, (figure_key,))
        and bar.least is not None
    ]


def _heading(part: Part) -> str:
    """The title as far as it says what was measured, and whose figures these are."""
    return f"{part.title.partition(':')[0]} ({part.ours})"


@dataclass(frozen=True)
class Scale:
    """From a ratio to a place on the axis, which goes from `low` to `high`."""

    low: float
    high: float

    def x(self, ratio: float) -> float:
        """The place of a ratio, to a tenth of a pixel."""
        share = math.log(ratio / self.low) / math.log(self.high / self.low)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    @property
    def ticks(self) -> list[float]:
        """The powers of ten."""
        count = round(math.log10(self.high / self.low))
        return [self.low * 10**index for index in range(count + 1)]


def _row(row: Row, y: int, scale: Scale) -> str:
    middle = y + ROW // 2
    marks = [f'<text x="{LEFT - 12}" y="{middle + 4}" text-anchor="end">{escape(row.title)}</text>']
    for rival, ratio in row.ratios.items():
        colour = COLOURS[rival]
        marks += [
            f'<line x1="{scale.x(ratio.low)}" y1="{middle}" x2="{scale.x(ratio.high)}" '
            f'y2="{middle}" stroke="{colour}" stroke-width="2"/>',
            f'<circle cx="{scale.x(ratio.value)}" cy="{middle}" r="5" fill="{colour}">'
            f"<title>{ratio.value:.2f} times as good as {escape(rival)}</title></circle>",
        ]
    for at in map(scale.x, row.required):
        marks.append(f'<line x1="{at}" y1="{middle - 8}" x2="{at}" y2="{middle + 8}" class="bar"/>')
    return "".join(marks)


def _axis(scale: Scale, height: int) -> list[str]:
    lines = []
    for tick in scale.ticks:
        x, kind = scale.x(tick), "even" if math.isclose(tick, 1.0) else "grid"
        lines.append(f'<line x1="{x}" y1="{TOP}" x2="{x}" y2="{height - 12}" class="{kind}"/>')
        lines.append(
            f'<text x="{x}" y="{TOP - 6}" text-anchor="middle" class="faint">{tick:g}×</text>'
        )
    return lines


def _legend(groups: list[tuple[Part, list[Row]]]) -> list[str]:
    marks, x = [], 8
    for rival in dict.fromkeys(one for _, rows in groups for row in rows for one in row.ratios):
        marks.append(f'<circle cx="{x + 5}" cy="16" r="5" fill="{COLOURS[rival]}"/>')
        marks.append(f'<text x="{x + 16}" y="20">× {escape(rival)}</text>')
        x += 40 + 8 * len(rival)
    marks.append(f'<line x1="{x + 5}" y1="8" x2="{x + 5}" y2="24" class="bar"/>')
    marks.append(f'<text x="{x + 16}" y="20">required</text>')
    return marks
