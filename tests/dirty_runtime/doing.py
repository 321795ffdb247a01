"""An app that can be caught at what it does: at Python, at C code, at tasks."""

from __future__ import annotations

import asyncio
import ctypes
import re
import threading
from collections.abc import AsyncIterator, Iterator

import dirty_runtime


class Doing(dirty_runtime.DirtyApp):
    """Actions that do not end by themselves."""

    def wait_here(self) -> None:
        threading.Event().wait()

    def hold_the_interpreter(self) -> None:
        re.match(r"(a+)+$", "a" * 60 + "b")

    async def wait_in_a_task(self) -> None:
        await self.inner_task()

    async def inner_task(self) -> None:
        await asyncio.Event().wait()

    async def stream_in_a_task(self) -> AsyncIterator[int]:
        async for item in self.inner_stream():
            yield item

    async def inner_stream(self) -> AsyncIterator[int]:
        yield 1
        await asyncio.Event().wait()

    def once(self) -> Iterator[int]:
        yield 1

    def crash(self) -> None:
        ctypes.string_at(0)
