"""What a process has started ends with it, whatever that has become and however the process ends.

Each worker and each inspector has a keeper, to whom all comes that loses its parent: sessions and
groups of its own, a second fork, an environment of its own help nothing out of the tree.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from dirty_runtime import DirtyError
from dirty_runtime.arbiter.clock import Clock
from dirty_runtime.arbiter.workers import template
from dirty_runtime.arbiter.workers.process import Kept
from dirty_runtime.arbiter.workers.template import OUTPUT, Start, Template, Templates
from dirty_runtime.testing import Arbiter, started
from tests.acceptance.facts import family
from tests.dirty_runtime.processes import (
    LIMIT_S,
    dirty,
    is_running,
    serving,
    wait_until,
)

APP = '''
import json, os, pathlib, signal, subprocess, sys, time
from dirty_runtime import DirtyApp

HERE = pathlib.Path(__file__).parent

def in_shell(command):
    return int(subprocess.run(["sh", "-c", command], stdout=subprocess.PIPE).stdout)

def that_has_left(pid):
    while os.getsid(pid) == os.getsid(0):
        time.sleep(0.001)
    return pid

def forked():
    pid = os.fork()
    if pid == 0:
        time.sleep(600)
    return pid

def planted():
    """Processes of every kind; their numbers by the kind."""
    sleep = ["sleep", "600"]
    return {
        "a child": subprocess.Popen(sleep).pid,
        "in a session of its own": subprocess.Popen(sleep, start_new_session=True).pid,
        "a grandchild without a parent": in_shell("sleep 600 >/dev/null & echo $!"),
        "a daemon": that_has_left(in_shell("setsid env -i sleep 600 >/dev/null & echo $!")),
        "which holds the lanes": forked(),
    }

if (HERE / "plant").exists() and "inspector" in sys.argv[0]:
    (HERE / "new").write_text(json.dumps(planted()))
    (HERE / "new").rename(HERE / "planted")

class App(DirtyApp):
    def pid(self):
        return os.getpid()

    def plant(self):
        return planted()

    def plant_and(self, end, *args):
        (HERE / "new").write_text(json.dumps(planted()))
        (HERE / "new").rename(HERE / "planted")
        getattr(self, end)(*args)

    def be_killed(self, number):
        os.kill(os.getpid(), number)
        self.be_silent()

    def exit(self):
        os._exit(7)

    def be_silent(self):
        time.sleep(600)

    def zombies(self):
        subprocess.run(["sh", "-c", "true & sleep 0 & exec true"], check=True)
'''
PATH = "tree_app:App"
ENDS = {
    "is killed": ("be_killed", signal.SIGKILL),
    "runs out of its memory's bounds": ("be_killed", signal.SIGSEGV),
    "aborts": ("be_killed", signal.SIGABRT),
    "exits": ("exit",),
    "is silent": ("be_silent",),
}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("tree")
    (directory / "tree_app.py").write_text(APP)
    return directory


@pytest.fixture(scope="module")
def arbiter(directory: Path) -> Iterator[Arbiter]:
    options = ("--timeout", "1", "--max-crashes", "1000")
    with serving(PATH, options=options, directory=directory) as arbiter:
        yield arbiter


def planted(directory: Path) -> dict[str, int]:
    wait_until((directory / "planted").exists)
    found: dict[str, int] = json.loads((directory / "planted").read_text())
    (directory / "planted").unlink()
    return found


def assert_gone(tree: dict[str, int]) -> None:
    wait_until(lambda: not left(tree), lambda: f"of {tree}, {left(tree)} live")


def left(tree: dict[str, int]) -> list[str]:
    return [kind for kind, pid in tree.items() if is_running(pid)]


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def keeper_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.mark.parametrize("end", ENDS)
def test_a_worker_that(end: str, arbiter: Arbiter, directory: Path) -> None:
    with arbiter.client() as client:
        with pytest.raises(DirtyError):
            client.execute(PATH, "plant_and", *ENDS[end])
        assert_gone(planted(directory))
        assert client.execute(PATH, "pid") in arbiter.pids()


def test_a_worker_that_ends_well(arbiter: Arbiter) -> None:
    with arbiter.client() as client:
        before, tree = arbiter.pids(), client.execute(PATH, "plant")
        assert not [kind for kind, pid in tree.items() if not is_running(pid)]
        arbiter.signal(signal.SIGHUP)
        wait_until(lambda: bool(arbiter.pids()) and not arbiter.pids() & before)
        assert_gone(tree)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGQUIT])
def test_an_arbiter_that_ends_by(number: signal.Signals, directory: Path) -> None:
    command = dirty("serve", "--app", PATH, "--workers", "1", "--socket", "SOCKET")
    with started(command, directory=directory) as arbiter:
        arbiter.wait_ready()
        with arbiter.client() as client:
            pid, tree = client.execute(PATH, "pid"), client.execute(PATH, "plant")
        arbiter.signal(number)
        arbiter.wait()
        assert_gone({"the worker": pid, **tree})


def test_a_keeper_that_is_killed_takes_its_worker_with_it(arbiter: Arbiter) -> None:
    with arbiter.client() as client:
        pid, tree = client.execute(PATH, "pid"), client.execute(PATH, "plant")
        os.kill(keeper_of(pid), signal.SIGKILL)
        # What has left the group is nobody's any more.
        outside = [tree.pop("in a session of its own"), tree.pop("a daemon")]
        assert_gone({"the worker": pid, **tree})
        for other in outside:
            os.kill(other, signal.SIGKILL)
        assert client.execute(PATH, "pid") in arbiter.pids()


def test_an_inspector_that_has_told_what_it_should(directory: Path) -> None:
    (directory / "plant").touch()
    with serving(PATH, directory=directory):
        (directory / "plant").unlink()
        assert_gone(planted(directory))


def test_nobody_of_a_worker_stays_a_zombie(arbiter: Arbiter) -> None:
    with arbiter.client() as client:
        client.execute(PATH, "zombies")
        keeper = keeper_of(client.execute(PATH, "pid"))
        wait_until(lambda: len(children_of(keeper)) == 1)


def test_a_signal_to_everybody_is_for_the_arbiter_to_follow(arbiter: Arbiter) -> None:
    with arbiter.client() as client:
        pid = client.execute(PATH, "pid")
        stat = Path(f"/proc/{pid}/stat").read_text()
        keeper = int(stat.rpartition(")")[2].split()[1])
        for number in (
            signal.SIGTERM,
            signal.SIGINT,
            signal.SIGHUP,
            signal.SIGUSR1,
            signal.SIGTSTP,
        ):
            os.kill(keeper, number)
        assert client.execute(PATH, "pid") == pid


SAYS_WHAT_COMES = """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
print("waits", flush=True)
print(int(signal.sigwait(signal.valid_signals())), flush=True)
"""


async def come(number: int) -> str:
    """What a command says that is sent a signal by its keeper."""
    templates = Templates("", LIMIT_S, Clock())
    ours, theirs = os.pipe()
    words = [sys.executable, "-c", SAYS_WHAT_COMES]
    with open(ours) as said:
        fds = [(OUTPUT, theirs)]
        kept = templates.start(Start("command", words, os.environ, str(Path.cwd()), fds))
        os.close(theirs)
        async with asyncio.timeout(LIMIT_S):
            ended = asyncio.Event()
            kept.when_ended(ended.set)
            assert await asyncio.to_thread(said.readline) == "waits\n"
            kept.hand_on(number)
            told = await asyncio.to_thread(said.readline)
            await ended.wait()
            await templates.stop()
            return told


@pytest.mark.parametrize(
    "number",
    [signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1],
)
def test_a_keeper_hands_signals_on(number: int) -> None:
    assert asyncio.run(come(number)) == f"{int(number)}\n"


async def end_of(kept: Kept) -> None:
    async with asyncio.timeout(LIMIT_S):
        is_over = asyncio.Event()
        kept.when_ended(is_over.set)
        await is_over.wait()


def has_a_spare_alone(pid: int) -> bool:
    """Whether the template has the keeper of its spare, that has the spare, and nobody else."""
    with suppress(FileNotFoundError):
        _, *others = family(pid)
        return len(others) == 2 and family(others[0]) == others
    return False


@pytest.mark.parametrize("has_forked", [False, True], ids=["it alone", "and what it has forked"])
def test_a_template_that_stands_is_replaced(
    monkeypatch: pytest.MonkeyPatch, has_forked: bool
) -> None:
    monkeypatch.setattr(template, "STUCK_S", 0.1)
    start = Start("command", ["true"], os.environ, str(Path.cwd()))

    async def test() -> None:
        templates = Templates("", LIMIT_S, Clock())
        first = templates.start(start)
        stands = [pid for pid in Template.pids if is_running(pid)]
        if has_forked:
            await end_of(first)
            await asyncio.to_thread(wait_until, lambda: has_a_spare_alone(stands[0]))
            stands = family(stands[0])
        for pid in stands:
            os.kill(pid, signal.SIGSTOP)
        if has_forked:
            first = templates.start(start)
        first.kill()
        await end_of(first)
        last = templates.start(start)
        await end_of(last)
        assert last.ending() == "exited with 0"
        for pid in stands:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await templates.stop()

    asyncio.run(test())


IN_A_NAMESPACE = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")


def may_unshare() -> bool:
    with suppress(FileNotFoundError):
        return subprocess.run([*IN_A_NAMESPACE, "true"], stderr=subprocess.DEVNULL).returncode == 0
    return False


@pytest.mark.skipif(not may_unshare(), reason="a namespace of processes is not to be had here")
def test_process_1_waits_for_all_that_comes_to_it(directory: Path) -> None:
    # It comes from beside the arbiter, as what `docker exec` starts does.
    script = 'sleep 0.1 & (sleep 0.1 &) ; exec "$@"'
    serve = dirty("serve", "--app", PATH, "--workers", "1", "--socket", "SOCKET")
    with started([*IN_A_NAMESPACE, "sh", "-c", script, "sh", *serve], directory=directory) as one:
        one.wait_ready()
        (inside,) = (
            Path(f"/proc/{one.process.pid}/task/{one.process.pid}/children").read_text().split()
        )
        children = Path(f"/proc/{inside}/task/{inside}/children")
        wait_until(lambda: len(children.read_text().split()) == 1, children.read_text)
        os.kill(int(inside), signal.SIGTERM)
        assert one.wait() == 0
