"""A worker, seen from the arbiter: its process, its lanes, its boot and its end.

Rules: what happens to a worker is an event of the table in `policy.life`. It is ready when it has
said so on every lane; one that says why it cannot be gets a moment to end by itself. Its death is
seen by its process, not by its lanes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Protocol

import gdproto

from ...settings import Config
from ..clock import Clock, Timer
from ..policy.life import Event, State, next_state
from ..policy.resources import Given
from ..policy.restarts import Cause
from .lane import Answer, AnswerEvents, Lane
from .launch import Launcher, Order
from .places import Place
from .process import Placement
from .stacks import Stacks

log = logging.getLogger("dirty")

# How long a process may take to die after its lanes have closed, or its boot has failed.
DYING_S = 1.0
# How long one that boots has when it is not wanted any more: it looks at its lanes when its apps
# are there, and those that are initialised by then are to be closed.
BOOTING_S = 2.0
# How long one that is silent has to tell where its threads are, which takes it no time.
STACKS_S = 1.0
# What a worker gets behind the close of its apps: see `worker.leaving`.
LEAVE_S = 4.0
# How often the log tells why one waits for a place, where the reason stays of a kind.
TOLD_EACH_S = 30.0


class WorkerEvents(AnswerEvents, Protocol):
    """Whoever uses the workers."""

    def worker_ready(self, worker: Worker) -> None:
        """All lanes of the worker may be used."""

    def worker_leaves(self, worker: Worker) -> None:
        """The worker takes no new work: close its lanes as they fall idle."""

    def worker_gone(self, worker: Worker, reason: str) -> list[str]:
        """The worker's process has ended; its lanes hold what it left behind.

        Returns:
            The apps whose calls ran in it.
        """

    def apps_expected(self, apps: Iterable[str]) -> None:
        """A worker is started that is to serve the apps."""

    def app_down(self, app_path: str, reason: str) -> None:
        """No worker serves the app, nor will one soon."""

    def lane_closed(self, worker: Worker, lane: Place) -> None:
        """The worker has closed its end of the lane; most often it is about to die."""

    def lane_broke(
        self, worker: Worker, lane: Place, reason: str, answers: Sequence[Answer] = ()
    ) -> None:
        """Nothing that makes sense can come on the lane any more, after these answers."""


class SupervisorEvents(Protocol):
    """Whoever started the worker."""

    def worker_told(self, worker: Worker, status: object) -> None:
        """The worker is about to be ready; it answered its STATUS so."""

    def worker_booted(self, worker: Worker) -> None:
        """The worker is ready."""

    def worker_tired(self, worker: Worker) -> None:
        """The worker has answered as many calls as it should."""

    def worker_imported(self, worker: Worker, path: str) -> None:
        """The worker has imported a module of its apps from the file."""

    def worker_asks_to_leave(self, worker: Worker, reason: str) -> None:
        """The worker, which is ready, wants a successor."""

    def worker_waits(self, worker: Worker) -> None:
        """The worker, which boots, waits for a place in a cluster, or waits for another reason."""

    def worker_condemned(self, worker: Worker) -> None:
        """The worker was at fault, and will not serve again."""

    def in_turn(self, end: Callable[[], None]) -> None:
        """A process is gone: have `end` called, soon. Of many that went at one moment, for some in
        this turn of the loop.
        """

    def worker_ended(self, worker: Worker) -> None:
        """The worker's process is gone."""


