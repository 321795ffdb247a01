"""A sequence of frames between a client, the arbiter and workers, from top to bottom.

Rules: what is drawn was recorded, in its order; an arrow is a frame, a cross an end that closed. A
frame can be opened in the playground.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import gdproto

LIFELINES = {"client": 60, "arbiter": 280, "worker": 500, "next worker": 660}
ALWAYS = ("client", "arbiter", "worker")
TOP, ROW = 44, 38
MOST_CHARS = 30
STYLE = (
    ".travel text{font:13px sans-serif;fill:currentColor}.travel .name{font-weight:bold}"
    ".travel .life{stroke:currentColor;stroke-dasharray:2 5;opacity:.5}"
    ".travel .there{stroke:#0d9488;fill:none;stroke-width:2;marker-end:url(#travel-there)}"
    ".travel .back{stroke:#d97706;fill:none;stroke-width:2;marker-end:url(#travel-back)}"
    ".travel .time{font-size:11px;opacity:.8}"
)
HEADS = "".join(
    f'<marker id="travel-{name}" markerWidth="9" markerHeight="8" refX="8" refY="4" orient="auto"'
    f' markerUnits="userSpaceOnUse"><path d="M0,0 L9,4 L0,8 z" fill="{colour}"/></marker>'
    for name, colour in (("there", "#0d9488"), ("back", "#d97706"))
)


def svg(lines: Sequence[Mapping[str, Any]], words: str, playground: str) -> str:
    """The drawing.

    Args:
        lines: what was recorded.
        words: what is seen, for whoever does not see it.
        playground: the playground's address from the page.
    """
    height = TOP + ROW * len(lines) + 16
    ends = {*ALWAYS, *(line[end] for line in lines for end in ("from", "to"))}
    there = {name: x for name, x in LIFELINES.items() if name in ends}
    times = max(there.values()) + 60
    size = f"0 0 {times + 80} {height}"
    shapes = [_lifeline(name, x, height) for name, x in there.items()]
    for row, line in enumerate(lines):
        shapes.append(_row(line, TOP + 24 + ROW * row, times, playground))
    body = "\n".join(shapes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}" class="travel"'
        f' role="group" aria-label="{escape(words)}">\n<style>{STYLE}</style>\n'
        f"<defs>{HEADS}</defs>\n{body}\n</svg>"
    )


def _lifeline(name: str, x: int, height: int) -> str:
    return (
        f'<text x="{x}" y="18" text-anchor="middle" class="name">{name}</text>'
        f'<path d="M{x},28 V{height}" class="life"/>'
    )


def _row(line: Mapping[str, Any], y: int, times: int, playground: str) -> str:
    start, end = LIFELINES[line["from"]], LIFELINES[line["to"]]
    time = f'<text x="{times}" y="{y + 4}" class="time">{line["at"] / 1000:.1f} ms</text>'
    if "hex" not in line:
        return f'<text x="{start}" y="{y + 5}" text-anchor="middle">✗ closed</text>{time}'
    way = "there" if end > start else "back"
    gap = 4 if end > start else -4
    text = (
        f'<text x="{(start + end) // 2}" y="{y - 6}" text-anchor="middle">'
        f"{escape(label(bytes.fromhex(line['hex'])))}</text>"
    )
    link = f'<a href="{playground}#hex={line["hex"]}">{text}</a>'
    return f'<path d="M{start},{y} H{end - gap}" class="{way}"/>{link}{time}'


def label(frame: bytes) -> str:
    """The frame in a few words: its message, its id, and what it carries."""
    message = gdproto.parse(frame)
    match message:
        case gdproto.Request(action=action):
            carried = f"{action}{tuple(message.args)}".replace(",)", ")")
        case gdproto.Response(result=result):
            carried = repr(result)
        case gdproto.Chunk(data=data):
            carried = repr(data)
        case gdproto.Manage(op=op):
            carried = gdproto.ManageOp(op).name.lower()
        case gdproto.Error(error_type=name):
            carried = name
        case _:
            carried = ""
    text = f"{type(message).__name__.upper()} {message.request_id} {carried}".strip()
    return text if len(text) <= MOST_CHARS else text[:MOST_CHARS] + "…"
