"""A process between the arbiter and one that it starts, by which a whole tree ends: its keeper.

Rules: it is forked from a template, and forks what it keeps. What that starts, and what comes of
it, comes to the keeper when its parent ends, whatever session or group it has made itself. When the
one that is kept ends, or the arbiter does or wants the end, all of the tree is killed; then the
keeper ends. It alone knows its children's numbers for certain, so it hands signals on. None ends it
itself: those that a terminal or a service manager sends to all are for the arbiter to follow. Where
a template was kept, the keepers go on that this has forked: they have trees of their own.
"""

from __future__ import annotations

import ctypes
import gc
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
PR_SET_CHILD_SUBREAPER = 36
# These are handed on to what is kept: to reopen logs; as in `stacks`, to tell where it is; and what
# ends or reloads one of several arbiters.
HANDED_ON = (
    signal.SIGUSR1,
    int(getattr(signal, "SIGRTMIN", 0)) + 1,
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
)
# By this name those who look at processes know a keeper, and keepers each other.
NAME = "dirty-keeper"
# What comes with the channel: whether a template is kept, or anything else.
TEMPLATE, OTHER = b"t", b"o"
ALL = signal.valid_signals()
# How long the tree is killed before what cannot die is left alone.
SWEEP_S = 5.0
LOOK_S = 0.01


def keep(arbiter: int, holds: int) -> socket.socket:
    """Become a keeper, and fork what it keeps: this returns there alone.

    All signals are blocked, and stay so.

    Args:
        arbiter: a descriptor that is readable when the arbiter's process is gone; -1 for none.
        holds: a descriptor that the keeper has open until its end.

    Returns:
        A socket to the keeper, which waits to be sent the channel to the arbiter by it.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    link, to_keeper = socket.socketpair()
    keeper = os.getpid()
    try:
        child = os.fork()
    except OSError:
        # The template tries again.
        os._exit(0)
    if child == 0:
        link.close()
        os.setsid()
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != keeper:
            os._exit(1)
        return to_keeper
    try:
        _close_all_but(0, 1, 2, link.fileno(), arbiter, holds)
        Keeper(child, link, arbiter).run()
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(0)


def prctl(option: int, value: object) -> None:
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def name(text: str) -> None:
    """Have this process shown by so many as 15 characters, as by `ps -o comm`."""
    prctl(PR_SET_NAME, text.encode())


def _close_all_but(*kept: int) -> None:
    at = 0
    for fd in sorted({*kept, os.sysconf("SC_OPEN_MAX")}):
        # An empty range from 0 is taken for all that there are.
        if fd > at:
            os.closerange(at, fd)
        at = fd + 1


class Keeper:
    """Waits for the end of a child, and ends what that has started.

    It says ``keeper N`` on the channel, then ``ended CODE`` as `subprocess` has it, and ``gone``
    when nothing is left. What comes there are numbers of signals to hand on; its end asks for the
    child's.
    """

    def __init__(self, child: int, link: socket.socket, arbiter: int) -> None:
        self._child = child
        # To the child first, and then to the arbiter.
        self._link = link
        # Whether the child has said anything: the channel comes first.
        self._has_heard = self._has_channel = False
        self._spared = ""
        name(NAME)
        # What others have left in this memory is not to be ended here.
        gc.disable()
        self._arbiter = arbiter
        self._bell = _rings_for_children()
        self._poll = select.poll()
        for fd in (link.fileno(), arbiter, self._bell):
            if fd >= 0:
                self._poll.register(fd, select.POLLIN)

    def run(self) -> None:
        """Return when nothing of the child is left."""
        while not _has_ended(self._child) and self._may_go_on():
            pass
        ended = _kill(self._child)
        if not self._has_heard:
            # It may have ended just after it sent the channel.
            self._link.setblocking(False)
            with suppress(OSError):
                self._take_channel()
        self._say(f"ended {ended}")
        sweep(self._spared)
        self._say("gone")

    def _may_go_on(self) -> bool:
        """Wait until something happens. Returns False where the child is to end."""
        ready = {fd for fd, _ in self._poll.poll()}
        if self._bell in ready:
            with suppress(BlockingIOError):
                os.read(self._bell, 1024)
        if self._arbiter in ready:
            return False
        return self._link.fileno() not in ready or self._hear()

    def _hear(self) -> bool:
        if not self._has_channel:
            return self._take_channel()
        told = _received(self._link)
        for number in told:
            if number in HANDED_ON:
                os.kill(self._child, number)
        return bool(told)

    def _take_channel(self) -> bool:
        """Take the channel from the child. Returns False where that has ended before."""
        said, fds, _, _ = socket.recv_fds(self._link, 1, 1)
        self._has_heard = True
        self._poll.unregister(self._link)
        if not fds:
            return False
        self._link.close()
        self._link = socket.socket(fileno=fds[0])
        self._poll.register(self._link, select.POLLIN)
        self._has_channel = True
        self._spared = NAME if said == TEMPLATE else ""
        self._say(f"keeper {os.getpid()}")
        return True

    def _say(self, line: str) -> None:
        # An arbiter that is gone does not listen.
        with suppress(OSError):
            if self._has_channel:
                self._link.sendall(f"{line}\n".encode())


def _received(channel: socket.socket) -> bytes:
    """What came; nothing at its end, also where the arbiter went without having read."""
    try:
        return channel.recv(1024)
    except OSError:
        return b""


def _rings_for_children() -> int:
    """A descriptor that can be read when a child has ended."""
    bell, rings = os.pipe()
    for fd in (bell, rings):
        os.set_blocking(fd, False)
    for number in ALL - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(rings, warn_on_full_buffer=False)
    signal.pthread_sigmask(signal.SIG_SETMASK, ALL - {signal.SIGCHLD})
    return bell


def _has_ended(child: int) -> bool:
    """Whether the child is dead, though not yet waited for; the others that are dead are."""
    while found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        if found.si_pid == child:
            return True
        os.waitid(os.P_PID, found.si_pid, os.WEXITED)
    return False


def _kill(child: int) -> int:
    """Kill the child and its group, at once for all. Returns how it ended."""
    for kill in (os.killpg, os.kill):
        # It may not be a group's leader yet.
        with suppress(ProcessLookupError, PermissionError):
            kill(child, signal.SIGKILL)
    found = os.waitid(os.P_PID, child, os.WEXITED)
    assert found is not None
    return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status


def sweep(spared: str = "") -> None:
    """Kill what has come here, and what comes of that, until only those of a name are left."""
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGCHLD,))
    until_s = time.monotonic() + SWEEP_S
    while time.monotonic() < until_s:
        left = [pid for pid in children() if not spared or _name_of(pid) != spared]
        for pid in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            while os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG):
                pass
        if not left:
            return
        signal.sigtimedwait((signal.SIGCHLD,), LOOK_S)


def children() -> Iterator[int]:
    """The children of this process, the dead ones too."""
    own = os.getpid()
    try:
        with open(f"/proc/{own}/task/{own}/children") as found:
            yield from map(int, found.read().split())
    except FileNotFoundError:
        # A kernel without that list.
        names = os.listdir("/proc")
        yield from (int(name) for name in names if name.isdigit() and _parent_of(name) == own)


def _parent_of(pid: str) -> int:
    with suppress(FileNotFoundError, ProcessLookupError), open(f"/proc/{pid}/stat") as stat:
        return int(stat.read().rpartition(")")[2].split()[1])
    return 0


def _name_of(pid: int) -> str:
    with suppress(FileNotFoundError, ProcessLookupError), open(f"/proc/{pid}/comm") as comm:
        return comm.read().rstrip("\n")
    return ""
