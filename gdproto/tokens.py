"""Walk over an encoded value strictly, one token at a time.

Rules: never recurse, never allocate for a size before the bytes that it promises are known to
be there, judge in the order that the specification gives, and name the exact place of the first
fault. Strict decoding and annotation read these tokens; so does whoever needs an offset.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Any, NamedTuple

from ._generated.tables import (
    KEY_ERROR,
    MAX_DEPTH,
    MAX_PATH_CHARS,
    UNKNOWN_VALUE_TYPE,
    VALUE_TYPES,
)
from .errors import ProtocolError
from .rows import ValueType

BY_CODE = {rule.code: rule for rule in VALUE_TYPES}
# As much of a key as a path may show.
_SHOWN_BYTES = MAX_PATH_CHARS * 4
_DICT = next(rule for rule in VALUE_TYPES if rule.kind == "dict")


class Kind(Enum):
    """What a token is."""

    SCALAR = "scalar"
    KEY = "key"
    OPEN = "open"
    CLOSE = "close"


class Token(NamedTuple):
    """One step of the walk.

    Attributes:
        kind: what it is.
        rule: the value's type.
        start, stop: its bytes; for OPEN the type and count only, for CLOSE none.
        value: the scalar or key; for OPEN and CLOSE the count.
    """

    kind: Kind
    rule: ValueType
    start: int
    stop: int
    value: Any


class Place(NamedTuple):
    """Where a key or value is at fault, and what must be known to say how.

    Attributes:
        at: its first byte.
        location: keys and indexes that lead there, as many as a path may show.
        depth: how many containers are open around it.
        owed: how many bytes they still owe after it.
        is_key: it stands where a dict's key must.
        is_again: it is a key that the dict has already.
        is_no_text: its text is not UTF-8.
    """

    at: int
    location: Sequence[str | int]
    depth: int
    owed: int
    is_key: bool
    is_again: bool
    is_no_text: bool


class _Open:
    """A container being read: how much of it is left, and where in it we are."""

    __slots__ = ("count", "index", "key", "keys", "rule")

    def __init__(self, rule: ValueType, count: int) -> None:
        self.rule = rule
        self.count = count
        self.index = -1
        self.key: str | None = None
        self.keys: set[str] | None = set() if rule.kind == "dict" else None


class Tokens:
    """The tokens of the one value at ``data[pos:end]``; `pos` says how far the walk got.

    Args:
        data: bytes, or a memoryview of bytes. Blobs are slices of it.
        pos: the value's type byte.
        end: where the readable bytes end.
    """

    def __init__(self, data: bytes | memoryview, pos: int, end: int) -> None:
        self.data = data
        self.pos = pos
        self.end = end
        self._stack: list[_Open] = []
        self._owed = 0
        self._place: Place | None = None

    def judge(self, place: Place) -> None:
        """Judge the one key or value at a place. Raises ProtocolError where it is at fault."""
        self._place, self._owed = place, place.owed
        if place.is_key:
            frame = _Open(_DICT, 1)
            self._stack.append(frame)
            self._key(frame, set())
        else:
            self._value()

    def location(self) -> tuple[str | int, ...]:
        """Keys and indexes of what is being read."""
        steps = (frame.index if frame.keys is None else frame.key for frame in self._stack)
        around = self._place.location if self._place is not None else ()
        return (*around, *(step for step in steps if step is not None))

    def __iter__(self) -> Iterator[Token]:
        """Yield the tokens. Raises ProtocolError at the first fault."""
        yield self._value()
        while self._stack:
            frame = self._stack[-1]
            if frame.index + 1 == frame.count:
                self._stack.pop()
                yield Token(Kind.CLOSE, frame.rule, self.pos, self.pos, frame.count)
                continue
            frame.index += 1
            self._owed -= frame.rule.smallest_element_bytes
            if frame.keys is not None:
                yield self._key(frame, frame.keys)
            yield self._value()

    def _fault(self, code: str, offset: int, reason: str) -> ProtocolError:
        return ProtocolError(code, reason, offset=offset, location=self.location())

    def _need(self, size: int) -> None:
        if self.pos + size > self.end:
            missing = self.pos + size - self.end
            raise self._fault("truncated", self.end, f"{missing} more bytes were promised")

    def _type(self) -> ValueType:
        self._need(1)
        code = self.data[self.pos]
        rule = BY_CODE.get(code)
        if rule is None:
            raise self._fault(UNKNOWN_VALUE_TYPE, self.pos, f"no value type has code {code:#04x}")
        return rule

    def _value(self) -> Token:
        start = self.pos
        rule = self._type()
        if rule.kind in ("list", "dict"):
            return self._container(rule, start)
        self.pos += 1
        return Token(Kind.SCALAR, rule, start, self.pos, self._body(rule))._replace(stop=self.pos)

    def _key(self, frame: _Open, keys: set[str]) -> Token:
        frame.key = None
        start = self.pos
        rule = self._type()
        if rule.python is not str:
            raise self._fault(KEY_ERROR, start, f"a {rule.name} stands where a key must")
        self.pos += 1
        key = self._body(rule)
        frame.key = key
        if key in keys or (self._place is not None and self._place.is_again):
            raise self._fault("duplicate_key", start, "the dict has this key already")
        keys.add(key)
        return Token(Kind.KEY, rule, start, self.pos, key)

    def _container(self, rule: ValueType, start: int) -> Token:
        depth = len(self._stack) if self._place is None else self._place.depth
        if depth == MAX_DEPTH:
            raise self._fault("nesting_too_deep", start, f"{MAX_DEPTH} containers are open")
        self.pos += 1
        count = self._size(rule, rule.smallest_element_bytes)
        self._owed += count * rule.smallest_element_bytes
        self._stack.append(_Open(rule, count))
        return Token(Kind.OPEN, rule, start, self.pos, count)

    def _size(self, rule: ValueType, unit_bytes: int) -> int:
        """Read a size, judged against its limit and then against what remains."""
        at = self.pos
        self._need(rule.size)
        assert rule.packer is not None
        size: int = rule.packer.unpack_from(self.data, at)[0]
        self.pos += rule.size
        if size > rule.limit:
            raise self._fault(rule.error, at, f"{size} is above the limit of {rule.limit}")
        needed, left = size * unit_bytes + self._owed, self.end - self.pos
        if needed > left:
            raise self._fault("truncated", at, f"{needed} more bytes are needed, {left} are left")
        return size

    def _body(self, rule: ValueType) -> Any:
        if rule.kind == "empty":
            return None
        if rule.kind in ("text", "blob"):
            return self._blob(rule)
        at = self.pos
        self._need(rule.size)
        assert rule.packer is not None
        value = rule.packer.unpack_from(self.data, at)[0]
        if rule.choices is not None:
            if value not in rule.choices:
                raise self._fault(rule.error, at, f"{value:#04x} stands for no {rule.name}")
            value = rule.choices[value]
        self.pos += rule.size
        return value

    def _blob(self, rule: ValueType) -> Any:
        size = self._size(rule, 1)
        start = self.pos
        if self._place is not None and self._place.is_no_text:
            raise self._no_text(start)
        if self._place is not None and self._place.is_again:
            # It is known to be text, and only to be shown.
            return str(self.data[start : start + min(size, _SHOWN_BYTES)], "utf-8", "ignore")
        raw = self.data[start : start + size]
        self.pos += size
        if rule.kind == "blob":
            return raw
        try:
            return str(raw, "utf-8")
        except UnicodeDecodeError:
            raise self._no_text(start) from None

    def _no_text(self, start: int) -> ProtocolError:
        return self._fault("invalid_utf8", start, "the text is not UTF-8")
