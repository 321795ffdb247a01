"""Channels that convert what goes out and what comes in: in the place of a client's own.

Rules: they stand there only where a client has converters. A request is converted before anything
of it is sent, so a failure sends nothing.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from types import GeneratorType
from typing import Any

import gdproto

from ..converters import Converters
from ..errors import DirtyProtocolError


class Both:
    """What goes out, and what comes in."""

    def __init__(self, converters: Converters) -> None:
        self._converters = converters

    def out(self, message: gdproto.Message) -> gdproto.Message:
        """The message as it can be sent. Raises DirtyProtocolError."""
        if not isinstance(message, gdproto.Request):
            return message
        try:
            args = self._converters.to_wire(list(message.args))
            kwargs = self._converters.to_wire(message.kwargs)
        except gdproto.ProtocolError as error:
            raise DirtyProtocolError.of(error) from None
        path, action, timeout = message.app_path, message.action, message.timeout
        number, priority = message.request_id, message.priority
        trace = message.trace
        return gdproto.Request(number, path, action, args, kwargs, timeout, priority, trace)

    def into(self, value: Any) -> Any:
        """What stood for it, of what came. Raises DirtyProtocolError."""
        try:
            return self._converters.from_wire(value)
        except ValueError as error:
            raise DirtyProtocolError(str(error)) from error


class ConvertingChannels(Both):
    """Those of threads."""

    def __init__(self, channels: Any, converters: Converters) -> None:
        super().__init__(converters)
        self._channels = channels
        self.open, self.close = channels.open, channels.close

    def ask(self, message: gdproto.Message, deadline: Any) -> Any:
        return self.into(self._channels.ask(self.out(message), deadline))

    def ask_or_stream(self, message: gdproto.Message, deadline: Any, idle_s: float | None) -> Any:
        answer = self._channels.ask_or_stream(self.out(message), deadline, idle_s)
        return self._each(answer) if isinstance(answer, GeneratorType) else self.into(answer)

    def stream(
        self, message: gdproto.Message, deadline: Any, idle_s: float | None
    ) -> Iterator[Any]:
        return self._each(self._channels.stream(self.out(message), deadline, idle_s))

    def _each(self, chunks: Any) -> Iterator[Any]:
        # Nobody else holds them: they are closed with it, begun or not.
        return map(self.into, chunks)


class ConvertingOnLoops(Both):
    """Those of event loops."""

    def __init__(self, on_loops: Any, converters: Converters) -> None:
        super().__init__(converters)
        self._on_loops = on_loops

    @property
    def channels(self) -> ConvertingOnLoops:
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._on_loops.channels, name)

    async def ask(self, message: gdproto.Message, deadline: Any) -> Any:
        return self.into(await self._on_loops.channels.ask(self.out(message), deadline))

    async def stream(
        self, message: gdproto.Message, deadline: Any, idle_s: float | None
    ) -> AsyncGenerator[Any, None]:
        chunks = self._on_loops.channels.stream(self.out(message), deadline, idle_s)
        try:
            async for chunk in chunks:
                yield self.into(chunk)
        finally:
            await chunks.aclose()
