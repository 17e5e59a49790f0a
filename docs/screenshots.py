"""Take pictures of every view of a page, in both languages and at three widths, into a folder that git ignores.

    python docs/screenshots.py areas.html [FOLDER] [VIEW ...]

At the least width also at 200 % zoom; what is printed as PDF and, where poppler's `pdftoppm` is, as PNG.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip
# name: width, height and size of the letters; "zoom" is what a window of 1280 by 900 shows at 200 %
WIDTHS = {
    "phone": (320, 640, "100%"),
    "tablet": (800, 1000, "100%"),
    "desk": (1440, 900, "100%"),
    "zoom": (640, 450, "100%"),
    "letters": (1280, 900, "200%"),
}
FEW = ("zoom", "letters")  # of these only the views in `BASIC`
AREA = "0180R001"
VIEWS = {
    "map": "view=map",
    "earlier": "view=map&year={first}&by=cluster",
    "factor": "view=map&by={factor}_value",
    "problem": "view=map&by={factor}_problem",
    "card": f"view=map&area={AREA}",
    "moved": "view=map&area={moved}",
    "table": "view=table",
    "values": "view=table&columns=values&lan=12",
    "groups": "view=groups&a={grouping}:1&b={grouping}:2",
    "clusters": "view=groups&a=cluster:1&b=kommun:1480",
    "kommuner": "view=groups&a=kommun:1280&b=kommun:0180",
    "change": "view=change",
    "flows": "view=change&grouping=cluster",
    "method": "view=method",
    "method-earlier": "view=method&year={first}",
}
BASIC = ("map", "card", "table", "groups", "change", "method")
ONE_SCREEN = ("table",)
SHEETS = {"sheet-card": "#print-card", "sheet-kommun": "#print-kommun"}


def main(page_file: str, folder: str = "screenshots", *views: str) -> None:
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    asked = set(views) or {*VIEWS, *SHEETS}
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        browser = playwright.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, args=list(FLAGS), chromium_sandbox=False
        )
        page = browser.new_page()
        for language in ("sv", "en"):
            for name, (width, height, size) in WIDTHS.items():
                page.set_viewport_size({"width": width, "height": height})
                chosen = [view for view in VIEWS if view in asked and (name not in FEW or view in BASIC)]
                take(page, Path(page_file).resolve(), out, name, language, chosen, size)
            for sheet, button in SHEETS.items():
                if sheet in asked:
                    print_sheet(page, Path(page_file).resolve(), out / f"{sheet}-{language}", language, button)
        browser.close()


def open_at(page: Page, file: Path, link: str) -> None:
    page.goto("about:blank")
    page.goto(f"{file.as_uri()}#{link}")
    page.wait_for_selector("html[data-ready=all]", state="attached")


def take(page: Page, file: Path, out: Path, name: str, language: str, views: list[str], size: str) -> None:
    open_at(page, file, f"lang={language}")
    facts = page.evaluate(
        """() => { const all = module_data.all(), moves = all.moves.at(-1)?.moves ?? {};
             const move = Object.values(moves)[0]?.find((one) => one[4].length) ?? [0];
             return { first: String(all.years[0].year), factor: all.factors[0].key, grouping: module_data.groupings()[0] ?? "",
                      moved: all.areas.code[move[0]] }; }"""
    )
    for view in views:
        open_at(page, file, f"lang={language}&{VIEWS[view].format(**facts)}")
        page.evaluate("(size) => { document.documentElement.style.fontSize = size; }", size)
        page.wait_for_timeout(200)
        page.screenshot(path=out / f"{view}-{name}-{language}.png", full_page=view not in ONE_SCREEN)
        wide = page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
        if wide > 0:
            print(f"{view} {name} {language}: {wide} pixels too wide")


def print_sheet(page: Page, file: Path, out: Path, language: str, button: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    open_at(page, file, f"lang={language}&area={AREA}")
    page.evaluate("() => { window.print = () => {}; }")
    page.click(button)
    page.emulate_media(media="print")
    page.pdf(path=out.with_suffix(".pdf"), prefer_css_page_size=True)
    page.emulate_media(media="screen")
    if shutil.which("pdftoppm"):
        subprocess.run(["pdftoppm", "-png", "-r", "90", out.with_suffix(".pdf"), out], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
