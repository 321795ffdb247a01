"""The slots and their workers: started, watched, replaced, stopped.

Rules:

* Every worker starts as its slot's candidate and takes over when it is ready; what it replaces
  drains. A candidate that fails leaves what was there as it is.
* A slot without a worker gets one at once, or after a wait if the last one died by itself. A
  worker that serves, but is stale, recycled or lacks an app, is replaced; one at a time.
* An app that fails is put aside, and tried again in one slot first.
* A slot's ids of the machine's resources are given before its first worker starts, and an empty
  slot is filled when nobody has them who is still to end: see `policy.resources`.
* What the system refuses for now, and what somebody else ends, is tried again later: it says
  nothing of an app, unless it happens again and again.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Protocol

from ...settings import Config, ConfigError
from ..apart import for_each
from ..clock import Clock, Timer
from ..policy.allocation import Homes, allocate, reallocate, slot_to_add, slot_to_remove
from ..policy.catalogue import AppFacts, Catalogue
from ..policy.division import ALONE, Share
from ..policy.health import Health
from ..policy.life import State
from ..policy.resources import Resources
from ..policy.restarts import Backoff, Cause
from ..turns import Pace, Turns, some_of
from .inspection import checked
from .launch import Launcher
from .worker import LEAVE_S, Worker, WorkerEvents

log = logging.getLogger("dirty")

RSS_CHECK_S = 1.0
NOT_DISMISSED = "a worker cannot be dismissed"
NOT_ENDED = "the end of a worker cannot be followed"
NOT_SETTLED = "a slot cannot be filled or emptied"


class Slot:
    """A place for a worker.

    Attributes:
        apps: the paths of the apps that its worker should serve.
        launcher: the name of what starts its workers.
        worker: serves; None when there is none.
        candidate: boots; takes over when it is ready.
        wait: until the next start after a death.
        must_change: why the worker is to be replaced, though it serves; None when it is not.
        why: the same in words, for the log.
    """

    def __init__(self, number: int, apps: tuple[str, ...], launcher: str) -> None:
        self.number = number
        self.apps = apps
        self.launcher = launcher
        self.worker: Worker | None = None
        self.candidate: Worker | None = None
        self.wait: Timer | None = None
        self.backoff = Backoff()
        self.must_change: Cause | None = None
        self.why = ""


class StartEvents(Protocol):
    """Whoever waits for the first worker."""

    def started(self) -> None:
        """A worker is ready, the first one."""

    def cannot_start(self, reason: str) -> None:
        """No worker boots or serves, and none was ever ready."""

    def imported(self, path: str, since_s: float) -> None:
        """Apps depend on the file, and have read it in the last `since_s` seconds."""

    def reload_ended(self, is_new: bool) -> None:
        """All workers are new, or one failed and what served goes on."""

    def learned(self, facts: AppFacts) -> None:
        """An app has said of itself what was not known."""


class Supervisor:
    """The workers of one arbiter.

    Args:
        config: what to run.
        catalogue: the apps.
        launchers: start workers, by their names.
        events: uses the workers.
        arbiter: is told of the first worker.
        clock: has its seconds, and its timers.
        turns: of the loop, in which workers are started and dismissed.
        share: which of several arbiters has these slots.

    Attributes:
        workers: those whose processes live, by their ages.
        restarts: how many workers were replaced, by cause.
        last_boot_error: why a worker failed to boot; empty when all apps serve since.
        reload_failure: why the last reload failed; empty when it did not.
        resources: of the machine, and who has them.
        lack: of which of them the last `add` wanted more than there is; empty when it did not.
    """

    def __init__(
        self,
        config: Config,
        catalogue: Catalogue,
        launchers: Mapping[str, Launcher],
        events: WorkerEvents,
        arbiter: StartEvents,
        clock: Clock,
        turns: Turns,
        share: Share = ALONE,
    ) -> None:
        self.config = config
        self._share = share
        self.workers: dict[int, Worker] = {}
        self.slots: dict[int, Slot] = {}
        self.restarts: Counter[str] = Counter()
        self.last_boot_error = ""
        self.reload_failure = ""
        self.lack = ""
        self.resources = Resources(config.resources)
        self.health = Health(catalogue.paths, config.max_crashes, config.crash_window_s)
        self._catalogue = catalogue
        self._launchers = launchers
        self._events = events
        self._arbiter = arbiter
        self._clock = clock
        self._ages = share.index + 1 - share.count
        self._has_served = False
        # What was known before a reload of which nothing serves yet: the apps' facts, their homes.
        self._known: tuple[Mapping[str, AppFacts], Homes] | None = None
        # Whether it is to be told of the end of a reload.
        self._reloads = False
        self._is_draining = False
        self._stopping = False
        # When it was judged last which apps may be tried, and when the next one may be.
        self._judged_s = -math.inf
        self._retry: Timer | None = None
        self._rss_check: asyncio.TimerHandle | None = None
        self._gone = asyncio.Event()
        self._turns = turns
        # Whether everything is as it should be, as far as it depends on us; slots that are to go.
        self._settled = asyncio.Event()
        self._settled.set()
        self._leaving: deque[Slot] = deque()
        # What is to be done about processes that are gone.
        self._ends: deque[Callable[[], None]] = deque()

    # --- what is known ---

    @property
    def target(self) -> int:
        """How many workers there should be."""
        return len(self.slots)

    @property
    def is_complete(self) -> bool:
        """Whether every slot has a worker that serves."""
        return all(slot.worker is not None for slot in self.slots.values())

    @property
    def is_reloading(self) -> bool:
        """Whether a worker is still to be replaced by one with new code."""
        return any(slot.must_change is Cause.RELOAD for slot in self.slots.values())

    def down(self) -> dict[str, str]:
        """Why each app failed that is put aside and that no worker serves."""
        serving = {path for slot in self.slots.values() if slot.worker for path in slot.worker.apps}
        reasons = self.health.reasons()
        return {path: reason for path, reason in reasons.items() if path not in serving}

    # --- orders ---

    def take(self, config: Config, launchers: Mapping[str, Launcher]) -> None:
        """Start workers by these settings from now on, and as many."""
        before, self.config = self.config, config
        self._launchers = launchers
        self.health.max_crashes, self.health.window_s = config.max_crashes, config.crash_window_s
        self._check_rss()
        if config.workers != before.workers:
            more = config.workers * len(self._catalogue.launchers) - self.target
            self.add(more)
            self.remove(-more)

    def first_homes(self) -> Homes:
        """The slots that there are to be at the start, with their apps."""
        homes = allocate(self._catalogue.specs, self.config.workers)
        return {self._share.number(place): apps for place, apps in homes.items()}

    def start(self) -> None:
        """Start a worker in every slot, and whatever becomes due from now on.

        Raises:
            ConfigError: the apps take more of a resource than there is.
        """
        homes = self.first_homes()
        self.resources.allot(homes, self._catalogue.needs)
        launchers = list(self._catalogue.launchers)
        for number, apps in homes.items():
            launcher = launchers[self._share.place(number) // self.config.workers]
            # In a cluster a worker without an app would take what others wait for.
            if apps or not self._catalogue.is_placed(launcher):
                self.slots[number] = Slot(number, apps, launcher)
        self._settle()
        self._check_rss()

    def learn(self, facts: Mapping[str, AppFacts]) -> None:
        """Take into account what apps say of themselves.

        Raises:
            ConfigError: so they would take more of a resource than there is; all is as before.
        """
        known = self._catalogue.facts
        news = [found for path, found in facts.items() if self._catalogue.learn(path, found)]
        if not news:
            return
        launchers = {number: slot.launcher for number, slot in self.slots.items()}
        homes = reallocate(self._catalogue.specs, launchers)
        try:
            self.resources.allot(homes, self._catalogue.needs)
        except ConfigError:
            for path, found in known.items():
                self._catalogue.learn(path, found)
            raise
        for number, apps in homes.items():
            self.slots[number].apps = apps
        for found in news:
            self._arbiter.learned(found)

    def reload(self, facts: Mapping[str, AppFacts]) -> None:
        """Replace every worker, one after the other; the first that fails ends it.

        Args:
            facts: what the apps of the new code say of themselves; forgotten again if none of its
                workers comes to serve.

        Raises:
            ConfigError: they take more of a resource than there is; what served goes on.
        """
        known = (self._catalogue.facts, self._homes())
        try:
            self.learn(facts)
        except ConfigError:
            self._arbiter.reload_ended(False)
            raise
        self._known, self._reloads = known, True
        self.health.forgive()
        # From now on each is to be tried, whenever its turn comes.
        self._events.apps_expected(self._catalogue.paths)
        for slot in self.slots.values():
            slot.must_change, slot.why = Cause.RELOAD, "reload"
            slot.backoff = Backoff()
            if slot.candidate is not None:
                # It may have the old code.
                slot.candidate.dismiss(0)
                slot.candidate = None
        self._settle()

    def add(self, count: int) -> int:
        """Add slots, as long as there is an app for them. Returns how many."""
        added, self.lack = 0, ""
        while added < count and len(self.slots) < self.config.max_workers:
            homes = slot_to_add(self._catalogue.specs, self._homes(), self._share)
            ((number, apps),) = homes.items()
            if not apps:
                break
            try:
                self.resources.allot(self._homes() | {number: apps}, self._catalogue.needs)
            except ConfigError as error:
                self.lack = str(error)
                log.error("no more workers: %s", error)
                break
            self.slots[number] = Slot(number, apps, self._catalogue.launcher_of(apps))
            added += 1
        self._settle()
        return added

    def remove(self, count: int) -> int:
        """Remove slots that no app needs. Returns how many."""
        removed = 0
        while removed < count:
            number = slot_to_remove(self._catalogue.specs, self._homes())
            if number is None:
                break
            self._leaving.append(self.slots.pop(number))
            removed += 1
        self._look_whether_reloaded()
        self.resources.allot(self._homes(), self._catalogue.needs)
        self._settle()
        return removed

    async def settled(self) -> None:
        """Return when all are started, and told to leave, that are to be by now."""
        await self._settled.wait()

    def recycle(self, worker: Worker, reason: str, cause: Cause = Cause.ASKED) -> bool:
        """Replace the worker, which serves until its successor is ready.

        Returns:
            Whether it is by this that it is replaced.
        """
        slot = self._slot_of(worker)
        if slot is None or slot.worker is not worker or slot.must_change:
            return False
        slot.must_change, slot.why = cause, reason
        self._settle()
        return True

    def reopen_logs(self) -> None:
        """Have the workers open the files of their logs again."""
        # One that boots may not handle the signal yet, and would die of it.
        ready = [one for one in self.workers.values() if one.state is State.READY]
        for_each(ready, lambda worker: worker.process.reopen_logs(), "a worker cannot be told")

    def drain(self) -> None:
        """Replace no worker any more that serves."""
        self._is_draining = True

    def hasten(self) -> None:
        """End the workers at once that `stop` waits for."""
        for_each(list(self.workers.values()), lambda worker: worker.dismiss(0), NOT_DISMISSED)

    async def stop(self, grace_s: Callable[[Worker], float]) -> None:
        """End every worker, each with its grace in seconds; returns when no process is left."""
        self._stopping = True
        workers = list(self.workers.values())
        pace = Pace(self._turns)
        for worker in workers:
            for_each((worker,), lambda one: one.dismiss(grace_s(one)), NOT_DISMISSED)
            await pace()
        while self.workers:
            self._gone.clear()
            await self._gone.wait()

    # --- what the workers tell ---

    def worker_told(self, worker: Worker, status: object) -> None:
        try:
            self.learn(told_facts(worker.apps, status))
        except ConfigError as error:
            log.error("a worker asks for what is not there: %s", error)

    def worker_booted(self, worker: Worker) -> None:
        slot = self._slot_of(worker)
        if slot is None:
            # It is about to be told to leave.
            return
        for path in worker.apps:
            self.health.booted(path)
        old, slot.worker, slot.candidate = slot.worker, worker, None
        if not self.health.reasons():
            self.last_boot_error = ""
        cause, slot.must_change = slot.must_change or Cause.APPS, None
        if not self._has_served:
            self._has_served = True
            self._arbiter.started()
        log.info("worker %d (slot %d) serves %s", worker.pid, worker.slot, ", ".join(worker.apps))
        self._events.worker_ready(worker)
        if cause is Cause.RELOAD:
            self._known = None
        self._look_whether_reloaded()
        if old is not None:
            self.restarts[cause] += 1
            self._dismiss(old, "its apps have changed" if cause is Cause.APPS else slot.why)
        if self.config.max_age_s:
            worker.when_old(
                self.config.max_age_s, lambda: self.recycle(worker, "its age", Cause.AGE)
            )
        self._settle()

    def worker_tired(self, worker: Worker) -> None:
        self.recycle(worker, "its number of calls", Cause.CALLS)

    def worker_imported(self, worker: Worker, path: str) -> None:
        self._arbiter.imported(path, self._clock() - worker.started_s)

    def worker_asks_to_leave(self, worker: Worker, reason: str) -> None:
        if self.recycle(worker, reason):
            log.info("worker %d (slot %d) asks to be replaced: %s", worker.pid, worker.slot, reason)

    def worker_waits(self, worker: Worker) -> None:
        slot = self._slot_of(worker)
        if slot and slot.candidate is worker and slot.worker and worker.placement.waits_for_others:
            # Which may have what its successor waits for.
            self._dismiss(slot.worker, f"its successor waits for a place: {worker.placement.waits}")
            slot.worker = None
        self._settle()

    def worker_condemned(self, worker: Worker) -> None:
        slot = self._slot_of(worker)
        if slot is not None and slot.worker is worker:
            slot.worker = None
            self.restarts[worker.cause] += 1
            self._settle()

    def in_turn(self, end: Callable[[], None]) -> None:
        if not self._ends:
            asyncio.get_running_loop().call_soon(self._end_some)
        self._ends.append(end)

    def _end_some(self) -> None:
        for_each(some_of(self._taken_ends()), lambda end: end(), NOT_ENDED)
        if self._ends:
            asyncio.get_running_loop().call_soon(self._end_some)

    def _taken_ends(self) -> Iterator[Callable[[], None]]:
        while self._ends:
            yield self._ends.popleft()

    def worker_ended(self, worker: Worker) -> None:
        reason = worker.ending()
        del self.workers[worker.age]
        self.resources.ended(worker.age)
        self._gone.set()
        slot = self._slot_of(worker)
        # A start that fails says why by itself, once.
        if slot is not None and self._has_served and not self._stopping:
            log.error("worker %d (slot %d) died: %s", worker.pid, worker.slot, reason)
        blamed = self._events.worker_gone(worker, reason)
        if slot is not None and slot.candidate is worker:
            slot.candidate = None
            if worker.is_victim():
                self._boot_ended(slot, worker, reason)
            else:
                self._boot_failed(slot, worker, reason)
        elif slot is not None and slot.worker is worker and not self._stopping:
            slot.worker = None
            self._crashed(slot, worker, reason, blamed)
        self._settle()

    def _may_serve(self, slot: Slot) -> bool:
        """Whether a worker with apps boots there, or soon will."""
        return slot.candidate is not None or (slot.wait is not None and bool(self._startable(slot)))

    def _tell_of_no_start(self) -> None:
        if not self._has_served and not any(map(self._may_serve, self.slots.values())):
            self._arbiter.cannot_start(self.last_boot_error)

    def _tell_down(self) -> None:
        """Tell of the apps that no worker serves, and none will soon."""
        reasons = self.health.reasons()
        if not reasons:
            return
        workers = [one for slot in self.slots.values() for one in (slot.worker, slot.candidate)]
        served = {path for worker in workers if worker for path in worker.apps}
        for path in reasons.keys() - served:
            self._events.app_down(path, f"the app is down: {reasons[path]}")

    def _boot_ended(self, slot: Slot, worker: Worker, reason: str) -> None:
        """Its boot did not fail, but was ended: it is tried again, unless that happens often."""
        self.last_boot_error = reason
        if worker.process.pid and not worker.placement.is_blameless:
            for path in _culprits(worker):
                self._died(path, _without_app(reason, path))
        self._wait(slot, False)

    def _died(self, path: str, reason: str) -> None:
        """A worker died of the app, which may be one too many."""
        was_down = self.health.is_down(path)
        self.health.died(path, reason, self._clock())
        if self.health.is_down(path) and not was_down:
            window_s, told = self.health.window_s, self.health.reason(path)
            log.error("%s is put aside for %g s: %s", path, window_s, told)

    def _boot_failed(self, slot: Slot, worker: Worker, reason: str) -> None:
        self.last_boot_error = reason
        for path in _culprits(worker):
            self.health.init_failed(path, _without_app(reason, path), self._clock())
        if self.is_reloading:
            log.error("the reload ends here, what served goes on: %s", reason)
            self.reload_failure, self._reloads = reason, False
            self._arbiter.reload_ended(False)
            self._forget_news()
        for other in self.slots.values():
            if other.must_change is Cause.RELOAD:
                other.must_change = None
        # Without an app that is put aside, nothing else keeps it from being tried at once.
        self._wait(slot, False)

    def _look_whether_reloaded(self) -> None:
        """Tell that a reload is over, if it is: the last worker is new, or wanted no more."""
        if self._reloads and not self.is_reloading:
            self._reloads, self._known = False, None
            log.info("reloaded: %d workers run the new code", self.target)
            self._arbiter.reload_ended(True)

    def _forget_news(self) -> None:
        """Take what apps say of themselves to be as it was before the reload that failed."""
        if self._known is None:
            return
        (facts, homes), self._known = self._known, None
        try:
            self.learn(facts)
            if homes.keys() == self.slots.keys():
                self.resources.allot(homes, self._catalogue.needs)
                for number, apps in homes.items():
                    self.slots[number].apps = apps
        except ConfigError as error:
            # Workers were added since.
            log.error("what apps take stays as the new code has it: %s", error)

    def _crashed(self, slot: Slot, worker: Worker, reason: str, blamed: Iterable[str]) -> None:
        for path in () if worker.placement.is_blameless else blamed or worker.apps:
            self._died(path, reason)
        self.restarts[Cause.OOM if worker.process.is_short_of_memory() else Cause.DIED] += 1
        self._wait(slot, worker.served > 0)

    def _wait(self, slot: Slot, has_served: bool) -> None:
        """Let the slot be without a worker for a while."""
        if slot.wait is not None:
            slot.wait.cancel()
        wait_s = slot.backoff.died(has_served)
        slot.wait = self._clock.call_later(wait_s, self._waited, slot)

    def _waited(self, slot: Slot) -> None:
        slot.wait = None
        self._settle()

    # --- towards what should be ---

    def _settle(self) -> None:
        """Start what is missing, and one replacement: in slices of the loop, and soon."""
        if self._settled.is_set():
            self._settled.clear()
            self._turns.take(self._settle_some)

    def _settle_some(self) -> None:
        # Once: what is due between two looks would be neither started nor waited for.
        self._judged_s = self._clock()
        for_each(some_of(self._steps()), lambda step: step(), NOT_SETTLED)
        if self._leaving or self._missing():
            self._turns.take(self._settle_some)
            return
        self._settled.set()
        if not self._stopping:
            self._replace_one()
            self._tell_down()
            self._tell_of_no_start()

    def _steps(self) -> Iterator[Callable[[], None]]:
        while self._leaving:
            yield partial(self._empty, self._leaving.popleft())
        for slot in self._missing():
            yield partial(self._start, slot)

    def _missing(self) -> list[Slot]:
        """The slots that are to have a worker, and have none."""
        if self._stopping:
            return []
        empty = (
            one for one in self.slots.values() if not (one.worker or one.candidate or one.wait)
        )
        found = [one for one in empty if not one.apps or self._startable(one)]
        return [one for one in found if self.resources.may_begin(one.number)]

    def _replace_one(self) -> None:
        if not self._is_draining and not any(
            slot.worker and slot.candidate and not slot.candidate.placement.waits
            for slot in self.slots.values()
        ):
            for slot in self.slots.values():
                is_free = slot.worker and not slot.candidate and slot.wait is None
                if is_free and self._should_change(slot):
                    self._start(slot)
                    break
        self._set_retry()

    def _should_change(self, slot: Slot) -> bool:
        assert slot.worker is not None
        given = self.resources.of(slot.number)
        has_changed = slot.worker.given != given or slot.worker.apps != self._startable(slot)
        return bool(slot.must_change) or has_changed

    def _startable(self, slot: Slot) -> tuple[str, ...]:
        """The slot's apps but for those put aside; one that is due again is tried in one slot."""
        if not self.health.reasons():
            return slot.apps
        due = set(self.health.due(self._judged_s))
        kept = slot.worker.apps if slot.worker else ()
        return tuple(
            path
            for path in slot.apps
            if path in kept
            or not self.health.is_down(path)
            or (path in due and not self._is_tried(path))
        )

    def _is_tried(self, path: str) -> bool:
        """Whether a worker boots that is to serve the app."""
        return any(one.candidate and path in one.candidate.apps for one in self.slots.values())

    def _start(self, slot: Slot) -> None:
        apps = self._startable(slot)
        if slot.apps and not apps:
            return
        self._ages += self._share.count
        try:
            worker = Worker(
                slot.number,
                self._ages,
                apps,
                self.config,
                self._launchers[slot.launcher],
                self,
                self._events,
                self._clock,
                self._catalogue.own_lanes(apps),
                self.resources.of(slot.number),
            )
        except OSError as error:
            log.error("no worker can be started in slot %d: %s", slot.number, error)
            self._wait(slot, False)
            return
        except Exception as error:
            log.exception("no worker can be started in slot %d", slot.number)
            self._wait(slot, False)
            if not self._has_served:
                self._arbiter.cannot_start(f"no worker can be started: {error}")
            return
        if self.config.max_requests:
            jitter = random.randint(0, self.config.max_requests_jitter)
            worker.serves_at_most = self.config.max_requests + jitter
        slot.candidate = worker
        self._events.apps_expected(apps)
        self.workers[worker.age] = worker
        self.resources.began(worker.age, slot.number)
        worker.open()

    def _check_rss(self) -> None:
        """Look at the memory of workers, now and then every RSS_CHECK_S; whoever looked before
        does no more.
        """
        if self._rss_check is not None:
            self._rss_check.cancel()
            self._rss_check = None
        if not self.config.max_rss_bytes:
            return
        loop = asyncio.get_running_loop()
        self._rss_check = loop.call_later(RSS_CHECK_S, self._check_rss)
        for worker in list(self.workers.values()):
            is_ready = worker.state is State.READY
            if is_ready and worker.process.rss_bytes() > self.config.max_rss_bytes:
                self.recycle(worker, "its memory", Cause.MEMORY)

    def _set_retry(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        retry_s = self.health.next_retry_s(self._judged_s)
        if retry_s is not None:
            self._retry = self._clock.call_at(retry_s, self._settle)

    def _empty(self, slot: Slot) -> None:
        if slot.wait is not None:
            slot.wait.cancel()
        if slot.candidate is not None:
            slot.candidate.dismiss(0)
        if slot.worker is not None:
            self._dismiss(slot.worker, "fewer workers are wanted")

    def _dismiss(self, worker: Worker, reason: str) -> None:
        """Have the worker answer what it runs, and end."""
        log.info("worker %d (slot %d) leaves: %s", worker.pid, worker.slot, reason)
        config = self.config
        worker.dismiss(config.graceful_timeout_s + config.close_timeout_s + LEAVE_S)

    def _homes(self) -> dict[int, tuple[str, ...]]:
        return {number: slot.apps for number, slot in self.slots.items()}

    def _slot_of(self, worker: Worker) -> Slot | None:
        slot = self.slots.get(worker.slot)
        return slot if slot and worker in (slot.worker, slot.candidate) else None


def told_facts(apps: Iterable[str], status: object) -> dict[str, AppFacts]:
    """What a worker's STATUS answer says of its apps; what cannot be is told and left out."""
    attributes = status.get("attributes") if isinstance(status, dict) else None
    facts: dict[str, AppFacts] = {}
    for path in apps:
        found = attributes.get(path) if isinstance(attributes, dict) else None
        if isinstance(found, dict):
            try:
                facts[path] = checked(path, found)
            except ConfigError as error:
                log.error("a worker says what cannot be: %s", error)
    return facts


def _culprits(worker: Worker) -> tuple[str, ...]:
    """The app at which its boot ended, if that is known, or all of its apps."""
    return (worker.failed_app,) if worker.failed_app in worker.apps else worker.apps


def _without_app(reason: str, path: str) -> str:
    """The reason without the app's name at its head, for where that stands already."""
    return reason.removeprefix(f"app {path}").lstrip(": ")
