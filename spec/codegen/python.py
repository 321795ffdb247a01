"""The Python backend: tables, the fast value codec, and the message classes.

The fast codec is straight-line code that handles what is common and right. Whatever it cannot
vouch for it leaves, by raising Doubt or the interpreter's own error, to the strict, table-driven
code in the package, which finds the exact fault or the exact answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pprint import pformat
from textwrap import indent
from typing import Any

from . import ir
from .layout import (
    container,
    dict_head,
    key_bytes,
    leaves,
    may_be_absent,
    text_type,
    value_type,
)
from .walk import CompileError

Lines = list[str]

PYTHON_TYPES = ("str", "int", "float", "dict", "list", "NoneType", "bool", "bytes")
RUN = 64


def files(spec: ir.Spec, source_hash: str) -> dict[str, str]:
    """File contents by path below the repository's root, without their marker."""
    return {
        "gdproto/_generated/__init__.py": '"""Code written by the spec compiler."""\n',
        "gdproto/_generated/tables.py": _tables(spec, source_hash),
        "gdproto/_generated/values.py": _values(spec),
        "gdproto/_generated/messages.py": _messages(spec),
    }


# --- tables ------------------------------------------------------------------------------------

TABLE_TYPES = '''"""The wire facts of GD/1 as data."""

from __future__ import annotations

from enum import IntEnum
from struct import Struct
from typing import Any, Final, NamedTuple


class ValueType(NamedTuple):
    """A TLV type. `kind` is fixed, mapped, empty, blob, text, list or dict; sizes in bytes."""

    name: str
    code: int
    kind: str
    python: type
    size: int
    packer: Struct | None
    minimum: int | None
    maximum: int | None
    choices: dict[int, Any] | None
    error: str
    limit: int
    smallest_element_bytes: int


class FieldRule(NamedTuple):
    """A field of a payload; `types` is empty for any value."""

    name: str
    types: tuple[type, ...]
    required: bool
    default: Any
    minimum: int | None
    finite: bool
    choices: frozenset[int] | None
    scalar: bool
    fields: tuple[FieldRule, ...]


class MessageRule(NamedTuple):
    """A message type; `fields` is None for a message without payload."""

    name: str
    code: int
    fields: tuple[FieldRule, ...] | None
    extension: str


class HeaderField(NamedTuple):
    """A field of the header; offset and size in bytes."""

    name: str
    offset: int
    size: int
    meaning: str


class ErrorType(NamedTuple):
    """A name that an ERROR may carry, the name it specialises, and its details' keys."""

    name: str
    parent: str
    details: tuple[str, ...]


class Transition(NamedTuple):
    """What a message does: the next state, and deliver, discard or a portable code and scope."""

    next: str
    outcome: str
    scope: str


class Role(NamedTuple):
    """One end of a connection; `opens` are message codes, `max_open` is 0 for any number."""

    name: str
    side: str
    peer: str
    opens: frozenset[int]
    max_open: int
'''


