"""Values that no type of the wire holds, by the profile of the specification, and by hooks.

    from dirty_runtime import Converters, DirtyApp, DirtyClient

    CONVERTERS = Converters(Point, Colour, arrays=True, common=True)


    class Model(DirtyApp):
        converters = CONVERTERS

    client = DirtyClient("./model.sock", converters=CONVERTERS)

Rules: nothing is converted but what was asked for, on either side; a program that asks for nothing
pays nothing. A value becomes a dict with a mark, and only a class that is registered is made of it:
no mark names code, and nothing is pickled. numpy is imported when an array comes, and never
otherwise. What comes has read-only arrays over the bytes that were received.
"""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import functools
import math
import pathlib
import re
import sys
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple, Self

import gdproto

from .printable import shown
from .seconds import ValueRefused

MARK = "gd:"
ARRAY = "gd:array"
PLAIN = frozenset((type(None), bool, int, float, str, bytes))
NAME = re.compile(r"[A-Za-z_][\w.]*")
# From here on, a copy takes time.
LARGE_BYTES = 64 * 1024
# Of numpy's types of items: a byte order, a kind, a size, and a unit; or a name such as bfloat16.
ITEM = re.compile(r"[<>|=]?[biufcmMSUV]\d+(\[\w+\])?|(?:bfloat|float|int|uint)\d\w*")

Convert = Callable[[Any], Any]


class Kind(NamedTuple):
    """How the values of one class travel.

    Attributes:
        cls: the class.
        name: stands behind the mark.
        take: what is sent for a value; it is converted again.
        make: the value, of what came.
    """

    cls: type
    name: str
    take: Convert
    make: Convert

    def taken(self, value: Any) -> Any:
        """What is sent for the value; what `take` raises goes through, as out of a generator."""
        try:
            return self.take(value)
        except StopIteration as error:
            # It would end the list in which the value stands.
            raise RuntimeError(f"the converter of {self.name} raised StopIteration") from error


COMMON = (
    Kind(
        datetime.datetime, "datetime", datetime.datetime.isoformat, datetime.datetime.fromisoformat
    ),
    Kind(datetime.date, "date", datetime.date.isoformat, datetime.date.fromisoformat),
    Kind(datetime.time, "time", datetime.time.isoformat, datetime.time.fromisoformat),
    Kind(
        datetime.timedelta,
        "timedelta",
        lambda value: [value.days, value.seconds, value.microseconds],
        lambda value: datetime.timedelta(*value),
    ),
    Kind(uuid.UUID, "uuid", str, uuid.UUID),
    Kind(decimal.Decimal, "decimal", str, decimal.Decimal),
    Kind(pathlib.PurePath, "path", str, pathlib.Path),
    Kind(set, "set", list, set),
    Kind(frozenset, "frozenset", list, frozenset),
    Kind(complex, "complex", lambda value: [value.real, value.imag], lambda value: complex(*value)),
)
OURS = frozenset(("array", *(one.name for one in COMMON)))


