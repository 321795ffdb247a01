"""gunicorn's master, of several versions, with our arbiter in the place of its own."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from gunicorn.config import Config  # type: ignore[import-untyped]

from dirty_runtime import DirtyClient
from dirty_runtime.testing import ending
from tests.conftest import made_once
from tests.examples.web_servers import WebServer

from .processes import ROOT, python_path, wait_until

INSTALLED = "installed"
VERSIONS = (INSTALLED, "25.0.3", "23.0.0")
CONFIG = """
import os
from dirty_runtime.integrations.gunicorn import *
dirty_apps = ["counting:Counting"]
dirty_workers = 1
dirty_max_queue = 7
workers = 1
raw_env = ["TAKEN=once"]
pythonpath = "more"
umask = 0o27
proc_name = "of-the-file"
loglevel = "error"
if os.geteuid() == 0:
    # The command line has others.
    user = group = 65534
def dirty_worker_init(worker):
    worker.apps["counting:Counting"].hooked = worker.age
"""
APP = """
import logging, os, sys
class Counting:
    hooked = None
    def init(self):
        self.version = VERSION
    def close(self):
        pass
    def __call__(self, action, *args, **kwargs):
        if action == "surroundings":
            more = os.path.abspath("more")
            paths = os.environ["PYTHONPATH"].split(os.pathsep)
            counts = paths.count(more), sys.path.count(more)
            level = logging.getLevelName(logging.getLogger().level)
            return [os.environ["TAKEN"], *counts, os.umask(0o27), os.getuid(), level]
        return [os.getpid(), os.getppid(), self.version, self.hooked is not None]
"""
WEB = """
import json, os
from dirty_runtime import DirtyError, get_dirty_client

def ours():
    return {"app": get_dirty_client().execute("counting:Counting", "go"), "pid": os.getpid()}

def theirs():
    from gunicorn.dirty import get_dirty_client
    return {"app": get_dirty_client().execute("counting:Counting", "go")}

def app(environ, start_response):
    call = {"/ours": ours, "/theirs": theirs}.get(environ["PATH_INFO"])
    if call is None:
        start_response("404 Not Found", [])
        return [b""]
    try:
        told = call()
    except DirtyError as error:
        told = {"error": str(error)}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(told).encode()]
"""


def installed(version: str) -> str:
    """Where a gunicorn of this version is, for PYTHONPATH; it is kept for the next run."""
    if version == INSTALLED:
        return ""
    folder = ROOT / "build" / f"gunicorn-{version}"
    folder.parent.mkdir(exist_ok=True)
    with made_once(folder) as is_missing:
        if is_missing:
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder)]
            subprocess.run([*command, f"gunicorn=={version}"], check=True, timeout=90)
    return str(folder)


class Gunicorn(WebServer):
    """A master whose config has the line, and whose web application calls."""

    def __init__(self, folder: Path, version: str, *options: str, config: str = CONFIG) -> None:
        self.folder = folder
        folder.joinpath("gunicorn.conf.py").write_text(config)
        folder.joinpath("web.py").write_text(WEB)
        self.write(1)
        paths = python_path(*filter(None, (installed(version), ROOT, folder)))
        command = [sys.executable, "-m", "gunicorn", "--bind", "unix:SOCKET", "--chdir"]
        command += [str(folder), "--config", f"{folder}/gunicorn.conf.py", *options, "web:app"]
        folder.joinpath("more").mkdir()
        if os.geteuid() == 0:
            command[3:3] = ["--user", "0", "--group", "0"]
        environment = {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
        super().__init__(command, environment, folder)

    def write(self, version: int) -> None:
        self.folder.joinpath("counting.py").write_text(APP.replace("VERSION", str(version)))

    def ask(self, client: str = "ours") -> dict[str, Any]:
        """What the web application has of its call, or the error."""
        told: dict[str, Any] = json.loads(self.get(f"/{client}")[2])
        return told

    def called(self) -> list[int]:
        """As soon as calls are answered."""
        wait_until(lambda: "app" in self.ask(), self.log.read_text)
        told: list[int] = self.ask()["app"]
        return told

    def arbiter(self) -> int:
        """The process of the arbiter, by what the master's children run."""
        master = self.process.pid
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        (found,) = [int(pid) for pid in children if is_arbiter(pid)]
        return found


def is_arbiter(pid: str) -> bool:
    return b"dirty_runtime\0serve" in Path(f"/proc/{pid}/cmdline").read_bytes()


def socket_of(arbiter: int) -> str:
    words = Path(f"/proc/{arbiter}/cmdline").read_text().split("\0")
    return words[words.index("--socket") + 1]


@pytest.fixture(params=VERSIONS)
def master(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Gunicorn]:
    # The file says both otherwise.
    server = Gunicorn(tmp_path, request.param, "--name", "of-the-line", "--log-level", "debug")
    with ending(server.process):
        wait_until(server.is_up, server.log.read_text)
        yield server


