"""Words of Java: comments as its formatter leaves them, and literals."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable

from .. import ir
from ..naming import camel, screaming

WIDTH = 100
INDENT = "  "


def doc(text: str, depth: int = 0) -> list[str]:
    """A comment for javadoc, for what is indented so many times."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    room = WIDTH - len(INDENT) * depth
    if len(escaped) + len("/**  */") <= room:
        return [f"/** {escaped} */"]
    lines = textwrap.wrap(
        escaped, room - len(" * "), break_long_words=False, break_on_hyphens=False
    )
    return ["/**", *(f" * {line}" for line in lines), " */"]


def sentence(text: str) -> str:
    """The text with a capital and a full stop."""
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def quoted(text: str) -> str:
    """A literal of a text."""
    named = {
        '"': '\\"',
        "\\": "\\\\",
        "\b": "\\b",
        "\f": "\\f",
        "\n": "\\n",
        "\r": "\\r",
        "\t": "\\t",
    }
    return '"' + "".join(named.get(c, c if " " <= c <= "~" else _unit(c)) for c in text) + '"'


def _unit(character: str) -> str:
    raw = character.encode("utf-16-be")
    return "".join(f"\\u{raw[at : at + 2].hex()}" for at in range(0, len(raw), 2))


def octets(raw: Iterable[int]) -> str:
    """An array of bytes, in braces."""
    return "{" + ", ".join(str(one - 256 if one > 127 else one) for one in raw) + "}"


def octet(number: int) -> str:
    """A byte: those of Java have a sign."""
    return f"0x{number:02x}" if number < 128 else f"(byte) 0x{number:02x}"


# What a component of a record, or a variable, may not be called.
_TAKEN = frozenset(
    re.findall(
        r"\w+",
        """
        abstract assert boolean break byte case catch char class const continue default do double
        else enum extends final finally float for goto if implements import instanceof int interface
        long native new package private protected public return short static strictfp super switch
        synchronized this throw throws transient try void volatile while true false null
        type requestId toBytes getClass hashCode toString notify notifyAll wait clone finalize
        payload header held
        """,
    )
)


def variable(name: str) -> str:
    """A field's name as a component and a variable."""
    written = camel(name)
    return written + "_" if written in _TAKEN else written


def code(name: str) -> str:
    """A portable code."""
    return f"ErrorCode.{screaming(name)}"


def listed(constants: Iterable[tuple[str, str]]) -> list[str]:
    """The constants of an enum with what they mean; empty for no comment."""
    pairs = list(constants)
    lines: list[str] = []
    for at, (constant, meaning) in enumerate(pairs):
        lines += doc(meaning, 1) if meaning else []
        lines.append(constant + (";" if at == len(pairs) - 1 else ","))
        lines += [""] if meaning and at < len(pairs) - 1 else []
    return lines


def called(name: str, words: Iterable[str], depth: int) -> list[str]:
    """A call as the formatter breaks it, without what ends its last line."""
    arguments = list(words)
    line = f"{name}({', '.join(arguments)})"
    room = WIDTH - len(INDENT) * depth - 1
    if len(line) <= room:
        return [line]
    inner = ", ".join(arguments)
    if len(inner) + 5 <= room:
        return [f"{name}(", f"    {inner})"]
    return [f"{name}(", *(f"    {word}," for word in arguments[:-1]), f"    {arguments[-1]})"]


def scope(stage: str, spec: ir.Spec) -> str:
    """The scope of what a stage of judging finds."""
    found = next(one.scope for one in spec.stages if one.name == stage)
    return f"Scope.{screaming(found)}"
