"""The worker processes: spawned, watched, replaced, stopped.

Rules: a worker is a fresh interpreter that inherits its lanes and its environment alone. A slot
whose worker dies by itself gets another one after a wait that grows; one that was killed on
purpose is replaced at once. A worker's death is seen by its process, not by its lanes.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from typing import Protocol

import gdproto

from . import lane as lanes
from .allocation import allocate
from .config import Config
from .lane import Lane
from .restarts import Backoff

log = logging.getLogger("dirty")

BOOTING = "booting"
READY = "ready"
RETIRING = "retiring"


class Worker:
    """One worker process.

    Attributes:
        slot: its number, from 0, reused by its replacement.
        age: how many workers were spawned before it, and it.
        apps: the paths of the apps that it serves.
        state: booting, ready, or retiring: it takes no new work.
        failure: why its boot failed; empty when it did not.
    """

    def __init__(
        self,
        slot: int,
        age: int,
        apps: tuple[str, ...],
        own_lanes: list[Lane],
        process: subprocess.Popen[bytes],
        now_s: float,
    ) -> None:
        self.slot = slot
        self.age = age
        self.apps = apps
        self.lanes = own_lanes
        self.process = process
        self.state = BOOTING
        self.failure = ""
        self.ready_s: float | None = None
        self.spawned_s = now_s

    @property
    def pid(self) -> int:
        return self.process.pid

    def kill(self) -> None:
        """End the process now; nothing happens when it is gone already."""
        self.process.kill()


class Owner(lanes.Owner, Protocol):
    """Whoever uses the workers."""

    def worker_ready(self, worker: Worker) -> None:
        """All lanes of the worker may be used."""

    def worker_died(self, worker: Worker, reason: str) -> None:
        """The worker's process has ended; its lanes hold what it left behind."""


class Supervisor:
    """The workers of one arbiter.

    Args:
        config: what to run.
        owner: uses the workers.
        clock: monotonic seconds.
    """

    def __init__(self, config: Config, owner: Owner, clock: Callable[[], float]) -> None:
        self.config = config
        self.workers: dict[int, Worker] = {}
        self.failures: dict[int, str] = {}
        self.restarts = 0
        self._owner = owner
        self._clock = clock
        self._apps = allocate(config.apps, config.workers)
        self._backoffs = [Backoff() for _ in self._apps]
        self._ages = 0
        self._stopping = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._gone = asyncio.Event()

    @property
    def target(self) -> int:
        """How many workers there should be."""
        return len(self._apps)

    async def start(self) -> None:
        """Spawn all workers."""
        for slot in range(len(self._apps)):
            await self._spawn(slot)

    def worker_of(self, lane: Lane) -> Worker | None:
        """The worker at the other end of the lane."""
        return next((one for one in self.workers.values() if lane in one.lanes), None)

    def boot_answered(self, lane: Lane, answer: gdproto.Message) -> None:
        """A lane's worker said that it is ready, or why it is not."""
        worker = self.worker_of(lane)
        if worker is None or worker.state != BOOTING:
            return
        if isinstance(answer, gdproto.Error):
            worker.failure = answer.message
        elif all(one.ready for one in worker.lanes):
            worker.state = READY
            worker.ready_s = self._clock()
            self.failures.pop(worker.slot, None)
            self._owner.worker_ready(worker)

    def retire(self, worker: Worker, grace_s: float) -> None:
        """Have the worker exit by closing its lanes; kill it after `grace_s` seconds."""
        worker.state = RETIRING
        for lane in worker.lanes:
            lane.close()
        self._later(grace_s, worker)

    def condemn(self, worker: Worker, reason: str, grace_s: float = 0) -> None:
        """Kill the worker after `grace_s` seconds, and replace it."""
        if worker.state != RETIRING:
            log.warning("worker %d (slot %d) is killed: %s", worker.pid, worker.slot, reason)
        worker.state = RETIRING
        self._later(grace_s, worker)

    async def stop(self, grace_s: Callable[[Worker], float]) -> None:
        """Retire every worker, with its grace in seconds; returns when no process is left."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        for worker in list(self.workers.values()):
            # One that has not booted does not look at its lanes.
            self.retire(worker, 0 if worker.state == BOOTING else grace_s(worker))
        while self.workers:
            self._gone.clear()
            await self._gone.wait()

    def _later(self, delay_s: float, worker: Worker) -> None:
        if delay_s:
            asyncio.get_running_loop().call_later(delay_s, worker.kill)
        else:
            worker.kill()

    # --- processes ---

    async def _spawn(self, slot: int) -> None:
        apps = self._apps[slot]
        own_lanes = [Lane(self._owner, self._clock) for _ in range(self.config.threads)]
        ends = [lane.worker_end for lane in own_lanes]
        self._ages += 1
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", "dirty_runtime.worker"],
                stdin=subprocess.DEVNULL,
                pass_fds=[end.fileno() for end in ends],
                env=os.environ | self._environment(slot, apps, [end.fileno() for end in ends]),
            )
        except OSError:
            for lane in own_lanes:
                lane.close()
            raise
        finally:
            for end in ends:
                end.close()
        worker = Worker(slot, self._ages, apps, own_lanes, process, self._clock())
        self.workers[process.pid] = worker
        loop = asyncio.get_running_loop()
        pidfd = os.pidfd_open(process.pid)
        loop.add_reader(pidfd, self._reap, worker, pidfd)
        loop.call_later(self.config.boot_timeout_s, self._check_booted, worker)
        for lane in own_lanes:
            await lane.open()

    def _environment(self, slot: int, apps: Iterable[str], fds: Iterable[int]) -> dict[str, str]:
        return {
            "GD_WORKER_FDS": ",".join(map(str, fds)),
            "GD_WORKER_APPS": json.dumps(list(apps)),
            "DIRTY_WORKER_SLOT": str(slot),
            "DIRTY_SOCKET": self.config.socket_path,
            "GUNICORN_DIRTY_SOCKET": self.config.socket_path,
        }

    def _check_booted(self, worker: Worker) -> None:
        if worker.state == BOOTING and worker.pid in self.workers:
            worker.failure = f"its apps were not initialised in {self.config.boot_timeout_s:g} s"
            worker.kill()

    def _reap(self, worker: Worker, pidfd: int) -> None:
        asyncio.get_running_loop().remove_reader(pidfd)
        os.close(pidfd)
        code = worker.process.wait()
        for lane in worker.lanes:
            lane.drain()
            lane.close()
        del self.workers[worker.pid]
        reason = worker.failure or _ending(code)
        if worker.state == BOOTING:
            self.failures[worker.slot] = reason
        self._owner.worker_died(worker, reason)
        self._gone.set()
        if not self._stopping:
            self._replace(worker)

    def _replace(self, worker: Worker) -> None:
        wait_s = 0.0
        if worker.state != RETIRING:
            lived_s = self._clock() - (worker.ready_s or self._clock())
            wait_s = self._backoffs[worker.slot].died(lived_s)
        self.restarts += 1
        task = asyncio.get_running_loop().create_task(self._spawn_after(wait_s, worker.slot))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _spawn_after(self, wait_s: float, slot: int) -> None:
        await asyncio.sleep(wait_s)
        while True:
            try:
                await self._spawn(slot)
            except OSError as error:
                log.error("no worker can be started in slot %d: %s", slot, error)
                await asyncio.sleep(self._backoffs[slot].died(0))
            else:
                return


def _ending(code: int) -> str:
    if code >= 0:
        return f"exited with {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
