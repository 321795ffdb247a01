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
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

from ..clock import Clock
from .process import Fds, Kept

PROGRAM = (sys.executable, "-P", "-m", "dirty_runtime.worker.template")
# A descriptor more could not be sent with them: the kernel takes 253.
MOST_AT_ONCE = 200
OUTPUT = "output"
# What a template gets to end when all that it has forked has ended.
LEAVE_S = 5.0


class Start(NamedTuple):
    """A process to start.

    Attributes:
        kind: worker, inspector or command.
        words: of a command, all of it; else what its program is told.
        environment: all of it.
        directory: where it starts; empty for that of the template.
        fds: what it is given, each by the variable that is to have its number, or several; by
            OUTPUT its standard output.
    """

    kind: str
    words: Sequence[str]
    environment: Mapping[str, str]
    directory: str
    fds: Fds = ()

    def with_fds(self, fds: Fds) -> Start:
        return self._replace(fds=(*self.fds, *fds))


class Template:
    """A template without apps.

    Args:
        directory: where it starts; empty for the current one.

    Raises:
        OSError: it cannot be started, for now.

    Attributes:
        pids: the processes of all that live.
        is_gone: whether it has ended.
    """

    pids: ClassVar[set[int]] = set()

    def __init__(self, directory: str) -> None:
        self.is_gone = False
        self._gone = asyncio.Event()
        self._control, end = socket.socketpair()
        try:
            with end:
                self._process = _started(end.fileno(), directory)
        except BaseException:
            self._control.close()
            raise
        self.pids.add(self._process.pid)
        self._control.setblocking(False)
        asyncio.get_running_loop().add_reader(self._control, self._end)

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self, start: Start) -> Kept:
        """Have the process forked. Raises OSError."""
        if start.directory:
            os.stat(start.directory)
        channel, end = socket.socketpair()
        try:
            with end:
                _hand_over(channel, start)
                socket.send_fds(self._control, (b".",), (end.fileno(),))
        except BaseException:
            channel.close()
            raise
        return Kept(channel)

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
            self._process.kill()
            await self._gone.wait()

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._control)
        self._control.close()
        self._process.wait()
        self.pids.discard(self._process.pid)
        self.is_gone = True
        self._gone.set()


class Templates:
    """The templates of one arbiter: one for all, and another while a reload is under way.

    Args:
        directory: where they start; empty for the current one.
        clock: has the timers.
    """

    def __init__(self, directory: str, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._current: Template | None = None
        self._old: set[Template] = set()

    def start(self, start: Start) -> Kept:
        """Start a process. Raises OSError."""
        with contextlib.suppress(BrokenPipeError):
            return self._usual().start(start)
        # It has ended, and nobody has looked.
        self._current = None
        return self._usual().start(start)

    def renew(self) -> None:
        """Take a new template with the next order: what is installed may have changed."""
        self._old = {one for one in self._old if not one.is_gone}
        if self._current is not None:
            self._current.let_go()
            self._old.add(self._current)
            self._current = None

    async def stop(self) -> None:
        """End all; returns when none is left."""
        self.renew()
        await asyncio.gather(*(one.gone(self._clock) for one in self._old))

    def _usual(self) -> Template:
        if self._current is None or self._current.is_gone:
            self._current = Template(self._directory)
        return self._current


def _started(control: int, directory: str) -> subprocess.Popen[bytes]:
    """The process of a template. Raises OSError."""
    arbiter = _own_end()
    # None is for it, not even before it can say so.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        return subprocess.Popen(
            [*PROGRAM, str(control), str(arbiter)],
            cwd=directory or None,
            stdin=subprocess.DEVNULL,
            pass_fds=[fd for fd in (control, arbiter) if fd >= 0],
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if arbiter >= 0:
            os.close(arbiter)


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
    }
    with open(os.memfd_create("order"), "wb", buffering=0) as text:
        text.write(json.dumps(told).encode())
        fds = [text.fileno(), *(fd for _, fd in start.fds)]
        for at in range(0, len(fds), MOST_AT_ONCE):
            socket.send_fds(channel, (b".",), fds[at : at + MOST_AT_ONCE])