Line = Callable[..., list[tuple[str, str]]]


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Line:
    """Tells the options of the arbiter, by gunicorn's settings of the file and of elsewhere."""
    # Who imports it here is no master.
    monkeypatch.delitem(sys.modules, "gunicorn.arbiter", raising=False)
    module = importlib.import_module("dirty_runtime.integrations.gunicorn")

    def options(of_file: dict[str, Any], elsewhere: dict[str, Any]) -> list[tuple[str, str]]:
        read = ModuleType("__config__")
        vars(read).update(of_file)
        monkeypatch.setitem(sys.modules, "__config__", read)
        cfg = Config()
        for name, value in ({"chdir": "/"} | of_file | elsewhere).items():
            cfg.set(name, value)
        command = module._command(cfg, "/s")
        assert command[:4] == [sys.executable, "-m", "dirty_runtime", "serve"]
        return list(zip(command[4::2], command[5::2], strict=True))

    return options


APPS = ["a:A", "b:B:2"]
USUAL = {
    "--socket": "/s",
    "--under-gunicorn": "",
    "--workers": "0",
    "--threads": "1",
    "--timeout": "300",
    "--graceful-timeout": "30",
    "--chdir": "/",
}


@pytest.mark.parametrize(
    ("of_file", "elsewhere", "others", "untold"),
    [
        ({}, {"dirty_apps": APPS}, [("--app", "a:A"), ("--app", "b:B:2")], set()),
        ({"dirty_apps": APPS}, {}, [], set()),
        ({"dirty_apps": APPS}, {"dirty_apps": ["c:C"]}, [("--app", "c:C")], set()),
        ({"dirty_workers": 3}, {"dirty_workers": 4}, [("--workers", "4")], set()),
        ({"dirty_workers": 3, "dirty_threads": 1}, {}, [], {"--workers", "--threads"}),
        ({"proc_name": "web"}, {}, [("--under-gunicorn", "web")], set()),
    ],
    ids=["apps", "apps of the file", "other apps", "workers", "numbers of the file", "a name"],
)
def test_the_arbiter_is_told_what_its_file_does_not_say(
    line: Line,
    of_file: dict[str, Any],
    elsewhere: dict[str, Any],
    others: list[tuple[str, str]],
    untold: set[str],
) -> None:
    told = line(of_file, elsewhere)
    assert [one for one in told if one not in USUAL.items()] == others
    assert USUAL.keys() - {name for name, _ in told} == untold


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}/cmdline").exists() and bool(Path(f"/proc/{pid}/cmdline").read_bytes())


def test_the_arbiter_is_ours_and_lives_with_the_master(master: Gunicorn) -> None:
    worker, _, version, is_hooked = master.called()
    assert (version, is_hooked) == (1, True)

    first = master.arbiter()
    with DirtyClient(socket_of(first)) as client:
        told = client.execute("counting:Counting", "surroundings")
    assert told == ["once", 1, 1, 0o27, os.geteuid(), "DEBUG"]
    assert Path(f"/proc/{first}/comm").read_text() == "of-the-line\n"
    assert "change nothing here" not in master.log.read_text()
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: not is_alive(first))
    wait_until(lambda: master.ask().get("app", [worker])[0] != worker, master.log.read_text)
    assert master.arbiter() != first

    master.write(2)
    # It has what was said there at the start by the file alone, which is read again.
    config = master.folder / "gunicorn.conf.py"
    config.write_text(CONFIG.replace("dirty_workers = 1", "dirty_workers = 2"))
    before = master.ask()["pid"]
    master.process.send_signal(signal.SIGHUP)
    wait_until(lambda: master.called()[2] == 2 and master.ask()["pid"] != before)
    arbiter, (worker, *_) = master.arbiter(), master.called()
    with DirtyClient(socket_of(arbiter)) as client:
        wait_until(lambda: client.status()["target_workers"] == 2, master.log.read_text)

    master.process.send_signal(signal.SIGTERM)
    assert master.process.wait(30) == 0
    assert not is_alive(arbiter)
    assert not is_alive(worker)


def test_a_killed_master_without_a_name_leaves_nothing(tmp_path: Path) -> None:
    nameless = "".join(line for line in CONFIG.splitlines(True) if "proc_name" not in line)
    server = Gunicorn(tmp_path, INSTALLED, config=nameless)
    with ending(server.process):
        wait_until(server.is_up, server.log.read_text)
        worker, *_ = server.called()
        # gunicorn's own client has the same arbiter.
        assert server.ask("theirs")["app"] == server.called()
        arbiter = server.arbiter()
        server.process.kill()
        wait_until(lambda: not is_alive(arbiter) and not is_alive(worker))


@pytest.mark.parametrize(
    "options",
    [
        ("--worker-class", "gthread", "--threads", "4", "--preload"),
        ("--worker-class", "gevent"),
    ],
    ids=" ".join,
)
def test_workers_of_all_kinds_call(options: tuple[str, ...], tmp_path: Path) -> None:
    server = Gunicorn(tmp_path, INSTALLED, *options)
    with ending(server.process):
        wait_until(server.is_up, server.log.read_text)
        assert server.called()[2] == 1
