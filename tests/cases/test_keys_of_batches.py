"""Keys that callers choose: nothing is kept of those of whom nobody waits.

Rules: the gatherer is real, its lane and its calls are played.
"""

from __future__ import annotations

import asyncio
import weakref
from functools import partial
from types import SimpleNamespace
from typing import Any

from dirty_runtime.batches import Batch
from dirty_runtime.worker.gatherer import Gatherer


class Key(str):
    """May be looked after whether it is still there."""

    __slots__ = ("__weakref__",)


class Call:
    span: Any = None

    def __init__(self, item: str) -> None:
        self.request = SimpleNamespace(args=(item,), kwargs={}, action="act", trace=None)


class Lane:
    """Answers nobody."""

    is_full = False

    def is_open(self, call: Call) -> bool:
        return True

    def finish(self, call: Call, result: object = None, *, failure: object = None) -> None: ...

    def fail(self, call: Call, error: BaseException) -> None:
        raise error


def test_a_key_is_kept_as_long_as_somebody_of_it_waits() -> None:
    there: weakref.WeakSet[Key] = weakref.WeakSet()
    begins, ends = asyncio.Event(), asyncio.Event()

    def key(item: str) -> Key:
        there.add(found := Key(item))
        return found

    async def act(self: object, items: list[str]) -> list[str]:
        begins.set()
        await ends.wait()
        return items

    async def test() -> None:
        batch = Batch(act, 8, 0.0, None, key)
        lane: Any = Lane()
        gatherer = Gatherer(lane, batch, partial(act, None), lambda item: item, lambda given: given)
        calls: list[Any] = [Call(f"{number}") for number in range(60)]
        gatherer.put(calls[0])
        await begins.wait()
        for call in calls[1:]:
            gatherer.put(call)
        same: Any = Call("1")
        gatherer.put(same)
        assert sorted(there) == sorted(f"{number}" for number in range(1, 60))
        # One waits all the time, so that there is always something to keep.
        for call in calls[1:-1]:
            gatherer.cancel(call)
        assert sorted(there) == ["1", "59"]
        gatherer.cancel(same)
        assert list(there) == ["59"]
        ends.set()
        while there:
            await asyncio.sleep(0)

    asyncio.run(test())
