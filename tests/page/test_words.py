from __future__ import annotations

import re
from importlib import resources

import pytest

from regso_cluster.method import UNIT_RANGE
from regso_cluster.page.data import STATUSES
from regso_cluster.page.views import read_views
from regso_cluster.schema import SCHEMA
from regso_cluster.words.texts import WORDS, say, show_number, with_unit
from regso_cluster.years.change import CAUSES

WEB = resources.files("regso_cluster.page") / "web"
SOURCES = {file.name: file.read_text("utf-8") for file in WEB.iterdir() if file.name.endswith(".js")}
TEMPLATES = resources.files("regso_cluster.page") / "templates"
PARTS = [TEMPLATES / "page.html.jinja", *(TEMPLATES / "views" / f"{view.name}.html.jinja" for view in read_views())]
HTML = "".join(part.read_text("utf-8") for part in PARTS)


def places(text):
    return set(re.findall(r"\{(\w+)\}", text))


@pytest.mark.parametrize("key", WORDS)
def test_both_languages_say_the_same_places(key):
    assert set(WORDS[key]) == {"sv", "en"}
    assert places(WORDS[key]["sv"]) == places(WORDS[key]["en"])


def keys_asked_for():
    """Every key that a script or the template names, the made-up ones (`grouping_${...}`) by what they can become."""
    made = {
        "grouping_": SCHEMA.shown_groupings, "status_": STATUSES, "unit_": [unit.replace(" ", "_") for unit in UNIT_RANGE],
        "unit_long_": [unit.replace(" ", "_") for unit in UNIT_RANGE], "view_": [view.name for view in read_views()],
        "columns_": ["overview", "values", "counts", "problems", "tiers"], "theme_": ["value", "problem", "tier"],
        "column_": ["n", "d", "index_rank", "index_rank_low", "index_rank_high", *(f"{name}_probability" for name in SCHEMA.shown_groupings)], "worse_": ["high", "low"],
        "filter_": ["lan", "kommun", "group", "columns"], "cause_": CAUSES, "change_": ["grouping", "from", "to"],
    }  # fmt: skip
    asked = set()
    for text in SOURCES.values():
        asked |= set(re.findall(r'\bt\((?:[^()"`]*\? )?"(\w+)"', text)) | set(
            re.findall(r'"(\w+)"(?= : "|\s*:\s*share|, \{|\))', text)
        ) & set(WORDS)
        for prefix in re.findall(r"\bt\(`(\w+)\$\{", text):
            asked |= {f"{prefix}{end}" for end in made[prefix]}
    asked |= set(re.findall(r'data-(?:t|label)="(\w+)"', HTML))
    for prefix in re.findall(r'data-(?:t|label)="(\w+)\{\{', HTML):
        asked |= {f"{prefix}{end}" for end in made[prefix]}
    return asked


def test_every_text_that_is_asked_for_is_there():
    missing = {key for key in keys_asked_for() if key not in WORDS}
    assert not missing


def test_no_text_is_left_over():
    everything = " ".join([*SOURCES.values(), HTML])
    python = (resources.files("regso_cluster.page") / "groups.py").read_text("utf-8") + (
        resources.files("regso_cluster.figures") / "kinds.py"
    ).read_text("utf-8")
    asked = keys_asked_for()
    left = [
        key
        for key in (one.removesuffix("_own") for one in WORDS)
        if key not in asked and f'"{key}"' not in everything + python and not key.startswith("portrait_")
    ]
    assert not left


def test_words_for_areas_of_their_own_name_no_country_and_no_agency():
    """Whatever says Sweden, the country, SCB or RegSO of the figures has another form for areas that are no RegSO."""
    of_outlines = {
        "map_credit",
        "figure_credit",
        "map_credit_other",
        "outlines_words",
        "outlines_other",
        "editions_differ",
        "edition",
    }  # not shown without them
    for key, said in WORDS.items():
        if key.endswith("_own"):
            assert key.removesuffix("_own") in WORDS
        elif key not in of_outlines and any(name in said["en"] for name in ("Sweden", "SCB", "RegSO")):
            assert f"{key}_own" in WORDS, key
            assert not any(name in WORDS[f"{key}_own"]["sv"] for name in ("iket", "SCB", "RegSO")), key


def test_scripts_make_no_markup_from_text():
    for name, text in SOURCES.items():
        for forbidden in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            ".html(",
        ):
            assert forbidden not in text, name


def test_numbers_are_written_as_the_reader_does():
    assert show_number(1234.56, "sv", 1) == "1\u00a0234,6"
    assert show_number(1234.56, "en", 1) == "1,234.6"
    assert show_number(-0.5, "sv", 2) == "\u22120,50"
    assert show_number(float("nan"), "en", 1) == show_number(None, "sv", 0) == "–"


def test_per_cent_stands_with_its_number_as_each_language_writes_it():
    for key, said in WORDS.items():
        assert not re.search(r"[}\d] %", said["sv"]), key  # a space that does not break
        assert not re.search(r"[}\d][ \u00a0]%", said["en"]), key
    assert with_unit("12,3", "%", "sv") == "12,3\u00a0%"
    assert with_unit("12.3", "%", "en") == "12.3%"
    assert with_unit("12.3", "per 1,000", "en") == "12.3\u00a0per 1,000"
    assert with_unit("0.5", "", "en") == "0.5"


def test_each_language_keeps_to_its_own_words():
    """Kommun and län are Swedish; the page in English says municipality and county."""
    for key, said in WORDS.items():
        english, swedish = (re.sub(r"\{\w+\}", "", said[language]).lower() for language in ("en", "sv"))
        assert not re.search(r"kommun|\blän", english), key
        assert not re.search(r"\b(the|and|of|with|county|municipality|areas)\b", swedish), key


def test_what_is_filled_in_is_no_template():
    assert say("portrait_size_areas", "en", areas="{residents}") == "The group has {residents} areas."
