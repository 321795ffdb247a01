"""How long calls run, lately: what a refused caller is told to wait is reckoned from it."""

from __future__ import annotations

from collections import defaultdict

from .observer import ObservedCall

# How much the last run of an app counts against those before.
NEWEST = 0.2
ANSWERED = frozenset(("RESPONSE", "END", "ERROR"))


class Averages:
    """The running average of each app.

    Attributes:
        run_s: seconds, by the apps' paths; 0 for one that has not been called.
    """

    def __init__(self) -> None:
        self.run_s: defaultdict[str, float] = defaultdict(float)

    def call_ended(self, call: ObservedCall, outcome: str, now_s: float) -> None:
        """A worker has ended the call, by a message of this name."""
        if outcome in ANSWERED:
            average_s = self.run_s[call.app_path]
            self.run_s[call.app_path] = average_s + NEWEST * (now_s - call.started_s - average_s)
