"""gunicorn: our arbiter in the place of gunicorn's, by one line of its config file.

    from dirty_runtime.integrations.gunicorn import *

    dirty_apps = ["shop.ml:Prices"]
    dirty_workers = 2

Rules: gunicorn's master starts, watches, reloads and stops our arbiter exactly where it would its
own; masters from before gunicorn 25, which have none, learn to. The settings are gunicorn's, from
wherever it takes them; our own, such as `dirty_max_queue`, stand beside them in the file. The
arbiter is a program of its own, started anew, as the user of gunicorn's workers, and ends with its
master. It serves at DIRTY_SOCKET or `dirty_socket`, or in a new directory.
Where anything but gunicorn reads the file, the line does nothing.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from typing import Any

from dirty_runtime.gunicorn_file import AS_SETTINGS, as_settings

__all__: list[str] = []

SOCKET = "GUNICORN_DIRTY_SOCKET"
PR_SET_PDEATHSIG = 1
STOP_PAUSE_S = 0.05
# gunicorn's own, where it has no such settings.
DEFAULTS: Mapping[str, Any] = {
    "dirty_apps": [],
    "dirty_workers": 0,
    "dirty_threads": 1,
    "dirty_timeout": 300,
    "dirty_graceful_timeout": 30,
}
NUMBERS = ("workers", "threads", "timeout", "graceful_timeout")


# --- what gunicorn's master does ---


def spawn_dirty_arbiter(master: Any) -> None:
    """Start our arbiter for this master, unless it runs."""
    if master.dirty_arbiter_pid:
        return
    socket_path = _socket_path(master)
    command = _command(master.cfg, socket_path)
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become(command, master.cfg, parent)
    master.dirty_arbiter_pid = pid
    os.environ[SOCKET] = socket_path
    master.log.info("Started dirty_runtime's arbiter (pid: %s) at %s", pid, socket_path)


def _socket_path(master: Any) -> str:
    """The same for as long as this master lives, for the web workers that there are."""
    found = str(os.environ.get("DIRTY_SOCKET") or getattr(master, "dirty_socket_path", ""))
    found = found or str(getattr(_config_module(master.cfg), "dirty_socket", ""))
    if found:
        return os.path.abspath(found)
    folder = tempfile.mkdtemp(prefix="gunicorn-dirty-")
    if os.geteuid() == 0:
        os.chown(folder, master.cfg.uid, master.cfg.gid)
    atexit.register(_remove, folder, os.getpid())
    master.dirty_socket_path = os.path.join(folder, "socket")
    return str(master.dirty_socket_path)


def _remove(folder: str, pid: int) -> None:
    # Workers are forked: they leave it to the master.
    if os.getpid() == pid:
        shutil.rmtree(folder, ignore_errors=True)


def _command(cfg: Any, socket_path: str) -> list[str]:
    command = [sys.executable, "-m", "dirty_runtime", "serve", "--socket", socket_path]
    command += ["--under-gunicorn", cfg.settings["proc_name"].get() or ""]
    if file := _config_file(cfg):
        command += ["--config", file]
    if not _is_of_file(cfg, "dirty_apps"):
        for app in _setting(cfg, "dirty_apps"):
            command += ["--app", app]
    for name in NUMBERS:
        if not _is_of_file(cfg, f"dirty_{name}"):
            command += [f"--{name.replace('_', '-')}", str(_setting(cfg, f"dirty_{name}"))]
    for name, value in as_settings(_said_elsewhere(cfg)).items():
        command += [f"--{name.replace('_', '-')}", value]
    return [*command, "--chdir", cfg.chdir]


def _said_elsewhere(cfg: Any) -> dict[str, Any]:
    """What is not as the file says it, of the settings for which there are some of ours."""
    module = _config_module(cfg)
    return {
        name: getattr(cfg, name)
        for name in AS_SETTINGS
        if getattr(cfg, name) != getattr(module, name, cfg.settings[name].default)
    }


def _is_of_file(cfg: Any, name: str) -> bool:
    """Whether the setting is as its config file says: the arbiter reads it there, and again."""
    return bool(getattr(_config_module(cfg), name, None) == _setting(cfg, name))


def _setting(cfg: Any, name: str) -> Any:
    """From gunicorn's settings, or, where it does not know the name, from its config file."""
    if name in cfg.settings:
        return getattr(cfg, name)
    return getattr(_config_module(cfg), name, DEFAULTS[name])


