"""What the arbiter answers to STASH."""

from __future__ import annotations

from typing import Any

import gdproto
from gdproto import StashOp
from gdproto.answers import STASH_OPERATIONS, arguments

from ..clients.connection import ClientConnection
from ..stash.backend import Backend


class StashAnswers:
    """Has the backend do what is asked."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def answer(self, message: gdproto.Stash, client: ClientConnection) -> Any:
        """Do it, and return its result. Raises StashError."""
        operation = STASH_OPERATIONS[StashOp(message.op)]
        method = getattr(self._backend, operation.name)
        return await method(*arguments(operation, message))