def _tables(spec: ir.Spec, source_hash: str) -> str:
    out = [TABLE_TYPES, f"SPEC_HASH: Final = {source_hash!r}"]
    for limit in spec.limits:
        out.append(f"{limit.name.upper()}: Final = {limit.value:_}")
    magic, version = (spec.header_field(name).constant for name in ("magic", "version"))
    header_format = ">" + "".join(field.format for field in spec.header)
    code_of = {m.name: m.code for m in spec.messages}
    out += [
        "",
        f"MAGIC: Final = {magic!r}",
        f"VERSION: Final = {version!r}",
        f'HEADER: Final = Struct("{header_format}")',
        f"HEADER_BYTES: Final = {spec.header_bytes}",
        f"CONNECTION_REQUEST_ID: Final = {spec.connection_request_id}",
        f"EXTENSION_CODES: Final = {spec.extension_codes}",
        f"UNKNOWN_VALUE_TYPE: Final = {spec.value_error!r}",
        f"KEY_ERROR: Final = {_key_error(spec)!r}",
        "",
        *_class("MessageCode", "Message types.", ((m.name, m.code) for m in spec.messages)),
    ]
    for name, members in spec.enumerations:
        out += _class(name, f"Values of an `op` field: {name}.", members, upper=True)
    out += [
        "",
        "",
        "HEADER_FIELDS: Final[tuple[HeaderField, ...]] = (",
        *(
            f"    HeaderField({f.name!r}, {f.offset}, {f.size}, {f.meaning!r}),"
            for f in spec.header
        ),
        ")",
        "",
        "VALUE_TYPES: Final[tuple[ValueType, ...]] = (",
        *(indent(_value_row(v), "    ") for v in spec.values),
        ")",
        "",
        "MESSAGES: Final[tuple[MessageRule, ...]] = (",
        *(indent(_message_row(m), "    ") for m in spec.messages),
        ")",
        "",
        "# Portable code -> scope by the phase in which it is found.",
        f"ERROR_SCOPES: Final[dict[str, dict[str, str]]] = {_literal(_scopes(spec))}",
        "",
        "ERROR_TYPES: Final[tuple[ErrorType, ...]] = (",
        *(f"    ErrorType({t.name!r}, {t.parent!r}, {t.details!r})," for t in spec.error_types),
        ")",
        "",
        f"STATES: Final[dict[str, str]] = {_literal(dict(spec.states))}",
        "",
        "# (state, sender, message code) -> transition.",
        "TRANSITIONS: Final[dict[tuple[str, str, int], Transition]] = {",
        *(
            f"    ({t.state!r}, {t.sender!r}, {code_of[t.message]:#04x}):"
            f" Transition({t.next!r}, {t.outcome!r}, {t.scope!r}),"
            for t in spec.transitions
        ),
        "}",
        "",
        "ROLES: Final[dict[str, Role]] = {",
        *(
            f"    {r.name!r}: Role({r.name!r}, {r.side!r}, {r.peer!r},"
            f" frozenset({{{', '.join(f'{code_of[m]:#04x}' for m in r.opens)}}}), {r.max_open}),"
            for r in spec.roles
        ),
        "}",
    ]
    return "\n".join(out) + "\n"


def _scopes(spec: ir.Spec) -> dict[str, dict[str, str]]:
    return {code.name: dict(code.scopes) for code in spec.error_codes}


def _key_error(spec: ir.Spec) -> str:
    return next(
        v.body.key_error
        for v in spec.values
        if isinstance(v.body, ir.Container) and v.body.key_error
    )


def _class(name: str, doc: str, members: Iterable[tuple[str, int]], upper: bool = False) -> Lines:
    body = [f"    {key.upper() if upper else key} = {value:#04x}" for key, value in members]
    return ["", f"class {name}(IntEnum):", f'    """{doc}"""', "", *body, ""]


def _literal(value: Any) -> str:
    return pformat(value, width=96, sort_dicts=False)


def _kind(body: ir.Body) -> str:
    match body:
        case ir.Fixed():
            return "fixed"
        case ir.Mapped():
            return "mapped"
        case ir.Empty():
            return "empty"
        case ir.Blob(text=text):
            return "text" if text else "blob"
        case ir.Container(key_error=key_error):
            return "dict" if key_error else "list"


def _value_row(v: ir.ValueType) -> str:
    if v.python not in PYTHON_TYPES:
        raise CompileError(f"spec.tlv: value type '{v.name}': no Python codec for {v.python}")
    python = "type(None)" if v.python == "NoneType" else v.python
    size, packer, choices, error, limit, smallest = 0, "None", None, "", 0, 0
    match v.body:
        case ir.Fixed(format, size):
            packer = f'Struct(">{format}")'
        case ir.Mapped(format, size, pairs, error):
            packer, choices = f'Struct(">{format}")', dict(pairs)
        case ir.Blob(length, _):
            packer, size = f'Struct(">{length.format}")', length.size
            limit, error = length.limit.value, length.limit.error
        case ir.Container(count, _, smallest, _):
            packer, size = f'Struct(">{count.format}")', count.size
            limit, error = count.limit.value, count.limit.error
    return (
        f"ValueType({v.name!r}, {v.code:#04x}, {_kind(v.body)!r}, {python}, {size}, {packer},\n"
        f"          {v.minimum}, {v.maximum}, {choices}, {error!r}, {limit}, {smallest}),"
    )


