"""Copies of the worker that an app makes by forking.

Rules: a copy has no lane, so it answers nothing and holds nothing open. It may run the app's code,
and ends where that returns to ours. What forks behind Python's back is told by its number.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from ..failure import describe, place
from ..line_writer import write_line
from ..printable import printable

WORKER_PID = os.getpid()
# How long its last word waits for whoever reads standard error.
TELL_S = 0.5


def end_copy(what: str, error: BaseException | None = None) -> None:
    """End this process if it is a copy; the worker goes on.

    Args:
        what: whose code has come to its end.
        error: what that raised.
    """
    if os.getpid() == WORKER_PID:
        return
    code, outcome = _outcome(error)
    if outcome:
        made = f"process {os.getpid()}, forked in worker {WORKER_PID} by {what}, ends"
        write_line(printable(f"{made}: {outcome}"), TELL_S)
    for stream in (sys.stdout, sys.stderr):
        with suppress(BaseException):
            stream.flush()
    os._exit(code)


def _outcome(error: BaseException | None) -> tuple[int, str]:
    """With what it exits, and why; no reason where it was told to."""
    if error is None:
        return 0, "its code came back from there; os._exit() ends it before"
    if isinstance(error, SystemExit) and (error.code is None or isinstance(error.code, int)):
        return (error.code or 0) & 0xFF, ""
    return 1, f"{describe(error)}{place(error)}"
