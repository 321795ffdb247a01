"""A worker that was let go is waited for so long and no longer, and the log says for whom."""

from __future__ import annotations

import logging
import signal
from pathlib import Path

import pytest

from dirty_runtime.arbiter import DirtyArbiter
from dirty_runtime.arbiter.policy.allocation import slot_to_remove
from dirty_runtime.testing import started
from tests.dirty_runtime.processes import dirty, wait_until
from tests.dirty_runtime.test_launchers import (
    APP,
    WORKERS,
    Elsewhere,
    ElsewhereLauncher,
    run,
    until,
)


def test_a_worker_that_does_not_end_is_killed_and_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hear, stubborn = Elsewhere._hear, set()

    def heard(self: Elsewhere) -> None:
        if self.pid not in stubborn:
            hear(self)

    monkeypatch.setattr(Elsewhere, "_hear", heard)

    async def test(arbiter: DirtyArbiter, launcher: ElsewhereLauncher) -> None:
        worker = next(iter(arbiter.supervisor.workers.values()))
        stubborn.add(worker.pid)
        # Far below the graceful timeout, which is for calls.
        monkeypatch.setattr(worker, "_time_to_end_s", 0.05)
        arbiter.supervisor.recycle(worker, "its age")
        await until(lambda: worker.age not in arbiter.supervisor.workers)

    with caplog.at_level(logging.WARNING, "dirty"):
        run(WORKERS, tmp_path, test)
    (said,) = [one.getMessage() for one in caplog.records if "is killed" in one.getMessage()]
    assert "long after it was let go it has not ended" in said
    assert APP in said


def test_a_worker_that_dies_before_it_is_told_to_leave_is_no_fault(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(arbiter: DirtyArbiter, launcher: ElsewhereLauncher) -> None:
        await arbiter.supervisor.settled()
        number = slot_to_remove(arbiter.catalogue.specs, arbiter.supervisor._homes())
        (process,) = [one for one in launcher.launched if one.order.slot == number]
        # It is seen to be gone first.
        process.kill()
        assert arbiter.supervisor.remove(1) == 1
        await arbiter.supervisor.settled()
        assert number not in arbiter.supervisor.slots

    run(WORKERS, tmp_path, test)
    assert [one for one in caplog.records if one.exc_info] == []


BOOTS = """
import time
from pathlib import Path
class App:
    def init(self):
        Path("begun").touch()
        while not Path("go on").exists():
            time.sleep(0.01)
        self.there = True
    def close(self):
        Path("closed").write_text(str(self.there))
    def __call__(self, action): ...
"""


def test_what_is_initialised_is_closed_though_its_worker_boots_in_vain(tmp_path: Path) -> None:
    (tmp_path / "boots.py").write_text(BOOTS)
    words = dirty("serve", "--app", "boots:App", "--socket", "SOCKET", "--workers", "1")
    with started(words, directory=tmp_path) as arbiter:
        wait_until((tmp_path / "begun").exists)
        arbiter.signal(signal.SIGTERM)
        wait_until(lambda: "stopping: " in arbiter.log.read_text())
        (tmp_path / "go on").touch()
        assert arbiter.wait() == 0
    assert (tmp_path / "closed").read_text() == "True"
