"""An app whose calls take as long as they are told."""

from __future__ import annotations

import time

from dirty_runtime import DirtyApp


class Rests(DirtyApp):
    def rest(self, rest_s: float) -> None:
        time.sleep(rest_s)

    def fail(self) -> None:
        raise ValueError("told to")
