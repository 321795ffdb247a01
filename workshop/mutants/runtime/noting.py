"""A plugin of pytest: tells every process of a run which test it works for.

Rules: the processes that a test starts inherit where that stands, and look there again and again.
"""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

FOLDER = "MUTANTS_MAP"


def pytest_configure() -> None:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    current = Path(os.environ[FOLDER], worker)
    current.write_text("")
    current.with_suffix(".lines").touch()
    os.environ["MUTANTS_CURRENT"] = str(current)
    importlib.import_module("sitecustomize").note_lines(str(current), "tests")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    current = Path(os.environ["MUTANTS_CURRENT"])
    number = item.session.items.index(item)
    # At once, whatever is read beside: the width is always the same.
    with current.open("r+") as file:
        file.write(f"{number:08}")
    began = time.monotonic()
    try:
        return (yield)
    finally:
        seconds = time.monotonic() - began
        with current.with_suffix(".tests").open("a") as file:
            file.write(f"{number:08}\t{seconds:.3f}\t{item.nodeid}\n")
