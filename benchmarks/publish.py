"""The published runs: a JSON file each, and of them a plot, the README's tables, and a page.

Rules: what is published last stands in plot, tables and page, the others in the page's history.
Everything but the JSON is made from the JSON, and a test compares. ``python -m benchmarks.publish``
makes it again, for a change of the form.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from . import history, plot, report
from .figures import Results, from_json
from .samples import BenchmarkError

ROOT = Path(__file__).resolve().parent.parent
PUBLISHED = ROOT / "benchmarks" / "published"
PLOT = PUBLISHED / "latest.svg"
README = ROOT / "README.md"
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- benchmarks: make bench-publish writes this -->", "<!-- /benchmarks -->"
README_PARTS = ("codec", "runtime")
INTRODUCTION = """\
What one run of `make bench-publish` measured. Sides take turns within each round; a figure is the
median of its rounds, and the spread their interquartile range. What each figure means, and what it
does not, stands in `benchmarks/README.md`."""
HISTORY = """\
Each run that was published, whole in `benchmarks/published/`. A line is the geometric mean of the
figures of one part beside one rival; machines and rivals were of their day, so read its steps."""


def publish(results: Results) -> None:
    """Keep the run, and write what is made of all.

    Raises:
        BenchmarkError: the README has no place for the tables.
    """
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H%M")
    (PUBLISHED / f"{now}.json").write_text(json.dumps(results.as_json()) + "\n")
    write()


def write() -> None:
    """Write what is made of the runs. Raises BenchmarkError as `publish` does."""
    for path, text in documents(runs()).items():
        path.write_text(text)


def documents(kept: history.Runs) -> dict[Path, str]:
    """The files that are made of the runs, with the text that each is to have.

    Raises:
        BenchmarkError: the README has no place for the tables.
    """
    *_, latest = kept.values()
    return {
        PLOT: plot.svg(latest),
        PAGE: page(kept),
        README: with_tables(README.read_text(), latest),
    }


def runs() -> history.Runs:
    """What was published, by when, the oldest first."""
    return {
        path.stem: from_json(json.loads(path.read_text()))
        for path in sorted(PUBLISHED.glob("*.json"))
    }


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


def page(kept: history.Runs) -> str:
    """The page of the site."""
    *_, results = kept.values()
    blocks = ["---\nhide: [toc]\n---\n\n# Performance", INTRODUCTION]
    blocks.append(f'<div class="diagram">{plot.svg(results).strip()}</div>')
    order = report.grids(results)
    for grid in [order[-1], *order[:-1]]:
        blocks.append(f"## {grid.title}\n\n{report.markdown_table(grid)}")
    lines = "\n".join(f"- {line}" for line in report.machine_lines(results))
    blocks += [f"## Machine\n\n{lines}", "## History", HISTORY]
    blocks.append(f'<div class="diagram">{history.svg(kept).strip()}</div>')
    return "\n\n".join([*blocks, history.table(kept)]) + "\n"


if __name__ == "__main__":
    write()
