"""What the arbiter answers to STASH."""

from __future__ import annotations

from typing import Any

import gdproto
from gdproto import StashOp
from gdproto.answers import STASH_OPERATIONS, arguments

from ...errors import DirtyProtocolError, StashKeyNotFoundError
from ..clients.connection import ClientConnection
from ..stash.backend import Backend
from .registry import Later

NONE = gdproto.Encoded(gdproto.encode(None))
TAKE_VALUES = frozenset(
    one.name for one in STASH_OPERATIONS.values() if "value" in {p.name for p in one.parameters}
)
# Whose last parameter is how long they wait.
TAKE_TIME = frozenset(
    one.name
    for one in STASH_OPERATIONS.values()
    if one.parameters[-1:] and one.parameters[-1].name == "wait"
)
# By which an item is put back where it was.
GIVE_BACK = {"pop_left": "push_left", "pop_right": "push_right"}


class StashAnswers:
    """Has the backend do what is asked; values are as `gdproto.parse_stash` leaves them.

    Raises:
        NotImplementedError: the backend lacks an operation that is declared.
    """

    def __init__(self, backend: Backend) -> None:
        for one in STASH_OPERATIONS.values():
            if not hasattr(backend, one.name):
                name = type(backend).__name__
                raise NotImplementedError(f"{name} has no stash operation {one.name}")
        self._backend = backend

    async def answer(self, message: gdproto.Stash, client: ClientConnection) -> Any:
        """Do it, and return its result, or `Later`.

        Raises:
            StashError: it cannot be done.
            DirtyProtocolError: invalid_field_value, a name, key or pattern is too long.
        """
        operation = STASH_OPERATIONS[StashOp(message.op)]
        if message.value is None and operation.name in TAKE_VALUES:
            message.value = NONE
        given = arguments(operation, message)
        for parameter, value in zip(operation.parameters, given, strict=True):
            if parameter.max_bytes and _is_longer(value, parameter.max_bytes):
                reason = f"{parameter.name} has more than {parameter.max_bytes} bytes"
                raise DirtyProtocolError(reason, code="invalid_field_value", path=parameter.name)
        ask = getattr(self._backend, operation.name)
        if not message.wait or operation.name not in TAKE_TIME:
            return await ask(*given)
        if operation.code == StashOp.CHANGES:
            # What was asked before is among them, or comes.
            return await ask(*given) if message.after is None else Later(ask(*given))
        try:
            # In its turn, what is there.
            return await ask(*given[:-1])
        except StashKeyNotFoundError:
            back = getattr(self._backend, GIVE_BACK[operation.name])
            return Later(ask(*given), lambda item: back(*given[:2], bytes(item)))


def _is_longer(value: object, most: int) -> bool:
    """Whether it is text or bytes of more bytes."""
    if not isinstance(value, str | bytes):
        return False
    if len(value) > most or isinstance(value, bytes) or value.isascii():
        return len(value) > most
    return len(value.encode()) > most
