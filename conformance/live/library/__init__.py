"""The scripts: `arbiter_*` judge an arbiter, `worker*` a worker, `client` a client."""

from __future__ import annotations

import importlib

MODULES = (
    "arbiter_frames",
    "arbiter_payloads",
    "arbiter_exchanges",
    "arbiter_stash",
    "arbiter_state",
    "arbiter_lists",
    "arbiter_others",
    "arbiter_workers",
    "arbiter_lanes",
    "arbiter_memfd",
    "worker",
    "worker_wide",
    "client",
)


def load() -> None:
    """Add every script to the book."""
    for name in MODULES:
        importlib.import_module(f"{__name__}.{name}")
