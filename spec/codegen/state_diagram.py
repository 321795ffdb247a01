"""The state diagram: a column for each state, an arrow for each way from one to another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from . import ir

COLUMN = 180
ROW = 36
TOP = 60
STYLE = (
    "text{font:13px sans-serif;fill:currentColor}.state{font-weight:bold}"
    ".line{stroke:currentColor;stroke-dasharray:2 5;opacity:.4}"
    ".arrow{stroke:currentColor;fill:none;marker-end:url(#head)}.head{fill:currentColor}"
)
HEAD = (
    '<defs><marker id="head" markerWidth="9" markerHeight="8" refX="9" refY="4" orient="auto">'
    '<path d="M0,0 L9,4 L0,8 z" class="head"/></marker></defs>'
)


def svg(states: Sequence[str], transitions: Iterable[ir.Transition]) -> str:
    """The diagram of what is permitted, the messages of one way on one arrow."""
    ways: dict[tuple[str, str], list[str]] = {}
    for one in transitions:
        if not one.scope:
            ways.setdefault((one.state, one.next), []).append(one.message)
    height = TOP + ROW * len(ways) + 10
    shapes = [_column(name, number, height) for number, name in enumerate(states)]
    for row, ((before, after), messages) in enumerate(ways.items()):
        label = ", ".join(dict.fromkeys(messages))
        shapes.append(_arrow(states.index(before), states.index(after), TOP + ROW * row, label))
    body = "\n".join(shapes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {COLUMN * len(states)} {height}"'
        f' role="img">\n<style>{STYLE}</style>\n{HEAD}\n{body}\n</svg>\n'
    )


def _x(column: int) -> int:
    return COLUMN // 2 + COLUMN * column


def _column(name: str, number: int, height: int) -> str:
    x = _x(number)
    return (
        f'<text x="{x}" y="20" text-anchor="middle" class="state">{name}</text>'
        f'<path d="M{x},30 V{height}" class="line"/>'
    )


def _arrow(before: int, after: int, y: int, label: str) -> str:
    start, end = _x(before), _x(after)
    if before == after:
        # Away from the edge of the drawing.
        side, anchor = (1, "start") if after == 0 else (-1, "end")
        return (
            f'<path d="M{start},{y - 6} h{24 * side} v12 h{-22 * side}" class="arrow"/>'
            f'<text x="{start + 30 * side}" y="{y + 4}" text-anchor="{anchor}">{label}</text>'
        )
    gap = 3 if end > start else -3
    return (
        f'<path d="M{start},{y} H{end - gap}" class="arrow"/>'
        f'<text x="{(start + end) // 2}" y="{y - 5}" text-anchor="middle">{label}</text>'
    )
