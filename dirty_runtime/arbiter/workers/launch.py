"""Who starts workers: the interface, and what starts them by processes of this machine."""

from __future__ import annotations

import importlib.util
import json
import os
import shlex
import shutil
import socket
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from ...cpus import cpu_lists
from ...settings import PYTHON_LAUNCHER, Config, ConfigError
from ...version import EXTENSIONS
from ..clock import Clock
from ..policy.catalogue import AppFacts, Catalogue
from ..policy.resources import Given
from .cgroup import Cgroups
from .inspection import asked
from .process import LocalProcess, Placement
from .ray import RayProcess
from .stacks import Stacks
from .template import Loaded, Start, Templates

# It looks for the apps' modules itself, when it has what it needs.
PYTHON = (sys.executable, "-P", "-m", "dirty_runtime.worker")
BRIDGE = (sys.executable, "-P", "-m", "dirty_runtime.bridge")
# What Python, or the C library, looks at when a process begins, and not again when it is forked.
READ_AT_START = ("PYTHON", "LD_", "MALLOC_", "GLIBC_", "LC_", "LANG", "TZ", "GDPROTO_")

# What the libraries of a resource's makers look at, beside our own variable.
PRESET = {"gpu": "CUDA_VISIBLE_DEVICES"}


class Order(NamedTuple):
    """A worker to start: its slot, how many were started before and it, and what it serves."""

    slot: int
    age: int
    apps: tuple[str, ...]
    ends: Sequence[socket.socket]
    """The worker's ends of its lanes, which the launcher does not keep."""
    own: tuple[str, ...] = ()
    """The apps whose lanes the last of them are, one for each."""
    given: Given | None = None
    """What it has of the machine's resources; None for a template, which is given none."""


class Process(Protocol):
    """A worker that was started, wherever it runs.

    Attributes:
        placement: where in a cluster, as of now.
    """

    placement: Placement

    @property
    def pid(self) -> int:
        """Its number, by which people and STATUS name it; 0 while it is not known."""

    def when_ended(self, told: Callable[[], None]) -> None:
        """Have the running event loop call `told` once, when it is gone with all it started."""

    def when_leaving(self, told: Callable[[str], None]) -> None:
        """Have the running event loop call `told` with the reason for which it wants a successor,
        each time that it says so.
        """

    def when_imported(self, told: Callable[[str], None]) -> None:
        """Have `told` called with the path of each file that it imports of its apps, if it tells;
        asked where the arbiter reloads by itself, before `when_leaving`.
        """

    def when_moved(self, told: Callable[[], None]) -> None:
        """Have the running event loop call `told` when its placement is another."""

    def ending(self) -> str:
        """How it ended, in a few words; for a process that is gone."""

    def last_traced(self) -> str:
        """The app that it initialised last; empty when it said nothing."""

    def is_victim(self) -> bool:
        """Whether its end says nothing of its apps: it could not be started, or somebody ended it;
        for a process that is gone.
        """

    def is_short_of_memory(self) -> bool:
        """Whether the kernel has killed it for want of memory, as far as it tells; for a process
        that is gone.
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
    """Starts Python's own worker: a fork of a template, if that was told the same."""

    def __init__(
        self,
        config: Config,
        templates: Templates,
        preloads: Callable[[str], bool],
        cgroups: Cgroups,
    ) -> None:
        self._config = config
        self._templates = templates
        self._preloads = preloads
        self._cgroups = cgroups

    async def inspect(self, paths: Sequence[str]) -> Mapping[str, AppFacts]:
        config = self._config
        return await asked(paths, config.boot_timeout_s, config.directory, self._templates)

    def launch(self, order: Order) -> Process:
        start, template = start_of("worker", (), self._config, order), None
        if apps := tuple(filter(self._preloads, order.apps)):
            # It is forked from a template with these apps.
            loads = start_of("template", (), self._config, Order(-1, 0, apps, ()))
            template = self._templates.with_apps(apps, loads)
        elif any(name.startswith(READ_AT_START) for name in self._config.slot_env):
            start = start_of("command", PYTHON, self._config, order)
        return started(self._templates, start, self._cgroups, order.age, True, template)


class CommandLauncher:
    """Starts a worker in any language, by a command; what its apps are it tells when it is ready.

    Args:
        name: what people know it by.
        setting: where the command stands in Config.
    """

    def __init__(
        self,
        config: Config,
        templates: Templates,
        command: str,
        name: str,
        setting: str,
        cgroups: Cgroups,
    ) -> None:
        self._config = config
        self._templates = templates
        self._words = shlex.split(command)
        self._name = name
        self._setting = setting
        self._cgroups = cgroups

    async def inspect(self, paths: Sequence[str]) -> Mapping[str, AppFacts]:
        program = self._words[0]
        # A path is taken from the directory where the workers start.
        place = os.path.join(self._config.directory, program) if os.sep in program else program
        if shutil.which(place) is None:
            raise ConfigError(f"{self._name}: there is no program {program}", self._setting)
        return {}

    def launch(self, order: Order) -> Process:
        start = start_of("command", self._words, self._config, order)
        return started(self._templates, start, self._cgroups, order.age, False)


