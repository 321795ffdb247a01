"""Pictures of the built site, for people to look at.

    python -m tests.browser.shots SITE OUT

Ten pages, light and dark, on a desktop and on a phone: `OUT/PAGE.SCHEME.DEVICE.png`.
"""

from __future__ import annotations

import functools
import shutil
import sys
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import sync_playwright

from .conftest import Quiet

PAGES = {
    "home": "",
    "tutorial": "start/tutorial/",
    "guide": "guides/call/",
    "chapter": "spec/04-values/",
    "playground": "playground/?vector=containers/dict-path-quoted",
    "vectors": "vectors/",
    "area": "vectors/containers/",
    "errors": "api/errors/",
    "settings": "api/settings/",
    "performance": "performance/",
}
DEVICES = {"desktop": (1440, 900), "phone": (360, 740)}


def shoot(site: str, folder: Path) -> None:
    """Write the pictures."""
    with sync_playwright() as playwright:
        path = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for device, (width, height) in DEVICES.items():
            for scheme in ("light", "dark"):
                context = browser.new_context(
                    viewport={"width": width, "height": height}, color_scheme=scheme
                )
                page = context.new_page()
                for name, place in PAGES.items():
                    page.goto(site + place, wait_until="networkidle")
                    page.screenshot(path=folder / f"{name}.{scheme}.{device}.png")
                context.close()
        browser.close()


def main(site: str, out: str) -> None:
    """Serve the folder `site` while it is looked at."""
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    handler = functools.partial(Quiet, directory=site)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        shoot(f"http://127.0.0.1:{server.server_port}/", folder)
        server.shutdown()
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}")


if __name__ == "__main__":
    main(*sys.argv[1:])
