"""gdproto's codec as a testee: whatever module has its names, so the one in C as well.

python -m gdproto.conformance.testees.python
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from types import MappingProxyType, ModuleType
from typing import Any

import gdproto
from gdproto.declaration import ROLES

from ..cases import made
from ..running.testee import (
    FIELDS,
    Json,
    Refusal,
    Testee,
    from_typed_message,
    serve,
    to_typed_message,
)


class GdprotoTestee(Testee):
    """A module with gdproto's names.

    Args:
        codec: the module.
    """

    roles = tuple(ROLES)
    policies = MappingProxyType({"non-string-keys": "text", "nan-payload": "kept"})

    def __init__(self, codec: ModuleType = gdproto) -> None:
        self.codec = codec
        self.name = f"gdproto ({codec.IMPLEMENTATION})"
        self.version = version("gdproto")

    def decode(self, data: bytes) -> Any:
        """The value. Raises Refusal."""
        try:
            return self.codec.decode(data)
        except self.codec.ProtocolError as error:
            raise refusal(error) from None

    def encode(self, value: Any) -> bytes:
        """The bytes. Raises Refusal."""
        try:
            data: bytes = self.codec.encode(value)
        except self.codec.ProtocolError as error:
            raise refusal(error) from None
        return data

    def parse(self, data: bytes) -> Json:
        """The frame's message. Raises Refusal."""
        try:
            return described(self.codec.parse(data))
        except self.codec.ProtocolError as error:
            raise refusal(error) from None

    def serialize(self, message: Json) -> bytes:
        """The message's frame. Raises Refusal."""
        try:
            data: bytes = self._message(message).to_bytes()
        except self.codec.ProtocolError as error:
            raise refusal(error) from None
        return data

    def session(self, role: str, steps: list[Json]) -> list[Json]:
        """What each step gives."""
        connection = self.codec.Connection(role)
        ends = _Ends()
        return [self._step(connection, step, ends) for step in steps]

    def _message(self, message: Json) -> Any:
        # REQUEST is the class Request.
        return getattr(self.codec, message["type"].title())(
            message["request_id"], **message["fields"]
        )

    def _step(self, connection: Any, step: Json, ends: _Ends) -> Json:
        if "send" in step:
            try:
                message = self._message(from_typed_message(step["send"]))
                return {"bytes": connection.send(message).hex()}
            except self.codec.ProtocolError as error:
                return {"error": refusal(error).fault}
        if "abandon" in step:
            connection.abandon(int(step["abandon"]))
            return {"events": []}
        if "permit" in step:
            connection.permit(int(step["permit"]))
            return {"events": []}
        if "eof" in step:
            connection.receive_eof()
        else:
            connection.receive_data(made(step["receive"]))
        return {"events": list(self._events(connection, ends))}

    def _events(self, connection: Any, ends: _Ends) -> Iterator[Json]:
        codec = self.codec
        if ends.reached:
            yield from self._after_the_end(connection)
        while not ends.reached:
            try:
                event = connection.next_event()
            except codec.ProtocolError as error:
                ends.reached = error.scope == "connection"
                fault = refusal(error).fault
                yield {"event": "error", **fault, "request_id": str(error.request_id)}
                continue
            if event is codec.NEED_DATA:
                return
            ends.reached = isinstance(event, codec.ConnectionClosed)
            yield _told(codec, event)

    def _after_the_end(self, connection: Any) -> Iterator[Json]:
        """What a connection tells that has told its last event: it must only say so again."""
        try:
            event = connection.next_event()
        except self.codec.ProtocolError:
            return
        if not isinstance(event, self.codec.ConnectionClosed):
            yield _told(self.codec, event)


class _Ends:
    """Whether a connection has told its last event."""

    reached = False


def _told(codec: ModuleType, event: Any) -> Json:
    if isinstance(event, codec.MessageReceived):
        message = to_typed_message(described(event.message))
        return {"event": "message", "message": message, "ended": event.ended}
    if isinstance(event, codec.ExchangeEnded):
        return {"event": "ended", "request_id": str(event.request_id)}
    return {"event": "closed"}


def described(message: Any) -> Json:
    """A message of gdproto as type, request_id and fields."""
    name = message.CODE.name
    held = {field: getattr(message, field) for field in FIELDS[name]}
    fields = {field: list(one) if isinstance(one, tuple) else one for field, one in held.items()}
    return {"type": name, "request_id": message.request_id, "fields": fields}


def refusal(error: Any) -> Refusal:
    """The codec's error as the contract tells it."""
    where = {"scope": error.scope, "offset": error.offset, "path": error.path}
    return Refusal(error.code, **where)


if __name__ == "__main__":
    serve(GdprotoTestee())
