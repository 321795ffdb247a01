"""The badge: one picture of how many cases pass, of those that are supported."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ..judging.outcomes import Run

LABEL = "GD/1 conformance"
# Width of a letter, and of the blank at each side, in pixels.
LETTER, MARGIN = 6.6, 8
GREEN, AMBER, RED = "#2e7d32", "#9a6700", "#b3261e"


def render(runs: Sequence[Run]) -> str:
    """An SVG picture: green for all, amber where known failures are left, else red."""
    passed, judged = sum(run.passed for run in runs), sum(run.judged for run in runs)
    # Never rounded up: 100 % is all of them.
    score = f"{1000 * passed // judged / 10:g} %" if judged else "nothing judged"
    good = judged and not any(run.failed for run in runs)
    colour = (GREEN if passed == judged else AMBER) if good else RED
    first, second = (round(len(text) * LETTER + 2 * MARGIN) for text in (LABEL, score))
    told = escape(f"{LABEL}: {score}")
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" width="{first + second}" height="20" role="img" \
aria-label="{told}">
<title>{told}</title>
<clipPath id="r"><rect width="{first + second}" height="20" rx="3"/></clipPath>
<g clip-path="url(#r)">
<rect width="{first}" height="20" fill="#444"/>
<rect x="{first}" width="{second}" height="20" fill="{colour}"/>
</g>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
<text x="{first / 2:g}" y="14">{escape(LABEL)}</text>
<text x="{first + second / 2:g}" y="14">{escape(score)}</text>
</g>
</svg>
"""
