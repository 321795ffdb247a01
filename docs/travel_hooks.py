"""The drawings of how calls travel, from what was recorded of them.

Rules: a comment in the page names the recording that comes into its place; `make travels` records
anew.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from workshop.drawings import sequence

RECORDED = Path(__file__).with_name("travels.json")
PLACE = re.compile(r"<!-- travel ([a-z]+): ([^>]*) -->")


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Put the drawings into the page."""
    if page.file.src_uri != "design/travel.md":
        return markdown
    recorded = json.loads(RECORDED.read_text())

    def drawn(found: re.Match[str]) -> str:
        svg = sequence.svg(recorded[found[1]], found[2], "../../playground/")
        return f'<div class="diagram">{svg}</div>'

    return PLACE.sub(drawn, markdown)
