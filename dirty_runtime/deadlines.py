"""Deadlines of many things at once: pure, the clock is handed in.

Rules: setting and dropping one costs no system call; what was dropped is forgotten before it
outweighs what is set. Most are dropped before anybody asks which is the first: only what is there
then gets its place among the others.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Deadlines(Generic[T]):
    """Things and the times, in seconds of one monotonic clock, at which they are due."""

    def __init__(self) -> None:
        # What has no place yet.
        self._new: dict[T, float] = {}
        self._heap: list[tuple[float, int, T]] = []
        self._due_s: dict[T, float] = {}
        self._count = 0

    def __len__(self) -> int:
        return len(self._new) + len(self._due_s)

    def set(self, thing: T, due_s: float) -> None:
        """`thing`, which has no deadline yet, is due at `due_s`."""
        self._new[thing] = due_s

    def drop(self, thing: T) -> None:
        """`thing` is due no more. Nothing happens when it was not."""
        if self._new.pop(thing, None) is None and self._due_s.pop(thing, None) is not None:
            self._forget()

    def _forget(self) -> None:
        if len(self._heap) > 64 + 2 * len(self._due_s):
            self._heap = [entry for entry in self._heap if self._is_set(entry)]
            heapify(self._heap)

    def next_s(self) -> float | None:
        """When the first one is due, or None."""
        if self._new:
            self._place()
        while self._heap and not self._is_set(self._heap[0]):
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now_s: float) -> Iterator[T]:
        """Those that are due by `now_s`, the earliest first; they have no deadline after."""
        while (next_s := self.next_s()) is not None and next_s <= now_s:
            _, _, thing = heappop(self._heap)
            del self._due_s[thing]
            yield thing

    def _place(self) -> None:
        new, self._new = self._new, {}
        self._due_s |= new
        for thing, due_s in new.items():
            self._count += 1
            heappush(self._heap, (due_s, self._count, thing))

    def _is_set(self, entry: tuple[float, int, T]) -> bool:
        return self._due_s.get(entry[2]) == entry[0]
