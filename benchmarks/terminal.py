"""The tables on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from . import report
from .figures import Results

_COLUMNS = 150


def show(results: Results) -> None:
    """Print the tables for a person."""
    console = Console()
    console.width = max(console.width, _COLUMNS)
    for grid in report.grids(results):
        table = Table(title=grid.title, title_justify="left", title_style="bold")
        for index, name in enumerate(grid.head):
            table.add_column(name, justify="left" if index == 0 else "right", no_wrap=index == 0)
        for row in grid.rows:
            cells = [cell.strip("*") for cell in row]
            table.add_row(*cells, style="bold" if row[0].startswith("geometric") else None)
        console.print(table)
    for line in report.machine_lines(results):
        console.print(line, soft_wrap=True, highlight=False)
