from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from regso_cluster.errors import InputError
from regso_cluster.factors.scales import apply_scale, fit_scale
from regso_cluster.method import Scale
from regso_cluster.scales.transformers import (
    Asinh,
    ExponentialRank,
    Log,
    MinMax,
    PercentRank,
    RobustZ,
    Winsorise,
    ZScore,
    weighted_mean_sd,
    weighted_median,
)

NAN = np.nan
ALL = [ZScore(), RobustZ(), MinMax(), PercentRank(), ExponentialRank(), Asinh(), Winsorise()]
SCALES = pytest.mark.parametrize("scale", ALL, ids=lambda scale: type(scale).__name__)
rng = np.random.default_rng(1)
X = rng.gamma(2, 3, (60, 3))
X[rng.random(X.shape) < 0.1] = NAN


def column(*values):
    return np.array(values, dtype=float)[:, None]


def test_mean_and_sd_by_hand():
    # 2, 4, 9 with weights 1, 2, 1: mean 19/4 = 4.75; squares 7.5625 + 2 * 0.5625 + 18.0625 = 26.75
    values, weights = column(2, 4, NAN, 9), np.array([1.0, 2, 7, 1])
    mean, sd = weighted_mean_sd(values, weights)
    assert mean[0] == 4.75
    assert sd[0] == pytest.approx(np.sqrt(26.75 / 4))
    assert weighted_mean_sd(values, weights, ddof=1)[1][0] == pytest.approx(np.sqrt(26.75 / 3))
    # without weights: mean 5, squares 9 + 1 + 16 = 26, over 3 and over 2
    assert weighted_mean_sd(values)[1][0] == pytest.approx(np.sqrt(26 / 3))
    assert weighted_mean_sd(values, ddof=1)[1][0] == pytest.approx(np.sqrt(13))
    assert np.isnan(weighted_mean_sd(column(3, NAN), ddof=1)[1][0])


def test_weighted_median_by_hand():
    assert weighted_median(np.array([3.0, 1, 2])) == 2
    assert weighted_median(np.array([4.0, 1, 2, 3])) == 2.5
    assert weighted_median(np.array([1.0, 2, 3]), np.array([1.0, 1, 4])) == 3
    assert weighted_median(np.array([1.0, 2, NAN]), np.array([1.0, 1, 4])) == 1.5
    assert weighted_median(np.array([1.0, 2, 3]), np.array([2.0, 0, 2])) == 2  # between 1 and 3: weight 0 is absent
    assert np.isnan(weighted_median(np.array([NAN])))


def test_robust_z_by_hand():
    # median 3, deviations 2 1 0 1 97: MAD 1
    scaled = RobustZ().fit_transform(column(1, 2, 3, 4, 100))
    assert scaled[:, 0] == pytest.approx(np.array([-2, -1, 0, 1, 97]) / 1.4826)


def test_ranks_by_hand():
    values = column(10, 20, 20, NAN, 40)
    assert PercentRank().fit_transform(values)[:, 0] == pytest.approx([0, 1 / 3, 1 / 3, NAN, 1], nan_ok=True)
    # rank fractions 1/4, (2 + 3)/2 / 4, the same, 4/4
    fractions = np.array([0.25, 0.625, 0.625, NAN, 1])
    expected = -23 * np.log(1 - fractions * (1 - np.exp(-100 / 23)))
    assert ExponentialRank().fit_transform(values)[:, 0] == pytest.approx(expected, nan_ok=True)
    assert ExponentialRank().fit_transform(values)[4, 0] == pytest.approx(100)


def test_ranks_of_new_values_are_within_those_measured():
    scale = PercentRank().fit(column(10, 20, 30))
    assert scale.transform(column(5, 20, 25, 99))[:, 0].tolist() == [0, 0.5, 1, 1]


