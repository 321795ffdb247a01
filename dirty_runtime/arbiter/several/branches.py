"""The branches, seen from the head: started, dealt callers to, asked, and ended.

Rules: each has its share of the workers, and is started by the words that started the head. Callers
are dealt in turns to those that are up, to such as are about to end only where there are no others;
while none takes any, they wait here. One that dies by itself is started again, its callers are told
by the end of their connections, and those whom it has not taken go to the others, as those do who
come meanwhile. So do they while one says nothing, which is asked again and again; whom it has not
taken by then is told so.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress

import gdproto

from ...errors import DirtyConnectionError, DirtyError, to_message
from ..clock import Clock, Timer
from ..policy.restarts import Backoff
from ..service import TAKEN as OF_SERVICE
from ..succession import CHANNEL as SUCCEEDS
from ..succession import Start
from ..workers.process import Kept
from ..workers.template import Start as Ordered
from ..workers.template import Templates
from .channel import (
    ASKS,
    BEAT,
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
# How often each is asked whether it is there, and how long it may take to answer.
LOOK_S, SILENT_S = 0.5, 2.0
# How long a branch may take to answer a question of the head that is no order.
ANSWER_S = 5.0


class Grown:
    """One branch.

    Attributes:
        index: which.
        target: how many workers it is to have, as it told last.
        has_served: whether it has told, since it was started last, that a worker is ready.
        leaves: whether it has told, since then, that it lets go of all that it has.
        is_silent: whether it has not answered for SILENT_S.
    """

    def __init__(self, index: int, target: int) -> None:
        self.index = index
        self.target = target
        self.has_served = self.leaves = False
        self.backoff = Backoff()
        self.wait: Timer | None = None
        self.process: Kept | None = None
        self.channel: Channel | None = None
        self.is_silent = False
        # Since when an answer is due, and whether it has been asked for.
        self._due_s: float | None = None
        self._is_asked = False
        # How many callers have been dealt to it, and the last of them, which it has not taken.
        self._dealt = 0
        self._untaken: deque[socket.socket] = deque()

    @property
    def is_up(self) -> bool:
        """Whether there is somebody to deal to."""
        return self.channel is not None and self.channel.is_open

    def begun(self, process: Kept, channel: Channel) -> None:
        """It has been started."""
        self.process, self.channel = process, channel
        self.has_served = self.leaves = False
        self._dealt = 0

    def ended(self) -> deque[socket.socket]:
        """Its process is gone. Returns the callers whom it has not taken."""
        self.process = self.channel = None
        self.has_served = False
        self._heard()
        untaken, self._untaken = self._untaken, deque()
        return untaken

    def signal(self, number: int) -> None:
        """Send it a signal, if it lives."""
        if self.process is not None:
            self.process.hand_on(number)

    def asking(self, peer: Peer) -> Asking:
        """A connection on which it is asked. Raises DirtyConnectionError."""
        ours, theirs = socket.socketpair()
        with theirs:
            if self.channel is None or self.is_silent or not self.channel.give(ASKS, theirs, peer):
                ours.close()
                raise self.unheard()
        return Asking(ours)

    def unheard(self) -> DirtyConnectionError:
        """What is told who wants something of it."""
        return DirtyConnectionError(f"arbiter {self.index} does not answer for now")

    # --- callers, and whether it takes them ---

    def deal(self, caller: socket.socket, now_s: float) -> bool:
        """Hand the caller's connection to it. Returns False where it is not taken."""
        if self.channel is None or not self.is_up or not self.channel.give(CALLER, caller):
            return False
        self._dealt += 1
        self._untaken.append(caller)
        if self.has_served:
            # Else it takes them when it comes to serve.
            self._ask(now_s)
        return True

    def look(self, now_s: float) -> None:
        """Ask it whether it is there, and see whether it has answered."""
        if not self.has_served:
            return
        self._ask(now_s)
        if self.silent_s(now_s) < SILENT_S:
            return
        if not self.is_silent:
            self.is_silent = True
            text = "arbiter %d says nothing for %g s: who comes is dealt to others"
            log.warning(text, self.index, SILENT_S)
        told = to_message(self.unheard(), 0).to_bytes()
        while self._untaken:
            with self._untaken.popleft() as caller, suppress(OSError):
                caller.send(told, socket.MSG_DONTWAIT)
                # It has this connection, too.
                caller.shutdown(socket.SHUT_RDWR)

    def silent_s(self, now_s: float) -> float:
        """How long an answer is due."""
        return 0.0 if self._due_s is None else now_s - self._due_s

    def answered(self, number: int, now_s: float) -> None:
        """It has taken the callers up to that number."""
        while self._untaken and self._dealt - len(self._untaken) < number:
            self._untaken.popleft().close()
        if self.is_silent:
            log.info("arbiter %d answers again", self.index)
        self._heard()
        if self._untaken:
            self._ask(now_s)

    def _heard(self) -> None:
        self._due_s, self._is_asked, self.is_silent = None, False, False

    def _ask(self, now_s: float) -> None:
        if self._due_s is None:
            self._due_s = now_s
        if self.channel is not None and not self._is_asked:
            self._is_asked = self.channel.tell(BEAT, str(self._dealt))


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
        self._look_timer: Timer | None = None
        # Who would be told to have as many workers as before.
        self._tasks: set[asyncio.Task[None]] = set()

    # --- their processes ---

    def start(self) -> None:
        """Start all."""
        for one in self.all:
            self._begin(one)
        self._look()

    def _look(self) -> None:
        for one in self.all:
            one.look(self._clock())
        self._look_timer = self._clock.call_later(LOOK_S, self._look)

    def _begin(self, one: Grown) -> None:
        one.wait = None
        if self._is_ending:
            return
        ours, theirs = pair()
        # Only the head is the service, and follows another.
        kept = self._start.environment.keys() - {SUCCEEDS, *OF_SERVICE}
        environment = {name: self._start.environment[name] for name in kept}
        environment[SHARE] = f"{one.index}/{len(self.all)}"
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
        one.begun(process, channel := Channel(ours))
        channel.listen(lambda kind, data, it: self._told(one, kind, data, it), lambda: None)
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
        elif kind == BEAT:
            one.answered(int(data), self._clock())
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
        for caller in one.ended():
            self.deal(caller)
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
        if self._look_timer is not None:
            self._look_timer.cancel()
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
            self._waiting.popleft()
        if self._waiting:
            self._again = asyncio.get_running_loop().call_later(AGAIN_S, self._deal_waiting)
        is_full = len(self._waiting) > MOST_WAITING
        if is_full or was_full:
            self._full(is_full)

    def _dealt(self, caller: socket.socket) -> bool:
        self._turn = (self._turn + 1) % len(self.all)
        in_turn = self.all[self._turn :] + self.all[: self._turn]
        in_turn.sort(key=lambda one: (one.is_silent, one.leaves))
        return any(one.deal(caller, self._clock()) for one in in_turn)

    def taken_waiting(self) -> list[socket.socket]:
        """Those whom nobody will take."""
        waiting, self._waiting = list(self._waiting), deque()
        if self._again is not None:
            self._again.cancel()
        return waiting

    # --- what they are asked ---

    def silent(self) -> dict[str, float]:
        """How long those do not answer that do not, by their numbers, in seconds."""
        now_s = self._clock()
        return {str(one.index): round(one.silent_s(now_s), 3) for one in self.all if one.is_silent}

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
