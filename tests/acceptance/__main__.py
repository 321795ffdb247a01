"""Run the situations in full and print what was measured beside its bar.

python -m tests.acceptance [WORD]    those alone whose name has the word
"""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

from .situations import SITUATIONS


def main(word: str = "") -> int:
    """Returns 1 if a bar is missed."""
    console = Console(width=160)
    table = Table("situation", "bar", "measured", "", box=None, pad_edge=False)
    missed = 0
    for situation in SITUATIONS:
        if word not in situation.name:
            continue
        with console.status(situation.name):
            try:
                measured = situation.run(False)
                text, met = f"{measured:.3g} {situation.unit}", measured < situation.limit
            except AssertionError as error:
                text, met = str(error).splitlines()[0] if str(error) else "wrong outcome", False
        missed += not met
        table.add_row(situation.name, situation.bar, text, "met" if met else "[red]missed[/]")
    console.print(table)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
