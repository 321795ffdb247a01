"""What an arbiter runs: from the command line, a Python file, and defaults.

Rules: the command line beats the file, the file beats the defaults. The file has gunicorn's
names (`dirty_apps`, `dirty_workers`, …); names that are not ours are left alone. Every value is
judged before anything is started.
"""

from __future__ import annotations

import runpy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .app import AppSpec, describe, parse_app_spec
from .errors import DirtyAppError

MAX_SOCKET_PATH_BYTES = 107
FILE_NAMES = {
    "dirty_apps": "apps",
    "dirty_workers": "workers",
    "dirty_threads": "threads",
    "dirty_timeout": "timeout_s",
    "dirty_graceful_timeout": "graceful_timeout_s",
    "dirty_boot_timeout": "boot_timeout_s",
    "dirty_socket": "socket_path",
    "dirty_pidfile": "pidfile",
}


class ConfigError(Exception):
    """A setting that cannot be used; the message is one line that names it."""


@dataclass(frozen=True)
class Config:
    """The settings of one arbiter.

    Attributes:
        apps: the apps to serve.
        socket_path: the Unix socket to serve at.
        workers: worker processes, at least 1.
        threads: lanes of a worker, each with a thread, at least 1.
        timeout_s: the longest silence of a worker within an exchange; 0 for any.
        graceful_timeout_s: how long running requests may go on when the arbiter stops.
        boot_timeout_s: how long a worker may take until its apps are initialised.
        pidfile: where to write the arbiter's pid; empty for nowhere.

    Raises:
        ConfigError: a setting has the wrong type or an impossible value.
    """

    apps: tuple[AppSpec, ...]
    socket_path: str
    workers: int = 2
    threads: int = 1
    timeout_s: float = 300.0
    graceful_timeout_s: float = 30.0
    boot_timeout_s: float = 600.0
    pidfile: str = ""

    def __post_init__(self) -> None:
        _check_apps(self.apps)
        for name in ("socket_path", "pidfile"):
            _check_path(name, getattr(self, name))
        _check_socket_path(self.socket_path)
        for name in ("workers", "threads"):
            _check_number(name, getattr(self, name), int, 1)
        for name in ("timeout_s", "graceful_timeout_s"):
            _check_number(name, getattr(self, name), (int, float), 0)
        _check_number("boot_timeout_s", self.boot_timeout_s, (int, float), 0.001)


def load_config(path: str, overrides: Mapping[str, Any]) -> Config:
    """The settings of the file at `path` (empty for none), beaten by `overrides`.

    Args:
        overrides: by the names of Config; None and empty tuples do not count.

    Raises:
        ConfigError: the file cannot be run, or a setting cannot be used.
    """
    settings = _read_file(path) if path else {}
    settings |= {name: value for name, value in overrides.items() if value not in (None, ())}
    if not settings.get("socket_path"):
        raise ConfigError("no socket to serve at: give --socket PATH or set DIRTY_SOCKET")
    apps = settings.get("apps") or ()
    if not isinstance(apps, list | tuple) or not all(isinstance(app, str) for app in apps):
        raise ConfigError("dirty_apps is a list of strings such as 'module:Class'")
    try:
        settings["apps"] = tuple(parse_app_spec(app) for app in apps)
    except DirtyAppError as error:
        raise ConfigError(error.message) from None
    return Config(**settings)


def _read_file(path: str) -> dict[str, Any]:
    if not Path(path).is_file():
        raise ConfigError(f"config file {path} does not exist")
    try:
        found = runpy.run_path(path)
    except (Exception, SystemExit) as error:
        raise ConfigError(f"config file {path} failed: {describe(error)}") from error
    return {name: found[key] for key, name in FILE_NAMES.items() if key in found}


def _check_apps(apps: tuple[AppSpec, ...]) -> None:
    if not apps:
        raise ConfigError("no app to serve: give --app module:Class")
    paths = [app.path for app in apps]
    for path in paths:
        if paths.count(path) > 1:
            raise ConfigError(f"app {path} is given twice")


def _check_path(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise ConfigError(f"{name.removesuffix('_path')} is a path, not {value!r}")


def _check_socket_path(path: str) -> None:
    length = len(path.encode(errors="surrogateescape"))
    if length > MAX_SOCKET_PATH_BYTES:
        reason = f"socket path has {length} bytes, at most {MAX_SOCKET_PATH_BYTES} fit: {path}"
        raise ConfigError(reason)


def _check_number(name: str, value: Any, kind: Any, least: float) -> None:
    label = name.removesuffix("_s").replace("_", "-")
    if isinstance(value, bool) or not isinstance(value, kind):
        raise ConfigError(f"{label} is a number, not {value!r}")
    if not least <= value < float("inf"):
        raise ConfigError(f"{label} is at least {least}, not {value!r}")
