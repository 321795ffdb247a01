"""Between clients and workers: tells `Calls` what happens, and does what it says.

Rules: nothing is decided here. What a client, a lane or a worker does is an event for `Calls`, and
each action that it answers with is done at once, in its order. Observers are told afterwards. An
action that fails is its call's fault, or its client's or worker's; those behind it are done.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

import gdproto

from ..errors import (
    DirtyCancelledError,
    DirtyError,
    DirtyNoWorkersAvailableError,
    DirtyOverloadedError,
    DirtyPermissionError,
    DirtyWorkerError,
)
from ..settings import Config
from ..sockets.link import Link
from ..sockets.passing import Account, Parcel
from .answers.registry import Answerers
from .apart import for_each
from .calls import KEPT_BYTES, Action, Actions, Calls, Close, Fail, GiveUp, Start
from .clients.access import Access
from .clients.connection import CallOf, ClientConnection
from .clients.door import Door
from .clock import Alarm, Clock
from .policy.catalogue import Catalogue
from .policy.life import State
from .policy.restarts import Cause
from .policy.routing import Router
from .telemetry.counters import Counters
from .telemetry.naming import beginning, name_of, names_of
from .telemetry.observer import Observers
from .turns import Turns, some_of
from .watch import RunWatch, SilenceWatch
from .workers.lane import Answer, Lane, LaneWorker
from .workers.places import Place
from .workers.worker import Worker

log = logging.getLogger("dirty")

# Actions of which not all are done in one turn of the loop.
MANY = 32

# What a call that ran for too long has to end, before its worker is killed for it.
END_S = 2.0

NAMES = {int(code): code.name for code in gdproto.MessageCode}
ERROR = int(gdproto.MessageCode.ERROR)


class Dispatcher:
    """The clients and lanes of one arbiter.

    Args:
        calls: decides.
        router: knows what waits and which lanes are busy.
        catalogue: what is known of the apps.
        door: lets clients in, and lets go of them.
        answerers: answer what is no call.
        access: who may call.
        observers: look on.
        counters: count calls, and know how long they run, for what callers are told to wait; None
            where nothing is counted.
        graceful_timeout_s: what calls get that run beside a fault.
        timeout_s: the longest silence of a worker; 0 for any.
        max_run_s: the longest that a call may run; 0 for any.
        app_max_run_s: the same for calls of some apps, by their paths.
        clock: has its seconds, and its timers.
        turns: of the loop.

    Attributes:
        clients: the connections.
        passed: counts the memory that is passed.
        limits_of_passed: how much of it, and of how many descriptors, one client may have us keep.
        quiet: is set when nobody waits for an answer, or has one to read, once `drain` was called.
    """

    def __init__(
        self,
        calls: Calls[ClientConnection, Place],
        router: Router[CallOf, Place],
        catalogue: Catalogue,
        door: Door,
        answerers: Answerers,
        access: Access,
        observers: Observers,
        counters: Counters | None,
        graceful_timeout_s: float,
        timeout_s: float,
        max_run_s: float,
        app_max_run_s: Mapping[str, float],
        clock: Clock,
        turns: Turns,
    ) -> None:
        self.clients: set[ClientConnection] = set()
        self.passed = Account()
        self.limits_of_passed = (0, 0)
        self.quiet = asyncio.Event()
        self.door = door
        # Without a step between them: it is called for each frame.
        self.client_moved = door.moved
        door.calmed = self.look_whether_quiet
        self._calls = calls
        self._router = router
        self._catalogue = catalogue
        self._answerers = answerers
        self._access = access
        self._observers = observers
        self._tell = observers.tell
        self._counters = counters
        self._graceful_timeout_s = graceful_timeout_s
        self._clock = clock
        self._alarm = Alarm(self._expire, clock)
        self._silence = SilenceWatch(timeout_s, self, clock, door.unread_s)
        self._runs = RunWatch(self, clock)
        self._limit_runs(max_run_s, app_max_run_s)
        # Calls that had their time, and have not ended.
        self._overdue: dict[Place, CallOf] = {}
        self._is_draining = False
        self._turns = turns
        self._untold: deque[Fail[ClientConnection, Place]] = deque()

    # --- orders ---

    def take(self, config: Config, access: Access) -> None:
        """Have these limits from now on."""
        self._access = access
        self._graceful_timeout_s = config.graceful_timeout_s
        self.limit_passed(config)
        self.door.take(config)
        self._silence.limit(config.timeout_s, self.door.unread_s)
        self._limit_runs(config.max_run_s, config.app_max_run)

    def _limit_runs(self, limit_s: float, of_apps: Mapping[str, float]) -> None:
        self._max_run_s, self._app_max_run_s = limit_s, of_apps
        self._are_runs_limited = bool(limit_s or of_apps)

    def limit_passed(self, config: Config) -> None:
        """Have these limits of memory that is passed."""
        most = config.max_memfd_bytes
        self.passed.limit(most, 0)
        self.limits_of_passed = (most * config.max_queue_share // 100, config.max_memfds)

    def drain(self) -> None:
        """Take no new calls; `quiet` tells when there are none."""
        self._is_draining = True
        self._calls.drained()
        self.door.drain()

    async def stop(self) -> None:
        """Give up every call."""
        self._perform(self._told_later(self._calls.stopped()))
        await self._turns.exhaust(self._telling())

    def end_call(self, call: CallOf, reason: str) -> None:
        """Fail the call; the worker that runs it is killed, others of it get their grace."""
        lane = call.lane
        if lane is None:
            self._perform(self._calls.ended(call, DirtyCancelledError(reason)))
            return
        worker = lane.worker
        self._perform(self._calls.ended(call, DirtyWorkerError(reason, worker.pid)))
        grace_s = self._graceful_timeout_s if self._calls.on(worker.places) else 0
        worker.condemn(reason, grace_s, Cause.OPERATOR)

    def end_worker(self, worker: Worker, reason: str) -> None:
        """Kill the worker now; what it runs fails."""
        for call in self._calls.on(worker.places):
            self._perform(self._calls.ended(call, DirtyWorkerError(reason, worker.pid)))
        worker.condemn(reason, 0, Cause.OPERATOR)
        worker.process.kill()

    # --- what clients do ---

    def client_came(self, client: ClientConnection) -> None:
        self.clients.add(client)
        self.door.came(client)
        self._tell("client_came", client)
        if not self._access.may_call(client.uid):
            client.refuse(DirtyPermissionError(f"user {client.uid} may not call this arbiter"))

    def client_left(self, client: ClientConnection) -> None:
        if client in self.clients:
            self.clients.discard(client)
            self._tell("client_left", client)
        calls = list(client.calls.values())
        client.calls.clear()
        self._perform(self._calls.client_gone(calls))
        self.client_reads_on(client)
        for call in calls:
            self._abandoned(call)

    def client_gone(self, client: ClientConnection) -> None:
        self.door.gone(client)

    def client_holds_back(self, client: ClientConnection) -> None:
        self._calls.client_holds_back(client)

    def client_reads_on(self, client: ClientConnection) -> None:
        self._perform(self._calls.client_reads_on(client, self._clock()))

    def client_keeps(self, client: ClientConnection, memory: int, files: int) -> None:
        self.door.keeps(client, memory, files)

    def called(self, call: CallOf) -> None:
        if self.door.extra and call.client in self.door.extra:
            reason = "overloaded: all of max-clients wait"
            call.client.fail(call, DirtyOverloadedError(reason, call.app_path, 1.0))
            return
        if self._observers.call_arrived:
            self._tell("call_arrived", call)
        actions = self._calls.called(call)
        self._perform(actions if len(actions) < MANY else self._told_later(actions))
        if call.timeout_s is not None and call.arrived_s + call.timeout_s < self._alarm.due_s:
            self._alarm.set(call.arrived_s + call.timeout_s)

    def cancelled(self, call: CallOf) -> None:
        self._perform(self._calls.cancelled(call))

    def abandoned(self, call: CallOf) -> None:
        self._perform(self._calls.client_gone((call,)))
        self._abandoned(call)

    def _abandoned(self, call: CallOf) -> None:
        now_s = self._clock()
        if self._counters is not None:
            self._counters.call_ended(call, "abandoned", now_s)
        self._tell("call_abandoned", call, now_s)

    def asked(
        self, question: gdproto.Message, client: ClientConnection
    ) -> asyncio.Task[None] | None:
        return self._answerers.ask(question, client)

    # --- what is to be done ---

    def _perform(self, actions: Actions[ClientConnection, Place]) -> None:
        for action in actions:
            try:
                if type(action) is Start:
                    self._start(action.call, action.lane)
                elif isinstance(action, Fail):
                    self._fail(action.call, action.error)
                elif isinstance(action, GiveUp):
                    self._give_up(action.call, action.lane)
                else:
                    action.lane.close()
                    action.lane.worker.lane_let_go()
            except Exception:
                named = "" if isinstance(action, Close) else f": {name_of(action.call)}"
                log.exception("a call fails by a fault of the arbiter%s", named)
                for_each((action,), self._end_by, "nor can it be ended")
        if self._is_draining:
            self.look_whether_quiet()

    def _told_later(
        self, actions: Actions[ClientConnection, Place]
    ) -> Actions[ClientConnection, Place]:
        """What is to be done at once: of many calls that fail, who waits is told in turns of the
        loop.
        """
        if len(actions) < MANY:
            return actions
        if not self._untold:
            self._turns.take(self._tell_some)
        self._untold.extend(action for action in actions if isinstance(action, Fail))
        return [action for action in actions if not isinstance(action, Fail)]

    def _tell_some(self) -> None:
        for _ in some_of(self._telling()):
            pass
        if self._untold:
            self._turns.take(self._tell_some)

    def _telling(self) -> Iterator[None]:
        """Tell, one after the other, who is to be told, and waits still."""
        while self._untold:
            action = self._untold.popleft()
            call = action.call
            if call.client.calls.get(call.request_id) is call:
                self._perform((action,))
            yield

    def _end_by(self, action: Action[ClientConnection, Place]) -> None:
        """The action has failed: whoever it was about is let go of, as nobody knows how he is."""
        reason = "the arbiter failed to serve its call"
        if isinstance(action, Fail):
            action.call.client.abort()
        elif isinstance(action, Close):
            self._condemn(action.lane.worker, reason, Cause.FAULT)
        else:
            self._perform(self._calls.lane_retired(action.lane))
            self._broke(action.lane.worker, action.lane, reason, told=reason)

    def look_whether_quiet(self) -> None:
        """Set `quiet` if it is."""
        if self._calls.is_quiet:
            # Until then a call may need what its worker waits for.
            self._answerers.drain()
            if self.door.is_calm:
                self.quiet.set()

    def _start(self, call: CallOf, lane: Place) -> None:
        if type(call.frame) is Parcel and (reason := lane.refuses(call.frame.descriptors)):
            error = DirtyNoWorkersAvailableError(call.app_path, reason=reason, begun=False)
            self._perform(self._calls.unstarted(lane, error, self._clock()))
            return
        lane.request(call.frame, call.header, call.started_s)
        if call.size_bytes > KEPT_BYTES:
            call.frame = beginning(call.frame)
        if lane not in self._silence.watched:
            self._silence.watch(lane)
        if self._are_runs_limited and (due_s := self._due_s(call)) is not None:
            self._runs.watch(lane, due_s)
        if self._observers.call_started:
            self._tell("call_started", call)

    def _fail(self, call: CallOf, error: DirtyError) -> None:
        if isinstance(error, DirtyOverloadedError):
            error = self._told_when(error, call.app_path)
        call.client.fail(call, error)
        outcome, now_s = type(error).__name__, self._clock()
        if self._counters is not None:
            self._counters.call_ended(call, outcome, now_s)
        self._tell("call_ended", call, outcome, now_s)

    def _told_when(self, error: DirtyOverloadedError, app_path: str) -> DirtyOverloadedError:
        """The error with when to try again: after about half of what waits."""
        run_s = self._counters.run_s(app_path) if self._counters is not None else 0.0
        wait_s = self._router.depth(app_path) * run_s
        wait_s /= 2 * max(1, self._router.lane_count)
        return DirtyOverloadedError(error.message, app_path, round(max(0.05, wait_s), 2))

    def _give_up(self, call: CallOf, lane: Place) -> None:
        lane.cancel()
        if self._catalogue.kills_on_cancel(call.app_path):
            reason = f"a call of {call.app_path} was given up"
            self._condemn(lane.worker, reason, Cause.CANCEL)

    def _condemn(self, worker: LaneWorker, reason: str, cause: Cause) -> None:
        """The worker takes no new work; calls on its other lanes get the graceful timeout."""
        if worker.state is State.READY:
            busy = self._calls.on(worker.places)
            worker.condemn(reason, self._graceful_timeout_s if busy else 0, cause)

    # --- what lanes tell ---

    def lane_answered(self, lane: Place, answers: list[Answer]) -> None:
        call = self._calls.running[lane]
        try:
            call.client.forward(call, answers)
        except Exception:
            log.exception("an answer of %s cannot be handed on", name_of(call))
            call.client.abort()
        header, _, ended = answers[-1]
        if not ended:
            return
        actions = self._calls.answered(lane, lane.heard_s)
        name = NAMES[header.code]
        if self._counters is not None:
            self._counters.call_ended(call, name, lane.heard_s)
        if self._observers.call_ended:
            self._tell("call_ended", call, name, lane.heard_s)
        if lane.paused:
            lane.resume()
        lane.worker.call_answered(header.code == ERROR)
        if actions or self._is_draining:
            self._perform(actions)

    def lane_passes(self, lane: Place) -> Link | None:
        call = self._calls.running.get(lane)
        return call.client.onward(call) if call is not None else None

    def lane_keeps(self, lane: Place, count: int) -> None:
        call = self._calls.running.get(lane)
        if call is not None:
            call.client.keep(call, count)

    def lane_kept(self, lane: Place, answer: Answer) -> None:
        if lane in self._calls.running:
            self.lane_answered(lane, [answer])
        elif answer[2]:
            self.lane_discarded(lane)

    def lane_failed(self, lane: Place, error: DirtyError) -> None:
        self._perform(self._calls.failed(lane, error))

    def lane_discarded(self, lane: Place) -> None:
        self._overdue.pop(lane, None)
        self._perform(self._calls.discarded(lane, lane.heard_s))

    # --- what workers tell ---

    def worker_ready(self, worker: Worker) -> None:
        for lane in worker.lanes:
            apps = worker.apps if lane.apps is None else lane.apps
            fill = self._catalogue.fill(apps[0]) if len(apps) == 1 else 0
            ready = self._calls.lanes_ready(lane.places, lane.group, apps, self._clock(), fill)
            self._perform(ready)
        self._tell("worker_ready", worker)

    def worker_leaves(self, worker: Worker) -> None:
        for place in worker.places:
            self._perform(self._calls.lane_retired(place))

    def lane_closed(self, worker: Worker, lane: Place) -> None:
        self._perform(self._calls.lane_retired(lane))

    def lane_broke(
        self, worker: Worker, lane: Place, reason: str, answers: Sequence[Answer] = ()
    ) -> None:
        self._perform(self._calls.lane_retired(lane))
        if answers:
            self.lane_answered(lane, list(answers))
        self._broke(worker, lane, reason, told=f"the worker is at fault: {reason}")

    def _broke(self, worker: LaneWorker, lane: Place, reason: str, told: str) -> None:
        self._perform(self._calls.failed(lane, DirtyWorkerError(told, worker.pid)))
        self._condemn(worker, reason, Cause.FAULT)

    def worker_gone(self, worker: Worker, reason: str) -> list[str]:
        running = self._calls.on(worker.places)
        if running:
            log.warning("worker %d (slot %d) ran: %s", worker.pid, worker.slot, names_of(running))
        # Before what it left behind is read: its lanes take nothing more.
        self.worker_leaves(worker)
        for lane in worker.lanes:
            lane.drain(partial(self._lane_over, lane, reason, worker.pid))
        self._tell("worker_gone", worker, reason)
        return list(dict.fromkeys(call.app_path for call in running))

    def _lane_over(self, lane: Lane, reason: str, pid: int) -> None:
        for place in lane.places:
            error = DirtyWorkerError(f"the worker died: {reason}", pid)
            has_begun = not place.was_unread
            self._perform(self._calls.lane_lost(place, error, has_begun, self._clock()))

    def apps_expected(self, apps: Iterable[str]) -> None:
        self._calls.apps_expected(apps)

    def app_down(self, app_path: str, reason: str) -> None:
        self._perform(self._told_later(self._calls.app_down(app_path, reason)))

    # --- what time tells ---

    def _expire(self) -> None:
        self._perform(self._told_later(self._calls.expired(self._clock())))
        self._alarm.set(self._calls.next_deadline_s())

    def is_awaited(self, lane: Place) -> bool:
        return lane.worker.state is State.READY and self._router.is_busy(lane)

    def client_silent(self, lane: Place) -> None:
        self.door.let_go_unread(self._calls.running[lane].client, self._silence.unread_s)

    def lane_silent(self, lane: Place) -> None:
        worker, limit_s = lane.worker, self._silence.limit_s
        reason = f"the worker was silent for {limit_s:g} s"
        ran = names_of(self._calls.on(worker.places))
        self._perform(self._calls.late(lane, reason, limit_s, self._clock()))
        text = f"{reason}; it ran {ran or 'a call that was given up'}"
        self._condemn(worker, text, Cause.SILENCE)

    def _run_limit_s(self, call: CallOf) -> float:
        return self._app_max_run_s.get(call.app_path, self._max_run_s)

    def _due_s(self, call: CallOf) -> float | None:
        limit_s = self._run_limit_s(call)
        return call.started_s + limit_s if limit_s else None

    def run_due_s(self, lane: Place) -> float | None:
        call = self._calls.running.get(lane)
        return self._due_s(call) if call is not None else None

    def ran_too_long(self, lane: Place) -> None:
        call = self._calls.running[lane]
        limit_s = self._run_limit_s(call)
        self._overdue[lane] = call
        reason = f"it ran for {limit_s:g} s, all of max-run"
        self._perform(self._calls.late(lane, reason, limit_s, self._clock()))
        self._clock.call_later(END_S, self._runs_on, lane, call)

    def _runs_on(self, lane: Place, call: CallOf) -> None:
        """The worker may have ended the call meanwhile, of which it was told."""
        if self._overdue.get(lane) is call:
            del self._overdue[lane]
            reason = f"{name_of(call)} ran on after max-run"
            self._condemn(lane.worker, reason, Cause.RAN)
