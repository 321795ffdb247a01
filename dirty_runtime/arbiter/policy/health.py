"""Which apps may be started, and when again after they failed: pure, the clock is handed in.

Rules:

* An app whose init fails is put aside at once: workers start without it. It is tried again
  after a wait that doubles from `first_s` to `longest_s`.
* An app in whose calls workers die is put aside after `max_crashes` deaths within `window_s`
  seconds, and tried again after `window_s`.
* An app that boots again is healthy; `forgive` tries all of them at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable


class AppHealth:
    """The failures of one app."""

    def __init__(self) -> None:
        self.deaths: deque[float] = deque()
        self.failures = 0
        self.reason = ""
        self.retry_s: float | None = None


class Health:
    """The failures of all apps.

    Args:
        apps: their paths.
        max_crashes: deaths within `window_s` that put an app aside.
        window_s: seconds.
        first_s: wait after the first failed init, in seconds.
        longest_s: longest wait after a failed init, in seconds.
    """

    def __init__(
        self,
        apps: Iterable[str],
        max_crashes: int,
        window_s: float,
        first_s: float = 1.0,
        longest_s: float = 60.0,
    ) -> None:
        self._apps = {path: AppHealth() for path in apps}
        self.max_crashes = max_crashes
        self.window_s = window_s
        self.first_s = first_s
        self.longest_s = longest_s

    def is_down(self, path: str) -> bool:
        """Whether workers start without the app."""
        return self._apps[path].retry_s is not None

    def reason(self, path: str) -> str:
        """Why the app failed last; empty since it booted."""
        return self._apps[path].reason

    def reasons(self) -> dict[str, str]:
        """The reasons of the apps that are put aside."""
        return {path: app.reason for path, app in self._apps.items() if app.retry_s is not None}

    def init_failed(self, path: str, reason: str, now_s: float) -> None:
        """The app could not be initialised: put it aside."""
        app = self._apps[path]
        wait_s = min(self.longest_s, self.first_s * 2**app.failures)
        app.failures += 1
        app.reason = reason
        app.retry_s = now_s + wait_s

    def died(self, path: str, reason: str, now_s: float) -> None:
        """A worker died while it ran a call of the app."""
        app = self._apps[path]
        app.deaths.append(now_s)
        while app.deaths[0] <= now_s - self.window_s:
            app.deaths.popleft()
        if len(app.deaths) >= self.max_crashes:
            count = len(app.deaths)
            app.reason = f"{count} deaths in {self.window_s:g} s, the last: {reason}"
            app.retry_s = now_s + self.window_s

    def booted(self, path: str) -> None:
        """A worker has initialised the app."""
        app = self._apps[path]
        if app.retry_s is not None:
            app.deaths.clear()
        app.failures = 0
        app.reason = ""
        app.retry_s = None

    def forgive(self) -> None:
        """Forget what happened: whatever is put aside may be tried now."""
        self._apps = {path: AppHealth() for path in self._apps}

    def next_retry_s(self) -> float | None:
        """When an app may be tried again, or None."""
        waits = (app.retry_s for app in self._apps.values())
        return min((retry_s for retry_s in waits if retry_s is not None), default=None)

    def due(self, now_s: float) -> list[str]:
        """The apps that may be tried again now."""
        return [
            path
            for path, app in self._apps.items()
            if app.retry_s is not None and app.retry_s <= now_s
        ]
