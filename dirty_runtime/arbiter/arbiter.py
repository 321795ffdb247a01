"""The arbiter's process: its phases, its signals and its sockets.

Rules:

* A start brings up at least one worker or fails with the reason, and leaves nothing behind.
* TERM and INT let running and waiting calls finish, up to the graceful timeout; QUIT waits for
  nothing. HUP loads new code and settings, USR2 has another arbiter follow, TTIN and TTOU add and
  remove a worker, USR1 reopens the log.
* Calls, workers and answers have rooms of their own, which are put together here.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import gdproto

from ..errors import DirtyPermissionError
from ..printable import printable
from ..settings import Config, ConfigError, label_of
from . import collector, logs, signals, system
from .anew import settings_anew
from .answers.management import Management
from .answers.registry import Answerers
from .answers.stash import StashAnswers
from .answers.status import StatusAnswers
from .apart import for_each
from .calls import Calls
from .clients.access import Access
from .clients.connection import DISCARD_S, CallOf, ClientConnection
from .clients.door import NOT_LET_GO, Door
from .clients.listener import Listener
from .clock import Clock
from .dispatch import Dispatcher
from .event_loop import new_event_loop
from .lifetime import Lifetime, Phase, StartError
from .policy.allocation import shortages
from .policy.catalogue import AppFacts, Catalogue
from .policy.division import ALONE
from .policy.life import State
from .policy.routing import Router
from .post import Post
from .predecessor import Predecessor, inherited
from .service import Service, ServiceStatus
from .several.branch import Branch
from .stash.places import stash_of
from .succession import Start, Succession
from .telemetry.access_log import AccessLog
from .telemetry.counters import MARK_S, Counters
from .telemetry.hooks import HookedArbiter, Hooks, call_hook
from .telemetry.observer import Observer, Observers
from .turns import Pace, Turns
from .workers.cgroup import Cgroups
from .workers.launch import Launcher, inspect, launchers_of
from .workers.orphans import Orphans
from .workers.places import Place
from .workers.reload import Reload
from .workers.sources import Sources
from .workers.supervisor import Supervisor
from .workers.template import Templates
from .workers.worker import LEAVE_S, Worker

log = logging.getLogger("dirty")

# After what the system refuses for now.
LATER_S = 1.0
# How often one that follows another looks whether its workers are ready.
LOOK_S = 0.01


class DirtyArbiter:
    """Serves `config.apps` at `config.socket_path`.

    Args:
        config: what to run.
        observers: look on, beside the access log.
        launchers: start the workers, by the names that apps give; processes of this machine if
            they are not given.
        start: how this program was started, for one that follows it; None where it is another's.
        service: the service manager that started it, if one did.
        read: reads the settings again, for a reload; None where they stay. Raises ConfigError.
        branch: what makes it one of several; None where it is alone.

    Raises:
        ConfigError: several are wanted, which only `dirty serve` starts; a user is not known, or
            workers would have no CPU.
    """

    def __init__(
        self,
        config: Config,
        observers: Iterable[Observer] = (),
        launchers: Mapping[str, Launcher] | None = None,
        start: Start | None = None,
        service: Service | None = None,
        read: Callable[[], Config] | None = None,
        branch: Branch | None = None,
    ) -> None:
        clock = Clock()
        if config.arbiters > 1:
            raise ConfigError("arbiters: several are started by `dirty serve` alone", "arbiters")
        self.branch = branch
        share = ALONE if branch is None else branch.share
        relays = [] if branch is None else [branch.relay]
        system.check_cpus(config.cpu_affinity)
        self._read = read
        self._service = service or Service()
        self.config = config
        self.lifetime = Lifetime(clock)
        self.access = Access.of(config)
        self.catalogue = Catalogue.of(config, share)
        self.turns = Turns()
        self.stash = stash_of(config, self.turns, clock)
        self.router: Router[CallOf, Place] = Router(
            self.catalogue.paths,
            config.max_queue,
            config.max_queue_bytes,
            config.max_queue_share,
        )
        self.calls: Calls[ClientConnection, Place] = Calls(self.router, share)
        self.answerers = Answerers(self.turns, clock)
        # Of what the head of several arbiters asks.
        self._own_answerers = Answerers(self.turns, clock)
        self.counters = Counters(self.catalogue.paths, clock())
        access_log = [AccessLog()] if config.access_log else []
        self.door = Door(config, self._worker_pids, clock)
        self._hooks = Hooks(config.hooks, HookedArbiter(self, config))
        self.dispatcher = Dispatcher(
            self.calls,
            self.router,
            self.catalogue,
            self.door,
            self.answerers,
            self.access,
            Observers(
                [
                    self._hooks,
                    ServiceStatus(self._service, self._state_line),
                    *access_log,
                    *relays,
                    *observers,
                ]
            ),
            self.counters if config.counters else None,
            config.graceful_timeout_s,
            config.timeout_s,
            config.max_run_s,
            config.app_max_run,
            clock,
            self.turns,
        )
        self.dispatcher.limit_passed(config)
        self.templates = Templates(config.directory, config.boot_timeout_s, clock)
        self._cgroups = Cgroups()
        self._has_own_launchers = launchers is None
        if launchers is None:
            launchers = launchers_of(config, self.templates, self.catalogue, self._cgroups)
        self.launchers = launchers
        self.supervisor = Supervisor(
            config,
            self.catalogue,
            self.launchers,
            self.dispatcher,
            self,
            clock,
            self.turns,
            share,
        )
        self.reloading = Reload(
            self._inspect_anew, self.supervisor, self._service.reloading, self._reloaded
        )
        self._post = Post(config, self.access, self._service, self.templates, clock)
        self.succession = Succession(start, config.boot_timeout_s, self._post, self._leave)
        self.sources = Sources(self.reloading) if config.reload else None
        self._clock = clock
        self._hasty = False
        self._begun_to_end = asyncio.Event()
        self._grace_s = 0.0
        self._failure = ""
        self._ensuring: asyncio.Task[None] | None = None
        self._register_answerers()

    def _register_answerers(self) -> None:
        management = Management(
            self.supervisor,
            self.reloading,
            self.lifetime,
            self.calls,
            self.dispatcher,
            self._clock,
        )
        status = StatusAnswers(
            self.lifetime,
            self.dispatcher.clients,
            self.dispatcher.passed,
            self.calls,
            self.router,
            self.supervisor,
            self.reloading,
            self.succession,
            self.stash,
            self.turns,
            self._clock,
            self.counters,
        )
        if self.branch is not None:
            own, relayed = self._own_answerers, self.branch.relay.answer
            own.register(gdproto.Status, status.answer, waits=False)
            own.register(gdproto.Manage, management.answer, waits=False)
            self.answerers.register(gdproto.Status, relayed)
            self.answerers.register(gdproto.Manage, relayed, check=self._may_manage)
            self.answerers.register(gdproto.Stash, relayed)
            return
        register = self.answerers.register
        register(gdproto.Status, status.answer, waits=False)
        register(gdproto.Manage, management.answer, check=self._may_manage, waits=False)
        register(gdproto.Stash, StashAnswers(self.stash).answer, waits=self.stash.waits)

    def _worker_pids(self) -> frozenset[int]:
        return frozenset(worker.pid for worker in self.supervisor.workers.values())

    def _may_manage(self, uid: int) -> None:
        if not self.access.may_manage(uid):
            raise DirtyPermissionError(f"user {uid} may not manage this arbiter")

    def run(self, *, owns_process: bool = False) -> None:
        """Serve until a signal ends it.

        Args:
            owns_process: whether nothing else runs in this process. As process 1, it then waits
                for all that comes to it and dies.

        Raises:
            ConfigError: the socket or the pidfile cannot be made, or an app cannot be imported.
            StartError: the system lacks something, or no worker could boot.
        """
        if missing := system.lack():
            raise StartError(missing)
        with signals.held():
            self._run(owns_process)
        log.info("stopped")

    def _run(self, owns_process: bool) -> None:
        predecessor = inherited()
        try:
            self._cgroups.begin(self.config.cgroups, is_told=self.branch is None)
            self.templates.divided = self._cgroups.divided
            if self.branch is not None:
                self._post.listener = self.branch.listener(
                    self._own_answerers, self._clock, self.turns, self._orphaned
                )
            elif predecessor is None:
                self._post.take()
            with asyncio.Runner(loop_factory=new_event_loop) as runner:
                if owns_process and os.getpid() == 1:
                    runner.get_loop().call_soon(Orphans().look)
                runner.run(self._serve(predecessor))
        finally:
            self._post.close()
            self._cgroups.end()

    async def _inspect(self) -> Mapping[str, AppFacts]:
        """What the apps' classes say of themselves, as soon as they can be looked at.

        Raises:
            ConfigError: no worker of them could serve.
        """
        while True:
            try:
                facts = await inspect(self.launchers, self.catalogue)
            except OSError as error:
                log.error("the apps cannot be looked at for now: %s", error.strerror)
                await asyncio.sleep(LATER_S)
                continue
            if self.branch is not None:
                self.branch.check(facts)
            return facts

    async def _inspect_anew(self) -> Mapping[str, AppFacts]:
        """As `_inspect`, with what is installed now, and the settings as they are now."""
        config, changed, fixed = await settings_anew(self.config, self._read, self._clock)
        access = Access.of(config)
        system.check_cpus(config.cpu_affinity)
        self.templates.renew()
        try:
            facts = await self._inspect()
        except BaseException:
            self.templates.go_back()
            raise
        self._take(config, access)
        for name in changed:
            log.info("%s is another now", label_of(name))
        for name in fixed:
            log.warning("%s stays as it is, until `dirty upgrade` or a start", label_of(name))
        return facts

    def _take(self, config: Config, access: Access) -> None:
        """Go by these settings from now on."""
        self.config, self.access = config, access
        if self._has_own_launchers:
            self.launchers = launchers_of(config, self.templates, self.catalogue, self._cgroups)
        self.templates.limit_s = self.succession.boot_s = config.boot_timeout_s
        self.router.limit(config.max_queue, config.max_queue_bytes, config.max_queue_share)
        self.stash.max_bytes = config.stash_max_bytes
        self._hooks.take(config.hooks, HookedArbiter(self, config))
        self.dispatcher.take(config, access)
        self.supervisor.take(config, self.launchers)

    async def _serve(self, predecessor: Predecessor | None) -> None:
        self._handle_signals(asyncio.get_running_loop())
        with signals.followed(), collector.bounded():
            await self._serve_all(predecessor)

    async def serve(self, listener: Listener) -> None:
        """Serve on the running loop until `end`; signals and process are somebody else's.

        Raises:
            ConfigError: an app cannot be imported.
            StartError: its tables cannot be made, or no worker could boot.
        """
        self._post.listener = listener
        await self._serve_all(None)

    async def _serve_all(self, predecessor: Predecessor | None) -> None:
        if predecessor is None:
            self._service.begins("it looks at its apps")
        try:
            if await self._learn():
                await self._serve_known(predecessor)
        finally:
            await self.templates.stop()
        if self._failure:
            raise StartError(self._failure)

    async def _serve_known(self, predecessor: Predecessor | None) -> None:
        if predecessor is None:
            self._accept()
        if "on_dirty_starting" in self.config.hooks:
            # Workers have what the hook has made of this process.
            call_hook(self.config.hooks, "on_dirty_starting", HookedArbiter(self, self.config))
            self.templates.renew()
            self.templates.keep_new()
        self._set_marks()
        try:
            self.supervisor.start()
            self._service.says(self._state_line())
            if predecessor is not None:
                await self._succeed(predecessor)
            if self.sources is not None:
                self.sources.begin()
            self._post.start_metrics()
            await self._begun_to_end.wait()
            self.lifetime.drain(self._grace_s)
            self.supervisor.drain()
            if self.sources is not None:
                self.sources.end()
            self.reloading.give_up()
            self.succession.give_up()
            if self._post.listener is not None:
                self._post.listener.step_aside()
            await self._drain()
        finally:
            self.lifetime.stop()
            self._post.end_metrics()
            await self._stop()

    def _accept(self) -> None:
        assert self._post.listener is not None
        self._post.listener.accept(
            lambda connected: ClientConnection(connected, self.dispatcher, self._clock, self.turns),
            self.door.make_room,
        )

    # --- one arbiter after another ---

    async def _succeed(self, predecessor: Predecessor) -> None:
        """Take over from it when all workers are ready. Raises ConfigError, StartError."""
        while not self.supervisor.is_complete and not self._begun_to_end.is_set():
            if reason := self.supervisor.last_boot_error:
                raise StartError(reason)
            await asyncio.sleep(LOOK_S)
        if self._begun_to_end.is_set():
            return
        await self._post.follow(predecessor, self._accept)
        log.info("arbiter %d follows at %s", os.getpid(), self.config.socket_path)
        self._service.ready(self._state_line())

    def _leave(self, pid: int) -> None:
        self._post.leave(pid)
        self._end_gracefully()

    def _set_marks(self) -> None:
        self.counters.mark(self._clock())
        asyncio.get_running_loop().call_later(MARK_S, self._set_marks)

    async def _learn(self) -> bool:
        """Look at the apps. Returns False where a signal comes before. Raises ConfigError."""
        inspecting = asyncio.ensure_future(self._inspect())
        ending = asyncio.ensure_future(self._begun_to_end.wait())
        await asyncio.wait((inspecting, ending), return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if not inspecting.done():
            inspecting.cancel()
            await asyncio.wait((inspecting,))
            return False
        self.supervisor.learn(inspecting.result())
        homes = self.supervisor.first_homes()
        self.supervisor.resources.allot(homes, self.catalogue.needs)
        try:
            await self._ensure_tables()
        except Exception as error:
            raise StartError(_no_tables(error)) from error
        for line in shortages(self.catalogue.specs, self.config.workers):
            log.warning(line)
        return True

    def _handle_signals(self, loop: asyncio.AbstractEventLoop) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end_gracefully)
        loop.add_signal_handler(signal.SIGQUIT, self.end, 0.0, True)
        loop.add_signal_handler(signal.SIGHUP, self._while_serving, self.reloading.begin)
        loop.add_signal_handler(signal.SIGUSR2, self._while_serving, self.succession.begin)
        for number, change in (
            (signal.SIGTTIN, self.supervisor.add),
            (signal.SIGTTOU, self.supervisor.remove),
        ):
            loop.add_signal_handler(number, self._while_serving, self._scale, change)
        loop.add_signal_handler(signal.SIGUSR1, self._reopen_logs)
        signals.tell_of_meaningless(loop)

    def _while_serving(self, act: Callable[..., None], *args: Any) -> None:
        """Do what a signal asks for, unless there are no workers yet, or none are wanted."""
        if self.supervisor.slots and not self.lifetime.is_ending:
            act(*args)

    def _scale(self, change: Callable[[int], int]) -> None:
        done = change(1)
        log.info("%d workers wanted%s", self.supervisor.target, "" if done else ", as before")

    def _reopen_logs(self) -> None:
        logs.LOG.reopen()
        self.supervisor.reopen_logs()

    # --- the end ---

    def _end_gracefully(self) -> None:
        self.end(self.config.graceful_timeout_s)

    def _orphaned(self) -> None:
        """Nobody deals callers any more, nor answers questions."""
        log.error("the arbiter that this one belongs to is gone")
        self.end(0.0, True)

    def end(self, grace_s: float, is_hasty: bool = False) -> None:
        """Stop serving; running and waiting calls get `grace_s` seconds.

        Args:
            is_hasty: whether apps are not closed either.
        """
        self._hasty = self._hasty or is_hasty
        if not self._begun_to_end.is_set():
            running, waiting = len(self.calls.running), self.calls.waiting_count
            line = f"stopping: {running} calls run and {waiting} wait, they get {grace_s:g} s"
            log.info("%s", line)
            self._service.stopping(line)
            self._grace_s = grace_s
            self._begun_to_end.set()
        elif self._hasty:
            self.dispatcher.quiet.set()
            if self.lifetime.phase is Phase.STOPPING:
                self.supervisor.hasten()

    async def _drain(self) -> None:
        self.dispatcher.drain()
        try:
            async with self._clock.timeout(self._grace_s):
                await self.dispatcher.quiet.wait()
        except TimeoutError:
            log.warning("calls still ran after %g s", self._grace_s)

    async def _stop(self) -> None:
        if self.branch is not None:
            self.branch.leaves()
        await self.dispatcher.stop()
        await self.supervisor.stop(self._time_to_close_s)
        if self._post.listener is not None:
            self._post.listener.take_last()
        # What was asked meanwhile has what is left of its time.
        await self._let_go(lambda client: not client.waits)
        clients = self.dispatcher.clients
        left_s = self.lifetime.left_s or 0
        await self._wait(left_s, lambda: not any(client.waits for client in clients))
        await self._let_go(lambda _: True)
        # One turn of the loop for the transports to close.
        await asyncio.sleep(0)
        # Clients take why they were let go, those that read it soon.
        await self._wait(DISCARD_S, lambda: not self.door.has_unsent)
        await asyncio.to_thread(self.stash.close)

    async def _let_go(self, may_go: Callable[[ClientConnection], bool]) -> None:
        pace = Pace(self.turns)
        for client in list(self.dispatcher.clients):
            if may_go(client):
                for_each((client,), self.door.let_go_to_another, NOT_LET_GO)
            await pace()

    async def _wait(self, limit_s: float, is_done: Callable[[], bool]) -> None:
        """Return when it is, or at the limit."""
        until_s = self._clock() + limit_s
        while not (is_done() or self._hasty) and self._clock() < until_s:
            await asyncio.sleep(LOOK_S)

    def _time_to_close_s(self, worker: Worker) -> float:
        # A call that still runs had its time.
        if self._hasty or self.router.busy_of(worker.places):
            return 0
        return self.config.close_timeout_s + LEAVE_S

    # --- what the supervisor tells ---

    def started(self) -> None:
        if self.lifetime.phase is Phase.STARTING:
            self.lifetime.serve()
        # One that follows another does not yet.
        if self.branch is not None:
            self.branch.started()
        elif self._post.listener is not None:
            log.info("arbiter %d serves at %s", os.getpid(), self.config.socket_path)
            self._service.ready(self._state_line())
        for path, reason in self.supervisor.down().items():
            log.error("app %s is down: %s", path, reason)

    def _state_line(self) -> str:
        """How it is, for a person who looks at the service."""
        workers = self.supervisor.workers.values()
        ready = sum(worker.state is State.READY for worker in workers)
        down = len(self.supervisor.down())
        failure = self.supervisor.reload_failure
        boot = "" if failure or ready == self.supervisor.target else self.supervisor.last_boot_error
        parts = (
            f"{ready} of {self.supervisor.target} workers serve",
            f"{down} apps are down" if down else "",
            f"the reload failed: {printable(failure)}" if failure else "",
            f"the last boot failed: {printable(boot)}" if boot else "",
        )
        return ", ".join(filter(None, parts))

    def cannot_start(self, reason: str) -> None:
        if not self._begun_to_end.is_set():
            self._failure = reason
            self._hasty = True
            self._begun_to_end.set()

    def imported(self, path: str, since_s: float) -> None:
        if self.sources is not None:
            self.sources.add(path, since_s)

    def reload_ended(self, is_new: bool) -> None:
        if is_new:
            self.templates.keep_new()
        else:
            self.templates.go_back()
        self._reloaded()

    def _reloaded(self) -> None:
        self._service.ready(self._state_line())

    def learned(self, facts: AppFacts) -> None:
        # At the start, all are made before anything is started.
        if facts.stashes and self.supervisor.slots:
            self._ensuring = asyncio.get_running_loop().create_task(self._ensure_or_tell())

    async def _ensure_or_tell(self) -> None:
        try:
            await self._ensure_tables()
        except Exception as error:
            log.error("%s", _no_tables(error))

    async def _ensure_tables(self) -> None:
        ensure = self.stash.ensure if self.branch is None else self.branch.ensure
        for table in self.catalogue.stashes:
            await ensure(table)


def _no_tables(error: Exception) -> str:
    return f"the tables that apps ask for by `stashes` cannot be made: {printable(str(error))}"
