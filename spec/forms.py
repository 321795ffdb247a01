"""Strict forms: what GD needs of a declaration and `construct` does not have.

`construct` is lax by default: its Enum accepts unknown codes, its Flag any non-zero byte, its
validators hide their predicate in a closure, and nothing bounds a recursion. The forms below
refuse instead, with a portable code, and keep what they enforce in plain attributes, so that
the compiler can read it. Refusals carry the offset and the path that GD prescribes, which
makes the declarations an oracle for errors too.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from construct import Construct, ConstructError, Container, StreamError, Subconstruct

from .limits import Bound

Path = tuple[str | int, ...]


class Refused(ConstructError):
    """Bytes or a value that GD/1 does not permit.

    Attributes:
        code: portable error code.
        offset: where, from the start of what was parsed; None when building.
        location: keys and indexes from the root value to the fault.
    """

    def __init__(self, code: str, offset: int | None, location: Path = ()) -> None:
        super().__init__(f"{code} at offset {offset}")
        self.code = code
        self.offset = offset
        self.location = location


class Walk:
    """What one parse or build knows about where it stands.

    Attributes:
        end: where the readable bytes end.
        owed: bytes that the open containers need at least for items not yet begun.
        location: keys and indexes of the open containers.
        offsets: where each value parsed so far began, by its location.
    """

    def __init__(self, end: int) -> None:
        self.end = end
        self.depth = 0
        self.owed = 0
        self.location: list[str | int] = []
        self.offsets: dict[Path, int] = {}

    def refuse(self, code: str, offset: int | None) -> Refused:
        return Refused(code, offset, tuple(self.location))

    @staticmethod
    def of(context: Container, stream: io.BytesIO | None = None) -> Walk:
        """The walk of this parse or build, begun at the first call."""
        params = context._params
        if "gd_walk" not in params:
            end = 0 if stream is None else stream.getbuffer().nbytes
            params["gd_walk"] = Walk(end)
        walk: Walk = params["gd_walk"]
        return walk


class Exactly(Subconstruct):
    """A field with one permitted value."""

    def __init__(self, subcon: Construct, value: Any, error: str) -> None:
        super().__init__(subcon)
        self.value = value
        self.error = error

    def _parse(self, stream: Any, context: Any, path: Any) -> Any:
        offset = stream.tell()
        value = self.subcon._parsereport(stream, context, path)
        if value != self.value:
            raise Walk.of(context, stream).refuse(self.error, offset)
        return value

    def _build(self, obj: Any, stream: Any, context: Any, path: Any) -> Any:
        return self.subcon._build(self.value, stream, context, path)


class OneOf(Subconstruct):
    """A field whose wire values each stand for one value; no other is permitted."""

    def __init__(self, subcon: Construct, choices: Mapping[int, Any], error: str) -> None:
        super().__init__(subcon)
        self.choices = choices
        self.error = error

    def _parse(self, stream: Any, context: Any, path: Any) -> Any:
        offset = stream.tell()
        raw = self.subcon._parsereport(stream, context, path)
        if raw not in self.choices:
            raise Walk.of(context, stream).refuse(self.error, offset)
        return self.choices[raw]

    def _build(self, obj: Any, stream: Any, context: Any, path: Any) -> Any:
        for raw, value in self.choices.items():
            if value == obj:
                self.subcon._build(raw, stream, context, path)
                return obj
        raise Walk.of(context).refuse(self.error, None)


class Limit(Subconstruct):
    """An unsigned size that may not exceed its bound."""

    def __init__(self, subcon: Construct, bound: Bound) -> None:
        super().__init__(subcon)
        self.bound = bound

    def _parse(self, stream: Any, context: Any, path: Any) -> int:
        offset = stream.tell()
        size: int = self.subcon._parsereport(stream, context, path)
        if size > self.bound.value:
            raise Walk.of(context, stream).refuse(self.bound.error, offset)
        return size

    def _build(self, obj: int, stream: Any, context: Any, path: Any) -> Any:
        if obj > self.bound.value:
            raise Walk.of(context).refuse(self.bound.error, None)
        return self.subcon._build(obj, stream, context, path)


class Fits(Subconstruct):
    """A named unsigned number of which all are permitted, and none that its bytes cannot hold."""

    def __init__(self, subcon: Construct, error: str) -> None:
        super().__init__(subcon)
        self.error = error

    def _build(self, obj: int, stream: Any, context: Any, path: Any) -> Any:
        if not 0 <= obj < 256 ** self.sizeof():
            # construct writes a path as "(building) -> header -> name".
            raise Refused(self.error, None, (path.rpartition(" -> ")[2],))
        return self.subcon._build(obj, stream, context, path)


class Holds(Subconstruct):
    """A TLV body and the Python values it carries.

    Attributes:
        python: the Python type.
        minimum, maximum: the integers it carries, inclusive; None for other types.
    """

    def __init__(
        self,
        subcon: Construct,
        python: type,
        minimum: int | None = None,
        maximum: int | None = None,
    ) -> None:
        super().__init__(subcon)
        self.python = python
        self.minimum = minimum
        self.maximum = maximum

    def accepts(self, value: object) -> bool:
        if type(value) is not self.python:
            return False
        if not isinstance(value, int) or self.minimum is None or self.maximum is None:
            return True
        return self.minimum <= value <= self.maximum


class Sized(Subconstruct):
    """A size, then as many raw bytes."""

    def _parse(self, stream: Any, context: Any, path: Any) -> bytes:
        walk = Walk.of(context, stream)
        offset = stream.tell()
        size = self.subcon._parsereport(stream, context, path)
        if size + walk.owed > walk.end - stream.tell():
            raise walk.refuse("truncated", offset)
        raw: bytes = stream.read(size)
        return raw

    def _build(self, obj: bytes, stream: Any, context: Any, path: Any) -> bytes:
        self.subcon._build(len(obj), stream, context, path)
        stream.write(obj)
        return obj


class Utf8(Subconstruct):
    """Raw bytes that are UTF-8 text: GD-TLV-006."""

    def _parse(self, stream: Any, context: Any, path: Any) -> str:
        raw: bytes = self.subcon._parsereport(stream, context, path)
        try:
            return raw.decode()
        except UnicodeDecodeError:
            walk = Walk.of(context, stream)
            raise walk.refuse("invalid_utf8", stream.tell() - len(raw)) from None

    def _build(self, obj: str, stream: Any, context: Any, path: Any) -> str:
        try:
            raw = obj.encode()
        except UnicodeEncodeError:
            raise Walk.of(context).refuse("invalid_text", None) from None
        self.subcon._build(raw, stream, context, path)
        return obj


class Counted(Construct):
    """A count, then as many elements: the common part of Items and Pairs.

    Attributes:
        count: the size field.
        element: what each element's value is.
        depth: how many containers may be open at once.
        smallest_element_bytes: what each element not yet begun still needs at least.
    """

    smallest_element_bytes = 1

    def __init__(self, count: Construct, element: Construct, depth: Bound) -> None:
        super().__init__()
        self.count = count
        self.element = element
        self.depth = depth

    def _open(self, walk: Walk, type_offset: int | None) -> None:
        if walk.depth == self.depth.value:
            raise walk.refuse(self.depth.error, type_offset)
        walk.depth += 1

    def _count(self, walk: Walk, stream: Any, context: Any, path: Any) -> int:
        offset = stream.tell()
        count: int = self.count._parsereport(stream, context, path)
        needed = count * self.smallest_element_bytes + walk.owed
        if needed > walk.end - stream.tell():
            raise walk.refuse("truncated", offset)
        walk.owed = needed
        return count

    def _parse_at(self, key: str | int, walk: Walk, stream: Any, context: Any, path: Any) -> Any:
        walk.location.append(key)
        value = self.element._parsereport(stream, context, path)
        walk.location.pop()
        return value

    def _build_at(self, key: str | int, value: Any, stream: Any, context: Any, path: Any) -> None:
        walk = Walk.of(context)
        walk.location.append(key)
        self.element._build(value, stream, context, path)
        walk.location.pop()


class Items(Counted):
    """The body of a list: a count, then values, in their order (GD-TLV-014)."""

    def _parse(self, stream: Any, context: Any, path: Any) -> list[Any]:
        walk = Walk.of(context, stream)
        self._open(walk, stream.tell() - 1)
        items = []
        for index in range(self._count(walk, stream, context, path)):
            walk.owed -= self.smallest_element_bytes
            items.append(self._parse_at(index, walk, stream, context, path))
        walk.depth -= 1
        return items

    def _build(self, obj: Sequence[Any], stream: Any, context: Any, path: Any) -> Any:
        walk = Walk.of(context)
        self._open(walk, None)
        self.count._build(len(obj), stream, context, path)
        for index, value in enumerate(obj):
            self._build_at(index, value, stream, context, path)
        walk.depth -= 1
        return obj


class Pairs(Counted):
    """The body of a dict: a count, then a key and a value for each pair.

    Attributes:
        key: what each key is.
    """

    # An empty key is a type byte and a length of zero; its value takes one byte at least.
    smallest_element_bytes = 6

    def __init__(self, count: Construct, key: Construct, element: Construct, depth: Bound) -> None:
        super().__init__(count, element, depth)
        self.key = key

    def _parse(self, stream: Any, context: Any, path: Any) -> dict[str, Any]:
        walk = Walk.of(context, stream)
        self._open(walk, stream.tell() - 1)
        pairs: dict[str, Any] = {}
        for _ in range(self._count(walk, stream, context, path)):
            walk.owed -= self.smallest_element_bytes
            offset = stream.tell()
            key = self.key._parsereport(stream, context, path)
            if key in pairs:
                walk.location.append(key)
                raise walk.refuse("duplicate_key", offset)
            pairs[key] = self._parse_at(key, walk, stream, context, path)
        walk.depth -= 1
        return pairs

    def _build(self, obj: Mapping[Any, Any], stream: Any, context: Any, path: Any) -> Any:
        walk = Walk.of(context)
        self._open(walk, None)
        self.count._build(len(obj), stream, context, path)
        for key, value in obj.items():
            self.key._build(key, stream, context, path)
            self._build_at(key, value, stream, context, path)
        walk.depth -= 1
        return obj


class Tagged(Construct):
    """A type code, then the body of that type.

    Attributes:
        tag: the code's form.
        types: the body of each code, a renamed `Holds`.
        error: portable code of an unknown type code.
    """

    def __init__(self, tag: Construct, types: Mapping[int, Construct], error: str) -> None:
        super().__init__()
        self.tag = tag
        self.types = types
        self.error = error

    def parse_code(self, stream: Any, context: Any, path: Any) -> int:
        """Read the type code alone; Refused when it is unknown."""
        offset = stream.tell()
        code: int = self.tag._parsereport(stream, context, path)
        if code not in self.types:
            raise Walk.of(context, stream).refuse(self.error, offset)
        return code

    def _parse(self, stream: Any, context: Any, path: Any) -> Any:
        walk = Walk.of(context, stream)
        walk.offsets[tuple(walk.location)] = stream.tell()
        code = self.parse_code(stream, context, path)
        return self.types[code]._parsereport(stream, context, path)

    def _build(self, obj: Any, stream: Any, context: Any, path: Any) -> Any:
        same_type = [code for code in self.types if held(self.types[code]).python is type(obj)]
        for code in same_type:
            if held(self.types[code]).accepts(obj):
                self.tag._build(code, stream, context, path)
                return self.types[code]._build(obj, stream, context, path)
        error = "int_out_of_range" if same_type else "unsupported_type"
        raise Walk.of(context).refuse(error, None)


class KeyOf(Subconstruct):
    """A tagged value that must be text."""

    def __init__(self, subcon: Tagged, error: str) -> None:
        super().__init__(subcon)
        self.error = error

    def _parse(self, stream: Any, context: Any, path: Any) -> str:
        walk = Walk.of(context, stream)
        offset = stream.tell()
        code = self.subcon.parse_code(stream, context, path)
        body = self.subcon.types[code]
        if held(body).python is not str:
            raise walk.refuse(self.error, offset)
        key: str = body._parsereport(stream, context, path)
        return key

    def _build(self, obj: Any, stream: Any, context: Any, path: Any) -> Any:
        if type(obj) is not str:
            raise Walk.of(context).refuse(self.error, None)
        return self.subcon._build(obj, stream, context, path)


def held(subcon: Construct) -> Holds:
    """The `Holds` under the names and docs of a declaration."""
    while not isinstance(subcon, Holds):
        subcon = subcon.subcon
    return subcon


@dataclass(frozen=True)
class Field:
    """One field of a payload.

    Attributes:
        name: its key on the wire.
        types: Python types of permitted values; empty for any value.
        meaning: one phrase for the tables.
        required: whether its absence is an error; none counts as absent where it is not.
        default: what absence means (GD-MSG-006, GD-MSG-007). None is never written; any other
            default is.
        default_written: false for a field whose default is left out too: it came later, and the
            bytes of who does not use it stay as they were.
        minimum, maximum: the permitted numbers, inclusive.
        finite: whether infinities and NaN are refused.
        choices: permitted integers by name; empty for all.
        scalar: whether lists and dicts are refused as values.
        fields: for a dict with fields of its own.
    """

    name: str
    types: tuple[type, ...]
    meaning: str
    required: bool = True
    default: Any = None
    default_written: bool = True
    minimum: int | None = None
    maximum: int | None = None
    finite: bool = False
    choices: Mapping[str, int] | None = None
    scalar: bool = False
    fields: tuple[Field, ...] = ()

    def permits(self, value: Any) -> bool:
        """Whether a value of the right type is a possible one."""
        if self.finite and isinstance(value, float) and not math.isfinite(value):
            return False
        if self.minimum is not None and value < self.minimum:
            return False
        if self.maximum is not None and value > self.maximum:
            return False
        if self.choices is not None and value not in self.choices.values():
            return False
        return not (self.scalar and isinstance(value, list | dict))

    def leaves_out(self, value: Any) -> bool:
        """Whether the field is not written with this value: GD-MSG-039."""
        is_default = type(value) is type(self.default) and value == self.default
        return is_default and (value is None or not self.default_written)


class Fields(Subconstruct):
    """A payload: one TLV dict whose known keys are fields, in any order (GD-MSG-002).

    Unknown keys are ignored: GD-MSG-003.
    """

    def __init__(self, subcon: Construct, *fields: Field) -> None:
        super().__init__(subcon)
        self.fields = fields

    def _parse(self, stream: Any, context: Any, path: Any) -> Container:
        walk = Walk.of(context, stream)
        start = stream.tell()
        payload = self.subcon._parsereport(stream, context, path)
        if stream.tell() != walk.end:
            raise walk.refuse("trailing_data", stream.tell())
        if type(payload) is not dict:
            raise walk.refuse("payload_not_dict", start)
        return self._pick(self.fields, payload, walk)

    def _pick(self, fields: Sequence[Field], payload: dict[str, Any], walk: Walk) -> Container:
        picked = Container()
        for field in fields:
            value: Any = payload.get(field.name)
            start = walk.offsets[tuple(walk.location)]
            walk.location.append(field.name)
            offset = walk.offsets.get(tuple(walk.location), start)
            if field.required and field.name not in payload:
                raise walk.refuse("missing_field", start)
            if value is None and not field.required:
                picked[field.name] = field.default
            else:
                self._check(field, value, walk, offset)
                picked[field.name] = value
                if field.fields:
                    picked[field.name] = self._pick(field.fields, value, walk)
            walk.location.pop()
        return picked

    @staticmethod
    def _check(field: Field, value: Any, walk: Walk, offset: int | None) -> None:
        # A bool is an int of Python, and none here: GD-MSG-012.
        if field.types and type(value) not in field.types:
            raise walk.refuse("wrong_field_type", offset)
        if not field.permits(value):
            raise walk.refuse("invalid_field_value", offset)

    def _build(self, obj: Mapping[str, Any], stream: Any, context: Any, path: Any) -> Any:
        # GD-MSG-001
        ordered = self._order(self.fields, obj, Walk.of(context))
        self.subcon._build(ordered, stream, context, path)
        return obj

    def _order(self, fields: Sequence[Field], obj: Mapping[str, Any], walk: Walk) -> dict[str, Any]:
        ordered: dict[str, Any] = {}
        for field in fields:
            value: Any = obj.get(field.name)
            # GD-MSG-093
            if value is None and not field.required:
                value = field.default
            if not field.required and field.leaves_out(value):
                continue
            walk.location.append(field.name)
            self._check(field, value, walk, None)
            ordered[field.name] = self._order(field.fields, value, walk) if field.fields else value
            walk.location.pop()
        return ordered


class Framed(Construct):
    """A header, then a payload of the length and the type that the header names.

    Attributes:
        header: has the fields ``type`` and ``length``.
        payloads: the payload's form by message name; None for a message without one.
    """

    def __init__(self, header: Construct, payloads: Mapping[str, Construct | None]) -> None:
        super().__init__()
        self.header = header
        self.payloads = payloads

    def _parse(self, stream: Any, context: Any, path: Any) -> Container:
        start = stream.tell()
        walk = Walk.of(context, stream)
        if walk.end - start < self.header.sizeof():
            raise StreamError("the header is judged when all of it is there")
        header = self.header._parsereport(stream, context, path)
        form = self.payloads[header.type]
        body = stream.tell()
        if form is None and header.length:
            raise walk.refuse("unexpected_payload", start + self._length_offset())
        if body + header.length > walk.end:
            raise StreamError("the frame ends early")
        if body + header.length < walk.end:
            raise walk.refuse("trailing_data", body + header.length)
        payload = None if form is None else form._parsereport(stream, context, path)
        return Container(header=header, payload=payload)

    def _length_offset(self) -> int:
        names = [field.name for field in self.header.subcons]
        return sum(field.sizeof() for field in self.header.subcons[: names.index("length")])

    def _build(self, obj: Mapping[str, Any], stream: Any, context: Any, path: Any) -> Any:
        header = obj["header"]
        form = self.payloads[header["type"]]
        # The id is judged before the payload is: GD-MSG-094.
        self.header._build({**header, "length": 0}, io.BytesIO(), context, path)
        body = b"" if form is None else form.build(obj["payload"])
        self.header._build({**header, "length": len(body)}, stream, context, path)
        stream.write(body)
        return obj


def parse_whole(form: Construct, data: bytes) -> Any:
    """Parse all of `data`.

    Raises:
        Refused: it is not what `form` declares.
    """
    stream = io.BytesIO(data)
    walk = Walk(len(data))
    try:
        value = form.parse_stream(stream, gd_walk=walk)
    except StreamError:
        raise walk.refuse("truncated", len(data)) from None
    if stream.tell() != len(data):
        raise Refused("trailing_data", stream.tell())
    return value
