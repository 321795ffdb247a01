"""The app whose calls are recorded."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from dirty_runtime import DirtyApp, current_request

# Of the file that ends a rest: its name, and the variable that has its path.
SIGN, VARIABLE = "sign", "TRAVELLER_SIGN"


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

    def rest(self) -> str:
        """Waits for a sign."""
        sign = Path(os.environ[VARIABLE])
        while not sign.exists():
            time.sleep(0.001)
        return "rested"

    def vanish(self) -> Iterator[str]:
        """A stream whose worker dies in it."""
        yield "here"
        os._exit(1)
