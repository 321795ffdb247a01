"""The slots and their workers: started, watched, replaced, stopped.

Rules:

* Every worker starts as its slot's candidate and takes over when it is ready; what it replaces
  drains. A candidate that fails leaves what was there as it is.
* A slot without a worker gets one at once, or after a wait if the last one died by itself. A
  worker that serves, but is stale, recycled or lacks an app, is replaced; one at a time.
* An app that fails is put aside, and tried again in one slot first.
* A worker's death is seen by its process, not by its lanes.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections.abc import Callable, Iterable
from typing import Protocol

import gdproto

from ...settings import Config
from ..policy.allocation import allocate, slot_to_add, slot_to_remove
from ..policy.health import Health
from ..policy.restarts import Backoff
from .lane import Lane, LaneEvents
from .worker import BOOTING, READY, RETIRING, Worker

log = logging.getLogger("dirty")

# What a worker gets to close its apps.
CLOSE_S = 10.0
RSS_CHECK_S = 1.0
# How long a process may take to die after its lanes have closed, or its boot has failed.
DYING_S = 1.0
RELOAD = "reload"


class Slot:
    """A place for a worker.

    Attributes:
        apps: the paths of the apps that its worker should serve.
        worker: serves; None when there is none.
        candidate: boots; takes over when it is ready.
        wait: until the next start after a death.
        must_change: why the worker is to be replaced, though it serves; empty when it is not.
    """

    def __init__(self, number: int, apps: tuple[str, ...]) -> None:
        self.number = number
        self.apps = apps
        self.worker: Worker | None = None
        self.candidate: Worker | None = None
        self.wait: asyncio.TimerHandle | None = None
        self.backoff = Backoff()
        self.must_change = ""


class WorkerEvents(LaneEvents, Protocol):
    """Whoever uses the workers."""

    def worker_ready(self, worker: Worker) -> None:
        """All lanes of the worker may be used."""

    def worker_leaves(self, worker: Worker) -> None:
        """The worker takes no new work: close its lanes as they fall idle."""

    def worker_died(self, worker: Worker, reason: str) -> None:
        """The worker's process has ended; its lanes hold what it left behind."""

    def blamed(self, worker: Worker) -> list[str]:
        """The apps whose calls run in the worker."""


