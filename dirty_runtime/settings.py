"""What an arbiter runs: from the command line, the environment, a Python file, and defaults.

Rules: each setting is declared once, below; its name without the unit is that of the option
(`--max-queue`), of the variable (`DIRTY_MAX_QUEUE`) and, with gunicorn's prefix, of the file's
(`dirty_max_queue`). The command line beats the environment, which beats the file, which beats the
defaults. Every value is judged before anything is started. A name in the file that looks like ours
and is none is refused, those of gunicorn are as `gunicorn_file` says, others are left alone; an
unknown variable, which may be an app's, is told.
"""

from __future__ import annotations

import difflib
import math
import runpy
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from .app import AppSpec, parse_app_spec
from .cpus import cpu_lists
from .directory import absolute
from .errors import DirtyAppError
from .failure import describe
from .gunicorn_file import as_settings
from .needs import ids_problem, needs_problem
from .seconds import seconds
from .socket_path import MAX_SOCKET_PATH_BYTES

UNITS = ("_s", "_path")
PATHS = ("socket_path", "pidfile", "log_file", "metrics", "stash")
# Where the stash is kept.
IN_MEMORY, IN_SQLITE = "memory", "sqlite:"
# What a pattern of names of tables may have, as one of keys.
MAX_PATTERN_BYTES = 1024
ON_A_SERVER = ("valkey://", "valkeys://", "redis://", "rediss://", "unix://")
# What an arbiter is made of: it stays, where the rest is taken from a file that is read again.
AT_START = frozenset(
    (
        "apps",
        "arbiters",
        "socket_path",
        "socket_mode",
        "socket_owner",
        "socket_group",
        "worker_command",
        "launchers",
        "launcher",
        "cgroups",
        "ray_address",
        "preload",
        "resources",
        "app_resources",
        "access_log",
        "log_file",
        "log_json",
        "reload",
        "pidfile",
        "metrics",
        "stash",
        "stash_tables",
        "statsd",
        "config_path",
        "directory",
    )
)
# The launcher of Python's own worker, where the usual one is another; and that of a Ray cluster.
PYTHON_LAUNCHER, RAY_LAUNCHER = OWN_LAUNCHERS = ("python", "ray")
LEVELS = ("debug", "info", "warning", "error")
HOOKS = (
    "on_dirty_starting",
    "dirty_post_fork",
    "dirty_worker_init",
    "dirty_worker_exit",
)


class ConfigError(Exception):
    """A setting that cannot be used; the message is one line that names it.

    Attributes:
        setting: the name of the setting in Config; empty when it is not one's alone.
    """

    def __init__(self, message: str, setting: str = "") -> None:
        super().__init__(message)
        self.setting = setting


def setting(default: Any, text: str, least: float | None = None, most: float | None = None) -> Any:
    """A setting with its help; `least` and `most` are the bounds of a number."""
    return field(default=default, metadata={"help": text, "bounds": {"least": least, "most": most}})


