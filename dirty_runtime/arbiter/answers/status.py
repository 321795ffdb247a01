"""What the arbiter answers to STATUS."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from time import monotonic
from typing import Any

import gdproto
from gdproto.answers import AppLimits, Draining, StatusAnswer, WorkerLimits, WorkerStatus

from ...settings import Config
from ...sockets.passing import Account
from ...version import EXTENSIONS, PROTOCOL, VERSION
from ..calls import Calls
from ..clients.connection import CallOf, ClientConnection
from ..lifetime import Lifetime
from ..logs import LOG
from ..policy.life import State
from ..policy.resources import Given
from ..policy.routing import Router
from ..stash.backend import Backend
from ..succession import Succession
from ..telemetry.counters import Counters
from ..turns import Pace, Turns
from ..workers.places import Place
from ..workers.process import LocalProcess, Memory
from ..workers.reload import Reload
from ..workers.supervisor import Supervisor
from ..workers.worker import Worker
from .counted import BUCKETS, action_statuses
from .doing import call_status

# What finding out memory may take: who asks waits no longer than twice as long.
MEMORY_S = 0.5
# Who asks again and again is told what was found so long ago, at most.
MEMORY_AGE_S = 1.0


class StatusAnswers:
    """Tells the state of an arbiter, its workers and queues: it asks, and keeps nothing."""

    def __init__(
        self,
        lifetime: Lifetime,
        clients: Collection[ClientConnection],
        passed: Account,
        calls: Calls[ClientConnection, Place],
        router: Router[CallOf, Place],
        supervisor: Supervisor,
        reload: Reload,
        succession: Succession,
        stash: Backend,
        turns: Turns,
        clock: Callable[[], float],
        counters: Counters,
    ) -> None:
        self._lifetime = lifetime
        self._clients = clients
        self._passed = passed
        self._calls = calls
        self._router = router
        self._supervisor = supervisor
        self._reload = reload
        self._succession = succession
        self._stash = stash
        self._turns = turns
        self._clock = clock
        self._memory: dict[int, Memory] = {}
        self._looked_s = -MEMORY_AGE_S
        self._counters = counters

    async def answer(self, message: gdproto.Status, client: ClientConnection) -> StatusAnswer:
        """The state, now; it takes time, and turns, with the number of workers and apps."""
        supervisor, router, pace = self._supervisor, self._router, Pace(self._turns)
        workers = []
        living = sorted(supervisor.workers.values(), key=lambda worker: worker.age)
        if monotonic() - self._looked_s > MEMORY_AGE_S:
            self._looked_s = monotonic()
            self._memory = await memory_of(living)
        memory = self._memory
        for worker in living:
            await pace()
            if worker.state is not State.GONE:
                # Else it has ended meanwhile.
                workers.append(self._worker(worker, memory.get(worker.age)))
        now_s, running = self._clock(), list(self._calls.running.values())
        actions = await action_statuses(self._counters, running, now_s, pace)
        queues, waits = {}, {}
        for path in router.apps:
            await pace()
            queues[path], waits[path] = router.depth(path), self._oldest_wait_s(path)
        return {
            "arbiter_pid": os.getpid(),
            "workers": workers,
            "worker_count": len(workers),
            "apps": list(router.apps),
            "protocol": PROTOCOL,
            "version": VERSION,
            "extensions": EXTENSIONS,
            "uptime": round(self._lifetime.uptime_s, 3),
            "target_workers": supervisor.target,
            "threads": supervisor.config.threads,
            "clients": len(self._clients),
            "restarts": supervisor.restarts.total(),
            "restart_reasons": {str(cause): n for cause, n in supervisor.restarts.items()},
            "actions": actions,
            "lately": round(self._counters.lately_s(now_s), 3),
            "buckets": BUCKETS,
            "queues": queues,
            "waits": waits,
            "waiting_bytes": router.waiting_bytes,
            "passed_bytes": self._passed.bytes,
            "stash_bytes": self._stash.bytes,
            "resources": _numbers(supervisor.resources.taken()),
            "down": supervisor.down(),
            "last_boot_error": supervisor.last_boot_error,
            "reloading": self._reload.is_under_way,
            "reload_failure": supervisor.reload_failure,
            "upgrading": self._succession.is_under_way,
            "upgrade_failure": self._succession.failure,
            "log_dropped": LOG.dropped,
            "limits": {path: app_limits(supervisor.config, path) for path in router.apps},
            "silent": {},
            "draining": self._draining(),
        }

    def _draining(self) -> Draining | None:
        if self._lifetime.left_s is None:
            return None
        return {
            "running": len(self._calls.running),
            "waiting": self._calls.waiting_count,
            "left": round(self._lifetime.left_s, 1),
        }

    def _oldest_wait_s(self, app_path: str) -> float:
        oldest = self._router.oldest(app_path)
        return round(self._clock() - oldest.arrived_s, 3) if oldest else 0.0

    def _worker(self, worker: Worker, memory: Memory | None) -> WorkerStatus:
        now_s = self._clock()
        heard = [round(now_s - lane.silent_since_s, 2) for lane in worker.lanes]
        # A lane that hangs is not to hide behind others.
        busy = [
            one
            for lane, one in zip(worker.lanes, heard, strict=True)
            if self._router.busy_of(lane.places)
        ]
        return {
            "pid": worker.pid,
            "age": worker.age,
            "apps": list(worker.apps),
            "booted": worker.state is State.READY,
            "last_heartbeat": max(busy) if busy else min(heard),
            "slot": worker.slot,
            "state": str(worker.state),
            "busy": self._router.busy_of(worker.places),
            "lanes": len(worker.places),
            "private_bytes": memory and memory.private,
            "shared_bytes": memory and memory.shared,
            "pss_bytes": memory and memory.pss,
            "template": template_of(worker),
            "resources": _numbers(worker.given),
            "node": worker.placement.node or None,
            "actor": worker.placement.actor or None,
            "waits": worker.placement.waits or None,
            "uptime": round(now_s - worker.started_s, 3),
            "heard": heard,
            "calls": worker.served,
            "errors": worker.errors,
            "running": [
                call_status(call, self._calls, now_s) for call in self._calls.on(worker.places)
            ],
            "limits": limits_of(worker),
        }


def template_of(worker: Worker) -> int | None:
    """The process with its apps that it was forked from, if it was."""
    return worker.process.template_pid if isinstance(worker.process, LocalProcess) else None


def limits_of(worker: Worker) -> WorkerLimits | None:
    """What it may take of this machine; None where it is elsewhere."""
    process = worker.process
    if not isinstance(process, LocalProcess):
        return None
    limits = process.limits
    memory = limits.get("memory")
    return {
        "memory": memory or None,
        "memory_by": _memory_by(limits) if memory else None,
        "nice": limits.get("nice", 0),
        "cpus": limits.get("cpus", []),
    }


def _memory_by(limits: Mapping[str, Any]) -> str:
    return "cgroup" if "cgroup" in limits else "addresses"


def app_limits(config: Config, path: str) -> AppLimits:
    """How long calls of the app may take."""
    return {
        "timeout": config.timeout_s or None,
        "max_run": config.app_max_run.get(path, config.max_run_s) or None,
    }


def _numbers(given: Given) -> dict[str, dict[str, int | float]]:
    """The parts of ids, as they are told."""
    return {
        name: {one: float(part) for one, part in parts.items()} for name, parts in given.items()
    }


async def memory_of(workers: Iterable[Worker]) -> dict[int, Memory]:
    """What each worker has of memory, by its age; it takes a thread milliseconds for each GiB.

    Nothing of those for which it took too long, nor of those that are no processes of ours.
    """
    found: dict[int, Memory] = {}
    ours = [(one.age, one.process) for one in workers if isinstance(one.process, LocalProcess)]
    if not ours:
        return found

    def look() -> None:
        until_s = monotonic() + MEMORY_S
        for age, process in ours:
            if monotonic() < until_s and (memory := process.memory()) is not None:
                found[age] = memory

    # Of what `wait_for` does here, a cancellation may be lost, and it wants a task.
    looking = asyncio.get_running_loop().run_in_executor(None, look)
    await asyncio.wait((looking,), timeout=2 * MEMORY_S)
    return dict(found)
