"""Python as text: what every part of the backend prints with."""

from __future__ import annotations

from collections.abc import Iterable
from pprint import pformat
from typing import Any

from .. import ir

Lines = list[str]


def literal(value: Any) -> str:
    return pformat(value, width=96, sort_dicts=False)


def chain(arms: Iterable[tuple[str, Lines]], otherwise: Lines) -> Lines:
    """An if/elif chain of (condition, body)."""
    out: Lines = []
    for condition, body in arms:
        out.append(f"{'elif' if out else 'if'} {condition}:")
        out += [f"    {line}" for line in body]
    return [*out, "else:", *(f"    {line}" for line in otherwise)]


def block(opening: str, body: Lines, depth: int = 1) -> Lines:
    return [opening, *(f"{'    ' * depth}{line}" for line in body)]


def class_name(message: ir.Message) -> str:
    """REQUEST -> Request."""
    return "".join(part.capitalize() for part in message.name.split("_"))
