"""Markdown: what the pages of the documentation are printed with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def code(text: str) -> str:
    return f"`{text}`" if text else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