def _field_row(field: ir.Field) -> str:
    types = "".join(f"{t}, " for t in field.types)
    choices = f"frozenset({sorted(v for _, v in field.choices)})" if field.choices else "None"
    inner = "".join(_field_row(f) + ", " for f in field.fields)
    return (
        f"FieldRule({field.name!r}, ({types}), {field.required}, {field.default!r},"
        f" {field.minimum}, {field.finite}, {choices}, {field.scalar}, ({inner}))"
    )


def _message_row(message: ir.Message) -> str:
    if message.fields is None:
        return f"MessageRule({message.name!r}, {message.code:#04x}, None, {message.extension!r}),"
    rows = "".join(f"    {_field_row(f)},\n" for f in message.fields)
    return f"MessageRule({message.name!r}, {message.code:#04x}, (\n{rows}), {message.extension!r}),"


# --- values ------------------------------------------------------------------------------------

VALUES_HEAD = '''"""TLV values, fast: straight-line code for what is common and right.

Whatever this code cannot vouch for raises Doubt or the interpreter's own error (DOUBTS); the
strict codec then decides. It never returns a wrong answer.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import repeat
from struct import Struct
from typing import Any

from .tables import MAX_DEPTH


class Doubt(Exception):
    """Left to the strict codec."""


# What the fast code may end in; all of it means Doubt. RecursionError is a RuntimeError.
DOUBTS = (Doubt, LookupError, struct.error, UnicodeError, RuntimeError, OverflowError)

Write = Callable[[bytes | bytearray], None]

RUN = {run}
_KEY_CACHE_SIZE = 1024
_KEY_CACHE_BYTES = 40
_keys: dict[str, bytes] = {{}}
'''


def _values(spec: ir.Spec) -> str:
    by_python = {p: [v for v in spec.values if v.python == p] for p in PYTHON_TYPES}
    out = [VALUES_HEAD.format(run=RUN)]
    for value in spec.values:
        out += _value_constants(value)
    out += ["", *_writers(spec, by_python)]
    out += _readers(spec, by_python, "", "bytes")
    out += _readers(spec, by_python, "_view", "memoryview")
    return "\n".join(out) + "\n"


def _value_constants(v: ir.ValueType) -> Lines:
    name = v.name.upper()
    match v.body:
        case ir.Fixed(format, size):
            return [
                f'_PACK_{name} = Struct(">B{format}").pack',
                f'_UNPACK_{name} = Struct(">{format}").unpack_from',
                f'_RUN_{name} = Struct(">" + "x{format}" * RUN)',
                f"_CODES_{name} = {bytes([v.code])!r} * RUN",
                f"_STRIDE_{name} = {size + 1}",
            ]
        case ir.Mapped(_, _, choices):
            return [f"_CHOICES_{name} = {dict(choices)!r}"]
        case ir.Blob(length, _):
            return [
                f'_HEAD_{name} = Struct(">B{length.format}").pack',
                f'_SIZE_{name} = Struct(">{length.format}").unpack_from',
                f'_READ_HEAD_{name} = Struct(">B{length.format}").unpack_from',
                f"_SHORT_{name} = tuple(_HEAD_{name}({v.code:#04x}, n) for n in range(256))",
            ]
        case ir.Container(count):
            return [
                f'_HEAD_{name} = Struct(">B{count.format}").pack',
                f'_SIZE_{name} = Struct(">{count.format}").unpack_from',
            ]
    return []


def _chain(arms: Iterable[tuple[str, Lines]], otherwise: Lines) -> Lines:
    """An if/elif chain of (condition, body)."""
    out: Lines = []
    for condition, body in arms:
        out.append(f"{'elif' if out else 'if'} {condition}:")
        out += [f"    {line}" for line in body]
    return [*out, "else:", *(f"    {line}" for line in otherwise)]


