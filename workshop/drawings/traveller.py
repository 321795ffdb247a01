"""The app whose calls are recorded."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from dirty_runtime import DirtyApp, current_request


class Traveller(DirtyApp):
    """Does each thing that may become of a call."""

    def add(self, one: int, other: int) -> int:
        """A value."""
        return one + other

    def letters(self, word: str) -> Iterator[str]:
        """A stream."""
        yield from word

    def watch(self) -> None:
        """Waits until nobody waits for it."""
        while not current_request().cancelled:
            time.sleep(0.001)

    def vanish(self) -> Iterator[str]:
        """A stream whose worker dies in it."""
        yield "here"
        os._exit(1)
