"""One browser and one page of two years for all tests of this folder.

REGSO_PAGE_TESTS=required (set in CI) turns a missing browser or library into a failure.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlencode

import pandas as pd
import pytest

from regso_cluster.areas.editions import code_set
from regso_cluster.classification.classify import classify
from regso_cluster.example.country import write_example
from regso_cluster.factors.tables import read_factors
from regso_cluster.method import Text, load_method, parse_method
from regso_cluster.page import build_page
from regso_cluster.page.libraries import FOLDER
from regso_cluster.release.model import Release
from regso_cluster.release.write import write_release
from regso_cluster.years.compare import Comparison, compare
from tests.tables import METHOD, rows, write

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip


def need(found: object, what: str) -> None:
    """Skip, or in CI fail, where something is not on this machine."""
    if found:
        return
    if os.environ.get("REGSO_PAGE_TESTS") == "required":
        pytest.fail(f"REGSO_PAGE_TESTS=required, and there is no {what}")
    pytest.skip(f"no {what} on this machine")


@pytest.fixture(scope="session")
def libraries():
    need((FOLDER / "libraries.json").is_file(), "library of the page: run `make page-libraries`")


@pytest.fixture(scope="session")
def two_years(example_release, tmp_path_factory) -> tuple[Release, Release]:
    """The synthetic country of 2023 and 2024, the later made against the earlier."""
    folder = tmp_path_factory.mktemp("years")
    write_example(folder, range(2023, 2024))
    method = load_method("utanforskap")
    table = read_factors(folder / "factors-2023.csv", method, year=2023)
    return (
        write_release(classify(table, method, year=2023), folder / "2023"),
        write_release(example_release.classification, folder / "2024"),
    )


@pytest.fixture(scope="session")
def compared(two_years) -> Comparison:
    return compare(*two_years)


@pytest.fixture(scope="session")
def page_file(two_years, compared, libraries, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("page") / "page.html"
    out.write_text(build_page(two_years, [compared]), "utf-8")
    return out


@pytest.fixture(scope="session")
def context(tmp_path_factory, libraries):
    """A browser without network: what is asked of it is noted, and refused."""
    playwright = (
        pytest.importorskip("playwright.sync_api") if os.environ.get("REGSO_PAGE_TESTS") != "required" else None
    )
    if playwright is None:
        from playwright import sync_api as playwright
    chromium = shutil.which("chromium")
    need(chromium, "chromium")
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"), executable_path=chromium, args=list(FLAGS), chromium_sandbox=False,
            viewport={"width": 1280, "height": 900}, accept_downloads=True, offline=True,
        )  # fmt: skip
        yield opened
        opened.close()


@dataclass
class Sight:
    """An open page, and what it said and asked for."""

    page: object
    file: Path
    wrong: list[str] = field(default_factory=list)

    def load(self, **link: str) -> None:
        """Open the page anew at a link."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.file.as_uri()}#{urlencode(link)}")
        self.page.wait_for_selector("html[data-ready=all]", state="attached")

    def go(self, **link: str) -> None:
        """Follow a link inside the open page; what is not named falls back to what is shown first."""
        self.page.evaluate("link => { location.hash = link; }", urlencode({"lang": "sv", **link}))
        self.page.wait_for_timeout(40)
        self.run("() => window.scrollTo(0, 0)")

    def until(self, script: str) -> None:
        """Wait until a script says true; Playwright's own waiting would need eval, which the page forbids."""
        for _ in range(80):
            if self.run(script):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"not within four seconds: {script}")

    def text(self, selector: str) -> str:
        """What a reader sees; where a long word may break is no letter of it."""
        return " ".join(self.page.inner_text(selector).replace("\u00ad", "").split())

    def run(self, script: str, argument: object = None) -> object:
        return self.page.evaluate(script, argument)

    def pixel(self, x: float, y: float) -> str:
        """The colour of the map at a point of the canvas, in CSS pixels."""
        found = self.run(
            """([x, y]) => {
              const canvas = document.getElementById("map-canvas"), ratio = canvas.ratio;
              return [...canvas.getContext("2d").getImageData(Math.round(x * ratio), Math.round(y * ratio), 1, 1).data];
            }""",
            [x, y],
        )
        return "#" + "".join(f"{part:02x}" for part in found[:3])


