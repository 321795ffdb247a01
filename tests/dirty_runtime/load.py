"""Constant load: clients that call without a pause, and count what comes of it."""

from __future__ import annotations

import threading

from dirty_runtime import DirtyError

from .processes import Arbiter


class Load:
    """Clients that call without a pause until they are stopped."""

    def __init__(self, arbiter: Arbiter, app: str, action: str, count: int = 3) -> None:
        self.calls = 0
        self.failures: list[Exception] = []
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(arbiter, app, action)) for _ in range(count)
        ]

    def _run(self, arbiter: Arbiter, app: str, action: str) -> None:
        with arbiter.client() as client:
            while not self._stop.is_set():
                try:
                    client.execute(app, action)
                    self.calls += 1
                except DirtyError as error:
                    self.failures.append(error)

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)
