"""What an arbiter runs: from the command line, the environment, a Python file, and defaults.

Rules: each setting is declared once, below; its name without the unit is that of the option
(`--max-queue`), of the variable (`DIRTY_MAX_QUEUE`) and, with gunicorn's prefix, of the file's
(`dirty_max_queue`). The command line beats the environment, which beats the file, which beats the
defaults; names in the file that are not ours are left alone. Every value is judged before
anything is started.
"""

from __future__ import annotations

import runpy
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any

from .app import AppSpec, describe, parse_app_spec
from .errors import DirtyAppError

MAX_SOCKET_PATH_BYTES = 107
UNITS = ("_s", "_path")
HOOKS = (
    "on_dirty_starting",
    "dirty_post_fork",
    "dirty_worker_init",
    "dirty_worker_exit",
)


class ConfigError(Exception):
    """A setting that cannot be used; the message is one line that names it."""


def setting(default: Any, text: str, least: float | None = None) -> Any:
    """A setting with its help; `least` is the lowest number that it may be."""
    return field(default=default, metadata={"help": text, "least": least})


@dataclass(frozen=True)
class Config:
    """The settings of one arbiter.

    Raises:
        ConfigError: a setting has the wrong type or an impossible value.
    """

    apps: tuple[AppSpec, ...]
    socket_path: str
    workers: int = setting(2, "Worker processes.", 1)
    threads: int = setting(1, "Calls that a worker runs at once.", 1)
    timeout_s: float = setting(
        300.0, "Longest silence of a worker within a call, in seconds; 0 for any.", 0
    )
    graceful_timeout_s: float = setting(
        30.0, "Seconds that running calls get when their worker or the arbiter stops.", 0
    )
    boot_timeout_s: float = setting(
        600.0, "Seconds that a worker may take to load its apps.", 0.001
    )
    max_workers: int = setting(64, "Workers that the arbiter can be scaled to.", 1)
    max_queue: int = setting(1000, "Requests of one app that may wait; 0 for any number.", 0)
    max_queue_bytes: int = setting(
        256 * 2**20, "Bytes of all requests that may wait; 0 for any number.", 0
    )
    max_crashes: int = setting(5, "Deaths in the crash window that put an app aside.", 1)
    crash_window_s: float = setting(30.0, "Seconds; also how long the app is put aside.", 0.001)
    max_requests: int = setting(0, "Calls after which a worker is replaced; 0 for never.", 0)
    max_requests_jitter: int = setting(0, "Calls that are added to that at random, at most.", 0)
    max_age_s: float = setting(0.0, "Seconds after which a worker is replaced; 0 for never.", 0)
    max_rss_bytes: int = setting(0, "Memory at which a worker is replaced; 0 for none.", 0)
    stash_max_bytes: int = setting(256 * 2**20, "Bytes of all stash tables; 0 for any.", 0)
    tracebacks: bool = setting(True, "Tell callers the tracebacks of apps.")
    socket_mode: str = setting("600", "Permissions of the socket, octal.")
    socket_owner: str = setting("", "User that the socket is given to; the arbiter's if empty.")
    socket_group: str = setting("", "Group that the socket is given to; the arbiter's if empty.")
    allowed_users: str = setting(
        "", "Users who may connect, by name or number; whoever can open the socket if empty."
    )
    manage_users: str = setting("", "Users who may scale and reload, beside root and our own.")
    slot_env: dict[str, str] = field(default_factory=dict)
    access_log: bool = setting(False, "Log a line for each call.")
    log_file: str = setting("", "Where to write the log; standard error if empty.")
    log_json: bool = setting(False, "Log in JSON.")
    pidfile: str = setting("", "Where to write the arbiter's pid.")
    config_path: str = ""
    hooks: dict[str, Callable[..., Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for one in fields(self):
            _check(one, getattr(self, one.name))
        _check_apps(self.apps)
        _check_socket_path(self.socket_path)
        if self.workers > self.max_workers:
            raise ConfigError(f"workers is at most max-workers, {self.max_workers}")


def option_name(name: str) -> str:
    """The name without its unit: of the setting `timeout_s`, `timeout`."""
    for unit in UNITS:
        name = name.removesuffix(unit)
    return name


def simple_settings() -> list[Field[Any]]:
    """The settings that are numbers, words or switches with a default."""
    return [one for one in fields(Config) if "help" in one.metadata]


FILE_NAMES = {
    f"dirty_{option_name(one.name)}": one.name
    for one in fields(Config)
    if one.name not in ("config_path", "hooks")
}


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


def run_file(path: str) -> dict[str, Any]:
    """What the config file at `path` defines. Raises ConfigError."""
    if not Path(path).is_file():
        raise ConfigError(f"config file {path} does not exist")
    try:
        return runpy.run_path(path)
    except (Exception, SystemExit) as error:
        raise ConfigError(f"config file {path} failed: {describe(error)}") from error


def _read_file(path: str) -> dict[str, Any]:
    found = run_file(path)
    settings = {name: found[key] for key, name in FILE_NAMES.items() if key in found}
    settings["config_path"] = str(Path(path).absolute())
    settings["hooks"] = {name: found[name] for name in HOOKS if callable(found.get(name))}
    return settings


def _check(one: Field[Any], value: Any) -> None:
    label = option_name(one.name).replace("_", "-")
    if isinstance(one.default, bool):
        if not isinstance(value, bool):
            raise ConfigError(f"{label} is True or False, not {value!r}")
    elif isinstance(one.default, int | float):
        _check_number(label, value, type(one.default), one.metadata["least"])
    elif one.default is not MISSING or one.name == "socket_path":
        if not isinstance(value, str):
            raise ConfigError(f"{label} is text, not {value!r}")
    elif one.name == "slot_env" and not isinstance(value, dict):
        raise ConfigError(f"{label} is a dict of strings, not {value!r}")


def _check_number(label: str, value: Any, kind: type, least: float) -> None:
    kinds = (int,) if kind is int else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise ConfigError(f"{label} is a number, not {value!r}")
    if not least <= value < float("inf"):
        raise ConfigError(f"{label} is at least {least}, not {value!r}")


def _check_apps(apps: tuple[AppSpec, ...]) -> None:
    if not apps:
        raise ConfigError("no app to serve: give --app module:Class")
    paths = [app.path for app in apps]
    for path in paths:
        if paths.count(path) > 1:
            raise ConfigError(f"app {path} is given twice")


def _check_socket_path(path: str) -> None:
    length = len(path.encode(errors="surrogateescape"))
    if length > MAX_SOCKET_PATH_BYTES:
        reason = f"socket path has {length} bytes, at most {MAX_SOCKET_PATH_BYTES} fit: {path}"
        raise ConfigError(reason)
