"""Published examples of school data, from their rows where these are at hand, from typed-in sums always."""

import numpy as np
import pandas as pd
import pytest

from regso_cluster.errors import InputError
from regso_cluster.survey.design import Design, Stage, stratified
from regso_cluster.survey.estimates import (
    contrast,
    estimate_means,
    estimate_quantile,
    linearise_mean,
    linearise_ratio,
    tabulate,
)
from regso_cluster.survey.intervals import interval


def with_moments(count, mean, variance):
    """Numbers with exactly this mean and variance."""
    raw = np.arange(count, dtype=float)
    return mean + (raw - raw.mean()) * np.sqrt(variance / raw.var(ddof=1))


def schools_by_stratum():
    """apistrat from its three rows: units, schools, mean and variance of api00 and of enroll."""
    rows = [
        (100, 4421, 674.43, 15687.419292929, 416.78, 27576.880404040),
        (50, 755, 625.82, 11947.089387755, 1320.70, 450339.928571429),
        (50, 1018, 636.60, 13824.857142857, 832.48, 156307.275102041),
    ]
    stratum = np.repeat([0, 1, 2], [row[0] for row in rows])
    values = np.concatenate(
        [np.column_stack([with_moments(row[0], *row[2:4]), with_moments(row[0], *row[4:])]) for row in rows]
    )
    return stratum, np.array([row[1] for row in rows], dtype=float), values


def test_a_stratified_sample_of_schools():
    stratum, persons, values = schools_by_stratum()
    draw = stratified(stratum, persons)
    found = estimate_means(draw, values, np.zeros(200, int), 1)
    assert found.value[0, 0] == pytest.approx(662.2873636, abs=1e-7)
    assert np.sqrt(found.variance[0, 0]) == pytest.approx(9.4089409, abs=1e-7)
    assert found.freedom.tolist() == [197]
    total = values[:, 1]
    assert float(draw.weights @ total) == pytest.approx(3687177.52, abs=0.01)
    assert np.sqrt(draw.covariance_of_totals(total[:, None])[0, 0]) == pytest.approx(114641.715, abs=1e-3)
    without = stratified(stratum, persons, replacement=True)
    linearised = linearise_mean(draw.weights, values[:, 0])[1]
    assert np.sqrt(without.covariance_of_totals(linearised[:, None])[0, 0]) == pytest.approx(9.5361323, abs=1e-7)


def test_design_effect_of_schools():
    stratum, persons, values = schools_by_stratum()
    found = estimate_means(stratified(stratum, persons), values[:, :1], np.zeros(200, int), 1)
    assert found.effect[0, 0] == pytest.approx(1.204457, abs=1e-6)


# apiclus1 from its fifteen rows: schools, sums of api00 and of enroll of each of the clusters drawn of 757
CLUSTERS = [(13, 9372, 6777), (34, 22508, 15038), (4, 2077, 1668), (13, 8593, 6958), (16, 11369, 9025)]
CLUSTERS += [(2, 1116, 683), (1, 551, 274), (4, 1888, 1436), (12, 9111, 7375), (21, 13761, 14968), (9, 6386, 2180)]
CLUSTERS += [(11, 7359, 6081), (37, 20394, 25814), (2, 905, 680), (4, 2493, 1641)]


def test_a_cluster_sample_of_schools():
    size, score, enrolled = (np.array(column, dtype=float) for column in zip(*CLUSTERS, strict=True))
    draw = Design(np.full(15, 33.846996307373), (Stage(np.zeros(15, int), np.arange(15), np.full(15, 15 / 757)),))
    mean, linearised = linearise_ratio(draw.weights, score, size)
    error = float(np.sqrt(draw.covariance_of_totals(linearised[:, None])[0, 0]))
    assert (mean, error) == pytest.approx((644.1693989, 23.5422407), abs=1e-7)
    assert float(draw.weights @ enrolled) == pytest.approx(3404940.135, abs=1e-3)
    assert np.sqrt(draw.covariance_of_totals(enrolled[:, None])[0, 0]) == pytest.approx(932235.027, abs=1e-3)
    low, high = interval(np.array([mean]), np.array([error**2]), np.array([14.0]), form="mean")
    assert (low[0], high[0]) == pytest.approx((593.676314, 694.662483), abs=1e-6)


