"""`dirty_runtime.testing`: what starts an arbiter ends it, however the test ends."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dirty_runtime.testing import Arbiter, ArbiterError, ending, running, started

from .processes import CHANGING, LIMIT_S, ROOT, is_running, wait_until, wait_until_logged

GOOD = "changing:Good"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    shutil.copy(CHANGING, tmp_path)
    return tmp_path


def test_all_workers_are_ready_and_nothing_is_left(directory: Path) -> None:
    with running(GOOD, workers=2, directory=directory) as arbiter, arbiter.client() as client:
        pids = arbiter.pids()
        assert len(pids) == 2
        assert client.execute(GOOD, "pid") in pids
        pids.add(arbiter.process.pid)
    assert not any(map(is_running, pids))
    assert not Path(arbiter.socket_path).parent.exists()


def test_a_failing_test_leaves_nothing_either(directory: Path) -> None:
    pids: set[int] = set()

    def fail() -> None:
        with running(GOOD, directory=directory) as arbiter:
            pids.update({arbiter.process.pid, *arbiter.pids()})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert len(pids) == 2
    assert not any(map(is_running, pids))


def test_what_an_app_left_running_is_ended(directory: Path) -> None:
    (directory / "forking.py").write_text(
        "import subprocess\n"
        "import dirty_runtime\n"
        "class Forking(dirty_runtime.DirtyApp):\n"
        "    def start(self):\n"
        "        return subprocess.Popen(['sleep', '600']).pid\n"
    )
    path = "forking:Forking"
    with running(path, directory=directory) as arbiter, arbiter.client() as client:
        pid = client.execute(path, "start")
        assert is_running(pid)
    wait_until(lambda: not is_running(pid))


def test_where_this_process_is_killed_so_is_all_that_it_started(directory: Path) -> None:
    program = (
        "import sys, dirty_runtime.testing as testing\n"
        f"with testing.running({GOOD!r}, directory={str(directory)!r}) as arbiter:\n"
        "    print(arbiter.process.pid, *arbiter.pids(), flush=True)\n"
        "    sys.stdin.read()\n"
    )
    words = [sys.executable, "-c", program]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        pids = [int(word) for word in process.stdout.readline().split()]
        assert len(pids) == 2
        process.kill()
        process.wait(LIMIT_S)
    wait_until(lambda: not any(map(is_running, pids)))


def test_an_arbiter_that_cannot_start_says_why_at_once() -> None:
    began_s = time.monotonic()
    with pytest.raises(ArbiterError) as caught, running("no_such_module:App"):
        raise AssertionError("it runs")
    assert time.monotonic() - began_s < LIMIT_S
    (line,) = str(caught.value).splitlines()
    assert "ended with status 1" in line
    assert "no_such_module" in line
    (note,) = caught.value.__notes__
    assert "no_such_module" in note


def fault_of(*arbiters: Arbiter) -> Exception:
    """One that comes when all their logs are written."""
    for one in arbiters:
        wait_until_logged(one, f"serves at {one.socket_path}")
    return ZeroDivisionError()


def test_whatever_fails_has_the_log_as_its_note(directory: Path) -> None:
    two = (running(GOOD, directory=directory) for _ in range(2))
    with pytest.raises(ZeroDivisionError) as caught, next(two) as outer, next(two) as inner:
        raise fault_of(outer, inner)
    notes = caught.value.__notes__
    assert len(notes) == 2
    for note, arbiter in zip(notes, (inner, outer), strict=True):
        assert f"serves at {arbiter.socket_path}" in note


def test_workers_that_do_not_come_are_counted(directory: Path) -> None:
    with running(GOOD, directory=directory) as arbiter:
        arbiter.wait_ready(1)
        with pytest.raises(ArbiterError, match=r"1 of 1 workers were ready after 0\.1 s"):
            arbiter.wait_ready(2, timeout=0.1)


def test_options_variables_and_the_socket_are_as_told(tmp_path: Path, directory: Path) -> None:
    (directory / "told.py").write_text(
        "import os\n"
        "import dirty_runtime\n"
        "class Told(dirty_runtime.DirtyApp):\n"
        "    def variable(self, name):\n"
        "        return os.environ.get(name)\n"
    )
    path = str(tmp_path / "chosen")
    with (
        running(
            "told:Told",
            directory=directory,
            socket_path=path,
            threads=3,
            options=("--max-queue", "7"),
            environment={"TOLD": "yes"},
        ) as arbiter,
        arbiter.client() as client,
    ):
        assert arbiter.socket_path == path
        assert client.execute("told:Told", "variable", "TOLD") == "yes"
        assert [worker["lanes"] for worker in arbiter.status()["workers"]] == [3]
        assert arbiter.stop() == 0
        assert arbiter.log.read_text().endswith("stopped\n")
    assert not Path(path).exists()


def test_an_arbiter_that_does_not_stop_is_told_and_ended() -> None:
    program = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    with started([sys.executable, "-c", program], directory=ROOT) as arbiter:
        pid = arbiter.process.pid
        ready = f"/proc/{pid}/status"
        # The signal is ignored, by the mask that the kernel shows.
        wait_until(lambda: _ignores(Path(ready).read_text(), signal.SIGTERM))
        with pytest.raises(ArbiterError, match=r"the arbiter runs on after 0\.1 s"):
            arbiter.stop(timeout=0.1)
        arbiter.process.kill()
    assert not is_running(pid)


def _ignores(status: str, number: int) -> bool:
    (mask,) = [line.split()[1] for line in status.splitlines() if line.startswith("SigIgn")]
    return bool(int(mask, 16) >> (number - 1) & 1)


def test_another_program_can_be_held_likewise() -> None:
    words = ["sh", "-c", "sleep 600 & sleep 600"]
    with subprocess.Popen(words, start_new_session=True) as process:
        with ending(process):
            assert process.poll() is None
        assert process.returncode == -signal.SIGTERM