class Worker:
    """One worker.

    Args:
        slot: its number, from 0, reused by its replacement.
        age: how many workers were spawned before it, and it.
        apps: the paths of the apps that it serves.
        config: its threads, and how long its boot may take.
        launcher: starts it.
        supervisor: is told of its life.
        events: is told what its lanes bring.
        clock: has its seconds, and its timers.
        own: those of the apps that have a lane of their own.
        given: what it has of the machine's resources.

    Raises:
        OSError: it cannot be started.

    Attributes:
        state: see `policy.life`.
        has_booted: whether it was ready once.
        failure: why its boot failed; empty when it did not.
        failed_app: the app whose initialisation failed; empty when that is not known.
        served: calls that it has answered.
        errors: of these, those that were answered by an ERROR.
        started_s: when it was started.
        cause: why it is replaced, if it is condemned.
        serves_at_most: calls after which it is replaced; 0 for any number.
    """

    def __init__(
        self,
        slot: int,
        age: int,
        apps: tuple[str, ...],
        config: Config,
        launcher: Launcher,
        supervisor: SupervisorEvents,
        events: WorkerEvents,
        clock: Clock,
        own: tuple[str, ...] = (),
        given: Given | None = None,
    ) -> None:
        self.slot = slot
        self.age = age
        self.apps = apps
        self.given: Given = given or {}
        self.state = State.SPAWNED
        self.has_booted = False
        self.failure = ""
        self.failed_app = ""
        self.served = self.errors = 0
        self.started_s = clock()
        self.cause = Cause.DIED
        self.serves_at_most = 0
        self.lanes: list[Lane] = []
        self._wish_to_leave = ""
        self._lanes_let_go = 0
        self._time_to_end_s = config.close_timeout_s + LEAVE_S
        self._boot_timeout_s = config.boot_timeout_s
        self._tells_sources = config.reload
        self._supervisor = supervisor
        self._events = events
        self._clock = clock
        self._timers: list[Timer] = []
        self._boot_limit: Timer | None = None
        # Of its wait for a place: the kind and the time of what the log has told.
        self._told_of_others: bool | None = None
        self._told_s = 0.0
        try:
            # Where each app has a lane of its own, none is called by a thread.
            threads = config.threads if set(apps) - set(own) or not own else 0
            for _ in range(threads + len(own)):
                self.lanes.append(Lane(self, events, clock))
            ends = [lane.worker_end for lane in self.lanes]
            self.process = launcher.launch(Order(slot, age, apps, ends, own, self.given))
        except BaseException:
            for lane in self.lanes:
                lane.close()
            raise
        finally:
            for lane in self.lanes:
                lane.worker_end.close()

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def places(self) -> Sequence[Place]:
        """What calls run on: of each lane as many as it takes exchanges."""
        return [place for lane in self.lanes for place in lane.places]

    def open(self) -> None:
        """Ask it whether it is ready, and watch it from now on."""
        self._happens(Event.OPENED)
        self.process.when_ended(partial(self._supervisor.in_turn, self._ended))
        if self._tells_sources:
            self.process.when_imported(partial(self._supervisor.worker_imported, self))
        self.process.when_leaving(self._asks_to_leave)
        self.process.when_moved(self._moved)
        self._boot_limit = self._later(self._boot_timeout_s, self._check_booted)
        try:
            for lane in self.lanes:
                lane.open()
        except OSError as error:
            log.error("worker in slot %d cannot be listened to: %s", self.slot, error.strerror)
            self.process.kill()

    def dismiss(self, grace_s: float) -> None:
        """Have it answer what it runs and end, if it has not; killed after `grace_s` seconds."""
        if self.state is State.GONE:
            return
        self._happens(Event.DISMISSED)
        self._leave(grace_s)

    def condemn(self, reason: str, grace_s: float, cause: Cause) -> None:
        """It is at fault: it takes no new work, and is killed after `grace_s` seconds."""
        if self.state is State.CONDEMNED:
            return
        log.warning("worker %d (slot %d) is killed: %s", self.pid, self.slot, reason)
        self.cause = cause
        self._happens(Event.BLAMED)
        if cause in (Cause.SILENCE, Cause.RAN):
            # Before it is killed; where it does not answer, it is killed all the same.
            self._leave(max(grace_s, STACKS_S))
            self.process.ask_stacks(partial(self._stood_at, grace_s))
        else:
            self._leave(grace_s)
        self._supervisor.worker_condemned(self)

    def _stood_at(self, grace_s: float, stacks: Stacks) -> None:
        below = "\n".join(part for part in (stacks.threads, stacks.tasks) if part)
        if below:
            text = "worker %d (slot %d) stood at:"
            log.warning(text, self.pid, self.slot, extra={"traceback": below})
        if not grace_s:
            self.process.kill()

    def when_old(self, age_s: float, told: Callable[[], object]) -> None:
        """Have `told` called in `age_s` seconds, if it lives that long."""
        self._later(age_s, told)

    def ending(self) -> str:
        """Why the process, which is gone, has ended."""
        if self.has_booted:
            return self.process.ending()
        self.failed_app = self.failed_app or self.process.last_traced()
        if self.failure:
            return self.failure
        if self.failed_app:
            ending = self.process.ending()
            return f"app {self.failed_app}: the worker ended while it loaded it: {ending}"
        return f"the worker ended before it was ready: {self.process.ending()}"

    def is_victim(self) -> bool:
        """Whether its boot, which is over, was ended from outside; for one that is gone."""
        return not self.failure and self.process.is_victim()

    def lane_let_go(self) -> None:
        """One of its lanes has been closed; with the last, all that it has to do is to end."""
        self._lanes_let_go += 1
        count = sum(len(lane.places) for lane in self.lanes)
        if self._lanes_let_go == count and self.state is State.RETIRING:
            self._later(self._time_to_end_s, self._kill_late, "let go")

    def call_answered(self, failed: bool) -> None:
        """It has answered a call: after so many it is replaced."""
        self.served += 1
        if failed:
            self.errors += 1
        if self.served == self.serves_at_most and self.state is State.READY:
            self._supervisor.worker_tired(self)

    @property
    def placement(self) -> Placement:
        """Where it is in a cluster, if it is in one."""
        return self.process.placement

    def _moved(self) -> None:
        """It waits for a place, or has one: what it has waited is no time of its boot."""
        if self._boot_limit is not None:
            self._boot_limit.cancel()
        if self.placement.waits:
            self._tell_wait()
            self._supervisor.worker_waits(self)
        else:
            self._boot_limit = self._later(self._boot_timeout_s, self._check_booted)

    def _tell_wait(self) -> None:
        """Log why it waits: at once where that is another reason, and now and then its numbers."""
        waits, now_s = self.placement, self._clock()
        if waits.waits_for_others is self._told_of_others and now_s < self._told_s + TOLD_EACH_S:
            return
        self._told_of_others, self._told_s = waits.waits_for_others, now_s
        text = "worker %d (slot %d) waits for a place: %s"
        log.warning(text, self.pid, self.slot, waits.waits)

    # --- what its lanes tell ---

    def status_answered(self, lane: Lane, answer: gdproto.Message) -> None:
        if self.state is not State.BOOTING:
            return
        if isinstance(answer, gdproto.Error):
            self.failed_app = str(answer.details.get("app_path", ""))
            self._fail(answer.message, DYING_S)
        elif isinstance(answer, gdproto.Response) and all(one.ready for one in self.lanes):
            self._supervisor.worker_told(self, answer.result)
            self._happens(Event.BOOTED)
            self.has_booted = True
            self._supervisor.worker_booted(self)
            if self._wish_to_leave:
                self._asks_to_leave(self._wish_to_leave)

    def lane_broke(self, lane: Place, reason: str, answers: list[Answer]) -> None:
        if self.state is State.BOOTING:
            self._fail(reason, 0)
        else:
            self._events.lane_broke(self, lane, reason, answers)

    def lane_closed(self, lane: Lane) -> None:
        for place in lane.places:
            self._events.lane_closed(self, place)
        if self.state is not State.GONE:
            self._later(DYING_S, self._check_closed, lane)

    def _asks_to_leave(self, reason: str) -> None:
        self._wish_to_leave = reason
        if self.state is State.READY:
            self._supervisor.worker_asks_to_leave(self, reason)

    # --- its end ---

    def _check_closed(self, lane: Lane) -> None:
        for place in lane.places:
            self.lane_broke(place, "it lives, but closed its lane", [])

    def _check_booted(self) -> None:
        if self.state is not State.BOOTING:
            return
        limit, path = f"{self._boot_timeout_s:g} s, all of boot-timeout", self.process.last_traced()
        if not path and not self.process.pid:
            # Nobody has begun it: its apps have no part in that.
            self._happens(Event.FAILED)
            self._kill(0)
            return
        self.failed_app = path if path in self.apps else ""
        whose = f"app {path} was" if self.failed_app else "its apps were"
        # Before it is killed; where it does not answer, it is killed all the same.
        self._fail(f"{whose} not initialised in {limit}", STACKS_S)
        self.process.ask_stacks(partial(self._stood_at, 0))

    def _fail(self, reason: str, grace_s: float) -> None:
        """Its boot has failed."""
        self.failure = reason
        self._happens(Event.FAILED)
        self._kill(grace_s)

    def _leave(self, grace_s: float) -> None:
        self._events.worker_leaves(self)
        self._kill(grace_s if self.has_booted else min(grace_s, BOOTING_S))

    def _kill(self, grace_s: float) -> None:
        if grace_s:
            self._later(grace_s, self._kill_late, "told to end")
        else:
            self.process.kill()

    def _kill_late(self, since: str) -> None:
        if self.state is State.RETIRING:
            text = "worker %d (slot %d) is killed: long after it was %s it has not ended; close(),"
            text += " a thread or a child of its apps keeps it: %s"
            log.warning(text, self.pid, self.slot, since, ", ".join(self.apps))
        self.process.kill()

    def _ended(self) -> None:
        self._happens(Event.ENDED)
        if died_of := self.process.died_of():
            text = "worker %d (slot %d) ended by a fault:"
            log.error(text, self.pid, self.slot, extra={"traceback": died_of})
        for timer in self._timers:
            timer.cancel()
        self._supervisor.worker_ended(self)
        # What knows each other is not to wait for the collector.
        self._timers.clear()
        self.lanes.clear()

    def _happens(self, event: Event) -> None:
        self.state = next_state(self.state, event)

    def _later(self, wait_s: float, told: Callable[..., object], *args: object) -> Timer:
        self._timers.append(timer := self._clock.call_later(wait_s, told, *args))
        return timer
