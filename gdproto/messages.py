"""Messages: whole frames in, typed messages out."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any, NamedTuple

from . import fields, stepping, strict
from ._generated.messages import ARGUMENTS, BEHIND_ROUTING, MESSAGE_CLASSES, Stash, read_routing
from ._generated.tables import HEADER_BYTES, MessageCode
from ._generated.values import check_value, read_value, read_value_view
from .encoded import Encoded
from .errors import ProtocolError
from .fast import DOUBTS, Doubt, Faulty
from .frames import RULES, Header, Message, check_presence, parse_header
from .routing import WANTED, RequestPeek, Seek, route
from .rows import FieldRule
from .stepping import DICT, TEXT
from .tlv import Buffer, Check, readable, trailing
from .tokens import BY_CODE

Data = bytes | memoryview
Spans = Callable[[Data, int, Collection[str]], dict[str, stepping.Span]]
Rules = tuple[FieldRule, ...]


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
    header: Header,
    data: Data,
    start: int,
    steps: Steps = PYTHON,
    *,
    is_checked: bool = False,
    max_bytes: int | None = None,
) -> dict[str, Any]:
    """The payload's fields, judged; what they are not judged by is left empty.

    Args:
        is_checked: it is known to be one dict.
        max_bytes: how long a text or bytes field may be; None for as long as the frame permits.

    Raises:
        ProtocolError: the first fault.
    """
    if not is_checked:
        check_payload(header, data, start, steps.check)
    return judge_fields(header, data, start, steps.spans, max_bytes)


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


def judge_fields(
    header: Header, data: Data, start: int, spans: Spans, max_bytes: int | None = None
) -> dict[str, Any]:
    """As `judge_payload`, of one that is a dict."""
    judging = _Judging(header, data, start, spans, max_bytes)
    rules = RULES[header.code].fields or ()
    outline = judging.outline(rules, start, ())
    fields.check(rules, outline, judging.fault)
    return outline


class _Judging:
    """The fields of one payload: `judge_fields`, in parts that do not refer to each other."""

    def __init__(
        self, header: Header, data: Data, start: int, spans: Spans, max_bytes: int | None
    ) -> None:
        self._header = header
        self._data = data
        self._start = start
        self._spans = spans
        self._max_bytes = max_bytes
        self._offsets: dict[fields.Location, int] = {}

    def outline(self, rules: Rules, pos: int, location: fields.Location) -> dict[str, Any]:
        """What the fields of the dict at `pos` are judged by."""
        self._offsets[location] = pos
        by_name = {rule.name: rule for rule in rules}
        return {
            name: self._field(by_name[name], at, (*location, name))
            for name, (at, _) in self._spans(self._data, pos, by_name).items()
        }

    def _field(self, rule: FieldRule, at: int, location: fields.Location) -> Any:
        self._offsets[location] = at
        kind = BY_CODE[self._data[at]].python
        if kind is dict and rule.fields:
            return self.outline(rule.fields, at, location)
        if kind in (list, dict) or not (rule.scalar or kind in rule.types):
            # Its type is all that matters.
            return kind()
        if self._max_bytes is not None and stepping.size(self._data, at) > self._max_bytes:
            reason = f"it has more than {self._max_bytes} bytes"
            raise self.fault("invalid_field_value", reason, location)
        return strict.decode(self._data, at)[0]

    def fault(self, code: str, reason: str, location: fields.Location) -> ProtocolError:
        """The error of a field."""
        # A missing field has no byte of its own: the dict that lacks it is at fault.
        offset = self._offsets.get(location, self._offsets[location[:-1]])
        error = ProtocolError(code, reason, offset=offset, location=location)
        return _of_frame(error, self._header, self._start)


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
    stash = _question(header, source, steps, zero_copy, None)
    assert isinstance(stash, Stash)
    return stash


def parse_question(
    data: Buffer, *, zero_copy: bool = False, max_bytes: int | None = None
) -> Message:
    """Parse one whole frame of a STASH, STATUS or MANAGE, whatever else its payload has.

    Nothing is built but names and numbers, so that it costs as little as a check.

    Args:
        zero_copy: as in `parse_stash`.
        max_bytes: how long text and bytes may be that are built; None for as long as the frame
            permits. What is longer is not looked into.

    Returns:
        The message; of a STASH as from `parse_stash`.

    Raises:
        ProtocolError: as from `parse`; invalid_field_value where text or bytes are too long.
        ValueError: it is a frame of another message.
        TypeError: `data` is not bytes-like.
    """
    source = readable(data, zero_copy or type(data) is not bytes)
    return question_of(source, PYTHON, zero_copy, max_bytes)


QUESTIONS = (MessageCode.STASH, MessageCode.STATUS, MessageCode.MANAGE)


def question_of(source: Data, steps: Steps, zero_copy: bool, max_bytes: int | None) -> Message:
    """As `parse_question`, for what `readable` returned."""
    header = frame_header(source)
    if header.code not in QUESTIONS:
        raise ValueError(f"a question is needed, not a {RULES[header.code].name}")
    return _question(header, source, steps, zero_copy, max_bytes)


def _question(
    header: Header, source: Data, steps: Steps, zero_copy: bool, max_bytes: int | None
) -> Message:
    cls = MESSAGE_CLASSES[header.code]
    if RULES[header.code].fields is None:
        return cls._from_payload(header.request_id, {})
    found = judge_payload(header, source, HEADER_BYTES, steps, max_bytes=max_bytes)
    if found.get("value") is not None:
        start, stop = steps.spans(source, HEADER_BYTES, ("value",))["value"]
        found["value"] = source[start:stop] if zero_copy else Encoded(source[start:stop])
    return cls._from_payload(header.request_id, found)


def peek_request(payload: Buffer, start: int = 0, max_bytes: int | None = None) -> RequestPeek:
    """Read what routing needs from a REQUEST's payload, skipping the rest unbuilt.

    Args:
        payload: the bytes that hold the payload, to their end.
        start: where the payload begins, as HEADER_BYTES for a whole frame.
        max_bytes: how long names may be, as in `parse_question`.

    Raises:
        ProtocolError: the payload is at fault as far as it was read; values that were skipped
            are not judged. Offsets count from the frame's first header byte.
            invalid_field_value where a name is too long.

    A priority that stands behind `args` or `kwargs` may be taken as absent, so that arguments are
    not stepped over where the rest is known.
    """
    data = payload if isinstance(payload, bytes) else readable(payload, True)
    if max_bytes is None:
        with suppress(*DOUBTS):
            return _peek(data, start)
    return judge_routing(data, start, PYTHON, max_bytes)


def judge_routing(
    data: Data, start: int, steps: Steps = PYTHON, max_bytes: int | None = None
) -> RequestPeek:
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
    fields = judge_fields(header, data, start, lambda *_: spans, max_bytes)
    app_path, action, timeout, priority = map(fields.get, WANTED)
    return RequestPeek(app_path, action, timeout, priority or 0)  # type: ignore[arg-type]


def peek_trace(payload: Buffer, start: int = 0) -> dict[str, Any] | None:
    """Read the trace of a REQUEST, for a log, without decoding its arguments.

    Args:
        payload: the payload; the beginning of one is enough, as far as its arguments.
        start: where it begins.

    Returns:
        None where there is none before the arguments, or what stands there is at fault.
    """
    data = payload if isinstance(payload, bytes) else bytes(readable(payload, True))
    seek = Seek("trace")
    with suppress(Faulty, *DOUBTS):
        check_value(data, start, seek)
        if seek.found:
            trace, _ = read_value(data, seek.found)
            return trace if isinstance(trace, dict) else None
    return None


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
            if len(found) == _FIRST and key in ARGUMENTS and "priority" not in found:
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
