"""What clients ask a branch is answered by the head, which knows of all branches.

Rules: each client that asks has a connection to the head of its own, so that what it asks is
answered in its order, and what it leaves behind is given up there.
"""

from __future__ import annotations

import socket

import gdproto

from ...errors import DirtyOverloadedError
from ..answers.registry import Later
from ..clients.connection import ClientConnection
from ..telemetry.observer import ObservedClient, Observer
from .channel import ASKS, Channel
from .questions import Asking


class Relay(Observer):
    """Hands questions on to the head.

    Args:
        channel: to the head.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._asking: dict[object, Asking] = {}

    async def answer(
        self, message: gdproto.Message, client: ClientConnection
    ) -> gdproto.Encoded | Later:
        """What the head answers. Raises DirtyError."""
        asking = self._asking.get(client)
        if asking is None:
            asking = self._asking[client] = self.asking((client.pid, client.uid))
        asked = asking.ask(message)
        if isinstance(message, gdproto.Stash) and message.wait:
            # Those that come after it do not wait for it.

            async def undo(result: gdproto.Encoded) -> None:
                asking.undo(asked, result)

            return Later(asking.result(asked), undo)
        return await asking.result(asked)

    def asking(self, peer: tuple[int, int]) -> Asking:
        """A connection to the head, for whoever asks. Raises DirtyOverloadedError."""
        ours, theirs = socket.socketpair()
        with theirs:
            if not self._channel.give(ASKS, theirs, peer):
                ours.close()
                raise DirtyOverloadedError("overloaded: too much is asked at once", "", 1.0)
        return Asking(ours)

    def client_left(self, client: ObservedClient) -> None:
        if (asking := self._asking.pop(client, None)) is not None:
            asking.leave()