def test_other_scales_by_hand():
    assert MinMax().fit_transform(column(2, 4, NAN, 10))[:, 0] == pytest.approx([0, 0.25, NAN, 1], nan_ok=True)
    assert Log().fit_transform(column(1, np.e, NAN))[:, 0] == pytest.approx([0, 1, NAN], nan_ok=True)
    assert Asinh().fit_transform(column(0, np.sinh(1)))[:, 0] == pytest.approx([0, 1])
    assert Winsorise(0.25, 0.75).fit_transform(column(0, 10, 20, 30, 400))[:, 0].tolist() == [
        10,
        10,
        20,
        30,
        30,
    ]


def test_third_opinions():
    complete = X[~np.isnan(X).any(axis=1)]
    weights = rng.integers(1, 9, len(complete)).astype(float)
    ours = ZScore().fit(complete, sample_weight=weights).transform(complete)
    assert ours == pytest.approx(StandardScaler().fit(complete, sample_weight=weights).transform(complete))
    assert ZScore(ddof=1).fit_transform(complete) == pytest.approx(stats.zscore(complete, ddof=1))
    assert MinMax().fit_transform(complete) == pytest.approx(MinMaxScaler().fit_transform(complete))
    mad = stats.median_abs_deviation(complete, scale="normal")
    assert RobustZ().fit_transform(complete) == pytest.approx((complete - np.median(complete, axis=0)) / mad, rel=1e-4)
    ranks = stats.rankdata(complete, method="min", axis=0)
    assert PercentRank().fit_transform(complete) == pytest.approx((ranks - 1) / (len(complete) - 1))


@SCALES
def test_missing_stays_missing_and_nothing_else_becomes_so(scale):
    assert np.array_equal(np.isnan(scale.fit_transform(X)), np.isnan(X))


@SCALES
def test_order_of_rows_does_not_matter(scale):
    order = rng.permutation(len(X))
    assert scale.fit_transform(X)[order] == pytest.approx(scale.fit_transform(X[order]), nan_ok=True)


@SCALES
def test_order_of_values_is_kept(scale):
    scaled = scale.fit_transform(X)
    for before, after in zip(X.T, scaled.T, strict=True):
        seen = ~np.isnan(before)
        assert (np.diff(after[seen][np.argsort(before[seen])]) >= 0).all()


@pytest.mark.parametrize("scale", [ZScore(), ZScore(ddof=1), RobustZ()])
def test_weight_three_is_a_row_three_times_and_weight_zero_none(scale):
    weights = rng.integers(0, 4, len(X)).astype(float)
    repeated = np.repeat(X, weights.astype(int), axis=0)
    assert scale.fit(X, sample_weight=weights).transform(X) == pytest.approx(
        scale.fit(repeated).transform(X), nan_ok=True
    )


@pytest.mark.parametrize(
    ("scale", "values", "says", "hint"),
    [
        (ZScore(), column(0.1, 0.1, 0.1, NAN), "the SD is 0", "Drop"),
        (RobustZ(), column(1, 1, 1, 5), "the MAD is 0", "percent_rank"),
        (MinMax(), column(3, 3), "no spread", "Drop"),
        (PercentRank(), column(3, NAN), "fewer than two", "Drop"),
        (Log(), column(0, 1), "logarithm of 0", "asinh"),
        (Winsorise(), column(NAN, NAN), "nothing observed", "Drop"),
    ],
)
@pytest.mark.filterwarnings("ignore:All-NaN slice")
def test_a_factor_that_cannot_be_scaled_is_refused_by_name(scale, values, says, hint):
    with pytest.raises(InputError, match=says) as refused:
        scale.fit(pd.DataFrame(values, columns=["trangboddhet"]))
    assert refused.value.faults[0].where == "factor trangboddhet"
    assert hint in refused.value.faults[0].hint


@SCALES
def test_scikit_learn_s_own_checks(scale):
    cannot_apply = {}
    if isinstance(scale, RobustZ):
        why = "its data have half of each column equal: the MAD is 0, which is refused"
        cannot_apply["check_sample_weights_not_overwritten"] = why
    check_estimator(scale, expected_failed_checks=cannot_apply, on_fail="raise", on_skip=None)


def frame(**columns):
    return pd.DataFrame(columns)


