"""``python -m dirty_runtime``, and the entry of the `dirty` command."""

from __future__ import annotations

import sys
from functools import partial

from . import exiting


def main() -> None:
    """Run the command; without the `cli` extra, say so in one line and exit 1."""
    try:
        from .cli import group

        exiting.run(partial(group, prog_name="dirty"))
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("click", "rich"):
            raise
        sys.exit(f"dirty: the command needs {error.name}: pip install 'gdproto[runtime]'")


if __name__ == "__main__":
    main()
