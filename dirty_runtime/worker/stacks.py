"""Where the threads and tasks of the worker are, told when its arbiter asks.

Rules: threads are told at once by a handler that needs no interpreter, which C code may hold; so is
what the worker dies of, if that is a fault. Tasks are told by their loop, when that answers. Nobody
waits for who is told. What an app forks is no worker, and tells nothing.
"""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from types import FrameType
from typing import Any

from ..stacks import ASK, MARK
from .loop import EventLoop

VARIABLE = "DIRTY_STACKS_FD"
MOST_TASKS = 200
MOST_FRAMES = 50
MOST_CHARACTERS = 30_000


class Stacks:
    """The end of the pipe on which the stacks are told; -1 where nobody asks.

    Args:
        loop: has the tasks.
    """

    def __init__(self, loop: EventLoop) -> None:
        self._loop = loop
        self._fd = int(os.environ.get(VARIABLE, "-1"))
        if self._fd < 0:
            return
        os.set_inheritable(self._fd, False)
        os.set_blocking(self._fd, False)
        faulthandler.enable(self._fd)
        signal.signal(ASK, self._asked)
        faulthandler.register(ASK, self._fd, all_threads=True, chain=True)
        self._write(b"")

    def leave_copy(self) -> None:
        """In a copy of this process: hold nothing of the pipe."""
        if self._fd >= 0:
            faulthandler.disable()
            faulthandler.unregister(ASK)
            with suppress(OSError, ValueError):
                signal.signal(ASK, signal.SIG_DFL)
                os.close(self._fd)
            self._fd = -1

    def _asked(self, number: int, frame: FrameType | None) -> None:
        names = {f"{one.ident or 0:#018x}": one.name for one in threading.enumerate()}
        self._tell("names", names)
        if not self._loop.call(self._tell_tasks):
            self._tell_tasks()

    def _tell_tasks(self) -> None:
        self._tell("tasks", tasks()[:MOST_CHARACTERS])

    def _tell(self, name: str, what: object) -> None:
        self._write(json.dumps({name: what}).encode())

    def _write(self, line: bytes) -> None:
        # Whoever asked may be gone, or not read.
        with suppress(OSError):
            os.write(self._fd, MARK + line + b"\n")


def tasks() -> str:
    """The tasks of the loop that runs here, each with what it awaits, the innermost first."""
    try:
        found = asyncio.all_tasks()
    except RuntimeError:
        return ""
    return "\n".join(_told(task) for task in list(found)[:MOST_TASKS])


def _told(task: asyncio.Task[Any]) -> str:
    lines = [
        f'  File "{frame.f_code.co_filename}", line {frame.f_lineno} in {frame.f_code.co_name}'
        for frame in _frames(task.get_coro())
    ]
    return "\n".join([f"Task {task.get_name()} (innermost first):", *reversed(lines)])


def _frames(awaited: Any) -> Iterator[FrameType]:
    """The frames of what is awaited, and of what that awaits, and so on."""
    for _ in range(MOST_FRAMES):
        for kind in ("cr", "gi", "ag"):
            frame = getattr(awaited, f"{kind}_frame", None)
            if frame is not None:
                yield frame
                inner = "yieldfrom" if kind == "gi" else "await"
                awaited = getattr(awaited, f"{kind}_{inner}")
                break
        else:
            # A step of an async generator does not say of which.
            held = gc.get_referents(awaited) if "async_generator" in str(type(awaited)) else ()
            awaited = next((one for one in held if hasattr(one, "ag_frame")), None)
        if awaited is None:
            return
