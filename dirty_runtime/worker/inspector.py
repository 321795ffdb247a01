"""``python -m dirty_runtime.worker.inspector PATH…``: what the classes of apps say of themselves.

Rules: each app's class is imported, and a line of JSON written for it, at once; what a module
prints goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from ..app import attributes_of, load_class
from ..errors import DirtyAppError
from .forks import end_copy, take_for_worker
from .sources import find_apps


def facts_of(path: str) -> dict[str, Any]:
    """What the class says, or why it is none, for JSON."""
    try:
        found = dict(attributes_of(load_class(path)))
    except DirtyAppError as error:
        found = {"error": error.message}
    end_copy(f"the import of app {path}")
    return found


def main(paths: Sequence[str]) -> None:
    """Write the facts of each app."""
    take_for_worker()
    find_apps()
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        for path in paths:
            answers.write(json.dumps(facts_of(path), default=repr) + "\n")
            answers.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
