"""The arbiter: takes clients' requests to workers and the answers back.

Rules:

* Payloads are forwarded as they are; of a REQUEST only what routing needs is read.
* Every call is answered: by its worker, or by an ERROR that says why not.
* A start brings up at least one worker or fails with the reason, and leaves nothing behind.
* On TERM and INT running and waiting calls may finish, up to the graceful timeout; on QUIT
  nothing is waited for.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from pathlib import Path
from typing import Any

import gdproto

from .client_connection import Call, ClientConnection
from .config import Config, ConfigError
from .deadlines import Deadlines
from .errors import (
    DirtyCancelledError,
    DirtyError,
    DirtyNoWorkersAvailableError,
    DirtyTimeoutError,
    DirtyWorkerError,
)
from .lane import Lane
from .listener import Listener
from .routing import Router
from .status import status_of
from .supervisor import READY, RETIRING, Supervisor, Worker

log = logging.getLogger("dirty")

# What a worker gets to close its apps when it is stopped.
CLOSE_S = 10.0


class StartError(Exception):
    """The arbiter could not start; the message is one line that says why."""


class DirtyArbiter:
    """Serves `config.apps` at `config.socket_path`."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.clients: set[ClientConnection] = set()
        self.router: Router[Call, Lane] = Router(spec.path for spec in config.apps)
        self.running: dict[Lane, Call] = {}

    def run(self) -> None:
        """Serve until a signal ends it.

        Raises:
            ConfigError: the socket or the pidfile cannot be made.
            StartError: no worker could boot.
        """
        listener = Listener(self.config.socket_path)
        pidfile = Pidfile(self.config.pidfile)
        try:
            pidfile.write()
            with asyncio.Runner(loop_factory=new_event_loop) as runner:
                runner.run(self._serve(listener))
        finally:
            pidfile.remove()
            listener.close()

    async def _serve(self, listener: Listener) -> None:
        loop = asyncio.get_running_loop()
        self.clock = loop.time
        self.started_s = loop.time()
        self.supervisor = Supervisor(self.config, self, loop.time)
        self._deadlines: Deadlines[Call] = Deadlines()
        self._alarm: asyncio.TimerHandle | None = None
        self._watched: set[Lane] = set()
        self._draining = False
        self._booted = False
        self._hasty = False
        self._ending: asyncio.Future[float] = loop.create_future()
        self._quiet = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.end, self.config.graceful_timeout_s)
        loop.add_signal_handler(signal.SIGQUIT, self.end, 0.0)
        server = await loop.create_unix_server(
            lambda: ClientConnection(self), sock=listener.socket, start_serving=True
        )
        try:
            await self.supervisor.start()
            grace_s = await self._ending
            self._draining = True
            server.close()
            listener.close()
            await self._drain(grace_s)
        finally:
            self._draining = True
            server.close()
            await self._stop()

    def end(self, grace_s: float) -> None:
        """Stop serving; running and waiting calls get `grace_s` seconds."""
        self._hasty = self._hasty or not grace_s
        if not self._ending.done():
            self._ending.set_result(grace_s)
        elif self._hasty:
            self._quiet.set()

    async def _drain(self, grace_s: float) -> None:
        self._quiet_if_idle()
        try:
            async with asyncio.timeout(grace_s):
                await self._quiet.wait()
        except TimeoutError:
            log.warning("calls still ran after %g s", grace_s)

    async def _stop(self) -> None:
        for call in [*self.running.values(), *self.router.waiting()]:
            self._fail(call, DirtyWorkerError("the arbiter stopped before the call ended"))
        await self.supervisor.stop(self._time_to_close_s)
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

    def client_left(self, client: ClientConnection) -> None:
        self.clients.discard(client)
        for call in client.calls.values():
            self._give_up(call)
        client.calls.clear()
        self._quiet_if_idle()

    def called(self, call: Call) -> None:
        if self._draining:
            raise DirtyNoWorkersAvailableError(call.app_path, reason="the arbiter is stopping")
        lane = self.router.submit(call)
        if call.timeout_s is not None:
            self._deadlines.set(call, self.clock() + call.timeout_s)
            self._set_alarm()
        if lane is not None:
            self._start(lane, call)

    def cancelled(self, call: Call) -> None:
        self._fail(call, DirtyCancelledError("cancelled by the caller"))

    def asked(self, question: gdproto.Message) -> Any:
        if isinstance(question, gdproto.Status):
            return status_of(self)
        raise DirtyError(f"{type(question).__name__} is not served here")

    # --- calls ---

    def _start(self, lane: Lane, call: Call) -> None:
        call.lane = lane
        self.running[lane] = call
        lane.request(call.frame, call.header)
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
        self._quiet_if_idle()

    def _give_up(self, call: Call) -> None:
        """Nobody waits for the call any more."""
        self._deadlines.drop(call)
        if call.lane is None:
            self.router.withdraw(call)
        elif self.running.get(call.lane) is call:
            del self.running[call.lane]
            call.lane.cancel()

    def _next(self, lane: Lane) -> None:
        call = self.router.release(lane)
        if call is not None:
            self._start(lane, call)
        self._quiet_if_idle()

    # --- lanes ---

    def lane_answered(self, lane: Lane, frames: list[gdproto.FrameReceived]) -> None:
        call = self.running[lane]
        call.client.forward(call, frames)
        if frames[-1].ended:
            del self.running[lane]
            self._deadlines.drop(call)
            if lane.paused:
                lane.resume()
            self._next(lane)

    def lane_discarded(self, lane: Lane) -> None:
        self._next(lane)

    def lane_booted(self, lane: Lane, answer: gdproto.Message) -> None:
        self.supervisor.boot_answered(lane, answer)

    def lane_broke(self, lane: Lane, reason: str) -> None:
        worker = self.supervisor.worker_of(lane)
        if worker is not None and worker.state == READY:
            self._condemn(worker, reason)

    # --- workers ---

    def worker_ready(self, worker: Worker) -> None:
        if not self._booted:
            self._booted = True
            log.info("arbiter %d serves at %s", os.getpid(), self.config.socket_path)
            for slot, reason in self.supervisor.failures.items():
                log.error("slot %d has no worker yet: %s", slot, reason)
        log.info("worker %d (slot %d) serves %s", worker.pid, worker.slot, ", ".join(worker.apps))
        for lane in worker.lanes:
            call = self.router.add(lane, worker, worker.apps)
            if call is not None:
                self._start(lane, call)

    def worker_died(self, worker: Worker, reason: str) -> None:
        # A start that fails says why by itself, once.
        if self._booted and worker.state != RETIRING:
            log.error("worker %d (slot %d) died: %s", worker.pid, worker.slot, reason)
        for lane in worker.lanes:
            self.router.remove(lane)
            call = self.running.pop(lane, None)
            if call is not None:
                call.lane = None
                self._fail(call, DirtyWorkerError(f"the worker died: {reason}", worker.pid))
        self._quiet_if_idle()
        if not self._booted and len(self.supervisor.failures) == self.supervisor.target:
            self._fail_start(self.supervisor.failures[worker.slot])

    def _fail_start(self, reason: str) -> None:
        if not self._ending.done():
            self._ending.set_exception(StartError(reason))

    def _condemn(self, worker: Worker, reason: str) -> None:
        """The worker takes no new work; calls on its other lanes get the graceful timeout."""
        for lane in worker.lanes:
            self.router.remove(lane)
        busy = any(lane in self.running for lane in worker.lanes)
        self.supervisor.condemn(worker, reason, self.config.graceful_timeout_s if busy else 0)

    # --- time ---

    def _set_alarm(self) -> None:
        next_s = self._deadlines.next_s()
        if next_s is None or (self._alarm is not None and self._alarm.when() <= next_s):
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_at(next_s, self._expire)

    def _expire(self) -> None:
        self._alarm = None
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
        call = self.running.get(lane)
        if call is not None:
            self._fail(call, DirtyTimeoutError(reason, self.config.timeout_s))
        self._condemn(worker, reason)


def new_event_loop() -> asyncio.AbstractEventLoop:
    """uvloop's where it is installed: its round trips take half the time."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


class Pidfile:
    """The file that names the arbiter's pid; an empty path means none."""

    def __init__(self, path: str) -> None:
        self.path = path

    def write(self) -> None:
        """Raises ConfigError when it cannot be written."""
        if not self.path:
            return
        try:
            Path(self.path).write_text(f"{os.getpid()}\n")
        except OSError as error:
            raise ConfigError(f"pidfile {self.path}: {error.strerror}") from error

    def remove(self) -> None:
        if self.path:
            Path(self.path).unlink(missing_ok=True)
