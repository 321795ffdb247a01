"""What the arbiter answers to STASH."""

from __future__ import annotations

from typing import Any

import gdproto

from ..clients.connection import ClientConnection
from ..stash.memory import Tables


class StashAnswers:
    """Does what is asked on the tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def answer(self, message: gdproto.Stash, client: ClientConnection) -> Any:
        """Do it, and return its result. Raises StashError."""
        return self._tables.answer(message)
