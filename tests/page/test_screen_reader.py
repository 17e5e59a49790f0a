"""What a screen reader finds: Chromium's accessibility tree of every view, in both languages."""

from __future__ import annotations

from itertools import pairwise

import pytest

from regso_cluster.words.texts import WORDS

pytestmark = pytest.mark.thorough

AREA = "0180R050"
LINKS = {
    "map": {},
    "card": {"area": AREA},
    "table": {"view": "table"},
    "groups": {"view": "groups", "a": "cluster:1", "b": "kommun:1280"},
    "change": {"view": "change"},
    "clusters": {"view": "change", "grouping": "cluster"},
    "method": {"view": "method"},
}
CONTROLS = {
    "button", "link", "combobox", "textbox", "searchbox", "slider", "listbox", "checkbox", "application", "image",
    "region", "navigation", "table", "DisclosureTriangle",
}  # fmt: skip
every_view = pytest.mark.parametrize("link", LINKS.values(), ids=LINKS.keys())
both = pytest.mark.parametrize("language", ["sv", "en"])


def tree_of(sight):
    """The nodes that are read: (role, name, properties), in the order of the page."""
    session = sight.page.context.new_cdp_session(sight.page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    return [
        (
            node["role"]["value"],
            node.get("name", {}).get("value", "").strip(),
            {one["name"]: one["value"].get("value") for one in node.get("properties", [])},
        )
        for node in nodes
        if not node["ignored"]
    ]


@both
@every_view
def test_every_control_landmark_table_and_picture_has_a_name(sight, link, language):
    sight.go(lang=language, **link)
    sight.run("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    found = [(role, name) for role, name, _ in tree_of(sight) if role in CONTROLS]
    assert len(found) > 8
    assert not [role for role, name in found if not name]
    roles = [role for role, _, _ in tree_of(sight)]
    assert roles.count("banner") == roles.count("main") == roles.count("navigation") == 1


@both
@every_view
def test_headings_come_in_order(sight, link, language):
    """One title; no level is left out on the way down."""
    sight.go(lang=language, **link)
    sight.run("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    levels = [known["level"] for role, _, known in tree_of(sight) if role == "heading"]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert 2 in levels
    assert all(after <= before + 1 for before, after in pairwise(levels)), levels


@both
def test_the_map_says_what_it_shows_and_where_to_read_it(sight, language):
    sight.go(lang=language, by="cluster", year="2023")
    name = next(name for role, name, _ in tree_of(sight) if role == "application")
    assert name == WORDS["map_label"][language].format(what=WORDS["grouping_cluster"][language], year="2023")
    assert sight.page.get_attribute("#map-frame", "aria-describedby") == "map-help"
    assert sight.text("#map-help") == WORDS["map_help"][language]
    sight.page.focus("#as-table")
    sight.page.keyboard.press("Enter")
    assert sight.page.is_visible("#view-table")
    assert WORDS["grouping_cluster"][language] in sight.text("#table-place thead")


@both
def test_a_change_of_year_or_theme_is_announced(sight, language):
    sight.go(lang=language)
    sight.page.focus("#year")
    sight.page.keyboard.press("ArrowLeft")
    assert sight.text("#announcer") == f"{WORDS['grouping_composite_group'][language]}, 2023"
    assert sight.page.get_attribute("#year", "aria-valuetext") == "2023"
    sight.page.select_option("#theme", "index")
    assert sight.text("#announcer") == f"{WORDS['index'][language]}, 2023"
    sight.go(lang=language, view="method")
    sight.page.focus("#year")
    sight.page.keyboard.press("ArrowLeft")
    assert sight.text("#announcer") == f"{WORDS['year'][language]} 2023"
    live = [known.get("live") for role, _, known in tree_of(sight) if role == "status"]
    assert "polite" in live


def test_what_has_no_swedish_form_is_marked_as_english(sight):
    sight.go(view="method")
    sight.run("() => { module_data.yearOf(2024).notes.push({ sv: null, en: 'a new note' }); }")
    sight.go(view="map")
    sight.go(view="method")
    marked = "() => [...document.querySelectorAll('#method-place [lang=en]')].map((one) => one.textContent)"
    assert "a new note" in sight.run(marked)
    others = [text for text in sight.run(marked) if text != "a new note" and "Copyright" not in text]
    assert not others  # every note and source of the synthetic country has a Swedish form
    sight.run("() => { module_data.yearOf(2024).notes.pop(); }")


def test_the_limits_follow_the_chosen_year(sight):
    sight.go(view="method", year="2023")
    assert "2023: en faktor är bortom gränsen" in sight.text("#method-place")
    sight.run("() => { module_data.yearOf(2024).frozen = 2023; }")
    sight.go(view="method", year="2024")
    assert "2024: gränserna är frusna på 2023 års nivå" in sight.text("#method-place")
    sight.go(view="method", year="2023")
    assert "frusna" not in sight.text("#method-place")
    sight.run("() => { module_data.yearOf(2024).frozen = null; }")


def test_clusters_are_no_scale(sight):
    """Nothing on the view of clusters speaks of a mildest group; the largest group stands in the background."""
    sight.go(view="change", grouping="cluster", lang="en")
    largest = sight.run("() => d3.greatest(module_data.yearOf(2024).groups.cluster, (one) => one.areas).name.en")
    assert f"in the group {largest} in every year" in sight.text("#change-place")
    sight.run("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    shown = sight.text("#change-place")
    assert "Areas in other groups than" not in shown
    assert WORDS["by_lan_changed"]["en"] in shown


@both
def test_the_table_fits_an_ordinary_screen(sight, language):
    sight.go(view="table", lang=language)
    wide = sight.run(
        "() => { const place = document.getElementById('table-place'); return [place.scrollWidth, place.clientWidth]; }"
    )
    assert wide[0] <= wide[1]


def test_the_card_comes_into_sight_on_a_phone(sight):
    """A tap on the map opens a card that stands below it."""
    sight.page.set_viewport_size({"width": 320, "height": 640})
    sight.go(area="1280R020")
    sight.page.click("#card .tools button")  # show on the map
    sight.go()
    sight.run("() => document.getElementById('map-frame').scrollIntoView({ block: 'center' })")
    frame = sight.page.locator("#map-frame").bounding_box()
    sight.page.mouse.click(frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2)
    assert sight.page.is_visible("#card")
    assert sight.run("() => document.getElementById('card').getBoundingClientRect().top") < 640


def test_a_window_of_another_size_keeps_the_place(sight):
    """Turning a phone, or larger letters: what was in the middle of the map is there still."""
    sight.load(lang="sv", area="1280R020")
    middle = """() => { const v = module_map.viewNow(), frame = document.getElementById("map-canvas").getBoundingClientRect();
                        return [(frame.width / 2 - v.x) / v.k, (v.y - frame.height / 2) / v.k, v.k]; }"""
    before = sight.run(middle)
    sight.page.set_viewport_size({"width": 700, "height": 600})
    sight.page.wait_for_timeout(300)
    after = sight.run(middle)
    assert after == pytest.approx(before, rel=1e-4)
