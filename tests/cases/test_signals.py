"""A signal does what the guide says of it, to whomever and whenever it comes.

One that comes before the arbiter can follow it waits; one that comes at its end changes nothing.
A worker that is told to end serves until its successor does; by others it dies, and is replaced.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import gdproto
from dirty_runtime import DirtyWorkerError
from dirty_runtime.arbiter.signals import MEANINGLESS, MEANT, name_of
from dirty_runtime.testing import Arbiter, ending
from tests.dirty_runtime.processes import (
    LIMIT_S,
    OURS,
    ROOT,
    is_running,
    serving,
    wait_until,
    wait_until_logged,
)
from tests.dirty_runtime.test_serve import Call

# --- to a worker ---


@pytest.fixture(scope="module")
def arbiter() -> Iterator[Arbiter]:
    with serving(OURS, options=("--max-crashes", "1000")) as arbiter:
        yield arbiter


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_worker_that_is_told_to_end_is_replaced_and_fails_no_call(
    number: signal.Signals, arbiter: Arbiter, tmp_path: Path
) -> None:
    with arbiter.client() as client:
        call = Call(client, tmp_path)
        call.wait_until_running()
        (before,) = arbiter.pids()
        for _ in range(3):
            os.kill(before, number)
        wait_until(lambda: bool(arbiter.pids() - {before}))
        call.let_go()
        assert call.result() == "go on"
    wait_until(lambda: not is_running(before))
    line = f"worker {before} (slot 0) asks to be replaced: {number.name} came to it"
    wait_until_logged(arbiter, line)
    wait_until(lambda: len(arbiter.status()["workers"]) == 1)


@pytest.mark.parametrize(
    "number", [signal.SIGQUIT, signal.SIGUSR2, signal.SIGABRT, signal.SIGKILL, signal.SIGALRM]
)
def test_a_worker_that_dies_by_a_signal_is_told_of_and_replaced(
    number: signal.Signals, arbiter: Arbiter, tmp_path: Path
) -> None:
    with arbiter.client() as client:
        call = Call(client, tmp_path)
        call.wait_until_running()
        (before,) = arbiter.pids()
        os.kill(before, number)
        with pytest.raises(DirtyWorkerError, match=number.name):
            call.result()
        assert client.execute(OURS, "pid") != before
    wait_until_logged(arbiter, f"worker {before} (slot 0) died: killed by {number.name}")


def test_what_a_worker_forks_has_signals_as_usual(tmp_path: Path) -> None:
    (tmp_path / "forking.py").write_text(
        "import os, signal, time\n"
        "class App:\n"
        "    def init(self): pass\n"
        "    def close(self): pass\n"
        "    def __call__(self, action, number):\n"
        "        pid = os.fork()\n"
        "        if pid == 0: time.sleep(600)\n"
        "        os.kill(pid, number)\n"
        "        return os.getpid(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])\n"
    )
    with serving("forking:App", directory=tmp_path) as arbiter, arbiter.client() as client:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
            pid, code = client.execute("forking:App", "kill", int(number))
            assert code == -number
            assert arbiter.pids() == {pid}


# --- to everybody ---


def test_everybody_may_be_told_to_end_at_once(tmp_path: Path) -> None:
    """As a service manager does it, or a terminal."""
    with serving(OURS, workers=2) as arbiter, arbiter.client() as client:
        call = Call(client, tmp_path)
        call.wait_until_running()
        workers = arbiter.pids()
        for pid in (*workers, arbiter.process.pid, *workers):
            os.kill(pid, signal.SIGTERM)
        wait_until(lambda: "stopping: 1 calls run" in arbiter.log.read_text())
        call.let_go()
        assert call.result() == "go on"
        assert arbiter.wait() == 0
        assert "died" not in arbiter.log.read_text()


def test_a_worker_is_in_no_group_of_the_arbiters(arbiter: Arbiter) -> None:
    for pid in arbiter.pids():
        assert os.getsid(pid) == os.getpgid(pid) == pid


# --- too soon, and once more ---

# Sends itself signals before and after it serves, and where files are made and removed.
EARLY = """
import os, signal, sys
from dirty_runtime.arbiter import DirtyArbiter, pidfile
make, remove, run = pidfile.Pidfile.write, pidfile.Pidfile.remove, DirtyArbiter.run
def shoot(when):
    for word in os.environ.get(when, "").split():
        os.kill(os.getpid(), getattr(signal, word))
def write(self):
    shoot("AT_FIRST"); make(self); shoot("AT_FIRST")
def removed(self):
    shoot("AT_LAST"); remove(self); shoot("AT_LAST")
def ran(self, **how):
    shoot("AT_FIRST"); run(self, **how); shoot("AT_LAST")
