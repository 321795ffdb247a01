"""``python -m workshop.making --write | --check``: the files of the vectors."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from gdproto.conformance.cases import KINDS, VECTORS

from . import frames, gunicorn, messages, neighbours, sessions, streams, temptations, values
from .collected import Collected

MAKERS = (values, frames, messages, gunicorn, streams, sessions, temptations)
FIX = "python -m workshop.making --write"


def collect() -> list[Collected]:
    """Every area."""
    found = [area for maker in MAKERS for area in maker.areas()]
    neighbours.name(found)
    return found


def write(folder: Path = VECTORS) -> None:
    """Make the folders of the kinds hold exactly the areas."""
    files = {folder / area.path: area.text() for area in collect()}
    for path in present(folder) - files.keys():
        path.unlink()
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    print(f"wrote {len(files)} files of vectors")


def stale(folder: Path = VECTORS) -> list[Path]:
    """Files that are missing, that have other contents, or that no maker writes."""
    files = {folder / area.path: area.text() for area in collect()}
    found = present(folder)
    differing = {path for path in files.keys() & found if path.read_text() != files[path]}
    return sorted(differing | (files.keys() ^ found))


def present(folder: Path) -> set[Path]:
    return {path for kind in KINDS for path in (folder / kind).glob("*.json")}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m workshop.making")
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--write", action="store_true", help="write the vectors")
    mode.add_argument("--check", action="store_true", help="fail when they are not up to date")
    if parser.parse_args().write:
        write()
        return 0
    differing = stale()
    for path in differing:
        print(f"{path.relative_to(VECTORS)} is not what its maker writes: {FIX}", file=sys.stderr)
    return bool(differing)


if __name__ == "__main__":
    sys.exit(main())
