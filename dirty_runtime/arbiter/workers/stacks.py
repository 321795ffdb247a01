"""Where a worker's threads and tasks are, as its process tells: see `dirty_runtime.stacks`.

Rules: one is asked by a signal, if it has said that it can be. Who asks is told what came within
LIMIT_S, be it nothing; those who ask at once are told the same. What came unasked is what it died
of.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from ...stacks import FATAL, MARK

# A thread of the worker may hold its interpreter for so long.
LIMIT_S = 0.5
PART_BYTES = 64 * 1024
# What is kept of what came.
MOST_BYTES = 256 * 1024
THREAD = re.compile(r"hread (0x[0-9a-f]+)")
TASKS = MARK + b'{"tasks"'


class Stacks(NamedTuple):
    """What a worker told: `tasks` is None where nobody answered."""

    threads: str = ""
    tasks: str | None = None


Told = Callable[[Stacks], object]


class StackPipe:
    """The arbiter's end of the pipe.

    Args:
        source: its descriptor, which is closed by `close`.
    """

    def __init__(self, source: int) -> None:
        self._source = source
        self._said = b""
        self._can_be_asked = False
        self._asking: list[Told] = []
        self._limit: asyncio.TimerHandle | None = None

    def ask(self, send: Callable[[], object], told: Told) -> None:
        """Have the running event loop call `told` with what the worker says; `send` asks it."""
        if not self._asking:
            if self._source >= 0:
                self._read()
            if not self._can_be_asked:
                told(Stacks())
                return
            self._said = b""
            loop = asyncio.get_running_loop()
            loop.add_reader(self._source, self._heard)
            self._limit = loop.call_later(LIMIT_S, self._tell)
            send()
        self._asking.append(told)

    def died_of(self) -> str:
        """The stacks of a worker that ended by a fault; empty if it did not."""
        self._read()
        found = self._said.decode(errors="replace").rpartition(FATAL)
        return "" if not found[1] else "".join(found[1:]).split("\nExtension modules:")[0].strip()

    def close(self) -> None:
        """Ask no more; who still does is told what came."""
        if self._asking:
            self._tell()
        os.close(self._source)
        self._source, self._can_be_asked = -1, False

    def _heard(self) -> None:
        if not self._read() or (TASKS in self._said and self._said.endswith(b"\n")):
            self._tell()

    def _read(self) -> bool:
        """Take what a pipe holds: who goes on writing is not waited for. Returns whether more may
        come.
        """
        try:
            part = os.read(self._source, PART_BYTES)
        except BlockingIOError:
            return True
        self._said = (self._said + part)[-MOST_BYTES:]
        if self._said.startswith(MARK + b"\n"):
            self._can_be_asked, self._said = True, self._said[2:]
        return bool(part)

    def _tell(self) -> None:
        asyncio.get_running_loop().remove_reader(self._source)
        if self._limit is not None:
            self._limit.cancel()
        asking, self._asking = self._asking, []
        stacks, self._said = read(self._said), b""
        for told in asking:
            told(stacks)


def read(said: bytes) -> Stacks:
    """What was told by these bytes."""
    head, *lines = said.split(MARK)
    answer: dict[str, Any] = {}
    # A worker in trouble may say anything.
    with suppress(ValueError, TypeError):
        for line in lines:
            answer |= json.loads(line)
    names, tasks = answer.get("names"), answer.get("tasks")

    def named(found: re.Match[str]) -> str:
        name = names.get(found[1]) if isinstance(names, dict) else None
        return f"{found[0]} {name}" if name else found[0]

    threads = THREAD.sub(named, head.decode(errors="replace").strip())
    return Stacks(threads, tasks if isinstance(tasks, str) else None)
