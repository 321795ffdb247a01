"""`dirty serve -c gunicorn.conf.py`: what is taken, what is left, and what cannot be."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from gunicorn.config import Config  # type: ignore[import-untyped]

from dirty_runtime.arbiter.surroundings import Surroundings, SurroundingsError
from dirty_runtime.gunicorn_file import AS_SETTINGS, AS_SURROUNDINGS, LEFT, as_settings
from dirty_runtime.settings import FILE_NAMES, HOOKS
from dirty_runtime.testing import started

from .processes import ROOT, dirty, run_dirty, wait_until

APP = """
import os, sys
from dirty_runtime import DirtyApp

class App(DirtyApp):
    def facts(self):
        os.umask(mask := os.umask(0))
        import found_by_its_path
        names = {one: os.environ.get(one) for one in ("MODEL", "DEVICE")}
        return names | {"umask": mask, "uid": os.getuid(), "gid": os.getgid(), "cwd": os.getcwd(),
                        "groups": os.getgroups()}
"""
FILE = """
dirty_apps = ["app:App"]
raw_env = ["MODEL=small", "DEVICE=cpu=0"]
pythonpath = "more"
chdir = "apps"
errorlog = "LOG"
loglevel = "debug"
proc_name = "shop"
umask = 0o027
bind = "127.0.0.1:8000"
worker_class = "gthread"
of_its_own = 1
"""
IS_ROOT = os.geteuid() == 0
# Whom the kernel knows though nobody else may.
SOMEBODY = 54321
BECOME = f"""
import os
from dirty_runtime.arbiter.surroundings import Surroundings
told = Surroundings.of({{"user": {SOMEBODY}, "group": "{SOMEBODY}"}}).enter()
print(os.getresuid(), os.getresgid(), os.getgroups(), told)
"""


def test_every_setting_of_gunicorn_is_taken_or_left() -> None:
    known = {*AS_SETTINGS, *AS_SURROUNDINGS, *LEFT}
    assert {one for one in Config().settings if one not in {*FILE_NAMES, *HOOKS}} == known


def test_a_file_of_gunicorns_is_served_as_it_says(tmp_path: Path) -> None:
    for name in ("apps", "more"):
        (tmp_path / name).mkdir()
    (tmp_path / "apps" / "app.py").write_text(APP)
    (tmp_path / "more" / "found_by_its_path.py").touch()
    file = FILE.replace("LOG", str(tmp_path / "log"))
    # The rights of root stay, so that everything here may be read.
    file += f"group = {SOMEBODY}\n" if IS_ROOT else ""
    (tmp_path / "gunicorn.conf.py").write_text(file)
    command = dirty("serve", "-c", "gunicorn.conf.py", "--socket", "SOCKET")
    with started(command, directory=tmp_path) as arbiter:
        arbiter.wait_ready()
        with arbiter.client() as client:
            facts = client.execute("app:App", "facts")
        name = Path(f"/proc/{arbiter.status()['arbiter_pid']}/comm").read_text()
        others = file.replace("MODEL=small", "MODEL=large") + "user = 65533\n"
        (tmp_path / "gunicorn.conf.py").write_text(others)
        arbiter.signal(signal.SIGHUP)
        wait_until(lambda: "reloaded: " in (tmp_path / "log").read_text())
    log = (tmp_path / "log").read_text()
    stay = re.findall(r"(\w+) stays as it is, until another arbiter is started\n", log)
    assert stay == ["raw_env", "user"]
    assert "gunicorn's own settings change nothing here: bind, worker_class\n" in log
    assert facts["cwd"] == str(tmp_path / "apps")
    assert (facts["MODEL"], facts["DEVICE"], facts["umask"]) == ("small", "cpu=0", 0o027)
    assert name == "shop\n"
    if IS_ROOT:
        assert (facts["gid"], facts["groups"]) == (SOMEBODY, [SOMEBODY])


def test_what_changes_nothing_here_is_told_by_who_looks_at_the_settings(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    file = tmp_path / "gunicorn.conf.py"
    file.write_text('dirty_apps = ["app:App"]\nbind = ":80"\ntimeout = 3\n')
    words = ("serve", "-c", file.name, "--socket", "s", "--check-config")
    done = run_dirty(*words, cwd=tmp_path)
    told = f"config file {file}: gunicorn's own settings change nothing here: bind, timeout\n"
    assert (done.returncode, done.stderr) == (0, told)
    done = run_dirty(*words, "--under-gunicorn", "", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_who_is_root_becomes_another_for_good_and_others_are_told() -> None:
    done = subprocess.run([sys.executable, "-c", BECOME], capture_output=True, text=True, cwd=ROOT)
    ids = (SOMEBODY,) * 3
    if IS_ROOT:
        assert done.stdout == f"{ids} {ids} {[SOMEBODY]} \n"
    else:
        assert "only root changes them" in done.stdout


@pytest.mark.parametrize(
    ("found", "settings"),
    [
        ({}, {}),
        ({"errorlog": "-"}, {"log_file": ""}),
        ({"errorlog": "/a"}, {"log_file": "/a"}),
        ({"loglevel": "CRITICAL"}, {"app_log_level": "error"}),
        ({"loglevel": "Warning"}, {"app_log_level": "warning"}),
    ],
)
def test_what_is_ours_by_another_name(found: dict[str, Any], settings: dict[str, Any]) -> None:
    assert as_settings(found) == settings


@pytest.mark.parametrize(
    ("found", "line"),
    [
        ({"raw_env": ["A"]}, "raw_env is a list of NAME=VALUE, and has 'A'"),
        ({"raw_env": "A=1"}, "raw_env is a list of NAME=VALUE, not 'A=1'"),
        ({"pythonpath": ["a"]}, "pythonpath is text, not ['a']"),
        ({"user": "nobody of that name"}, "there is no user 'nobody of that name'"),
        ({"group": "nobody of that name"}, "there is no group 'nobody of that name'"),
        ({"user": []}, "there is no user []"),
        ({"umask": "rwx"}, "umask is a number such as 0o027, not 'rwx'"),
        ({"umask": 0o1000}, "umask is a number such as 0o027, not 512"),
    ],
)
def test_what_cannot_be_is_one_line(found: dict[str, Any], line: str, tmp_path: Path) -> None:
    with pytest.raises(SurroundingsError) as error:
        Surroundings.of(found)
    assert str(error.value) == line


def test_the_command_names_file_and_setting(tmp_path: Path) -> None:
    file = tmp_path / "gunicorn.conf.py"
    file.write_text('dirty_apps = ["app:App"]\numask = "rwx"\n')
    done = run_dirty("serve", "-c", str(file), "--socket", str(tmp_path / "s"))
    assert done.returncode != 0
    assert f"config file {file}: umask is a number such as 0o027, not 'rwx'" in done.stderr


@pytest.mark.parametrize(
    ("found", "numbers"),
    [
        ({}, (None, None, None)),
        ({"user": 5, "group": "7", "umask": "0o22"}, (5, 7, 0o22)),
        ({"user": "root", "group": "root"}, (0, 0, None)),
    ],
)
def test_numbers_and_names(found: dict[str, Any], numbers: tuple[int | None, ...]) -> None:
    told = Surroundings.of(found)
    assert (told.user, told.group, told.umask) == numbers
