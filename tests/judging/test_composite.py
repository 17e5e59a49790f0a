from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from regso_cluster.judging.composite import composite_index, percent_rank, worst_rank
from regso_cluster.method import Index, Scale, Text, Theme
from tests.tables import method

NAN = np.nan
SCORES = pd.DataFrame({"poor": [1.0, 2.0, NAN, 2.0, NAN], "voted": [3.0, 4.0, 8.0, 4.0, NAN]}, index=list("abcde"))


def using(weights=(1.0, 1.0), **index):
    base = method()
    factors = tuple(
        dataclasses.replace(factor, weight=weight) for factor, weight in zip(base.factors, weights, strict=True)
    )
    return dataclasses.replace(base, factors=factors, index=Index(Scale("none"), **index))


def joined(scores, chosen):
    return composite_index(scores, chosen.index, chosen.factors)


def test_a_mean_over_what_is_observed_rescales_its_weights():
    found = joined(SCORES, using(weights=(1.0, 3.0), min_factors=1))
    # a: (1 + 3 * 3) / 4; b: (2 + 3 * 4) / 4; c has voted alone: 8 * 3 / 3
    assert found["index"].tolist()[:4] == [2.5, 3.5, 8, 3.5]
    assert np.isnan(found["index"].iloc[4])
    assert found["index_rank"].fillna(0).tolist() == [4, 2, 1, 2, 0]
    assert found["index_percent_rank"].fillna(-1).tolist() == [
        0,
        pytest.approx(1 / 3),
        1,
        pytest.approx(1 / 3),
        -1,
    ]


def test_all_factors_are_needed_unless_the_method_says_otherwise():
    assert joined(SCORES, using())["index"].isna().tolist() == [False, False, True, False, True]


def test_a_sum_is_weighted_and_not_divided():
    assert joined(SCORES, using((1.0, 3.0), aggregation="sum"))["index"].tolist()[:2] == [10, 14]


def test_themes_have_a_score_and_a_rank_of_their_own():
    theme = Theme("vote", Text("a", "b"), ("voted",))
    found = joined(SCORES, using(themes=(theme,), aggregation="sum"))
    assert found["vote_index"].tolist()[:4] == [3, 4, 8, 4]
    assert found["vote_percent_rank"].tolist()[:4] == [0, pytest.approx(1 / 3), 1, pytest.approx(1 / 3)]


def test_a_theme_smaller_than_the_factors_asked_for_needs_all_of_its_own():
    theme = Theme("vote", Text("a", "b"), ("voted",))
    found = joined(SCORES, using(themes=(theme,), min_factors=2))
    assert found["vote_index"].notna().tolist() == [True, True, True, True, False]
    assert found["index"].notna().tolist() == [True, True, False, True, False]


def test_decimals_round_the_index_before_it_is_ranked():
    scores = SCORES.assign(poor=[1.004, 1.001, 1.0, 5, 6], voted=0.0)
    assert joined(scores, using(aggregation="sum", decimals=2))["index_rank"].tolist() == [
        3,
        3,
        3,
        2,
        1,
    ]


def test_ranks_are_those_of_scipy():
    values = pd.Series(np.random.default_rng(3).integers(0, 20, 50).astype(float))
    assert worst_rank(values).tolist() == stats.rankdata(-values, method="min").tolist()
    assert percent_rank(values).to_numpy() == pytest.approx((stats.rankdata(values, method="min") - 1) / 49)
    assert np.isnan(percent_rank(pd.Series([3.0]))[0])
