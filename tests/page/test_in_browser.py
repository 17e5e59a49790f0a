"""The page in a real browser: Debian's Chromium, from file://, without network."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import re

import numpy as np
import pandas as pd
import pytest

from regso_cluster.areas.shapes import load_shapes
from regso_cluster.files.textfiles import guard
from regso_cluster.maps.colours import ordered_colours
from regso_cluster.page.bundle import pack
from regso_cluster.page.flips import flip_columns
from regso_cluster.page.views import read_views
from regso_cluster.words.texts import WORDS, show_number
from tests.page.conftest import watch

pytestmark = pytest.mark.thorough

VIEWS = tuple(view.name for view in read_views())
AREA = "0180R050"
LARGE = ("2506R001", "2523R003", "2584R004")  # far from names on the map


@pytest.fixture
def year(two_years):
    return two_years[1]


def middle_of(code):
    point = load_shapes().set_index("regso").geometry[code].representative_point()
    return point.x, point.y


def on_screen(sight, code):
    """Where the representative point of an area stands on the canvas."""
    x, y = middle_of(code)
    return sight.run("([x, y]) => { const v = module_map.viewNow(); return [v.x + v.k * x, v.y - v.k * y]; }", [x, y])


def test_it_opens_from_a_file_without_network_and_draws_the_map(sight, year):
    sight.load(lang="sv")
    assert sight.run("navigator.onLine") is False
    assert sight.page.title().startswith("Områden med utanförskap")
    colours = dict(enumerate(ordered_colours(4), start=1))
    for code in LARGE:
        group = year.areas["composite_group"][code]
        assert sight.pixel(*on_screen(sight, code)) == colours[group], code


def test_every_way_to_colour_paints_the_class_that_the_legend_and_the_table_say(sight, year):
    """What the map says can be read in the table: the same counts of areas and residents, whatever is shown."""
    themes = sight.run("() => module_data.themes().map((theme) => theme.id)")
    assert len(themes) == 3 + 3 * len(year.method.keys)
    for theme in themes:
        sight.go(by=theme)
        legend = {
            row[0].replace("\u00ad", ""): row[1:]
            for row in sight.run(
                "() => [...document.querySelectorAll('#legend tbody tr')].map((r) => [...r.cells].map((c) => c.innerText))"
            )
        }
        areas = [int(re.sub(r"\D", "", counts[0])) for counts in legend.values()]
        residents = [int(re.sub(r"\D", "", counts[1])) for counts in legend.values()]
        assert sum(areas) == 3363, theme
        assert sum(residents) == year.areas["population"].sum(), theme
        if theme.endswith("_problem"):
            assert areas[0] == year.areas[theme].sum()
        if theme == "composite_group":
            assert areas[:4] == list(year.areas[theme].value_counts().sort_index())
        column = sight.run(
            """(id) => { const year = module_data.yearOf(2024), theme = module_data.themes().find((one) => one.id === id);
            const { classes, unknown, classOf } = module_data.classify(theme, year); const counts = {};
            classOf.forEach((at) => { const one = classes[at] ?? unknown; counts[one.label] = (counts[one.label] ?? 0) + 1; });
            return counts; }""",
            theme,
        )
        assert sum(column.values()) == 3363
        assert set(column) <= set(legend)


def test_number_classes_are_cut_as_the_values_say(sight, year):
    """Twelve areas of a factor where low is worse: the class of each holds its value."""
    key = "valdeltagande"
    cuts = sight.run("key => module_data.all().classes[key]", key)
    assert cuts == sorted(cuts)  # low is worse: the worst class has the lowest values
    classes = sight.run(
        """key => module_data.classify(module_data.themes().find((one) => one.id === `${key}_value`), module_data.yearOf(2024)).classOf""",
        key,
    )
    values = year.areas[f"{key}_value"].to_numpy()
    assert classes == [int(place) for place in np.searchsorted(cuts, values, side="left")]


def test_recolouring_happens_on_choice(sight, year):
    place = on_screen(sight, LARGE[0])
    drawn = int(sight.page.get_attribute("#map-canvas", "data-drawn"))
    sight.page.select_option("#theme", "index")
    assert int(sight.page.get_attribute("#map-canvas", "data-drawn")) > drawn
    number = sight.run(
        """(code) => module_data.classify({ kind: "index" }, module_data.yearOf(2024)).classOf[module_data.all().position.get(code)]""",
        LARGE[0],
    )
    assert sight.pixel(*place) == ordered_colours(6)[number]
    assert "by=index" in sight.page.url


@pytest.mark.parametrize(
    ("typed", "card"), [("0180r050", "0180R050"), ("bollstan", "0114R001"), ("Bollstanäs upplands", "0114R001")]
)
def test_search_by_code_and_name_with_the_keyboard_alone(sight, typed, card):
    sight.page.fill("#search", "")
    sight.page.keyboard.type(typed)
    assert sight.page.get_attribute("#search", "aria-expanded") == "true"
    sight.page.keyboard.press("ArrowDown")
    assert sight.page.get_attribute("#search", "aria-activedescendant") == "found-0"
    sight.page.keyboard.press("Enter")
    assert card in sight.text("#card")
    assert sight.run("() => document.activeElement.id") == "card-title"


def test_search_of_a_kommun_moves_the_map_there(sight):
    sight.page.fill("#search", "Malmö")
    sight.page.keyboard.press("Enter")
    left, top = on_screen(sight, "1280R010")
    frame = sight.page.locator("#map-frame").bounding_box()
    assert 0 < left < frame["width"]
    assert 0 < top < frame["height"]


def test_hover_names_and_click_opens_the_card(sight, year):
    sight.go(area="1280R020")
    sight.page.click("#card .tools button")  # show on the map
    left, top = on_screen(sight, "1280R020")
    sight.go()
    frame = sight.page.locator("#map-frame").bounding_box()
    sight.page.mouse.move(frame["x"] + left, frame["y"] + top)
    tip = sight.text("#tip")
    assert year.areas["name"]["1280R020"] in tip
    assert year.areas["composite_group_name"]["1280R020"] in tip
    sight.page.mouse.click(frame["x"] + left, frame["y"] + top)
    assert "1280R020" in sight.text("#card")
    assert "area=1280R020" in sight.page.url
    sight.page.click("#zoom-home")


def test_zoom_by_button_wheel_and_inset(sight):
    sight.page.click("#zoom-home")
    scale = "() => module_map.viewNow().k"
    whole = sight.run(scale)
    sight.page.click("#zoom-in")
    assert sight.run(scale) == pytest.approx(2 * whole)
    sight.page.click("#zoom-out")
    frame = sight.page.locator("#map-frame").bounding_box()
    sight.page.mouse.move(frame["x"] + 200, frame["y"] + 300)
    sight.page.mouse.wheel(0, -300)
    sight.until(f"() => module_map.viewNow().k > {1.2 * whole}")
    sight.page.click("#zoom-home")
    sight.page.locator(".inset").first.click()
    assert sight.run(scale) > 10 * whole
    sight.page.click("#zoom-home")
    assert sight.run(scale) == pytest.approx(whole)


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_card_says_each_factor_with_its_counts_limit_kommun_and_country(sight, year, language):
    sight.go(area=AREA, lang=language)
    card = sight.text("#card")
    table = year.table
    own = year.areas["kommun"] == "0180"
    for factor in year.method.factors:
        key = factor.key
        n, d = table.numerator[key][AREA], table.denominator[key][AREA]
        joining = ({"sv": "på", "en": "to"} if factor.unit == "per 1000" else {"sv": "av", "en": "of"})[language]
        counts = [show_number(part, language, 0).replace("\u00a0", " ") for part in (n, d)]
        assert f"{counts[0]} {joining} {counts[1]}." in card
        assert show_number(year.method.measured.limits[key], language, 1) in card
        times = 1000 if factor.unit == "per 1000" else 100
        seen = table.numerator[key].notna()
        kommun = times * table.numerator[key][own & seen].sum() / table.denominator[key][own & seen].sum()
        country = times * table.numerator[key][seen].sum() / table.denominator[key][seen].sum()
        nation = {"sv": "Riket", "en": "Sweden"}[language]
        said = f"Stockholm: {show_number(kommun, language, 1)}. {nation}: {show_number(country, language, 1)}."
        assert said in card
    low, high = (show_number(year.areas[f"index_rank_{end}"][AREA], language, 0) for end in ("low", "high"))
    assert low.replace("\u00a0", " ") in card
    assert high.replace("\u00a0", " ") in card


def test_the_card_of_an_undecided_area_says_both_ends(sight, year):
    code = year.areas.index[year.areas["composite_group"].isna()][0]
    sight.go(area=code)
    card = sight.text("#card")
    assert "oavgjord" in card
    assert "sekretess" in card
    ends = year.areas.loc[code, ["composite_group_mildest", "composite_group_harshest"]]
    names = year.groups.query("grouping == 'composite_group'").set_index("group")["name_sv"]
    assert f"Om inget av det som inte observerats är ett problem: {names[ends.iloc[0]]}" in card
    assert f"Om allt är det: {names[ends.iloc[1]]}" in card


def test_the_first_flip_on_the_card_is_the_one_that_the_release_names(sight, year):
    """Over all areas: the factor and the persons that would change the composite group, where every factor was seen.

    Of other areas the page says a group only where it would be decided; the release counts what was not seen as no problem.
    """
    said = sight.run(
        """() => { const year = module_data.yearOf(2024);
             return module_data.everyArea().map((place) => module_sentences.flips(year, place)[0] ?? ""); }"""
    )
    names = {factor.key: factor for factor in year.method.factors}
    flips = year.areas[["n_observed", "composite_flip_factor", "composite_flip_persons"]]
    for sentence, (seen, key, persons) in zip(said, flips.itertuples(index=False), strict=True):
        if seen < len(names):
            continue
        if pd.isna(key):
            assert "gruppen vore:" not in sentence
        else:
            more = "fler" if persons > 0 else "färre"
            start = (
                f"{names[key].name.sv}: med {show_number(abs(persons), 'sv', 0)} {more} {names[key].counted.sv} (av "
            )
            assert sentence.startswith(start), sentence
            assert "Den sammanvägda gruppen vore: " in sentence


def test_the_most_alike_areas_are_those_of_an_independent_count(sight, year):
    columns = year.areas[[f"{key}_value" for key in year.method.keys]].astype(float)
    scaled = columns / columns.std(ddof=0)
    # the root mean square over the factors that both have
    distance = np.sqrt(((scaled - scaled.loc[AREA]) ** 2).mean(axis=1)).to_numpy()
    elsewhere = (year.areas["kommun"].reindex(scaled.index) != "0180").to_numpy(bool)
    order = np.argsort(np.where(elsewhere, distance, np.inf), kind="stable")[:5]
    found = sight.run(
        """(code) => module_data.mostAlike(module_data.yearOf(2024), module_data.all().position.get(code))
           .map((one) => [module_data.all().areas.code[one.place], one.distance])""",
        AREA,
    )
    assert [one[0] for one in found] == list(scaled.index[order])
    assert [one[1] for one in found] == pytest.approx(distance[order])


@pytest.mark.parametrize("language", ["sv", "en"])
def test_history_says_why_an_area_moved(sight, compared, year, language):
    """Each factor behind the move: what it was and became, its limit, and the persons that would have kept the area."""
    moved = compared.moves[compared.moves["grouping"] == "composite_group"].iloc[0]
    behind = compared.problems[compared.problems["area"] == moved["area"]]
    sight.go(area=moved["area"], lang=language)
    history = sight.text(".history")
    assert "2023" in history
    assert WORDS[f"cause_{moved['cause']}"][language] in history
    factors = {factor.key: factor for factor in year.method.factors}
    assert len(behind)
    for row in behind.itertuples():
        factor = factors[row.factor]
        old, new, limit = (
            show_number(value, language, 1).replace("\u00a0", " ")
            for value in (row.old_value, row.new_value, row.new_limit)
        )
        became = {"sv": "blev", "en": "became"}[language]
        assert f"{getattr(factor.name, language)}: {old} {became} {new}" in history
        earlier = show_number(row.old_limit, language, 1).replace("\u00a0", " ")
        is_so = {"sv": f"Gränsen är {limit}.", "en": f"The limit is {limit}."}
        was_so = {"sv": f"Gränsen var {earlier} och är {limit}.", "en": f"The limit was {earlier} and is {limit}."}
        assert (was_so if earlier != limit else is_so)[language] in history
        direction = WORDS["more" if row.persons > 0 else "fewer"][language]
        many = show_number(abs(row.persons), language, 0).replace("\u00a0", " ")
        assert f"{many} {direction} {getattr(factor.counted, language)} (" in history


@pytest.mark.parametrize("language", ["sv", "en"])
def test_a_move_between_clusters_says_the_factors_behind_it(sight, compared, year, language):
    """In the words of the card and of the list of moves alike, with the persons that `compare` has."""
    row = compared.clusters[compared.clusters["persons"].notna()].iloc[0]
    factor = next(one for one in year.method.factors if one.key == row["factor"])
    old, new = (show_number(row[name], language, 1).replace("\u00a0", " ") for name in ("old_value", "new_value"))
    many = show_number(abs(row["persons"]), language, 0).replace("\u00a0", " ")
    direction = WORDS["more" if row["persons"] > 0 else "fewer"][language]
    became = {"sv": "blev", "en": "became"}[language]
    kept = WORDS["reason_nearer"][language].split("{change}")[1]
    for place, link in (
        (".history", {"area": row["area"]}),
        ("#change-place", {"view": "change", "grouping": "cluster"}),
    ):
        sight.go(lang=language, **link)
        said = " ".join(sight.run("(place) => document.querySelector(place).textContent", place).split())
        assert f"{getattr(factor.name, language)}: {old} {became} {new}" in said
        assert f"{many} {direction} {getattr(factor.counted, language)} (" in said
        assert kept in said


def test_the_player_stops_where_its_button_is_not(sight):
    sight.page.click("#play")
    sight.page.click("nav [data-view=change]")
    assert sight.page.get_attribute("#play", "aria-pressed") == "false"


def test_focus_stays_where_it_was_put(sight):
    sight.go(view="table")
    sight.page.click("#leaves button:last-child")
    assert sight.run("() => document.activeElement === document.querySelector('#leaves button:last-child')")
    sight.page.click("#leaves button:first-child")  # back on the first leaf, where it cannot be pressed again
    assert sight.run("() => document.activeElement === document.querySelector('#leaves button:last-child')")
    sight.go(area=AREA)
    sight.page.click(".alike a")
    assert sight.run("() => document.activeElement.id") == "card-title"
    assert AREA not in sight.page.url
    sight.page.click("#card .close")
    assert sight.run("() => document.activeElement.id") == "search"


def test_a_list_that_is_put_away_is_not_read_out(sight):
    sight.page.fill("#search", "rinkeby")
    assert sight.text("#search-count")
    sight.page.keyboard.press("Escape")
    assert not sight.text("#search-count")


def test_a_published_rate_with_a_denominator_has_a_card_with_its_flip(context, rate_page):
    page, release = rate_page
    sight = watch(context, page)
    sight.load(lang="en", area="0114R001")
    # five have 10 per cent and one 40: mean 15, SD 11.2, a problem above 26.2: 27 of 100, 17 more
    assert release.areas.loc["0114R001", "poor_flip_persons"] == 17
    assert "17 more" in sight.text("#card section")
    assert "100" in sight.text("#card section")
    assert WORDS["flip_bare"]["en"].format(factors="turnout") in sight.text("#card section")
    assert not sight.wrong
    sight.page.close()


@pytest.mark.parametrize("language", ["sv", "en"])
def test_factors_without_a_flip_say_why(context, kommun_factor_page, language):
    sight = watch(context, kommun_factor_page)
    sight.load(lang=language, area="0114R001")
    flips = sight.text("#card section")
    names = {"sv": ("fattigdom", "valdeltagande"), "en": ("poverty", "turnout")}[language]
    assert WORDS["flip_kommun"][language].format(factors=names[0]) in flips
    assert WORDS["flip_bare"][language].format(factors=names[1]) in flips
    assert not sight.wrong
    sight.page.close()


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_word_before_the_choice_of_map_stands_on_one_line_on_a_phone(sight, language):
    sight.page.set_viewport_size({"width": 320, "height": 640})
    sight.go(lang=language)
    lines = sight.run(
        """() => { const range = new Range(); range.selectNodeContents(document.querySelector("#theme-place label"));
             return range.getClientRects().length; }"""
    )
    assert lines == 1


@pytest.mark.parametrize(
    ("link", "word"),
    [
        ({"by": "cluster"}, "#legend .chip > span:last-child"),
        ({"view": "change", "grouping": "cluster"}, ".matrix tbody .chip"),
    ],
    ids=["legend", "matrix"],
)
def test_a_long_word_breaks_at_its_joint_on_a_phone(sight, link, word):
    sight.page.set_viewport_size({"width": 320, "height": 640})
    sight.go(**link)
    broken = sight.run(
        """(place) => { const found = [], range = new Range();
             for (const node of document.querySelectorAll(place)) {
               const text = node.lastChild, letters = text.data;
               const top = (at) => { range.setStart(text, at); range.setEnd(text, at + 1); return [...range.getClientRects()].at(-1)?.top; };
               for (let at = 1; at < letters.length; at += 1) {
                 if (/^[\\p{L}\u00ad]{2}$/u.test(letters.slice(at - 1, at + 1)) && letters[at] !== "\u00ad" && top(at) > top(at - 1) + 4) found.push([letters, letters[at - 1], at]);
               }
             }
             return found; }""",
        word,
    )
    assert broken  # else the names are too short for this test
    assert not [one for one in broken if one[1] != "\u00ad"]


def test_long_names_of_clusters_leave_the_figures_their_room_on_a_phone(sight):
    sight.page.set_viewport_size({"width": 320, "height": 640})
    sight.go(view="change", grouping="cluster")
    widths = sight.run(
        """() => [...document.querySelectorAll(".matrix tr:first-child th, .matrix tbody tr:first-child th")]
             .map((one) => one.getBoundingClientRect().width)"""
    )
    assert len(widths) > 3
    assert max(widths) <= 0.45 * 320


def test_slider_and_play_follow_the_years(sight, two_years):
    sight.page.focus("#year")
    sight.page.keyboard.press("ArrowLeft")
    assert "2023" in sight.text("#legend caption")
    assert "year=2023" in sight.page.url
    first = two_years[0].groups.query("grouping == 'composite_group'")["areas"].iloc[0]
    assert sight.text("#legend tbody tr:first-child td") == str(first)
    sight.page.click("#play")
    assert sight.page.get_attribute("#play", "aria-pressed") == "true"
    sight.until("() => document.getElementById('year-shown').textContent === '2024'")
    sight.page.click("#play")
    assert sight.page.get_attribute("#play", "aria-pressed") == "false"


def test_language_is_remembered_in_the_link(sight):
    sight.page.click("#language")
    assert sight.run("() => document.documentElement.lang") == "en"
    assert sight.text("nav li:nth-child(2)") == "Table"
    assert "lang=en" in sight.page.url
    sight.page.reload()
    sight.page.wait_for_selector("html[data-ready=all]", state="attached")
    assert sight.text("nav li:nth-child(2)") == "Table"
    assert "Large combined problems" in sight.text("#legend")


def test_a_deep_link_opens_the_card_zoomed_in(sight, year):
    sight.load(lang="en", year="2023", by="cluster", area="2580R005")
    assert year.areas["name"]["2580R005"] in sight.text("#card h2")
    assert "2023" in sight.text("#card .where")
    assert sight.text("#legend caption") == "Cluster, 2023"
    left, top = on_screen(sight, "2580R005")
    frame = sight.page.locator("#map-frame").bounding_box()
    assert abs(left - frame["width"] / 2) < frame["width"] / 3
    assert abs(top - frame["height"] / 2) < frame["height"] / 3


def test_a_link_that_asks_for_what_is_not_there_opens_the_page(sight):
    sight.load(
        lang="xx", view="nothing", year="1900", by="<b>", area="9999R999", sort="x", page="-4", a="kommun:0", b="x:1"
    )
    assert sight.text("#year-shown") == "2024"
    assert sight.text("#card-none").startswith("Länken gäller området 9999R999, som inte finns på den här sidan. Välj")
    sight.run(f"() => module_state.go({{ area: '{AREA}' }})")
    sight.page.click(".close")
    assert sight.text("#card-none").startswith("Välj")
    for view in VIEWS:
        sight.go(view=view, sort="x", page="999", a="kommun:0", b="x:1", grouping="y", to="1900", **{"from": "z"})
        assert sight.page.is_visible(f"#view-{view}")


@pytest.mark.parametrize(
    "link",
    [{"view": "groups", "a": "__proto__:1", "b": "constructor:x"}, {"view": "table", "group": "__proto__:1", "kommun": "toString"}],
    ids=["groups", "table"],
)  # fmt: skip
def test_a_link_that_names_what_every_object_has_opens_the_page(sight, link):
    sight.load(lang="sv", **link)
    assert sight.page.is_visible(f"#view-{link['view']}")


@pytest.mark.parametrize(
    "link", [{"lan": "01", "kommun": "1480"}, {"lan": "99"}, {"group": "cluster:99"}, {"columns": "nothing"}]
)
def test_the_table_filters_by_no_more_than_its_filters_show(sight, link):
    sight.go(view="table", **link)
    chosen = {name: sight.page.input_value(f"#filter-{name}") for name in ("lan", "kommun", "group", "columns")}
    lan = link.get("lan", "") if link.get("lan") != "99" else ""
    assert chosen == {"lan": lan, "kommun": "", "group": "", "columns": "overview"}
    count, of = re.findall(r"\d+", re.sub(r"\s", "", sight.text("#table-count")))
    assert int(count) == (int(of) if not lan else sum(code.startswith("01") for code in load_shapes()["regso"]))
    assert sight.page.locator("[data-column=index_rank]").count() == 1


@pytest.mark.parametrize("by", ["poor_value", "poor_problem", "voted_value"])
def test_a_factor_without_any_value_leaves_the_page_whole(context, unobserved_factor_page, by):
    sight = watch(context, unobserved_factor_page)
    sight.load(lang="sv", by=by)
    for view in ("map", "table", "groups", "method"):
        sight.go(view=view, by=by, area="0114R001")
        assert sight.page.is_visible(f"#view-{view}")
    sight.go(by="poor_problem")
    assert "Ej observerad 3 363" in sight.text("#legend")
    assert "poor_value" not in sight.run("() => [...document.getElementById('theme').options].map((one) => one.value)")
    assert not sight.wrong


def test_a_year_is_never_compared_with_itself(sight):
    sight.go(view="change", to="2023", **{"from": "2024"})
    assert [sight.page.input_value(f"#change-{end}") for end in ("from", "to")] == ["2023", "2024"]
    assert "2023 till 2024" in sight.text("#change-place")


def rows_of(sight):
    return sight.run(
        "() => [...document.querySelectorAll('.areas tbody tr')].map((row) => [...row.cells].map((cell) => cell.innerText))"
    )


def test_the_table_filters_and_sorts(sight, year):
    sight.go(view="table", kommun="1280", group="composite_group:3")
    wanted = year.areas[(year.areas["kommun"] == "1280") & (year.areas["composite_group"] == 3)]
    assert [row[1] for row in rows_of(sight)] == list(wanted.index)
    sight.page.click("[data-column=population]")
    sight.page.click("[data-column=population]")
    assert [row[1] for row in rows_of(sight)] == list(wanted.sort_values("population", ascending=False).index)
    assert sight.page.get_attribute("th:has([data-column=population])", "aria-sort") == "descending"
    sight.page.click("#clear")
    sight.page.fill("#filter-text", "bollstan")
    assert [row[1] for row in rows_of(sight)] == ["0114R001"]
    assert sight.text("#table-count").startswith("1 av")


def test_what_is_missing_stands_last_in_both_directions(sight, year):
    missing = year.areas["skolresultat_value"].isna().sum()
    assert missing
    for turn in ("", "-down"):
        sight.go(view="table", columns="values", sort=f"skolresultat_value{turn}", page="68")
        column = [row[8] for row in rows_of(sight)]
        assert column[-1] == "–"
        sight.go(view="table", columns="values", sort=f"skolresultat_value{turn}")
        assert "–" not in [row[8] for row in rows_of(sight)]


@pytest.mark.parametrize(("language", "delimiter", "comma"), [("sv", ";", ","), ("en", ",", ".")])
def test_download_gives_what_is_shown_as_csv(sight, year, language, delimiter, comma):
    sight.go(view="table", lan="12", columns="values", lang=language)
    with sight.page.expect_download() as waiting:
        sight.page.click("#download")
    text = waiting.value.path().read_text("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    wanted = year.areas[year.areas["lan"] == "12"]
    assert [row[1] for row in rows[1:]] == list(wanted.index)
    assert [row[0] for row in rows[1:]] == list(wanted["name"])
    assert {row[3] for row in rows[1:]} == {{"sv": "Skåne län", "en": "Skåne county"}[language]}
    values = [float(row[5].replace(comma, ".") or "nan") for row in rows[1:]]
    assert values == pytest.approx(list(wanted["kriminalitet_value"].astype(float)), abs=0.051, nan_ok=True)
    assert {row[-1] for row in rows[1:]} == {WORDS["synthetic_short"][language]}


def test_csv_never_holds_a_formula(sight):
    text = sight.run(
        """() => module_table.csv({ columns: [{ id: "a", head: "=1+1", sort: () => '@SUM(A1)"x' }], places: [0],
             year: { year: 2024, synthetic: false } })"""
    )
    assert text.splitlines()[0].lstrip("\ufeff").startswith("'=1+1")
    assert text.splitlines()[1].startswith('"\'@SUM(A1)""x"')


@pytest.mark.parametrize("name", ["=1", "+1", "-1", "@x", " =1", "'=1", "\n=1", "＝1"])
def test_the_download_guards_the_same_texts_as_every_other_csv(sight, name):
    text = sight.run(
        """(name) => module_table.csv({ columns: [{ id: "a", head: "a", sort: () => name }], places: [0],
             year: { year: 2024, synthetic: false } })""",
        name,
    )
    assert next(csv.reader(io.StringIO(text.lstrip("\ufeff").split("\r\n", 1)[1], newline=""), delimiter=";"))[
        0
    ] == guard(name)


@pytest.mark.parametrize("of", ["worst", "against", "kommun"])
@pytest.mark.parametrize("language", ["sv", "en"])
def test_a_card_and_a_kommun_print_on_one_sheet(sight, year, of, language):
    """The longest sheets: the area with most problems, one with a warning, the kommun with most areas."""
    button = "#print-kommun" if of == "kommun" else "#print-card"
    code = {
        "worst": year.areas["index"].idxmax(),
        "against": year.manifest["figures"]["certainty"]["counted_against_the_odds"][0],
        "kommun": year.areas.index[year.areas["kommun"] == "0180"][0],
    }[of]
    sight.go(area=code, lang=language)
    sight.run("() => { window.print = () => { window.printed = true; }; }")
    sight.page.click(button)
    assert sight.run("() => window.printed")
    sight.page.emulate_media(media="print")
    assert WORDS["synthetic_long"][language] in sight.text("#sheet")
    assert not sight.page.is_visible("#page")
    pdf = sight.page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
    box = re.search(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", pdf)
    assert (round(float(box[1])), round(float(box[2]))) in {(595, 842), (594, 841), (595, 841), (596, 842)}
    sight.run("() => window.dispatchEvent(new Event('afterprint'))")
    sight.page.emulate_media(media="screen")
    assert sight.page.is_visible("#page")


def test_with_the_keyboard_alone(sight):
    """Tab to every part; on the map arrows, plus and Enter open a card; the focus can be seen."""
    sight.load(lang="sv")
    press = sight.page.keyboard.press
    reached = []
    for _ in range(25):
        press("Tab")
        if sight.run("() => document.activeElement === document.body"):
            break
        reached.append(
            sight.run(
                "() => document.activeElement.id || document.activeElement.className || document.activeElement.dataset.view"
            )
        )
        shown = sight.run("() => getComputedStyle(document.activeElement).outlineStyle")
        assert shown != "none", reached[-1]
    assert {"skip", "language", "map", "table", "theme", "year", "play", "map-frame", "zoom-in", "search"} <= set(
        reached
    )
    assert "inset" in reached
    sight.page.focus("#map-frame")
    for key in ("+", "+", "ArrowDown", "ArrowDown"):
        press(key)
    said = sight.text("#announcer")
    press("Enter")
    assert sight.page.is_visible("#card")
    assert sight.text("#card h2") in said
    assert sight.page.locator("#tip").inner_text().startswith(sight.page.inner_text("#card h2"))
    press("0")
    sight.page.focus("[data-view=table]")
    press("Enter")
    assert sight.page.is_visible("#view-table")
    assert sight.run("() => document.activeElement.id") == "main"
    sight.page.focus("[data-column=name]")
    press("Enter")
    assert sight.run("() => document.activeElement.dataset.column") == "name"  # sorting keeps the place
    assert sight.page.get_attribute("th:has([data-column=name])", "aria-sort") == "ascending"


def test_the_skip_link_keeps_what_is_shown(sight):
    """The link holds the language and the view: a link to #main would have lost both."""
    sight.load(lang="en", view="table", kommun="1280")
    sight.page.keyboard.press("Tab")
    assert sight.run("() => document.activeElement.id") == "skip"
    sight.page.keyboard.press("Enter")
    assert sight.run("() => document.activeElement.id") == "main"
    assert sight.page.is_visible("#view-table")
    assert sight.run("() => document.documentElement.lang") == "en"
    assert "kommun=1280" in sight.page.url


