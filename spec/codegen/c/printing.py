"""C as text: what every part of the backend prints with."""

from __future__ import annotations

from collections.abc import Iterable

from .. import ir

Lines = list[str]

# struct's characters: how many bits, and whether they have a sign.
INTEGERS = {
    "b": (8, True), "B": (8, False), "h": (16, True), "H": (16, False), "i": (32, True),
    "I": (32, False), "l": (32, True), "L": (32, False), "q": (64, True), "Q": (64, False),
}  # fmt: skip
FLOATS = {"f": 32, "d": 64}

CHECKS = {
    "str": "PyUnicode", "int": "PyLong", "float": "PyFloat", "dict": "PyDict", "list": "PyList",
    "bytes": "PyBytes", "tuple": "PyTuple",
}  # fmt: skip


def header(title: str, *parts: Lines) -> str:
    """The text of a header of these parts."""
    banner = f"/* === {title} ".ljust(96, "=") + " */"
    return "\n".join([banner, *(line for part in parts for line in ("", *part)), ""])


def indent(lines: Iterable[str]) -> Lines:
    return [f"    {line}" if line else "" for line in lines]


def block(opening: str, lines: Iterable[str]) -> Lines:
    return [f"{opening} {{", *indent(lines), "}"]


def function(signature: str, lines: Iterable[str]) -> Lines:
    return [*block(signature, lines), ""]


def text(data: bytes) -> str:
    """A C string literal; octal escapes end where they end."""
    plain = {ord(c) for c in "_:. "} | set(range(48, 58)) | set(range(65, 91)) | set(range(97, 123))
    escaped = "".join(chr(b) if b in plain else f"\\{b:03o}" for b in data)
    return f'"{escaped}"'


def put(format: str, at: str, value: str) -> str:
    if format in FLOATS:
        return f"putf{FLOATS[format]}({at}, {value});"
    bits, _ = INTEGERS[format]
    return f"put{bits}({at}, (uint{bits}_t){value});"


def get(format: str, at: str) -> str:
    if format in FLOATS:
        return f"getf{FLOATS[format]}({at})"
    bits, signed = INTEGERS[format]
    return f"(int{bits}_t)get{bits}({at})" if signed else f"get{bits}({at})"


def number(value: int) -> str:
    if value == -(2**63):
        return "INT64_MIN"
    return f"{value}ULL" if value >= 2**63 else f"{value}LL"


def quote(name: str) -> str:
    return f'"{name}"'


def of(spec: ir.Spec, python: str) -> list[ir.ValueType]:
    return [v for v in spec.values if v.python == python]
