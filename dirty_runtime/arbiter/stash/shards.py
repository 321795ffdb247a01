"""A mapping of any size, each step of which takes a short time.

Rules: a dict that grows moves all that it holds, and one that goes away frees it all, in one step.
So what is too much for one dict is spread over many, by the hashes of the keys, which no caller
can foresee. A key never moves from one to another, but for once: when there is one dict no longer.
Few keys keep the order in which they came, many have none.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from sys import getsizeof
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

# Keys that one dict holds before there are many.
FEW = 4096
SHARDS = 256
# A dict looks at the lowest bits of a hash, which shall differ within it.
SHIFT = 40
# A dict that takes more than the first, and than the second for each of its keys, is made anew.
SPARE_BYTES = 512
SPARSE_BYTES = 120


class Shards(Generic[K, V]):
    """A mapping."""

    __slots__ = ("_dicts", "_size")

    def __init__(self) -> None:
        self._dicts: list[dict[K, V]] = [{}]
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __contains__(self, key: object) -> bool:
        return key in self._of(key)

    def get(self, key: K) -> V | None:
        """The value of the key, None where it has none."""
        return self._of(key).get(key)

    def put(self, key: K, value: V) -> None:
        """Have the value under the key."""
        there = self._of(key)
        self._size -= len(there)
        there[key] = value
        self._size += len(there)
        if len(there) > FEW and len(self._dicts) == 1:
            self._spread()

    def pop(self, key: K) -> V | None:
        """Take out the value of the key; None where it has none."""
        value = self._of(key).pop(key, None)
        if value is not None:
            self._size -= 1
            self._shrink(self._index(key))
        return value

    def pages(self) -> Iterator[list[K]]:
        """The keys, some at a time: what comes or goes meanwhile may be among them or not."""
        dicts = self._dicts
        for one in dicts:
            yield list(one)

    def pages_from(self, key: K) -> Iterator[list[K]]:
        """As `pages`, without those of which all keys are before this one, in order of `place`."""
        for one in self._dicts[self._index(key) :]:
            yield list(one)

    def take_apart(self) -> Iterator[tuple[K, V]]:
        """Take out one entry after the other, to the last."""
        for one in self._dicts:
            while one:
                self._size -= 1
                yield one.popitem()

    def _index(self, key: object) -> int:
        return 0 if len(self._dicts) == 1 else hash(key) >> SHIFT & SHARDS - 1

    def _of(self, key: object) -> dict[K, V]:
        return self._dicts[self._index(key)]

    def _spread(self) -> None:
        (all_,), self._dicts = self._dicts, [{} for _ in range(SHARDS)]
        for key, value in all_.items():
            self._of(key)[key] = value

    def _shrink(self, index: int) -> None:
        """Give back what is not needed any more: a dict keeps its size by itself.

        Whoever goes through the pages still has the dicts that were.
        """
        one = self._dicts[index]
        if len(self._dicts) > 1 and self._size < FEW // 4:
            self._dicts = [{key: one[key] for one in self._dicts for key in one}]
        elif getsizeof(one) > SPARE_BYTES + SPARSE_BYTES * len(one):
            self._dicts[index] = dict(one.items())


def place(key: Hashable) -> int:
    """Where a key is in an order that no caller can foresee, however many there are."""
    value = hash(key)
    return (value >> SHIFT & SHARDS - 1) << SHIFT | value & (1 << SHIFT) - 1