def test_the_card_says_how_sure_the_composite_group_is(sight, year):
    """By the cut-offs of the method; what is almost sure is not said to be sure."""
    chance = year.areas["composite_group_probability"].dropna()
    unsure = chance.idxmin()
    assert chance[unsure] < year.method.certainty.edge
    sight.go(area=unsure)
    card = sight.text("#card .standing")
    shown = sight.run("(one) => module_words.share(one)", round(float(chance[unsure]), 3))
    assert f"mycket osäkert: bara {shown} %" in card
    second = year.areas["composite_second"][unsure]
    names = year.groups.query("grouping == 'composite_group'").set_index("group")["name_sv"]
    other = year.areas["composite_second_probability"][unsure]
    if other > chance[unsure]:  # then the warning names it
        assert f"men {names[second]} är troligare" in sight.text("#card .warning")
        assert "Näst troligast" not in card
    said = sight.run("() => [0, 0.001, 0.015, 0.5, 0.985, 0.996, 1].map((one) => module_words.share(one))")
    assert said == ["0", "mindre än 1", "2", "50", "98", "mer än 99", "100"]


def test_the_cut_offs_of_how_sure_are_within(sight, year):
    """`core` is still seldom changed, `edge` still not very unsure, as in the release."""
    certainty = year.method.certainty
    said = sight.run(
        """(chances) => chances.map((chance) => { const sure = { composite_group: { chance: [chance] } };
             return module_sentences.standing({ ...module_data.yearOf(2024), sure }, 0)[1]; })""",
        [certainty.core, certainty.edge, certainty.edge - 0.01],
    )
    for sentence, words in zip(said, ("ändrar det sällan", "men inte säkert", "mycket osäkert"), strict=True):
        assert words in sentence


