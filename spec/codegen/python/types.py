"""The kinds of values as Python types, and the numbers of the wire as `struct` writes them."""

from __future__ import annotations

from .. import ir

PYTHON_TYPES = {
    "none": "NoneType",
    "bool": "bool",
    "integer": "int",
    "float": "float",
    "bytes": "bytes",
    "string": "str",
    "list": "list",
    "dict": "dict",
}
LETTERS = {
    (ir.UNSIGNED, 1): "B",
    (ir.UNSIGNED, 2): "H",
    (ir.UNSIGNED, 4): "L",
    (ir.UNSIGNED, 8): "Q",
    (ir.SIGNED, 1): "b",
    (ir.SIGNED, 2): "h",
    (ir.SIGNED, 4): "l",
    (ir.SIGNED, 8): "q",
    (ir.FLOAT, 4): "f",
    (ir.FLOAT, 8): "d",
}


def letter(form: ir.Fixed | ir.Mapped | ir.SizeField | ir.HeaderField) -> str:
    """The character of a number, or of raw bytes, in the big-endian formats of `struct`."""
    if form.number == ir.RAW:
        return f"{form.size}s"
    return LETTERS[form.number, form.size]
