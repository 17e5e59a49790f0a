from __future__ import annotations

from importlib import import_module, resources

import pandas as pd
import pytest

from regso_cluster.page.bundle import exports
from regso_cluster.page.data import FORMAT
from regso_cluster.page.views import View, describe_views, read_views, write_views_module
from regso_cluster.words.texts import WORDS

PAGE = resources.files("regso_cluster.page")


def test_a_page_opens_with_the_map_and_each_view_has_a_name_of_its_own():
    names = [view.name for view in read_views()]
    assert names[0] == "map"
    assert len(set(names)) == len(names)
    assert {"table", "groups", "change", "method"} < set(names)


@pytest.mark.parametrize("view", read_views(), ids=lambda view: view.name)
def test_a_row_has_its_script_its_section_its_word_and_its_data(view):
    assert f"{view.name}View" in exports((PAGE / "web" / f"{view.script}.js").read_text("utf-8"))
    assert (PAGE / "templates" / "views" / f"{view.name}.html.jinja").read_text("utf-8").strip()
    assert set(WORDS[f"view_{view.name}"]) == {"sv", "en"}
    assert set(view.controls) <= {"theme", "year"}
    if view.data:
        assert callable(import_module(f"regso_cluster.page.{view.data}").describe)


def test_the_script_of_the_views_gathers_what_each_exports():
    text = write_views_module([View("map", "mapview", ("theme", "year")), View("change", "change", ())])
    assert text == (
        'import { mapView } from "./mapview.js";\n'
        'import { changeView } from "./change.js";\n'
        "\n"
        "export const VIEWS = [\n"
        '  { name: "map", controls: ["theme", "year"], ...mapView },\n'
        '  { name: "change", controls: [], ...changeView },\n'
        "];\n"
    )


def test_views_bring_their_own_data_and_none_takes_the_place_of_anothers(monkeypatch):
    assert describe_views([], [], pd.Index([]))["moves"] == []
    twice = (View("change", "change", (), "history"), View("again", "change", (), "history"))
    monkeypatch.setattr("regso_cluster.page.views.read_views", lambda: twice)
    with pytest.raises(ValueError, match="again: data that another view gives too"):
        describe_views([], [], pd.Index([]))


def test_the_scripts_read_the_format_that_is_written():
    assert f"const FORMAT = {FORMAT};" in (PAGE / "web" / "data.js").read_text("utf-8")
