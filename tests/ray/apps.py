"""Apps for a cluster whose nodes have resources ``a`` and ``b``."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, ClassVar

from dirty_runtime import DirtyApp, current_request


class OnA(DirtyApp):
    resources: ClassVar = {"a": 1}

    def init(self) -> None:
        print("the app is initialised")

    def echo(self, value: Any = None) -> Any:
        return value

    def where(self) -> list[Any]:
        import ray

        return [os.getpid(), ray.get_runtime_context().get_node_id()]

    def address(self) -> str:
        import ray

        return str(ray.util.get_node_ip_address())

    def environment(self, name: str) -> str | None:
        return os.environ.get(name)

    def count(self, number: int) -> Iterator[int]:
        yield from range(number)

    def blocks(self, number: int, size: int, made: str = "") -> Iterator[bytes]:
        for _ in range(number):
            if made:
                with open(made, "a") as counted:
                    counted.write(".")
            yield bytes(size)

    def until_cancelled(self, begun: str, ended: str) -> None:
        Path(begun).touch()
        while not current_request().cancelled:
            time.sleep(0.01)
        Path(ended).touch()

    def wait(self, seconds: float, begun: str = "") -> float:
        if begun:
            Path(begun).touch()
        time.sleep(seconds)
        return seconds

    def say(self, lines: str) -> None:
        os.write(int(os.environ["DIRTY_TRACE_FD"]), lines.encode())

    def die(self) -> None:
        os._exit(9)

    def die_and_leave_a_child(self, seconds: float) -> None:
        if os.fork() == 0:
            time.sleep(seconds)
            os._exit(0)
        os._exit(9)

    def fail(self) -> None:
        raise ValueError("it fails")


class OnB(OnA):
    resources: ClassVar = {"b": 1}


class OnC(OnA):
    resources: ClassVar = {"c": 1}


class Many(DirtyApp):
    """Takes many calls at once."""

    resources: ClassVar = {"a": 1}
    concurrency = 64

    async def echo(self, value: Any = None) -> Any:
        await asyncio.sleep(0)
        return value

    async def count(self, number: int) -> AsyncIterator[int]:
        for one in range(number):
            yield one
