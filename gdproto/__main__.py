"""``python -m gdproto``, and the entry of the `gdproto` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command; without the `cli` extra, say so in one line and exit 1."""
    try:
        from .cli import group
    except ModuleNotFoundError as error:
        sys.exit(f"gdproto: the command needs {error.name}: pip install 'gdproto[cli]'")
    group(prog_name="gdproto")


if __name__ == "__main__":
    main()