def watch(context, file: Path) -> Sight:
    sight = Sight(context.new_page(), file)
    page = sight.page
    page.on("pageerror", lambda error: sight.wrong.append(f"error: {error}"))
    page.on("console", lambda message: message.type == "error" and sight.wrong.append(f"console: {message.text}"))
    page.on("request", lambda one: one.url.startswith(("http", "ws")) and sight.wrong.append(f"asked for {one.url}"))
    return sight


@pytest.fixture(scope="session")
def _shared(context, page_file):
    sight = watch(context, page_file)
    sight.load(lang="sv")
    return sight


@pytest.fixture
def sight(_shared):
    """The page as it opens, in Swedish, 1280 pixels wide; nothing may go wrong behind a test."""
    _shared.page.set_viewport_size({"width": 1280, "height": 900})
    _shared.page.emulate_media(media="screen")
    _shared.go()
    _shared.run("() => module_map.showCountry()")
    yield _shared
    assert not _shared.wrong


def page_of(frame, method, folder):
    """The page of a table of RegSO, and its release."""
    table = read_factors(write(frame, folder / "t.csv"), method, year=2024, edition=2025)
    release = write_release(classify(table, method, year=2024), folder / "r")
    out = folder / "page.html"
    out.write_text(build_page([release]), "utf-8")
    return out, release


@pytest.fixture(scope="session")
def own_areas_page(libraries, tmp_path_factory) -> Path:
    """A page of six areas that are no RegSO: no outlines, no kommun, no residents, one year, not synthetic."""
    folder = tmp_path_factory.mktemp("own")
    text = METHOD.replace('coverage = "partial"\npopulation = "population"', 'areas = "own"\ncode = "regso"')
    method = parse_method(text, "own.toml")
    frame = rows().assign(regso=[f"X{number}" for number in range(6)])
    table = read_factors(write(frame, folder / "t.csv"), method, year=2024)
    out = folder / "own.html"
    out.write_text(build_page([write_release(classify(table, method, year=2024), folder / "r")]), "utf-8")
    return out


@pytest.fixture(scope="session")
def kommun_factor_page(libraries, tmp_path_factory) -> Path:
    """A page of two kommuner with one factor measured for all of each, and one given without counts."""
    folder = tmp_path_factory.mktemp("kommun")
    method = parse_method(METHOD.replace('key = "poor"', 'key = "poor"\nlevel = "kommun"'), "kommun.toml")
    codes = [f"{kommun}R00{number}" for kommun in ("0114", "0115") for number in (1, 2, 3)]
    frame = rows().assign(regso=codes, poor_n=["10"] * 3 + ["30"] * 3, poor_d="100")
    table = read_factors(write(frame, folder / "t.csv"), method, year=2024)
    out = folder / "kommun.html"
    out.write_text(build_page([write_release(classify(table, method, year=2024), folder / "r")]), "utf-8")
    return out


@pytest.fixture(scope="session")
def rate_page(libraries, tmp_path_factory):
    """A page of a factor of which the rate is published, and of how many; the other has neither; and its release."""
    folder = tmp_path_factory.mktemp("rate")
    text = METHOD.replace('numerator = "poor_n"', 'value = "poor_pct"').replace(
        "[problems]", "[certainty]\ndraws = 50\n\n[problems]"
    )
    method = parse_method(text, "rate.toml")
    frame = rows().drop(columns="poor_n").assign(poor_pct=["10", "10", "10", "10", "10", "40"])
    return page_of(frame, method, folder)


@pytest.fixture(scope="session")
def unobserved_factor_page(libraries, tmp_path_factory) -> Path:
    """A page of six areas with a factor, poverty, that is suppressed in all of them."""
    folder = tmp_path_factory.mktemp("unobserved")
    text = METHOD.replace("limit = { sd = 1.0 }", 'limit = { above = 15.0, unit = "per cent" }')
    method = parse_method(text[: text.index("[index]")], "unobserved.toml")
    table = read_factors(write(rows().assign(poor_n="..", poor_d=".."), folder / "t.csv"), method, year=2024)
    out = folder / "unobserved.html"
    out.write_text(build_page([write_release(classify(table, method, year=2024), folder / "r")]), "utf-8")
    return out


