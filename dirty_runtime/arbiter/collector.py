"""What Python's garbage collector looks at, which stops the event loop meanwhile.

Rules: what is there at the start stays, and is not looked at. What comes then is, as long as it is
little; of much, as with thousands of clients, only the young are: the others are taken to stay too.
So nobody makes a collection long by having much kept. What is over goes by its references: nothing
of ours is a cycle then, and waits for the collector.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager

# Objects that are looked at again and again, which takes a few milliseconds.
LITTLE = 10_000
OLDEST = 2


@contextmanager
def bounded() -> Iterator[None]:
    """Bound how long the collector stops the running event loop."""
    loop = asyncio.get_running_loop()

    def collected(phase: str, info: dict[str, int]) -> None:
        # Of the middle generation, as some 8,000 objects came. It may be a thread that had it run.
        if phase == "stop" and info["generation"] == OLDEST - 1:
            loop.call_soon_threadsafe(collect)

    gc.collect()
    gc.freeze()
    gc.callbacks.append(collected)
    try:
        yield
    finally:
        gc.callbacks.remove(collected)
        gc.unfreeze()


def collect() -> None:
    """Look at what may not stay; what has survived that stays, if it is much."""
    gc.collect()
    if len(gc.get_objects(OLDEST)) > LITTLE:
        gc.freeze()