def _write_arms(by_python: dict[str, list[ir.ValueType]]) -> list[tuple[str, Lines]]:
    arms: list[tuple[str, Lines]] = []
    for python, types in by_python.items():
        if not types:
            continue
        first = types[0]
        match first.body:
            case ir.Fixed():
                arms.append((f"kind is {python}", _write_fixed(types)))
            case ir.Mapped(_, _, choices):
                for raw, value in choices:
                    arms.append((f"value is {value}", [f"out({bytes([first.code, raw])!r})"]))
            case ir.Empty():
                arms.append(("value is None", [f"out({bytes([first.code])!r})"]))
            case ir.Blob():
                arms.append((f"kind is {python}", _write_blob(first)))
            case ir.Container():
                also = " or kind is tuple" if python == "list" else ""
                arms.append(
                    (f"kind is {python}{also}", [f"write_{first.name}(value, out, depth + 1)"])
                )
    return arms


def _write_fixed(types: list[ir.ValueType]) -> Lines:
    if len(types) == 1:
        return [f"out(_PACK_{types[0].name.upper()}({types[0].code:#04x}, value))"]
    arms = [
        (
            f"{t.minimum} <= value <= {t.maximum}",
            [f"out(_PACK_{t.name.upper()}({t.code:#04x}, value))"],
        )
        for t in types
    ]
    return _chain(arms, ["raise Doubt"])


def _write_blob(v: ir.ValueType) -> Lines:
    assert isinstance(v.body, ir.Blob)
    name = v.name.upper()
    source = "raw = value.encode()" if v.body.text else "raw = value"
    return [
        source,
        "size = len(raw)",
        f"if size > {v.body.length.limit.value}:",
        "    raise Doubt",
        f"out(_SHORT_{name}[size] if size < 256 else _HEAD_{name}({v.code:#04x}, size))",
        "out(raw)",
    ]


def _writers(spec: ir.Spec, by_python: dict[str, list[ir.ValueType]]) -> Lines:
    (the_list,), (the_dict,), (text,) = by_python["list"], by_python["dict"], by_python["str"]
    arms = _chain(_write_arms(by_python), ["raise Doubt"])
    return [
        "",
        "def write_value(value: Any, out: Write, depth: int = 0) -> None:",
        '    """Pass the encoding of `value` to `out` in pieces; `depth` containers are open."""',
        "    kind = type(value)",
        *(f"    {line}" for line in arms),
        "",
        "",
        f"def write_{the_list.name}(values: Any, out: Write, depth: int) -> None:",
        '    """Write a list or tuple that makes `depth` open containers."""',
        *_write_head(the_list, "values"),
        *_write_runs(by_python),
        "    for value in values:",
        "        kind = type(value)",
        *(f"        {line}" for line in arms),
        "",
        "",
        f"def write_{the_dict.name}(pairs: Any, out: Write, depth: int) -> None:",
        '    """Write a dict that makes `depth` open containers."""',
        *_write_head(the_dict, "pairs"),
        "    for key, value in pairs.items():",
        "        if type(key) is not str:",
        "            raise Doubt",
        "        head = _keys.get(key)",
        "        out(_key(key) if head is None else head)",
        "        kind = type(value)",
        *(f"        {line}" for line in arms),
        "",
        "",
        "def _key(key: str) -> bytes:",
        "    raw = key.encode()",
        *(f"    {line}" for line in _write_blob(text)[1:4]),
        f"    head = _HEAD_{text.name.upper()}({text.code:#04x}, size) + raw",
        "    if size <= _KEY_CACHE_BYTES and len(_keys) < _KEY_CACHE_SIZE:",
        "        _keys[key] = head",
        "    return head",
        "",
    ]


def _write_head(v: ir.ValueType, source: str = "values") -> Lines:
    assert isinstance(v.body, ir.Container)
    return [
        f"    count = len({source})",
        f"    if depth > MAX_DEPTH or count > {v.body.count.limit.value}:",
        "        raise Doubt",
        f"    out(_HEAD_{v.name.upper()}({v.code:#04x}, count))",
    ]


def _runnable(by_python: dict[str, list[ir.ValueType]]) -> list[ir.ValueType]:
    """Types whose runs are packed in one call: fixed size, and alone in their Python type."""
    return [
        types[0]
        for types in by_python.values()
        if len(types) == 1 and isinstance(types[0].body, ir.Fixed)
    ]


