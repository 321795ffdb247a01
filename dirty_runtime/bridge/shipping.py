"""What of the apps' directory is sent to the nodes of a cluster.

Rules: what is hidden, compiled, or no file stays here: Ray would read a pipe until somebody writes
to it. What `.gitignore` and `.rayignore` name, Ray leaves out by itself.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator


def left_out(directory: str) -> list[str]:
    """Patterns, as of `.gitignore`, of what is not sent."""
    return ["__pycache__", *(f"/{path}" for path in _not_sent(directory))]


def _not_sent(directory: str) -> Iterator[str]:
    """Paths of what is hidden, and of sockets, pipes and devices, from the directory."""
    for place, folders, names in os.walk(directory):
        hidden = {name for name in (*folders, *names) if name.startswith(".")}
        folders[:] = [name for name in folders if name not in hidden]
        for name in (*hidden, *names):
            path = os.path.join(place, name)
            if name in hidden or not stat.S_ISREG(_mode(path)):
                yield os.path.relpath(path, directory)


def _mode(path: str) -> int:
    """What it is, behind its links; 0 for nothing."""
    try:
        return os.stat(path).st_mode
    except OSError:
        return 0
