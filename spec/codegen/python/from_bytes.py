"""Messages from bytes: in the order in which they are written, or from a dict."""

from __future__ import annotations

from dataclasses import replace

from .. import ir
from ..layout import dict_head, key_bytes, leaves_default_out, may_be_absent, value_type
from .fields import check, dict_heads
from .printing import Lines, block, class_name


def order_method(message: ir.Message, ordered: list[ir.Field], spec: ir.Spec) -> Lines:
    fields = message.fields or ()
    if any(may_be_absent(inner) for field in fields for inner in field.fields):
        return []
    expression, head = dict_heads(fields, spec)
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
                *read_in_order(fields, spec, 1, head),
                *block(f"if pos != len(source){same}:", ["return None"]),
                *(
                    line
                    for f in fields
                    if leaves_default_out(f)
                    for line in block(f"if {f.name} is None:", [f"{f.name} = {f.default!r}"])
                ),
                f"return cls({arguments(ordered)})",
            ]
        ),
    ]


def arguments(ordered: list[ir.Field]) -> str:
    return ", ".join(["request_id", *map(_argument, ordered)])


def _argument(field: ir.Field) -> str:
    # A message holds its lists as it is given them: those of the wire become tuples.
    if field.types != ("list",):
        return field.name
    made = f"tuple({field.name})"
    return f"{field.name} if {field.name} is None else {made}" if may_be_absent(field) else made


def read_in_order(
    fields: tuple[ir.Field, ...], spec: ir.Spec, depth: int, lead: bytes = b""
) -> Lines:
    """Read `fields` as `_write` writes them after `lead`; return None for any other form."""
    out: Lines = []
    for field in fields:
        key, lead = lead + key_bytes(field.name, spec), b""
        if field.fields:
            inner = dict_heads(field.fields, spec)[1]
            out += read_in_order(field.fields, spec, depth + 1, key + inner)
            continue
        key, lines = _read_after(field, key, spec, depth)
        if may_be_absent(field):
            out.append(f"{field.name}: Any = None")
            out += block(f"if source.startswith({key!r}, pos):", lines)
        else:
            out += block(f"if not source.startswith({key!r}, pos):", ["return None"])
            out += lines
    return out


def _read_after(field: ir.Field, key: bytes, spec: ir.Spec, depth: int) -> tuple[bytes, Lines]:
    """Read the value after `key`, to which the type's code is added where it can be no other."""
    name, size = field.name, len(key)
    if len(field.types) == 1:
        value = value_type(field.types[0], spec)
        checks = check(replace(field, types=()), name, "return None")
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
        *check(field, name, "return None"),
    ]


def read_method(message: ir.Message, ordered: list[ir.Field]) -> Lines:
    return [
        "",
        "    @classmethod",
        "    def _from_payload(",
        f"        cls, request_id: int, payload: dict[str, Any]) -> {class_name(message)}:",
        *(f"        {line}" for line in _read_fields(message.fields or (), "payload")),
        f"        return cls({arguments(ordered)})",
    ]


def _read_fields(fields: tuple[ir.Field, ...], source: str) -> Lines:
    out: Lines = []
    for field in fields:
        checks = check(field, field.name, "raise Doubt")
        if field.required:
            out += [f'{field.name} = {source}["{field.name}"]', *checks]
        else:
            out.append(f'{field.name} = {source}.get("{field.name}")')
            if field.default is not None:
                default = "{}" if field.default == {} else repr(field.default)
                out += block(f"if {field.name} is None:", [f"{field.name} = {default}"])
                out += block("else:", checks) if checks else []
            elif checks:
                out += block(f"if {field.name} is not None:", checks)
        if field.fields:
            out += _read_fields(field.fields, field.name)
    return out
