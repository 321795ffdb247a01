"""The end of a worker, which waits for what apps have left, but not for long.

Rules: `close` of the apps gets the time of a setting; after it threads, pools, children and exit
handlers get LEFT_S. Who takes longer is named in the log, and the process ends without it.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from .log import LOG

# How long what apps started may run on behind their `close`.
LEFT_S = 2.0
# How long the last lines wait for whoever takes them.
FLUSH_S = 0.5
MOST_NAMED = 5


@contextmanager
def within(limit_s: float, doing: Callable[[], str]) -> Iterator[None]:
    """End the process if the block takes longer; `doing` says what it waits for then."""
    over = threading.Event()
    end_after(limit_s, doing, over)
    yield
    over.set()


def end_after(limit_s: float, doing: Callable[[], str], over: threading.Event) -> None:
    """End the process in so many seconds, with a line that says why, unless it is `over`."""

    def watch() -> None:
        if not over.wait(min(limit_s, threading.TIMEOUT_MAX)):
            LOG.say("WARNING", f"the worker ends and waits no longer for {doing()}")
            leave(0)

    threading.Thread(target=watch, name="end", daemon=True).start()


def leave(code: int) -> None:
    """End the process now; what was said is written."""
    LOG.close(FLUSH_S)
    with suppress(BaseException):
        sys.stdout.flush()
    os._exit(code)


def left() -> str:
    """What still runs: threads by their names and places, or what the main thread does."""
    frames = sys._current_frames()
    main = threading.main_thread()
    threads = [one for one in threading.enumerate() if not one.daemon and one is not main]
    joined = _joined(frames.get(main.ident or 0))
    if isinstance(joined, threading.Thread) and joined not in threads:
        threads.append(joined)
    named = [f"thread {one.name}{_place(frames.get(one.ident or 0))}" for one in threads]
    if len(named) > MOST_NAMED:
        named[MOST_NAMED:] = [f"{len(named) - MOST_NAMED} more"]
    if joined is not None and not named:
        return f"process {joined.name}"
    return ", ".join(named) or f"an exit handler{_place(frames.get(main.ident or 0))}"


def _joined(frame: FrameType | None) -> Any:
    """The thread or child that is waited for there, if one is."""
    while frame is not None:
        one = frame.f_locals.get("self")
        if frame.f_code.co_name == "join" and hasattr(one, "name"):
            return one
        frame = frame.f_back
    return None


def _place(frame: FrameType | None) -> str:
    return f" (at {frame.f_code.co_filename}:{frame.f_lineno})" if frame else ""
