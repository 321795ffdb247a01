"""How payloads are laid out: what every backend asks of fields, and bytes that never change."""

from __future__ import annotations

import re
from collections.abc import Mapping

from . import ir
from .errors import CompileError

Number = ir.Fixed | ir.Mapped | ir.SizeField | ir.HeaderField

# Kinds of values, those first that programs send most: so they are looked for.
BY_USE = ("string", "integer", "float", "dict", "list", "none", "bool", "bytes")


def leaves(fields: tuple[ir.Field, ...]) -> list[ir.Field]:
    """The fields that hold a value, those of nested dicts in their parent's place."""
    return [leaf for f in fields for leaf in (leaves(f.fields) if f.fields else [f])]


def may_be_absent(field: ir.Field) -> bool:
    """Whether the field is not written where it has no value, or its default one."""
    return not field.required and (field.default is None or not field.default_written)


def leaves_default_out(field: ir.Field) -> bool:
    """Whether the field is not written where it has its default, which is an int."""
    return not field.required and not field.default_written


def value_type(kind: str, spec: ir.Spec) -> ir.ValueType:
    """The first type that carries values of this kind."""
    return next(v for v in spec.values if v.kind == kind)


def largest_value_bytes(spec: ir.Spec) -> int:
    """The most bytes that a value alone may take: those of the largest blob with its head."""
    blobs = [v.body.length for v in spec.values if isinstance(v.body, ir.Blob)]
    return max(1 + length.size + length.limit.value for length in blobs)


def types_of(field: ir.Field, spec: ir.Spec) -> list[str]:
    """The names of the types that may carry the field's value; empty for all."""
    return [v.name for kind in field.types for v in spec.values if v.kind == kind]


def container(field: ir.Field, spec: ir.Spec) -> ir.ValueType | None:
    """The type of a field that is always a list, or always a dict."""
    if len(field.types) != 1:
        return None
    value = value_type(field.types[0], spec)
    return value if isinstance(value.body, ir.Container) else None


def text_type(spec: ir.Spec) -> tuple[int, ir.SizeField]:
    """The code and the length of a text."""
    text = value_type("string", spec)
    assert isinstance(text.body, ir.Blob)
    return text.code, text.body.length


def key_bytes(name: str, spec: ir.Spec) -> bytes:
    """A key as it stands in a dict."""
    code, length = text_type(spec)
    raw = name.encode()
    return bytes([code]) + sized(length, len(raw)) + raw


def dict_head(count: int, spec: ir.Spec) -> bytes:
    """What a dict of `count` pairs begins with."""
    the_dict = value_type("dict", spec)
    assert isinstance(the_dict.body, ir.Container)
    return bytes([the_dict.code]) + sized(the_dict.body.count, count)


def check_number(form: Number, where: str, reader: str) -> None:
    """Refuse a number that no machine has: of an odd size, or a float of less than 4 bytes.

    Args:
        where: the declaration that it stands in.
        reader: whoever reads it, for the reason.

    Raises:
        CompileError: it is such a number, or none at all.
    """
    if form.size not in {ir.FLOAT: (4, 8), ir.RAW: ()}.get(form.number, (1, 2, 4, 8)):
        raise CompileError(f"{where}: {reader} has no {form.number} number of {form.size} bytes")


def sized(field: ir.SizeField, size: int) -> bytes:
    """A size as it is written."""
    return size.to_bytes(field.size, ir.BYTE_ORDER)


def element_bytes(kind: str, spec: ir.Spec) -> int:
    """What an item of a list, or a pair of a dict, needs at least."""
    body = value_type(kind, spec).body
    assert isinstance(body, ir.Container)
    return body.smallest_element_bytes


def header_size(body: ir.Body) -> int:
    """Bytes of a value before its content: its type, and its length or count if it has one."""
    match body:
        case ir.Blob(length=size) | ir.Container(count=size):
            return 1 + size.size
    return 1


def max_depth(spec: ir.Spec) -> ir.Limit:
    """The bound of lists and dicts that are open at once."""
    body = value_type("list", spec).body
    assert isinstance(body, ir.Container)
    return body.depth


def sides(spec: ir.Spec) -> tuple[str, str]:
    """The side that opens exchanges, and the one that answers."""
    answerer = spec.notice.sender
    return next(t.sender for t in spec.transitions if t.sender != answerer), answerer


def idle(spec: ir.Spec) -> str:
    """The state of an id that no exchange has."""
    return spec.states[0][0]


def given_up(spec: ir.Spec) -> str:
    """The state in which what still comes is discarded."""
    answerer = spec.notice.sender
    rows = (t for t in spec.transitions if t.sender == answerer and t.outcome == "discard")
    return next(rows).state


def transition_table(spec: ir.Spec) -> Mapping[tuple[str, str, str], ir.Transition]:
    """What each message does, by state, sender and message; it is total."""
    return {(t.state, t.sender, t.message): t for t in spec.transitions}


def opens(row: ir.Transition, spec: ir.Spec) -> bool:
    """Whether the frame begins an exchange; a role may permit it or not."""
    return row.state == idle(spec) != row.next


def after_fault(spec: ir.Spec) -> Mapping[tuple[str, bool], str]:
    """The state after a payload at fault, by sender and whether its frame ends the exchange."""
    return {(row.sender, row.ends): row.next for row in spec.after_fault}


def whole_value(value: ir.ValueType, size: int) -> bool:
    """Whether a signed number of so many bytes holds each of the type's integers."""
    assert value.minimum is not None
    assert value.maximum is not None
    most = 1 << (8 * size - 1)
    return -most <= value.minimum and value.maximum < most


def plain_key(spec: ir.Spec) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """Ranges of the first character of a key that needs no quotes, and of the others.

    Raises:
        CompileError: it is declared by another form than ``[A-Z_][a-z]*``.
    """
    form = re.fullmatch(r"\[((?:.-.|\w)+)\]\[((?:.-.|\w)+)\]\*", spec.paths.identifier)
    if form is None:
        raise CompileError(f"spec.paths: a plain key is {spec.paths.identifier}: no [..][..]*")
    first, others = (re.findall(r"(.)-(.)|(\w)", one) for one in form.groups())
    return _ranges(first), _ranges(others)


def _ranges(found: list[tuple[str, str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((low or alone, high or alone) for low, high, alone in found)