def _write_runs(by_python: dict[str, list[ir.ValueType]]) -> Lines:
    arms = [
        (
            f"kinds == {{{v.python}}}",
            [
                f"packed = bytearray(_RUN_{v.name.upper()}.pack(*run))",
                f"packed[::_STRIDE_{v.name.upper()}] = _CODES_{v.name.upper()}",
            ],
        )
        for v in _runnable(by_python)
    ]
    if not arms:
        return []
    return [
        "    done = 0",
        "    while count - done >= RUN:",
        "        run = values[done : done + RUN]",
        "        kinds = set(map(type, run))",
        *(f"        {line}" for line in _chain(arms, ["break"])),
        "        out(packed)",
        "        done += RUN",
        "    if done:",
        "        values = values[done:]",
    ]


def _read_arms(
    by_python: dict[str, list[ir.ValueType]], suffix: str, put: Callable[[str], str]
) -> list[tuple[str, Lines]]:
    arms: list[tuple[str, Lines]] = []
    for types in by_python.values():
        for v in types:
            name = v.name.upper()
            match v.body:
                case ir.Fixed(_, size):
                    body = [put(f"_UNPACK_{name}(data, pos + 1)[0]"), f"pos += {size + 1}"]
                case ir.Mapped(_, size, _):
                    body = [
                        f"value = _CHOICES_{name}.get(data[pos + 1])",
                        "if value is None:",
                        "    raise Doubt",
                        put("value"),
                        f"pos += {size + 1}",
                    ]
                case ir.Empty():
                    body = [put("None"), "pos += 1"]
                case ir.Blob(length, text):
                    body = [
                        f"start = pos + {length.size + 1}",
                        f"pos = start + _SIZE_{name}(data, pos + 1)[0]",
                        put(_read_text("data[start:pos]", suffix) if text else "data[start:pos]"),
                    ]
                case ir.Container():
                    body = [
                        f"value, pos = read_{v.name}{suffix}(data, pos + 1, depth + 1)",
                        put("value"),
                    ]
            arms.append((f"code == {v.code:#04x}", body))
    return arms


def _read_text(source: str, suffix: str) -> str:
    return f'str({source}, "utf-8")' if suffix else f"{source}.decode()"


def _read_head(v: ir.ValueType) -> Lines:
    assert isinstance(v.body, ir.Container)
    return [
        f"    count = _SIZE_{v.name.upper()}(data, pos)[0]",
        f"    if depth > MAX_DEPTH or count > {v.body.count.limit.value}:",
        "        raise Doubt",
        f"    pos += {v.body.count.size}",
    ]


def _read_runs(by_python: dict[str, list[ir.ValueType]], suffix: str) -> Lines:
    runnable = _runnable(by_python)
    if not runnable:
        return []
    codes = "bytes(data[pos:end:{0}])" if suffix else "data[pos:end:{0}]"
    out = ["    while count >= RUN:", "        code = data[pos]"]
    arms = []
    for v in runnable:
        name = v.name.upper()
        arms.append(
            (
                f"code == {v.code:#04x}",
                [
                    f"end = pos + _STRIDE_{name} * RUN",
                    f"if {codes.format(f'_STRIDE_{name}')} != _CODES_{name} or end > len(data):",
                    "    break",
                    f"items.extend(_RUN_{name}.unpack_from(data, pos))",
                ],
            )
        )
    out += [f"        {line}" for line in _chain(arms, ["break"])]
    return [*out, "        pos = end", "        count -= RUN"]


