"""Copies of the worker that an app makes by forking.

Rules: a copy has no lane, so it answers nothing and holds nothing open. It may run the app's code,
and ends where that returns to ours. What forks behind Python's back is told too: by a page of
memory that the kernel clears in a copy, or by its number, for which the system must be asked.
"""

from __future__ import annotations

import mmap
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from ..failure import describe, place
from ..line_writer import write_line
from ..printable import printable

# How long its last word waits for whoever reads standard error.
TELL_S = 0.5
# Of Linux: clear the pages in a child. And what means nothing.
MADV_WIPEONFORK = 18
MADV_NONSENSE = -1

T = TypeVar("T")


class Mark:
    """Tells a process from its copies.

    Attributes:
        pid: the number of the process.
        is_here: true in that process, and in no copy of it.
    """

    def __init__(self) -> None:
        self.is_here: Callable[[], object] = self._has_number
        self._page: mmap.mmap | None = None
        if sys.platform == "linux":
            page = mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            if _takes(page, MADV_WIPEONFORK) and not _takes(page, MADV_NONSENSE):
                self._page, self.is_here = page, partial(page.__getitem__, 0)
        self.take()

    def take(self) -> None:
        """Take this process, which may have been forked itself, for the one that is meant."""
        self.pid = os.getpid()
        if self._page is not None:
            self._page[0] = 1

    def _has_number(self) -> bool:
        return os.getpid() == self.pid


def _takes(page: mmap.mmap, advice: int) -> bool:
    """Whether the system does so; what only looks like Linux may take any, and do nothing."""
    try:
        page.madvise(advice)
    except OSError:
        return False
    return True


WORKER = Mark()
is_worker = WORKER.is_here
take_for_worker = WORKER.take


def end_copy(what: str, error: BaseException | None = None) -> None:
    """End this process if it is a copy; the worker goes on.

    Args:
        what: whose code has come to its end.
        error: what that raised.
    """
    if is_worker():
        return
    code, outcome = _outcome(error)
    if outcome:
        made = f"process {os.getpid()}, forked in worker {WORKER.pid} by {what}, ends"
        write_line(printable(f"{made}: {outcome}"), TELL_S)
    for stream in (sys.stdout, sys.stderr):
        with suppress(BaseException):
            stream.flush()
    os._exit(code)


def in_worker(what: str, call: Callable[[], T]) -> T:
    """What the call gives, in the worker; a copy of it that comes back from there ends."""
    try:
        given = call()
    except BaseException as error:
        end_copy(what, error)
        raise
    end_copy(what)
    return given


def _outcome(error: BaseException | None) -> tuple[int, str]:
    """With what it exits, and why; no reason where it was told to."""
    if error is None:
        return 0, "its code came back from there; os._exit() ends it before"
    if isinstance(error, SystemExit) and (error.code is None or isinstance(error.code, int)):
        return (error.code or 0) & 0xFF, ""
    return 1, f"{describe(error)}{place(error)}"