def test_domains_and_their_gap_in_real_rows(shared):
    rows = pd.read_csv(shared / "data/survey/apistrat.csv")
    draw = stratified(pd.factorize(rows["stype"], sort=True)[0], np.array([4421.0, 755, 1018]))
    yes = (rows["sch.wide"] == "Yes").to_numpy()
    values = rows["api00"].to_numpy(dtype=float)
    gap = contrast(draw, [linearise_mean(draw.weights, values, part) for part in (yes, ~yes)], np.array([1.0, -1.0]))
    assert (gap.value, gap.error) == pytest.approx((82.783585, 21.400055), abs=1e-6)
    assert gap.covariance[0, 1] == pytest.approx(-0.305182398, abs=1e-8)
    found = estimate_means(draw, values[:, None], yes.astype(int), 2)
    assert found.value.ravel() == pytest.approx([593.746858, 676.530444], abs=1e-6)
    assert np.sqrt(found.variance.ravel()) == pytest.approx([18.619168, 10.520389], abs=1e-6)


def test_domains_of_clusters_in_real_rows(shared):
    rows = pd.read_csv(shared / "data/survey/apiclus1.csv")
    cluster = pd.factorize(rows["dnum"], sort=True)[0]
    count = len(rows)
    draw = Design(np.full(count, 33.846996307373), (Stage(np.zeros(count, int), cluster, np.full(count, 15 / 757)),))
    kind = pd.factorize(rows["stype"], sort=True)[0]
    values = rows["api00"].to_numpy(dtype=float)
    found = estimate_means(draw, values[:, None], kind, 3)
    assert found.value.ravel() == pytest.approx([648.868056, 618.571429, 631.44], abs=1e-6)
    assert np.sqrt(found.variance.ravel()) == pytest.approx([22.362409, 38.020249, 31.609465], abs=1e-6)
    parts = [linearise_mean(draw.weights, values, kind == each) for each in (1, 0)]
    gap = contrast(draw, parts, np.array([1.0, -1.0]))
    assert (gap.value, gap.error) == pytest.approx((-30.296627, 30.02761), abs=1e-5)
    assert gap.covariance[0, 1] == pytest.approx(521.979780, abs=1e-6)
    whole = estimate_means(draw, values[:, None], np.zeros(count, int), 1)
    assert whole.effect[0, 0] == pytest.approx(9.345869, abs=1e-6)


def test_two_ways_to_the_variances_of_domains_agree():
    draw = np.random.default_rng(3)
    stratum = np.repeat(np.arange(20), 15)
    design = stratified(stratum, draw.integers(20, 300, 20).astype(float))
    values, domain = draw.random((300, 3)), draw.integers(-1, 4, 300)
    values[draw.random((300, 3)) < 0.1] = np.nan
    found = estimate_means(design, values, domain, 4)
    for each in range(4):
        for variable in range(3):
            value, linearised = linearise_mean(design.weights, values[:, variable], domain == each)
            assert found.value[each, variable] == pytest.approx(value)
            assert found.variance[each, variable] == pytest.approx(
                design.covariance_of_totals(linearised[:, None])[0, 0]
            )
            assert found.answers[each, variable] == ((domain == each) & ~np.isnan(values[:, variable])).sum()


def test_a_filtered_file_would_have_another_variance():
    stratum = np.array([0] * 6 + [1] * 6)
    values, domain = np.arange(12.0), np.array([0, 1] * 6)
    whole = stratified(stratum, np.array([60.0, 90.0]), replacement=True)
    right = estimate_means(whole, values[:, None], domain, 2).variance[0, 0]
    rows = domain == 0
    filtered = Design(whole.weights[rows], (Stage(stratum[rows], np.arange(6), np.zeros(6)),))
    wrong = estimate_means(filtered, values[rows, None], np.zeros(6, int), 1).variance[0, 0]
    assert right != pytest.approx(wrong, rel=1e-3)


def test_a_domain_without_answers_is_empty_and_not_zero():
    design = stratified(np.zeros(4, int), np.array([40.0]))
    found = estimate_means(design, np.array([[1.0], [0.0], [np.nan], [np.nan]]), np.array([0, 0, 1, 1]), 3)
    assert np.isnan(found.value[1:]).all()
    assert np.isnan(found.variance[1:]).all()
    table = tabulate(found, ["a", "b", "c"], ["x"])
    assert table["answers"].tolist() == [2, 0, 0]
    with pytest.raises(InputError, match="nobody in the domain"):
        linearise_mean(design.weights, np.full(4, np.nan))


def test_quantiles_and_shapes():
    weights = np.array([1.0, 1.0, 8.0])
    assert estimate_quantile(weights, np.array([3.0, 1.0, 2.0]), 0.5) == 2.0
    assert estimate_quantile(weights, np.array([3.0, 1.0, 2.0]), 0.1) == 1.0
    assert estimate_quantile(weights, np.array([3.0, 1.0, 2.0]), 1.0) == 3.0
    design = stratified(np.zeros(3, int), np.array([9.0]))
    with pytest.raises(InputError, match="do not fit"):
        estimate_means(design, np.ones((4, 1)), np.zeros(3, int), 1)
