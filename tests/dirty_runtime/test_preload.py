"""Apps that are loaded once, in a template from which their workers are forked."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dirty_runtime import DirtyError
from dirty_runtime.testing import Arbiter, started

from .processes import (
    THEIRS,
    dirty,
    is_running,
    run_dirty,
    serving,
    wait_until,
    wait_until_logged,
)

APP = """
import os, pathlib, random, sys, threading, types
from dirty_runtime import DirtyApp

HERE = pathlib.Path(__file__).parent
VERSION = 1

class Shared(DirtyApp):
    preload = True
    async def init(self):
        (HERE / "inits").open("a").write("x")
        if (HERE / "broken").exists():
            raise RuntimeError("it is broken")
        if (HERE / "cuda").exists():
            sys.modules["torch"] = types.ModuleType("torch")
            sys.modules["torch"].cuda = types.SimpleNamespace(is_initialized=lambda: True)
        self.template, self.forks, self.object = os.getpid(), [], object()
        wait = threading.Event().wait
        threading.Thread(target=wait, name="watches the model", daemon=True).start()
    async def after_fork(self):
        self.forks.append(os.getpid())
    def facts(self):
        state = {"pid": os.getpid(), "template": self.template, "forks": self.forks}
        state |= {"object": id(self.object), "random": random.random(), "version": VERSION}
        return state | {"slot": os.environ["DIRTY_WORKER_SLOT"]}
    def exit(self):
        os._exit(7)

class Alone(DirtyApp):
    def init(self):
        self.pid = os.getpid()
    def facts(self):
        return {"pid": os.getpid(), "init": self.pid}
