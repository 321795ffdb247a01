"""Paths, as whoever starts us writes them.

Rules: a path is made absolute, and else stays as it was written. A link in it is followed when the
path is used, and each time: a deployment that switches a link, or puts another directory in the
place of one, is found by whatever is started afterwards.
"""

from __future__ import annotations

import os
from pathlib import Path


def current_directory() -> str:
    """The current directory, by the name that a shell gave it. Raises OSError when it is gone."""
    named = os.environ.get("PWD", "")
    actual = os.getcwd()
    try:
        is_named = os.path.isabs(named) and os.path.samefile(named, actual)
    except OSError:
        is_named = False
    return named if is_named else actual


def change_directory(path: str) -> str:
    """Make it the current directory. Returns its name. Raises OSError."""
    named = absolute(path)
    os.chdir(named)
    os.environ["PWD"] = named
    return named


def absolute(path: str) -> str:
    """The path, from the root on. Raises OSError when it needs a directory that is gone."""
    return str(Path(path) if os.path.isabs(path) else Path(current_directory(), path))