class Converters:
    """What is converted, on the way out and on the way in.

    Args:
        classes: enums, dataclasses, and the models of pydantic and attrs, which travel as the dict
            of their fields, or an enum as its value; both sides register the class. pydantic's
            models are validated as they come.
        arrays: numpy's arrays and scalars, `array.array`, and what speaks DLPack, as the tensors of
            torch and the arrays of jax do; all come as numpy's arrays.
        common: datetime, date, time, timedelta, UUID, Decimal, paths, set, frozenset, complex.

    Raises:
        ValueRefused: a class is none of these, or two have one name.
    """

    def __init__(self, *classes: type, arrays: bool = False, common: bool = False) -> None:
        self._kinds: dict[type, Kind | None] = {}
        self._made: dict[str, Convert] = {}
        self._has_arrays = arrays
        # Those of the specification leave what has not their form as it is.
        self._strict: set[str] = set()
        for kind in COMMON if common else ():
            self._kinds[kind.cls] = kind
            self._made[MARK + kind.name] = kind.make
        for cls in classes:
            self._register(kind_of(cls))

    def add(self, cls: type, name: str, take: Convert, make: Convert) -> Self:
        """Have values of the class travel as what `take` gives, and `make` makes of that again.

        Args:
            name: tells them on the wire; both sides give the same.

        Raises:
            ValueRefused: another has the name.
        """
        self._register(Kind(cls, name, take, make))
        return self

    def _register(self, kind: Kind) -> None:
        if not NAME.fullmatch(kind.name) or kind.name in OURS:
            raise ValueRefused(f"{kind.name!r} cannot be the name of a converter")
        if MARK + kind.name in self._made:
            raise ValueRefused(f"two converters have the name {kind.name}: give add() another")
        self._kinds = {known: one for known, one in self._kinds.items() if one is not None}
        self._kinds[kind.cls] = kind
        self._made[MARK + kind.name] = kind.make
        self._strict.add(MARK + kind.name)

    @property
    def has_arrays(self) -> bool:
        """Whether arrays are converted."""
        return self._has_arrays

    # --- out ---

    def to_wire(self, value: Any) -> Any:
        """The value as it can be sent; what is not converted stays, for the codec to judge.

        Raises:
            gdproto.ProtocolError: it is an array of objects.
        """
        try:
            return self._out(value)
        except RecursionError:
            # The codec says where.
            return value

    def default(self, value: Any) -> Any:
        """One value as it can be sent, for ``gdproto.encode(value, default=...)``."""
        return self._out(value)

    def _out(self, value: Any) -> Any:
        kind = type(value)
        if kind in PLAIN:
            return value
        if kind is dict:
            if PLAIN.issuperset(map(type, value.values())):
                return value
            return dict(zip(value, map(self._out, value.values()), strict=True))
        if kind is list or kind is tuple:
            return value if PLAIN.issuperset(map(type, value)) else list(map(self._out, value))
        found = self._kind(kind)
        if found is not None:
            return {MARK + found.name: self._out(found.taken(value))}
        return array_out(value) if self._has_arrays else value

    def _kind(self, cls: type) -> Kind | None:
        """How values of the class travel, by the nearest class that is known."""
        try:
            return self._kinds[cls]
        except KeyError:
            found = next((one for base in cls.__mro__ if (one := self._kinds.get(base))), None)
            self._kinds[cls] = found
            return found

    # --- in ---

    def from_wire(self, value: Any) -> Any:
        """What stands for other values is those again.

        Raises:
            ValueError: of what came for a registered class none can be made.
        """
        kind = type(value)
        if kind is list:
            return value if PLAIN.issuperset(map(type, value)) else list(map(self.from_wire, value))
        if kind is not dict or not value:
            return value
        mark = next(iter(value))
        is_marked = mark.startswith(MARK)
        if is_marked and mark == ARRAY and self._has_arrays:
            return array_in(value)
        if not PLAIN.issuperset(map(type, value.values())):
            value = dict(zip(value, map(self.from_wire, value.values()), strict=True))
        return self._in(mark, value) if is_marked and len(value) == 1 else value

    def _in(self, mark: str, value: dict[str, Any]) -> Any:
        make = self._made.get(mark)
        if make is None:
            return value
        try:
            return make(value[mark])
        except Exception as error:
            if mark not in self._strict:
                return value
            raise ValueError(f"what came as {mark} is none: {error}") from error


# --- classes ---


def kind_of(cls: Any) -> Kind:
    """How a class travels that says itself what it is of. Raises ValueRefused where it does not."""
    name = getattr(cls, "__name__", "")
    if isinstance(cls, type):
        if issubclass(cls, enum.Enum):
            return Kind(cls, name, lambda value: value.value, cls)
        if dataclasses.is_dataclass(cls):
            fields = [one.name for one in dataclasses.fields(cls) if one.init]
            return Kind(cls, name, _taker(fields), lambda given: cls(**given))
        if (attributes := getattr(cls, "__attrs_attrs__", None)) is not None:
            aliases = {one.name: one.alias for one in attributes if one.init}
            return Kind(cls, name, _taker(aliases), lambda given: _made_by(cls, aliases, given))
        if hasattr(cls, "model_validate") and hasattr(cls, "model_fields"):
            return Kind(cls, name, _taker(cls.model_fields), lambda given: _model(cls, given))
    ways = "an enum, a dataclass, or a model of pydantic or attrs; add() takes any other"
    raise ValueRefused(f"{name or shown(cls)} says not what it is made of: it is to be {ways}")


def _taker(names: Any) -> Convert:
    names = tuple(names)
    return lambda value: {name: getattr(value, name) for name in names}


def _made_by(cls: Any, aliases: dict[str, str], given: dict[str, Any]) -> Any:
    return cls(**{aliases[name]: value for name, value in given.items()})


def _model(cls: Any, given: dict[str, Any]) -> Any:
    """A model of pydantic, of values by the names of its fields: an alias may be another's."""
    aliases = {name: one.validation_alias or name for name, one in cls.model_fields.items()}
    return cls.model_validate(
        {
            alias if isinstance(alias := aliases[name], str) else name: value
            for name, value in given.items()
        }
    )


# --- arrays ---