"""
SHARED, ALONE = "preload_app:Shared", "preload_app:Alone"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("preload")
    (directory / "preload_app.py").write_text(APP)
    return directory


@pytest.fixture(scope="module")
def arbiter(directory: Path) -> Iterator[Arbiter]:
    options = ("--max-crashes", "1000")
    with serving(SHARED, ALONE, workers=2, options=options, directory=directory) as arbiter:
        yield arbiter


def facts(arbiter: Arbiter, app: str = SHARED) -> dict[str, Any]:
    with arbiter.client() as client:
        found: dict[str, Any] = client.execute(app, "facts")
        return found


def of_all(arbiter: Arbiter) -> dict[int, dict[str, Any]]:
    """What each worker says, by its process."""
    found: dict[int, dict[str, Any]] = {}

    def is_complete() -> bool:
        found.update({one["pid"]: one for one in [facts(arbiter)]})
        return arbiter.pids() <= found.keys()

    wait_until(is_complete)
    return found


def ancestor(pid: int, count: int) -> int:
    for _ in range(count):
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return pid


def test_it_is_loaded_once_and_shared(arbiter: Arbiter, directory: Path) -> None:
    one, other = of_all(arbiter).values()
    assert (directory / "inits").read_text() == "x"
    assert one["template"] == other["template"]
    assert one["object"] == other["object"]
    assert one["random"] != other["random"]
    assert {one["slot"], other["slot"]} == {"0", "1"}
    assert [one["forks"], other["forks"]] == [[one["pid"]], [other["pid"]]]


def test_status_tells_what_memory_workers_share(arbiter: Arbiter) -> None:
    wait_until(lambda: len(arbiter.pids()) == 2)
    # It is looked at once a second.
    wait_until(lambda: all(one["pss_bytes"] for one in arbiter.status()["workers"]))
    for worker in arbiter.status()["workers"]:
        assert worker["private_bytes"] > 0
        assert worker["shared_bytes"] > worker["pss_bytes"] - worker["private_bytes"] > 0


def test_an_app_without_it_is_loaded_by_each_worker(arbiter: Arbiter) -> None:
    found = facts(arbiter, ALONE)
    assert found["init"] == found["pid"]


def test_threads_of_the_template_are_told_by_name(arbiter: Arbiter) -> None:
    wait_until_logged(arbiter, "its threads run in no worker: watches the model")
    assert arbiter.log.read_text().count("watches the model") == 1


def test_a_worker_that_dies_is_replaced_from_the_same_template(arbiter: Arbiter) -> None:
    before = facts(arbiter)
    os.kill(before["pid"], signal.SIGKILL)
    wait_until(lambda: len(arbiter.pids() - {before["pid"]}) == 2)
    assert {one["template"] for one in of_all(arbiter).values()} == {before["template"]}


def test_how_a_worker_ended_is_told(arbiter: Arbiter) -> None:
    with arbiter.client() as client, pytest.raises(DirtyError):
        client.execute(SHARED, "exit")
    wait_until_logged(arbiter, "died: exited with 7")


def test_after_fork_is_no_action(arbiter: Arbiter) -> None:
    with arbiter.client() as client, pytest.raises(DirtyError, match="cannot be called"):
        client.execute(SHARED, "after_fork")


@pytest.mark.parametrize("generations", [0, 1], ids=["a template", "its keeper"])
def test_when_it_dies_the_workers_serve_on(arbiter: Arbiter, generations: int) -> None:
    wait_until(lambda: len(arbiter.pids()) == 2)
    old, before = templates(arbiter)[-1], arbiter.pids()
    os.kill(ancestor(old, generations), signal.SIGKILL)
    wait_until(lambda: not is_running(old))
    wait_until(lambda: templates(arbiter)[-1] != old)
    assert arbiter.pids() == before
    killed = facts(arbiter)["pid"]
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: len(arbiter.pids() - {killed}) == 2)
    (new,) = arbiter.pids() - before
    assert of_all(arbiter)[new]["template"] == templates(arbiter)[-1]


def templates(arbiter: Arbiter) -> list[int]:
    """Those that have loaded their apps, by the log."""
    return [int(pid) for pid in re.findall(r"template (\d+) has loaded", arbiter.log.read_text())]


def test_a_reload_loads_the_new_code_and_goes_back_if_it_fails(tmp_path: Path) -> None:
    (tmp_path / "preload_app.py").write_text(APP)
    with serving(SHARED, directory=tmp_path) as arbiter:
        first = facts(arbiter)
        (tmp_path / "preload_app.py").write_text(APP.replace("VERSION = 1", "VERSION = 2"))
        words = ("reload", "--wait", "30", "--socket", arbiter.socket_path)
        assert run_dirty(*words).returncode == 0
        second = facts(arbiter)
        assert (first["version"], second["version"]) == (1, 2)
        wait_until(lambda: not is_running(first["template"]))
        (tmp_path / "preload_app.py").write_text(APP.replace("VERSION = 1", "VERSION = 3"))
        (tmp_path / "broken").touch()
        assert "it is broken" in run_dirty(*words).stderr
        # The code that served goes on to serve, in the place of one that dies as well.
        os.kill(second["pid"], signal.SIGKILL)
        wait_until(lambda: bool(arbiter.pids() - {second["pid"]}))
        third = facts(arbiter)
        assert (third["version"], third["template"]) == (2, second["template"])


@pytest.mark.parametrize(
    ("fault", "reason"), [("broken", "init() failed: RuntimeError"), ("cuda", "CUDA was init")]
)
def test_an_app_that_cannot_be_loaded_is_put_aside(tmp_path: Path, fault: str, reason: str) -> None:
    (tmp_path / "preload_app.py").write_text(APP)
    (tmp_path / fault).touch()
    command = dirty("serve", "--app", SHARED, "--app", ALONE, "--socket", "SOCKET")
    with started(command, directory=tmp_path) as arbiter:
        arbiter.wait_ready(2)
        assert facts(arbiter, ALONE)["pid"]
        assert reason in arbiter.status()["down"][SHARED]


def test_nothing_is_left_of_an_arbiter_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "preload_app.py").write_text(APP)
    command = dirty("serve", "--app", SHARED, "--workers", "1", "--socket", "SOCKET")
    with started(command, directory=tmp_path) as arbiter:
        arbiter.wait_ready()
        found = facts(arbiter)
        all_of_it = [ancestor(found["pid"], count) for count in range(5)]
        assert all_of_it[2] == found["template"]
        arbiter.signal(signal.SIGKILL)
        arbiter.wait()
        wait_until(lambda: not any(map(is_running, all_of_it)))


def test_any_app_can_be_loaded_once_by_a_setting() -> None:
    with serving(THEIRS, workers=2, options=("--preload",)) as arbiter:
        assert "has loaded" in arbiter.log.read_text()
        with arbiter.client() as client:
            assert client.execute(THEIRS, "counters")["inits"] == 1


def test_a_setting_names_apps_that_are_served(tmp_path: Path) -> None:
    (tmp_path / "conf.py").write_text("dirty_apps = ['a:A']\ndirty_preload = ['b:B']\n")
    done = run_dirty("serve", "-c", "conf.py", "--socket", "s", cwd=tmp_path)
    assert "preload names app b:B, which is not served" in done.stderr
