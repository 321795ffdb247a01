"""The arbiter: takes clients' requests to workers and the answers back.

Rules:

* Payloads are forwarded as they are; of a REQUEST only what routing needs is read.
* Every call is answered: by its worker, or by an ERROR that says why not.
* A start brings up at least one worker or fails with the reason, and leaves nothing behind.
* TERM and INT let running and waiting calls finish, up to the graceful timeout; QUIT waits for
  nothing. HUP loads new code, TTIN and TTOU add and remove a worker, USR1 reopens the log.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import signal
from dataclasses import replace
from typing import Any

import gdproto
from gdproto import ManageOp

from ..errors import (
    DirtyCancelledError,
    DirtyError,
    DirtyNoWorkersAvailableError,
    DirtyOverloadedError,
    DirtyPermissionError,
    DirtyTimeoutError,
    DirtyWorkerError,
)
from ..settings import Config, ConfigError
from ..sockets.link import Link
from . import logs, system
from .answers.management import NAMES, manage
from .answers.status import status_of
from .clients.access import Access
from .clients.connection import Call, ClientConnection
from .clients.listener import Listener
from .pidfile import Pidfile
from .policy.allocation import shortages
from .policy.deadlines import Deadlines
from .policy.routing import Router
from .stash.memory import Tables
from .workers.inspection import inspect_apps, learned
from .workers.lane import Answer, Lane
from .workers.supervisor import CLOSE_S, DYING_S, Supervisor
from .workers.worker import BOOTING, READY, RETIRING, Worker

log = logging.getLogger("dirty")
access_log = logging.getLogger("dirty.access")

# A REQUEST that its worker may leave unread is kept this large, to be handed on.
KEPT_BYTES = 64 * 1024
# How much the last run of an app counts against those before, for what callers are told.
NEWEST = 0.2


class StartError(Exception):
    """The arbiter could not start; the message is one line that says why."""


class DirtyArbiter:
    """Serves `config.apps` at `config.socket_path`."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.clients: set[ClientConnection] = set()
        self.router: Router[Call, Lane] = Router(
            (spec.path for spec in config.apps), config.max_queue, config.max_queue_bytes
        )
        self.running: dict[Lane, Call] = {}
        self.tables = Tables(config.stash_max_bytes)
        self.run_s = {spec.path: 0.0 for spec in config.apps}

    def run(self) -> None:
        """Serve until a signal ends it.

        Raises:
            ConfigError: the socket or the pidfile cannot be made, a user is not known, or an app
                cannot be imported.
            StartError: the system lacks something, or no worker could boot.
        """
        if missing := system.lack():
            raise StartError(missing)
        self.access = Access.of(self.config)
        listener = Listener(self.config.socket_path, self.access)
        pidfile = Pidfile(self.config.pidfile)
        try:
            pidfile.write()
            self._inspect()
            with asyncio.Runner(loop_factory=new_event_loop) as runner:
                runner.run(self._serve(listener))
        finally:
            pidfile.remove()
            listener.close()
        log.info("stopped")

    def _inspect(self) -> None:
        """Learn what the apps' classes say of themselves. Raises ConfigError."""
        facts = inspect_apps(self.config)
        self.config = replace(self.config, apps=learned(self.config, facts))
        for line in shortages(self.config.apps, self.config.workers):
            log.warning(line)
        self._kill_on_cancel = {path for path, one in facts.items() if one.kill_on_cancel}
        for one in facts.values():
            for table in one.stashes:
                self.tables.ensure(table)

    async def _serve(self, listener: Listener) -> None:
        loop = asyncio.get_running_loop()
        self.clock = loop.time
        self.started_s = loop.time()
        self.supervisor = Supervisor(self.config, self, loop.time)
        self._deadlines: Deadlines[Call] = Deadlines()
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_s = math.inf
        self._watched: set[Lane] = set()
        self._draining = False
        self.drained_by_s: float | None = None
        self._booted = False
        self._hasty = False
        self._reloading: asyncio.Task[None] | None = None
        self._ending: asyncio.Future[float] = loop.create_future()
        self._quiet = asyncio.Event()
        self._handle_signals(loop)
        listener.accept(lambda connected: ClientConnection(connected, self))
        self._call_hook("on_dirty_starting", self)
        try:
            self.supervisor.start()
            grace_s = await self._ending
            self._draining = True
            self.drained_by_s = loop.time() + grace_s
            listener.step_aside()
            await self._drain(grace_s)
        finally:
            self._draining = True
            await self._stop(listener)

    def _handle_signals(self, loop: asyncio.AbstractEventLoop) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.end, self.config.graceful_timeout_s)
        loop.add_signal_handler(signal.SIGQUIT, self.end, 0.0)
        loop.add_signal_handler(signal.SIGHUP, self.reload)
        loop.add_signal_handler(signal.SIGTTIN, self._scale, 1)
        loop.add_signal_handler(signal.SIGTTOU, self._scale, -1)
        loop.add_signal_handler(signal.SIGUSR1, self._reopen_logs)

    def end(self, grace_s: float) -> None:
        """Stop serving; running and waiting calls get `grace_s` seconds."""
        self._hasty = self._hasty or not grace_s
        if not self._ending.done():
            waiting = sum(1 for _ in self.router.waiting())
            text = "stopping: %d calls run and %d wait, they get %g s"
            log.info(text, len(self.running), waiting, grace_s)
            self._ending.set_result(grace_s)
        elif self._hasty:
            self._quiet.set()

    def reload(self) -> None:
        """Load new code: replace every worker, unless the new code cannot be imported."""
        self.supervisor.reload_failure = ""
        if self._reloading is None or self._reloading.done():
            self._reloading = asyncio.get_running_loop().create_task(self._reload())

    @property
    def is_reloading(self) -> bool:
        """Whether a reload is under way: it ends when all workers are new, or by a failure."""
        inspects = self._reloading is not None and not self._reloading.done()
        return inspects or self.supervisor.is_reloading

    async def _reload(self) -> None:
        log.info("reloading")
        try:
            await asyncio.to_thread(inspect_apps, self.config)
        except ConfigError as error:
            log.error("no reload, what served goes on: %s", error)
            self.supervisor.last_boot_error = self.supervisor.reload_failure = str(error)
            return
        if not self._draining:
            self.supervisor.reload()

    def _scale(self, change: int) -> None:
        done = self.supervisor.add(1) if change > 0 else self.supervisor.remove(1)
        log.info("%d workers wanted%s", self.supervisor.target, "" if done else ", as before")

    def _reopen_logs(self) -> None:
        logs.reopen()
        for worker in self.supervisor.workers.values():
            # One that boots may not handle the signal yet, and would die of it; so would one
            # that never does.
            if worker.state == READY and not self.config.worker_command:
                worker.process.send_signal(signal.SIGUSR1)

    def _call_hook(self, name: str, *args: Any) -> None:
        hook = self.config.hooks.get(name)
        if hook is None:
            return
        try:
            hook(*args)
        except Exception:
            log.exception("the hook %s failed", name)

    async def _drain(self, grace_s: float) -> None:
        self._quiet_if_idle()
        try:
            async with asyncio.timeout(grace_s):
                await self._quiet.wait()
        except TimeoutError:
            log.warning("calls still ran after %g s", grace_s)

    async def _stop(self, listener: Listener) -> None:
        for call in [*self.running.values(), *self.router.waiting()]:
            self._fail(call, DirtyWorkerError("the arbiter stopped before the call ended"))
        await self.supervisor.stop(self._time_to_close_s)
        listener.close()
        for client in list(self.clients):
            client.close()
        # One turn of the loop for the transports to close.
        await asyncio.sleep(0)

    def _time_to_close_s(self, worker: Worker) -> float:
        # A call that still runs had its time.
        return 0 if self._hasty or self.router.busy(worker) else CLOSE_S

    def _quiet_if_idle(self) -> None:
        if self._draining and not self.running and not any(True for _ in self.router.waiting()):
            self._quiet.set()

    # --- clients ---

    def client_came(self, client: ClientConnection) -> None:
        self.clients.add(client)
        if not self.access.may_call(client.uid):
            client.refuse(DirtyPermissionError(f"user {client.uid} may not call this arbiter"))

    def client_left(self, client: ClientConnection) -> None:
        self.clients.discard(client)
        for call in client.calls.values():
            self._give_up(call)
        client.calls.clear()
        self._quiet_if_idle()

    def called(self, call: Call) -> None:
        if self._draining:
            raise DirtyNoWorkersAvailableError(call.app_path, reason="the arbiter is stopping")
        try:
            lane = self.router.submit(call)
        except DirtyOverloadedError as error:
            raise self._told_when(error, call.app_path) from None
        if lane is None and (reason := self.supervisor.refusal(call.app_path)):
            self.router.withdraw(call)
            raise DirtyNoWorkersAvailableError(call.app_path, reason=reason)
        if call.timeout_s is not None:
            due_s = call.arrived_s + call.timeout_s
            self._deadlines.set(call, due_s)
            if due_s < self._alarm_s:
                self._set_alarm()
        if lane is not None:
            self._start(lane, call, call.arrived_s)

    def _told_when(self, error: DirtyOverloadedError, app_path: str) -> DirtyOverloadedError:
        """The error with when to try again: after about half of what waits."""
        lanes = max(1, len(self.supervisor.slots) * self.config.threads)
        wait_s = self.router.depth(app_path) * self.run_s[app_path] / lanes / 2
        return DirtyOverloadedError(error.message, app_path, round(max(0.05, wait_s), 2))

    def refused(self, call: Call, error: DirtyError) -> None:
        self._log_access(call, type(error).__name__)

    def cancelled(self, call: Call) -> None:
        if call.client.is_passing(call):
            # Its terminal frame is under way.
            return
        self._fail(call, DirtyCancelledError("cancelled by the caller"))

    def asked(self, question: gdproto.Message, client: ClientConnection) -> Any:
        if isinstance(question, gdproto.Stash):
            return self.tables.answer(question)
        if isinstance(question, gdproto.Manage):
            if not self.access.may_manage(client.uid):
                raise DirtyPermissionError(f"user {client.uid} may not manage this arbiter")
            if self._draining:
                raise DirtyError("the arbiter is stopping")
            name = NAMES[ManageOp(question.op)]
            log.info("user %s asks to manage: %s, count %d", client.uid, name, question.count)
            return manage(self.supervisor, question, self.reload)
        return status_of(self)

    # --- calls ---

    def _start(self, lane: Lane, call: Call, now_s: float) -> None:
        call.lane = lane
        call.started_s = now_s
        self.running[lane] = call
        lane.request(call.frame, call.header, now_s)
        if call.size_bytes > KEPT_BYTES:
            call.frame = b""
        if call.client.paused:
            lane.pause()
        if self.config.timeout_s and lane not in self._watched:
            self._watched.add(lane)
            self._watch(lane, self.config.timeout_s)

    def _fail(self, call: Call, error: DirtyError) -> None:
        """Answer the call by an ERROR, whatever becomes of its worker."""
        self._give_up(call)
        if call.request_id in call.client.calls:
            call.client.fail(call, error)
            self._log_access(call, type(error).__name__)
        self._quiet_if_idle()

    def _give_up(self, call: Call) -> None:
        """Nobody waits for the call any more."""
        self._deadlines.drop(call)
        if call.lane is None:
            self.router.withdraw(call)
        elif self.running.get(call.lane) is call:
            del self.running[call.lane]
            call.lane.cancel()
            if call.app_path in self._kill_on_cancel:
                self._kill_for(call)

    def _kill_for(self, call: Call) -> None:
        """End the worker of a call that was given up, as its app wishes."""
        assert call.lane is not None
        worker = self.supervisor.worker_of(call.lane)
        if worker is not None and worker.state == READY:
            self._condemn(worker, f"a call of {call.app_path} was given up")

    def _next(self, lane: Lane) -> None:
        call = self.router.release(lane)
        if call is not None:
            self._start(lane, call, lane.heard_s)
            return
        if self.router.is_spent(lane):
            self.router.remove(lane)
            lane.close()
        if self._draining:
            self._quiet_if_idle()

    def _log_access(self, call: Call, outcome: str) -> None:
        if not self.config.access_log:
            return
        now_s = self.clock()
        started_s = call.started_s if call.lane is not None else now_s
        facts = {
            "app": call.app_path,
            "action": call.action,
            "outcome": outcome,
            "wait_ms": round((started_s - call.arrived_s) * 1000, 2),
            "run_ms": round((now_s - started_s) * 1000, 2),
        }
        text = "%(app)s %(action)s %(outcome)s wait_ms=%(wait_ms).2f run_ms=%(run_ms).2f"
        access_log.info(text, facts, extra={"facts": facts})

    # --- lanes ---

    def lane_answered(self, lane: Lane, answers: list[Answer]) -> None:
        call = self.running[lane]
        call.client.forward(call, answers)
        header, _, ended = answers[-1]
        if not ended:
            return
        del self.running[lane]
        if call.timeout_s is not None:
            self._deadlines.drop(call)
        app_path = call.app_path
        self.run_s[app_path] += NEWEST * (lane.heard_s - call.started_s - self.run_s[app_path])
        if self.config.access_log:
            self._log_access(call, gdproto.MessageCode(header.code).name)
        if lane.paused:
            lane.resume()
        self.supervisor.served(lane)
        self._next(lane)

    def lane_passes(self, lane: Lane) -> Link | None:
        call = self.running.get(lane)
        return call.client.onward(call) if call is not None else None

    def lane_failed(self, lane: Lane, error: DirtyError) -> None:
        call = self.running.get(lane)
        if call is not None:
            self._fail(call, error)

    def lane_discarded(self, lane: Lane) -> None:
        self._next(lane)

    def lane_booted(self, lane: Lane, answer: gdproto.Message) -> None:
        self.supervisor.boot_answered(lane, answer)

    def lane_broke(self, lane: Lane, reason: str, answers: list[Answer]) -> None:
        self.router.retire(lane)
        if answers:
            self.lane_answered(lane, answers)
        self._give_up_on(lane, reason)

    def _give_up_on(self, lane: Lane, reason: str) -> None:
        """Nothing more can come on the lane: its call is lost, and its worker with it."""
        worker = self.supervisor.worker_of(lane)
        call = self.running.get(lane)
        if worker is not None and call is not None:
            self._fail(call, DirtyWorkerError(f"the worker is at fault: {reason}", worker.pid))
        if worker is not None and worker.state == READY:
            self._condemn(worker, reason)
        elif worker is not None and worker.state == BOOTING:
            self.supervisor.fail_boot(worker, reason)

    def lane_closed(self, lane: Lane) -> None:
        self._retire(lane)
        asyncio.get_running_loop().call_later(DYING_S, self._check_closed, lane)

    def _check_closed(self, lane: Lane) -> None:
        self._give_up_on(lane, "it lives, but closed its lane")

    def _retire(self, lane: Lane) -> None:
        """Give the lane no new work; close it when it is idle."""
        self.router.retire(lane)
        if self.router.is_spent(lane):
            self.router.remove(lane)
            lane.close()

    # --- workers ---

    def worker_ready(self, worker: Worker) -> None:
        if not self._booted:
            self._booted = True
            log.info("arbiter %d serves at %s", os.getpid(), self.config.socket_path)
            for path, reason in self.supervisor.down().items():
                log.error("app %s is down: %s", path, reason)
        log.info("worker %d (slot %d) serves %s", worker.pid, worker.slot, ", ".join(worker.apps))
        for lane in worker.lanes:
            call = self.router.add(lane, worker, worker.apps)
            if call is not None:
                self._start(lane, call, self.clock())

    def worker_leaves(self, worker: Worker) -> None:
        for lane in worker.lanes:
            self._retire(lane)

    def blamed(self, worker: Worker) -> list[str]:
        calls = [self.running[lane] for lane in worker.lanes if lane in self.running]
        return list(dict.fromkeys(call.app_path for call in calls))

    def worker_died(self, worker: Worker, reason: str) -> None:
        # A start that fails says why by itself, once.
        if self._booted and worker.state != RETIRING:
            log.error("worker %d (slot %d) died: %s", worker.pid, worker.slot, reason)
        for lane in worker.lanes:
            self.router.remove(lane)
            call = self.running.pop(lane, None)
            if call is not None:
                self._lost(call, lane, worker, reason)
        self._call_hook("dirty_worker_exit", self, worker)
        for call in list(self.router.waiting()):
            if refusal := self.supervisor.refusal(call.app_path):
                self._fail(call, DirtyNoWorkersAvailableError(call.app_path, reason=refusal))
        self._quiet_if_idle()
        if not self._booted and not self.supervisor.is_starting():
            self._fail_start(reason)

    def _lost(self, call: Call, lane: Lane, worker: Worker, reason: str) -> None:
        """The call's worker is gone: another one takes it if it had not begun."""
        call.lane = None
        if not (lane.was_unread and call.frame):
            self._fail(call, DirtyWorkerError(f"the worker died: {reason}", worker.pid))
            return
        other = self.router.give_back(call)
        if other is not None:
            self._start(other, call, self.clock())

    def _fail_start(self, reason: str) -> None:
        if not self._ending.done():
            self._ending.set_exception(StartError(reason))

    def _condemn(self, worker: Worker, reason: str) -> None:
        """The worker takes no new work; calls on its other lanes get the graceful timeout."""
        busy = any(lane in self.running for lane in worker.lanes)
        self.supervisor.condemn(worker, reason, self.config.graceful_timeout_s if busy else 0)

    # --- time ---

    def _set_alarm(self) -> None:
        next_s = self._deadlines.next_s()
        if next_s is None or self._alarm_s <= next_s:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_s = next_s
        self._alarm = asyncio.get_running_loop().call_at(next_s, self._expire)

    def _expire(self) -> None:
        self._alarm, self._alarm_s = None, math.inf
        for call in list(self._deadlines.pop_due(self.clock())):
            reason = f"no answer within {call.timeout_s:g} s"
            self._fail(call, DirtyTimeoutError(reason, call.timeout_s))
        self._set_alarm()

    def _watch(self, lane: Lane, wait_s: float) -> None:
        asyncio.get_running_loop().call_later(wait_s, self._check_silence, lane)

    def _check_silence(self, lane: Lane) -> None:
        worker = self.supervisor.worker_of(lane)
        if worker is None or worker.state == RETIRING or not self.router.is_busy(lane):
            self._watched.discard(lane)
            return
        left_s = lane.heard_s + self.config.timeout_s - self.clock()
        if left_s > 0:
            self._watch(lane, left_s)
        elif lane.paused:
            # It is the client that does not read.
            self.running[lane].client.abort()
            self._watch(lane, self.config.timeout_s)
        else:
            self._watched.discard(lane)
            self._silent(lane, worker)

    def _silent(self, lane: Lane, worker: Worker) -> None:
        reason = f"the worker was silent for {self.config.timeout_s:g} s"
        calls = [self.running[one] for one in worker.lanes if one in self.running]
        ran = ", ".join(f"{call.app_path} {call.action}" for call in calls)
        call = self.running.get(lane)
        if call is not None:
            self._fail(call, DirtyTimeoutError(reason, self.config.timeout_s))
        self._condemn(worker, f"{reason}; it ran {ran or 'a call that was given up'}")


def new_event_loop() -> asyncio.AbstractEventLoop:
    """uvloop's where it is installed: its round trips take half the time."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
