"""C as text: what every part of the backend prints with."""

from __future__ import annotations

from collections.abc import Iterable

from .. import ir

Lines = list[str]

# Whatever stands on the wire as one number of so many bytes.
Numeric = ir.Fixed | ir.Mapped | ir.SizeField | ir.HeaderField

# The prefix of what CPython calls its objects, by the kind of value; a tuple is written as a list.
OBJECTS = {
    "string": "PyUnicode", "integer": "PyLong", "float": "PyFloat", "dict": "PyDict",
    "list": "PyList", "bytes": "PyBytes", "tuple": "PyTuple",
}  # fmt: skip


def header(title: str, *parts: Lines) -> str:
    """The text of a header of these parts."""
    banner = f"/* === {title} ".ljust(96, "=") + " */"
    return "\n".join([banner, *(line for part in parts for line in ("", *part)), ""])


def indent(lines: Iterable[str]) -> Lines:
    return [f"    {line}" if line else "" for line in lines]


def is_exactly(kind: str, source: str) -> str:
    """Whether an object is of the type that holds such values, and of no subclass."""
    # bool has no subclass.
    return f"PyBool_Check({source})" if kind == "bool" else f"{OBJECTS[kind]}_CheckExact({source})"


def block(opening: str, lines: Iterable[str]) -> Lines:
    return [f"{opening} {{", *indent(lines), "}"]


def function(signature: str, lines: Iterable[str]) -> Lines:
    return [*block(signature, lines), ""]


def text(data: bytes) -> str:
    """A C string literal; octal escapes end where they end."""
    plain = {ord(c) for c in "_:. "} | set(range(48, 58)) | set(range(65, 91)) | set(range(97, 123))
    escaped = "".join(chr(b) if b in plain else f"\\{b:03o}" for b in data)
    return f'"{escaped}"'


def put(form: Numeric, at: str, value: str) -> str:
    """Write the number `value`."""
    bits = 8 * form.size
    if form.number == ir.FLOAT:
        return f"putf{bits}({at}, {value});"
    return f"put{bits}({at}, (uint{bits}_t){value});"


def get(form: Numeric, at: str) -> str:
    """Read the number."""
    bits = 8 * form.size
    if form.number == ir.FLOAT:
        return f"getf{bits}({at})"
    return f"(int{bits}_t)get{bits}({at})" if form.number == ir.SIGNED else f"get{bits}({at})"


def number(value: int) -> str:
    if value == -(2**63):
        return "INT64_MIN"
    return f"{value}ULL" if value >= 2**63 else f"{value}LL"


def quote(name: str) -> str:
    return f'"{name}"'


def of(spec: ir.Spec, kind: str) -> list[ir.ValueType]:
    return [v for v in spec.values if v.kind == kind]
