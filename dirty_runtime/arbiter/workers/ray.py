"""A worker that stands in a Ray cluster, behind a bridge, which is a process of this machine.

Rules: the arbiter neither imports Ray nor connects to it: the bridge does, and says on its trace
how its worker is. Where it is, is heard until it has a place: later its apps alone could say it.
One that waits for a place is no failure of an app, however long that takes; nor is the end of one
whose actor or cluster was lost.
"""

from __future__ import annotations

from collections.abc import Callable

from ...printable import printable
from .process import Fds, Kept, LocalProcess, Memory, Placement

REASON_CHARACTERS = 400
# One that never had a place, or has lost it, ended for what its apps had no part in.
NOWHERE = Placement(is_blameless=True)


class RayProcess(LocalProcess):
    """A bridge, and the worker behind it."""

    def __init__(self, start: Callable[[Fds], Kept]) -> None:
        super().__init__(start, takes_signals=False)
        self.placement = NOWHERE
        self._end = ""
        self._moved: Callable[[], None] | None = None

    def when_moved(self, told: Callable[[], None]) -> None:
        self._moved = told

    def ending(self) -> str:
        return self._end or super().ending()

    def is_victim(self) -> bool:
        return bool(self._end) or not self.placement.node or super().is_victim()

    def rss_bytes(self) -> int:
        # The bridge's says nothing of the worker.
        return 0

    def memory(self) -> Memory | None:
        return None

    def _traced(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word in ("died", "lost"):
            self._end = printable(rest, at_most=REASON_CHARACTERS)
            if word == "lost":
                self.placement = self.placement._replace(is_blameless=True)
        elif word in ("waits", "busy", "placed") and self.placement.node:
            return
        elif word in ("waits", "busy"):
            waits = printable(rest, at_most=REASON_CHARACTERS)
            self._move(self.placement._replace(waits=waits, waits_for_others=word == "busy"))
        elif word == "placed":
            node, _, actor = rest.partition(" ")
            self._move(Placement(node, actor))
        else:
            super()._traced(line)

    def _move(self, placement: Placement) -> None:
        self.placement = placement
        if self._moved is not None:
            self._moved()
