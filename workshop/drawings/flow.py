"""How calls flow: web processes, the arbiter between, workers with a model each.

Rules: the picture takes the colours of the page that it stands in, light or dark, and can be read
on a phone; what runs along its arrows stands still for readers who ask for that.
"""

from __future__ import annotations

WIDTH, HEIGHT = 520, 268
CALLERS = ("gunicorn", "uvicorn", "Celery")
TEXT = (
    "Web processes send REQUEST frames to the arbiter, which queues them for each app; workers, "
    "each with the model loaded once, pull them, and answer with a RESPONSE or a stream of CHUNK "
    "frames."
)
STYLE = (
    ".flow text{font:14px sans-serif;fill:currentColor;text-anchor:middle}"
    ".flow .name{font-weight:bold}.flow .small{font-size:12px;opacity:.8}"
    ".flow .frame{font:11px monospace}"
    ".flow rect{fill:none;stroke:currentColor;stroke-opacity:.45;rx:6}"
    ".flow .ours{stroke:#0d9488;stroke-opacity:1;stroke-width:2;fill:#0d9488;fill-opacity:.1}"
    ".flow .waits{stroke:none;fill:#0d9488;fill-opacity:.75;rx:2}"
    ".flow .free{stroke:#0d9488;stroke-opacity:.5;rx:2}"
    ".flow path{fill:none;stroke:#0d9488;stroke-width:2;stroke-dasharray:7 5}"
    ".flow .back{stroke:#d97706}"
    "@media(prefers-reduced-motion:no-preference){"
    ".flow path{animation:flow 1.2s linear infinite}@keyframes flow{to{stroke-dashoffset:-24}}}"
)


def svg() -> str:
    """The picture."""
    shapes = [
        _text(62, 18, "your web processes", "small"),
        *(_box(2, 32 + 76 * row, 120, 60, name) for row, name in enumerate(CALLERS)),
        _text(262, 18, "one Unix socket", "small"),
        *_arbiter(206, 32),
        _text(450, 18, "worker processes", "small"),
        *_worker(382, 32),
        *_worker(382, 146),
        *(_there_and_back(124, 206, 62 + 76 * row, 138) for row in range(len(CALLERS))),
        *(_there_and_back(318, 380, 138, 83 + 114 * row) for row in range(2)),
    ]
    body = "\n".join(shapes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" class="flow"'
        f' role="img" aria-label="{TEXT}">\n<style>{STYLE}</style>\n{body}\n</svg>'
    )


def _text(x: int, y: int, words: str, kind: str) -> str:
    return f'<text x="{x}" y="{y}" class="{kind}">{words}</text>'


def _box(x: int, y: int, width: int, height: int, name: str, kind: str = "") -> str:
    rect = f'<rect x="{x}" y="{y}" width="{width}" height="{height}" class="{kind}"/>'
    return rect + _text(x + width // 2, y + height // 2 + 5, name, "name")


def _arbiter(x: int, y: int) -> list[str]:
    """The arbiter, with a queue for each of two apps."""
    queues = [
        f'<rect x="{x + 15 + 17 * place}" y="{y + 52 + 34 * row}" width="13" height="22"'
        f' class="{"waits" if place >= 5 - waiting else "free"}"/>'
        for row, waiting in enumerate((3, 1))
        for place in range(5)
    ]
    return [
        f'<rect x="{x}" y="{y}" width="112" height="212" class="ours"/>',
        _text(x + 56, y + 30, "arbiter", "name"),
        *queues,
        _text(x + 56, y + 138, "a queue", "small"),
        _text(x + 56, y + 154, "for each app", "small"),
        _text(x + 56, y + 188, "REQUEST ⟶", "frame"),
        _text(x + 56, y + 203, "⟵ CHUNK, END", "frame"),
    ]


def _worker(x: int, y: int) -> list[str]:
    return [
        f'<rect x="{x}" y="{y}" width="136" height="98" class="ours"/>',
        _text(x + 68, y + 26, "worker", "name"),
        _box(x + 16, y + 38, 104, 28, "model"),
        _text(x + 68, y + 86, "loaded once", "small"),
    ]


def _there_and_back(left: int, right: int, y: int, end: int) -> str:
    """A way for requests, and one for answers."""
    middle = (left + right) // 2
    there = f"M{left},{y - 5} C{middle},{y - 5} {middle},{end - 5} {right},{end - 5}"
    back = f"M{right},{end + 6} C{middle},{end + 6} {middle},{y + 6} {left},{y + 6}"
    return f'<path d="{there}"/><path d="{back}" class="back"/>'
