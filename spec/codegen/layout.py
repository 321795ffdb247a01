"""How payloads are laid out: what every backend asks of fields, and bytes that never change."""

from __future__ import annotations

from . import ir

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


def sized(field: ir.SizeField, size: int) -> bytes:
    """A size as it is written."""
    return size.to_bytes(field.size, ir.BYTE_ORDER)