def _readers(
    spec: ir.Spec, by_python: dict[str, list[ir.ValueType]], suffix: str, data: str
) -> Lines:
    (the_list,), (the_dict,), (text,) = by_python["list"], by_python["dict"], by_python["str"]
    assert isinstance(text.body, ir.Blob)
    in_list = _chain(_read_arms(by_python, suffix, lambda e: f"append({e})"), ["raise Doubt"])
    in_dict = _chain(_read_arms(by_python, suffix, lambda e: f"pairs[key] = {e}"), ["raise Doubt"])
    alone = _chain(_read_arms(by_python, suffix, lambda e: f"result = {e}"), ["raise Doubt"])
    return [
        "",
        f"def read_value{suffix}(data: {data}, pos: int, depth: int = 0) -> tuple[Any, int]:",
        '    """The value at `pos` and where it ends, which may lie past the data: check that."""',
        "    code = data[pos]",
        "    value: Any",
        "    result: Any",
        *(f"    {line}" for line in alone),
        "    return result, pos",
        "",
        "",
        f"def read_{the_list.name}{suffix}("
        f"data: {data}, pos: int, depth: int) -> tuple[list[Any], int]:",
        '    """The list whose count is at `pos`, and where it ends."""',
        *_read_head(the_list),
        "    items: list[Any] = []",
        "    value: Any",
        "    append = items.append",
        *_read_runs(by_python, suffix),
        "    for _ in repeat(None, count):",
        "        code = data[pos]",
        *(f"        {line}" for line in in_list),
        "    return items, pos",
        "",
        "",
        f"def read_{the_dict.name}{suffix}("
        f"data: {data}, pos: int, depth: int) -> tuple[dict[str, Any], int]:",
        '    """The dict whose count is at `pos`, and where it ends."""',
        *_read_head(the_dict),
        "    pairs: dict[str, Any] = {}",
        "    value: Any",
        "    for _ in repeat(None, count):",
        f"        code, size = _READ_HEAD_{text.name.upper()}(data, pos)",
        f"        if code != {text.code:#04x}:",
        "            raise Doubt",
        f"        start = pos + {text.body.length.size + 1}",
        "        pos = start + size",
        f"        key = {_read_text('data[start:pos]', suffix)}",
        "        code = data[pos]",
        *(f"        {line}" for line in in_dict),
        "    if len(pairs) != count:",
        "        raise Doubt",
        "    return pairs, pos",
        "",
    ]


# --- messages ----------------------------------------------------------------------------------

MESSAGES_HEAD = '''"""The messages of GD/1 as classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from struct import Struct
from typing import Any, ClassVar

from ..frames import Message
from .tables import MessageCode
from .values import (
    Doubt,
    Write,
    read_dict,
    read_list,
    read_value,
    write_dict,
    write_list,
    write_value,
)
'''

# The fields by which an arbiter routes a REQUEST: those that stand first in it.
ROUTING = ("app_path", "action", "timeout")


def _messages(spec: ir.Spec) -> str:
    names = [class_name(m) for m in spec.messages]
    out = [MESSAGES_HEAD, f'_SIZE = Struct(">{text_type(spec)[1].format}").unpack_from', ""]
    for message in spec.messages:
        out += ["", *_message_class(message, spec), ""]
    out += [
        *_routing_reader(spec),
        "",
        "MESSAGE_CLASSES: dict[int, type[Message]] = {",
        *(f"    {m.code:#04x}: {class_name(m)}," for m in spec.messages),
        "}",
        "",
        f"__all__ = {_literal([*names, 'MESSAGE_CLASSES'])}",
    ]
    return "\n".join(out) + "\n"


def class_name(message: ir.Message) -> str:
    """REQUEST -> Request."""
    return "".join(part.capitalize() for part in message.name.split("_"))


def _annotation(field: ir.Field) -> str:
    if not field.types:
        return "Any"
    names = {"list": "Sequence[Any]", "dict": "dict[str, Any]"}
    text = " | ".join(names.get(t, t) for t in field.types)
    return text if field.required or field.default is not None else f"{text} | None"


def _default(field: ir.Field) -> str:
    if field.required:
        return ""
    if field.default == {}:
        return " = field(default_factory=dict)"
    return f" = {field.default!r}"


def _message_class(message: ir.Message, spec: ir.Spec) -> Lines:
    by_name = {f.name: f for f in leaves(message.fields or ())}
    ordered = [by_name[name] for name in message.arguments]
    return [
        "@dataclass(slots=True)",
        f"class {class_name(message)}(Message):",
        f'    """{message.meaning}',
        "",
        "    Attributes:",
        "        request_id: id of the exchange, an unsigned 64-bit integer.",
        *(f"        {f.name}: {f.meaning}." for f in ordered),
        '    """',
        "",
        f"    CODE: ClassVar[MessageCode] = MessageCode.{message.name}",
        "    request_id: int",
        *(f"    {f.name}: {_annotation(f)}{_default(f)}" for f in ordered),
        *(_write_method(message.fields, spec) if message.fields is not None else []),
        *(_order_method(message, ordered, spec) if message.fields is not None else []),
        *_read_method(message, ordered),
    ]