def test_a_chain_turns_low_is_worse_and_keeps_its_numbers():
    values = frame(a=[1.0, 2, 3, NAN], b=[10.0, 20, 60, 40])
    signs, scale = np.array([1.0, -1.0]), Scale(kind="z")
    parameters = fit_scale(values, scale, signs, None)
    scores = apply_scale(values, scale, signs, parameters)
    assert scores["a"].tolist()[:3] == pytest.approx(np.array([-1, 0, 1]) / np.sqrt(2 / 3))
    assert scores["b"].to_numpy() == pytest.approx(-stats.zscore([10, 20, 60, 40]))
    assert set(parameters["a"]) == {"centre", "spread"}
    # last year's scale on this year's values: one more is one more of last year's SDs
    later = apply_scale(values + 1, scale, signs, parameters)
    assert (later["a"] - scores["a"])[0] == pytest.approx(1 / np.sqrt(2 / 3))


def test_a_chain_in_its_order():
    values = frame(a=[0.0, 1, 2, 3, 1000])
    scale = Scale(kind="min_max", winsorise=(0.0, 0.75), transform="asinh", decimals=3)
    parameters = fit_scale(values, scale, np.array([-1.0]), None)
    assert parameters["a"] == pytest.approx({"low": 0, "high": 3, "centre": -np.arcsinh(3), "spread": np.arcsinh(3)})
    expected = np.round(1 - np.arcsinh([0, 1, 2, 3, 3]) / np.arcsinh(3), 3)
    assert apply_scale(values, scale, np.array([-1.0]), parameters)["a"].to_numpy() == pytest.approx(expected)


def test_weights_of_residents_only_where_the_method_says_so():
    values, weights = frame(a=[1.0, 2, 3]), np.array([1.0, 1, 8])
    assert fit_scale(values, Scale(kind="z"), np.ones(1), weights)["a"]["centre"] == 2
    assert fit_scale(values, Scale(kind="z", weighting="residents"), np.ones(1), weights)["a"]["centre"] == 2.7


def test_no_scale_still_turns():
    values = frame(a=[1.0, 2])
    assert apply_scale(values, Scale(kind="none"), np.array([-1.0]), {"a": {}})["a"].tolist() == [-1, -2]


@pytest.mark.parametrize("kind", ["percent_rank", "exponential_rank"])
def test_ranks_are_taken_within_the_reference_distribution(kind):
    values = frame(a=[5.1, 2.0, 2.0, NAN, 0.1 + 0.2, 9.0], b=[1.0, 2, 3, 4, 5, 6])
    signs, scale = np.array([-1.0, 1.0]), Scale(kind=kind)
    parameters = fit_scale(values, scale, signs, None)
    scores = apply_scale(values, scale, signs, parameters)
    own = apply_scale(values, scale, signs, json.loads(json.dumps(parameters)))
    pd.testing.assert_frame_equal(scores, own, check_exact=True)
    # alone in its table, an area is still ranked among the areas of the year that was measured
    alone = apply_scale(values.iloc[[1]], scale, signs, parameters)
    assert alone.iloc[0].tolist() == scores.iloc[1].tolist()
    assert "reference_counts" in parameters["a"]
    assert "reference_counts" not in parameters["b"]
    if kind == "percent_rank":
        assert scores["a"].tolist()[:3] == [1 / 4, 2 / 4, 2 / 4]
        beyond = apply_scale(frame(a=[-1.0, 100.0, 4.0], b=[0.0, 7.0, 3.5]), scale, signs, parameters)
        assert beyond["a"].tolist() == [1.0, 0.0, 0.5]
        assert beyond["b"].tolist() == [0.0, 1.0, 3 / 5]


def test_a_lost_or_damaged_reference_is_refused():
    values, scale, signs = frame(a=[1.0, 2]), Scale(kind="percent_rank"), np.ones(1)
    with pytest.raises(InputError, match="without its reference"):
        apply_scale(values, scale, signs, {"a": {}})
    with pytest.raises(InputError, match="damaged reference"):
        apply_scale(values, scale, signs, {"a": {"reference": "AAA"}})
