"""What others get: the site of several versions, and the one in the archive, which needs nobody."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import gdproto

from .conftest import ROOT, Quiet

# What a page weighs, but for what the search reads beside it.
MOST_BYTES = 1_000_000
SEARCH = "search_index.json"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Its address, with a slash."""
    handler = functools.partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.parametrize("path", ["", "playground/", "spec/04-values/", "api/dirty_runtime/"])
def test_a_page_is_light_and_asks_nobody_else(page: Page, site: str, path: str) -> None:
    asked: dict[str, int] = {}

    def note(url: str, size: int) -> None:
        asked[url] = size

    page.on("requestfinished", lambda one: note(one.url, one.sizes()["responseBodySize"]))
    page.on("requestfailed", lambda one: note(one.url, 0))
    page.goto(site + path, wait_until="networkidle")
    assert all(url.startswith(site) for url in asked)
    assert 0 < sum(size for url, size in asked.items() if SEARCH not in url) < MOST_BYTES


def made(target: str, where: Path) -> None:
    """`make` the target there, with the packages of this Python."""
    words = ["make", "--old-file", ".venv/installed", "PYTHON=" + sys.executable, target]
    subprocess.run(words, cwd=where, check=True, capture_output=True, text=True, timeout=500)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as it is committed, apart from this one."""
    folder = tmp_path_factory.mktemp("copy") / "project"
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True, timeout=100)
    for key, said in (("user.name", "a test"), ("user.email", "test@localhost")):
        subprocess.run(["git", "config", key, said], cwd=folder, check=True)
    os.symlink(Path(sys.executable).parents[1], folder / ".venv")
    for built in (*ROOT.glob("gdproto/_codec*.so"), *ROOT.glob("dirty_runtime/sockets/_*.so")):
        shutil.copy(built, folder / built.relative_to(ROOT))
    if (judged := ROOT / "build" / "judged").is_dir():
        shutil.copytree(judged, folder / "build" / "judged")
    return folder


@pytest.mark.timeout(600)
def test_the_sites_of_versions_stand_beside_each_other(page: Page, copy: Path) -> None:
    made("docs-version", copy)
    words = ["git", "worktree", "add", "--quiet", copy.parent / "pages", "gh-pages"]
    subprocess.run(words, cwd=copy, check=True)
    with served(copy.parent / "pages") as address:
        page.goto(address)
        page.wait_for_url(f"{address}latest/")
        expect(page.locator(".md-version__current")).to_contain_text(gdproto.__version__)
        page.goto(f"{address}{gdproto.__version__}/api/settings/")
        expect(page.locator("h1")).to_contain_text("Settings")


@pytest.mark.timeout(600)
def test_the_archive_needs_no_network(page: Page, copy: Path, tmp_path: Path) -> None:
    made("docs-archive", copy)
    shutil.unpack_archive(copy / "dist" / "gdproto-docs.zip", tmp_path)
    with served(tmp_path) as address:
        page.route(
            "**/*",
            lambda one: one.continue_() if one.request.url.startswith(address) else one.abort(),
        )
        page.goto(address)
        expect(page.locator("svg.flow")).to_be_visible()
        page.click(".md-search__input")
        page.keyboard.type("invalid_bool")
        found = page.locator(f".md-search-result__link[href^='{address}api/errors/']")
        expect(found.first).to_be_attached()
        page.goto(f"{address}playground/")
        page.wait_for_selector("#workbench[data-ready]")