def array_out(value: Any) -> Any:
    """An array as it travels, a scalar as a plain number; anything else as it is.

    Raises:
        gdproto.ProtocolError: it is an array of objects.
    """
    # Only who has imported numpy has one of its arrays.
    numpy: Any = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.ndarray | numpy.generic):
        if isinstance(value, numpy.generic) and type(plain := value.item()) in PLAIN:
            return plain
        return _array_of(numpy, numpy.asanyarray(value))
    if type(value).__module__ == "array" and hasattr(value, "typecode"):
        return _of_buffer(memoryview(value))
    if hasattr(type(value), "__dlpack__"):
        import numpy

        return _array_of(numpy, _by_dlpack(numpy, value))
    return value


def _by_dlpack(numpy: Any, value: Any) -> Any:
    if hasattr(value, "detach"):
        # What torch differentiates gives nothing away.
        value = value.detach().cpu()
    try:
        return numpy.from_dlpack(value)
    except (TypeError, RuntimeError, BufferError, ValueError):
        # A type of items that DLPack has no number for, in numpy.
        return numpy.asarray(value)


def _array_of(numpy: Any, array: Any) -> dict[str, Any]:
    if array.dtype.hasobject or isinstance(array, numpy.ma.MaskedArray):
        reason = "an array of objects, or one with a mask, has no form: give it a dtype of numbers"
        raise gdproto.ProtocolError("unsupported_type", reason, phase="encode")
    order = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
    said = {
        ARRAY: _item_type(numpy, array.dtype),
        "shape": list(array.shape),
        "data": _data_of(numpy, array, order),
    }
    return said | {"order": order} if order == "F" else said


def _data_of(numpy: Any, array: Any, order: str) -> bytes | memoryview:
    """The bytes of its items: of much that lies in one piece, where it is."""
    is_whole = array.flags.c_contiguous or array.flags.f_contiguous
    if not is_whole or array.nbytes < LARGE_BYTES:
        return bytes(array.tobytes(order))
    plain = numpy.asarray(array.T if order == "F" else array)
    return memoryview(plain.reshape(-1).view(numpy.uint8))


def _item_type(numpy: Any, dtype: Any) -> Any:
    if dtype.kind == "V" and dtype.type is not numpy.void:
        return dtype.name
    return _lists(numpy.lib.format.dtype_to_descr(dtype))


def _lists(said: Any) -> Any:
    return [_lists(one) for one in said] if isinstance(said, list | tuple) else said


# The letters of `array` and `struct`, as kinds; their sizes are this machine's.
KINDS = dict.fromkeys("bhilq", "i") | dict.fromkeys("BHILQ", "u") | dict.fromkeys("fd", "f")


def _of_buffer(view: memoryview) -> Any:
    if view.format not in KINDS:
        return view.obj
    order = "|" if view.itemsize == 1 else "<" if sys.byteorder == "little" else ">"
    kind = f"{order}{KINDS[view.format]}{view.itemsize}"
    return {ARRAY: kind, "shape": list(view.shape or ()), "data": view.tobytes()}


def array_in(value: dict[str, Any]) -> Any:
    """The array that the dict stands for, over its bytes; the dict where it has not the form."""
    numpy = _numpy()
    data: Any = value.get("data")
    shape: Any = value.get("shape")
    order = value.get("order", "C")
    is_formed = (
        numpy is not None
        and value.keys() - {"order"} == {ARRAY, "shape", "data"}
        and isinstance(data, bytes | memoryview)
        and isinstance(shape, list)
        and all(type(length) is int and length >= 0 for length in shape)
        and order in ("C", "F")
    )
    if not is_formed:
        return value
    try:
        dtype = _dtype(numpy, value[ARRAY])
        if dtype.hasobject or math.prod(shape) * dtype.itemsize != len(data):
            return value
        array = numpy.ndarray(shape, dtype, data, order=order)
    except (TypeError, ValueError, KeyError):
        return value
    array.flags.writeable = False
    return array


@functools.cache
def _numpy() -> Any:
    try:
        import numpy
    except ImportError:
        return None
    return numpy


def _dtype(numpy: Any, said: Any) -> Any:
    """The type of items. Raises TypeError or ValueError where it is none."""
    return numpy.lib.format.descr_to_dtype(_checked(said))


def _checked(said: Any) -> Any:
    """A type of items as numpy takes it. Raises TypeError where it is none."""
    if isinstance(said, str) and ITEM.fullmatch(said):
        return said
    if isinstance(said, list) and said:
        return [_field(*one) for one in said]
    raise TypeError("no type of items")


def _field(name: Any, kind: Any, shape: Any = ()) -> tuple[Any, ...]:
    return (name, _checked(kind), tuple(shape)) if shape else (name, _checked(kind))
