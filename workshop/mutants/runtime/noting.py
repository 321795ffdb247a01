"""A plugin of pytest: tells every process of a run which test it works for.

Rules: the processes that a test starts inherit where that stands, and look there again and again.
"""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

FOLDER = "MUTANTS_MAP"


class Noting:
    """Says which test runs, and notes how long it took.

    Args:
        current: file that is to have its number; the notes go beside it.
        go_on: has this process note its lines, whatever the test before it did.
    """

    def __init__(self, current: Path, go_on: Callable[[], None]) -> None:
        self._current = current
        self._go_on = go_on

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        number = item.session.items.index(item)
        # At once, whatever is read beside: the width is always the same.
        with self._current.open("r+") as file:
            file.write(f"{number:08}")
        self._go_on()
        began = time.monotonic()
        try:
            return (yield)
        finally:
            seconds = time.monotonic() - began
            with self._current.with_suffix(".tests").open("a") as file:
                file.write(f"{number:08}\t{seconds:.3f}\t{item.nodeid}\n")


def pytest_configure(config: pytest.Config) -> None:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    current = Path(os.environ[FOLDER], worker)
    current.write_text("")
    current.with_suffix(".lines").touch()
    os.environ["MUTANTS_CURRENT"] = str(current)
    go_on = importlib.import_module("sitecustomize").note_lines(str(current), "tests")
    config.pluginmanager.register(Noting(current, go_on))
