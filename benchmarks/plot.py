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
    """One figure against one rival; `required` is the bar, where there is one for it alone."""

    title: str
    rival: str
    ratio: Ratio
    required: float | None


def svg(results: Results) -> str:
    """The plot; without anything to compare, an empty one."""
    groups = [(part, rows) for part in results.parts if (rows := rows_of(part))]
    ratios = [row.ratio for _, rows in groups for row in rows]
    low = min([0.5, *(ratio.low for ratio in ratios)])
    high = max([10.0, *(ratio.high for ratio in ratios)])
    scale = Scale(10 ** math.floor(math.log10(low)), 10 ** math.ceil(math.log10(high)))
    body: list[str] = []
    y = TOP
    for part, rows in groups:
        y += GROUP
        body.append(f'<text x="8" y="{y - 10}" class="group">{escape(part.title)}</text>')
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
    required = {
        (bar.measure.part, bar.measure.keys[0], bar.measure.rival): bar.least
        for bar in bars.BARS
        if isinstance(bar.measure, bars.Times) and len(bar.measure.keys) == 1
    }
    return [
        Row(figure.title, rival, ratio, required.get((part.key, figure.key, rival)))
        for figure in part.figures
        for rival in SHOWN.get(part.key, ())
        if (ratio := figure.times_as_good(part.ours, rival)) is not None
    ]


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
    x, colour, middle = scale.x(row.ratio.value), COLOURS[row.rival], y + ROW // 2
    marks = [
        f'<text x="{LEFT - 12}" y="{middle + 4}" text-anchor="end">{escape(row.title)}</text>',
        f'<line x1="{scale.x(row.ratio.low)}" y1="{middle}" x2="{scale.x(row.ratio.high)}" '
        f'y2="{middle}" stroke="{colour}" stroke-width="2"/>',
        f'<circle cx="{x}" cy="{middle}" r="5" fill="{colour}">'
        f"<title>{row.ratio.value:.2f} times as good as {escape(row.rival)}</title></circle>",
    ]
    if row.required is not None:
        at = scale.x(row.required)
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
    for rival in dict.fromkeys(row.rival for _, rows in groups for row in rows):
        marks.append(f'<circle cx="{x + 5}" cy="16" r="5" fill="{COLOURS[rival]}"/>')
        marks.append(f'<text x="{x + 16}" y="20">× {escape(rival)}</text>')
        x += 40 + 8 * len(rival)
    marks.append(f'<line x1="{x + 5}" y1="8" x2="{x + 5}" y2="24" class="bar"/>')
    marks.append(f'<text x="{x + 16}" y="20">required</text>')
    return marks