SECOND = {
    "composite": {"sv": "Näst troligast är {} ({} %).", "en": "The next most likely is {} ({}%)."},
    "cluster": {"sv": "Näst närmast är {} ({} %).", "en": "The second nearest is {} ({}%)."},
}


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("short", ["composite", "cluster"])
def test_the_card_names_the_runner_up_with_its_chance_and_what_would_flip_the_group(sight, year, short, language):
    grouping = {"composite": "composite_group"}.get(short, short)
    second, calm = year.areas[f"{short}_second_probability"], year.areas["cluster_flip_factor"].notna()
    for name, of in (("composite", "composite_group"), ("cluster", "cluster")):
        calm &= (year.areas[f"{name}_second_probability"] < year.areas[f"{of}_probability"]).fillna(False)
    code = second[calm].idxmax()
    names = year.groups[year.groups["grouping"] == grouping].set_index("group")[f"name_{language}"]
    sight.go(area=code, lang=language)
    share = sight.run("(one) => module_words.share(one)", round(float(second[code]), 3))
    assert SECOND[short][language].format(names[year.areas[f"{short}_second"][code]], share) in sight.text(".standing")
    assert sight.page.locator("#card .warning").count() == 0
    row = year.areas.loc[code]
    factor = next(one for one in year.method.factors if one.key == row["cluster_flip_factor"])
    persons, group = row["cluster_flip_persons"], row["cluster_flip_group"]
    clusters = year.groups[year.groups["grouping"] == "cluster"].set_index("group")[f"name_{language}"]
    said = WORDS["flip_grouping"][language].format(
        grouping=WORDS["grouping_cluster"][language], factor=getattr(factor.name, language).lower(), name=clusters[group],
        change=WORDS["change_counted"][language].format(
            count=show_number(abs(persons), language, 0), direction=WORDS["more" if persons > 0 else "fewer"][language],
            counted=getattr(factor.counted, language), d=show_number(year.table.denominator[factor.key][code], language, 0),
        ),
    )  # fmt: skip
    assert said.replace("\u00a0", " ") in sight.text("#card").replace("\u00a0", " ")


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_card_warns_where_another_group_is_more_likely_than_the_counted_one(sight, year, language):
    """Exactly the areas that the release names; a tie is none."""
    against = year.manifest["figures"]["certainty"]["counted_against_the_odds"]
    assert against
    warned = sight.run(
        """() => { const year = module_data.yearOf(2024), known = module_words.t("grouping_composite_group");
             return module_data.everyArea().filter((place) => module_sentences.warnings(year, place).some((one) => one.startsWith(known)))
               .map((place) => module_data.all().areas.code[place]); }"""
    )
    assert warned == against
    tie = """() => { const sure = { composite_group: { chance: [0.4], second: [1], second_chance: [0.4] } };
               return module_sentences.warnings({ ...module_data.yearOf(2024), sure }, 0); }"""
    assert sight.run(tie) == []
    row = year.areas.loc[against[0]]
    names = year.groups[year.groups["grouping"] == "composite_group"].set_index("group")[f"name_{language}"]
    sight.go(area=against[0], lang=language)
    shares = [
        sight.run("(one) => module_words.share(one)", round(float(row[name]), 3))
        for name in ("composite_group_probability", "composite_second_probability")
    ]
    said = WORDS["card_against"][language].format(
        grouping=WORDS["grouping_composite_group"][language], name=names[row["composite_group"]],
        second=names[row["composite_second"]], share=shares[0], second_share=shares[1],
    )  # fmt: skip
    assert said.replace("\u00a0", " ") in sight.text("#card .warning").replace("\u00a0", " ")
    sight.run("() => { window.print = () => {}; }")
    sight.page.click("#print-card")
    assert said.replace("\u00a0", " ") in sight.run("() => document.getElementById('sheet').textContent").replace(
        "\u00a0", " "
    )
    sight.run("() => window.dispatchEvent(new Event('afterprint'))")


