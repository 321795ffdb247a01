"""A worker that stands in a Ray cluster, behind a bridge, which is a process of this machine.

Rules: the arbiter neither imports Ray nor connects to it: the bridge does, and says on its trace
how its worker is. One that waits for a place is no failure of an app, however long that takes; nor
is the end of one whose actor or cluster was lost.
"""

from __future__ import annotations

from collections.abc import Callable

from ...printable import printable
from .process import Fds, Kept, LocalProcess, Memory

REASON_CHARACTERS = 400


class RayProcess(LocalProcess):
    """A bridge, and the worker behind it.

    Attributes:
        waits: why the worker has no place yet; empty when it has one.
        may_have_place: whether others who leave would give it one.
        node: where it is; empty while it is nowhere.
        actor: by which Ray knows it.
    """

    def __init__(self, start: Callable[[Fds], Kept]) -> None:
        super().__init__(start, takes_signals=False)
        self.waits = self.node = self.actor = self._end = ""
        self.may_have_place = self._is_lost = False
        self._moved: Callable[[], None] | None = None

    def when_moved(self, told: Callable[[], None]) -> None:
        """Have the running event loop call `told` when it waits, or has found a place."""
        self._moved = told

    def ending(self) -> str:
        return self._end or super().ending()

    def is_victim(self) -> bool:
        return bool(self._end) or not self.node or super().is_victim()

    @property
    def is_blameless(self) -> bool:
        """Whether it never had a place, or its node or its cluster is gone; for one that is."""
        return self._is_lost or not self.node

    def rss_bytes(self) -> int:
        # The bridge's says nothing of the worker.
        return 0

    def memory(self) -> Memory | None:
        return None

    def _traced(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word in ("died", "lost"):
            self._end = printable(rest, at_most=REASON_CHARACTERS)
            self._is_lost = word == "lost"
        elif word in ("waits", "busy"):
            self.waits = printable(rest, at_most=REASON_CHARACTERS)
            self.may_have_place = word == "busy"
            self._tell_moved()
        elif word == "placed":
            self.node, _, self.actor = rest.partition(" ")
            self.waits, self.may_have_place = "", False
            self._tell_moved()
        else:
            super()._traced(line)

    def _tell_moved(self) -> None:
        if self._moved is not None:
            self._moved()
