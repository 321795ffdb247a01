"""Which apps may be started, and when again after they failed: pure, the clock is handed in.

Rules:

* An app whose init fails is put aside at once: workers start without it. It is tried again
  after a wait that doubles from `first_s` to `longest_s`.
* An app in whose calls workers die is put aside after `max_crashes` deaths within `window_s`
  seconds, and tried again after `window_s`.
* An app that boots again is healthy; `forgive` tries all of them at once.
* A question costs as much as there are apps put aside, however many are healthy.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable


class AppHealth:
    """The failures of one app."""

    def __init__(self, first_s: float) -> None:
        self.deaths: deque[float] = deque()
        # How long to wait after the next failed init.
        self.wait_s = first_s
        self.reason = ""


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
        self._apps = {path: AppHealth(first_s) for path in apps}
        # When those that are put aside are tried again.
        self._retry_s: dict[str, float] = {}
        self.max_crashes = max_crashes
        self.window_s = window_s
        self.first_s = first_s
        self.longest_s = longest_s

    def is_down(self, path: str) -> bool:
        """Whether workers start without the app."""
        return path in self._retry_s

    def reason(self, path: str) -> str:
        """Why the app failed last; empty since it booted."""
        return self._apps[path].reason

    def reasons(self) -> dict[str, str]:
        """The reasons of the apps that are put aside."""
        return {path: self._apps[path].reason for path in self._retry_s}

    def init_failed(self, path: str, reason: str, now_s: float) -> None:
        """The app could not be initialised: put it aside."""
        app = self._apps[path]
        app.reason = reason
        self._retry_s[path] = now_s + app.wait_s
        app.wait_s = min(self.longest_s, app.wait_s * 2)

    def died(self, path: str, reason: str, now_s: float) -> None:
        """A worker died while it ran a call of the app."""
        app = self._apps[path]
        app.deaths.append(now_s)
        while app.deaths[0] <= now_s - self.window_s:
            app.deaths.popleft()
        if len(app.deaths) >= self.max_crashes:
            count = len(app.deaths)
            app.reason = f"{count} deaths in {self.window_s:g} s, the last: {reason}"
            self._retry_s[path] = now_s + self.window_s

    def booted(self, path: str) -> None:
        """A worker has initialised the app."""
        app = self._apps[path]
        if self._retry_s.pop(path, None) is not None:
            app.deaths.clear()
        app.wait_s = self.first_s
        app.reason = ""

    def forgive(self) -> None:
        """Forget what happened: whatever is put aside may be tried now."""
        self._apps = {path: AppHealth(self.first_s) for path in self._apps}
        self._retry_s.clear()

    def next_retry_s(self, now_s: float) -> float | None:
        """When the next app may be tried again that may not be yet, or None."""
        return min((one for one in self._retry_s.values() if one > now_s), default=None)

    def due(self, now_s: float) -> list[str]:
        """The apps that may be tried again now."""
        return [path for path, retry_s in self._retry_s.items() if retry_s <= now_s]
