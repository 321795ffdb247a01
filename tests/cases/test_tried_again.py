"""What cannot be done for now is done later, and what was interrupted from outside is no failure.

A start has many steps, each of which the system may refuse. A successor that fails leaves what it
was to replace, and what was known, as they were; and the wish for it stays.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dirty_runtime.arbiter import DirtyArbiter
from dirty_runtime.arbiter.policy.catalogue import AppFacts
from dirty_runtime.arbiter.workers.launch import Order, Process
from dirty_runtime.testing import Arbiter
from tests.dirty_runtime.processes import (
    CHANGING,
    LIMIT_S,
    OURS,
    serving,
    serving_here,
    wait_until,
    wait_until_logged,
)
from tests.dirty_runtime.test_launchers import APP, WORKERS, ElsewhereLauncher, ready, run, until


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    shutil.copy(CHANGING, tmp_path)
    return tmp_path


# --- killed from outside while it boots ---


@pytest.mark.parametrize("wish", [signal.SIGTTIN, signal.SIGHUP], ids=["added", "reloaded"])
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGQUIT])
def test_a_worker_that_is_killed_while_it_boots_is_no_failed_init(
    end: int, wish: int, directory: Path
) -> None:
    with serving_here(directory, "Changing") as arbiter:
        before = arbiter.pids()
        (directory / "hang").touch()
        (directory / "starts").unlink()
        arbiter.signal(wish)
        wait_until((directory / "starts").exists)
        (booting,) = (one["pid"] for one in arbiter.status()["workers"] if not one["booted"])
        (directory / "hang").unlink()
        os.kill(booting, end)
        if wish == signal.SIGHUP:
            wait_until(lambda: "reloaded: 1 workers" in arbiter.log.read_text())
            assert not arbiter.pids() & before
        else:
            arbiter.wait_ready(2)
        state = arbiter.status()
        assert state["down"] == {}
        assert state["reload_failure"] == ""
        wait_until_logged(arbiter, f"worker {booting} (slot")


# --- descriptors that are short ---


@pytest.fixture(scope="module")
def short() -> Iterator[Arbiter]:
    with serving(OURS, options=("--max-crashes", "1000")) as arbiter:
        yield arbiter


def fds_of(arbiter: Arbiter) -> set[int]:
    return {int(name) for name in os.listdir(f"/proc/{arbiter.process.pid}/fd")}


def leave_free(arbiter: Arbiter, count: int) -> None:
    """Let the arbiter open so many files more."""
    used = fds_of(arbiter)
    limit = 0
    while limit in used or count:
        count -= limit not in used
        limit += 1
    _, most = resource.prlimit(arbiter.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(arbiter.process.pid, resource.RLIMIT_NOFILE, (limit, most))


def free(arbiter: Arbiter) -> None:
    _, most = resource.prlimit(arbiter.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(arbiter.process.pid, resource.RLIMIT_NOFILE, (most, most))


@pytest.mark.proves("GD-SEC-013")
@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 7])
def test_a_worker_is_replaced_when_there_are_descriptors_again(count: int, short: Arbiter) -> None:
    # One that has answered is replaced without a pause.
    with short.client() as client:
        pid = client.execute(OURS, "pid")
    usual, lines = len(fds_of(short)), short.log.read_text().count("\n")
    leave_free(short, count)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: short.log.read_text().count("\n") >= lines + 2)
    free(short)
    wait_until(lambda: bool(short.pids()) and pid not in short.pids())
    wait_until(lambda: len(fds_of(short)) <= usual)


@pytest.mark.parametrize("count", [0, 2, 4])
def test_a_reload_goes_on_when_there_are_descriptors_again(count: int, short: Arbiter) -> None:
    before, usual = short.pids(), len(fds_of(short))
    leave_free(short, count)
    lines = short.log.read_text().count("cannot be")
    short.signal(signal.SIGHUP)
    wait_until(lambda: short.log.read_text().count("cannot be") > lines)
    free(short)
    wait_until(lambda: bool(short.pids()) and not short.pids() & before)
    wait_until(lambda: len(fds_of(short)) <= usual)


# --- a successor that fails ---


def homes(arbiter: DirtyArbiter) -> dict[int, tuple[str, ...]]:
    return {number: slot.apps for number, slot in arbiter.supervisor.slots.items()}


@contextlib.contextmanager
def dying(launcher: ElsewhereLauncher, number: int) -> Iterator[None]:
    """Of those that are launched within, the one of this number, from 1, dies as it starts."""
    launch, last = launcher.launch, len(launcher.launched) + number
    with pytest.MonkeyPatch.context() as patch:

        def launched(order: Order) -> Process:
            process = launch(order)
            watch = process.when_ended
            if len(launcher.launched) == last:
                patch.setattr(process, "when_ended", lambda told: (watch(told), process.kill()))
            return process

        patch.setattr(launcher, "launch", launched)
        yield


def test_a_reload_that_fails_leaves_what_was_known_of_the_apps(tmp_path: Path) -> None:
    async def test(arbiter: DirtyArbiter, launcher: ElsewhereLauncher) -> None:
        before, facts = homes(arbiter), arbiter.catalogue.facts
        with dying(launcher, 1):
            arbiter.supervisor.reload({APP: AppFacts(workers=1, kill_on_cancel=True)})
            assert homes(arbiter) != before
            await until(lambda: bool(arbiter.supervisor.reload_failure))
        assert homes(arbiter) == before
        assert arbiter.catalogue.facts == facts
        assert ready(arbiter) == WORKERS

    run(WORKERS, tmp_path, test)


def test_a_reload_that_fails_later_leaves_what_the_new_code_says(tmp_path: Path) -> None:
    async def test(arbiter: DirtyArbiter, launcher: ElsewhereLauncher) -> None:
        with dying(launcher, 2):
            arbiter.supervisor.reload({APP: AppFacts(kill_on_cancel=True)})
            await until(lambda: bool(arbiter.supervisor.reload_failure))
        assert arbiter.catalogue.kills_on_cancel(APP)

    run(WORKERS, tmp_path, test)


def test_a_worker_is_recycled_though_its_first_successor_fails(tmp_path: Path) -> None:
    async def test(arbiter: DirtyArbiter, launcher: ElsewhereLauncher) -> None:
        worker = next(iter(arbiter.supervisor.workers.values()))
        with dying(launcher, 1):
            arbiter.supervisor.recycle(worker, "its age")
            await until(lambda: worker.age not in arbiter.supervisor.workers)
        assert ready(arbiter) == WORKERS

    run(WORKERS, tmp_path, test)


# --- a start that cannot be ---


FULL = """
from dirty_runtime import StashError
from dirty_runtime.arbiter.stash.memory import MemoryStash
async def ensure(self, table):
    raise StashError("it is full")
MemoryStash.ensure = ensure
from dirty_runtime.__main__ import main
main()
"""


def test_a_table_that_cannot_be_made_is_told_in_a_line(directory: Path) -> None:
    words = ("serve", "--app", "changing:Limited", "--socket", "s")
    done = subprocess.run(
        [sys.executable, "-c", FULL, *words],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: the tables that apps ask for by `stashes` cannot be made")
    assert done.stderr.count("\n") == 1
