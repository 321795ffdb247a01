"""Attacks by what apps do in the template that they are loaded in, and in copies of it.

In small they are left out: each waits until the time to boot is over.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from tests.dirty_runtime.processes import wait_until

from .attacks import Stage, attack, staged
from .facts import family
from .peers import LIMIT_S

COPIED = "tests.acceptance.app:Copied"
OPTIONS = ("--app", COPIED, "--boot-timeout", "1", "--max-crashes", "1000000")
PIDS = Path("/sys/fs/cgroup/pids")
MOST_PROCESSES = 400


@contextlib.contextmanager
def few_processes(pid: int) -> Iterator[bool]:
    """Limit how many the process and what it starts may be; whether this user may do that."""
    group = PIDS / f"gd-{pid}"
    try:
        group.mkdir()
        (group / "pids.max").write_text(str(MOST_PROCESSES))
    except OSError:
        yield False
        return
    try:
        for one in family(pid):
            (group / "cgroup.procs").write_text(str(one))
        yield True
    finally:
        for one in (group / "cgroup.procs").read_text().split():
            (PIDS / "cgroup.procs").write_text(one)
        group.rmdir()


def copies(stage: Stage, what: str) -> None:
    """Replace a worker while copies do that, and see all of it gone, and another serve."""
    if stage.quick:
        return
    with staged(OPTIONS, False) as own, few_processes(own.arbiter.process.pid) as may:
        if what == "fork" and not may:
            return
        (worker,), count = own.arbiter.pids(), len(family(own.arbiter.process.pid))
        do = own.log.with_name("do")
        with own.watched(calls=False):
            do.write_text(what)
            os.kill(worker, signal.SIGKILL)
            # For so long it does that, to whatever is started anew.
            time.sleep(1.5)
            do.unlink()
            own.arbiter.wait_ready()
            wait_until(lambda: len(family(own.arbiter.process.pid)) <= count, limit_s=LIMIT_S)
        stage.outcome = own.outcome


@attack("template: copies of which each forks without an end, 400 processes at most")
def forks(stage: Stage) -> None:
    copies(stage, "fork")


@attack("template: copies that stop themselves")
def stops(stage: Stage) -> None:
    copies(stage, "stop")


@attack("template: copies that hang")
def hangs(stage: Stage) -> None:
    copies(stage, "hang")


@attack("template: one that stops itself, and a worker is killed twice")
def stands(stage: Stage) -> None:
    if stage.quick:
        return
    with staged(OPTIONS, False) as own, own.arbiter.client() as client, own.watched():
        os.kill(client.execute(COPIED, "template"), signal.SIGSTOP)
        for _ in range(2):
            # The first is replaced by the copy that was there already.
            (worker,) = own.arbiter.pids()
            os.kill(worker, signal.SIGKILL)
            wait_until(lambda gone={worker}: own.arbiter.pids() - gone, limit_s=LIMIT_S)
    stage.outcome = own.outcome