def _block(opening: str, body: Lines, depth: int = 1) -> Lines:
    return [opening, *(f"{'    ' * depth}{line}" for line in body)]


def _check(field: ir.Field, source: str, otherwise: str, tuples: bool = False) -> Lines:
    """Do `otherwise` unless the value is plainly a permitted one."""
    conditions = []
    types = [*field.types, "tuple"] if tuples and "list" in field.types else list(field.types)
    if types:
        conditions.append(" and ".join(f"type({source}) is not {t}" for t in types))
    if field.finite:
        conditions.append(f"not isfinite({source})")
    if field.minimum is not None:
        conditions.append(f"{source} < {field.minimum}")
    if field.choices:
        values = "".join(f"{v}, " for _, v in field.choices)
        conditions.append(f"{source} not in ({values.rstrip(', ')})")
    if field.scalar:
        conditions.append(f"isinstance({source}, list | dict | tuple)")
    return [line for c in conditions for line in _block(f"if {c}:", [otherwise])]


def _dict_heads(fields: tuple[ir.Field, ...], spec: ir.Spec, owner: str = "") -> tuple[str, bytes]:
    """The head of the dict of `fields`: an expression, and its bytes if they are always the same.

    Without value, an optional field does not stand in the dict.
    """
    optional = [f for f in fields if may_be_absent(f)]
    sure = len(fields) - len(optional)
    if not optional:
        head = dict_head(sure, spec)
        return repr(head), head
    heads = tuple(dict_head(sure + n, spec) for n in range(len(optional) + 1))
    present = " + ".join(f"({owner}{f.name} is not None)" for f in optional)
    return f"{heads!r}[{present}]", b""


# --- messages: to bytes ---


def _write_method(fields: tuple[ir.Field, ...], spec: ir.Spec) -> Lines:
    return [
        "",
        *_block("    def _write_payload(self, out: Write) -> None:", _write(fields, spec, 1), 2),
    ]


def _write(fields: tuple[ir.Field, ...], spec: ir.Spec, depth: int, lead: bytes = b"") -> Lines:
    """Write the dict of `fields` after the bytes `lead`."""
    expression, head = _dict_heads(fields, spec, "self.")
    out: Lines = []
    if not head:
        out += [f"out({lead!r})"] if lead else []
        out.append(f"out({expression})")
    lead = lead + head if head else b""
    for field in fields:
        source, key = f"self.{field.name}", lead + key_bytes(field.name, spec)
        lead = b""
        if field.fields:
            out += _write(field.fields, spec, depth + 1, key)
            continue
        lines = [
            *_check(field, source, "raise Doubt", tuples=True),
            f"out({key!r})",
            _write_call(field, source, spec, depth),
        ]
        out += _block(f"if {source} is not None:", lines) if may_be_absent(field) else lines
    return out


def _write_call(field: ir.Field, source: str, spec: ir.Spec, depth: int) -> str:
    holder = container(field, spec)
    if holder is not None:
        return f"write_{holder.name}({source}, out, {depth + 1})"
    return f"write_value({source}, out, {depth})"


# --- messages: from bytes ---


def _order_method(message: ir.Message, ordered: list[ir.Field], spec: ir.Spec) -> Lines:
    fields = message.fields or ()
    if any(may_be_absent(inner) for field in fields for inner in field.fields):
        return []
    expression, head = _dict_heads(fields, spec)
    skip = [] if head else ["root = pos", f"pos += {len(dict_head(0, spec))}"]
    same = "" if head else f" or not source.startswith({expression}, root)"
    return [
        "",
        "    @classmethod",
        "    def _from_bytes(",
        f"        cls, request_id: int, source: bytes, pos: int) -> {class_name(message)} | None:",
        *(
            f"        {line}"
            for line in [
                *skip,
                *_read_in_order(fields, spec, 1, head),
                *_block(f"if pos != len(source){same}:", ["return None"]),
                f"return cls({_arguments(ordered)})",
            ]
        ),
    ]


