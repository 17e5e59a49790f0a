"""Units by the method's own name, everywhere a unit is shown; a mean of the areas' values is called that."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from regso_cluster.classification.classify import classify
from regso_cluster.exports.cube import build_cube
from regso_cluster.exports.workbook_cover import method_rows
from regso_cluster.factors.tables import read_factors
from regso_cluster.figures.kinds import draw_profile
from regso_cluster.method import Text, load_method, parse_method
from regso_cluster.release.freeze import freeze, write_method
from regso_cluster.release.write import write_release
from regso_cluster.words.columns import describe_columns, head_columns, say_unit
from regso_cluster.years.change import say_change
from tests.tables import METHOD, rows, write

INCOME = METHOD.replace(
    'value = "voted_pct"\nunit = "per cent"',
    'value = "voted_pct"\nunit_name = { sv = "tkr", en = "kSEK" }\nunit = "score"',
).replace('below = 70.0, unit = "per cent"', 'below = 70.0, unit = "score"')


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    folder = tmp_path_factory.mktemp("units")
    using = parse_method(INCOME)
    table = read_factors(write(rows(), folder / "t.csv"), using, edition=2025)
    return write_release(classify(table, using, year=2024), folder / "r")


def test_a_unit_has_the_name_that_the_method_gives(released):
    meant = describe_columns(["poor_value", "voted_value", "regso"], released.method)
    assert meant["unit_sv"].tolist() == ["%", "tkr", ""]
    assert meant["unit_en"].tolist() == ["%", "kSEK", ""]
    assert [say_unit(row) for row in meant.to_dict("records")] == ["per cent", "tkr / kSEK", ""]
    heads = head_columns(["voted_value"], released.method)
    assert heads[["sv", "en"]].iloc[0].str.endswith(("tkr", "kSEK")).all()
    contents = {content.key: content for content in build_cube(released).contents}
    assert contents["voted_value"].unit == Text("tkr", "kSEK")


def test_a_change_is_said_in_that_unit():
    voted = parse_method(INCOME).factors[1]
    said = say_change(voted, 312.9, 36.8)
    assert said.sv.endswith("312,9 blev 36,8 tkr")
    assert said.en.endswith("312.9 became 36.8 kSEK")
    # what is not known has no unit
    poor = parse_method(INCOME).factors[0]
    said = say_change(poor, 16.13, np.nan)
    assert said.sv.endswith("16,13 procent blev okänt")
    assert said.en.endswith("16.13 per cent became unknown")


def test_a_mean_of_values_is_called_that(released):
    meant = describe_columns(["poor_value", "voted_value"], released.method, "groups").set_index("column")
    assert meant.loc["voted_value", "en"].endswith("mean of the areas' values, weighted by residents")
    assert "medelvärdet av områdenas värden, vägt med boende" in meant.loc["voted_value", "sv"]
    assert meant.loc["poor_value", "sv"].endswith("gruppen som helhet")
    heads = head_columns(["poor_value", "voted_value"], released.method, "groups").set_index("column")
    assert heads.loc["voted_value", "sv"].endswith("tkr, medelvärdet av områdenas värden")
    assert "medel" not in heads.loc["poor_value", "sv"]
    titles = " ".join(axes.get_title(loc="left") for axes in draw_profile(released, language="en").axes)
    assert "kSEK (mean of the areas)" in titles


def test_keys_that_are_not_given_do_not_change_a_method():
    plain = load_method("utanforskap").to_toml()
    assert "unit_name" not in plain
    assert "nominal" not in plain
    assert parse_method(INCOME).hash != parse_method(INCOME.replace('sv = "tkr"', 'sv = "kronor"')).hash
    assert dataclasses.replace(parse_method(METHOD)).hash == parse_method(METHOD).hash


def test_the_cover_names_the_unit(released):
    assert "tkr, " in " ".join(method_rows(released, "sv").astype(str).to_numpy().ravel())


def test_frozen_limits_of_amounts_of_money_warn(released, tmp_path):
    frozen = freeze(released)
    assert frozen.drifting == (2024, ("voted",))
    path = write_method(frozen, tmp_path / "frozen.toml")
    assert path.read_text("utf-8").startswith("# limits kept from 2024")
    again = load_method(path)
    assert again == frozen
    table = read_factors(write(rows(), tmp_path / "t.csv"), again, edition=2025)
    (said,) = [note for note in classify(table, again, year=2025).notes if "amounts of money" in note]
    assert "in the prices of 2024" in said
    assert "i 2024 års priser" in said.text("sv")
    beside = freeze(released, beside=True)
    assert beside.drifting == (2024, ("voted",))
    # said to be none, or a rate: nothing drifts
    voted = dataclasses.replace(frozen.factors[1], nominal=False)
    assert not dataclasses.replace(frozen, factors=(frozen.factors[0], voted)).drifting
    assert not released.method.drifting
