"""The facts of the wire, as rows of the forms in `gdproto/rows.py`."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import indent

from .. import ir
from ..layout import largest_value_bytes
from .printing import Lines, literal
from .types import PYTHON_TYPES, letter

HEAD = '''"""The wire facts of GD/1 as data."""

from __future__ import annotations

from enum import IntEnum
from struct import Struct
from typing import Final

from ..rows import ErrorType, FieldRule, HeaderField, MessageRule, Role, Transition, ValueType
'''


def tables(spec: ir.Spec, source_hash: str) -> str:
    out = [HEAD, f"SPEC_HASH: Final = {source_hash!r}"]
    for limit in spec.limits:
        out.append(f"{limit.name.upper()}: Final = {limit.value:_}")
    magic, version = (spec.header_field(name).constant for name in ("magic", "version"))
    header_format = ">" + "".join(letter(field) for field in spec.header)
    code_of = {m.name: m.code for m in spec.messages}
    out += [
        "",
        f"MAGIC: Final = {magic!r}",
        f"VERSION: Final = {version!r}",
        f'HEADER: Final = Struct("{header_format}")',
        f"MAX_VALUE_BYTES: Final = {largest_value_bytes(spec):_}",
        f"HEADER_BYTES: Final = {spec.header_bytes}",
        f"CONNECTION_REQUEST_ID: Final = {spec.connection_request_id}",
        f"EXTENSION_CODES: Final = {spec.extension_codes}",
        f"NOTICE_CODE: Final = {code_of[spec.notice.message]:#04x}",
        f"MAX_PATH_CHARS: Final = {spec.paths.max_path_chars}",
        f"MAX_KEY_CHARS: Final = {spec.paths.max_key_chars}",
        f"ELLIPSIS: Final = {spec.paths.ellipsis!r}",
        f"IDENTIFIER: Final = {spec.paths.identifier!r}",
        f"ESCAPES: Final[dict[str, str]] = {dict(spec.paths.escapes)!r}",
        f"RAW_DATA_BYTES: Final = {spec.raw_data_bytes}",
        f"ERROR_TEXT_BYTES: Final = {spec.error_text_bytes}",
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
        f"ERROR_SCOPES: Final[dict[str, dict[str, str]]] = {literal(_scopes(spec))}",
        "",
        "ERROR_TYPES: Final[tuple[ErrorType, ...]] = (",
        *(f"    ErrorType({t.name!r}, {t.parent!r}, {t.details!r})," for t in spec.error_types),
        ")",
        "",
        f"STATES: Final[dict[str, str]] = {literal(dict(spec.states))}",
        "",
        "# (state, sender, message code) -> transition.",
        "TRANSITIONS: Final[dict[tuple[str, str, int], Transition]] = {",
        *(
            f"    ({t.state!r}, {t.sender!r}, {code_of[t.message]:#04x}): {_transition(t)},"
            for t in spec.transitions
        ),
        "}",
        "",
        "# What opens an exchange that it may not open.",
        f"NOT_OPENED: Final = {_transition(spec.not_opened)}",
        "",
        "# (sender, whether the frame would end the exchange) -> the state after a fault in it.",
        "AFTER_FAULT: Final[dict[tuple[str, bool], str]] = {",
        *(f"    ({row.sender!r}, {row.ends}): {row.next!r}," for row in spec.after_fault),
        "}",
        "",
        "ROLES: Final[dict[str, Role]] = {",
        *(f"    {role.name!r}: {_role(role, code_of)}," for role in spec.roles),
        "}",
    ]
    return "\n".join(out) + "\n"


def _role(role: ir.Role, code_of: dict[str, int]) -> str:
    opens = ", ".join(f"{code_of[name]:#04x}" for name in role.opens)
    names = f"{role.name!r}, {role.side!r}, {role.peer!r}"
    return f"Role({names}, frozenset({{{opens}}}), {role.max_open or 0})"


def _transition(row: ir.Transition) -> str:
    return f"Transition({row.next!r}, {row.outcome!r}, {row.scope!r})"


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
    python = "type(None)" if v.kind == "none" else PYTHON_TYPES[v.kind]
    size, packer, choices, error, limit, smallest = 0, "None", None, "", 0, 0
    match v.body:
        case ir.Fixed(_, size):
            packer = f'Struct(">{letter(v.body)}")'
        case ir.Mapped(_, size, pairs, error):
            packer, choices = f'Struct(">{letter(v.body)}")', dict(pairs)
        case ir.Blob(length, _):
            packer, size = f'Struct(">{letter(length)}")', length.size
            limit, error = length.limit.value, length.limit.error
        case ir.Container(count, _, smallest, _):
            packer, size = f'Struct(">{letter(count)}")', count.size
            limit, error = count.limit.value, count.limit.error
    return (
        f"ValueType({v.name!r}, {v.code:#04x}, {_kind(v.body)!r}, {python}, {size}, {packer},\n"
        f"          {v.minimum}, {v.maximum}, {choices}, {error!r}, {limit}, {smallest}),"
    )


def _field_row(field: ir.Field) -> str:
    types = "".join(f"{PYTHON_TYPES[kind]}, " for kind in field.types)
    choices = f"frozenset({sorted(v for _, v in field.choices)})" if field.choices else "None"
    inner = "".join(_field_row(f) + ", " for f in field.fields)
    return (
        f"FieldRule({field.name!r}, ({types}), {field.required}, {field.default!r},"
        f" {field.default_written}, {field.minimum}, {field.maximum}, {field.finite}, {choices},"
        f" {field.scalar}, ({inner}))"
    )


def _message_row(message: ir.Message) -> str:
    if message.fields is None:
        return f"MessageRule({message.name!r}, {message.code:#04x}, None, {message.extension!r}),"
    rows = "".join(f"    {_field_row(f)},\n" for f in message.fields)
    return f"MessageRule({message.name!r}, {message.code:#04x}, (\n{rows}), {message.extension!r}),"
