"""The type checker, which every change must pass: what it refuses is told before any test runs.

Rules: the whole project is checked, with the mutant in the place of its module. Who checks at the
same time has a cache of its own. That a comment has become needless is no reason.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue

from .broken import ROOT, RUNTIME, Broken

NAME = "mypy"
CACHES = ROOT / "build" / "mutants" / "types"
WORDS = ["--no-warn-unused-ignores", "--no-error-summary"]


class TypeChecker:
    """Refuses mutants.

    Args:
        jobs: how many may be checked at once.
        paths: what is checked; by default the whole project.
    """

    def __init__(self, jobs: int, paths: Sequence[str] = ()) -> None:
        self._paths = paths
        self._caches: SimpleQueue[Path] = SimpleQueue()
        for number in range(jobs):
            self._caches.put(CACHES / str(number))

    def refuses(self, mutant: Broken | None) -> bool:
        """Whether it does; None is for the runtime as it is."""
        cache = self._caches.get()
        try:
            with tempfile.NamedTemporaryFile("w", suffix=".py") as source:
                words = [f"--cache-dir={cache}", *WORDS, *self._paths]
                if mutant is not None:
                    source.write(mutant.source())
                    source.flush()
                    words += ["--shadow-file", str(RUNTIME / mutant.file), source.name]
                checked = [sys.executable, "-m", "mypy", *words]
                return subprocess.run(checked, cwd=ROOT, capture_output=True).returncode == 1
        finally:
            self._caches.put(cache)
