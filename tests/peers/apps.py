"""A Python app that stands beside those of other languages."""

from __future__ import annotations

from dirty_runtime import DirtyApp


class Beside(DirtyApp):
    """Whose calls are answered by Python."""

    def language(self) -> str:
        """Which it is."""
        return "Python"
