"""Why workers are replaced, and how long a slot waits for its next one: pure.

Rules: a worker that has answered a call is replaced at once. For others the wait doubles with every
death from `first_s` to `longest_s`, until one has.
"""

from __future__ import annotations

from enum import StrEnum


class Cause(StrEnum):
    """Why a worker is replaced."""

    RELOAD = "reload"
    APPS = "apps"  # It lacks an app that it should serve, or has one too many.
    AGE = "age"
    CALLS = "calls"
    MEMORY = "memory"
    ASKED = "asked"  # By itself, or by a signal to it.
    OPERATOR = "operator"
    SILENCE = "silence"
    RAN = "ran"  # A call ran longer than it may, and did not end when that was told.
    CANCEL = "cancel"  # A call was given up whose app ends its worker for that.
    FAULT = "fault"  # It broke the protocol, or its lane.
    OOM = "oom"  # The kernel has killed it for want of memory.
    DIED = "died"


class Backoff:
    """The waits between the starts of one slot's workers, in seconds."""

    def __init__(self, first_s: float = 0.1, longest_s: float = 10.0) -> None:
        self.first_s = first_s
        self.longest_s = longest_s
        self._wait_s = first_s

    def died(self, has_served: bool) -> float:
        """A worker died. Returns how long to wait."""
        if has_served:
            self._wait_s = self.first_s
            return 0.0
        wait_s = self._wait_s
        self._wait_s = min(self.longest_s, wait_s * 2)
        return wait_s