def test_the_table_does_not_round_almost_sure_to_sure_and_the_file_has_the_runner_up(sight, year):
    almost = year.areas["composite_group_probability"]
    code = almost[(almost > 0.995) & (almost < 1)].index[0]
    sight.go(view="table", q=code, lang="en")
    assert "more than 99" in rows_of(sight)[0]
    with sight.page.expect_download() as waiting:
        sight.page.click("#download")
    row = next(csv.DictReader(io.StringIO(waiting.value.path().read_text("utf-8-sig"), newline="")))
    assert row["Certainty of group, %"] == f"{100 * almost[code]:g}"
    names = year.groups.query("grouping == 'composite_group'").set_index("group")["name_en"]
    assert row["Composite group: runner-up"] == names[year.areas["composite_second"][code]]
    second = 100 * year.areas["composite_second_probability"][code]
    assert row["Composite group: certainty of runner-up, %"] == f"{second:g}"


def test_a_minus_is_a_minus_and_there_is_none_before_nothing(sight):
    said = sight.run("() => [-0.5, -0.001, 0].map((one) => module_words.number(one, 2))")
    assert said == ["\u22120,50", "0,00", "0,00"]
    sight.go(lang="en")
    assert sight.run("() => module_words.number(-1234.5, 1)") == "\u22121,234.5"


