"""What the arbiter answers to STATUS."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ...version import EXTENSIONS, PROTOCOL, VERSION
from ..workers.worker import READY

if TYPE_CHECKING:
    from ..arbiter import DirtyArbiter
    from ..workers.worker import Worker


def status_of(arbiter: DirtyArbiter) -> dict[str, Any]:
    """The state of an arbiter, its workers and queues.

    Returns:
        gunicorn's fields: `arbiter_pid`, `workers` (each `pid`, `age`, `apps`, `booted`,
        `last_heartbeat` in seconds since the worker was heard), `worker_count`, `apps`; and
        ours beside them: `queues` counts the waiting requests of each app, `waits` tells how many
        seconds the oldest of them has waited, `down` why an app is put aside that
        no worker serves; `reloading` tells whether a reload is under way, `reload_failure` why
        the last one failed; `draining`, of an arbiter that stops, how many calls are `running`
        and `waiting`, and how many seconds are `left` to them, else it is None.
    """
    supervisor = arbiter.supervisor
    workers = sorted(supervisor.workers.values(), key=lambda worker: worker.age)
    return {
        "arbiter_pid": os.getpid(),
        "workers": [_worker(arbiter, worker) for worker in workers],
        "worker_count": len(workers),
        "apps": list(arbiter.router.apps),
        "protocol": PROTOCOL,
        "version": VERSION,
        "extensions": EXTENSIONS,
        "uptime": round(arbiter.clock() - arbiter.started_s, 3),
        "target_workers": supervisor.target,
        "threads": arbiter.config.threads,
        "clients": len(arbiter.clients),
        "restarts": supervisor.restarts,
        "queues": {path: arbiter.router.depth(path) for path in arbiter.router.apps},
        "waits": {path: _oldest_wait_s(arbiter, path) for path in arbiter.router.apps},
        "waiting_bytes": arbiter.router.waiting_bytes,
        "stash_bytes": arbiter.tables.bytes,
        "down": supervisor.down(),
        "last_boot_error": supervisor.last_boot_error,
        "reloading": arbiter.is_reloading,
        "reload_failure": supervisor.reload_failure,
        "draining": _draining(arbiter),
    }


def _draining(arbiter: DirtyArbiter) -> dict[str, Any] | None:
    if arbiter.drained_by_s is None:
        return None
    return {
        "running": len(arbiter.running),
        "waiting": sum(1 for _ in arbiter.router.waiting()),
        "left": round(max(0.0, arbiter.drained_by_s - arbiter.clock()), 1),
    }


def _oldest_wait_s(arbiter: DirtyArbiter, app_path: str) -> float:
    oldest = arbiter.router.oldest(app_path)
    return round(arbiter.clock() - oldest.arrived_s, 3) if oldest else 0.0


def _worker(arbiter: DirtyArbiter, worker: Worker) -> dict[str, Any]:
    heard_s = max(lane.heard_s for lane in worker.lanes)
    return {
        "pid": worker.pid,
        "age": worker.age,
        "apps": list(worker.apps),
        "booted": worker.state == READY,
        "last_heartbeat": round(arbiter.clock() - heard_s, 2),
        "slot": worker.slot,
        "state": worker.state,
        "busy": arbiter.router.busy(worker),
        "lanes": len(worker.lanes),
    }
