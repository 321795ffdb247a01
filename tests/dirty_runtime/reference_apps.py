"""Apps whose arguments and answers go by reference."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np

from dirty_runtime import Converters, DirtyApp


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
            yield np.full(count, number, "u1")

    def reused(self, count: int, times: int) -> Iterator[Any]:
        """Changes what it has given."""
        array = np.zeros(count, "u1")
        for number in range(times):
            array[:] = number
            yield array

    def fail(self, array: Any) -> None:
        raise ValueError("no")

    def die(self, array: Any) -> None:
        os.kill(os.getpid(), 9)

    def descriptors(self) -> int:
        return sum("memfd:gd" in where for where in targets(os.getpid()))


class Wide(Arrays):
    """As that, many calls at once."""

    concurrency = 8

    async def streamed(self, count: int, times: int) -> AsyncIterator[Any]:
        for number in range(times):
            yield np.full(count, number, "u1")


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