def test_a_page_without_a_map_prints_a_card(context, own_areas_page):
    sight = watch(context, own_areas_page)
    sight.load(lang="sv", area="X5")
    sight.run("() => { window.print = () => { window.printed = true; }; }")
    sight.page.click("#print-card")
    assert sight.run("() => window.printed")
    assert "X5" in sight.run("() => document.getElementById('sheet').textContent")
    assert not sight.wrong
    sight.page.close()


@pytest.mark.parametrize("width", [320, 1280])
def test_names_without_a_space_do_not_widen_the_page(context, long_names_page, width):
    sight = watch(context, long_names_page)
    sight.page.set_viewport_size({"width": width, "height": 800})
    sight.load(lang="sv", area="X5")
    for view in VIEWS:
        sight.go(view=view, area="X5")
        assert sight.run("() => document.documentElement.scrollWidth") <= width, view
    assert not sight.wrong
    sight.page.close()


def test_a_kommun_is_the_mean_by_residents_where_there_are_no_counts(context, shrunk_page):
    """Turnout is given as per cent: an area with more residents weighs more."""
    file, release = shrunk_page
    own = release.areas[(release.areas["kommun"] == "0114") & release.areas["voted_value"].notna()]
    weights = own["population"].astype(float)
    mean = float((own["voted_value"].astype(float) * weights).sum() / weights.sum())
    assert abs(mean - own["voted_value"].astype(float).mean()) > 0.05  # not the mean over areas
    sight = watch(context, file)
    sight.load(lang="sv", area="0114R002")
    shown = sight.run(
        "() => module_data.rate(module_data.yearOf(2024), module_data.all().factors[1], module_data.all().inKommun[0])"
    )
    assert shown == pytest.approx(mean)
    sight.page.close()


