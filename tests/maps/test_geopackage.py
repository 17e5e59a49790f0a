from __future__ import annotations

import sqlite3
from contextlib import closing
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

from regso_cluster.maps.colours import UNKNOWN, VALUE_COLOURS, group_colours, kind_colours
from regso_cluster.maps.styles import _shortened, style_of, style_of_values, styles_of
from tests.tables import method


def parsed(qml):
    return ET.fromstring(qml.split("\n", 1)[1])  # noqa: S314  # our own text


def colour_of(root, symbol):
    option = root.find(f".//symbol[@name='{symbol}']//Option[@name='color']")
    return "#" + "".join(f"{int(part):02x}" for part in option.get("value").split(",")[:3])


@pytest.fixture(scope="module")
def styles(followed):
    with closing(sqlite3.connect(followed.path / "areas.gpkg")) as connection:
        rows = connection.execute(
            "SELECT f_table_name, f_geometry_column, styleName, useAsDefault, styleQML FROM layer_styles ORDER BY id"
        ).fetchall()
        contents = dict(connection.execute("SELECT table_name, data_type FROM gpkg_contents"))
        geometry = connection.execute("SELECT column_name FROM gpkg_geometry_columns").fetchone()[0]
    assert contents == {"areas": "features", "layer_styles": "attributes"}
    assert {(row[0], row[1]) for row in rows} == {("areas", geometry)}
    return {row[2]: (row[3], parsed(row[4])) for row in rows}


def test_the_map_opens_with_the_composite_groups_and_has_a_style_for_every_factor(styles, followed):
    factors = [factor.name.sv for factor in followed.method.factors]
    assert list(styles)[:2] == ["Sammanvägd grupp", "Kluster"]
    assert len(styles) == 2 + 2 * len(factors)
    for name in factors:
        assert len([style for style in styles if style.startswith(name[:10])]) == 2  # its need groups and its value
    assert [default for default, _ in styles.values()] == [1] + [0] * (len(styles) - 1)
    assert max(map(len, styles)) <= 30
    renderer = styles["Sammanvägd grupp"][1].find("renderer-v2")
    assert renderer.get("attr") == "composite_group"
    assert [category.get("value") for category in renderer.iter("category")] == ["1", "2", "3", "4", ""]
    assert colour_of(renderer, 4) == UNKNOWN


def test_clusters_are_no_scale_and_have_the_colours_of_the_page():
    groups = pd.DataFrame({"group": [1, 2, 4], "name_sv": ["a", "b", "c"], "areas": [3, 9, 5]})
    root = parsed(style_of("cluster", groups))
    kinds = kind_colours(4, most=2)
    assert [colour_of(root, symbol) for symbol in range(4)] == [kinds[0], kinds[1], kinds[3], UNKNOWN]


def test_a_style_of_values_puts_every_area_in_one_class(styles, followed):
    for factor in followed.method.factors:
        name = next(style for style in styles if style.startswith(factor.name.sv[:10]) and ":" not in style)
        renderer = styles[name][1].find("renderer-v2")
        assert renderer.get("type") == "RuleRenderer"
        rules = list(renderer.iter("rule"))
        assert rules[-1].get("filter") == "ELSE"
        values = followed.areas[[f"{factor.key}_value"]]
        found = pd.DataFrame({n: values.eval(_python(rule.get("filter"))) for n, rule in enumerate(rules[:-1])})
        assert (found.sum(axis=1) == values.notna().to_numpy()[:, 0].astype(int)).all()
        assert found.sum().between(600, 750).all()  # fifths of 3,363 areas, less those without a value
        worst = values[found[0].to_numpy()].iloc[:, 0]
        rest = values[found[4].to_numpy()].iloc[:, 0]
        assert worst.min() > rest.max() if factor.worse == "high" else worst.max() < rest.min()
        assert [colour_of(renderer, n) for n in range(6)] == [*VALUE_COLOURS, UNKNOWN]


def _python(expression):
    return " & ".join(f"({part})" for part in expression.replace('"', "`").split(" AND "))


def test_values_that_are_few_give_few_classes():
    factor = method().factors[0]
    for values, labels in (
        ([5.0] * 9, ["5,0–5,0 %"]),
        ([0.0] * 5 + [10.0] * 5, ["10,0–10,0 %", "0,0–10,0 %"]),
        ([1.0, 2.0, 3.0, 4.0, 5.0, None], ["4,2–5,0 %", "3,4–4,2 %", "2,6–3,4 %", "1,8–2,6 %", "1,0–1,8 %"]),
    ):
        rules = parsed(style_of_values(pd.Series(values, dtype="Float64"), factor)).iter("rule")
        assert [rule.get("label") for rule in rules] == [*labels, "Uppgift saknas"]


def test_names_are_escaped_in_the_style():
    groups = pd.DataFrame({"group": [1, 2], "name_sv": ['<b>&"', "b"]})
    labels = [one.get("label") for one in parsed(style_of("band", groups)).iter("category")]
    assert labels[0] == '1 <b>&"'


def test_a_factor_that_nobody_sees_has_no_style_of_values(followed):
    areas = followed.areas.assign(trangboddhet_value=pd.NA)
    names = [style.name for style in styles_of(areas, followed.groups, followed.method)]
    assert "Trångboddhet, %" not in names
    assert "Trångboddhet: behovsgrupp" in names


def test_long_names_keep_what_is_shown():
    assert _shortened("Arbetsmarknadsetablering: behovsgrupp") == "Arbetsmarknadset…: behovsgrupp"
    assert _shortened("Kluster") == "Kluster"
    assert len(_shortened("x" * 80)) == 30


@pytest.mark.parametrize("size", range(1, 15))
def test_a_colour_for_every_group(size):
    colours = group_colours(size)
    assert len(colours) == size
    assert UNKNOWN not in colours
    if size <= 10:
        assert len(set(colours)) == size
