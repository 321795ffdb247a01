"""A reload reads the config file again: what can change does, what cannot is told, by one line."""

from __future__ import annotations

import asyncio
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import partial
from pathlib import Path

import pytest

from dirty_runtime import DirtyTimeoutError
from dirty_runtime.arbiter.anew import read_anew
from dirty_runtime.arbiter.clock import Clock
from dirty_runtime.settings import AT_START, Config, ConfigError, label_of
from dirty_runtime.testing import Arbiter, started

from .processes import CHANGING, ROOT, dirty, run_dirty, wait_until, wait_until_logged

APP = "changing:Good"
FILE = f'dirty_apps = ["{APP}"]\n'


class Served:
    """An arbiter and its config file."""

    def __init__(self, arbiter: Arbiter, file: Path) -> None:
        self.arbiter = arbiter
        self.file = file

    def reload(self, text: str) -> str:
        """Reload with such a file. Returns what the command says of a failure."""
        self.file.write_text(FILE + text)
        return run_dirty("reload", "--socket", self.arbiter.socket_path, "--wait", "30").stderr


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    directory = tmp_path_factory.mktemp("settings")
    (directory / "changing.py").write_text(CHANGING.read_text())
    file = directory / "dirty.conf.py"
    file.write_text(FILE + "dirty_workers = 2\n")
    words = dirty("serve", "-c", str(file), "--socket", "SOCKET", "--chdir", str(directory))
    with started([*words, "--max-workers", "3"], directory=ROOT) as arbiter:
        arbiter.wait_ready()
        yield Served(arbiter, file)


def test_what_can_change_does_and_what_cannot_is_told(served: Served) -> None:
    arbiter = served.arbiter
    text = "dirty_workers = 1\ndirty_threads = 2\ndirty_timeout = 0.2\ndirty_log_json = True\n"
    assert served.reload(text + "dirty_slot_env = {'SLOT': '{slot}'}\n") == ""
    state = arbiter.status()
    assert (state["target_workers"], state["threads"]) == (1, 2)
    with arbiter.client() as client, pytest.raises(DirtyTimeoutError, match="silent for"):
        client.execute(APP, "nap", 60)
    log = arbiter.log.read_text()
    for name in ("workers", "threads", "timeout", "slot-env"):
        assert f"{name} is another now" in log
    assert re.findall("log-json stays as it is.*", log) == [
        "log-json stays as it is, until `dirty upgrade` or a start"
    ]
    assert "apps stays" not in log
    # The command line beats the file.
    assert served.reload("dirty_workers = 1\ndirty_max_workers = 9\n") == ""
    words = ("scale", "9", "--socket", arbiter.socket_path)
    assert "more than max-workers, 3" in run_dirty(*words).stderr


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("raise RuntimeError('boom')", "RuntimeError: boom"),
        ("dirty_workers = 4", "workers is at most max-workers, 3"),
        ("dirty_manage_users = 'nobody-of-that-name'", "there is no user"),
    ],
)
def test_a_file_that_cannot_be_used_leaves_everything(
    served: Served, text: str, reason: str
) -> None:
    arbiter = served.arbiter
    pids = arbiter.pids()
    assert reason in served.reload(text)
    assert arbiter.pids() == pids
    wait_until_logged(arbiter, "no reload, what served goes on: ")
    assert arbiter.process.poll() is None


WAITS = """
import pathlib, time
while not pathlib.Path(__file__).with_name("go").exists():
    time.sleep(0.01)
"""


def test_a_file_that_takes_long_keeps_nobody_waiting(served: Served) -> None:
    arbiter = served.arbiter
    told, done = (arbiter.log.read_text().count(word) for word in ("reloading", "reloaded: "))
    served.file.write_text(FILE + WAITS)
    arbiter.signal(signal.SIGHUP)
    wait_until(lambda: arbiter.log.read_text().count("reloading") > told)
    # It reads, and answers.
    assert arbiter.status()["reloading"]
    with arbiter.client() as client:
        assert isinstance(client.execute(APP, "pid"), int)
    served.file.with_name("go").touch()
    wait_until(lambda: arbiter.log.read_text().count("reloaded: ") > done)


def exits() -> Config:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("read", "reason"),
    [(partial(time.sleep, 600), "in 0.01 s"), (exits, "KeyboardInterrupt")],
    ids=["never ends", "ends the process"],
)
def test_reading_has_an_end(read: Callable[[], Config], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        asyncio.run(read_anew(read, 0.01, Clock()))


def test_all_that_stays_is_a_setting_and_told_by_the_guide() -> None:
    assert {one.name for one in fields(Config)} > AT_START
    page = (ROOT / "docs" / "guides" / "operate.md").read_text()
    told = re.search(r"that should have changed: (.*?)\.\n", page, re.DOTALL)
    assert told is not None
    named = set(re.findall(r"`([a-z-]+)`", told[1]))
    assert named == {label_of(name) for name in AT_START - {"config_path", "directory"}}
