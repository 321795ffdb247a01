"""One arbiter after another at the same socket, without a call that fails: the one that is there.

Rules: the next is a program of its own, started by the words that started this one, where they were
said, so that it has the new code, and the new Python where the path leads to one. It boots beside
this one, and takes no connection until its workers are ready; whatever ends it before that leaves
this one serving. Then it is given the listening socket itself, from which this one takes those who
come until the next one serves. That it does is not taken on its word: it alone is to answer who
comes next, which is this one.

    next: READY    ─▶
                  ◀─ SOCKET, or LENT, and the socket : here
    next: SERVING  ─▶
                  ◀─ STATUS, by a connection : here
    next: its answer ─▶
                  ◀─ end of stream, when the pidfile is free
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from typing import TYPE_CHECKING, NamedTuple

import gdproto

if TYPE_CHECKING:
    from .post import Post

log = logging.getLogger("dirty")

# Names the channel to whoever is followed.
CHANNEL = "GD_SUCCEEDS_FD"
READY, SOCKET, LENT, SERVING = b"R", b"S", b"L", b"T"
# What is left to do when all workers are ready; and how long the answer may take that shows it.
TAKE_S = 10.0
ANSWER_S = 10.0
# Until there is room for one more who connects.
PAUSE_S = 0.05


class SuccessionError(Exception):
    """The next arbiter does not come to serve; the message is one line that says why."""


class Start(NamedTuple):
    """How this program was started.

    Attributes:
        words: its command line.
        directory: where.
        environment: with which variables.
    """

    words: tuple[str, ...]
    directory: str
    environment: Mapping[str, str]

    @classmethod
    def of_this(cls, directory: str, environment: Mapping[str, str]) -> Start:
        """How this process was, from its directory; with these variables beside its own."""
        words = (sys.executable, *sys.orig_argv[1:])
        return cls(words, directory, {**os.environ, **environment})

    def at(self, socket_path: str) -> Start:
        """The same, told where to serve, which a service manager will not tell it."""
        return self._replace(environment={**self.environment, "DIRTY_SOCKET": socket_path})


class Successor:
    """The next arbiter, as it boots. Raises SuccessionError where it cannot be started."""

    def __init__(self, start: Start) -> None:
        self._channel, theirs = socket.socketpair()
        self._channel.setblocking(False)
        with theirs:
            try:
                self._process = subprocess.Popen(
                    start.words,
                    cwd=start.directory,
                    env={**start.environment, CHANNEL: str(theirs.fileno())},
                    stdin=subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                )
            except OSError as error:
                self._channel.close()
                raise SuccessionError(f"{start.words[0]}: {error.strerror}") from None

    @property
    def pid(self) -> int:
        return self._process.pid

    async def told(self, message: bytes, within_s: float, what: str) -> None:
        """Wait until it says so, which means `what`. Raises SuccessionError where it does not."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(within_s):
                said = await loop.sock_recv(self._channel, 1)
        except TimeoutError:
            raise SuccessionError(f"it was not {what} after {within_s:g} s") from None
        except OSError:
            said = b""
        if said not in (message, b""):
            raise SuccessionError(f"it says what cannot be before it is {what}")
        if not said:
            raise SuccessionError("it ended; the log says why")

    async def answers(self, path: str, within_s: float) -> None:
        """Have it answer there, where nobody else does. Raises SuccessionError if it does not."""
        loop = asyncio.get_running_loop()
        asks = loop.create_task(answer_at(path))
        ends = asyncio.ensure_future(loop.sock_recv(self._channel, 1))
        try:
            waited = {asks, ends}
            await asyncio.wait(waited, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
            if ends.done():
                raise SuccessionError("it ended; the log says why")
            if not asks.done():
                raise SuccessionError(
                    f"it says that it serves, and answers nobody in {within_s:g} s"
                )
        finally:
            for one in (asks, ends):
                one.cancel()
            await asyncio.gather(asks, ends, return_exceptions=True)

    def give(self, listening: socket.socket, is_lent: bool) -> None:
        """Send it the socket, which may be lent to us. Raises SuccessionError."""
        try:
            message = LENT if is_lent else SOCKET
            socket.send_fds(self._channel, [message], [listening.fileno()])
        except OSError as error:
            raise SuccessionError(f"it ended: {error.strerror}") from None

    def release(self) -> None:
        """Let it go on alone; it outlives this process."""
        self._channel.close()
        # Nobody here waits for its end.
        self._process.returncode = 0

    def end(self) -> None:
        """End it, at once: it serves nobody yet, and may not move, while this one is to end."""
        self._channel.close()
        self._process.kill()
        asyncio.get_running_loop().run_in_executor(None, self._process.wait)


class Succession:
    """Has the next arbiter follow, when asked to.

    Args:
        start: how to start it; None where this process is no program of ours.
        boot_s: seconds that it may take until its workers are ready.
        post: has the socket that the next is given, of this arbiter.
        leave: leave socket and pidfile to the next, of that process, and end.

    Attributes:
        failure: why the last one did not follow; empty if it did.
    """

    def __init__(
        self,
        start: Start | None,
        boot_s: float,
        post: Post,
        leave: Callable[[int], None],
    ) -> None:
        self.failure = ""
        self._start = start
        self.boot_s = boot_s
        self._post = post
        self._leave = leave
        self._running: asyncio.Task[None] | None = None

    @property
    def is_under_way(self) -> bool:
        """Whether one boots."""
        return self._running is not None and not self._running.done()

    def begin(self) -> None:
        """Start the next arbiter, if none boots."""
        if not self.is_under_way:
            self.failure = ""
            self._running = asyncio.get_running_loop().create_task(self._run())

    def give_up(self) -> None:
        """Have none follow any more."""
        if self._running is not None:
            self._running.cancel()

    async def _run(self) -> None:
        try:
            await self._follow()
        except SuccessionError as error:
            self.failure = str(error)
            log.error("no successor, this arbiter serves on: %s", error)

    async def _follow(self) -> None:
        if reason := self._hindrance():
            raise SuccessionError(reason)
        assert self._start is not None
        successor = Successor(self._start)
        log.info("arbiter %d boots, to follow this one", successor.pid)
        try:
            await successor.told(READY, self.boot_s, "ready")
            await self._hand_over(successor)
        except BaseException:
            successor.end()
            self._post.keep()
            raise
        self._leave(successor.pid)
        successor.release()

    async def _hand_over(self, successor: Successor) -> None:
        successor.give(*self._post.share())
        await successor.told(SERVING, TAKE_S, "serving")
        await successor.answers(self._post.give_way(), ANSWER_S)

    def _hindrance(self) -> str:
        if self._start is None:
            return "this arbiter was not started by `dirty serve`"
        # What a container's first process leaves behind ends with it.
        return "it is process 1, whose end ends all others" if os.getpid() == 1 else ""


async def answer_at(path: str) -> None:
    """Return when whoever serves there answers, or nobody can be reached there."""
    loop = asyncio.get_running_loop()
    # Who may not be asked, or whom somebody has taken the path from, is believed.
    with suppress(OSError), closing(socket.socket(socket.AF_UNIX)) as asking:
        asking.setblocking(False)
        while True:
            try:
                asking.connect(path)
                break
            except BlockingIOError:
                await asyncio.sleep(PAUSE_S)
        await loop.sock_sendall(asking, gdproto.Status(1).to_bytes())
        await loop.sock_recv(asking, 1)
