"""The strict half of the value codec: never recursive, and exact about every fault.

The fast half leaves to this one whatever it cannot vouch for. A fault is named where it was found,
by judging the one key or value at that place again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from ._generated.tables import MAX_DEPTH, MAX_VALUE_BYTES, VALUE_TYPES
from ._generated.values import build_value, check_value, write_value
from .encoded import Encoded
from .errors import ProtocolError
from .fast import DOUBTS, Again, Faulty, TooLarge, Written
from .rows import ValueType
from .tokens import Place, Tokens

_ITEM_BYTES, _PAIR_BYTES = (
    next(rule.smallest_element_bytes for rule in VALUE_TYPES if rule.kind == kind)
    for kind in ("list", "dict")
)


def check(data: bytes | memoryview, pos: int) -> int:
    """Where the value at `pos` ends, which is right. Raises ProtocolError: the first fault."""
    try:
        return check_value(data, pos)
    except Faulty as fault:
        refuse_at(data, fault)


def decode(data: bytes | memoryview, pos: int) -> tuple[Any, int]:
    """The value at `pos`, and where it ends; blobs are slices of `data`.

    Raises:
        ProtocolError: the first fault.
    """
    try:
        return build_value(data, pos)
    except Faulty as fault:
        refuse_at(data, fault)


def refuse_at(data: bytes | memoryview, fault: Faulty) -> NoReturn:
    """Raise the ProtocolError of what is at fault."""
    _, left, room, held, key = fault.around[-1]
    is_dict = isinstance(held, set | dict)
    owed = len(data) - (room - left * (_PAIR_BYTES if is_dict else _ITEM_BYTES))
    steps = [
        key if isinstance(held, set | dict) else count - left - 1
        for count, left, _, held, key in fault.around[1:]
    ]
    refuse(
        data,
        fault.at,
        [step for step in steps if step is not None],
        len(fault.around) - 1,
        owed,
        is_dict and key is None,
        isinstance(fault.doubt, Again),
        isinstance(fault.doubt, UnicodeError),
    )


def refuse(data: bytes | memoryview, *place: Any) -> NoReturn:
    """Raise the ProtocolError of the key or value at a place, which has what makes a `Place`."""
    Tokens(data, place[0], len(data)).judge(Place(*place))
    raise AssertionError(f"nothing is at fault at byte {place[0]}")


def write(value: Any, pieces: Written) -> None:
    """Write a value.

    Raises:
        ProtocolError: the first fault; what is too large by little is not found.
    """
    try:
        write_value(value, pieces.append)
    except DOUBTS as doubt:
        write_again(value, pieces, doubt)


def write_again(value: Any, pieces: Written, doubt: Exception) -> None:
    """Write a value, about which the fast codec was in doubt. Raises ProtocolError as `write`."""
    if isinstance(doubt, TooLarge):
        raise too_large(pieces.most) from None
    around = (pieces.trail or [])[::-1]
    culprit = value if pieces.trail is None else pieces.culprit
    refuse_writing(culprit, around, len(around), pieces.is_key, False, False)
    # It is right, and of unusual types.
    pieces.clear()
    Encoder(pieces.append, pieces.most).encode(value)


def refuse_writing(
    value: Any,
    around: list[str | int],
    depth: int,
    is_key: bool,
    is_again: bool,
    is_too_large: bool,
) -> None:
    """Raise the ProtocolError of a value, or a key, in so many lists and dicts, if it is at fault.

    Args:
        around: keys and indexes that lead there.
        is_again: it is a key that has been written already.
        is_too_large: more than enough was written before it.
    """
    if is_too_large:
        raise too_large(MAX_VALUE_BYTES)
    nowhere = Encoder(lambda _: None, MAX_VALUE_BYTES)
    nowhere.judge(value, around, depth, is_key, is_again)


def too_large(most: int) -> ProtocolError:
    """The error of a value, or a payload, that takes more bytes than there may be."""
    return ProtocolError("payload_too_large", f"it takes more than {most} bytes", phase="encode")


class _Writing:
    """A container being written: what is left of it, and where in it we are."""

    __slots__ = ("entries", "keys", "step")

    def __init__(self, entries: Iterator[tuple[Any, Any]], keys: set[str] | None) -> None:
        self.entries = entries
        self.keys = keys
        self.step: str | int | None = None


class Encoder:
    """Encodes one value in pieces, passing them to `write`, of at most so many bytes."""

    def __init__(self, write: Callable[[bytes | bytearray], None], most: int) -> None:
        self._write = write
        self._most = self._room = most
        self._stack: list[_Writing] = []
        # What is open around the value, where only a part of it is judged.
        self._around: list[str | int] = []
        self._depth = 0
        self._is_again = False

    def judge(
        self, value: Any, around: list[str | int], depth: int, is_key: bool, is_again: bool
    ) -> None:
        """Judge a value, or a key, that is in so many lists and dicts. Raises ProtocolError."""
        self._around, self._depth, self._is_again = around, depth, is_again
        if is_key:
            self._stack.append(_Writing(iter(()), set()))
            self._key(set(), value)
        else:
            self._value(value)

    def _out(self, piece: bytes | bytearray) -> None:
        self._room -= len(piece)
        if self._room < 0:
            raise too_large(self._most)
        self._write(piece)

    def encode(self, value: Any) -> None:
        """Encode `value`. Raises ProtocolError at the first fault."""
        self._value(value)
        while self._stack:
            frame = self._stack[-1]
            for step, item in frame.entries:
                frame.step = self._key(frame.keys, step) if frame.keys is not None else step
                depth = len(self._stack)
                self._value(item)
                if len(self._stack) > depth:
                    break
            else:
                self._stack.pop()

    def _fault(self, code: str, reason: str, *last: str) -> ProtocolError:
        steps = [frame.step for frame in self._stack if frame.step is not None]
        location = [*self._around, *steps, *last]
        return ProtocolError(code, reason, phase="encode", location=location)

    def _value(self, value: Any) -> None:
        if type(value) is Encoded and self._depth + len(self._stack) <= 1:
            self._out(value)
            return
        value = self._plain(value)
        rule = self._rule(value)
        if rule.kind in ("list", "dict"):
            self._open(rule, value)
        elif rule.kind in ("text", "blob"):
            self._blob(rule, value)
        elif rule.kind == "empty":
            self._out(bytes([rule.code]))
        else:
            assert rule.packer is not None
            if rule.choices is not None:
                value = next(raw for raw, choice in rule.choices.items() if choice is value)
            self._out(bytes([rule.code]) + rule.packer.pack(value))

    def _plain(self, value: Any) -> Any:
        try:
            return plain(value)
        except Exception:
            raise self._fault("unsupported_type", f"cannot read a {_type_name(value)}") from None

    def _rule(self, value: Any) -> ValueType:
        rules = [rule for rule in VALUE_TYPES if rule.python is type(value)]
        for rule in rules:
            if rule.minimum is None or rule.maximum is None:
                return rule
            if rule.minimum <= value <= rule.maximum:
                return rule
        if rules:
            raise self._fault("int_out_of_range", "no integer type holds this number")
        raise self._fault("unsupported_type", f"a {_type_name(value)} has no TLV form")

    def _head(self, rule: ValueType, size: int) -> bytes:
        if size > rule.limit:
            raise self._fault(rule.error, f"{size} is above the limit of {rule.limit}")
        assert rule.packer is not None
        return bytes([rule.code]) + rule.packer.pack(size)

    def _blob(self, rule: ValueType, value: Any) -> None:
        raw = self._utf8(value) if rule.kind == "text" else value
        self._out(self._head(rule, len(raw)))
        self._out(raw)

    def _utf8(self, text: str) -> bytes:
        try:
            return text.encode()
        except UnicodeEncodeError as error:
            raise self._fault("invalid_text", error.reason) from None

    def _open(self, rule: ValueType, value: Any) -> None:
        if self._depth + len(self._stack) == MAX_DEPTH:
            raise self._fault("nesting_too_deep", f"{MAX_DEPTH} containers are open")
        self._head(rule, len(value))
        # Copies, so that another thread's change cannot make the count a lie.
        entries = list(dict.items(value)) if rule.kind == "dict" else list(enumerate(value))
        self._out(self._head(rule, len(entries)))
        self._stack.append(_Writing(iter(entries), set() if rule.kind == "dict" else None))

    def _key(self, keys: set[str], key: Any) -> str:
        self._stack[-1].step = None
        text = self._key_text(key)
        if text in keys or self._is_again:
            raise self._fault("duplicate_key", "two keys have this text", text)
        keys.add(text)
        rule = next(rule for rule in VALUE_TYPES if rule.kind == "text")
        self._blob(rule, text)
        return text

    def _key_text(self, key: Any) -> str:
        try:
            key = plain(key)
            if type(key) is str:
                return key
            if key is None or type(key) in (bool, int, float):
                return str(key)
        except Exception:
            pass
        raise self._fault("key_not_string", f"a {_type_name(key)} cannot be a key")


def plain(value: Any) -> Any:
    """The value as the base type that TLV knows, bypassing what subclasses override.

    Tuples become lists; bytearrays and memoryviews become bytes. Other types are returned as
    they are.
    """
    kind = type(value)
    if kind in _PLAIN:
        return value
    for base, convert in _CONVERSIONS.items():
        if issubclass(kind, base):
            return convert(value)
    return value


def _type_name(value: Any) -> str:
    return type(value).__name__


_PLAIN = frozenset((type(None), bool, int, float, bytes, str, list, dict))
_CONVERSIONS: dict[type, Callable[[Any], Any]] = {
    int: int.__int__,
    float: float.__float__,
    str: str.__str__,
    bytes: lambda value: memoryview(value).tobytes(),
    bytearray: lambda value: memoryview(value).tobytes(),
    memoryview: memoryview.tobytes,
    list: lambda value: list.__getitem__(value, slice(None)),
    tuple: lambda value: list(tuple.__getitem__(value, slice(None))),
    dict: lambda value: dict(dict.items(value)),
}
