"""Go as gofmt leaves it: names, comments, and columns."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from textwrap import wrap

from .. import ir
from ..naming import pascal
from ..template import fill

WIDTH = 96
INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
INITIALISMS = frozenset(["id", "pid", "utf8", "tlv"])
# The unsigned numbers that encoding/binary knows, by bytes.
WORDS = {1: "uint8", 2: "uint16", 4: "uint32", 8: "uint64"}


def filled(template: str, **holes: str | Iterable[str]) -> str:
    """A template of four blanks for each tab, filled. Raises CompileError."""
    text = fill(template, **holes)
    return INDENT.sub(lambda blanks: blanks[0].replace("    ", "\t"), text)


def exported(name: str) -> str:
    """A name of the declaration as others see it: ``request_id`` as ``RequestID``."""
    return pascal(name, INITIALISMS)


def code(name: str) -> str:
    """The constant of a portable code."""
    return f"Code{exported(name)}"


def message_type(name: str) -> str:
    """The constant of a message's code."""
    return f"Type{exported(name)}"


def limit(bound: ir.Limit) -> str:
    """The constant of a limit."""
    return exported(bound.name)


def hexadecimal(number: int) -> str:
    return f"0x{number:02x}"


def quoted(text: str) -> str:
    """A text as a literal."""
    return json.dumps(text, ensure_ascii=False)


def raw(data: bytes) -> str:
    """Bytes as the literal of a string."""
    letters = (chr(b) if 0x20 <= b < 0x7F and b not in b'"\\' else f"\\x{b:02x}" for b in data)
    return f'"{"".join(letters)}"'


def comment(text: str) -> list[str]:
    """Lines of comment."""
    return [f"// {line}" for line in wrap(text, WIDTH - 3)]


def documented(rows: Iterable[tuple[str, str]]) -> list[str]:
    """Lines of code, each behind the comment that tells of it, with an empty line between two."""
    lines: list[str] = []
    for meaning, line in rows:
        lines += [*([""] if lines else []), *comment(meaning), line]
    return lines


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Cells below each other, as gofmt aligns them."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        " ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