@pytest.mark.parametrize("language", ["sv", "en"])
def test_a_problem_on_borrowed_strength_is_said_to_be_one(context, shrunk_page, language):
    """0 of 3 counted; the kommun's 60 per cent takes it over the limit of 15. Its neighbour is beyond it by its counts."""
    file, release = shrunk_page
    tiny, other = release.areas.index[release.areas["poor_problem"].fillna(False)][:2]
    assert release.areas["poor_borrowed"][[tiny, other]].tolist() == [True, False]
    sight = watch(context, file)
    sight.load(lang=language, area=tiny)
    card = sight.text("#card .factors")
    shown = show_number(release.areas["poor_value"][tiny], language, 1)
    counts = {"sv": "0,0 %: 0 av 3.", "en": "0.0%: 0 of 3."}[language]
    judged = {"sv": f"Bedöms efter {shown} % (vägt", "en": f"Judged by {shown}% (weighed"}[language]
    borrowed = WORDS["fact_borrowed"][language]
    assert f"{counts} {judged}" in card
    assert borrowed in card
    assert sight.run(
        "() => module_data.value(module_data.yearOf(2024), module_data.all().factors[0], 0)"
    ) == pytest.approx(release.areas["poor_value"].iloc[0], abs=1e-4)  # what the map shows is what was judged
    sight.go(lang=language, area=other)
    assert borrowed not in sight.text("#card .factors")
    flips = flip_columns(release)["poor"][
        "persons"
    ]  # of the shrunk rate: fewer persons would not do it, and none are named
    assert flips.dropna().equals(release.areas["poor_flip_persons"].dropna().astype("Int64"))
    assert pd.isna(flips[other])
    assert {"sv": "vore faktorn", "en": "the factor would"}[language] not in sight.text("#card")
    sight.go(lang=language, view="method")
    assert WORDS["sure_shrunk"][language] in sight.text("#method-place")
    assert not sight.wrong
    sight.page.close()


def test_clusters_that_do_not_stand_are_said_not_to(sight, year):
    found = year.manifest["figures"]["clusters"]["structure"]
    assert found["own_stands"] is False
    words = WORDS["structure_falls"]["sv"].format(choice=found["choice"])
    sight.go(view="method")
    assert words in sight.text("#method-place")
    sight.go(view="groups", a="cluster:1")
    assert words in sight.text(".panel")


@pytest.mark.parametrize("view", VIEWS)
def test_a_phone_320_wide_and_200_per_cent_need_no_sideways_scrolling(sight, view):
    for width, height, size in ((320, 640, "100%"), (640, 450, "100%"), (1280, 900, "200%")):
        sight.page.set_viewport_size({"width": width, "height": height})
        sight.run("(size) => { document.documentElement.style.fontSize = size; }", size)
        sight.go(view=view, area=AREA, lang="en")
        wide = sight.run("() => document.documentElement.scrollWidth")
        assert wide <= width, (width, size)
    sight.run("() => { document.documentElement.style.fontSize = ''; }")


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize(
    "link",
    [{}, {"area": AREA, "by": "index"}, *[{"view": view} for view in VIEWS[1:]]],
    ids=lambda link: "-".join(link.values()),
)
def test_axe_finds_no_violation(sight, language, link):
    from axe_playwright_python.sync_playwright import Axe

    sight.go(lang=language, **link)
    sight.run("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    rules = {
        "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]},
        "resultTypes": ["violations"],
    }
    found = Axe().run(sight.page, options=rules)
    assert not found.response["violations"], found.generate_report()


