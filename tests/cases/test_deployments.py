"""What is started after a deployment runs what was deployed: by the paths as they were written.

A link may have been switched, a directory replaced, a file changed with its time and size kept; and
modules beside the app may have any names.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import py_compile
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dirty_runtime.arbiter.clock import Clock
from dirty_runtime.arbiter.workers.inspection import asked
from dirty_runtime.arbiter.workers.template import Templates
from dirty_runtime.directory import absolute, change_directory, current_directory
from dirty_runtime.settings import ConfigError
from dirty_runtime.testing import Arbiter, started
from dirty_runtime.worker.sources import CheckedLoader, find_apps
from tests.dirty_runtime.processes import dirty, run_dirty, wait_until

APP = """
import hooked
from dirty_runtime import DirtyApp
class App(DirtyApp):
    def release(self):
        return [{release}, hooked.release]
"""
HOOKED = "release = 0"
CONFIG = """
dirty_apps = ["deployed:App"]
dirty_workers = 1
dirty_socket = "s"
def dirty_worker_init(worker):
    import hooked
    hooked.release = {release}
"""
# A worker needs each of these itself, before or while it serves.
SHADOWS = ("random", "types", "json", "signal", "threading", "traceback", "tempfile", "queue")
TIME_S = 1_600_000_000


def release(root: Path, number: int) -> Path:
    """A directory with a release; its files are as old and as large as those of any other."""
    directory = root / f"r{number}"
    directory.mkdir()
    texts = {"deployed": APP.format(release=number), "hooked": HOOKED}
    texts |= dict.fromkeys(SHADOWS, "raise ImportError('not the one')")
    texts["conf"] = CONFIG.format(release=number)
    for name, text in texts.items():
        path = directory / f"{name}.py"
        path.write_text(text)
        os.utime(path, (TIME_S, TIME_S))
    return directory


@pytest.fixture
def root() -> Iterator[Path]:
    # Of all paths, a socket's has a bound.
    with tempfile.TemporaryDirectory() as root:
        yield Path(root)


def switch(link: Path, target: Path) -> None:
    new = link.with_name("new")
    new.symlink_to(target)
    new.rename(link)


def served(arbiter: Arbiter) -> object:
    with arbiter.client() as client:
        return client.execute("deployed:App", "release")


def test_a_link_that_is_switched_leads_to_the_new_release(root: Path) -> None:
    link, first = root / "current", release(root, 1)
    link.symlink_to(first)
    # As a shell does it: the directory's name is the link's.
    environment = {"PWD": str(link), "PYTHONSAFEPATH": "1"}
    command = dirty("serve", "-c", "conf.py", "--socket", "../s")
    with started(command, str(root / "s"), directory=link, environment=environment) as arbiter:
        arbiter.wait_ready()
        assert served(arbiter) == [1, 1]
        (old,) = arbiter.pids()
        switch(link, release(root, 2))
        shutil.rmtree(first)
        arbiter.signal(signal.SIGHUP)
        wait_until(lambda: served(arbiter) == [2, 2], arbiter.log.read_text)
        wait_until(lambda: old not in arbiter.pids() and bool(arbiter.pids()))
        (pid,) = arbiter.pids()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: bool(arbiter.pids() - {pid}), arbiter.log.read_text)
        assert served(arbiter) == [2, 2]


def test_a_directory_that_is_gone_is_one_line(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    program = f"mkdir {gone} && cd {gone} && rmdir {gone} && exec"
    words = dirty("serve", "--app", "a:App", "--socket", "s")
    done = subprocess.run(
        ["sh", "-c", f'{program} "$@"', "sh", *words], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 1
    assert done.stderr == "Error: directory .: No such file or directory\n"


def test_a_directory_that_is_gone_at_a_reload_is_named(tmp_path: Path) -> None:
    gone = tmp_path / "gone\x1b"
    with pytest.raises(ConfigError, match="is not there any more"):
        asyncio.run(asked(["a:App"], 1, str(gone), Templates("", 30.0, Clock())))
    done = run_dirty("serve", "--app", "a:App", "--socket", "s", "--chdir", str(gone))
    name = str(gone).replace("\x1b", r"\u001b")
    assert done.stderr == f"Error: directory {name}: No such file or directory\n"


def test_a_path_stays_as_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "r1").mkdir()
    link = tmp_path / "current"
    link.symlink_to("r1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PWD", str(tmp_path))
    assert change_directory("current") == current_directory() == str(link)
    assert absolute("./run/../s") == f"{link}/run/../s"
    assert absolute("/a/s") == "/a/s"
    monkeypatch.setenv("PWD", str(tmp_path))
    assert current_directory() == str(link.resolve())


# --- sources and what was compiled of them ---


@pytest.fixture(autouse=True)
def compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)


def loaded(path: Path) -> int:
    spec = importlib.util.spec_from_file_location(
        path.stem, path, loader=CheckedLoader(path.stem, str(path))
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    value: int = module.VALUE
    return value


def write(path: Path, value: int) -> None:
    path.write_text(f"VALUE = {value}\n")
    os.utime(path, (TIME_S, TIME_S))


@pytest.mark.parametrize("mode", py_compile.PycInvalidationMode)
def test_code_that_was_compiled_of_another_source_is_not_run(
    mode: py_compile.PycInvalidationMode, tmp_path: Path
) -> None:
    path = tmp_path / "module.py"
    write(path, 1)
    py_compile.compile(str(path), invalidation_mode=mode)
    write(path, 2)
    assert loaded(path) == 2


def test_compiled_code_is_used_while_its_source_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "module.py"
    write(path, 1)
    assert loaded(path) == 1
    monkeypatch.setattr(CheckedLoader, "source_to_code", None, raising=False)
    assert loaded(path) == 1


def test_what_was_compiled_elsewhere_or_is_broken_is_compiled_anew(tmp_path: Path) -> None:
    path, moved = tmp_path / "a" / "module.py", tmp_path / "b" / "module.py"
    path.parent.mkdir()
    write(path, 1)
    assert loaded(path) == 1
    path.parent.rename(moved.parent)
    assert loaded(moved) == 1
    compiled = Path(importlib.util.cache_from_source(moved))
    assert str(moved).encode() in compiled.read_bytes()
    compiled.write_bytes(compiled.read_bytes()[:20])
    assert loaded(moved) == 1


def test_what_is_installed_is_found_as_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("path", "path_hooks", "path_importer_cache"):
        monkeypatch.setattr(sys, name, getattr(sys, name).copy())
    find_apps()
    for name in ("pytest", "json.tool"):
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert not isinstance(spec.loader, CheckedLoader)
    spec = importlib.util.find_spec("tests.dirty_runtime.changing")
    assert spec is not None
