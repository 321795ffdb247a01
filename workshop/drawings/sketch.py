"""A drawing of boxes, words and arrows, for pages about design.

Rules: it takes the colours of the page that it stands in, light or dark; whoever does not see it is
told in words what it shows.
"""

from __future__ import annotations

from html import escape

STYLE = (
    ".sketch text{font:14px sans-serif;fill:currentColor;text-anchor:middle}"
    ".sketch .name{font-weight:bold}.sketch .small{font-size:12px;opacity:.85}"
    ".sketch .code{font:12px monospace}"
    ".sketch rect{fill:none;stroke:currentColor;stroke-opacity:.45;rx:6}"
    ".sketch .ours{stroke:#0d9488;stroke-opacity:1;stroke-width:2;fill:#0d9488;fill-opacity:.1}"
    ".sketch .waits{stroke:#d97706;stroke-opacity:1;stroke-width:2;fill:#d97706;fill-opacity:.15}"
    ".sketch .around{stroke-dasharray:4 5}"
    ".sketch path{fill:none;stroke-width:2}.sketch .there{stroke:#0d9488}"
    ".sketch .back{stroke:#d97706}.sketch .not{stroke:currentColor;stroke-dasharray:3 5;opacity:.6}"
)
HEAD = (
    '<marker id="{name}-{kind}" markerWidth="9" markerHeight="8" refX="8" refY="4" orient="auto"'
    ' markerUnits="userSpaceOnUse"><path d="M0,0 L9,4 L0,8 z" style="fill:{colour};stroke:none"/>'
    "</marker>"
)
COLOURS = {"there": "#0d9488", "back": "#d97706", "not": "currentColor"}


class Sketch:
    """A drawing that grows.

    Args:
        name: no other drawing of its page has it.
        width, height: in units of the drawing; a line of words is some 18 high.
        words: what it shows, for whoever does not see it.
    """

    def __init__(self, name: str, width: int, height: int, words: str) -> None:
        self._name = name
        self._size = f"0 0 {width} {height}"
        self._words = words
        self._shapes: list[str] = []

    def box(self, x: int, y: int, width: int, height: int, *lines: str, kind: str = "") -> None:
        """A box; the first line is its name, the others stand below it in small letters."""
        self._shapes.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" class="{kind}"/>'
        )
        top = y + height / 2 + 5 - 9 * (len(lines) - 1)
        for number, line in enumerate(lines):
            self.words(x + width / 2, top + 18 * number, line, "small" if number else "name")

    def words(self, x: float, y: float, text: str, kind: str = "small") -> None:
        """Words around `x`."""
        self._shapes.append(f'<text x="{x:g}" y="{y:g}" class="{kind}">{escape(text)}</text>')

    def arrow(self, x: int, y: int, to_x: int, to_y: int, kind: str = "there") -> None:
        """An arrow: `there` with a request, `back` with an answer, `not` where nothing goes."""
        end = f"url(#{self._name}-{kind})"
        self._shapes.append(
            f'<path d="M{x},{y} L{to_x},{to_y}" class="{kind}" marker-end="{end}"/>'
        )

    def svg(self) -> str:
        """The drawing."""
        heads = "".join(
            HEAD.format(name=self._name, kind=kind, colour=colour)
            for kind, colour in COLOURS.items()
        )
        body = "\n".join(self._shapes)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{self._size}" class="sketch"'
            f' role="img" aria-label="{escape(self._words)}">\n<style>{STYLE}</style>\n'
            f"<defs>{heads}</defs>\n{body}\n</svg>"
        )