def test_groups_show_portrait_profile_and_two_kommuner(sight, year):
    sight.go(view="groups", a="composite_group:1", b="cluster:2")
    row = year.groups.query("grouping == 'composite_group' and group == 1").iloc[0]
    shown = sight.text("#groups-place")
    assert f"Gruppen har {row['areas']} områden" in shown
    assert sight.page.locator(".profile circle.own").count() == len(year.method.keys)
    table = sight.run(
        "() => [...document.querySelectorAll('.compared tbody tr')].map((r) => [...r.cells].map((c) => c.innerText))"
    )
    wanted = [show_number(row[f"{key}_value"], "sv", 1) for key in year.method.keys]
    assert [cells[1].split()[0] for cells in table] == wanted
    sight.go(view="groups", a="kommun:1280", b="kommun:1480")
    heads = sight.run("() => [...document.querySelectorAll('.panel h3')].map((one) => one.innerText)")
    assert heads == ["Malmö", "Göteborg"]
    own = year.areas["kommun"] == "1280"
    assert f"{own.sum()} områden med" in sight.text(".panel")


def test_the_flows_leave_out_those_that_stayed_in_the_mildest_group_and_say_so(sight, two_years):
    groups = pd.DataFrame({one.year: one.areas["composite_group"] for one in two_years})
    stayed = int(groups.eq(4).fillna(False).all(axis=1).sum())
    sight.go(view="change", grouping="composite_group")
    assert f"Utan de {show_number(stayed, 'sv', 0)} områden".replace("\u00a0", " ") in sight.text(
        "#change-place section"
    )
    drawn = sight.run("() => [...document.querySelectorAll('.flow .count')].map((one) => Number(one.textContent))")
    assert sum(drawn) == 2 * (3363 - stayed)


def test_change_shows_the_transitions_and_who_moved(sight, compared):
    sight.go(view="change", grouping="composite_group")
    transitions = compared.transitions.query("grouping == 'composite_group'")
    cells = sight.run(
        "() => [...document.querySelector('#change-place .simple').tBodies[0].rows].map((r) => [...r.cells].slice(1).map((c) => c.innerText))"
    )
    places = transitions[["old", "new"]].astype("Int64").fillna(5) - 1  # undecided stands last
    for old, new, areas in zip(places["old"], places["new"], transitions["areas"], strict=True):
        assert int(re.sub(r"\D", "", cells[old][new])) == areas
    moves = compared.moves.query("grouping == 'composite_group'")
    assert f"Områden som bytte grupp: {len(moves)}" in sight.text("#change-place")
    assert sight.page.locator(".flow .link").count() > 4
    counted = sight.run(
        "() => [...document.querySelectorAll('#change-place .simple')[1].tBodies[0].rows].map((r) => [...r.cells].slice(1, 3).map((c) => Number(c.innerText)))"
    )
    for group, (came, left) in enumerate(counted, start=1):
        assert came == (moves["new"] == group).sum()
        assert left == (moves["old"] == group).sum()
    links = sight.run(
        "() => [...document.querySelectorAll('.moves a')].map((one) => new URLSearchParams(one.hash.slice(1)).get('area'))"
    )
    assert set(links) <= set(moves["area"])
    by_lan = sight.run(
        "() => [...document.querySelectorAll('#change-place details tbody tr')].map((r) => [...r.cells].slice(1).map((c) => Number(c.innerText)))"
    )
    assert len(by_lan) == 21
    assert all(row[0] + row[1] - row[2] == row[3] for row in by_lan)


def test_the_legend_keeps_its_colours_in_high_contrast(sight):
    """Windows' contrast themes replace backgrounds: a legend of empty boxes would say nothing of the map."""
    sight.page.emulate_media(forced_colors="active", reduced_motion="reduce")  # else the underline takes its time
    shown = sight.run(
        "() => [...document.querySelectorAll('#legend .swatch')].map((one) => getComputedStyle(one).backgroundColor)"
    )
    current = sight.run(
        "() => [...document.querySelectorAll('nav a')].map((one) => getComputedStyle(one).borderBottomColor)"
    )
    sight.page.emulate_media(forced_colors="none", reduced_motion="no-preference")
    wanted = [f"rgb({', '.join(str(int(one[at : at + 2], 16)) for at in (1, 3, 5))})" for one in ordered_colours(4)]
    assert shown[:4] == wanted
    assert current[0] not in current[1:]  # only the tab of this view is underlined


def test_the_history_on_a_sheet_is_no_taller_than_its_lines(sight, compared):
    twice = compared.moves["area"].value_counts().index[0]  # its moves stand beside the history, and are taller
    sight.go(area=twice)
    sight.run("() => { window.print = () => {}; }")
    sight.page.click("#print-card")
    sight.page.emulate_media(media="print")
    rows = sight.run(
        "() => [...document.querySelectorAll('#sheet .sheet-foot tbody tr')].map((one) => one.getBoundingClientRect().height)"
    )
    sight.page.emulate_media(media="screen")
    sight.run("() => window.dispatchEvent(new Event('afterprint'))")
    assert len(rows) == 2
    assert max(rows) < 50


def test_flows_out_of_the_mildest_group_can_be_seen(sight):
    """A line needs a contrast of 3 to 1 against the page (WCAG 1.4.11)."""
    sight.go(view="change")
    strokes = sight.run(
        "() => [...document.querySelectorAll('.flow .link.move')].map((one) => one.getAttribute('stroke'))"
    )
    assert "#8a8377" in strokes
    assert not {"#f3ede3", "#f1ece4"} & set(strokes)


def test_the_sheet_of_a_card_outlines_its_area(sight):
    sight.go(area=AREA)
    sight.run("() => { window.print = () => {}; }")
    sight.page.click("#print-card")
    blue = sight.run(
        """() => { const own = document.querySelector("#sheet .locator");
             const data = own.getContext("2d").getImageData(0, 0, own.width, own.height).data; let found = 0;
             for (let at = 0; at < data.length; at += 4) if (data[at] === 11 && data[at + 1] === 87 && data[at + 2] === 208) found += 1;
             return found; }"""
    )
    sight.run("() => window.dispatchEvent(new Event('afterprint'))")
    assert blue > 100


def test_the_method_view_says_limits_sources_gaps_and_how_not_to_use_it(sight, year):
    sight.go(view="method", lang="en")
    shown = sight.text("#method-place")
    assert "Areas are not persons" in shown
    assert "not a ranking of merit" in shown
    for factor in year.method.factors:
        assert factor.name.en in shown
        assert " ".join(factor.source.en.split()) in shown
        assert show_number(year.method.measured.limits[factor.key], "en", 1) in shown
    assert str((year.areas["skolresultat_status"] == "suppressed").sum()) in shown
    assert year.manifest["manifest_sha256"][:16] in shown
    assert "Copyright" in sight.run("() => document.querySelector('#method-place pre').textContent")


def test_synthetic_data_are_marked_on_every_view(sight):
    for language in ("sv", "en"):
        for view in VIEWS:
            sight.go(view=view, lang=language)
            assert sight.page.is_visible("#synthetic")
            assert sight.text("#synthetic") == WORDS["synthetic_long"][language]
    assert "synthetic data" in sight.page.title()


