"""What the home page takes from elsewhere: the picture of the flow, and what was measured.

Rules: a comment in the page names what comes into its place; figures are those of the last
published run, which `docs/performance.md` shows in full.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from workshop.drawings import flow

PUBLISHED = Path(__file__).resolve().parents[1] / "benchmarks" / "published"
RIVAL = "gunicorn"


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Put them into the page."""
    if page.file.src_uri != "index.md":
        return markdown
    drawn = f'<div class="diagram">{flow.svg()}</div>'
    return markdown.replace("<!-- flow -->", drawn).replace("<!-- figures -->", figures())


def figures() -> str:
    """Two figures, each beside that of gunicorn in the same run."""
    call, rival = medians("round_trip_p50")
    chunks, rival_chunks = medians("stream_def")
    return "\n".join(
        [
            _figure(
                f"{call * 1e6:.0f} µs", "a small call, there and back", f"{rival * 1e6:.0f} µs"
            ),
            _figure(
                f"{chunks:,.0f}", "streamed chunks in a second", f"{rival_chunks:,.0f} a second"
            ),
        ]
    )


def medians(key: str) -> tuple[float, float]:
    """What was measured of the runtime: ours and the rival's."""
    latest = max(PUBLISHED.glob("*.json"))
    parts = json.loads(latest.read_text())["parts"]
    part = next(one for one in parts if one["key"] == "runtime")
    series = next(one["series"] for one in part["figures"] if one["key"] == key)
    return series[part["ours"]]["median"], series[RIVAL]["median"]


def _figure(number: str, what: str, rival: str) -> str:
    return (
        f'<div class="figure"><strong>{number}</strong> {what}'
        f"<br><small>{RIVAL}, by its own client: {rival}</small></div>"
    )
