"""The process that has the socket of several arbiters: its phases, its signals and its questions.

Rules: it carries no calls. It takes connections and deals them to its branches, has the stash, and
answers for all. A start brings up every branch or fails with the reason, and leaves nothing behind.
Signals mean what they mean to an arbiter that is alone: TERM, INT and QUIT end all, HUP and USR1
are for each, TTIN and TTOU for one of them, and USR2 has another head follow, with branches of its
own.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import gdproto
from gdproto import ManageOp

from ...errors import DirtyError, to_message
from ...settings import Config
from .. import collector, logs, signals, system
from ..answers.registry import Answerers
from ..answers.stash import StashAnswers
from ..clients.access import Access
from ..clock import Clock
from ..event_loop import new_event_loop
from ..lifetime import Lifetime, StartError, stops
from ..policy.catalogue import Catalogue
from ..policy.division import Share
from ..post import Post
from ..predecessor import Predecessor, inherited
from ..service import Service
from ..stash.places import stash_of
from ..succession import Start, Succession
from ..turns import Turns
from ..workers.cgroup import Cgroups
from ..workers.orphans import Orphans
from ..workers.template import Templates
from ..workers.worker import LEAVE_S
from .answers import HeadAnswers
from .branches import Branches
from .questions import Questioners
from .whole import Whole

log = logging.getLogger("dirty")

# How often it is looked whether workers are ready.
LOOK_S = 0.05
# What a branch takes to end beside what it gives to its calls and workers.
END_S = 5.0


class Head:
    """Serves `config.apps` at `config.socket_path`, by so many arbiters as `config` says.

    Args:
        config: what all together are to be.
        start: how this program was started: so its branches are.
        service: the service manager that started it, if one did.
        read: reads the settings again, for a reload; None where they stay.

    Raises:
        ConfigError: they cannot be divided.
    """

    def __init__(
        self,
        config: Config,
        start: Start,
        service: Service,
        read: Callable[[], Config] | None = None,
    ) -> None:
        self._clock = clock = Clock()
        self._whole = Whole(config, read, clock, self._renewed)
        self._service = service
        self.lifetime = Lifetime(clock)
        access = Access.of(config)
        turns = Turns()
        self.stash = stash_of(config, turns, clock)
        self._templates = Templates(config.directory, config.boot_timeout_s, clock)
        self._cgroups = Cgroups()
        self._post = Post(config, access, service, self._templates, clock)
        answerers = Answerers(turns, clock)
        self._questioners = Questioners(answerers, clock, turns)
        self.succession = Succession(start, config.boot_timeout_s, self._post, self._leave)
        launchers = len(Catalogue.of(config).launchers)
        shares = [Share(index, config.arbiters) for index in range(config.arbiters)]
        self.branches = Branches(
            start,
            [share.of(config.workers) * launchers for share in shares],
            self._templates,
            self._questioners.take,
            self._started,
            self._cannot_start,
            self._full,
            clock,
        )
        self._answers = HeadAnswers(
            self.branches,
            self.lifetime,
            self.succession,
            self.stash,
            self._whole,
        )
        answerers.register(gdproto.Status, self._answers.status)
        answerers.register(gdproto.Manage, self._answers.manage)
        answerers.register(gdproto.Stash, StashAnswers(self.stash).answer, waits=self.stash.waits)
        self._failure = ""
        self._has_predecessor = False
        self._complete = asyncio.Event()
        self._ends = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def config(self) -> Config:
        """What all together are to be."""
        return self._whole.config

    def run(self) -> None:
        """Serve until a signal ends it; this process is its own.

        Raises:
            ConfigError: the socket or the pidfile cannot be made.
            StartError: the system lacks something, or an arbiter could not start.
        """
        if missing := system.lack():
            raise StartError(missing)
        with signals.held():
            self._run()
        log.info("stopped")

    def _run(self) -> None:
        predecessor = inherited()
        self._has_predecessor = predecessor is not None
        try:
            self._cgroups.begin(self.config.cgroups)
            self._templates.divided = self._cgroups.divided
            if predecessor is None:
                self._post.take()
            with asyncio.Runner(loop_factory=new_event_loop) as runner:
                if os.getpid() == 1:
                    runner.get_loop().call_soon(Orphans().look)
                runner.run(self._serve(predecessor))
        finally:
            self._post.close()
            self._cgroups.end()
        if self._failure:
            raise StartError(self._failure)

    async def _serve(self, predecessor: Predecessor | None) -> None:
        self._handle_signals(asyncio.get_running_loop())
        with signals.followed(), collector.bounded():
            try:
                await self._serve_all(predecessor)
            finally:
                self.lifetime.stop()
                await self._end_all()

    async def _serve_all(self, predecessor: Predecessor | None) -> None:
        if predecessor is None:
            self._service.begins(f"{self.config.arbiters} arbiters start")
            self._accept()
        self.branches.start()
        await self._first(self._complete.wait(), self._ends.wait())
        if not self._ends.is_set():
            if predecessor is not None:
                await self._succeed(predecessor)
            self._post.start_metrics()
        await self._ends.wait()
        self.lifetime.drain(self.config.graceful_timeout_s)
        self.succession.give_up()
        if self._post.listener is not None:
            self._post.listener.step_aside()
        await self._first(self.branches.gone(), asyncio.sleep(self._time_to_end_s))

    async def _first(self, *waits: Coroutine[Any, Any, Any]) -> None:
        """Return when the first of them does."""
        tasks = [asyncio.ensure_future(one) for one in waits]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for one in tasks:
            one.cancel()

    @property
    def _time_to_end_s(self) -> float:
        config = self.config
        return config.graceful_timeout_s + config.close_timeout_s + LEAVE_S + END_S

    async def _end_all(self) -> None:
        self._post.end_metrics()
        self.branches.kill()
        await self.branches.gone()
        if self._post.listener is not None:
            self._post.listener.take_last()
        for caller in self.branches.taken_waiting():
            with caller, suppress(OSError):
                caller.send(to_message(stops(), 0).to_bytes())
        self._questioners.close()
        self._whole.end()
        for task in self._tasks:
            task.cancel()
        await asyncio.sleep(0)
        await asyncio.to_thread(self.stash.close)
        await self._templates.stop()

    def _accept(self) -> None:
        assert self._post.listener is not None
        self._post.listener.accept(self.branches.deal)

    def _full(self, is_full: bool) -> None:
        """Take nobody while too many wait."""
        if self._post.listener is None or self.lifetime.is_ending:
            return
        self._post.listener.pause()
        if not is_full:
            self._post.listener.resume()

    # --- what the branches tell ---

    def _started(self) -> None:
        self.lifetime.serve()
        if not self._has_predecessor:
            self._tell_ready("serves")
        self._complete.set()

    def _tell_ready(self, does: str) -> None:
        path, count = self.config.socket_path, len(self.branches.all)
        log.info("arbiter %d %s at %s, by %d arbiters", os.getpid(), does, path, count)
        self._service.ready(f"{count} arbiters serve")

    def _cannot_start(self, reason: str) -> None:
        if not self._ends.is_set():
            self._failure = reason
            self.branches.kill()
            self._ends.set()

    # --- signals ---

    def _handle_signals(self, loop: asyncio.AbstractEventLoop) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            loop.add_signal_handler(number, self._end, number)
        loop.add_signal_handler(signal.SIGHUP, self._while_serving, self._reload)
        loop.add_signal_handler(signal.SIGUSR2, self._while_serving, self.succession.begin)
        for number, op in (
            (signal.SIGTTIN, ManageOp.ADD),
            (signal.SIGTTOU, ManageOp.REMOVE),
        ):
            loop.add_signal_handler(number, self._while_serving, self._scale, op)
        loop.add_signal_handler(signal.SIGUSR1, self._reopen_logs)
        signals.tell_of_meaningless(loop)

    def _while_serving(self, act: Callable[..., None], *args: Any) -> None:
        if self._complete.is_set() and not self._ends.is_set():
            act(*args)

    def _end(self, number: int) -> None:
        if not self._ends.is_set():
            line = f"stopping: {len(self.branches.all)} arbiters end"
            log.info("%s", line)
            self._service.stopping(line)
        if number == signal.SIGQUIT or not self._complete.is_set():
            number = signal.SIGQUIT
        self._ends.set()
        self.branches.end(number)

    def _reopen_logs(self) -> None:
        logs.LOG.reopen()
        self.branches.send_signal(signal.SIGUSR1)

    def _do(self, doing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(doing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _scale(self, op: ManageOp) -> None:
        self._do(self._scaled(op))

    async def _scaled(self, op: ManageOp) -> None:
        try:
            done = await self._answers.scale(op, 1, self._peer)
        except DirtyError as error:
            log.error("not scaled: %s", error)
            return
        as_before = "" if done.get("spawned") or done.get("removed") else ", as before"
        log.info("%d workers wanted%s", done["target_workers"], as_before)

    @property
    def _peer(self) -> tuple[int, int]:
        return os.getpid(), os.geteuid()

    def _reload(self) -> None:
        self._do(self._reload_all())

    async def _reload_all(self) -> None:
        """Take the settings that are for all; the branches do the rest, each for itself."""
        if await self._whole.renew() and not self._ends.is_set():
            self._service.reloading()
            self.branches.send_signal(signal.SIGHUP)
            self._do(self._reloaded())

    def _renewed(self) -> None:
        self.stash.max_bytes = self.config.stash_max_bytes
        self.succession.boot_s = self.config.boot_timeout_s

    async def _reloaded(self) -> None:
        """Tell the service manager when all have reloaded."""
        while True:
            await asyncio.sleep(LOOK_S)
            with suppress(DirtyError):
                if not (await self._answers.state(self._peer))["reloading"]:
                    self._service.ready(f"{len(self.branches.all)} arbiters serve")
                    return

    # --- one head after another ---

    async def _succeed(self, predecessor: Predecessor) -> None:
        """Take over from it when all workers are ready. Raises ConfigError."""
        while not await self._is_complete():
            if self._ends.is_set():
                return
            await asyncio.sleep(LOOK_S)
        await self._post.follow(predecessor, self._accept)
        self._tell_ready("follows")

    async def _is_complete(self) -> bool:
        try:
            state = await self._answers.state(self._peer)
        except DirtyError:
            return False
        ready = sum(worker["booted"] for worker in state["workers"])
        return ready >= state["target_workers"]

    def _leave(self, pid: int) -> None:
        self._post.leave(pid)
        self._end(signal.SIGTERM)