def test_the_policy_lets_nothing_else_run_or_leave(sight):
    sight.load(lang="sv")
    ran = sight.run(
        """async () => {
          const added = document.createElement("script");
          added.textContent = "window.intruder = 1";
          document.body.append(added);
          const handler = document.createElement("div");
          handler.setAttribute("onclick", "window.intruder = 2");
          document.body.append(handler);
          handler.click();
          let left = "sent";
          try { await fetch("data:text/plain,x"); } catch { left = "stopped"; }
          handler.remove(); added.remove();
          return [window.intruder ?? null, left];
        }"""
    )
    assert ran == [None, "stopped"]
    stopped = [one for one in sight.wrong if "Content Security Policy" in one or "Content-Security-Policy" in one]
    assert stopped
    sight.wrong[:] = [one for one in sight.wrong if one not in stopped]


def test_no_soft_hyphen_gets_into_the_table_or_the_file(sight):
    sight.go(view="table", columns="values", by="cluster")
    assert "\u00ad" in sight.run("() => document.querySelector('.areas thead').textContent")
    assert "\u00ad" not in sight.run("() => document.querySelector('.areas tbody').textContent")
    with sight.page.expect_download() as waited:
        sight.page.click("#download")
    assert "\u00ad" not in waited.value.path().read_text("utf-8")


def test_hostile_names_are_text(context, hostile_page):
    """Names that would be markup, end a script, fill a template or turn the line round stand as they are."""
    file, names = hostile_page
    sight = watch(context, file)
    sight.load(lang="sv", area="0114R001")
    for view in VIEWS:
        sight.go(view=view, area="0114R001")
        assert sight.run("() => window.intruder ?? null") is None
        assert sight.page.locator("main img, main b[onclick], main script").count() == 0
    sight.go(area="0114R001")
    assert sight.run("() => document.getElementById('card-title').textContent").removesuffix("\u202c") == names["area"]
    assert names["factor"] in sight.run("() => document.querySelector('.factors').textContent")
    assert names["kommun"] in sight.run("() => document.querySelector('#card .where').textContent")
    year, code = sight.run(
        """() => { const text = document.querySelector("#card .where").firstChild;
             const left = (word) => { const range = new Range(), at = text.data.lastIndexOf(word);
               range.setStart(text, at); range.setEnd(text, at + 1); return range.getBoundingClientRect().x; };
             document.querySelector("#card .where").style.whiteSpace = "nowrap";
             return [left("2024"), left("0114R001")]; }"""
    )
    assert year > code  # a name that turns the line round turns itself alone
    sight.page.fill("#search", "img")
    assert names["area"] in sight.run("() => document.getElementById('search-list').textContent")
    assert sight.run("() => document.getElementById('title').textContent") == names["title"]
    for language in ("sv", "en"):
        sight.go(view="method", lang=language)
        method = sight.run("() => document.getElementById('method-place').textContent")
        assert all(method.count(names[what]) >= count for what, count in {"source": 2, "note": 1, "input": 1}.items())
        assert sight.run("() => window.intruder ?? null") is None
    assert not sight.wrong
    sight.page.close()


def test_areas_without_outlines_kommun_or_residents_have_table_cards_and_groups(context, own_areas_page):
    sight = watch(context, own_areas_page)
    sight.load(lang="en", area="X5")
    assert sight.page.is_visible("#map-none")
    assert not sight.page.is_visible("#map-frame")
    assert not sight.page.is_visible("#synthetic")
    assert not sight.page.is_visible("#year-tools")
    assert sight.text("#subtitle") == "6 areas, 2024"
    card = sight.text("#card")
    assert "40.0%: 80 of 200. Above the limit 26.2." in card  # mean 15, SD 11.18
    assert "60.0%. Below the limit 70.0." in card
    assert "All areas: 16.0." in card  # nothing says that they lie in Sweden
    assert sight.page.locator(".alike li").count() == 5
    for view in VIEWS:
        sight.go(view=view, lang="en")
        assert sight.page.is_visible(f"#view-{view}")
        shown = sight.run("() => document.getElementById('page').innerText").split("Source of the method")[0]
        assert not re.search("Sweden|SCB", shown), view
    sight.go(view="table", lang="en")
    assert [row[1] for row in rows_of(sight)] == [f"X{number}" for number in range(6)]
    assert not sight.wrong
    sight.page.close()


def test_without_javascript_the_page_says_what_to_do(context, page_file):
    """JavaScript is turned off for one tab, as a browser's setting does."""
    page = context.new_page()
    context.new_cdp_session(page).send("Emulation.setScriptExecutionDisabled", {"value": True})
    page.goto(page_file.as_uri())
    shown = page.locator("noscript").inner_text()
    assert "areas.csv" in shown
    assert "Turn it on" in shown
    page.close()


def test_an_area_of_one_edition_alone_is_not_undecided_in_the_other(context, two_editions_page):
    """RegSO 2020 has 2584R001, RegSO 2025 has 2523R011: each year has 3,363 areas, and both have 3,362."""
    file, later = two_editions_page
    sight = watch(context, file)
    sight.load(lang="en", area="2584R001")
    undecided = later.areas["composite_group"].isna().sum()
    assert sight.text("#subtitle") == "3,363 areas (RegSO), 2023–2024"
    assert (
        sight.text("#legend tbody tr:last-child")
        == f"Undecided {undecided} {later.areas['population'][later.areas['composite_group'].isna()].sum():,}"
    )
    assert "Not an area of 2024." in sight.text("#card")
    assert "ndecided" not in sight.text("#card")
    for view, place in (("table", "#table-count"), ("method", "#method-place")):
        sight.go(view=view, lang="en")
        assert "3,364" not in sight.text(place)
        assert "3,363" in sight.text(place)
    sight.go(view="change", lang="en")
    cells = sight.run(
        "() => [...document.querySelector('#change-place .simple').tBodies[0].rows].flatMap((r) => [...r.cells].slice(1).map((c) => Number(c.innerText.replace(',', ''))))"
    )
    assert sum(cells) == 3362
    assert not sight.wrong
    sight.page.close()


def test_data_of_another_format_are_not_shown_but_said(context, page_file, tmp_path):
    """Scripts and data of two versions of the package do not make a page that half fits."""
    page = page_file.read_text("utf-8")
    packed = re.search(r'<script type="text/plain" id="data">([^<]*)</script>', page)[1]
    data = json.loads(gzip.decompress(base64.b64decode(packed)))
    file = tmp_path / "other.html"
    file.write_text(page.replace(packed, pack({**data, "format": data["format"] + 1})), "utf-8")
    opened = context.new_page()
    opened.goto(file.as_uri())
    opened.wait_for_selector("#loading:has-text('data of format 2, not 1')")
    assert not opened.is_visible("#page")
    opened.close()


def test_a_link_to_changes_on_a_page_without_any_says_why(context, rate_page):
    page, _ = rate_page
    sight = watch(context, page)
    for language, said in (("sv", "ett enda år"), ("en", "a single year")):
        sight.load(lang=language, view="change")
        assert said in sight.text("#change-place")
