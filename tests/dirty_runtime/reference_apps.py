"""Apps whose arguments and answers go by reference."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np

from dirty_runtime import Converters, DirtyApp, batched
from dirty_runtime.sockets.borrowed import MAPPINGS


class Arrays(DirtyApp):
    """Takes and gives large arrays and bytes."""

    converters = Converters(arrays=True)
    kept: Any = None

    def first(self, array: Any) -> Any:
        return [int(array[0]), int(array[-1]), len(array), bool(array.flags.writeable)]

    def told(self, data: Any) -> Any:
        return [type(data).__name__, len(data), data[-1]]

    def zeros(self, count: int) -> Any:
        return np.zeros(count, "u1")

    def blob(self, count: int) -> bytes:
        return b"x" * count

    def counted(self, count: int, times: int) -> Iterator[Any]:
        for number in range(times):
            yield np.full(count, number % 256, "u1")

    def reused(self, count: int, times: int) -> Iterator[Any]:
        """Changes what it has given."""
        array = np.zeros(count, "u1")
        for number in range(times):
            array[:] = number % 256
            yield array

    def where(self, array: Any) -> Any:
        return array.__array_interface__["data"][0]

    def mapped(self) -> int:
        """How many mappings are kept of memory that was lent."""
        return len(MAPPINGS._kept) + len(MAPPINGS._back)

    def collect_nothing(self) -> None:
        gc.collect()
        gc.disable()

    def in_use(self) -> int:
        """How much memory that was lent somebody still has a view of."""
        return len(MAPPINGS._used)

    def keep(self, array: Any) -> None:
        self.kept = array

    def let_go(self) -> Any:
        """What is kept, in short."""
        kept, self.kept = self.kept, None
        return [int(kept[0]), int(kept[-1]), int(kept.sum())]

    def same(self, array: Any) -> Any:
        return array

    def parts(self, array: Any, count: int) -> Iterator[Any]:
        """Its parts, one by one; all of it is kept."""
        self.kept = array
        yield from np.split(array, count)

    def fail(self, array: Any) -> None:
        raise ValueError("no")

    def parts_and_fail(self, array: Any) -> Iterator[Any]:
        yield int(array[0])
        raise ValueError("no")

    def die(self, array: Any) -> None:
        os.kill(os.getpid(), 9)

    def descriptors(self) -> int:
        return sum("memfd:gd" in where for where in targets(os.getpid()))


class Wide(Arrays):
    """As that, many calls at once."""

    concurrency = 8

    @batched(max_size=4, max_wait_s=0.05)
    def sums(self, arrays: list[Any]) -> list[Any]:
        self.kept = arrays[0]
        return [int(array.sum()) for array in arrays]

    async def awaited_and_failed(self, array: Any) -> None:
        await asyncio.sleep(0)
        raise ValueError("no")

    async def streamed_and_failed(self, array: Any) -> AsyncIterator[Any]:
        yield int(array[0])
        raise ValueError("no")

    @batched(max_size=4, max_wait_s=0)
    def gathered_and_failed(self, arrays: list[Any]) -> list[Any]:
        raise ValueError("no")

    async def summed(self, array: Any) -> Any:
        await asyncio.sleep(0)
        return int(array.sum())

    async def halves(self, array: Any) -> AsyncIterator[Any]:
        for half in np.split(array, 2):
            yield int(half.sum())

    async def awaited(self, array: Any) -> Any:
        """As `keep`, in a coroutine that reads on."""
        self.kept = array
        await asyncio.sleep(0)
        return int(array.sum())

    async def streamed(self, count: int, times: int) -> AsyncIterator[Any]:
        for number in range(times):
            yield np.full(count, number % 256, "u1")


class Plain(DirtyApp):
    """Converts nothing."""

    def echo(self, value: Any) -> Any:
        return value


def targets(pid: int) -> list[str]:
    """What the descriptors of a process are of."""
    folder, found = f"/proc/{pid}/fd", []
    for name in os.listdir(folder):
        try:
            found.append(os.readlink(f"{folder}/{name}"))
        except FileNotFoundError:
            continue
    return found
