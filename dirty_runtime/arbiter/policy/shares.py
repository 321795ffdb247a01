"""How many each holds of what there is, and who holds more than the others: pure.

Rules: an equal share is what all hold together, by how many hold some. A step costs the same
however many hold how much.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from typing import Generic, TypeVar

P = TypeVar("P", bound=Hashable)


class Shares(Generic[P]):
    """What peers hold, counted one by one."""

    def __init__(self) -> None:
        self._of: dict[P, int] = {}
        self._all = 0
        # Who holds how many, and the most that one holds.
        self._holders: defaultdict[int, dict[P, None]] = defaultdict(dict)
        self._most = 0

    def of(self, peer: P) -> int:
        """How many it holds."""
        return self._of.get(peer, 0)

    def take(self, peer: P) -> None:
        """It holds one more."""
        self._change(peer, 1)
        self._most = max(self._most, self._of[peer])

    def leave(self, peer: P) -> None:
        """It holds one less."""
        self._change(peer, -1)
        if not self._holders.get(self._most):
            self._most -= 1

    def largest(self) -> P | None:
        """Who holds the most, if that is more than an equal share."""
        if self._most * len(self._of) <= self._all:
            return None
        return next(iter(self._holders[self._most]))

    def _change(self, peer: P, by: int) -> None:
        before = self._of.pop(peer, 0)
        if before:
            del self._holders[before][peer]
            if not self._holders[before]:
                del self._holders[before]
        if before + by:
            self._of[peer] = before + by
            self._holders[before + by][peer] = None
        self._all += by
