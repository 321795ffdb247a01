"""A published run: `published.json`, its plot, the README's tables, and a page of the site.

Rules: everything but the JSON is made from the JSON, and a test compares. ``python -m
benchmarks.publish`` makes it again, for a change of the form.
"""

from __future__ import annotations

import json
from pathlib import Path

from . import plot, report
from .figures import Results, from_json
from .samples import BenchmarkError

ROOT = Path(__file__).resolve().parent.parent
PUBLISHED = ROOT / "benchmarks" / "published.json"
PLOT = PUBLISHED.with_suffix(".svg")
README = ROOT / "README.md"
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- benchmarks: make bench-publish writes this -->", "<!-- /benchmarks -->"
README_PARTS = ("codec", "runtime")
INTRODUCTION = """\
What one run of `make bench-publish` measured. Sides take turns within each round; a figure is the
median of its rounds, and the spread their interquartile range. What each figure means, and what it
does not, stands in `benchmarks/README.md`."""


def publish(results: Results) -> None:
    """Write the files.

    Raises:
        BenchmarkError: the README has no place for the tables.
    """
    PUBLISHED.write_text(json.dumps(results.as_json(), indent=1) + "\n")
    for path, text in documents(results).items():
        path.write_text(text)


def documents(results: Results) -> dict[Path, str]:
    """The files that are made of `results`, with the text that each is to have.

    Raises:
        BenchmarkError: the README has no place for the tables.
    """
    return {
        PLOT: plot.svg(results),
        PAGE: page(results),
        README: with_tables(README.read_text(), results),
    }


def published() -> Results:
    """The run that is published."""
    return from_json(json.loads(PUBLISHED.read_text()))


def with_tables(text: str, results: Results) -> str:
    """The README's text with the tables of `results` between the marks.

    Raises:
        BenchmarkError: there are no marks.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise BenchmarkError(f"README.md has no {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{tables(results)}\n{END}{after}"


def tables(results: Results) -> str:
    """What the README shows."""
    chosen = [report.part_grid(part) for part in results.parts if part.key in README_PARTS]
    blocks = [f"**{grid.title}**\n\n{report.markdown_table(grid)}" for grid in chosen]
    machine = ". ".join(report.machine_lines(results))
    return "\n\n".join([*blocks, f"Measured on: {machine}."])


def page(results: Results) -> str:
    """The page of the site."""
    blocks = ["---\nhide: [toc]\n---\n\n# Performance", INTRODUCTION]
    blocks.append(f'<div class="diagram">{plot.svg(results).strip()}</div>')
    order = report.grids(results)
    for grid in [order[-1], *order[:-1]]:
        blocks.append(f"## {grid.title}\n\n{report.markdown_table(grid)}")
    lines = "\n".join(f"- {line}" for line in report.machine_lines(results))
    return "\n\n".join([*blocks, f"## Machine\n\n{lines}"]) + "\n"


if __name__ == "__main__":
    publish(published())
