"""The signals that an arbiter has a meaning for, and the times in which they wait.

Rules: they wait until there is who follows them, and again when the end is under way: so none that
comes too soon, or once more, ends the process in between and leaves its files behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Iterator

log = logging.getLogger("dirty")

# These have no meaning for an arbiter; by default each would end it, and leave its files behind. A
# keeper has one of those that begin at SIGRTMIN for itself.
MEANINGLESS = frozenset(
    getattr(signal, name)
    for name in ("SIGALRM", "SIGVTALRM", "SIGPROF", "SIGIO", "SIGPWR", "SIGSTKFLT")
    if hasattr(signal, name)
) | frozenset(
    number
    for number in signal.valid_signals()
    if hasattr(signal, "SIGRTMIN") and number >= signal.SIGRTMIN
)
# While there are no workers, these ask for nothing; by default they would end or stop the process.
HARMLESS = MEANINGLESS | {
    signal.SIGHUP,
    signal.SIGTTIN,
    signal.SIGTTOU,
    signal.SIGUSR1,
    signal.SIGUSR2,
}
MEANT = HARMLESS | {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT}


def name_of(number: int) -> str:
    """Its name; of one that has none, how far it is from the first of those."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIGRTMIN+{number - signal.SIGRTMIN}"


def tell_of_meaningless(loop: asyncio.AbstractEventLoop) -> None:
    """Have those that mean nothing told in the log, and do nothing else."""
    for number in MEANINGLESS:
        loop.add_signal_handler(number, _has_no_meaning, number)


def _has_no_meaning(number: int) -> None:
    log.warning("%s has no meaning for an arbiter", name_of(number))


def hold() -> None:
    """Have them wait from now on, in this thread and those that it starts."""
    signal.pthread_sigmask(signal.SIG_BLOCK, MEANT)


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Have them wait; those that wait at the end have no meaning any more."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, MEANT)
    try:
        yield
    finally:
        while signal.sigtimedwait(MEANT, 0) is not None:
            pass
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def followed() -> Iterator[None]:
    """Have those come that wait: there is who follows them, until the end of the block."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, MEANT)
    try:
        yield
    finally:
        hold()
