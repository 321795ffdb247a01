"""Messages: whole frames in, typed messages out."""

from __future__ import annotations

from typing import Any, NamedTuple

from . import fields, strict
from ._generated.messages import BEHIND_ROUTING, MESSAGE_CLASSES, Request, read_routing
from ._generated.tables import HEADER_BYTES, VALUE_TYPES, MessageCode
from ._generated.values import read_value, read_value_view
from .errors import ProtocolError
from .fast import DOUBTS, RUN, Doubt
from .frames import RULES, Header, Message, check_presence, parse_header
from .rows import FieldRule
from .tlv import Buffer, readable


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
            message = cls._from_bytes(header.request_id, data, start)
            if message is not None:
                return message
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
    """What an arbiter needs to know of a REQUEST.

    Attributes:
        timeout: in seconds, None for none.
        priority: from -10 to 10, the higher first; 0 is usual.
    """

    app_path: str
    action: str
    timeout: float | None
    priority: int


def peek_request(payload: Buffer, start: int = 0) -> RequestPeek:
    """Read what routing needs from a REQUEST's payload, skipping the rest unbuilt.

    Args:
        payload: the bytes that hold the payload, to their end.
        start: where the payload begins, as HEADER_BYTES for a whole frame.

    Raises:
        ProtocolError: the payload is at fault as far as it was read; values that were skipped
            are not judged. Offsets count from the frame's first header byte.

    A priority that stands behind `args` or `kwargs` may be taken as absent, so that arguments are
    not stepped over where the rest is known.
    """
    data = payload if isinstance(payload, bytes) else readable(payload, True)
    try:
        return _peek(data, start)
    except DOUBTS:
        pass
    header = Header(MessageCode.REQUEST, len(data) - start, 0)
    request = _parse_strictly(header, data, start)
    assert isinstance(request, Request)
    return RequestPeek(request.app_path, request.action, request.timeout, request.priority)


# How to step over a value: bytes in all, where that is fixed; else what a unit of its size means.
_UNITS = {"text": (1, 0), "blob": (1, 0), "list": (0, 1), "dict": (0, 2)}
_STEPS = {rule.code: 1 + rule.size for rule in VALUE_TYPES if rule.kind not in _UNITS}
_RUNS = {code: bytes([code]) * RUN for code in _STEPS}
_SIZED = {
    rule.code: (rule.packer.unpack_from, 1 + rule.size, *_UNITS[rule.kind])
    for rule in VALUE_TYPES
    if rule.kind in _UNITS and rule.packer is not None
}

_WANTED = RequestPeek._fields
_REQUEST = RULES[MessageCode.REQUEST].fields or ()
_TIMEOUT, _PRIORITY = (
    next(rule for rule in _REQUEST if rule.name == name) for name in ("timeout", "priority")
)
# The lowest and the highest priority.
PRIORITY_RANGE = (_PRIORITY.minimum or 0, _PRIORITY.maximum or 0)
# How many of the wanted fields are looked for wherever they stand.
_FIRST = len(_WANTED) - 1
_BEHIND = frozenset(rule.name for rule in _REQUEST[len(_WANTED) :])
_DICT, _TEXT = (
    next(rule for rule in VALUE_TYPES if rule.kind == kind) for kind in ("dict", "text")
)
_READ_COUNT, _HEAD_BYTES, *_ = _SIZED[_DICT.code]


def _peek(data: bytes | memoryview, start: int) -> RequestPeek:
    if data[start] != _DICT.code:
        raise Doubt
    count = _READ_COUNT(data, start + 1)[0]
    pos = start + _HEAD_BYTES
    if count > _DICT.limit or count * _DICT.smallest_element_bytes > len(data) - pos:
        raise Doubt
    found: dict[str, Any] = {}
    # Most senders write them first, and leave out a timeout that is None.
    if isinstance(data, bytes) and count >= _FIRST and (first := read_routing(data, pos)):
        app_path, action, timeout, pos = first
        if timeout is not None and count > _FIRST and data.startswith(BEHIND_ROUTING, pos):
            return RequestPeek(app_path, action, timeout, 0)
        found = {"app_path": app_path, "action": action}
        if timeout is not None:
            found["timeout"] = timeout
    return _search(data, pos, count - len(found), found)


def _search(data: bytes | memoryview, pos: int, count: int, found: dict[str, Any]) -> RequestPeek:
    """Find what `found` lacks in the `count` pairs at `pos`."""
    read: Any = read_value if isinstance(data, bytes) else read_value_view
    while count and len(found) < len(_WANTED):
        if data[pos] != _TEXT.code:
            raise Doubt
        key, pos = read(data, pos)
        if key not in _WANTED:
            if len(found) == _FIRST and key in _BEHIND and "priority" not in found:
                return _peeked(found)
            pos = _skip(data, pos)
        elif key in found:
            raise Doubt
        else:
            found[key], pos = read(data, pos)
        count -= 1
    if pos > len(data) or (pos < len(data) and len(found) < len(_WANTED)):
        raise Doubt
    return _peeked(found)


def _peeked(found: dict[str, Any]) -> RequestPeek:
    app_path, action, timeout, priority = map(found.get, _WANTED)
    if type(app_path) is not str or type(action) is not str:
        raise Doubt
    if timeout is not None and not _passes(_TIMEOUT, timeout):
        raise Doubt
    if priority is not None and not _passes(_PRIORITY, priority):
        raise Doubt
    return RequestPeek(app_path, action, timeout, priority or 0)


def _passes(rule: FieldRule, value: Any) -> bool:
    return type(value) in rule.types and fields.permits(rule, value)


def _skip(data: bytes | memoryview, pos: int) -> int:
    """Where the value at `pos` ends; past the data if it is cut short."""
    pending = 1
    while pending:
        code = data[pos]
        step = _STEPS.get(code)
        if step is None:
            unpack, head, unit_bytes, unit_values = _SIZED[code]
            size = unpack(data, pos + 1)[0]
            pos += head + size * unit_bytes
            pending += size * unit_values - 1
        elif pending >= RUN and _is_run(data, pos, step, _RUNS[code]):
            pos += step * RUN
            pending -= RUN
        else:
            pos += step
            pending -= 1
    return pos


def _is_run(data: bytes | memoryview, pos: int, step: int, codes: bytes) -> bool:
    """Whether values with these codes follow; most often the second one tells."""
    return data[pos + step] == codes[1] and data[pos : pos + step * RUN : step] == codes
