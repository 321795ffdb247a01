"""The apps of `benchmarks.gathering`."""

from __future__ import annotations

import asyncio
import time

from dirty_runtime import DirtyApp, batched


class Naps(DirtyApp):
    """Coroutines that wait."""

    concurrency = 1000

    def init(self) -> None:
        self.count = 0

    async def nap(self, seconds: float) -> float:
        await asyncio.sleep(seconds)
        return seconds

    async def close_gate(self) -> None:
        self.gate = asyncio.Event()
        self.count = 0

    async def wait(self) -> None:
        self.count += 1
        await self.gate.wait()

    async def waiting(self) -> int:
        return self.count

    async def open_gate(self) -> None:
        self.gate.set()


class Model(DirtyApp):
    """Takes 5 ms, and 0.1 ms an item."""

    @batched(max_size=32, max_wait_s=0.005)
    def predict(self, items: list[int]) -> list[int]:
        time.sleep(0.005 + 0.0001 * len(items))
        return items
