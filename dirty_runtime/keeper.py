"""A process between the arbiter and one that it starts, by which a whole tree ends: its keeper.

    python keeper.py REPORT ARBITER WORD…

Rules: it runs by its path, without anything of ours. What the command starts, and what that starts,
comes to the keeper when its parent ends, whatever session or group it has made itself. When the
command ends, or the arbiter does or wants the end, all of the tree is killed; then the keeper ends.
It alone knows its children's numbers for certain, so it hands signals on. No other signal ends it:
those that a terminal or a service manager sends to everybody are for the arbiter to follow.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from contextlib import suppress

# One is started for each process: typing alone would take it a third longer to start.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
# By this signal the arbiter wants the end; the kernel sends it at the arbiter's own.
END: signal.Signals = getattr(signal, "SIGRTMIN", signal.SIGUSR2)
# These are handed on to the command: to reopen logs, and, as in `stacks`, to tell where it is.
HANDED_ON = (signal.SIGUSR1, int(getattr(signal, "SIGRTMIN", 0)) + 1)
ALL = signal.valid_signals()
# How long the tree is killed before what cannot die is left alone.
SWEEP_S = 5.0
LOOK_S = 0.01
NOT_STARTED = 127


def main(report: int, arbiter: int, command: list[str]) -> None:
    """Start the command, wait for its end, and end what it has started.

    Args:
        report: is told ``pid N`` and ``ended STATUS``, or ``failed ERRNO`` where it cannot start.
        arbiter: the process that started this one.
    """
    os.set_inheritable(report, False)
    _take_signals()
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    _prctl(PR_SET_PDEATHSIG, END)
    if os.getppid() != arbiter:
        return
    try:
        child = _start(command, report)
    except OSError as error:
        _say(report, f"failed {error.errno}")
        return
    _say(report, f"pid {child}")
    _close_all_but(report)
    _wait(child, arbiter)
    _say(report, f"ended {_kill(child)}")
    _sweep(time.monotonic() + SWEEP_S)


def _take_signals() -> None:
    """Have signals wait until they are looked at; what is started later is free of this."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ALL)
    for number in ALL - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _say(report: int, line: str) -> None:
    # An arbiter that is gone does not listen.
    with suppress(OSError):
        os.write(report, f"{line}\n".encode())


def _start(command: list[str], report: int) -> int:
    """Start the command, in a session of its own. Returns its number. Raises OSError."""
    keeper = os.getpid()
    child = os.fork()
    if child == 0:
        _become(command, report, keeper)
    return child


def _become(command: list[str], report: int, keeper: int) -> NoReturn:
    try:
        os.setsid()
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == keeper:
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            os.execvp(command[0], command)
    except OSError as error:
        _say(report, f"failed {error.errno}")
    finally:
        os._exit(NOT_STARTED)


def _close_all_but(report: int) -> None:
    """Close what the command has inherited, but for the standard streams."""
    os.closerange(3, report)
    os.closerange(report + 1, os.sysconf("SC_OPEN_MAX"))


def _wait(child: int, arbiter: int) -> None:
    """Return when the child has ended, or is to."""
    while not _has_ended(child) and os.getppid() == arbiter:
        told = signal.sigwaitinfo(ALL)
        if told.si_pid == arbiter:
            if told.si_signo == END:
                return
            if told.si_signo in HANDED_ON:
                os.kill(child, told.si_signo)


def _has_ended(child: int) -> bool:
    """Whether the child is dead, though not yet waited for; the others that are dead are."""
    while found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        if found.si_pid == child:
            return True
        os.waitpid(found.si_pid, 0)
    return False


def _kill(child: int) -> int:
    """Kill the child and its group, at once for all. Returns the child's wait status."""
    for kill in (os.killpg, os.kill):
        # It may not be a group's leader yet.
        with suppress(ProcessLookupError, PermissionError):
            kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def _sweep(until_s: float) -> None:
    """Kill what has come here, and what comes of that, until nothing is left."""
    while time.monotonic() < until_s:
        for pid in children():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
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


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
