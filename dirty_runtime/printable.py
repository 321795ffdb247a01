"""What others say, before it is put into a log or onto a terminal.

Rules: text of callers, apps and files may hold anything. What Python does not call printable, but
for the plain space, is written as JSON writes it: control characters, the ends of lines and
paragraphs, what changes the direction of text, lone surrogates. So it forges no line and reaches no
terminal as an order, and JSON that went through it is the same JSON.
"""

from __future__ import annotations

import re

# Everything outside of ASCII's printable characters is looked at.
_DOUBTFUL = re.compile(r"[^ -~]")
_NAMED = {"\b": r"\b", "\t": r"\t", "\n": r"\n", "\f": r"\f", "\r": r"\r"}


def printable(text: str, at_most: int = 0) -> str:
    """One line that can be shown.

    Args:
        text: anything.
        at_most: how many characters of the text are taken; 0 for all.
    """
    if at_most and len(text) > at_most:
        text = f"{text[:at_most]}…"
    return text if text.isprintable() else _DOUBTFUL.sub(_escaped, text)


def shown(value: object, at_most: int = 80) -> str:
    """What the value is, as one line; where it cannot tell by itself, its type."""
    try:
        return printable(repr(value), at_most)
    except Exception:
        return printable(f"a {type(value).__name__} that cannot be shown", at_most)


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    if character.isprintable():
        return character
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return _NAMED.get(character) or "".join(
        rf"\u{units[at : at + 4]}" for at in (0, 4)[: len(units) // 4]
    )