pidfile.Pidfile.write, pidfile.Pidfile.remove, DirtyArbiter.run = write, removed, ran
from dirty_runtime.__main__ import main
main()
"""
HARMLESS = "SIGHUP SIGUSR1 SIGTTIN SIGTTOU"


def serve_and_shoot(directory: Path, **when: str) -> subprocess.Popen[str]:
    words = ["serve", "--app", OURS, "--socket", str(directory / "s"), "--workers", "1"]
    return subprocess.Popen(
        [sys.executable, "-c", EARLY, *words, "--pidfile", str(directory / "p")],
        env={**os.environ, **when},
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    )


@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT", "SIGQUIT"])
def test_an_end_that_is_wanted_too_soon_leaves_nothing(number: str, tmp_path: Path) -> None:
    shot = serve_and_shoot(tmp_path, AT_FIRST=f"{HARMLESS} {number}", AT_LAST=number)
    with shot as process, ending(process):
        _, said = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


# Becomes a worker that was sent a signal before.
WORKER = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
os.kill(os.getpid(), int(sys.argv[1]))
from dirty_runtime.worker.__main__ import main
sys.exit(main())
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_what_comes_to_a_worker_before_it_runs_finds_its_handler(number: signal.Signals) -> None:
    ours, lane = socket.socketpair()
    trace, written = os.pipe()
    told = {
        "GD_WORKER_FDS": str(lane.fileno()),
        "GD_WORKER_APPS": json.dumps([OURS]),
        "DIRTY_TRACE_FD": str(written),
    }
    with open(trace) as traced, ours:
        ours.settimeout(LIMIT_S)
        ours.sendall(gdproto.Status(1).to_bytes())
        with subprocess.Popen(
            [sys.executable, "-c", WORKER, str(int(number))],
            env=os.environ | told, pass_fds=(lane.fileno(), written), cwd=ROOT,
        ) as worker, ending(worker):  # fmt: skip
            lane.close()
            os.close(written)
            assert isinstance(gdproto.parse(ours.recv(65536)), gdproto.Response)
            ours.close()
            assert worker.wait(LIMIT_S) == 0
        asked = ["leave SIGTERM came to it"] if number == signal.SIGTERM else []
        assert traced.read().splitlines() == [*asked, OURS]


@pytest.mark.parametrize("more", ["SIGTERM", "SIGINT", "SIGQUIT", HARMLESS])
def test_what_comes_while_it_ends_changes_nothing(more: str, tmp_path: Path) -> None:
    with serve_and_shoot(tmp_path, AT_FIRST=HARMLESS, AT_LAST=more) as process, ending(process):
        assert process.stderr is not None
        told = iter(process.stderr.readline, "")
        assert any("serves at" in line for line in told)
        process.terminate()
        said = "".join(told)
        assert process.wait(LIMIT_S) == 0, said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_a_storm_of_signals_is_weathered(arbiter: Arbiter) -> None:
    before = arbiter.pids()
    for _ in range(1000):
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGTTOU):
            arbiter.signal(number)
    wait_until(lambda: not arbiter.status()["reloading"])
    wait_until(lambda: not arbiter.pids() & before and len(arbiter.pids()) == 1)
    with arbiter.client() as client:
        assert client.execute(OURS, "pid") in arbiter.pids()


# --- how fast it ends ---

CLOSING = """
import pathlib, time
class App:
    def init(self): pass
    def close(self):
        pathlib.Path(__file__).with_name("closing").touch()
        if pathlib.Path(__file__).with_name("slow").exists():
            time.sleep(600)
    def __call__(self, action): return action
"""


def test_without_grace_the_apps_are_closed_still(tmp_path: Path) -> None:
    (tmp_path / "closing_app.py").write_text(CLOSING)
    options = ("--graceful-timeout", "0")
    with serving("closing_app:App", options=options, directory=tmp_path) as arbiter:
        assert arbiter.stop() == 0
    assert (tmp_path / "closing").exists()


def test_a_quit_waits_for_no_app_that_closes(tmp_path: Path) -> None:
    (tmp_path / "closing_app.py").write_text(CLOSING)
    (tmp_path / "slow").touch()
    with serving("closing_app:App", directory=tmp_path) as arbiter:
        arbiter.signal(signal.SIGTERM)
        wait_until((tmp_path / "closing").exists)
        arbiter.signal(signal.SIGQUIT)
        # Well below what an app gets to close.
        assert arbiter.wait(5) == 0


def test_a_reload_that_comes_after_the_end_is_none(tmp_path: Path) -> None:
    with serving(OURS) as arbiter, arbiter.client() as client:
        call = Call(client, tmp_path)
        call.wait_until_running()
        arbiter.signal(signal.SIGTERM)
        wait_until(lambda: "stopping" in arbiter.log.read_text())
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGTTIN, signal.SIGINT):
            arbiter.signal(number)
        call.let_go()
        assert call.result() == "go on"
        assert arbiter.wait() == 0
        log = arbiter.log.read_text()
        assert re.search("reloading|workers wanted", log) is None
        assert log.count("stopping:") == 1


# --- what has no meaning ---


def test_a_signal_without_a_meaning_is_told_and_changes_nothing(arbiter: Arbiter) -> None:
    before = arbiter.pids()
    for number in MEANINGLESS:
        os.kill(arbiter.process.pid, number)
        wait_until_logged(arbiter, f"{name_of(number)} has no meaning for an arbiter")
    assert arbiter.pids() == before


def test_none_is_left_that_would_end_an_arbiter_and_leave_its_files() -> None:
    """By default a signal ends a process, but those that stop it, go on, or tell of a child."""
    kernel = {signal.SIGKILL, signal.SIGSTOP, signal.SIGTSTP, signal.SIGCONT, signal.SIGCHLD}
    harmless = {signal.SIGURG, signal.SIGWINCH, signal.SIGPIPE, signal.SIGXFSZ}
    # A fault of the process itself: to go on would hide it.
    faults = {"SEGV", "BUS", "FPE", "ILL", "ABRT", "TRAP", "SYS", "XCPU"}
    at_fault = {getattr(signal, f"SIG{name}") for name in faults}
    assert signal.valid_signals() == MEANT | kernel | harmless | at_fault
