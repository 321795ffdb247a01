"""Processes of this machine that the arbiter starts, each by a keeper, with which its tree ends.

Rules: what is started has what it is given, and nothing else. A step that fails leaves nothing
behind. Its end is the end of all that it has started, of which its keeper tells. A worker may
write lines on its trace: the path of each app before it initialises it, so that one that dies at
that names the culprit; and ``leave REASON``, to be replaced by a successor.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from ...printable import printable
from ...stacks import ASK
from .cgroup import NONE_LEFT, Leaf, Shared
from .stacks import StackPipe, Stacks

# Descriptors, with names.
Fds = Sequence[tuple[str, int]]

NO_LIMITS: Mapping[str, Any] = MappingProxyType({})
SAID_BYTES = 4096
# What is read of a trace at once, and what a pipe holds.
TRACE_BYTES = 16 * 1024
PIPE_BYTES = 64 * 1024
LEAVE = "leave"
SOURCE = "source"
REASON_CHARACTERS = 200
# What somebody else ends a process by, and few by their own doing.
FROM_OUTSIDE = frozenset(
    (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
)


class Orders(Protocol):
    """Of whom processes are ordered: see `template.Orders`."""

    def taken(self) -> None:
        """An order has become a process."""

    def withdrawn(self, kept: Kept) -> None:
        """This one is to end, and has become none yet."""


class Kept:
    """A process with a keeper.

    Args:
        channel: where it and its keeper say what becomes of it, and are told.
        orders: of whom it was ordered.
    """

    def __init__(self, channel: socket.socket, orders: Orders) -> None:
        channel.setblocking(False)
        self._channel = channel
        self._orders = orders
        self._said = b""
        self._told_ended: Callable[[], None] | None = None

    @property
    def pid(self) -> int:
        """Its number; 0 while it has not told it."""
        if not self._told("pid"):
            # It has said so before anything else, though we may not have looked.
            self._hear()
        return int(self._told("pid") or 0)

    def when_ended(self, told: Callable[[], None]) -> None:
        """Have the running event loop call `told` once, when nothing of it is left."""
        self._told_ended = told
        asyncio.get_running_loop().add_reader(self._channel, self._read)

    @property
    def is_waiting(self) -> bool:
        """Whether nothing has come of it yet, neither a process nor an end."""
        return self._channel.fileno() >= 0 and not self.pid

    def _hear(self) -> bool:
        """Take what was said. Returns whether more may come."""
        if self._channel.fileno() < 0:
            return False
        try:
            part = self._channel.recv(SAID_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            part = b""
        was_taken = bool(self._told("pid"))
        self._said += part
        if not was_taken and self._told("pid"):
            self._orders.taken()
        return bool(part) and not self._said.endswith(b"gone\n")

    def _read(self) -> None:
        if not self._hear():
            self.forget()

    def forget(self) -> None:
        """Nothing is left of it, or will come of it."""
        if self._channel.fileno() < 0:
            return
        asyncio.get_running_loop().remove_reader(self._channel)
        self._channel.close()
        if self.pid and not self._told("ended"):
            # It was the keeper that was killed, and with it the process, but nothing else.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        told, self._told_ended = self._told_ended, None
        if told is not None:
            # What it has said last, elsewhere, can be read by now, and is read first.
            asyncio.get_running_loop().call_soon(told)

    def ending(self) -> str:
        """How it ended, in a few words; for one that is gone."""
        if failure := self._told("failed"):
            return f"it cannot be started: {os.strerror(int(failure))}"
        if not (ended := self._told("ended")):
            return "its keeper was killed" if self.pid else "its template was killed before"
        return _told_code(int(ended))

    def is_victim(self) -> bool:
        """Whether it could not be started, or somebody ended it; for one that is gone."""
        ended = self._told("ended")
        return not ended or -int(ended) in FROM_OUTSIDE

    def was_killed(self) -> bool:
        """Whether it, or its keeper, was killed; for one that is gone."""
        return bool(self.pid) and self._told("ended") in ("", str(-signal.SIGKILL))

    def kill(self) -> None:
        """End it, and all that it has started."""
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_WR)
        if self.is_waiting:
            self._orders.withdrawn(self)
        if its := self._told("keeper"):
            # It may have been stopped.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(int(its), signal.SIGCONT)

    def hand_on(self, number: int) -> None:
        """Send it one of the signals that a keeper hands on."""
        with contextlib.suppress(OSError):
            self._channel.send(bytes((number,)))

    def _told(self, name: str) -> str:
        """What was said of it under the name; empty when nothing yet."""
        words = (line.split() for line in self._said.decode().splitlines())
        return next((word for found, *rest in words if found == name for word in rest), "")


class Memory(NamedTuple):
    """What a process has, in bytes: `pss` is its share, if those who share divide what they do."""

    private: int
    shared: int
    pss: int


class Placement(NamedTuple):
    """Where a worker is in a cluster; most are in none, and wait for no place.

    Attributes:
        node: the node that it is on; empty while it is on none.
        actor: by which the cluster knows it; empty where none does.
        waits: why it has no place yet; empty when it has, or needs none.
        waits_for_others: whether it would have a place if others left.
        is_blameless: whether it ended, if it did, for what its apps had no part in.
    """

    node: str = ""
    actor: str = ""
    waits: str = ""
    waits_for_others: bool = False
    is_blameless: bool = False


class Ended(Protocol):
    """What has ended."""

    def ending(self) -> str: ...

    def is_victim(self) -> bool: ...


class Loading(Protocol):
    """A template that loads apps: see `template.Loaded`."""

    process: LocalProcess
    is_ready: bool
    is_gone: bool

    def when_gone(self, told: Callable[[], None]) -> None: ...


class LocalProcess:
    """A worker that is a process of this machine.

    Args:
        start: starts it, with descriptors by the variables that have their numbers.
        takes_signals: whether it has a meaning for USR1, of which others would die, and tells
            where its threads are.
        template: loads its apps first, if it does; its end before that is the worker's.
        limits: what it may take of the machine: see `template.Start`.
        cgroup: that of its tree, if it has one, which goes with it; or that of all.

    Raises:
        OSError: it cannot be started, for now.
    """

    placement = Placement()

    def __init__(
        self,
        start: Callable[[Fds], Kept],
        takes_signals: bool,
        template: Loading | None = None,
        limits: Mapping[str, Any] = NO_LIMITS,
        cgroup: Leaf | Shared | None = None,
    ) -> None:
        self.limits = limits
        self._cgroup = cgroup
        self._is_ours_to_end = False
        self._short_of_memory = ""
        self._template = template
        self._takes_signals = takes_signals
        self._leaving: Callable[[str], None] | None = None
        self._wish: str | None = None
        self._imported: Callable[[str], None] | None = None
        self._rest = b""
        self._last_traced = self._died_of = ""
        with pipe_from() as (self._trace, end), pipe_from() as (source, stacks_end):
            fds = [("DIRTY_TRACE_FD", end)]
            if takes_signals:
                fds.append(("DIRTY_STACKS_FD", stacks_end))
            self._kept = start(fds)
            self._stacks = StackPipe(source)

    @property
    def pid(self) -> int:
        return self._kept.pid

    @property
    def template_pid(self) -> int | None:
        """The template with its apps, of which it is a copy; None where there is none."""
        return self._template.process.pid if self._template is not None else None

    def when_ended(self, told: Callable[[], None]) -> None:
        self._kept.when_ended(lambda: self._ended(told))

    @property
    def _cause(self) -> Ended:
        """Whose end it was: that of its template, if it was never forked."""
        was_forked = self._template is None or bool(self._kept.pid)
        return self._kept if was_forked or self._template is None else self._template.process

    def _ended(self, told: Callable[[], None]) -> None:
        if self._cause is not self._kept and self._template and not self._template.is_gone:
            self._template.when_gone(lambda: self._ended(told))
            return
        for _ in range(0, PIPE_BYTES, TRACE_BYTES):
            self._read_trace()
        asyncio.get_running_loop().remove_reader(self._trace)
        os.close(self._trace)
        self._died_of = self._stacks.died_of()
        self._stacks.close()
        if self._cgroup is not None:
            was_killed = self._kept.was_killed() and not self._is_ours_to_end
            self._short_of_memory = self._cgroup.death(was_killed)
            self._cgroup.remove()
        self._leaving = None
        told()

    def when_leaving(self, told: Callable[[str], None]) -> None:
        self._leaving = told
        asyncio.get_running_loop().add_reader(self._trace, self._read_trace)

    def when_imported(self, told: Callable[[str], None]) -> None:
        self._imported = told

    def when_moved(self, told: Callable[[], None]) -> None:
        """It stays where it is."""

    def _read_trace(self) -> None:
        part = b""
        # A process that lives on for a while may hold the other end.
        with contextlib.suppress(BlockingIOError):
            part = os.read(self._trace, TRACE_BYTES)
            if not part:
                asyncio.get_running_loop().remove_reader(self._trace)
        *lines, rest = (self._rest + part).split(b"\n")
        self._rest = rest[-TRACE_BYTES:]
        for line in lines:
            self._traced(line.decode(errors="replace"))
        wish, self._wish = self._wish, None
        if wish is not None and self._leaving is not None:
            # Once, however often it was said.
            self._leaving(printable(wish, at_most=REASON_CHARACTERS))

    def _traced(self, line: str) -> None:
        word, _, said = line.partition(" ")
        if word == SOURCE:
            if self._imported is not None:
                self._imported(said)
        elif word == LEAVE:
            self._wish = said
        else:
            self._last_traced = line

    def ending(self) -> str:
        ending = self._cause.ending()
        return f"{ending}: {why}" if (why := self._short_of_memory) else ending

    def is_short_of_memory(self) -> bool:
        return bool(self._short_of_memory)

    def died_of(self) -> str:
        return self._died_of

    def ask_stacks(self, told: Callable[[Stacks], object]) -> None:
        self._stacks.ask(lambda: self._kept.hand_on(ASK), told)

    def is_victim(self) -> bool:
        # Its own limit its apps have met.
        return self._short_of_memory in ("", NONE_LEFT) and self._cause.is_victim()

    def last_traced(self) -> str:
        if self._template is not None and self._cause is self._template.process:
            # What has been loaded is not at fault that it is not forked.
            return "" if self._template.is_ready else self._template.process.last_traced()
        return self._last_traced

    def kill(self) -> None:
        self._is_ours_to_end = True
        self._kept.kill()

    def reopen_logs(self) -> None:
        if self._takes_signals:
            self._kept.hand_on(signal.SIGUSR1)

    def rss_bytes(self) -> int:
        with contextlib.suppress(OSError, IndexError), open(f"/proc/{self.pid}/statm") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        return 0

    def memory(self) -> Memory | None:
        with contextlib.suppress(OSError), open(f"/proc/{self.pid}/smaps_rollup") as told:
            words = (line.split() for line in told)
            kib = {name.rstrip(":"): int(rest[0]) for name, *rest in words if len(rest) == 2}
            private = kib.get("Private_Clean", 0) + kib.get("Private_Dirty", 0)
            shared = kib.get("Shared_Clean", 0) + kib.get("Shared_Dirty", 0)
            return Memory(private * 1024, shared * 1024, kib.get("Pss", 0) * 1024)
        return None


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
