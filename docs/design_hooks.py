"""The drawings of the pages about design.

Rules: a comment in the page names the drawing that comes into its place.
"""

from __future__ import annotations

import re
from typing import Any

from workshop.drawings import designs

PLACE = re.compile(r"<!-- drawing ([a-z]+) -->")


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Put the drawings into the page."""
    if not page.file.src_uri.startswith("design/"):
        return markdown
    return PLACE.sub(drawn, markdown)


def drawn(found: re.Match[str]) -> str:
    """The drawing as a part of the page."""
    return f'<div class="diagram">{designs.ALL[found[1]]()}</div>'
