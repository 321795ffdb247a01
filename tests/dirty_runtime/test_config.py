"""Settings: where they come from, and one clear line for each that cannot be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dirty_runtime.app import AppSpec
from dirty_runtime.settings import FILE_NAMES, Config, ConfigError, load_config, unknown_variables

APPS = (AppSpec("m:A", None),)
FILE = """
dirty_apps = ["m:A", "m:B:2"]
dirty_workers = 7
dirty_timeout = 12.5
dirty_socket = "/run/file.sock"
bind = "127.0.0.1:8000"
import os
"""

BAD_SETTINGS: list[tuple[dict[str, Any], str]] = [
    ({"workers": 0}, "workers is at least 1"),
    ({"workers": -3}, "workers is at least 1"),
    ({"workers": 1.5}, "workers is a number"),
    ({"workers": True}, "workers is a number"),
    ({"workers": "2"}, "workers is a number, not '2'"),
    ({"threads": 0}, "threads is at least 1"),
    ({"timeout_s": -0.1}, "timeout is at least 0"),
    ({"timeout_s": float("nan")}, "timeout is at least 0"),
    ({"timeout_s": float("inf")}, "timeout is at least 0"),
    ({"timeout_s": None}, "timeout is a number"),
    ({"graceful_timeout_s": -1}, "graceful-timeout is at least 0"),
    ({"boot_timeout_s": 0}, "boot-timeout is at least 0.001"),
    ({"max_queue_share": 0}, "max-queue-share is at least 1"),
    ({"max_queue_share": 101}, "max-queue-share is at most 100, not 101"),
    ({"apps": ()}, "no app"),
    ({"apps": APPS * 2}, "m:A is given twice"),
    ({"slot_env": 3}, "slot-env is a dict of strings, not 3"),
    ({"slot_env": {"A": 3}}, "slot-env is a dict of strings"),
    ({"slot_env": {"A": "{slott}"}}, "no other braces, not '{slott}'"),
    ({"slot_env": {"A": "{"}}, "no other braces, not '{'"),
    ({"slot_env": {"A": "{slot.x}"}}, "no other braces"),
    ({"worker_command": "'"}, "worker-command is words for a shell"),
    ({"worker_command": " "}, "worker-command is words for a shell"),
    ({"launchers": ["node"]}, "launchers is a dict of names and commands"),
    ({"launchers": {"node": 3}}, "launchers is a dict of names and commands"),
    (
        {"launchers": {"no de": "node"}},
        "has names that are identifiers, and not python or ray: 'no de'",
    ),
    ({"launchers": {"python": "pypy"}}, "has names that are identifiers, and not python"),
    (
        {"launchers": {"ray": "rays"}},
        "has names that are identifiers, and not python or ray: 'ray'",
    ),
    ({"ray_address": "ray://head:10001"}, "ray-address is auto or HOST:PORT, not 'ray://head"),
    ({"ray_address": "local"}, "ray-address is no local: each worker would have a cluster"),
    ({"ray_address": "head"}, "ray-address is HOST:PORT, such as"),
    ({"launcher": "node"}, "launcher is one of python, ray, not 'node'"),
    ({"launchers": {"node": ""}}, "launchers node is empty"),
    ({"launchers": {"node": "'"}}, "launchers node is words for a shell"),
    (
        {"apps": (AppSpec("m:A", None, "node"),), "launchers": {"deno": "deno"}},
        "app m:A: there is no launcher node; give --launcher node=COMMAND",
    ),
    ({"workers": 65}, "workers is at most max-workers, 64"),
    (
        {"apps": (*APPS, AppSpec("m:B", None, "python")), "workers": 33},
        "workers is at most max-workers, 64, over all launchers",
    ),
    ({"socket_path": "/" + "x" * 107}, "108 bytes, at most 107"),
    ({"socket_path": "/" + "é" * 54}, "109 bytes, at most 107"),
]


@pytest.mark.parametrize(("settings", "reason"), BAD_SETTINGS, ids=lambda value: str(value)[:40])
def test_impossible_settings(settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Config(**{"apps": APPS, "socket_path": "/s", **settings})
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"socket_path": "/" + "x" * 106},
        {"timeout_s": 0},
        {"graceful_timeout_s": 0},
        {"workers": 1, "threads": 64},
    ],
    ids=str,
)
def test_settings_at_the_edge(settings: dict[str, Any]) -> None:
    config = Config(**{"apps": APPS, "socket_path": "/s", **settings})
    assert {name: getattr(config, name) for name in settings} == settings


def test_the_command_line_beats_the_file_beats_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "conf.py"
    path.write_text(FILE)
    config = load_config(str(path), {"workers": 3, "threads": None, "apps": ()})
    assert config.apps == (AppSpec("m:A", None), AppSpec("m:B", 2))
    assert config.workers == 3
    assert config.threads == 1
    assert config.timeout_s == 12.5
    assert config.socket_path == "/run/file.sock"
    assert load_config(str(path), {"apps": ("m:C",)}).apps == (AppSpec("m:C", None),)


def test_every_name_of_the_file_is_a_setting() -> None:
    no_settings = {"config_path", "directory", "hooks"}
    assert set(FILE_NAMES.values()) == set(Config.__dataclass_fields__) - no_settings


BAD_FILES = [
    ("raise RuntimeError('boom')", "RuntimeError: boom"),
    ("def", "SyntaxError"),
    ("raise SystemExit(0)", "SystemExit"),
    ("dirty_apps = ['m:A']; dirty_pidfile = 3", "pidfile is text, not 3"),
    ("dirty_apps = 'm:A'", "list of strings"),
    ("dirty_apps = [1]", "list of strings"),
    ("dirty_apps = 3", "list of strings"),
    ("dirty_apps = ['nonsense']", "nonsense"),
    ("dirty_apps = []", "no app"),
    ("dirty_apps = ['m:A']; dirty_workers = 'many'", "'many'"),
    ("dirty_apps = ['m:A']; dirty_socket = 3", "socket"),
    ("dirty_worker = 3", "conf.py: there is no dirty_worker; did you mean dirty_workers?"),
    ("dirty_timeout_s = 3", "did you mean dirty_timeout?"),
    ("dirty_hooks = 3", "there is no dirty_hooks"),
    ("def dirty_postfork(arbiter, worker): ...", "did you mean dirty_post_fork?"),
    ("def on_dirty_start(arbiter): ...", "did you mean on_dirty_starting?"),
    ("dirty_worker_exit = 3", "dirty_worker_exit is a function, not 3"),
]


@pytest.mark.parametrize(("text", "reason"), BAD_FILES, ids=lambda value: value[:40])
def test_bad_files(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "conf.py"
    path.write_text(f"dirty_socket = '/s'\n{text}\n")
    with pytest.raises(ConfigError) as caught:
        load_config(str(path), {})
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_does_not_look_like_a_setting_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "conf.py"
    path.write_text("import dirty_runtime\n_dirty = helper = bind = 3\ndirty_apps = ['m:A']\n")
    assert load_config(str(path), {"socket_path": "/s"}).apps == APPS


def test_unknown_variables_are_told() -> None:
    known = {"DIRTY_SOCKET": "", "DIRTY_MAX_QUEUE": "", "HOME": "", "GUNICORN_DIRTY_SOCKET": ""}
    assert unknown_variables(known) == []
    assert unknown_variables(known | {"DIRTY_TIMOUT": "", "DIRTY_QQQ": ""}) == [
        "DIRTY_QQQ is no setting and changes nothing",
        "DIRTY_TIMOUT is no setting and changes nothing; did you mean DIRTY_TIMEOUT?",
    ]
    # In a worker: what its arbiter told it.
    assert unknown_variables({"GD_WORKER_FDS": "3", "DIRTY_WORKER_SLOT": "0"}) == []


def test_a_missing_file_and_a_missing_socket(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.py does not exist"):
        load_config(str(tmp_path / "missing.py"), {})
    with pytest.raises(ConfigError, match="--socket"):
        load_config("", {"apps": ("m:A",)})
