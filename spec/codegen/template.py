"""Code of another language as text with holes.

A backend writes what never changes as the language writes it, and marks what comes from the
declaration by a name in «guillemets». A hole that stands alone on its line takes lines, which get
its indentation; any other takes one piece of text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from textwrap import dedent

from .errors import CompileError

HOLE = re.compile(r"«(\w+)»")
ALONE = re.compile(r"([ \t]*)«(\w+)»")


def fill(template: str, **holes: str | Iterable[str]) -> str:
    """The text, with its holes filled.

    Args:
        template: indented as it stands in the backend: what its lines share is taken off, and so
            is the line break that it begins with.
        holes: by name; lines for a hole that is alone on its line. No lines take it away.

    Raises:
        CompileError: a hole has no filling, or a filling no hole.
    """
    unused = set(holes)
    text = dedent(template.removeprefix("\n"))
    lines = [filled for line in text.split("\n") for filled in _line(line, holes, unused)]
    if unused:
        raise CompileError(f"spec.codegen: no hole for {', '.join(sorted(unused))}")
    return "\n".join(lines)


def _line(line: str, holes: dict[str, str | Iterable[str]], unused: set[str]) -> Iterable[str]:
    alone = ALONE.fullmatch(line)
    if alone and not isinstance(holes.get(alone[2], ""), str):
        unused.discard(alone[2])
        return indented(holes[alone[2]], alone[1])
    unused.difference_update(HOLE.findall(line))
    return HOLE.sub(lambda hole: _piece(hole[1], holes), line).split("\n")


def _piece(name: str, holes: dict[str, str | Iterable[str]]) -> str:
    held = holes.get(name)
    if not isinstance(held, str):
        raise CompileError(f"spec.codegen: «{name}» is not filled by a text")
    return held


def indented(lines: Iterable[str], indent: str) -> list[str]:
    """The lines, each behind `indent` but where it is empty."""
    return [indent + line if line else "" for line in lines]
