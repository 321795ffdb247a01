"""The app of `benchmarks.byreference`, and what everybody does there with an array of bytes."""

from __future__ import annotations

from typing import Any

from dirty_runtime import Converters, DirtyApp


def sample(array: Any) -> Any:
    """A copy of each thousandth."""
    return array[::1000].copy()


def total(array: Any) -> int:
    """The sum of one in 65,536."""
    return int(array[::65536].sum())


ACTIONS = {"sample": sample, "total": total}


class Arrays(DirtyApp):
    """Reads some of an array."""

    converters = Converters(arrays=True)

    def sample(self, array: Any) -> Any:
        return sample(array)

    def total(self, array: Any) -> int:
        return total(array)

    def add(self, a: int, b: int) -> int:
        return a + b
