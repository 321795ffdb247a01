"""The branches, seen from the head: started, dealt callers to, asked, and ended.

Rules: each has its share of the workers, and is started by the words that started the head. Callers
are dealt in turns to those that are up, to such as are about to end only where there are no others;
while none takes any, they wait here. One that dies by itself is started again, its callers are told
by the end of their connections, and those who come meanwhile go to the others.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from collections import deque
from collections.abc import Callable, Iterable

import gdproto

from ...errors import DirtyConnectionError, DirtyError
from ..clock import Clock, Timer
from ..policy.restarts import Backoff
from ..succession import CHANNEL as SUCCEEDS
from ..succession import Start
from ..workers.process import Kept
from ..workers.template import Start as Ordered
from ..workers.template import Templates
from .channel import (
    ASKS,
    CALLER,
    CHANNEL,
    FAILED,
    LEAVES,
    READY,
    SHARE,
    Channel,
    Peer,
    pair,
    peer_in,
)
from .questions import Asking

log = logging.getLogger("dirty")

# Callers who wait until a branch takes them; with more, nobody new is taken.
MOST_WAITING = 1000
AGAIN_S = 0.01
# How long a branch may take to answer a question of the head that is no order.
ANSWER_S = 5.0


class Grown:
    """One branch.

    Attributes:
        index: which.
        target: how many workers it is to have, as it told last.
        has_served: whether it has told, since it was started last, that a worker is ready.
        leaves: whether it has told, since then, that it lets go of all that it has.
    """

    def __init__(self, index: int, target: int) -> None:
        self.index = index
        self.target = target
        self.has_served = self.leaves = False
        self.backoff = Backoff()
        self.wait: Timer | None = None
        self.process: Kept | None = None
        self.channel: Channel | None = None

    @property
    def is_up(self) -> bool:
        """Whether there is somebody to deal to."""
        return self.channel is not None and self.channel.is_open

    def signal(self, number: int) -> None:
        """Send it a signal, if it lives."""
        if self.process is not None:
            self.process.hand_on(number)

    def asking(self, peer: Peer) -> Asking:
        """A connection on which it is asked. Raises DirtyConnectionError."""
        ours, theirs = socket.socketpair()
        with theirs:
            if self.channel is None or not self.channel.give(ASKS, theirs, peer):
                ours.close()
                raise DirtyConnectionError(f"arbiter {self.index} does not answer for now")
        return Asking(ours)


class Branches:
    """All branches of one head.

    Args:
        start: how to start one.
        targets: how many workers each has at first.
        templates: start processes.
        asked: answers what their clients ask, on a connection, by whoever it is.
        started: is called once, when each has a worker that serves.
        failed: is called with the reason, where one cannot start before that.
        full: is called with whether as many callers wait as may.
        clock: has its timers.
    """

    def __init__(
        self,
        start: Start,
        targets: Iterable[int],
        templates: Templates,
        asked: Callable[[socket.socket, Peer], object],
        started: Callable[[], object],
        failed: Callable[[str], object],
        full: Callable[[bool], object],
        clock: Clock,
    ) -> None:
        self.all = [Grown(index, target) for index, target in enumerate(targets)]
        self._start = start
        self._templates = templates
        self._asked = asked
        self._started = started
        self._failed = failed
        self._full = full
        self._clock = clock
        self._has_started = self._is_ending = False
        self._waiting: deque[socket.socket] = deque()
        self._again: asyncio.TimerHandle | None = None
        self._turn = 0
        self._gone = asyncio.Event()
        # Who would be told to have as many workers as before.
        self._tasks: set[asyncio.Task[None]] = set()

    # --- their processes ---

    def start(self) -> None:
        """Start all."""
        for one in self.all:
            self._begin(one)

    def _begin(self, one: Grown) -> None:
        one.wait = None
        if self._is_ending:
            return
        ours, theirs = pair()
        environment = {**self._start.environment, SHARE: f"{one.index}/{len(self.all)}"}
        environment.pop(SUCCEEDS, None)
        with theirs:
            fds = [(CHANNEL, theirs.fileno())]
            words, directory = self._start.words, self._start.directory
            try:
                process = self._templates.start(
                    Ordered("command", words, environment, directory, fds)
                )
            except OSError as error:
                ours.close()
                log.error("arbiter %d cannot be started for now: %s", one.index, error.strerror)
                self._begin_later(one, False)
                return
        one.process, one.channel = process, Channel(ours)
        one.has_served = one.leaves = False
        one.channel.listen(lambda kind, data, it: self._told(one, kind, data, it), lambda: None)
        process.when_ended(lambda: self._ended(one, process))

    def _begin_later(self, one: Grown, has_served: bool) -> None:
        wait_s = one.backoff.died(has_served)
        one.wait = self._clock.call_later(wait_s, lambda: self._begin(one))

    def _told(self, one: Grown, kind: bytes, data: bytes, it: socket.socket | None) -> None:
        if kind == ASKS and it is not None:
            self._asked(it, peer_in(data))
        elif kind == READY:
            self._ready(one)
        elif kind == LEAVES:
            one.leaves = True
        elif kind == FAILED and not self._has_started:
            self._failed(data.decode())
        elif kind == FAILED:
            log.error("arbiter %d cannot start: %s", one.index, data.decode())

    def _ready(self, one: Grown) -> None:
        one.has_served = True
        if self._has_started:
            task = asyncio.get_running_loop().create_task(self._set(one, one.target))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif all(each.has_served for each in self.all):
            self._has_started = True
            self._started()

    async def _set(self, one: Grown, target: int) -> None:
        """Have it as many workers as the one before had."""
        peer = (os.getpid(), os.geteuid())
        try:
            answer = await self.ask(one, gdproto.Status(0), peer)
            if isinstance(answer, dict) and answer["target_workers"] != target:
                await self.ask(one, gdproto.Manage(0, gdproto.ManageOp.SET, target), peer)
        except DirtyError as error:
            log.error("arbiter %d has not as many workers as before: %s", one.index, error)

    def _ended(self, one: Grown, process: Kept) -> None:
        has_served, ending = one.has_served, process.ending()
        if one.channel is not None:
            # What it has said last.
            one.channel.take()
            one.channel.close()
        one.process = one.channel = None
        one.has_served = False
        self._gone.set()
        if self._is_ending:
            return
        if not self._has_started:
            self._failed(f"arbiter {one.index} ended before it served: {ending}")
            return
        log.error("arbiter %d, one of %d, died: %s", one.index, len(self.all), ending)
        self._begin_later(one, has_served)

    def send_signal(self, number: int) -> None:
        """Send all of them a signal."""
        for one in self.all:
            one.signal(number)

    def end(self, number: int = signal.SIGTERM) -> None:
        """End them, by that signal; none is started any more."""
        self._is_ending = True
        for one in self.all:
            if one.wait is not None:
                one.wait.cancel()
            one.signal(number)

    def kill(self) -> None:
        """End them and all that they have started, at once."""
        self._is_ending = True
        for one in self.all:
            if one.process is not None:
                one.process.kill()

    async def gone(self) -> None:
        """Return when none is left."""
        while any(one.process is not None for one in self.all):
            self._gone.clear()
            await self._gone.wait()

    # --- who calls ---

    def deal(self, caller: socket.socket) -> None:
        """Hand the caller's connection to the next branch that takes it."""
        self._waiting.append(caller)
        if self._again is None:
            self._deal_waiting()

    def _deal_waiting(self) -> None:
        self._again = None
        was_full = len(self._waiting) > MOST_WAITING
        while self._waiting and self._dealt(self._waiting[0]):
            self._waiting.popleft().close()
        if self._waiting:
            self._again = asyncio.get_running_loop().call_later(AGAIN_S, self._deal_waiting)
        is_full = len(self._waiting) > MOST_WAITING
        if is_full or was_full:
            self._full(is_full)

    def _dealt(self, caller: socket.socket) -> bool:
        self._turn = (self._turn + 1) % len(self.all)
        in_turn = self.all[self._turn :] + self.all[: self._turn]
        for one in sorted(in_turn, key=lambda one: one.leaves):
            if one.channel is not None and one.is_up and one.channel.give(CALLER, caller):
                return True
        return False

    def taken_waiting(self) -> list[socket.socket]:
        """Those whom nobody will take."""
        waiting, self._waiting = list(self._waiting), deque()
        if self._again is not None:
            self._again.cancel()
        return waiting

    # --- what they are asked ---

    async def ask(
        self, one: Grown, message: gdproto.Message, peer: Peer, limit_s: float | None = None
    ) -> object:
        """What a branch answers. Raises DirtyError, TimeoutError."""
        asking = one.asking(peer)
        try:
            async with asyncio.timeout(limit_s):
                return gdproto.decode(await asking.result(asking.ask(message)))
        finally:
            asking.leave()

    async def ask_all(
        self, message: gdproto.Message, peer: Peer, limit_s: float | None = None
    ) -> dict[int, object]:
        """What each answers that does, by which it is. Raises DirtyError where none does."""
        asked = [self.ask(one, message, peer, limit_s) for one in self.all]
        told = await asyncio.gather(*asked, return_exceptions=True)
        found, failure = {}, None
        for one, answer in zip(self.all, told, strict=True):
            if not isinstance(answer, BaseException):
                found[one.index] = answer
            elif isinstance(answer, DirtyError):
                failure = failure or answer
            elif not isinstance(answer, TimeoutError):
                raise answer
        if not found:
            raise failure or DirtyConnectionError("no arbiter answers in time")
        return found
