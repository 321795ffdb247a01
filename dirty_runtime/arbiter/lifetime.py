"""Where an arbiter stands between its start and its end."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from ..errors import DirtyNoWorkersAvailableError

STOPS = "the arbiter is stopping"


class StartError(Exception):
    """The arbiter could not start; the message is one line that says why."""


def stops(begun: bool | None = False) -> DirtyNoWorkersAvailableError:
    """What is told of what an arbiter that stops waits for no longer.

    Args:
        begun: False where another arbiter may do it: nothing of it has begun.
    """
    return DirtyNoWorkersAvailableError(None, STOPS, STOPS, begun)


class Phase(StrEnum):
    """What an arbiter does; each phase is followed by the next, and some may be passed over."""

    STARTING = "starting"
    """No worker has been ready yet."""
    SERVING = "serving"
    DRAINING = "draining"
    """It takes no new calls; those that run and wait get their time."""
    STOPPING = "stopping"
    """Its workers end."""


class Lifetime:
    """The phase, and when it began or must end, in seconds of `clock`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.phase = Phase.STARTING
        self.started_s = clock()
        self.drained_by_s: float | None = None
        self._clock = clock

    @property
    def uptime_s(self) -> float:
        return self._clock() - self.started_s

    @property
    def left_s(self) -> float | None:
        """How long calls may still run, in seconds; None for any time."""
        if self.drained_by_s is None:
            return None
        return max(0.0, self.drained_by_s - self._clock())

    @property
    def is_ending(self) -> bool:
        return self.phase in (Phase.DRAINING, Phase.STOPPING)

    def serve(self) -> None:
        """A worker is ready."""
        if self.phase is Phase.STARTING:
            self.phase = Phase.SERVING

    def drain(self, grace_s: float) -> None:
        """Let calls end, for `grace_s` seconds at most."""
        self.phase = Phase.DRAINING
        self.drained_by_s = self._clock() + grace_s

    def stop(self) -> None:
        """Let nothing go on."""
        self.phase = Phase.STOPPING
