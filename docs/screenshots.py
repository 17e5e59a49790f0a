"""Take screenshots of every view of a page, at three widths and in both languages, into a folder that git ignores.

python docs/screenshots.py areas.html [FOLDER]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip
WIDTHS = {"phone": (320, 640), "tablet": (800, 1000), "desk": (1440, 900)}
AREA, OTHER = "0180R001", "1480R001"
VIEWS = {
    "map": "view=map",
    "factor": "view=map&by={factor}_value",
    "card": f"view=map&area={AREA}",
    "table": "view=table",
    "values": "view=table&columns=values&lan=12",
    "groups": "view=groups&a={grouping}:1&b=kommun:1480",
    "kommuner": "view=groups&a=kommun:1280&b=kommun:0180",
    "change": "view=change",
    "method": "view=method",
}


def main(page_file: str, folder: str = "screenshots") -> None:
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        browser = playwright.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, args=list(FLAGS), chromium_sandbox=False
        )
        page = browser.new_page()
        for name, (width, height) in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": height})
            for language in ("sv", "en"):
                take(page, Path(page_file).resolve(), out, name, language)
        browser.close()


def take(page: Page, file: Path, out: Path, name: str, language: str) -> None:
    page.goto(f"{file.as_uri()}#lang={language}")
    page.wait_for_selector("html[data-ready=all]")
    factor = page.locator("#theme option[value$=_value]").first.get_attribute("value") or "_value"
    grouping = page.locator("#theme option").first.get_attribute("value")
    for view, link in VIEWS.items():
        hash_ = link.format(factor=factor.removesuffix("_value"), grouping=grouping)
        page.goto("about:blank")
        page.goto(f"{file.as_uri()}#lang={language}&{hash_}")
        page.wait_for_selector("html[data-ready=all]")
        page.wait_for_timeout(150)
        page.screenshot(path=out / f"{view}-{name}-{language}.png", full_page=view != "table")


if __name__ == "__main__":
    main(*sys.argv[1:])
