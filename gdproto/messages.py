"""Messages: whole frames in, typed messages out."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from . import fields, strict
from ._generated.messages import MESSAGE_CLASSES, Request
from ._generated.tables import HEADER_BYTES, VALUE_TYPES, FieldRule, MessageCode
from ._generated.values import DOUBTS, Doubt, read_value, read_value_view
from .errors import ProtocolError
from .frames import RULES, Header, Message, check_presence, parse_header
from .tlv import Buffer, encode, readable


def parse(data: Buffer, *, zero_copy: bool = False) -> Message:
    """Parse one whole frame.

    Args:
        data: header and payload, nothing else.
        zero_copy: bytes values become memoryviews into `data`.

    Raises:
        ProtocolError: `data` is not one frame of GD/1.
        TypeError: `data` is not bytes-like.
    """
    source = readable(data, zero_copy)
    header = parse_header(source)
    check_presence(header)
    end = HEADER_BYTES + header.length
    if len(source) < end:
        raise ProtocolError(
            "truncated",
            f"{end - len(source)} more payload bytes were promised",
            phase="stream",
            offset=len(source),
            request_id=header.request_id,
        )
    if len(source) > end:
        raise ProtocolError(
            "trailing_data",
            f"{len(source) - end} bytes follow the frame",
            offset=end,
            request_id=header.request_id,
        )
    return parse_payload(header, source, HEADER_BYTES)


def parse_payload(header: Header, data: bytes | memoryview, start: int = 0) -> Message:
    """The message of `header` whose payload is ``data[start:]``.

    Raises:
        ProtocolError: of scope exchange; offsets count from the frame's first header byte.
    """
    cls = MESSAGE_CLASSES[header.code]
    if RULES[header.code].fields is None:
        return cls._from_payload(header.request_id, {})
    try:
        if isinstance(data, bytes):
            payload, stop = read_value(data, start)
        else:
            payload, stop = read_value_view(data, start)
        if stop == len(data) and type(payload) is dict:
            return cls._from_payload(header.request_id, payload)
    except DOUBTS:
        pass
    return _parse_strictly(header, data, start)


def _parse_strictly(header: Header, data: bytes | memoryview, start: int) -> Message:
    try:
        payload = _judged_payload(RULES[header.code].fields or (), data, start)
    except ProtocolError as error:
        error.request_id = header.request_id
        if error.offset is not None:
            error.offset += HEADER_BYTES - start
        raise
    return MESSAGE_CLASSES[header.code]._from_payload(header.request_id, payload)


def _judged_payload(
    rules: tuple[FieldRule, ...], data: bytes | memoryview, start: int
) -> dict[str, Any]:
    offsets: dict[strict.Location, int] = {}
    payload, stop = strict.decode(data, start, len(data), offsets)
    if stop != len(data):
        raise ProtocolError(
            "trailing_data", f"{len(data) - stop} bytes follow the value", offset=stop
        )
    if type(payload) is not dict:
        raise ProtocolError(
            "payload_not_dict", f"a {type(payload).__name__} is no payload", offset=start
        )

    def fault(code: str, reason: str, location: fields.Location) -> ProtocolError:
        # A missing field has no byte of its own: the dict that lacks it is at fault.
        offset = offsets.get(location, offsets[location[:-1]])
        return ProtocolError(code, reason, offset=offset, location=location)

    fields.check(rules, payload, fault)
    return payload


class RequestPeek(NamedTuple):
    """What an arbiter needs to know of a REQUEST; `timeout` in seconds, None for none."""

    app_path: str
    action: str
    timeout: float | None


def peek_request(payload: Buffer, start: int = 0) -> RequestPeek:
    """Read what routing needs from a REQUEST's payload, skipping the rest unbuilt.

    Args:
        payload: the bytes that hold the payload, to their end.
        start: where the payload begins, as HEADER_BYTES for a whole frame.

    Raises:
        ProtocolError: the payload is at fault as far as it was read; values that were skipped
            are not judged. Offsets count from the frame's first header byte.
    """
    data = payload if isinstance(payload, bytes) else readable(payload, True)
    try:
        return _peek_in_order(data, start) or _peek(data, start)
    except DOUBTS:
        pass
    header = Header(MessageCode.REQUEST, len(data) - start, 0)
    request = _parse_strictly(header, data, start)
    assert isinstance(request, Request)
    return RequestPeek(request.app_path, request.action, request.timeout)


_SIZED = {rule.code: rule for rule in VALUE_TYPES if rule.kind in ("text", "blob", "list", "dict")}
_STEPS = {rule.code: 1 + rule.size for rule in VALUE_TYPES if rule.code not in _SIZED}
_DICT = next(rule for rule in VALUE_TYPES if rule.kind == "dict")
_TEXT = next(rule for rule in VALUE_TYPES if rule.kind == "text")
_PEEKED = ("app_path", "action", "timeout")
_APP_PATH, _ACTION, _TIMEOUT = (encode(name) for name in _PEEKED)


def _peek_in_order(data: bytes | memoryview, start: int) -> RequestPeek | None:
    """What is found when the three stand first, as a sender of all of them writes them."""
    pos = start + 1 + _DICT.size
    if not isinstance(data, bytes) or data[start] != _DICT.code:
        return None
    if not data.startswith(_APP_PATH, pos):
        return None
    app_path, pos = read_value(data, pos + len(_APP_PATH))
    if not data.startswith(_ACTION, pos):
        return None
    action, pos = read_value(data, pos + len(_ACTION))
    if not data.startswith(_TIMEOUT, pos):
        return None
    timeout, pos = read_value(data, pos + len(_TIMEOUT))
    return _peeked(app_path, action, timeout)


def _peek(data: bytes | memoryview, start: int) -> RequestPeek:
    assert _DICT.packer is not None
    if data[start] != _DICT.code:
        raise Doubt
    count = _DICT.packer.unpack_from(data, start + 1)[0]
    pos = start + 1 + _DICT.size
    found: dict[str, Any] = {}
    for _ in range(count):
        if data[pos] != _TEXT.code:
            raise Doubt
        key, pos = _read(data, pos)
        if key not in _PEEKED:
            pos = _skip(data, pos)
        elif key in found:
            raise Doubt
        else:
            found[key], pos = _read(data, pos)
            if len(found) == len(_PEEKED):
                return _peeked(**found)
    if pos != len(data):
        raise Doubt
    return _peeked(*(found.get(name) for name in _PEEKED))


def _peeked(app_path: object, action: object, timeout: Any) -> RequestPeek:
    if type(app_path) is not str or type(action) is not str:
        raise Doubt
    if timeout is not None and (type(timeout) not in (int, float) or not _possible(timeout)):
        raise Doubt
    return RequestPeek(app_path, action, timeout)


def _possible(timeout: float) -> bool:
    return math.isfinite(timeout) and timeout >= 0


def _read(data: bytes | memoryview, pos: int) -> tuple[Any, int]:
    return read_value(data, pos) if isinstance(data, bytes) else read_value_view(data, pos)


def _skip(data: bytes | memoryview, pos: int) -> int:
    """Where the value at `pos` ends; past the data if it is cut short."""
    pending = 1
    while pending:
        pending -= 1
        code = data[pos]
        step = _STEPS.get(code)
        if step is not None:
            pos += step
            continue
        rule = _SIZED[code]
        assert rule.packer is not None
        size = rule.packer.unpack_from(data, pos + 1)[0]
        pos += 1 + rule.size
        if rule.smallest_element_bytes:
            pending += size * (2 if rule.kind == "dict" else 1)
        else:
            pos += size
    return pos