class RayLauncher:
    """Starts workers as actors of a Ray cluster, each behind a bridge.

    Args:
        needs: what an app takes, by its path.
    """

    def __init__(
        self,
        config: Config,
        templates: Templates,
        needs: Callable[[str], Mapping[str, float]],
    ) -> None:
        self._config = config
        self._templates = templates
        self._needs = needs

    async def inspect(self, paths: Sequence[str]) -> Mapping[str, AppFacts]:
        if importlib.util.find_spec("ray") is None:
            raise ConfigError("launcher ray: Ray is not installed: pip install 'gdproto[ray]'")
        config = self._config
        return await asked(paths, config.boot_timeout_s, config.directory, self._templates)

    def launch(self, order: Order) -> RayProcess:
        start = start_of("command", BRIDGE, self._config, order)
        environment = {**start.environment, "DIRTY_BRIDGE": json.dumps(self._told(order))}
        # What a worker may take of a machine, it takes elsewhere.
        start = start._replace(environment=environment, limits={})
        return RayProcess(lambda fds: self._templates.start(start.with_fds(fds)))

    def _told(self, order: Order) -> dict[str, object]:
        config = self._config
        own = config.slot_env.keys()
        # What Ray gives it of GPUs, Ray tells it.
        environment = told(config, order._replace(given=None))
        directory = config.directory or os.getcwd()
        if config.config_path.startswith(f"{directory}{os.sep}"):
            environment["DIRTY_CONFIG"] = os.path.relpath(config.config_path, directory)
        needs: dict[str, float] = {}
        for path in order.apps:
            for name, amount in self._needs(path).items():
                needs[name] = needs.get(name, 0) + amount
        return {
            "address": config.ray_address,
            "directory": directory,
            "begin_with": {name: environment[name] for name in own},
            "environment": environment,
            "needs": needs,
        }


def start_of(kind: str, words: Sequence[str], config: Config, order: Order) -> Start:
    """What is to be started for the order."""
    lanes = [("GD_WORKER_FDS", end.fileno()) for end in order.ends]
    # What a template loads is for all of its workers.
    limits = limits_of(config, order.slot) if order.slot >= 0 else {}
    return Start(kind, words, os.environ | told(config, order), config.directory, lanes, limits)


def limits_of(config: Config, slot: int) -> dict[str, Any]:
    """What the worker of the slot may take of the machine: see `Start.limits`."""
    lists = cpu_lists(config.cpu_affinity)
    cpus = sorted(lists[slot % len(lists)]) if lists else []
    return {"memory": config.max_memory_bytes, "nice": config.nice, "cpus": cpus}


def started(
    templates: Templates,
    start: Start,
    cgroups: Cgroups,
    age: int,
    takes_signals: bool,
    template: Loaded | None = None,
) -> LocalProcess:
    """The process of the worker of that age, forked from a template. Raises OSError."""
    leaf = cgroups.leaf(age, start.limits["memory"])
    if leaf is not None:
        start = start._replace(limits={**start.limits, "cgroup": str(leaf.path)})
    begin = (template or templates).start
    try:
        return LocalProcess(
            lambda fds: begin(start.with_fds(fds)),
            takes_signals,
            template,
            start.limits,
            leaf or cgroups.shared,
        )
    except BaseException:
        if leaf is not None:
            leaf.remove()
        raise


def told(config: Config, order: Order) -> dict[str, str]:
    """The environment that a worker is started with, beside the arbiter's own and its lanes."""
    own = {name: text.format(slot=order.slot) for name, text in config.slot_env.items()}
    return (
        given_variables(config.resources, order.given)
        | own
        | {
            "GD_WORKER_APPS": json.dumps(list(order.apps)),
            "GD_WORKER_EXTENSIONS": ",".join(EXTENSIONS),
            "DIRTY_WORKER_MEMFD_MIN_BYTES": str(config.memfd_min_bytes),
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
            "DIRTY_WORKER_LOG_LEVEL": config.app_log_level,
            "DIRTY_WORKER_TELLS_SOURCES": str(int(config.reload)),
        }
    )


def given_variables(names: Iterable[str], given: Given | None) -> dict[str, str]:
    """The variables by which a worker knows its ids; empty ones where it has none of a resource."""
    if given is None:
        return {}
    found = {name: ",".join(given.get(name, ())) for name in names}
    variables = {f"DIRTY_RESOURCE_{name.upper()}": ids for name, ids in found.items()}
    return variables | {PRESET[name]: ids for name, ids in found.items() if name in PRESET}


def launchers_of(
    config: Config, templates: Templates, catalogue: Catalogue, cgroups: Cgroups
) -> dict[str, Launcher]:
    """Who starts the workers of `config`, by the names that its apps give."""

    def by(command: str, name: str, setting: str) -> Launcher:
        return CommandLauncher(config, templates, command, name, setting, cgroups)

    python = PythonLauncher(config, templates, catalogue.preloads, cgroups)
    usual: Launcher = python
    if config.worker_command:
        usual = by(config.worker_command, "worker-command", "worker_command")
    named: dict[str, Launcher] = {
        name: by(command, f"launcher {name}", "launchers")
        for name, command in config.launchers.items()
    }
    ray = RayLauncher(config, templates, catalogue.asks)
    named[PYTHON_LAUNCHER] = python
    placed = {config.launcher_of(app): ray for app in config.apps if config.is_placed(app)}
    return {"": named.get(config.launcher, usual), **named, **placed}


async def inspect(launchers: Mapping[str, Launcher], catalogue: Catalogue) -> dict[str, AppFacts]:
    """What can be known of all apps before a worker loads them. Raises ConfigError."""
    facts: dict[str, AppFacts] = {}
    for name, paths in catalogue.launchers.items():
        facts |= await launchers[name].inspect(paths)
    return facts


async def looked_at(config: Config, catalogue: Catalogue) -> dict[str, AppFacts]:
    """As `inspect`, where nothing is to be started. Raises ConfigError."""
    templates = Templates(config.directory, config.boot_timeout_s, Clock())
    try:
        return await inspect(launchers_of(config, templates, catalogue, Cgroups()), catalogue)
    finally:
        await templates.stop()
