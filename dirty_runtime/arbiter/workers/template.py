"""What processes are forked from, seen from the arbiter.

Rules: each process is ordered by a channel of its own, on which the order and what it is given have
been written before: so nobody waits. A template is started when it is first needed. One that has
ended is replaced with the next order. A reload takes a new one, and lets go of the old one, which
ends with the last that it has forked.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from ...printable import printable
from ..clock import Clock
from .process import SAID_BYTES, Fds, Kept, LocalProcess

log = logging.getLogger("dirty")

PROGRAM = (sys.executable, "-P", "-m", "dirty_runtime.worker.template")
# A descriptor more could not be sent with them: the kernel takes 253.
MOST_AT_ONCE = 200
OUTPUT = "output"
# What is kept of what a template says, among which its apps may write.
MOST_SAID_BYTES = 64 * 1024
# What a template gets to end when all that it has forked has ended.
LEAVE_S = 5.0
# Behind the time that the apps have.
LATE_S = 1.0
# How long a template may take no order, while one waits that is needed no more.
STUCK_S = 5.0


class Start(NamedTuple):
    """A process to start.

    Attributes:
        kind: worker, inspector, template or command.
        words: of a command, all of it; else what its program is told.
        environment: all of it.
        directory: where it starts; empty for that of the template.
        fds: what it is given, each by the variable that is to have its number, or several; by
            OUTPUT its standard output.
        limits: what it may take of the machine: `memory` in bytes, of addresses where there is no
            `cgroup`, whose path that is; `nice` more than the template, and only these `cpus`.
    """

    kind: str
    words: Sequence[str]
    environment: Mapping[str, str]
    directory: str
    fds: Fds = ()
    limits: Mapping[str, Any] = {}

    def with_fds(self, fds: Fds) -> Start:
        return self._replace(fds=(*self.fds, *fds))


class Orders:
    """What is ordered of one template, and whether it takes that.

    One that is stopped or stands, by what its apps do in it or somebody else does to it, would
    have every order wait for good: it is killed when one was withdrawn and none is taken.

    Args:
        control: where the orders go.
        clock: has the timers.
        stuck: is called where none is taken.
    """

    def __init__(self, control: socket.socket, clock: Clock, stuck: Callable[[], None]) -> None:
        self._control = control
        self._clock = clock
        self._stuck: Callable[[], None] | None = stuck
        # While it is False, none can be taken yet.
        self.may_take = True
        self._taken = 0

    def order(self, start: Start) -> Kept:
        """Order the process. Raises OSError."""
        return Kept(_ordered(self._control, start), self)

    def taken(self) -> None:
        """As of `process.Orders`."""
        self._taken += 1

    def withdrawn(self, kept: Kept) -> None:
        """As of `process.Orders`."""
        self._clock.call_later(STUCK_S, self._look, kept, self._taken)

    def end(self) -> None:
        """The template is gone: nothing is to be done about it, nor refers to it from here."""
        self._stuck, self.may_take = None, True

    def _look(self, kept: Kept, taken: int) -> None:
        if not kept.is_waiting:
            return
        if self._taken > taken or not self.may_take:
            self.withdrawn(kept)
            return
        if self._stuck is not None:
            self._stuck()
        # Who was forked already, and stands too, may keep it open.
        kept.forget()


class Template:
    """A template without apps.

    Args:
        directory: where it starts; empty for the current one.
        divided: the cgroup that it opens again if the arbiter cannot; empty for none.
        clock: has the timers.

    Raises:
        OSError: it cannot be started, for now.

    Attributes:
        pids: the processes of all that live.
        is_gone: whether it has ended.
    """

    pids: ClassVar[set[int]] = set()

    def __init__(self, directory: str, divided: str, clock: Clock) -> None:
        self.is_gone = False
        self._gone = asyncio.Event()
        self._control, end = socket.socketpair()
        try:
            with end:
                self._process = _started(end.fileno(), directory, divided)
        except BaseException:
            self._control.close()
            raise
        self.pids.add(self._process.pid)
        self._control.setblocking(False)
        self._orders = Orders(self._control, clock, self._stuck)
        asyncio.get_running_loop().add_reader(self._control, self._end)

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self, start: Start) -> Kept:
        """Have the process forked. Raises OSError."""
        return self._orders.order(start)

    def let_go(self) -> None:
        """Order no more of it: it ends with what it has forked."""
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)

    async def gone(self, clock: Clock) -> None:
        """Return when it has ended; it is killed if that takes long."""
        try:
            async with clock.timeout(LEAVE_S):
                await self._gone.wait()
        except TimeoutError:
            self._kill()
            await self._gone.wait()

    def _stuck(self) -> None:
        if not self.is_gone:
            log.error("template %d takes no orders: it is killed", self.pid)
            self._kill()

    def _kill(self) -> None:
        self._process.kill()
        # What it has forked may keep its socket open.
        self._end()

    def _end(self) -> None:
        if self.is_gone:
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._control)
        self._control.close()
        self.is_gone = True
        self._orders.end()
        # It has closed all, and may not be dead yet, where others have the processors.
        loop.run_in_executor(None, self._process.wait).add_done_callback(self._ended)

    def _ended(self, waited: asyncio.Future[int]) -> None:
        self.pids.discard(self._process.pid)
        self._gone.set()


class Loaded:
    """A template that has loaded apps, or does so: what is ordered meanwhile waits there.

    Args:
        apps: their paths; when it is ready, those that it could load.
        start: what it is to be.
        usual: starts it.
        limit_s: how long it may take.
        clock: has the timer.
        ended: is called once, when it is gone.

    Raises:
        OSError: it cannot be started, for now.

    Attributes:
        is_ready: whether it has loaded what it could.
        is_let_go: whether no more is ordered of it.
        is_gone: whether it has ended.
    """

    def __init__(
        self,
        apps: Sequence[str],
        start: Start,
        usual: Callable[[Start], Kept],
        limit_s: float,
        clock: Clock,
        ended: Callable[[Loaded], None],
    ) -> None:
        self.apps = tuple(apps)
        self.start_of_it = start
        self.is_ready = self.is_let_go = self.is_gone = False
        self._said = b""
        self._waiting: list[Callable[[], None]] = []
        self._told_ended = ended
        self._control, end = socket.socketpair()
        with end:
            given = start.with_fds([("GD_WORKER_FDS", end.fileno())])
            try:
                self.process = LocalProcess(lambda fds: usual(given.with_fds(fds)), False)
            except BaseException:
                self._control.close()
                raise
        self._control.setblocking(False)
        self._orders = Orders(self._control, clock, self._stuck)
        # It has a limit of its own.
        self._orders.may_take = False
        asyncio.get_running_loop().add_reader(self._control, self._hear)
        self.process.when_leaving(lambda reason: None)
        self.process.when_ended(self._end)
        # The workers that wait for it are judged first.
        self._limit = clock.call_later(limit_s + LATE_S, self.process.kill)

    def start(self, start: Start) -> Kept:
        """Have the process forked, when the apps are loaded. Raises OSError."""
        return self._orders.order(start)

    def when_gone(self, told: Callable[[], None]) -> None:
        """Call `told` once it has ended."""
        self._waiting.append(told)

    def let_go(self) -> None:
        """Order no more of it: it ends with what it has forked."""
        self.is_let_go = True
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)

    def _hear(self) -> None:
        part = b""
        with contextlib.suppress(OSError):
            part = self._control.recv(SAID_BYTES)
        if not part:
            asyncio.get_running_loop().remove_reader(self._control)
        if self.is_ready:
            return
        self._said = (self._said + part)[-MOST_SAID_BYTES:]
        if part.endswith(b"\n") and (apps := loaded(self._said.splitlines()[-1])) is not None:
            self.apps, self._said = apps, b""
            self.is_ready = self._orders.may_take = True
            self._limit.cancel()
            text = "template %d has loaded %s"
            log.info(text, self.process.pid, printable(", ".join(self.apps)) or "none")

    def _stuck(self) -> None:
        if not self.is_gone:
            text = "template of %s takes no orders: it is killed"
            log.error(text, printable(", ".join(self.apps)))
            self.process.kill()

    def _end(self) -> None:
        self._limit.cancel()
        asyncio.get_running_loop().remove_reader(self._control)
        self._control.close()
        self.is_gone = True
        self._orders.end()
        waiting, self._waiting = self._waiting, []
        for told in waiting:
            told()
        self._told_ended(self)


def loaded(line: bytes) -> tuple[str, ...] | None:
    """The apps that a template says it has loaded; None for what its apps may have written."""
    with contextlib.suppress(ValueError, RecursionError):
        told = json.loads(line)
        apps = told.get("loaded") if isinstance(told, dict) else None
        if isinstance(apps, list) and all(isinstance(path, str) for path in apps):
            return tuple(apps)
    return None


class Templates:
    """The templates of one arbiter: one without apps, and those that have loaded some.

    While a reload is under way there are those of before, to which it goes back if it fails.

    Args:
        directory: where they start; empty for the current one.
        limit_s: how long the apps may take to be loaded.
        clock: has the timers.

    Attributes:
        divided: the cgroup that the arbiter has divided; empty for none.
    """

    def __init__(self, directory: str, limit_s: float, clock: Clock) -> None:
        self.divided = ""
        self._directory = directory
        self.limit_s = limit_s
        self._clock = clock
        self._current: Template | None = None
        self._loaded: list[Loaded] = []
        self._before: tuple[Template | None, list[Loaded]] | None = None
        self._old: set[Template] = set()
        self._left: set[Loaded] = set()
        self._is_over = False

    @property
    def loaded(self) -> list[Loaded]:
        """Those that have loaded apps, or do so, and live."""
        return [one for one in self._left if not one.is_gone]

    def start(self, start: Start) -> Kept:
        """Start a process. Raises OSError."""
        with contextlib.suppress(BrokenPipeError):
            return self._usual().start(start)
        # It has ended, and nobody has looked.
        self._current = None
        return self._usual().start(start)

    def with_apps(self, apps: Sequence[str], start: Start) -> Loaded:
        """The template that has loaded these apps, and the fewest others; it may be still at it.

        Args:
            start: what starts one, if there is none.

        Raises:
            OSError: it cannot be started, for now.
        """
        fits = [one for one in self._loaded if set(apps) <= set(one.apps) and not one.is_gone]
        return min(fits, key=lambda one: len(one.apps)) if fits else self._load(apps, start)

    def renew(self) -> None:
        """Take new ones with the next orders: code, and what is installed, may have changed."""
        if self._before is None:
            self._before = (self._current, self._loaded)
        else:
            self._let_go(self._current, self._loaded)
        self._current, self._loaded = None, []

    def keep_new(self) -> None:
        """Let go of those of before `renew`."""
        if self._before is not None:
            self._let_go(*self._before)
            self._before = None

    def go_back(self) -> None:
        """Let go of those since `renew`, and take those of before."""
        if self._before is not None:
            self._let_go(self._current, self._loaded)
            (self._current, self._loaded), self._before = self._before, None

    async def stop(self) -> None:
        """End all; returns when none is left."""
        self._is_over = True
        self.renew()
        self.keep_new()
        gone = asyncio.Event()
        for one in self.loaded:
            one.when_gone(gone.set)
        try:
            async with self._clock.timeout(LEAVE_S):
                while self.loaded:
                    gone.clear()
                    await gone.wait()
        except TimeoutError:
            for one in self.loaded:
                one.process.kill()
        await asyncio.gather(*(one.gone(self._clock) for one in self._old))

    def _usual(self) -> Template:
        if self._current is None or self._current.is_gone:
            self._current = Template(self._directory, self.divided, self._clock)
        return self._current

    def _load(self, apps: Sequence[str], start: Start) -> Loaded:
        one = Loaded(apps, start, self.start, self.limit_s, self._clock, self._ended)
        self._loaded.append(one)
        self._left.add(one)
        return one

    def _let_go(self, template: Template | None, loaded: list[Loaded]) -> None:
        self._old = {one for one in self._old if not one.is_gone}
        if template is not None:
            template.let_go()
            self._old.add(template)
        for one in loaded:
            one.let_go()

    def _ended(self, one: Loaded) -> None:
        self._left.discard(one)
        was_used = one in self._loaded
        if was_used:
            self._loaded.remove(one)
        if one.is_let_go or self._is_over:
            return
        log.error("template of %s died: %s", ", ".join(one.apps), one.process.ending())
        # One that dies before is made with the next start.
        if was_used and one.is_ready and one.apps:
            with contextlib.suppress(OSError):
                self._load(one.apps, one.start_of_it)


def _ordered(control: socket.socket, start: Start) -> socket.socket:
    """Order the process. Returns its channel. Raises OSError."""
    if start.directory:
        os.stat(start.directory)
    channel, end = socket.socketpair()
    try:
        with end:
            _hand_over(channel, start)
            socket.send_fds(control, (b".",), (end.fileno(),))
    except BaseException:
        channel.close()
        raise
    return channel


def _started(control: int, directory: str, divided: str) -> subprocess.Popen[bytes]:
    """The process of a template. Raises OSError."""
    arbiter = _own_end()
    # None is for it, not even before it can say so.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        fds = [fd for fd in (control, arbiter) if fd >= 0]
        return begin([*PROGRAM, str(control), str(arbiter), divided], fds, directory)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if arbiter >= 0:
            os.close(arbiter)


def begin(words: Sequence[str], fds: Sequence[int], directory: str) -> subprocess.Popen[bytes]:
    """Start a program that has these descriptors, by their numbers. Raises OSError."""
    return subprocess.Popen(words, cwd=directory or None, stdin=subprocess.DEVNULL, pass_fds=fds)


def _own_end() -> int:
    """A descriptor that is readable when this process is gone; -1 where there is none."""
    # A kernel before 5.3: the channels end with it, unless copies of it hold them.
    with contextlib.suppress(OSError, AttributeError):
        return os.pidfd_open(os.getpid())
    return -1


def _hand_over(channel: socket.socket, start: Start) -> None:
    """Write all that is to be read at the other end. Raises OSError."""
    told = {
        "kind": start.kind,
        "words": list(start.words),
        "environment": dict(start.environment),
        "directory": start.directory,
        "fds": [name for name, _ in start.fds],
        "limits": dict(start.limits),
    }
    with open(os.memfd_create("order"), "wb", buffering=0) as text:
        text.write(json.dumps(told).encode())
        fds = [text.fileno(), *(fd for _, fd in start.fds)]
        for at in range(0, len(fds), MOST_AT_ONCE):
            socket.send_fds(channel, (b".",), fds[at : at + MOST_AT_ONCE])
