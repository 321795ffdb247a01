"""What whoever starts an arbiter hands on to it, set right before anything else is done.

Rules: workers, inspectors and what they start get it from here. The standard streams are open, so
that no file becomes one by chance. No signal is ignored, but those that Python itself
ignores, and HUP until it has a handler: so that `nohup` holds till then; and none is blocked but
those that wait for their handlers, which a keeper sets free again. Files that are made can
be opened again by their owner.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress

from .signals import HARMLESS

KEPT_IGNORED = frozenset((signal.SIGPIPE, signal.SIGXFSZ, signal.SIGHUP))
OWNER = 0o700


def set_right() -> None:
    """Set right what this process has inherited; for its main thread, once."""
    _open_standard_streams()
    _free_signals()
    mask = os.umask(0o077)
    os.umask(mask & ~OWNER)


def _open_standard_streams() -> None:
    """Have each that is closed lead nowhere."""
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            # The lowest number that is free is this one.
            with suppress(OSError):
                os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115


def _free_signals() -> None:
    for number in signal.valid_signals() - KEPT_IGNORED:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, HARMLESS)