class Supervisor:
    """The workers of one arbiter.

    Args:
        config: what to run.
        events: uses the workers.
        clock: monotonic seconds.
    """

    def __init__(self, config: Config, events: WorkerEvents, clock: Callable[[], float]) -> None:
        self.config = config
        self.workers: dict[int, Worker] = {}
        self.restarts = 0
        self.last_boot_error = ""
        self.reload_failure = ""
        self.health = Health(
            (spec.path for spec in config.apps), config.max_crashes, config.crash_window_s
        )
        self._events = events
        self._clock = clock
        homes = allocate(config.apps, config.workers)
        self.slots = {number: Slot(number, apps) for number, apps in homes.items()}
        self._of_lane: dict[Lane, Worker] = {}
        self._ages = 0
        self._stopping = False
        self._retry: asyncio.TimerHandle | None = None
        self._gone = asyncio.Event()

    # --- questions ---

    @property
    def target(self) -> int:
        """How many workers there should be."""
        return len(self.slots)

    def worker_of(self, lane: Lane) -> Worker | None:
        """The worker at the other end of the lane, while its process lives."""
        return self._of_lane.get(lane)

    @property
    def is_reloading(self) -> bool:
        """Whether a worker is still to be replaced by one with new code."""
        return any(slot.must_change == RELOAD for slot in self.slots.values())

    def is_starting(self) -> bool:
        """Whether a worker boots or serves."""
        return any(slot.candidate or slot.worker for slot in self.slots.values())

    def down(self) -> dict[str, str]:
        """Why each app failed that is put aside and that no worker serves."""
        serving = {path for slot in self.slots.values() if slot.worker for path in slot.worker.apps}
        reasons = self.health.reasons()
        return {path: reason for path, reason in reasons.items() if path not in serving}

    def refusal(self, app_path: str) -> str:
        """Why the app is not to be waited for; empty when it serves or may soon."""
        if not self.health.is_down(app_path):
            return ""
        for slot in self.slots.values():
            if any(app_path in one.apps for one in (slot.worker, slot.candidate) if one):
                return ""
        return f"the app is down: {self.health.reason(app_path)}"

    # --- orders ---

    def start(self) -> None:
        """Start a worker in every slot, and whatever becomes due from now on."""
        self._settle()
        if self.config.max_rss_bytes:
            self._check_rss()

    def reload(self) -> None:
        """Replace every worker, one after the other; the first that fails ends it."""
        self.health.forgive()
        for slot in self.slots.values():
            slot.must_change = RELOAD
            slot.backoff = Backoff()
            if slot.candidate is not None:
                # It may have the old code.
                self._leave(slot.candidate, 0)
                slot.candidate = None
        self._settle()

    def add(self, count: int) -> int:
        """Add slots, as long as there is an app for them. Returns how many."""
        added = 0
        while added < count and len(self.slots) < self.config.max_workers:
            homes = {number: slot.apps for number, slot in self.slots.items()}
            ((number, apps),) = slot_to_add(self.config.apps, homes).items()
            if not apps:
                break
            self.slots[number] = Slot(number, apps)
            added += 1
        self._settle()
        return added

    def remove(self, count: int) -> int:
        """Remove slots that no app needs. Returns how many."""
        removed = 0
        while removed < count:
            homes = {number: slot.apps for number, slot in self.slots.items()}
            number = slot_to_remove(self.config.apps, homes)
            if number is None:
                break
            self._empty(self.slots.pop(number))
            removed += 1
        return removed

    def served(self, lane: Lane) -> None:
        """The worker at the other end has answered a call: after so many it is replaced."""
        worker = self._of_lane.get(lane)
        if worker is not None:
            worker.served += 1
            if worker.serves_at_most and worker.served >= worker.serves_at_most:
                self.recycle(worker, "its number of calls")

    def recycle(self, worker: Worker, reason: str) -> None:
        """Replace the worker, which serves until its successor is ready."""
        slot = self._slot_of(worker)
        if slot is not None and slot.worker is worker and not slot.must_change:
            slot.must_change = reason
            self._settle()

    def condemn(self, worker: Worker, reason: str, grace_s: float) -> None:
        """Replace the worker now; it takes no new work and is killed after `grace_s` seconds."""
        if worker.state == RETIRING:
            return
        log.warning("worker %d (slot %d) is killed: %s", worker.pid, worker.slot, reason)
        slot = self._slot_of(worker)
        self._leave(worker, grace_s)
        if slot is not None and slot.worker is worker:
            slot.worker = None
            self.restarts += 1
            self._settle()

    async def stop(self, grace_s: Callable[[Worker], float]) -> None:
        """End every worker, each with its grace in seconds; returns when no process is left."""
        self._stopping = True
        for worker in list(self.workers.values()):
            # One that has not booted does not look at its lanes.
            self._leave(worker, 0 if worker.state == BOOTING else grace_s(worker))
        while self.workers:
            self._gone.clear()
            await self._gone.wait()

    # --- what the workers say ---

    def boot_answered(self, lane: Lane, answer: gdproto.Message) -> None:
        """A lane's worker said that it is ready, or why it is not."""
        worker = self.worker_of(lane)
        if worker is None or worker.state != BOOTING:
            return
        if isinstance(answer, gdproto.Error):
            worker.failure = answer.message
            worker.failed_app = str(answer.details.get("app_path", ""))
            asyncio.get_running_loop().call_later(DYING_S, worker.kill)
        elif all(one.ready for one in worker.lanes):
            self._take_over(worker)

    def fail_boot(self, worker: Worker, reason: str) -> None:
        """End a worker that boots; it failed for this reason, if it has not said another."""
        worker.failure = worker.failure or reason
        worker.kill()

    def _take_over(self, worker: Worker) -> None:
        slot = self.slots[worker.slot]
        worker.state = READY
        for path in worker.apps:
            self.health.booted(path)
        old, slot.worker, slot.candidate = slot.worker, worker, None
        if not self.health.reasons():
            self.last_boot_error = ""
        why, slot.must_change = slot.must_change, ""
        self._events.worker_ready(worker)
        if why == RELOAD and not self.is_reloading:
            log.info("reloaded: %d workers run the new code", self.target)
        if old is not None:
            self.restarts += 1
            self._log_leaving(old, why or "its apps have changed")
            self._leave(old, self.config.graceful_timeout_s + CLOSE_S)
        if self.config.max_age_s:
            loop = asyncio.get_running_loop()
            loop.call_later(self.config.max_age_s, self.recycle, worker, "its age")
        self._settle()

    def _ended(self, worker: Worker, pidfd: int) -> None:
        asyncio.get_running_loop().remove_reader(pidfd)
        os.close(pidfd)
        blamed = self._events.blamed(worker)
        # Before what it left behind is read: its lanes take nothing more.
        self._events.worker_leaves(worker)
        reason = worker.reap()
        slot = self._slot_of(worker)
        log.debug("worker %d ended: %s", worker.pid, reason)
        self._forget(worker)
        if slot is not None and slot.candidate is worker:
            slot.candidate = None
            self._boot_failed(slot, worker, reason)
        elif slot is not None and slot.worker is worker:
            slot.worker = None
            self._crashed(slot, worker, reason, blamed)
        self._settle()
        self._events.worker_died(worker, reason)

    def _boot_failed(self, slot: Slot, worker: Worker, reason: str) -> None:
        self.last_boot_error = reason
        known = worker.failed_app in worker.apps
        for path in (worker.failed_app,) if known else worker.apps:
            self.health.init_failed(path, _without_app(reason, path), self._clock())
        if self.is_reloading:
            log.error("the reload ends here, what served goes on: %s", reason)
            self.reload_failure = reason
        for other in self.slots.values():
            if other.must_change == RELOAD:
                other.must_change = ""
        slot.must_change = ""

    def _crashed(self, slot: Slot, worker: Worker, reason: str, blamed: Iterable[str]) -> None:
        for path in blamed or worker.apps:
            self.health.died(path, reason, self._clock())
        self.restarts += 1
        wait_s = slot.backoff.died(worker.served > 0)
        slot.wait = asyncio.get_running_loop().call_later(wait_s, self._waited, slot)

    def _waited(self, slot: Slot) -> None:
        slot.wait = None
        self._settle()

    # --- towards what should be ---

    def _settle(self) -> None:
        """Start what is missing, and one replacement."""
        if self._stopping:
            return
        for slot in self.slots.values():
            if slot.worker is None and slot.candidate is None and slot.wait is None:
                self._start(slot)
        if not any(slot.worker and slot.candidate for slot in self.slots.values()):
            for slot in self.slots.values():
                if slot.worker and not slot.candidate and self._should_change(slot):
                    self._start(slot)
                    break
        self._set_retry()

    def _should_change(self, slot: Slot) -> bool:
        assert slot.worker is not None
        return bool(slot.must_change) or slot.worker.apps != self._startable(slot)

    def _startable(self, slot: Slot) -> tuple[str, ...]:
        """The slot's apps but for those put aside; one that is due again is tried in one slot."""
        due = set(self.health.due(self._clock()))
        tried = {
            path for one in self.slots.values() if one.candidate for path in one.candidate.apps
        }
        kept = slot.worker.apps if slot.worker else ()
        return tuple(
            path
            for path in slot.apps
            if path in kept or not self.health.is_down(path) or (path in due and path not in tried)
        )

    def _start(self, slot: Slot) -> None:
        apps = self._startable(slot)
        if slot.apps and not apps:
            return
        own_lanes = [Lane(self._events, self._clock) for _ in range(self.config.threads)]
        self._ages += 1
        try:
            worker = Worker(slot.number, self._ages, apps, own_lanes, self.config)
        except OSError as error:
            log.error("no worker can be started in slot %d: %s", slot.number, error)
            loop = asyncio.get_running_loop()
            slot.wait = loop.call_later(slot.backoff.died(False), self._waited, slot)
            return
        if self.config.max_requests:
            jitter = random.randint(0, self.config.max_requests_jitter)
            worker.serves_at_most = self.config.max_requests + jitter
        slot.candidate = worker
        self._watch(worker)

    def _watch(self, worker: Worker) -> None:
        loop = asyncio.get_running_loop()
        self.workers[worker.pid] = worker
        pidfd = os.pidfd_open(worker.pid)
        loop.add_reader(pidfd, self._ended, worker, pidfd)
        loop.call_later(self.config.boot_timeout_s, self._check_booted, worker)
        for lane in worker.lanes:
            self._of_lane[lane] = worker
            lane.open()

    def _check_booted(self, worker: Worker) -> None:
        if worker.state == BOOTING and worker.pid in self.workers:
            reason = f"its apps were not initialised in {self.config.boot_timeout_s:g} s"
            self.fail_boot(worker, reason)

    def _check_rss(self) -> None:
        for worker in list(self.workers.values()):
            if worker.state == READY and worker.rss_bytes() > self.config.max_rss_bytes:
                self.recycle(worker, "its memory")
        asyncio.get_running_loop().call_later(RSS_CHECK_S, self._check_rss)

    def _set_retry(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        retry_s = self.health.next_retry_s()
        if retry_s is not None and retry_s > self._clock():
            self._retry = asyncio.get_running_loop().call_at(retry_s, self._settle)

    def _empty(self, slot: Slot) -> None:
        if slot.wait is not None:
            slot.wait.cancel()
        if slot.candidate is not None:
            self._leave(slot.candidate, 0)
        if slot.worker is not None:
            self._log_leaving(slot.worker, "fewer workers are wanted")
            self._leave(slot.worker, self.config.graceful_timeout_s + CLOSE_S)

    def _log_leaving(self, worker: Worker, reason: str) -> None:
        log.info("worker %d (slot %d) leaves: %s", worker.pid, worker.slot, reason)

    def _leave(self, worker: Worker, grace_s: float) -> None:
        """Take no new work, end when the lanes are closed, and be killed after the grace."""
        worker.state = RETIRING
        self._events.worker_leaves(worker)
        if grace_s:
            asyncio.get_running_loop().call_later(grace_s, worker.kill)
        else:
            worker.kill()

    def _slot_of(self, worker: Worker) -> Slot | None:
        slot = self.slots.get(worker.slot)
        return slot if slot and worker in (slot.worker, slot.candidate) else None

    def _forget(self, worker: Worker) -> None:
        del self.workers[worker.pid]
        for lane in worker.lanes:
            del self._of_lane[lane]
        self._gone.set()


def _without_app(reason: str, path: str) -> str:
    """The reason without the app's name at its head, for where that stands already."""
    return reason.removeprefix(f"app {path}").lstrip(": ")
