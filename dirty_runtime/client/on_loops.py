"""What a client has on event loops, made when it is first used: who never does needs no asyncio."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .large import Large, never

if TYPE_CHECKING:
    from .aio import AsyncChannels


class OnLoops:
    """The channels of a client's event loops.

    Args:
        socket_path: the arbiter's socket.
        ids: of requests.
        large: what is known of large bytes; None where none go by reference.

    Attributes:
        channels: those, the same for whoever asks.
    """

    channels: AsyncChannels

    def __init__(self, socket_path: str, ids: Iterator[int], large: Large | None = None) -> None:
        self._made_with = socket_path, ids, large or never()

    def __getattr__(self, name: str) -> Any:
        if name != "channels":
            raise AttributeError(name)
        from .aio import AsyncChannels

        # Threads may ask for them at the same time.
        return vars(self).setdefault(name, AsyncChannels(*self._made_with))
