"""The pages in a browser: what the search finds, and whether everybody can read them."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

import gdproto
from gdproto.conformance.live.pcapng import Capture

PAGES = [
    "",
    "start/tutorial/",
    "playground/",
    "vectors/",
    "vectors/containers/",
    "api/errors/",
    "api/settings/",
    "api/declaration/",
    "conformance/scripts/",
    "conformance/tests/",
    "spec/04-values/",
    "performance/",
    "design/travel/",
]


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("GD-TLV-011", "spec/04-values/?h=gd+tlv+011#GD-TLV-011"),
        ("invalid_bool", "api/errors/?h=invalid+bool#invalid_bool"),
        ("--max-queue", "api/settings/?h=max+queue#max-queue"),
    ],
)
def test_the_search_finds(page: Page, site: str, words: str, place: str) -> None:
    page.goto(site)
    page.click(".md-search__input")
    page.keyboard.type(words)
    found = page.locator(f".md-search-result__link[href='{site}{place}']")
    expect(found).to_be_attached(timeout=60_000)


@pytest.fixture(params=["light", "dark"])
def phone(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page as wide as a small phone."""
    viewport = {"width": 360, "height": 740}
    context = browser.new_context(viewport=viewport, color_scheme=request.param)
    yield context.new_page()
    context.close()


def captured() -> str:
    """A capture of one frame, as it is pasted."""
    file = io.BytesIO()
    Capture(file).sent(0, True, gdproto.End(7).to_bytes())
    return file.getvalue().hex()


@pytest.mark.parametrize("path", PAGES)
def test_everybody_can_read_it(phone: Page, site: str, path: str) -> None:
    phone.goto(site + path, wait_until="networkidle")
    judged(phone)


def test_everybody_can_read_a_session_and_a_capture(phone: Page, site: str) -> None:
    vector = "as-client/client-streaming-receives-response"
    phone.goto(f"{site}playground/?vector={vector}", wait_until="networkidle")
    phone.fill("#bytes-text", captured())
    expect(phone.locator(".captured tbody tr")).to_have_count(1)
    expect(phone.locator(".states .taken").first).to_be_attached()
    judged(phone)


def judged(phone: Page) -> None:
    """Fails where it is wider than the screen, or some cannot read it."""
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
    found = Axe().run(phone, context=".md-content")
    told = {
        one["id"]: [
            (node["html"][:90], [why["message"][:150] for why in node["any"]])
            for node in one["nodes"][:6]
        ]
        for one in found.response["violations"]
    }
    assert not told
