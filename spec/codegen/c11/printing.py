"""What the sections share: names, comments and numbers in C."""

from __future__ import annotations

from collections.abc import Iterable

from .. import ir
from ..errors import CompileError
from ..naming import screaming, snake

# What names of the declaration may not be; those of C, no field may have (soundness.py).
CPP_WORDS = frozenset([
    "and", "bool", "catch", "class", "delete", "explicit", "export", "false", "friend", "mutable",
    "namespace", "new", "not", "operator", "or", "private", "protected", "public", "template",
    "this", "throw", "true", "try", "typename", "using", "virtual", "xor",
])  # fmt: skip
SIZES = (1, 2, 4, 8)
KINDS = {kind: f"GD_KIND_{kind.upper()}" for kind in ir.KINDS}


def constant(group: str, name: str) -> str:
    """A name of an enumeration."""
    return f"GD_{group}_{screaming(name)}"


def code(name: str) -> str:
    """A portable code."""
    return constant("CODE", name)


def member(name: str) -> str:
    """A name of a field."""
    name = snake(name)
    return f"{name}_" if name in CPP_WORDS else name


def enumerators(rows: Iterable[tuple[str, int | None, str]]) -> list[str]:
    """Lines of an enum: name, number where it is not the next one, and meaning."""
    return [
        f"{name}{'' if number is None else f' = {number:#04x}'}, /* {meaning} */"
        for name, number, meaning in rows
    ]


def cases(rows: Iterable[tuple[str, str]]) -> list[str]:
    """Lines of a switch: what is compared to, and what is returned."""
    return [line for held, came in rows for line in (f"case {held}:", f"    return {came};")]


def text(name: str) -> str:
    """A text as C writes it; all bytes but plain ones as octal numbers, which cannot run on."""
    plain = set(range(32, 127)) - set(b'"\\?')
    raw = "".join(chr(b) if b in plain else f"\\{b:03o}" for b in name.encode())
    return f'"{raw}"'


def integer(number: int) -> str:
    """A number of 64 bits with a sign."""
    return "INT64_MIN" if number == -(2**63) else f"INT64_C({number})"


def sized(where: str, size: int) -> int:
    """A number's size, if C has one like it. Raises CompileError."""
    if size not in SIZES:
        raise CompileError(f"{where}: C has no number of {size} bytes")
    return size


def get(place: str, size: int) -> str:
    """The unsigned number of so many bytes at a place."""
    return f"{place}[0]" if size == 1 else f"gd__get{8 * size}({place})"


def put(place: str, size: int, number: str) -> str:
    """The statement that writes it."""
    return f"gd__put{8 * size}({place}, (uint{8 * size}_t)({number}));"
