"""The config file's hooks that the arbiter calls.

Rules: a hook that raises is told of each time that it does, and called again the next time: it may
have failed for a reason that passes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from .observer import ObservedWorker, Observer

log = logging.getLogger("dirty")


def call_hook(hooks: Mapping[str, Callable[..., Any]], name: str, *args: Any) -> None:
    """Call the hook, if there is one; what it raises is logged."""
    hook = hooks.get(name)
    if hook is None:
        return
    try:
        hook(*args)
    except Exception:
        log.exception("the hook %s failed", name)


class Hooks(Observer):
    """Calls ``dirty_worker_exit`` with the arbiter and the worker."""

    def __init__(self, hooks: Mapping[str, Callable[..., Any]], arbiter: object) -> None:
        self._hooks = hooks
        self._arbiter = arbiter

    def worker_gone(self, worker: ObservedWorker, reason: str) -> None:
        call_hook(self._hooks, "dirty_worker_exit", self._arbiter, worker)
