"""Who starts workers: the interface, and what starts them as processes of this machine."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from ...settings import PYTHON_LAUNCHER, Config, ConfigError
from ..policy.catalogue import AppFacts, Catalogue
from .inspection import asked
from .process import LocalProcess
from .stacks import Stacks

# It looks for the apps' modules itself, when it has what it needs.
PYTHON = (sys.executable, "-P", "-m", "dirty_runtime.worker")


class Order(NamedTuple):
    """A worker to start: its slot, how many were started before and it, and what it serves."""

    slot: int
    age: int
    apps: tuple[str, ...]
    ends: Sequence[socket.socket]
    """The worker's ends of its lanes, which the launcher does not keep."""
    own: tuple[str, ...] = ()
    """The apps whose lanes the last of them are, one for each."""


class Process(Protocol):
    """A worker that was started, wherever it runs."""

    @property
    def pid(self) -> int:
        """Its number, by which people and STATUS name it; 0 while it is not known."""

    def when_ended(self, told: Callable[[], None]) -> None:
        """Have the running event loop call `told` once, when it is gone with all it started."""

    def when_leaving(self, told: Callable[[str], None]) -> None:
        """Have the running event loop call `told` with the reason for which it wants a successor,
        each time that it says so.
        """

    def ending(self) -> str:
        """How it ended, in a few words; for a process that is gone."""

    def last_traced(self) -> str:
        """The app that it initialised last; empty when it said nothing."""

    def is_victim(self) -> bool:
        """Whether its end says nothing of its apps: it could not be started, or somebody ended it;
        for a process that is gone.
        """

    def kill(self) -> None:
        """End it now, and all that it has started; nothing happens when it is gone already."""

    def reopen_logs(self) -> None:
        """Have it open the files of its logs again, if it knows how."""

    def ask_stacks(self, told: Callable[[Stacks], object]) -> None:
        """Have the running event loop call `told` once, soon, with what its threads and tasks are
        at, as far as it tells.
        """

    def died_of(self) -> str:
        """The stacks of one that a fault has ended; empty where none did, or nobody knows; for a
        process that is gone.
        """

    def rss_bytes(self) -> int:
        """The memory that it holds; 0 when it is gone, or nobody knows."""


class Launcher(Protocol):
    """Who starts workers of one kind."""

    async def inspect(self, paths: Sequence[str]) -> Mapping[str, AppFacts]:
        """What can be known of the apps before a worker loads them; may take as long as a boot.

        Raises:
            ConfigError: no worker of them could serve.
        """

    def launch(self, order: Order) -> Process:
        """Start a worker. Raises OSError."""


class PythonLauncher:
    """Starts Python's own worker."""

    def __init__(self, config: Config) -> None:
        self._config = config

    async def inspect(self, paths: Sequence[str]) -> Mapping[str, AppFacts]:
        return await asked(paths, self._config.boot_timeout_s, self._config.directory)

    def launch(self, order: Order) -> Process:
        return started(PYTHON, self._config, order, takes_signals=True)


class CommandLauncher:
    """Starts a worker in any language, by a command; what its apps are it tells when it is ready.

    Args:
        name: what people know it by.
        setting: where the command stands in Config.
    """

    def __init__(self, config: Config, command: str, name: str, setting: str) -> None:
        self._config = config
        self._words = shlex.split(command)
        self._name = name
        self._setting = setting

    async def inspect(self, paths: Sequence[str]) -> Mapping[str, AppFacts]:
        program = self._words[0]
        # A path is taken from the directory where the workers start.
        place = os.path.join(self._config.directory, program) if os.sep in program else program
        if shutil.which(place) is None:
            raise ConfigError(f"{self._name}: there is no program {program}", self._setting)
        return {}

    def launch(self, order: Order) -> Process:
        return started(self._words, self._config, order, takes_signals=False)


def started(
    words: Sequence[str], config: Config, order: Order, takes_signals: bool
) -> LocalProcess:
    """A worker's process. Raises OSError."""
    environment = told(config, order)
    return LocalProcess(words, environment, config.directory, order.ends, takes_signals)


def told(config: Config, order: Order) -> dict[str, str]:
    """The environment that a worker is started with, beside the arbiter's own."""
    own = {name: text.format(slot=order.slot) for name, text in config.slot_env.items()}
    return own | {
        "GD_WORKER_FDS": ",".join(str(end.fileno()) for end in order.ends),
        "GD_WORKER_APPS": json.dumps(list(order.apps)),
        "DIRTY_WORKER_OWN_LANES": json.dumps(list(order.own)),
        "DIRTY_WORKER_THREADS": str(config.threads),
        "DIRTY_ARBITER_PID": str(os.getpid()),
        "DIRTY_WORKER_SLOT": str(order.slot),
        "DIRTY_WORKER_AGE": str(order.age),
        "DIRTY_SOCKET": config.socket_path,
        "GUNICORN_DIRTY_SOCKET": config.socket_path,
        "DIRTY_TRACEBACKS": str(int(config.tracebacks)),
        "DIRTY_CONFIG": config.config_path,
        "DIRTY_WORKER_GRACEFUL_TIMEOUT": str(config.graceful_timeout_s),
        "DIRTY_WORKER_CLOSE_TIMEOUT": str(config.close_timeout_s),
        "DIRTY_WORKER_LOG_FILE": config.log_file,
        "DIRTY_WORKER_LOG_JSON": str(int(config.log_json)),
    }


def launchers_of(config: Config) -> dict[str, Launcher]:
    """Who starts the workers of `config`, by the names that its apps give."""
    python = PythonLauncher(config)
    usual: Launcher = python
    if config.worker_command:
        usual = CommandLauncher(config, config.worker_command, "worker-command", "worker_command")
    named = {
        name: CommandLauncher(config, command, f"launcher {name}", "launchers")
        for name, command in config.launchers.items()
    }
    return {"": usual, PYTHON_LAUNCHER: python, **named}


async def inspect(launchers: Mapping[str, Launcher], catalogue: Catalogue) -> dict[str, AppFacts]:
    """What can be known of all apps before a worker loads them. Raises ConfigError."""
    facts: dict[str, AppFacts] = {}
    for name, paths in catalogue.launchers.items():
        facts |= await launchers[name].inspect(paths)
    return facts
