"""The page beside `geopandas.explore` (folium) on the same areas in the same run: file, first map, recolouring.

    python benchmarks/page.py RELEASE... [--repeats 5]      # writes results/page.md and results/page.json

Both open from file:// in Chromium without network. A page of folium needs Leaflet and more from a network: here Leaflet
comes from its npm package (fetched beforehand, not measured), and its other files, which only decorate, are empty.
"First map" is from the start of navigation until the frame in which all areas are drawn has been painted; "recolour"
from the choice of another theme until its frame has been painted (six in a row, the median).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from harness import machine

HERE = Path(__file__).resolve().parent
LEAFLET = "leaflet@1.9.4"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip
# a task after the next frame: by then it has been painted
FRAMES = "const frames = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));"
OURS_FIRST = f"""async () => {{ {FRAMES}
  while (!document.documentElement.dataset.ready) await new Promise((done) => setTimeout(done, 4));
  await frames(); return performance.now(); }}"""
OURS_RECOLOUR = f"""async () => {{ {FRAMES}
  const choice = document.getElementById("theme"), times = [];
  for (let at = 0; at < 6; at += 1) {{
    choice.selectedIndex = (choice.selectedIndex + 1) % choice.options.length;
    const start = performance.now();
    choice.dispatchEvent(new Event("change"));
    await frames();
    times.push(performance.now() - start);
  }}
  return times.sort((a, b) => a - b)[3]; }}"""
PEER_FIRST = f"""async () => {{ {FRAMES}
  const find = () => window[Object.keys(window).find((key) => /^geo_json_[0-9a-f]+$/.test(key))];
  while (!find() || find().getLayers().length < AREAS) await new Promise((done) => setTimeout(done, 4));
  await frames(); return performance.now(); }}"""
PEER_RECOLOUR = f"""async () => {{ {FRAMES}
  const name = Object.keys(window).find((key) => /^geo_json_[0-9a-f]+$/.test(key)), times = [];
  for (let at = 0; at < 6; at += 1) {{
    const start = performance.now();
    window[name].setStyle((one) => ({{ fillColor: `hsl(${{(Number(one.id) * 37 + at * 50) % 360}} 60% 60%)` }}));
    await frames();
    times.push(performance.now() - start);
  }}
  return times.sort((a, b) => a - b)[3]; }}"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("releases", nargs="+")
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        records = measure(asked.releases, Path(folder), asked.repeats)
    (HERE / "results").mkdir(exist_ok=True)
    (HERE / "results" / "page.json").write_text(json.dumps({"machine": machine(), "records": records}, indent=1) + "\n")
    (HERE / "results" / "page.md").write_text(table(records, len(asked.releases)))
    print(table(records, len(asked.releases)))


def measure(paths: list[str], folder: Path, repeats: int) -> list[dict[str, Any]]:
    """Make each page, then open them in turn: A B C A B C ..."""
    made = [
        make("regso_cluster, all years", lambda out: ours(paths, out), folder, (OURS_FIRST, OURS_RECOLOUR)),
        make(
            "geopandas.explore, one year (SVG)",
            lambda out: peer(paths[-1], out, canvas=False),
            folder,
            (PEER_FIRST, PEER_RECOLOUR),
        ),
        make(
            "geopandas.explore, one year (canvas)",
            lambda out: peer(paths[-1], out, canvas=True),
            folder,
            (PEER_FIRST, PEER_RECOLOUR),
        ),
    ]
    leaflet = fetch_leaflet(folder)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        for _ in range(repeats):
            for record in made:
                profile = tempfile.mkdtemp(dir=folder)
                browser = playwright.chromium.launch_persistent_context(
                    profile, executable_path=shutil.which("chromium"), args=list(FLAGS), chromium_sandbox=False,
                    viewport={"width": 1440, "height": 900},
                )  # fmt: skip
                browser.route(
                    "http*://**/*",
                    lambda route: route.fulfill(body=leaflet if route.request.url.endswith("leaflet.js") else ""),
                )
                page = browser.new_page()
                page.goto(Path(record["file"]).as_uri(), wait_until="commit")
                page.wait_for_load_state("domcontentloaded")
                record["first"].append(page.evaluate(record["scripts"][0]))
                record["recolour"].append(page.evaluate(record["scripts"][1]))
                browser.close()
    return [
        {"name": one["name"], "megabytes": one["bytes"] / 1e6, "build_seconds": one["seconds"], "repeats": repeats,
         "first_map_ms": median(one["first"]), "recolour_ms": median(one["recolour"]), "network": one["network"]}
        for one in made
    ]  # fmt: skip


def make(name: str, write: Callable[[Path], int], folder: Path, scripts: tuple[str, str]) -> dict[str, Any]:
    out = folder / f"{len(list(folder.iterdir()))}.html"
    started = time.perf_counter()
    areas = write(out)
    seconds = time.perf_counter() - started
    text = out.read_text("utf-8")
    return {
        "name": name, "file": str(out), "bytes": out.stat().st_size, "seconds": seconds, "first": [], "recolour": [],
        "scripts": [one.replace("AREAS", str(areas)) for one in scripts],
        "network": sum(text.count(mark) for mark in ('src="http', 'href="http')),
    }  # fmt: skip


def ours(paths: list[str], out: Path) -> int:
    from regso_cluster.page import write_page
    from regso_cluster.release.model import read_release
    from regso_cluster.years.compare import compare

    releases = sorted((read_release(path) for path in paths), key=lambda one: one.year)
    write_page(releases, out, [compare(old, new) for old, new in pairwise(releases)])
    return len(releases[-1].areas)


def peer(path: str, out: Path, *, canvas: bool) -> int:
    from regso_cluster.areas.shapes import load_shapes
    from regso_cluster.release.model import read_release

    areas = read_release(path).areas
    layer = (
        load_shapes()
        .set_index("regso")[["geometry"]]
        .join(areas[["name", "kommun_name", "population", "composite_group"]])
    )
    layer["composite_group"] = layer["composite_group"].astype(float)
    drawn = layer.explore("composite_group", tiles=None, tooltip=["name", "kommun_name"], prefer_canvas=canvas)
    drawn.save(str(out))
    return len(layer)


def fetch_leaflet(folder: Path) -> str:
    where = folder / "npm"
    where.mkdir()
    subprocess.run(
        ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", LEAFLET],
        cwd=where,
        check=True,
        capture_output=True,
    )
    return (where / "node_modules" / "leaflet" / "dist" / "leaflet.js").read_text("utf-8")


def table(records: list[dict[str, Any]], years: int) -> str:
    about = {**machine(), "load": os.getloadavg()[0]}  # of a machine that may have other work
    lines = [
        "# The page beside geopandas.explore",
        "",
        f"3,363 areas, outlines as shipped; {years} years on our page, one on the peer's. SYNTHETIC data. Chromium, "
        f"{about['processors']} processors ({about['processor']}), medians of {records[0]['repeats']} runs in turn, "
        f"load average {about['load']:.0f}.",
        "",
        "| page | file, MB | files from a network | to build, s | first map, ms | recolour, ms |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {one['name']} | {one['megabytes']:.1f} | {one['network']} | {one['build_seconds']:.1f} "
        f"| {one['first_map_ms']:.0f} | {one['recolour_ms']:.0f} |"
        for one in records
    ]
    return "\n".join(
        [*lines, "", "Ours with reasons for every move between years; the peer shows one column of one year.", ""]
    )


if __name__ == "__main__":
    main()