@pytest.fixture(scope="session")
def long_names_page(libraries, tmp_path_factory) -> Path:
    """Six areas of their own whose names, and the factor's, have 300 letters and no space."""
    folder, long = tmp_path_factory.mktemp("long"), "Å" * 300
    text = METHOD.replace(
        'coverage = "partial"\npopulation = "population"', 'areas = "own"\ncode = "regso"\nname = "name"'
    )
    text = (
        text.replace('"Fattigdom"', f'"{long}"').replace('"Två faktorer"', f'"{long}"').replace('"Båda"', f'"{long}"')
    )
    frame = rows().assign(regso=[f"X{number}" for number in range(6)], name=long)
    method = parse_method(text, "long.toml")
    out = folder / "long.html"
    table = read_factors(write(frame, folder / "t.csv"), method, year=2024)
    out.write_text(build_page([write_release(classify(table, method, year=2024), folder / "r")]), "utf-8")
    return out


@pytest.fixture(scope="session")
def shrunk_page(libraries, tmp_path_factory):
    """A page of one kommun whose rates are drawn towards it: 0 of 3 is beyond the limit on borrowed strength alone."""
    folder = tmp_path_factory.mktemp("shrunk")
    codes = [code for code in code_set(2025) if code.startswith(("0114", "0115"))]
    high = [code.startswith("0114") for code in codes]
    people = [str(1000 + 300 * number) for number in range(len(codes))]
    frame = pd.DataFrame({"regso": codes, "population": people, "poor_d": "400"})
    frame["voted_pct"] = [str(80 + number % 5) for number in range(len(codes))]
    frame["poor_n"] = [str((240 if is_high else 20) + number) for number, is_high in enumerate(high)]
    frame.loc[0, ["poor_n", "poor_d"]] = ["0", "3"]
    limit = METHOD.replace("limit = { sd = 1.0 }", 'limit = { above = 15.0, unit = "per cent" }')
    limit = limit.replace("[problems]", '[shrinkage]\ntowards = "kommun"\n\n[certainty]\ndraws = 200\n\n[problems]')
    method = parse_method(limit, "shrunk.toml")
    return page_of(frame, method, folder)


@pytest.fixture(scope="session")
def two_editions_page(two_years, libraries, tmp_path_factory):
    """A page of 2023 in RegSO 2020 and 2024 in RegSO 2025, as real years are, and the later release."""
    folder = tmp_path_factory.mktemp("editions")
    write_example(folder, range(2023, 2024))
    text = (folder / "factors-2023.csv").read_text("utf-8").replace("2523R011", "2584R001")
    (folder / "old.csv").write_text(text, "utf-8")
    later = two_years[1]
    table = read_factors(folder / "old.csv", later.method, year=2023, edition=2020)
    method = load_method("utanforskap")
    earlier = write_release(classify(table, method, year=2023), folder / "2023")
    out = folder / "editions.html"
    out.write_text(build_page([earlier, later]), "utf-8")
    return out, later


@pytest.fixture(scope="session")
def hostile_page(example_release, libraries, tmp_path_factory):
    """A page whose table and method carry names that are no names."""
    names = {
        "area": '</script><script>window.intruder=3</script><img src=x onerror="window.intruder=4">\u202eäsnatslloB',
        "kommun": "\u202e{{ 7*7 }} <!-- \"'` & {place}",
        "factor": "<b onclick='window.intruder=5'>Brott</b>\u2028</style>",
        "source": "SCB \u202e</script><script>window.intruder=7</script>'\"&amp;",
        "note": "fetched \u202e2024</li><script>window.intruder=8</script> from ]]> \"'`",
        "input": "\u202e<img src=x onerror='window.intruder=9'>.csv",
        "title": "]]></title><script>window.intruder=6</script>",
    }
    done = example_release.classification
    areas = done.areas.copy()
    first = areas["kommun"] == "0114"
    areas.loc["0114R001", "name"] = names["area"]
    areas["kommun_name"] = areas["kommun_name"].astype(object).mask(first, names["kommun"])
    first = replace(done.method.factors[0], name=Text(names["factor"], names["factor"]), source=names["source"])
    factors = (first, *done.method.factors[1:])
    method = replace(done.method, source=names["source"], factors=factors, title=Text(names["title"], names["title"]))
    method = replace(method, measured=replace(method.measured, choices_sha256=method.identity))
    folder = tmp_path_factory.mktemp("hostile")
    release = write_release(replace(done, areas=areas, method=method), folder / "r")
    release.manifest["notes"].append(names["note"])
    release.manifest["inputs"].append({"name": names["input"], "sha256": names["input"]})
    out = folder / "hostile.html"
    out.write_text(build_page([release]), "utf-8")
    return out, names