def _arguments(ordered: list[ir.Field]) -> str:
    # A message holds its lists as it is given them: those of the wire become tuples.
    names = (f"tuple({f.name})" if f.default == () else f.name for f in ordered)
    return ", ".join(["request_id", *names])


def _read_in_order(
    fields: tuple[ir.Field, ...], spec: ir.Spec, depth: int, lead: bytes = b""
) -> Lines:
    """Read `fields` as `_write` writes them after `lead`; return None for any other form."""
    out: Lines = []
    for field in fields:
        key, lead = lead + key_bytes(field.name, spec), b""
        if field.fields:
            inner = _dict_heads(field.fields, spec)[1]
            out += _read_in_order(field.fields, spec, depth + 1, key + inner)
            continue
        key, lines = _read_after(field, key, spec, depth)
        if may_be_absent(field):
            out.append(f"{field.name}: Any = None")
            out += _block(f"if source.startswith({key!r}, pos):", lines)
        else:
            out += _block(f"if not source.startswith({key!r}, pos):", ["return None"])
            out += lines
    return out


def _read_after(field: ir.Field, key: bytes, spec: ir.Spec, depth: int) -> tuple[bytes, Lines]:
    """Read the value after `key`, to which the type's code is added where it can be no other."""
    name, size = field.name, len(key)
    if len(field.types) == 1:
        value = value_type(field.types[0], spec)
        checks = _check(replace(field, types=()), name, "return None")
        match value.body:
            case ir.Blob(length, text=True):
                return key + bytes([value.code]), [
                    f"start = pos + {size + 1 + length.size}",
                    f"pos = start + _SIZE(source, pos + {size + 1})[0]",
                    f"{name} = source[start:pos].decode()",
                    *checks,
                ]
            case ir.Container():
                read = f"read_{value.name}(source, pos + {size + 1}, {depth + 1})"
                return key + bytes([value.code]), [f"{name}, pos = {read}", *checks]
    return key, [
        f"{name}, pos = read_value(source, pos + {size}, {depth})",
        *_check(field, name, "return None"),
    ]


def _routing_reader(spec: ir.Spec) -> Lines:
    request = next(m for m in spec.messages if m.name == "REQUEST")
    fields = (request.fields or ())[: len(ROUTING)]
    if tuple(f.name for f in fields) != ROUTING:
        raise CompileError(f"spec.messages: REQUEST does not begin with {', '.join(ROUTING)}")
    types = ", ".join(_annotation(f) for f in fields)
    meaning = f"{', '.join(ROUTING)} as a REQUEST begins with them, and where they end."
    return [
        "",
        f"def read_routing(source: bytes, pos: int) -> tuple[{types}, int] | None:",
        f'    """{meaning}"""',
        *(f"    {line}" for line in _read_in_order(fields, spec, 1)),
        f"    return {', '.join(ROUTING)}, pos",
        "",
    ]


def _read_method(message: ir.Message, ordered: list[ir.Field]) -> Lines:
    return [
        "",
        "    @classmethod",
        "    def _from_payload(",
        f"        cls, request_id: int, payload: dict[str, Any]) -> {class_name(message)}:",
        *(f"        {line}" for line in _read_fields(message.fields or (), "payload")),
        f"        return cls({_arguments(ordered)})",
    ]


def _read_fields(fields: tuple[ir.Field, ...], source: str) -> Lines:
    out: Lines = []
    for field in fields:
        checks = _check(field, field.name, "raise Doubt")
        if field.required:
            out += [f'{field.name} = {source}["{field.name}"]', *checks]
        else:
            out.append(f'{field.name} = {source}.get("{field.name}")')
            if field.default is not None:
                default = "{}" if field.default == {} else repr(field.default)
                out += _block(f"if {field.name} is None:", [f"{field.name} = {default}"])
                out += _block("else:", checks) if checks else []
            elif checks:
                out += _block(f"if {field.name} is not None:", checks)
        if field.fields:
            out += _read_fields(field.fields, field.name)
    return out
