"""Messages: whole frames in, typed messages out."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from . import fields, stepping, strict
from ._generated.messages import BEHIND_ROUTING, MESSAGE_CLASSES, Stash, read_routing
from ._generated.tables import HEADER_BYTES, MessageCode
from ._generated.values import read_value, read_value_view
from .encoded import Encoded
from .errors import ProtocolError
from .fast import DOUBTS, Doubt
from .frames import RULES, Header, Message, check_presence, parse_header
from .routing import BEHIND, WANTED, RequestPeek, route
from .rows import FieldRule
from .stepping import DICT, TEXT
from .tlv import Buffer, Check, readable, trailing
from .tokens import BY_CODE

Data = bytes | memoryview
Spans = Callable[[Data, int, Collection[str]], dict[str, stepping.Span]]


class Steps(NamedTuple):
    """What payloads are judged by.

    Attributes:
        check, spans, route: as `strict.check`, `stepping.spans`, `routing.route`.
        encode: a payload's bytes; None in doubt. Raises ProtocolError.
    """

    check: Callable[[Data, int], int]
    spans: Spans
    route: Callable[[Data, int], tuple[tuple[int, ...], int]]
    encode: Callable[[Any], bytes | None]


PYTHON = Steps(strict.check, stepping.spans, route, lambda _: None)


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
    return parse_payload(frame_header(source), source, HEADER_BYTES)


def frame_header(data: bytes | memoryview) -> Header:
    """The header of one whole frame. Raises ProtocolError."""
    header = parse_header(data)
    check_presence(header)
    end = HEADER_BYTES + header.length
    if len(data) < end:
        raise ProtocolError(
            "truncated",
            f"{end - len(data)} more payload bytes were promised",
            phase="stream",
            offset=len(data),
            request_id=header.request_id,
        )
    if len(data) > end:
        raise ProtocolError(
            "trailing_data",
            f"{len(data) - end} bytes follow the frame",
            offset=end,
            request_id=header.request_id,
        )
    return header


def parse_payload(header: Header, data: bytes | memoryview, start: int = 0) -> Message:
    """The message of `header` whose payload is ``data[start:]``.

    Raises:
        ProtocolError: of scope exchange; offsets count from the frame's first header byte.
    """
    cls = MESSAGE_CLASSES[header.code]
    if RULES[header.code].fields is None:
        return cls._from_payload(header.request_id, {})
    payload: Any = None
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
        payload = None
    except DOUBTS:
        pass
    judge_payload(header, data, start, is_checked=payload is not None)
    # It is right, and too deep to recurse.
    return cls._from_payload(header.request_id, strict.decode(data, start)[0])


def judge_payload(
    header: Header, data: Data, start: int, steps: Steps = PYTHON, *, is_checked: bool = False
) -> dict[str, Any]:
    """The payload's fields, judged; what they are not judged by is left empty.

    Args:
        is_checked: it is known to be one dict.

    Raises:
        ProtocolError: the first fault.
    """
    if not is_checked:
        check_payload(header, data, start, steps.check)
    return judge_fields(header, data, start, steps.spans)


def check_payload(header: Header, data: Data, start: int, check: Check) -> None:
    """Check that a payload is one dict, whatever its fields. Raises ProtocolError."""
    try:
        stop = check(data, start)
        if stop != len(data):
            raise trailing(data, stop)
        if data[start] != DICT.code:
            raise _no_dict(data, start)
    except ProtocolError as error:
        raise _of_frame(error, header, start) from None


def judge_fields(header: Header, data: Data, start: int, spans: Spans) -> dict[str, Any]:
    """As `judge_payload`, of one that is a dict."""
    offsets: dict[fields.Location, int] = {}
    rules = RULES[header.code].fields or ()

    def fault(code: str, reason: str, location: fields.Location) -> ProtocolError:
        # A missing field has no byte of its own: the dict that lacks it is at fault.
        offset = offsets.get(location, offsets[location[:-1]])
        error = ProtocolError(code, reason, offset=offset, location=location)
        return _of_frame(error, header, start)

    outline = _outline(rules, data, start, spans, offsets, ())
    fields.check(rules, outline, fault)
    return outline


def _outline(
    rules: tuple[FieldRule, ...],
    data: Data,
    pos: int,
    spans: Spans,
    offsets: dict[fields.Location, int],
    location: fields.Location,
) -> dict[str, Any]:
    """The fields of the dict at `pos`, and where they stand."""
    offsets[location] = pos
    found: dict[str, Any] = {}
    by_name = {rule.name: rule for rule in rules}
    for name, (at, _) in spans(data, pos, by_name).items():
        kind, here = BY_CODE[data[at]].python, (*location, name)
        offsets[here] = at
        if kind is dict and by_name[name].fields:
            found[name] = _outline(by_name[name].fields, data, at, spans, offsets, here)
        elif kind in (list, dict) or not (by_name[name].scalar or kind in by_name[name].types):
            # Its type is all that matters.
            found[name] = kind()
        else:
            found[name] = strict.decode(data, at)[0]
    return found


def _no_dict(data: Data, start: int) -> ProtocolError:
    kind = BY_CODE[data[start]].python.__name__
    return ProtocolError("payload_not_dict", f"a {kind} is no payload", offset=start)


def _of_frame(error: ProtocolError, header: Header, start: int) -> ProtocolError:
    """The error of a payload that begins at `start`, as one of its frame."""
    error.request_id = header.request_id
    if error.offset is not None:
        error.offset += HEADER_BYTES - start
    return error


def parse_stash(data: Buffer, *, zero_copy: bool = False) -> Stash:
    """Parse one whole STASH frame, whose value is checked and left in bytes.

    Args:
        zero_copy: have the value as a read-only memoryview into `data`.

    Returns:
        The message; its `value` is an `Encoded`, or a memoryview, or None.

    Raises:
        ProtocolError: as from `parse`.
        ValueError: it is a frame of another message.
        TypeError: `data` is not bytes-like.
    """
    return stash_of(readable(data, zero_copy or type(data) is not bytes), PYTHON, zero_copy)


def stash_of(source: Data, steps: Steps, zero_copy: bool) -> Stash:
    """As `parse_stash`, for what `readable` returned."""
    header = frame_header(source)
    if header.code != MessageCode.STASH:
        raise ValueError(f"a STASH is needed, not a {RULES[header.code].name}")
    found = judge_payload(header, source, HEADER_BYTES, steps)
    if found.get("value") is not None:
        start, stop = steps.spans(source, HEADER_BYTES, ("value",))["value"]
        found["value"] = source[start:stop] if zero_copy else Encoded(source[start:stop])
    return Stash(header.request_id, **found)


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
    return judge_routing(data, start)


def judge_routing(data: Data, start: int, steps: Steps = PYTHON) -> RequestPeek:
    """As `peek_request`, judging what is read."""
    header = Header(MessageCode.REQUEST, len(data) - start, 0)
    if data[start : start + 1] not in (b"", _DICT_CODE) and data[start] in BY_CODE:
        # What it is tells enough, whatever it holds.
        raise _of_frame(_no_dict(data, start), header, start)
    try:
        found, stop = steps.route(data, start)
        if stop not in (-1, len(data)):
            raise trailing(data, stop)
    except ProtocolError as error:
        raise _of_frame(error, header, start) from None
    spans = {name: (at, at) for name, at in zip(WANTED, found, strict=True) if at}
    fields = judge_fields(header, data, start, lambda *_: spans)
    app_path, action, timeout, priority = map(fields.get, WANTED)
    return RequestPeek(app_path, action, timeout, priority or 0)  # type: ignore[arg-type]


_DICT_CODE = bytes([DICT.code])
_REQUEST = RULES[MessageCode.REQUEST].fields or ()
_TIMEOUT, _PRIORITY = (
    next(rule for rule in _REQUEST if rule.name == name) for name in ("timeout", "priority")
)
# The lowest and the highest priority.
PRIORITY_RANGE = (_PRIORITY.minimum or 0, _PRIORITY.maximum or 0)
# How many of the wanted fields are looked for wherever they stand.
_FIRST = len(WANTED) - 1
_READ_COUNT, _HEAD_BYTES, *_ = stepping.SIZED[DICT.code]


def _peek(data: bytes | memoryview, start: int) -> RequestPeek:
    if data[start] != DICT.code:
        raise Doubt
    count = _READ_COUNT(data, start + 1)[0]
    pos = start + _HEAD_BYTES
    if count > DICT.limit or count * DICT.smallest_element_bytes > len(data) - pos:
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
    while count and len(found) < len(WANTED):
        if data[pos] != TEXT.code:
            raise Doubt
        key, pos = read(data, pos)
        if key not in WANTED:
            if len(found) == _FIRST and key in BEHIND and "priority" not in found:
                return _peeked(found)
            pos = stepping.step(data, pos)
        elif key in found:
            raise Doubt
        else:
            found[key], pos = read(data, pos)
        count -= 1
    if pos > len(data) or (pos < len(data) and len(found) < len(WANTED)):
        raise Doubt
    return _peeked(found)


def _peeked(found: dict[str, Any]) -> RequestPeek:
    app_path, action, timeout, priority = map(found.get, WANTED)
    if type(app_path) is not str or type(action) is not str:
        raise Doubt
    if timeout is not None and not _passes(_TIMEOUT, timeout):
        raise Doubt
    if priority is not None and not _passes(_PRIORITY, priority):
        raise Doubt
    return RequestPeek(app_path, action, timeout, priority or 0)


def _passes(rule: FieldRule, value: Any) -> bool:
    return type(value) in rule.types and fields.permits(rule, value)
