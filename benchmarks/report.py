"""The figures as tables for a terminal, as Markdown and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from . import codec
from .clients import GUNICORN, OURS
from .codec import MSGPACK, OPERATIONS, RIVALS, CodecFigure, mean_ratio
from .runtime import RuntimeFigure
from .samples import Ratio, Series

_COLUMNS = 100


@dataclass(frozen=True)
class Results:
    """What one run measured; None for a part that was left out."""

    machine: str
    load_per_core: float | None
    quick: bool
    codec: list[CodecFigure] | None
    runtime: list[RuntimeFigure] | None


@dataclass(frozen=True)
class Grid:
    """A table before it takes a form."""

    title: str
    head: list[str]
    rows: list[list[str]]


def print_tables(results: Results) -> None:
    """Print the tables for a person; they need 100 columns."""
    console = Console()
    console.width = max(console.width, _COLUMNS)
    for grid in _grids(results):
        table = Table(title=grid.title, title_justify="left", title_style="bold")
        for index, name in enumerate(grid.head):
            table.add_column(name, justify="left" if index == 0 else "right")
        for row in grid.rows:
            table.add_row(*row, style="bold" if row[0].startswith("geometric") else None)
        console.print(table)
    console.print(_footer(results), soft_wrap=True, highlight=False)


def as_markdown(results: Results) -> str:
    """The same tables for a README."""
    blocks = []
    for grid in _grids(results):
        rule = ["---", *["---:" for _ in grid.head[1:]]]
        lines = [f"**{grid.title}**", "", *map(_markdown_row, [grid.head, rule, *grid.rows])]
        blocks.append("\n".join(lines))
    return "\n\n".join([*blocks, _footer(results)])


def as_json(results: Results) -> dict[str, Any]:
    """Every figure with its rounds: seconds, or events per second."""
    return {
        "machine": results.machine,
        "load_per_core": results.load_per_core,
        "quick": results.quick,
        "codec": None if results.codec is None else _codec_json(results.codec),
        "runtime": None if results.runtime is None else _runtime_json(results.runtime),
    }


def _markdown_row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _grids(results: Results) -> list[Grid]:
    grids = []
    if results.codec is not None:
        grids.append(_codec_grid(results.codec))
    if results.runtime is not None:
        grids.append(_runtime_grid(results.runtime))
    return grids


def _codec_grid(figures: list[CodecFigure]) -> Grid:
    head = ["", "× gunicorn", "× msgpack", codec.OURS, codec.GUNICORN, MSGPACK, "spread"]
    rows = []
    for figure in figures:
        ratios = [_times(figure.ratio_to(rival).value) for rival in RIVALS]
        series = figure.series_s.values()
        times = [_duration(one.median) for one in series]
        spread = f"{max(one.spread_percent for one in series):.0f} %"
        rows.append([f"{figure.operation} {figure.payload.title}", *ratios, *times, spread])
    for operation in (*OPERATIONS, None):
        means = [_times(mean_ratio(figures, rival, operation)) for rival in RIVALS]
        rows.append([f"geometric mean, {operation or 'both'}", *means, "", "", "", ""])
    return Grid("Codec: times as fast, and time per call", head, rows)


def _runtime_grid(figures: list[RuntimeFigure]) -> Grid:
    head = ["", "× gunicorn", "rounds", OURS, GUNICORN, "spread"]
    rows = []
    for figure in figures:
        ratio = figure.ratio()
        values = [_value(figure.series.get(side), figure.unit) for side in (OURS, GUNICORN)]
        spread = max(one.spread_percent for one in figure.series.values())
        ratios = ["–", "–"] if ratio is None else [_times(ratio.value), _range(ratio)]
        rows.append([figure.title, *ratios, *values, f"{spread:.0f} %"])
    return Grid("Runtime: times as good, each arbiter by its own client", head, rows)


def _footer(results: Results) -> str:
    lines = [f"Measured on: {results.machine}."]
    if results.load_per_core is not None:
        lines.append(f"Load per core before the run: {results.load_per_core:.2f}.")
    if results.quick:
        lines.append("A quick run: fewer and shorter rounds, rougher figures.")
    return " ".join(lines)


def _times(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.1f}"


def _range(ratio: Ratio) -> str:
    return f"{_times(ratio.low)}–{_times(ratio.high)}"


def _value(series: Series | None, unit: str) -> str:
    if series is None:
        return "–"
    return _duration(series.median) if unit == "s" else f"{series.median:,.0f}/s"


def _duration(value_s: float) -> str:
    for factor, unit in ((1e9, "ns"), (1e6, "µs"), (1e3, "ms")):
        if value_s * factor < 1000:
            return f"{value_s * factor:.3g} {unit}"
    return f"{value_s:.3g} s"


def _codec_json(figures: list[CodecFigure]) -> dict[str, Any]:
    return {
        "figures": [
            {
                "payload": figure.payload.key,
                "operation": figure.operation,
                "times_as_fast": {r: figure.ratio_to(r).as_json() for r in RIVALS},
                "seconds": {name: one.as_json() for name, one in figure.series_s.items()},
            }
            for figure in figures
        ],
        "geometric_means": {
            rival: {
                operation or "both": mean_ratio(figures, rival, operation)
                for operation in (*OPERATIONS, None)
            }
            for rival in RIVALS
        },
    }


def _runtime_json(figures: list[RuntimeFigure]) -> list[dict[str, Any]]:
    found = []
    for figure in figures:
        ratio = figure.ratio()
        found.append(
            {
                "figure": figure.key,
                "unit": figure.unit,
                "times_as_good": None if ratio is None else ratio.as_json(),
                "series": {side: one.as_json() for side, one in figure.series.items()},
            }
        )
    return found