@dataclass(frozen=True)
class Config:
    """The settings of one arbiter.

    Raises:
        ConfigError: a setting has the wrong type or an impossible value.
    """

    apps: tuple[AppSpec, ...]
    socket_path: str
    workers: int = setting(2, "Worker processes, of each launcher.", 1)
    threads: int = setting(1, "Calls that a worker runs at once.", 1)
    timeout_s: float = setting(
        300.0, "Longest silence of a worker within a call, in seconds; 0 for any.", 0
    )
    max_run_s: float = setting(
        0.0, "Longest that a call may run, its stream included, in seconds; 0 for any.", 0
    )
    graceful_timeout_s: float = setting(
        30.0, "Seconds that running calls get when their worker or the arbiter stops.", 0
    )
    close_timeout_s: float = setting(10.0, "Seconds that a worker's apps may take to close.", 0.001)
    boot_timeout_s: float = setting(
        600.0, "Seconds that a worker may take to load its apps.", 0.001
    )
    arbiters: int = setting(
        1, "Arbiter processes behind the socket, which have the workers in parts.", 1, 64
    )
    max_workers: int = setting(64, "Workers that the arbiter can be scaled to.", 1)
    max_queue: int = setting(1000, "Requests of one app that may wait; 0 for any number.", 0)
    max_queue_bytes: int = setting(
        256 * 2**20, "Bytes of all requests that may wait; 0 for any number.", 0
    )
    max_queue_share: int = setting(
        50, "Percent of max-queue and max-queue-bytes that one connection may fill.", 1, 100
    )
    max_clients: int = setting(
        10_000, "Connections at once, as far as descriptors allow; 0 for any number.", 0
    )
    max_client_bytes: int = setting(
        256 * 2**20, "Bytes in memory of unfinished frames and unread answers; 0 for any number.", 0
    )
    max_spool_bytes: int = setting(
        2**30, "Bytes in TMPDIR of large frames that are under way; 0 for any number.", 0
    )
    max_memfd_bytes: int = setting(
        8 * 2**30, "Bytes by reference of requests and answers under way; 0 for any number.", 0
    )
    max_memfds: int = setting(
        128, "Descriptors for bytes by reference that one connection may use; 0 for any.", 0
    )
    memfd_min_bytes: int = setting(
        2**26, "Large bytes of an answer from which on it goes by reference; 0 for never.", 0
    )
    frame_timeout_s: float = setting(
        60.0, "Seconds that a client may take to send one frame; 0 for any.", 0
    )
    idle_timeout_s: float = setting(
        3600.0, "Seconds that a client may be connected and ask or read nothing; 0 for any.", 0
    )
    max_crashes: int = setting(5, "Deaths in the crash window that put an app aside.", 1)
    crash_window_s: float = setting(30.0, "Seconds; also how long the app is put aside.", 0.001)
    max_requests: int = setting(0, "Calls after which a worker is replaced; 0 for never.", 0)
    max_requests_jitter: int = setting(0, "Calls that are added to that at random, at most.", 0)
    max_age_s: float = setting(0.0, "Seconds after which a worker is replaced; 0 for never.", 0)
    max_rss_bytes: int = setting(0, "Memory at which a worker is replaced; 0 for none.", 0)
    max_memory_bytes: int = setting(
        0, "Memory beyond which a worker gets none, counted as addresses (RLIMIT_AS); 0 for any.", 0
    )
    cgroups: bool = setting(
        False,
        "Have max-memory-bytes count the memory of a worker's tree, by a cgroup v2 of its own.",
    )
    nice: int = setting(0, "Niceness that workers have more than the arbiter.", 0, 19)
    cpu_affinity: str = setting(
        "", "CPUs of workers, such as 0-3; by slot, in turns, behind semicolons; any if empty."
    )
    stash: str = setting(
        IN_MEMORY,
        "Where the stash is kept: memory, a file that lasts, as sqlite:PATH, or a server that many "
        "share, as valkey://HOST:PORT/DB.",
    )
    # The places of those tables that are elsewhere, by patterns of their names.
    stash_tables: dict[str, str] = field(default_factory=dict)
    stash_max_bytes: int = setting(256 * 2**20, "Bytes of all stash tables; 0 for any.", 0)
    tracebacks: bool = setting(True, "Tell callers the tracebacks of apps.")
    socket_mode: str = setting("600", "Permissions of the socket, octal.")
    socket_owner: str = setting("", "User that the socket is given to; the arbiter's if empty.")
    socket_group: str = setting("", "Group that the socket is given to; the arbiter's if empty.")
    allowed_users: str = setting(
        "", "Users who may connect, by name or number; whoever can open the socket if empty."
    )
    manage_users: str = setting(
        "", "Users who may scale, reload, look into workers and end them, beside root and our own."
    )
    slot_env: dict[str, str] = field(default_factory=dict)
    worker_command: str = setting(
        "", "Command that starts a worker in another language; Python's worker if empty."
    )
    launchers: dict[str, str] = field(default_factory=dict)
    # Of the apps that name none; empty for `worker_command`, or Python's.
    launcher: str = ""
    ray_address: str = setting(
        "auto", "The Ray cluster of apps with the launcher ray: auto, or HOST:PORT of its head."
    )
    # None for those whose class asks for it; True or False for all; or these, by their paths.
    preload: bool | tuple[str, ...] | None = None
    # The ids of each resource; and what apps take of them, by their paths, whatever they say.
    resources: dict[str, tuple[str, ...]] = field(default_factory=dict)
    app_resources: dict[str, dict[str, float]] = field(default_factory=dict)
    # The longest that calls of an app may run, in seconds, by its path; 0 for any.
    app_max_run: dict[str, float] = field(default_factory=dict)
    access_log: bool = setting(False, "Log a line for each call.")
    log_file: str = setting("", "Where to write the log; standard error if empty.")
    log_json: bool = setting(False, "Log in JSON.")
    app_log_level: str = setting(
        "info", "Least level of what apps log by Python: debug, info, warning, error."
    )
    reload: bool = setting(
        False, "While developing: reload when a file changes that apps imported."
    )
    pidfile: str = setting("", "Where to write the arbiter's pid.")
    metrics: str = setting(
        "",
        "Where to serve metrics: HOST:PORT, or a socket's path with a slash; nowhere if empty.",
    )
    counters: bool = setting(True, "Count calls, for status and metrics.")
    statsd: str = setting("", "HOST:PORT of a statsd to push metrics to; nowhere if empty.")
    config_path: str = ""
    directory: str = ""
    hooks: dict[str, Callable[..., Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            _check(one, value)
            if one.name.endswith("_s"):
                object.__setattr__(self, one.name, seconds(value, label_of(one.name), 0))
        ids = {name: tuple(map(str, words)) for name, words in self.resources.items()}
        object.__setattr__(self, "resources", ids)
        _check_apps(self.apps)
        _check_socket_path(self.socket_path)
        _check_launchers(self.apps, self.launchers, self.launcher)
        _check_named(self.apps, self.preload, "preload")
        _check_named(self.apps, tuple(self.app_resources), "app_resources")
        _check_named(self.apps, tuple(self.app_max_run), "app_max_run")
        wanted = self.workers * len({self.launcher_of(app) for app in self.apps})
        if wanted > self.max_workers:
            each = "" if wanted == self.workers else ", over all launchers"
            reason = f"workers is at most max-workers, {self.max_workers}{each}"
            raise ConfigError(reason, "workers")

    def is_placed(self, app: AppSpec) -> bool:
        """Whether a cluster finds what workers of the app take, wherever it is."""
        return (app.launcher or self.launcher) == RAY_LAUNCHER

    def launcher_of(self, app: AppSpec) -> str:
        """Whose slots the app shares: those of its launcher; in a cluster it has slots alone."""
        return f"{RAY_LAUNCHER} {app.path}" if self.is_placed(app) else app.launcher


def option_name(name: str) -> str:
    """The name without its unit: of the setting `timeout_s`, `timeout`."""
    for unit in UNITS:
        name = name.removesuffix(unit)
    return name


def label_of(name: str) -> str:
    """The word for the setting in messages, as in its option: of `max_queue`, `max-queue`."""
    return option_name(name).replace("_", "-")


def variable_name(name: str) -> str:
    """The name of the setting's variable: of `timeout_s`, `DIRTY_TIMEOUT`."""
    return f"DIRTY_{option_name(name).upper()}"


def simple_settings() -> list[Field[Any]]:
    """The settings that are numbers, words or switches with a default."""
    return [one for one in fields(Config) if "help" in one.metadata]


FILE_NAMES = {
    f"dirty_{option_name(one.name)}": one.name
    for one in fields(Config)
    if one.name not in ("config_path", "directory", "hooks")
}
VARIABLES = frozenset(variable_name(one.name) for one in simple_settings()) | {
    "DIRTY_SOCKET",
    "DIRTY_PRELOAD",
}


def stash_file(text: str) -> str:
    """The path of the file that the setting `stash` names; empty where it names none."""
    return text.removeprefix(IN_SQLITE) if text.startswith(IN_SQLITE) else ""


def stash_problem(text: str) -> str:
    """Why the stash cannot be kept there, as far as the text tells; empty when it can."""
    if text == IN_MEMORY or stash_file(text):
        return ""
    if text.startswith(ON_A_SERVER):
        return _told_by(urlsplit, text) or _told_by(lambda url: urlsplit(url).port, text)
    return f"is {IN_MEMORY}, {IN_SQLITE}PATH or {ON_A_SERVER[0]}HOST:PORT/DB, not {text!r}"


def without_password(place: str) -> str:
    """The setting `stash` as it may be shown."""
    scheme, slashes, rest = place.partition("://")
    return f"{scheme}{slashes}{rest.rpartition('@')[2]}" if slashes else place


def placed_tables(tables: Any) -> Any:
    """Of `stash_tables`, the places with absolute paths; what is none stays. Raises OSError."""
    if not isinstance(tables, dict) or _stash_tables_problem(tables):
        return tables
    return {pattern: placed("stash", place) for pattern, place in tables.items()}


def placed(setting: str, text: str) -> str:
    """The path, absolute; what of `metrics` and `stash` is no path as it is. Raises OSError."""
    if setting == "stash":
        file = stash_file(text)
        return IN_SQLITE + absolute(file) if file else text
    return text if setting == "metrics" and "/" not in text else absolute(text)


def host_and_port(text: str) -> tuple[str, int]:
    """Of ``HOST:PORT``; without a host, that of this machine. Raises ValueError."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"it is HOST:PORT, such as 127.0.0.1:9464, not {text!r}")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)


def check_directory(setting: str, path: str) -> None:
    """Raises ConfigError when the directory that the setting's `path` is in does not exist."""
    parent = Path(path).parent
    if path and not parent.is_dir():
        reason = f"{label_of(setting)} {path}: the directory {parent} does not exist"
        raise ConfigError(reason, setting)


def load_config(
    path: str,
    overrides: Mapping[str, Any],
    socket_path: str = "",
    found: Mapping[str, Any] | None = None,
) -> Config:
    """The settings of the file at `path` (empty for none), beaten by `overrides`.

    Args:
        overrides: by the names of Config; None and empty tuples do not count.
        socket_path: where to serve if nothing else says so; empty for nowhere.
        found: what the file defines, where it was run already.

    Raises:
        ConfigError: the file cannot be run, or a setting cannot be used.
    """
    settings = _of_file(path, run_file(path) if found is None else found) if path else {}
    settings |= {name: value for name, value in overrides.items() if value not in (None, ())}
    for name in PATHS:
        if settings.get(name) and isinstance(settings[name], str):
            settings[name] = placed(name, settings[name])
    settings["stash_tables"] = placed_tables(settings.get("stash_tables") or {})
    settings["socket_path"] = settings.get("socket_path") or socket_path
    if not settings["socket_path"]:
        raise ConfigError("no socket to serve at: give --socket PATH or set DIRTY_SOCKET")
    apps = settings.get("apps") or ()
    if not isinstance(apps, list | tuple) or not all(isinstance(app, str) for app in apps):
        raise ConfigError("dirty_apps is a list of strings such as 'module:Class'")
    try:
        settings["apps"] = tuple(parse_app_spec(app) for app in apps)
    except DirtyAppError as error:
        raise ConfigError(error.message) from None
    return Config(**settings)


def renewed(old: Config, new: Config) -> tuple[Config, list[str], list[str]]:
    """What an arbiter has, of which the settings `old` are, when it is told `new`.

    Returns:
        Its settings; the names of those that are others now; and of those that should be, and stay
        until another arbiter is started.

    Raises:
        ConfigError: what it would have cannot be used together.
    """
    names = [one.name for one in fields(Config) if one.name != "hooks"]
    wanted = [name for name in names if getattr(old, name) != getattr(new, name)]
    changed = [name for name in wanted if name not in AT_START]
    # Functions are others each time that they are defined.
    kept = replace(old, hooks=new.hooks, **{name: getattr(new, name) for name in changed})
    return kept, changed, [name for name in wanted if name in AT_START]


def run_file(path: str) -> dict[str, Any]:
    """What the config file at `path` defines. Raises ConfigError."""
    if not Path(path).is_file():
        raise ConfigError(f"config file {path} does not exist")
    try:
        return runpy.run_path(path)
    except (Exception, SystemExit) as error:
        raise ConfigError(f"config file {path} failed: {describe(error)}") from error


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """A line for each variable that looks like a setting and is none.

    What a worker is told by its arbiter is no setting of an arbiter that the worker starts.
    """
    if "GD_WORKER_FDS" in environment:
        return []
    unknown = {name for name in environment if name.startswith("DIRTY_")} - VARIABLES
    return [
        f"{name} is no setting and changes nothing{_nearest(name, VARIABLES)}"
        for name in sorted(unknown)
    ]


def _nearest(name: str, known: Iterable[str]) -> str:
    nearest = difflib.get_close_matches(name, known, 1, cutoff=0.8)
    return f"; did you mean {nearest[0]}?" if nearest else ""


def _check_names(path: str, found: Mapping[str, Any]) -> None:
    """Raises ConfigError for the first name that looks like a setting or a hook and is none."""
    known = {*FILE_NAMES, *HOOKS}
    for name, value in found.items():
        ours = name.startswith(("dirty_", "on_dirty_")) and not isinstance(value, ModuleType)
        if ours and name not in known:
            raise ConfigError(f"config file {path}: there is no {name}{_nearest(name, known)}")
        if name in HOOKS and not callable(value):
            raise ConfigError(f"config file {path}: {name} is a function, not {value!r}")


def _of_file(path: str, found: Mapping[str, Any]) -> dict[str, Any]:
    _check_names(path, found)
    settings = as_settings(found)
    settings |= {name: found[key] for key, name in FILE_NAMES.items() if key in found}
    settings["config_path"] = absolute(path)
    settings["hooks"] = {name: found[name] for name in HOOKS if name in found}
    return settings


def _check(one: Field[Any], value: Any) -> None:
    if problem := _problem(one, value):
        raise ConfigError(f"{label_of(one.name)} {problem}", one.name)


def _problem(one: Field[Any], value: Any) -> str:
    """Why the value cannot be that of the setting; empty when it can."""
    if isinstance(one.default, bool):
        return "" if isinstance(value, bool) else f"is True or False, not {value!r}"
    if isinstance(one.default, int | float):
        return _number_problem(value, type(one.default), **one.metadata["bounds"])
    if one.name == "slot_env":
        return _environment_problem(value)
    if one.name == "launchers":
        return _launchers_problem(value)
    if one.name == "preload":
        return _preload_problem(value)
    if one.name == "stash_tables":
        return _stash_tables_problem(value)
    if one.name == "resources":
        return ids_problem(value)
    if one.name == "app_resources":
        return _by_app_problem(value, needs_problem)
    if one.name == "app_max_run":
        return _by_app_problem(value, _limit_problem)
    if one.default is MISSING and one.name != "socket_path":
        return ""
    if not isinstance(value, str) or "\0" in value:
        return f"is text, not {value!r}"
    if value and (one.name == "statsd" or (one.name == "metrics" and "/" not in value)):
        return _told_by(host_and_port, value)
    if one.name == "stash":
        return stash_problem(value)
    if one.name == "ray_address":
        return _ray_address_problem(value)
    if one.name == "cpu_affinity":
        return _told_by(cpu_lists, value)
    if one.name == "app_log_level" and value not in LEVELS:
        return f"is one of {', '.join(LEVELS)}, not {value!r}"
    return _command_problem(value) if one.name == "worker_command" else ""


def _ray_address_problem(value: str) -> str:
    if value == "auto":
        return ""
    if value == "local":
        return "is no local: each worker would have a cluster; use `ray start --head`, and auto"
    if "://" in value:
        return f"is auto or HOST:PORT, not {value!r}: Ray's own client has no streams"
    return _told_by(host_and_port, value)


def _number_problem(value: Any, kind: type, least: float, most: float | None) -> str:
    kinds = (int,) if kind is int else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds):
        return f"is a number, not {value!r}"
    if not least <= value < math.inf:
        return f"is at least {least}, not {value!r}"
    return "" if most is None or value <= most else f"is at most {most}, not {value!r}"


def _told_by(read: Callable[[str], object], value: str) -> str:
    """Why `read`, which raises ValueError, does not take the value."""
    try:
        read(value)
    except ValueError as error:
        return str(error).removeprefix("it ")
    return ""


def _environment_problem(value: Any) -> str:
    if not isinstance(value, dict) or not all(
        isinstance(text, str) for pair in value.items() for text in pair
    ):
        return f"is a dict of strings, not {value!r}"
    for text in value.values():
        try:
            text.format(slot=0)
        except (ValueError, LookupError, AttributeError):
            return f"has {{slot}} for the worker's number and no other braces, not {text!r}"
    return ""


def _launchers_problem(value: Any) -> str:
    if not isinstance(value, dict) or not all(
        isinstance(text, str) for pair in value.items() for text in pair
    ):
        return f"is a dict of names and commands, not {value!r}"
    for name, command in value.items():
        if not name.isidentifier() or name in OWN_LAUNCHERS:
            return f"has names that are identifiers, and not {' or '.join(OWN_LAUNCHERS)}: {name!r}"
        if problem := _command_problem(command) or ("" if command else "is empty"):
            return f"{name} {problem}"
    return ""


def _stash_tables_problem(value: Any) -> str:
    if not isinstance(value, dict) or not all(
        isinstance(text, str) for pair in value.items() for text in pair
    ):
        return f"is a dict of patterns of names and places, not {value!r}"
    for pattern, place in value.items():
        if not pattern or len(pattern.encode()) > MAX_PATTERN_BYTES:
            return f"has patterns of 1 to {MAX_PATTERN_BYTES} bytes, not {pattern!r:.100}"
        if problem := stash_problem(place):
            return f"of {pattern} {problem}"
    return ""


def _preload_problem(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, list | tuple) and all(isinstance(path, str) for path in value):
        return ""
    return f"is True, False, or a list of paths of apps, not {value!r}"


def _limit_problem(value: Any) -> str:
    return _number_problem(value, float, 0, None)


def _by_app_problem(value: Any, problem_of: Callable[[Any], str]) -> str:
    if not isinstance(value, dict) or not all(isinstance(path, str) for path in value):
        return f"is a dict by paths of apps, not {value!r}"
    problems = ((path, problem_of(one)) for path, one in value.items())
    return next((f"of app {path} {problem}" for path, problem in problems if problem), "")


def _check_launchers(apps: tuple[AppSpec, ...], launchers: Mapping[str, str], usual: str) -> None:
    known = (*launchers, *OWN_LAUNCHERS)
    if usual and usual not in known:
        raise ConfigError(f"launcher is one of {', '.join(known)}, not {usual!r}", "launcher")
    for app in apps:
        if app.launcher and app.launcher not in known:
            name = app.launcher
            reason = f"app {app.path}: there is no launcher {name}; give --launcher {name}=COMMAND"
            raise ConfigError(reason, "launchers")


def _check_named(apps: tuple[AppSpec, ...], named: bool | tuple[str, ...] | None, by: str) -> None:
    paths = {app.path for app in apps}
    for path in named if isinstance(named, list | tuple) else ():
        if path not in paths:
            raise ConfigError(f"{label_of(by)} names app {path}, which is not served", by)


def _command_problem(value: str) -> str:
    try:
        is_empty = bool(value) and not shlex.split(value)
    except ValueError as error:
        return f"is words for a shell, not {value!r}: {error}"
    return f"is words for a shell, not {value!r}" if is_empty else ""


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
        raise ConfigError(reason, "socket_path")
