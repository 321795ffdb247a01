"""Processes of this machine that the arbiter starts, each by a keeper, with which its tree ends.

Rules: what is started inherits what it is given, and nothing else. A step that fails leaves nothing
behind. Its end is the end of all that it has started, and is seen by its keeper's. A worker may
write lines on its trace: the path of each app before it initialises it, so that one that dies at
that names the culprit; and ``leave REASON``, to be replaced by a successor.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar

from ... import keeper
from ...printable import printable
from ...stacks import ASK
from .stacks import StackPipe, Stacks

KEEPER = (sys.executable, "-I", "-S", os.path.abspath(keeper.__file__))
REPORT_BYTES = 4096
TRACE_BYTES = 64 * 1024
LEAVE = "leave"
REASON_CHARACTERS = 200
# What somebody else ends a process by, and few by their own doing.
FROM_OUTSIDE = frozenset(
    (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
)


class Kept:
    """A process with a keeper.

    Args:
        words: the command.
        environment: what it is told, beside the arbiter's own environment.
        directory: where it starts; empty for the current one.
        inherits: the file descriptors that it gets, beside the standard streams.
        output: its standard output; None for the arbiter's.

    Raises:
        OSError: it cannot be started, for now.

    Attributes:
        keepers: the numbers of all that live.
    """

    keepers: ClassVar[set[int]] = set()

    def __init__(
        self,
        words: Sequence[str],
        environment: Mapping[str, str],
        directory: str,
        inherits: Sequence[int],
        output: int | None = None,
    ) -> None:
        self._said = b""
        self._source, report = os.pipe()
        try:
            os.set_blocking(self._source, False)
            self._keeper = subprocess.Popen(
                [*KEEPER, str(report), str(os.getpid()), *words],
                cwd=directory or None,
                stdin=subprocess.DEVNULL,
                stdout=output,
                pass_fds=[report, *inherits],
                env=os.environ | environment,
            )
        except OSError:
            os.close(self._source)
            raise
        finally:
            os.close(report)
        self.keepers.add(self._keeper.pid)

    @property
    def pid(self) -> int:
        """The command's number; 0 while the keeper has not told it."""
        return int(self._told("pid") or 0)

    def when_ended(self, told: Callable[[], None]) -> None:
        """Have the running event loop call `told` once, when nothing of it is left."""
        asyncio.get_running_loop().add_reader(self._source, self._read, told)

    def _read(self, told: Callable[[], None]) -> None:
        part = os.read(self._source, REPORT_BYTES)
        self._said += part
        if part:
            return
        asyncio.get_running_loop().remove_reader(self._source)
        os.close(self._source)
        self._keeper.wait()
        self.keepers.discard(self._keeper.pid)
        if self.pid and not self._told("ended"):
            # It was the keeper that was killed, and with it the command, but nothing else.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        told()

    def ending(self) -> str:
        """How it ended, in a few words; for one that is gone."""
        if failure := self._told("failed"):
            return f"it cannot be started: {os.strerror(int(failure))}"
        if not (ended := self._told("ended")):
            return f"its keeper: {_told_code(self._keeper.wait())}"
        return _told_code(os.waitstatus_to_exitcode(int(ended)))

    def is_victim(self) -> bool:
        """Whether it could not be started, or somebody ended it; for one that is gone."""
        ended = self._told("ended")
        return not ended or os.WTERMSIG(int(ended)) in FROM_OUTSIDE

    def kill(self) -> None:
        """End it, and all that it has started."""
        self._keeper.send_signal(keeper.END)
        # Its keeper may have been stopped.
        self._keeper.send_signal(signal.SIGCONT)

    def hand_on(self, number: int) -> None:
        """Send it one of the signals that a keeper hands on."""
        self._keeper.send_signal(number)

    def _told(self, name: str) -> str:
        """What its keeper has said of it under the name; empty when nothing yet."""
        words = (line.split() for line in self._said.decode().splitlines())
        return next((word for found, word in words if found == name), "")


class LocalProcess:
    """A worker that is a process of this machine.

    Args:
        words: the command.
        environment: what it is told.
        directory: where it starts; empty for the current one.
        ends: what it inherits.
        takes_signals: whether it has a meaning for USR1, of which others would die, and tells
            where its threads are.

    Raises:
        OSError: it cannot be started, for now.
    """

    def __init__(
        self,
        words: Sequence[str],
        environment: Mapping[str, str],
        directory: str,
        ends: Sequence[socket.socket],
        takes_signals: bool,
    ) -> None:
        self._takes_signals = takes_signals
        self._leaving: Callable[[str], None] | None = None
        self._rest = b""
        self._last_traced = self._died_of = ""
        with pipe_from() as (self._trace, end), pipe_from() as (source, stacks_end):
            told = {"DIRTY_TRACE_FD": str(end)}
            inherits = [end, *(one.fileno() for one in ends)]
            if takes_signals:
                told["DIRTY_STACKS_FD"] = str(stacks_end)
                inherits.append(stacks_end)
            self._kept = Kept(words, {**environment, **told}, directory, inherits)
            self._stacks = StackPipe(source)

    @property
    def pid(self) -> int:
        return self._kept.pid

    def when_ended(self, told: Callable[[], None]) -> None:
        self._kept.when_ended(lambda: self._ended(told))

    def _ended(self, told: Callable[[], None]) -> None:
        self._read_trace()
        asyncio.get_running_loop().remove_reader(self._trace)
        os.close(self._trace)
        self._died_of = self._stacks.died_of()
        self._stacks.close()
        self._leaving = None
        told()

    def when_leaving(self, told: Callable[[str], None]) -> None:
        self._leaving = told
        asyncio.get_running_loop().add_reader(self._trace, self._read_trace)

    def _read_trace(self) -> None:
        part = b""
        # A process that lives on for a while may hold the other end.
        with contextlib.suppress(BlockingIOError):
            part = os.read(self._trace, TRACE_BYTES)
            if not part:
                asyncio.get_running_loop().remove_reader(self._trace)
        *lines, self._rest = (self._rest + part)[-TRACE_BYTES:].split(b"\n")
        for line in lines:
            self._traced(line.decode(errors="replace"))

    def _traced(self, line: str) -> None:
        word, _, reason = line.partition(" ")
        if word != LEAVE:
            self._last_traced = line
        elif self._leaving is not None:
            self._leaving(printable(reason, at_most=REASON_CHARACTERS))

    def ending(self) -> str:
        return self._kept.ending()

    def died_of(self) -> str:
        return self._died_of

    def ask_stacks(self, told: Callable[[Stacks], object]) -> None:
        self._stacks.ask(lambda: self._kept.hand_on(ASK), told)

    def is_victim(self) -> bool:
        return self._kept.is_victim()

    def last_traced(self) -> str:
        return self._last_traced

    def kill(self) -> None:
        self._kept.kill()

    def reopen_logs(self) -> None:
        if self._takes_signals:
            self._kept.hand_on(signal.SIGUSR1)

    def rss_bytes(self) -> int:
        with contextlib.suppress(OSError, IndexError), open(f"/proc/{self.pid}/statm") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        return 0


@contextlib.contextmanager
def pipe_from() -> Iterator[tuple[int, int]]:
    """A pipe from a process that is started within; if it is not, nothing is left of it."""
    source, end = os.pipe()
    os.set_blocking(source, False)
    try:
        yield source, end
    except BaseException:
        os.close(source)
        raise
    finally:
        os.close(end)


def _told_code(code: int) -> str:
    """The exit code of `subprocess`, in a few words."""
    if code >= 0:
        return f"exited with {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
