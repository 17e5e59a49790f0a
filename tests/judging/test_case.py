from __future__ import annotations

import dataclasses
import sys
from collections import Counter

import numpy as np
import pytest

from regso_cluster.classification.classify import classify
from regso_cluster.factors.shrinkage import ShrunkFactors, shrink_factor, shrink_rates
from regso_cluster.factors.tables import read_factors
from regso_cluster.judging.case import as_counted, make_case
from regso_cluster.judging.judge import judge, measure
from regso_cluster.method import Certainty, Shrinkage
from tests.tables import CODES, METHOD, method, rows, write

# two factors with counts: the voters of each area are counted too
BOTH = METHOD.replace('value = "voted_pct"', 'value = "voted_pct"\ndenominator = "voters"')


@pytest.fixture
def using():
    return dataclasses.replace(method(BOTH), certainty=Certainty(draws=20, prior="country"))


@pytest.fixture
def table(tmp_path, using):
    frame = rows().assign(voters="700", population="1000")
    return read_factors(write(frame, tmp_path / "t.csv"), using, edition=2025)


@pytest.mark.parametrize("shrinkage", [None, Shrinkage("country")])
def test_a_classification_shrinks_each_factor_once(table, using, shrinkage):
    calls = Counter()

    def count(frame, event, _):
        if event == "call" and frame.f_code is shrink_rates.__code__:
            calls["shrink_rates"] += 1

    sys.setprofile(count)
    try:
        classify(table, dataclasses.replace(using, shrinkage=shrinkage), year=2024)
    finally:
        sys.setprofile(None)
    assert calls["shrink_rates"] == 2


def test_a_factor_is_shrunk_when_asked_and_towards_each_parent_once(table, using):
    asked = []

    def fit(*given):
        asked.append((given[1].key, given[2]))
        return shrink_factor(*given)

    factors = ShrunkFactors(table, fit)
    poor, voted = using.factors
    first = factors.of(poor, "country")
    assert asked == [("poor", "country")]
    assert factors.of(dataclasses.replace(poor, weight=3.0), "country") is first  # a weight changes no rate
    assert factors.of(poor, "kommun") is not first
    factors.of(voted, "country")
    assert asked == [("poor", "country"), ("poor", "kommun"), ("voted", "country")]


def test_the_parent_is_that_of_the_shrinkage_or_else_of_the_prior(table, using):
    priors = {prior: dataclasses.replace(using, certainty=Certainty(prior=prior)) for prior in ("lan", "profiles")}
    assert as_counted(table, priors["lan"]).towards == "lan"
    assert as_counted(table, priors["profiles"]).towards == "country"
    assert make_case(table, dataclasses.replace(priors["lan"], shrinkage=Shrinkage("kommun"))).towards == "kommun"


def test_a_case_holds_the_counted_and_the_shrunk_rates(table, using):
    case = make_case(table, dataclasses.replace(using, shrinkage=Shrinkage("country")))
    assert case.counted is table
    assert case.used.equals(case.table.value)
    at = list(CODES)
    spread = [float(one.value.loc[at, "poor"].std()) for one in (case.counted, case.table)]
    assert spread[1] < spread[0]


def test_values_are_scaled_once_for_a_yardstick(table, using):
    case = as_counted(table, using)
    yardstick = measure(case)
    scores = case.scores("index", yardstick)
    assert case.scores("index", dataclasses.replace(yardstick, limits={})) is scores
    moved = {key: one | {"centre": one["centre"] + one["spread"]} for key, one in yardstick.scales["index"].items()}
    other = dataclasses.replace(yardstick, scales={"index": moved})
    # centres are of values turned so that high is worse: one SD higher, and every score is one SD lower
    np.testing.assert_allclose((case.scores("index", other) - scores).loc[list(CODES)], -1.0)
    assert case.scores("index", yardstick) is scores


def test_other_values_are_classified_by_the_same_case(table, using):
    case = as_counted(table, using)
    yardstick = measure(case)
    hidden = dataclasses.replace(case, used=case.used.assign(poor=np.nan))
    assert judge(hidden, yardstick)["n_observed"].max() == 1
    assert judge(case, yardstick)["n_observed"].max() == 2


def test_without_an_index_there_is_no_scale_to_ask_for(table, using):
    case = as_counted(table, dataclasses.replace(using, index=None))
    assert case.index(measure(case)).isna().all()
    with pytest.raises(ValueError, match="no index"):
        case.scaled(case.used, "index", measure(as_counted(table, using)))
