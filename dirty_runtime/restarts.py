"""When a worker that died is started again: pure, the clock is handed in.

Rules: the wait doubles with every death from `first_s` to `longest_s`; a worker that has lived
for `longest_s` starts over.
"""

from __future__ import annotations


class Backoff:
    """The waits between the starts of one slot's workers, in seconds."""

    def __init__(self, first_s: float = 0.1, longest_s: float = 30.0) -> None:
        self.first_s = first_s
        self.longest_s = longest_s
        self._wait_s = first_s

    def died(self, lived_s: float) -> float:
        """A worker died after `lived_s` of service. Returns how long to wait."""
        if lived_s >= self.longest_s:
            self._wait_s = self.first_s
        wait_s = self._wait_s
        self._wait_s = min(self.longest_s, wait_s * 2)
        return wait_s
