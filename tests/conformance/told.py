"""What our codec says, as the vectors write it, and the other way round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import gdproto
from gdproto import MessageCode, ProtocolError
from gdproto._generated.messages import MESSAGE_CLASSES
from gdproto.conformance.cases import from_typed, to_typed


def fault(error: ProtocolError, *, scope: bool = True) -> dict[str, Any]:
    """The error; without its scope where a value alone was at fault."""
    told: dict[str, Any] = {"code": error.code}
    if scope:
        told["scope"] = error.scope
    if error.offset is not None:
        told["offset"] = error.offset
    if error.path:
        told["path"] = error.path
    return told


def whole(value: Any) -> Any:
    """The value without views into what it was read from."""
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, list | tuple):
        return [whole(item) for item in value]
    if isinstance(value, dict):
        return {key: whole(item) for key, item in value.items()}
    return value


def held(message: gdproto.Message) -> dict[str, Any]:
    """What the fields hold; the values may be deep or large."""
    named = {one.name: getattr(message, one.name) for one in fields(message)}  # type: ignore[arg-type]
    return {name: list(one) if isinstance(one, tuple) else one for name, one in named.items()}


def said(message: gdproto.Message) -> dict[str, Any]:
    """The message: type, request_id and fields."""
    names = [one.name for one in fields(message) if one.name != "request_id"]  # type: ignore[arg-type]
    return {
        "type": MessageCode(message.CODE).name,
        "request_id": str(message.request_id),
        "fields": {name: to_typed(whole(getattr(message, name))) for name in names},
    }


def message(written: Mapping[str, Any]) -> gdproto.Message:
    """The message that the vectors write so."""
    made = MESSAGE_CLASSES[MessageCode[written["type"]]]
    held = {name: from_typed(typed) for name, typed in written["fields"].items()}
    return made(int(written["request_id"]), **held)


def event(one: Any) -> dict[str, Any]:
    """An event of a connection."""
    match one:
        case gdproto.MessageReceived(received, ended):
            return {"event": "message", "message": said(received), "ended": ended}
        case gdproto.ExchangeEnded(request_id):
            return {"event": "ended", "request_id": str(request_id)}
        case gdproto.ConnectionClosed():
            return {"event": "closed"}
        case ProtocolError():
            told = fault(one)
            return {"event": "error", **told, "request_id": str(one.request_id)}
    raise TypeError(f"{one!r} is no event")
