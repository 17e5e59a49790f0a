from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from regso_cluster.areas.editions import code_set
from regso_cluster.classification.classify import classify
from regso_cluster.factors.tables import read_factors
from regso_cluster.judging.case import as_counted
from regso_cluster.judging.shrinkage_flags import borrowed_strength
from regso_cluster.method import Certainty, Shrinkage
from tests.tables import METHOD, method, write

CODES = [code for code in code_set(2025) if code < "0120"]
WORST = CODES[0][:4]  # a kommun where every area but two has 60 per cent
TINY, LARGE, USUAL = [code for code in CODES if code.startswith(WORST)][:3]


@pytest.fixture
def classified(tmp_path):
    high = [code.startswith(WORST) for code in CODES]
    frame = pd.DataFrame({"regso": CODES, "population": "1000", "poor_d": "400"})
    frame["voted_pct"] = [str(80 + number % 5) for number in range(len(CODES))]
    frame["poor_n"] = [str((240 if is_high else 20) + number) for number, is_high in enumerate(high)]
    frame = frame.set_index("regso")
    frame.loc[TINY, ["poor_n", "poor_d"]] = ["0", "3"]
    frame.loc[LARGE, ["poor_n", "poor_d"]] = ["0", "5000"]
    using = dataclasses.replace(
        method(METHOD.replace("limit = { sd = 1.0 }", 'limit = { above = 15.0, unit = "per cent" }')),
        shrinkage=Shrinkage("kommun"),
        certainty=Certainty(draws=200, prior="country"),
    )
    return classify(read_factors(write(frame.reset_index(), tmp_path / "t.csv"), using, edition=2025), using, year=2024)


def test_none_of_three_is_flagged_on_borrowed_strength_and_none_of_five_thousand_is_not(classified):
    areas = classified.areas
    assert areas.loc[[TINY, LARGE, USUAL], "poor_problem"].tolist() == [True, False, True]
    assert areas.loc[[TINY, LARGE, USUAL], "poor_borrowed"].tolist() == [True, False, False]
    assert areas["poor_borrowed"].isna().sum() == (areas["poor_status"] != "observed").sum() > 0
    assert areas.loc[LARGE, "poor_probability"] < 0.01
    # 0 of 3 is best told by its kommun, whose rate lies between the limit and that of its other areas
    assert 15 < areas.loc[TINY, "poor_value"] < 60
    assert any("1 problem stands on borrowed strength (poor 1)" in note for note in classified.notes)
    assert classified.figures["shrinkage"]["poor"]["borrowed"] == 1


def test_the_own_weight_is_that_of_the_persons(classified):
    # the parent counts for so many persons: 3 of the area's own weigh 3 / (3 + persons)
    persons = classified.figures["shrinkage"]["poor"]["persons"]
    weight = classified.areas["poor_own_weight"]
    for code, own in ((TINY, 3), (LARGE, 5000), (USUAL, 400)):
        assert weight[code] == pytest.approx(own / (own + persons), rel=0.01)
    assert "voted_own_weight" not in classified.areas  # no counts
    # the rest is the parent's: of two areas of one kommun, value = weight * own + (1 - weight) * parent
    value = classified.areas["poor_value"]
    parent = value[TINY] / (1 - weight[TINY])
    own = float(classified.factors.set_index(["regso", "factor"]).loc[(USUAL, "poor"), "value_counted"])
    assert value[USUAL] == pytest.approx(weight[USUAL] * own + (1 - weight[USUAL]) * parent, rel=0.01)


def test_a_counted_rate_beyond_the_limit_that_is_no_problem_is_said(classified):
    using = classified.method
    flags = pd.DataFrame({key: classified.areas[f"{key}_problem"] for key in using.keys})
    flags.loc[USUAL, "poor"] = False
    table = dataclasses.replace(classified.table, value=classified.table.value.assign(poor=100.0))
    columns, notes, figures = borrowed_strength(as_counted(table, using), flags, using.measured.limits)
    assert not columns["poor_borrowed"].fillna(False).any()
    assert figures["poor"]["counts_alone"] == (flags["poor"].eq(False)).sum()
    assert "and no problems" in notes[0]


def test_without_shrinkage_nothing_is_borrowed(classified):
    plain = dataclasses.replace(classified.method, shrinkage=None)
    columns, notes, figures = borrowed_strength(as_counted(classified.table, plain), None, {})
    assert columns.empty
    assert (notes, figures) == ([], {})
