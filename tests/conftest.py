"""What several test files share."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from dirty_runtime.testing import processes
from workshop.subjects import codecs, kept

from .nursery import Nursery

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell has what it runs in the background ignore it, and so would what tests start and end.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine is no fault of a test: hypothesis's own 200 ms for an example are too few.
settings.register_profile("unhurried", settings(), deadline=None)
settings.load_profile("unhurried")
# The same examples each time, and none made smaller: for whoever asks only whether one fails.
settings.register_profile(
    "judging",
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
)


# Each arbiter of a test would import anew what the one before has imported.
NURSERY = Nursery()
processes.begin = NURSERY.begin

# What needs more than Python, the toolchains of other languages, a browser or a cluster:
# `make peers`, `make site-check` and `make ray` name it, and else nobody runs it.
MORE = [Path(__file__).parent / name for name in ("peers", "browser", "ray")]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what needs more than Python, unless it was asked for by name."""
    named = {part for argument in config.args for part in Path(argument).parts}
    return True if collection_path in MORE and collection_path.name not in named else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Twice as many as there are cores: a test waits for other processes half of its time."""
    return 2 * (os.cpu_count() or 1)


# Whatever takes longest begins first, and is not what all wait for at the end; before all what
# others wait for in the middle.
LONGEST = (
    "test_subjects.py::",
    "::test_the_python_codec_passes_the_same_tests",
    "test_live_peers.py::",
    "test_live_broken.py::",
    "::test_the_site_builds_without_a_warning",
    "::test_a_guide_does_what_it_shows[three-in-the-morning]",
    "::test_situation[apps_fail_to_boot]",
    "::test_a_guide_does_what_it_shows[operate]",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests first that would be last otherwise."""
    items.sort(
        key=lambda item: next(
            (place for place, part in enumerate(LONGEST) if part in item.nodeid), len(LONGEST)
        )
    )


def pytest_unconfigure() -> None:
    """End what forks arbiters."""
    NURSERY.close()


def pytest_collection_finish() -> None:
    """Keep the thousands of tests themselves from each collection that one of them asks for."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def _what_others_have_left_is_not_collected() -> None:
    """Keep what earlier files have left from each collection that a test of this one asks for."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def conformance_results(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder with the results of all that this project judges, run once for all workers."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "conformance"
    with made_once(folder) as is_missing:
        if is_missing:
            for _ in codecs.write(folder):
                pass
            kept.keep(folder)
    return folder


@contextlib.contextmanager
def made_once(folder: Path) -> Iterator[bool]:
    """Whether the folder is still to be made; other processes wait until it is."""
    # Behind the whole name, whose last dot may be that of a version.
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = folder.with_name(f"{folder.name}.made")
        yield not made.exists()
        made.touch()
