"""What a bench found, as one SVG: how long calls take, by how many there are a second.

Rules: the axis of times goes by powers of ten, that of loads from none to the most. Text takes the
colour of the page it stands in, or that of the reader's scheme, light or dark.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from .drawing import shown_s
from .report import Bench
from .steps import Step

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 400, 80, 24, 48, 48
COLOURS = {"p50": "#0d9488", "p95": "#d97706", "p99": "#8b5cf6"}
STYLE = """
.bench{color:var(--md-typeset-color,#1f2328);font:13px sans-serif}
.bench text{fill:currentColor}
.bench .grid{stroke:currentColor;opacity:.15}
.bench .mark{stroke:currentColor;stroke-dasharray:4 4;opacity:.6}
.bench .curve{fill:none;stroke-width:2}
.bench .model{stroke-dasharray:2 4}
@media(prefers-color-scheme:dark){.bench{color:var(--md-typeset-color,#e6edf3)}}
"""


def svg(bench: Bench, title: str) -> str:
    """The picture."""
    scale = Scale(bench)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" class="bench" '
        f'role="img" aria-label="{escape(title)}: how long calls take, by load">'
    )
    parts = [
        *(head, f"<style>{STYLE}</style>", f'<text x="{LEFT}" y="20">{escape(title)}</text>'),
        *_legend(bench),
        *_grid(scale),
        *_marks(bench, scale),
        *_curves(bench, scale),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


class Scale:
    """From loads and times to places in the picture, to a tenth of a pixel."""

    def __init__(self, bench: Bench) -> None:
        times = [time for step in bench.steps if step.times for time in step.times[2:5]]
        if bench.target:
            times.append(bench.target)
        self.low = math.floor(math.log10(max(min(times), 1e-9)))
        self.high = max(math.ceil(math.log10(max(*times, 1e-9))), self.low + 1)
        self.most = max(load_of(step) for step in bench.steps) or 1.0

    def x(self, load: float) -> float:
        """The place of a load."""
        return round(LEFT + load / self.most * (WIDTH - LEFT - RIGHT), 1)

    def y(self, time_s: float) -> float:
        """The place of a time."""
        part = (math.log10(max(time_s, 1e-9)) - self.low) / (self.high - self.low)
        return round(HEIGHT - BOTTOM - part * (HEIGHT - BOTTOM - TOP), 1)


def load_of(step: Step) -> float:
    """Calls a second: those that come, or those that are answered where clients wait."""
    return step.rate if step.offered is None else step.offered


def _grid(scale: Scale) -> Iterator[str]:
    for power in range(scale.low, scale.high + 1):
        y = scale.y(10.0**power)
        yield f'<line x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}" class="grid"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{shown_s(10.0**power)}</text>'
    for part in range(5):
        load = scale.most * part / 4
        x = scale.x(load)
        yield f'<line x1="{x}" y1="{TOP}" x2="{x}" y2="{HEIGHT - BOTTOM}" class="grid"/>'
        yield f'<text x="{x}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{load:.3g}</text>'
    yield f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 8}" text-anchor="end">calls a second</text>'


def _marks(bench: Bench, scale: Scale) -> Iterator[str]:
    x = scale.x(load_of(bench.steps[bench.knee]))
    yield f'<line x1="{x}" y1="{TOP}" x2="{x}" y2="{HEIGHT - BOTTOM}" class="mark"/>'
    yield f'<text x="{x}" y="{TOP - 4}" text-anchor="middle">knee</text>'
    if bench.target:
        y = scale.y(bench.target)
        yield f'<line x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}" class="mark"/>'
        yield f'<text x="{LEFT + 4}" y="{y - 4}">target</text>'


def _curves(bench: Bench, scale: Scale) -> Iterator[str]:
    for name, colour in COLOURS.items():
        points = [
            (scale.x(load_of(step)), scale.y(getattr(step.times, name)))
            for step in bench.steps
            if step.times
        ]
        yield _line(points, colour, "curve")
        for x, y in points:
            yield f'<circle cx="{x}" cy="{y}" r="3.5" fill="{colour}"/>'
    top_s = 10.0**scale.high
    modelled = [
        (scale.x(load_of(step)), scale.y(time_s))
        for step, time_s in zip(bench.steps, bench.model, strict=True)
        if time_s is not None and time_s <= top_s
    ]
    yield _line(modelled, COLOURS["p99"], "curve model")


def _line(points: list[tuple[float, float]], colour: str, kind: str) -> str:
    joined = " ".join(f"{x},{y}" for x, y in points)
    return f'<polyline points="{joined}" stroke="{colour}" class="{kind}"/>'


def _legend(bench: Bench) -> Iterator[str]:
    x = WIDTH - RIGHT - 260
    for name, colour in COLOURS.items():
        yield f'<circle cx="{x}" cy="16" r="5" fill="{colour}"/>'
        yield f'<text x="{x + 10}" y="20">{name}</text>'
        x += 60
    if any(time_s is not None for time_s in bench.model):
        yield _line([(x, 16), (x + 24, 16)], COLOURS["p99"], "curve model")
        yield f'<text x="{x + 30}" y="20">by model</text>'