def _config_file(cfg: Any) -> str:
    return getattr(_config_module(cfg), "__file__", None) or ""


def _config_module(cfg: Any) -> Any:
    """The module that gunicorn's config file became."""
    name = str(cfg.config or "").removeprefix("python:")
    return sys.modules.get(name) or sys.modules.get("__config__")


def _become(command: list[str], cfg: Any, parent: int) -> None:
    """Turn this process, just forked, into our arbiter. Does not return."""
    try:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        if os.geteuid() == 0 and (cfg.uid, cfg.gid) != (0, 0):
            os.setgroups(_groups(cfg))
            os.setgid(cfg.gid)
            os.setuid(cfg.uid)
        if cfg.umask or hasattr(_config_module(cfg), "umask"):
            os.umask(cfg.umask)
        _end_with(parent)
        os.execve(command[0], command, _environment(cfg))
    except BaseException as error:
        os.write(2, f"dirty_runtime's arbiter cannot be started: {error}\n".encode())
    os._exit(1)


def _groups(cfg: Any) -> list[int]:
    """The groups of the user that gunicorn's workers have."""
    if cfg.initgroups:
        with contextlib.suppress(KeyError):
            return os.getgrouplist(pwd.getpwuid(cfg.uid).pw_name, cfg.gid)
    return [cfg.gid]


def _environment(cfg: Any) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if name != SOCKET}
    paths = [os.path.abspath(one) for one in (cfg.pythonpath or "").split(",") if one]
    paths.append(os.environ.get("PYTHONPATH", ""))
    if joined := os.pathsep.join(filter(None, paths)):
        environment["PYTHONPATH"] = joined
    return environment


def _end_with(parent: int) -> None:
    """Have the kernel tell this process to stop when its master is gone, where it can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))
    if os.getppid() != parent:
        os._exit(0)


# --- what masters before gunicorn 25 learn ---


def _wants(master: Any) -> bool:
    return _setting(master.cfg, "dirty_workers") > 0 and bool(_setting(master.cfg, "dirty_apps"))


def _teach(cls: Any) -> None:
    """Have a master start, watch, reload and stop an arbiter where it does so with workers."""
    cls.dirty_arbiter_pid = 0
    _after(cls, "start", _spawn_if_wanted)
    _after(cls, "murder_workers", _watch)
    _after(cls, "reload", lambda master: _tell(master, signal.SIGHUP))
    _after(cls, "handle_usr1", lambda master: _tell(master, signal.SIGUSR1))
    stop = cls.stop

    def stop_all(master: Any, graceful: bool = True) -> None:
        _tell(master, signal.SIGTERM if graceful else signal.SIGQUIT)
        stop(master, graceful)
        _wait(master)

    cls.stop = stop_all


def _after(cls: Any, name: str, then: Callable[[Any], None]) -> None:
    before = getattr(cls, name)

    def both(master: Any) -> None:
        before(master)
        then(master)

    setattr(cls, name, both)


def _spawn_if_wanted(master: Any) -> None:
    if _wants(master):
        spawn_dirty_arbiter(master)


def _watch(master: Any) -> None:
    if master.dirty_arbiter_pid and not _runs(master.dirty_arbiter_pid):
        master.log.error("The arbiter (pid: %s) has ended", master.dirty_arbiter_pid)
        master.dirty_arbiter_pid = 0
    _spawn_if_wanted(master)


def _runs(pid: int) -> bool:
    """Whether it runs; its end may have been waited for by the master, with its workers'."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == 0
    except ChildProcessError:
        return False


def _tell(master: Any, number: int) -> None:
    if master.dirty_arbiter_pid and _runs(master.dirty_arbiter_pid):
        os.kill(master.dirty_arbiter_pid, number)


def _wait(master: Any) -> None:
    pid, master.dirty_arbiter_pid = master.dirty_arbiter_pid, 0
    limit = time.monotonic() + master.cfg.graceful_timeout
    while pid and _runs(pid):
        if time.monotonic() > limit:
            os.kill(pid, signal.SIGKILL)
        time.sleep(STOP_PAUSE_S)


# --- the line itself ---


def _take_place() -> None:
    module = sys.modules.get("gunicorn.arbiter")
    if module is None:
        return
    cls: Any = module.Arbiter
    if not hasattr(cls, "spawn_dirty_arbiter"):
        _teach(cls)
    cls.spawn_dirty_arbiter = spawn_dirty_arbiter


_take_place()
