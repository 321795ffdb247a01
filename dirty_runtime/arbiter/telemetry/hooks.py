"""The config file's hooks that the arbiter calls.

Rules: a hook that raises is told of each time that it does, and called again the next time: it may
have failed for a reason that passes. One that takes long keeps everybody waiting, and the log tells
that: it is called where it may look at the arbiter. This has gunicorn's attributes too.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from ...settings import FILE_NAMES, Config
from .observer import ObservedWorker, Observer

log = logging.getLogger("dirty")

# After this a hook is told to take long.
LONG_S = 0.5


def call_hook(hooks: Mapping[str, Callable[..., Any]], name: str, *args: Any) -> None:
    """Call the hook, if there is one; what it raises is logged."""
    hook = hooks.get(name)
    if hook is None:
        return
    begun_s = time.monotonic()
    try:
        hook(*args)
    except Exception:
        log.exception("the hook %s failed", name)
    took_s = time.monotonic() - begun_s
    if took_s > LONG_S:
        log.warning("the hook %s took %.1f s, in which nobody was served", name, took_s)


class HookedArbiter:
    """The arbiter as hooks written for gunicorn know it; all else is the arbiter's own.

    Attributes:
        cfg: the settings, by their names in the config file.
        log: its logger.
        pid: its process; `ppid` the one that started it.
        socket_path: where it serves.
        num_workers: how many workers it was to start with.
        timeout: seconds of silence that a worker may keep.
    """

    def __init__(self, arbiter: object, config: Config) -> None:
        self._arbiter = arbiter
        self.cfg = SimpleNamespace(**{key: getattr(config, n) for key, n in FILE_NAMES.items()})
        self.log = log
        self.pid = os.getpid()
        self.ppid = os.getppid()
        self.socket_path = config.socket_path
        self.num_workers = config.workers
        self.timeout = config.timeout_s

    def __getattr__(self, name: str) -> Any:
        return getattr(self._arbiter, name)


class Hooks(Observer):
    """Calls ``dirty_worker_exit`` with the arbiter and the worker."""

    def __init__(self, hooks: Mapping[str, Callable[..., Any]], arbiter: object) -> None:
        self.take(hooks, arbiter)

    def take(self, hooks: Mapping[str, Callable[..., Any]], arbiter: object) -> None:
        """Call these from now on."""
        self._hooks = hooks
        self._arbiter = arbiter

    def worker_gone(self, worker: ObservedWorker, reason: str) -> None:
        call_hook(self._hooks, "dirty_worker_exit", self._arbiter, worker)
