from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.cluster import KMeans

from regso_cluster.certainty import stability, structure
from regso_cluster.certainty.null_data import _weighted_ranks, draw_cloud, measure_cloud, orthonormal, stretch
from regso_cluster.certainty.resampling import Effort
from regso_cluster.certainty.structure import (
    _choose,
    assess_structure,
    failed,
    gap_statistic,
    say_structure,
    structure_figures,
)
from regso_cluster.clustering.validity import silhouette
from regso_cluster.errors import InputError
from regso_cluster.method import StructureRule
from regso_cluster.parallel import Workers, child_seed
from tests.certainty.planted import cloud, planted

SMALL = StructureRule(fewest=2, most=6, clouds=10, resamples=10, splits=3)


def covariance(X, weights):
    return np.cov(X.T, aweights=weights, ddof=0)


@pytest.mark.parametrize("margins", ["gaussian", "skewed"])
def test_clouds_have_the_covariance_weights_and_gaps_of_the_table(margins):
    X, weights = cloud(0)
    X = np.exp(0.4 * X / X.std(axis=0))
    made = draw_cloud(measure_cloud(X, weights, margins), np.random.default_rng(0))
    assert np.allclose(np.average(made, axis=0, weights=weights), np.average(X, axis=0, weights=weights))
    assert np.allclose(covariance(made, weights), covariance(X, weights))
    X[3, 1] = np.nan
    made = draw_cloud(measure_cloud(X, weights, margins), np.random.default_rng(0))
    assert np.argwhere(np.isnan(made)).tolist() == [[3, 1]]


def test_skewed_clouds_are_skewed_as_the_table():
    X = np.random.default_rng(0).lognormal(0, 0.5, (4000, 2))
    weights = np.ones(len(X))
    found = measure_cloud(X, weights)
    # a log-normal is the g-and-h distribution with g = its sigma and h = 0
    assert found.g == pytest.approx([0.5, 0.5], abs=0.06)
    assert found.h == pytest.approx([0, 0], abs=0.05)
    made = draw_cloud(found, np.random.default_rng(1))
    ends = [0.05, 0.25, 0.75, 0.95]
    assert np.quantile(made[:, 0], ends) == pytest.approx(stats.lognorm(0.5).ppf(ends), rel=0.15)
    gaussian = draw_cloud(measure_cloud(X, weights, "gaussian"), np.random.default_rng(1))
    assert abs(stats.skew(gaussian[:, 0])) < 0.2


def test_tails_are_measured_and_never_fold():
    random = np.random.default_rng(0)
    weights = np.ones(4000)
    assert measure_cloud(random.standard_t(3, (4000, 1)), weights).h[0] > 0.08
    assert measure_cloud(random.uniform(size=(4000, 1)), weights).h[0] == 0.0
    z = np.linspace(-4, 4, 101)
    assert (np.diff(stretch(z, -0.7, 0.1)) > 0).all()
    assert np.array_equal(stretch(z, 0.0, 0.0), z)


def test_two_humps_are_not_copied_into_the_cloud():
    X = np.concatenate([np.full(500, -3.0), np.full(500, 3.0)])[:, None] + np.random.default_rng(0).normal(
        size=(1000, 1)
    )
    made = draw_cloud(measure_cloud(X, np.ones(1000)), np.random.default_rng(0))[:, 0]
    assert (np.abs(X[:, 0]) < 1).mean() < 0.05
    assert (np.abs(made) < 1).mean() > 0.15


def test_orthonormal_by_hand():
    # columns (1, -1) and (1, 1) with weights 1, 3: the first has variance 1; their covariance is 1/4 - 3/4 = -1/2
    rows = np.array([[1.0, 1.0], [-1.0, 1.0]])
    Q, T = orthonormal(rows, np.array([1.0, 3.0]))
    assert np.allclose(T, [[1.0, 0.0], [-0.5, np.sqrt(0.75)]])
    assert np.allclose(Q @ T.T, rows)


def test_a_factor_that_others_give_makes_no_fault():
    X, weights = cloud(1)
    X = np.column_stack([X, X[:, 0] - 2 * X[:, 1], np.full(len(X), 7.0)])
    made = draw_cloud(measure_cloud(X, weights), np.random.default_rng(0))
    assert np.allclose(made[:, 4], made[:, 0] - 2 * made[:, 1])
    assert np.allclose(made[:, 5], 7.0)


def test_gap_of_the_table_is_that_of_another_program():
    X, weights, _ = planted(0, n=200)
    found = gap_statistic(X, (2, 4), weights, n_clouds=5)
    for place, k in enumerate((2, 4)):
        other = KMeans(k, n_init=20, random_state=0).fit(X, sample_weight=weights)
        assert found.table[place] == pytest.approx(np.log(other.inertia_), rel=1e-9)
    assert found.error == pytest.approx(found.clouds.std(axis=0) * np.sqrt(1.2))
    assert found.gap == pytest.approx(found.clouds.mean(axis=0) - found.table)
    assert found.gap[1] > 0.5


def test_gap_needs_the_weights():
    X, weights, _ = planted(0, n=200)
    weights[:50] *= 40
    assert not np.allclose(gap_statistic(X, (3,), weights, n_clouds=5).gap, gap_statistic(X, (3,), n_clouds=5).gap)


@pytest.mark.thorough
def test_planted_groups_are_types_with_the_right_number_and_a_cloud_is_bands():
    # what must hold: at least 19 of 20 seeds, both ways
    found = [assess_structure(*planted(seed, k=2 + seed % 4)[:2], SMALL, seed=seed) for seed in range(20)]
    assert sum(one.choice == 2 + seed % 4 and one.verdict == "types" for seed, one in enumerate(found)) >= 19
    clouds = [assess_structure(*cloud(seed), SMALL, seed=seed) for seed in range(20)]
    assert sum(one.verdict == "bands" and one.choice is None for one in clouds) >= 19


def test_a_skewed_cloud_is_bands_though_a_normal_one_is_another():
    X, weights = cloud(5, n=1500)
    X = np.exp(0.7 * X / X.std(axis=0))
    rule = replace(SMALL, most=5)
    skewed = assess_structure(X, weights, rule)
    assert skewed.verdict == "bands"
    assert skewed.by_k["less_scatter"].abs().max() < 0.05
    gaussian = assess_structure(X, weights, replace(rule, clouds_like="gaussian"))
    assert gaussian.by_k.loc[5, "gap"] > skewed.by_k.loc[5, "gap"] + 0.02


def row(**changes):
    return {"gap": 0.2, "gap_error": 0.05, "less_scatter": 0.18, "strength": 0.8, "jaccard": 0.6} | changes


@pytest.mark.parametrize(
    ("changes", "fails"),
    [({}, []), ({"gap": 0.1}, ["gap"]), ({"gap": 0.1001}, []), ({"less_scatter": 0.05}, []),
     ({"less_scatter": 0.0499}, ["gap"]), ({"strength": 0.7999}, ["prediction strength"]),
     ({"jaccard": 0.5999}, ["Jaccard"]),
     ({"strength": float("nan"), "jaccard": 0.0}, ["prediction strength", "Jaccard"])],
)  # fmt: skip
def test_the_rule_at_its_cut_offs(changes, fails):
    assert failed(row(**changes), StructureRule()) == fails


def table(fails, strength):
    by_k = pd.DataFrame([row(strength=s) for s in strength], index=pd.RangeIndex(2, 2 + len(fails), name="k"))
    by_k["fails"] = fails
    return by_k.assign(stands=by_k["fails"] == "")


def test_the_choice_and_its_runner_up_are_written_down():
    rule = StructureRule()
    assert _choose(table(["", "", "Jaccard"], [0.9, 0.85, 0.7]), rule)[:3] == ("types", 3, 2)
    verdict, choice, runner_up, reason = _choose(table(["gap", "", "Jaccard"], [0.7, 0.9, 0.8]), rule)
    assert (verdict, choice, runner_up) == ("types", 3, 4)
    assert "Runner-up 4: fails: least Jaccard of a group 0.60 (0.6 wanted)" in reason
    verdict, choice, runner_up, reason = _choose(table(["gap, Jaccard", "gap", "gap"], [0.9, 0.5, 0.6]), rule)
    assert (verdict, choice, runner_up) == ("bands", None, 4)
    assert "bands, not types" in reason
    assert "Nearest comes 4" in reason


def test_what_a_release_says():
    X, weights, _ = planted(0)
    types = assess_structure(X, weights, SMALL)
    assert say_structure(types, 4)[0].startswith("the clusters are types: 4 groups")
    assert "do not stand" in say_structure(types, 6)[0]
    assert "was not looked at" in say_structure(types, 9)[0]
    figures = structure_figures(types, 4)
    assert figures["verdict"] == "types"
    assert figures["own_stands"] is True
    assert set(figures["by_k"]) == {"2", "3", "4", "5", "6"}
    bands = assess_structure(*cloud(0), SMALL)
    assert say_structure(bands, 6)[0].startswith("bands, not types")


def test_residents_of_groups_and_their_verdicts():
    X, weights, group = planted(0)
    found = assess_structure(X, weights, SMALL)
    four = found.groups[found.groups["k"] == 4]
    assert sorted(four["residents"]) == sorted(np.bincount(group, weights))
    assert four["residents"].min() == found.by_k.loc[4, "smallest"]
    assert set(four["verdict"]) == {"highly stable"}
    by_area = assess_structure(X, None, SMALL, residents=weights)
    assert sorted(by_area.groups.query("k == 4")["residents"]) == sorted(np.bincount(group, weights))
    unknown = assess_structure(X, None, SMALL, residents=np.full(len(X), np.nan))
    assert unknown.by_k["smallest"].isna().all()  # not the number of areas


def test_a_number_of_groups_is_as_good_as_its_worst_group():
    X, weights, _ = planted(0, k=3, n=80)
    found = assess_structure(X, weights, StructureRule(most=5, clouds=5, resamples=5, splits=2))
    by_group = found.groups.groupby("k")["jaccard"]
    assert found.by_k["jaccard"].tolist() == by_group.min().tolist()
    assert (by_group.max() > by_group.min() + 0.01).any()
    assert found.by_k["smallest"].tolist() == found.groups.groupby("k")["residents"].min().tolist()


def test_weighted_ranks_by_hand():
    # 1, 2, 3 with weights 1, 1, 2 of 4: the middle of each stands at 0.5, 1.5 and 3 of 4
    order, share = _weighted_ranks(np.array([3.0, 1.0, 2.0]), np.array([2.0, 1.0, 1.0]))
    assert order.tolist() == [1, 2, 0]
    assert share.tolist() == [0.125, 0.375, 0.75]


def test_the_silhouette_is_weighted():
    X, weights, _ = planted(0, apart=3.0)
    weights[X[:, 0] > 0] *= 30
    found = assess_structure(X, weights, replace(SMALL, most=2))
    assert found.by_k.loc[2, "silhouette"] == pytest.approx(silhouette(X, found.labels[2], weights).mean)
    assert found.by_k.loc[2, "silhouette"] != pytest.approx(silhouette(X, found.labels[2]).mean, abs=1e-3)


def test_gaps_in_the_table_are_borne():
    X, weights, _ = planted(0)
    X[::7, 0] = np.nan
    X[5] = np.nan
    assert assess_structure(X, weights, SMALL).choice == 4


def test_same_bytes_at_one_and_two_threads_and_in_another_order():
    X, weights = cloud(0, n=150)
    rule = replace(SMALL, most=3)
    order = np.random.default_rng(0).permutation(len(X))
    found = [assess_structure(X, weights, rule, workers=Workers(threads=n)) for n in (1, 2)]
    pd.testing.assert_frame_equal(found[0].by_k, found[1].by_k, check_exact=True)
    turned = assess_structure(X[order], weights[order], rule)
    columns = ["gap", "stability", "strength", "jaccard"]
    pd.testing.assert_frame_equal(found[0].by_k[columns], turned.by_k[columns], check_exact=True)
    serial = [gap_statistic(X, (2, 3), n_clouds=5, effort=Effort(2, 3), workers=Workers(threads=n)) for n in (1, 2)]
    assert serial[0].clouds.tobytes() == serial[1].clouds.tobytes()


def test_refusals():
    with pytest.raises(InputError, match="Leave out factors"):
        assess_structure(np.column_stack([np.arange(30.0), np.where(np.arange(30) < 12, 1.0, np.nan)]))
    with pytest.raises(InputError, match="Classify more areas"):
        assess_structure(np.array([[0.0], [1.0], [2.0]]))
    with pytest.raises(InputError, match="Ask for fewer groups"):
        gap_statistic(np.arange(20.0)[:, None], (2, 21), n_clouds=5)


def test_no_two_streams_of_random_numbers_are_one(monkeypatch):
    asked = []

    def noted(*path):
        asked.append(path)
        return child_seed(*path)

    for module in (stability, structure):
        monkeypatch.setattr(module, "child_seed", noted)
    X, weights, _ = planted(0, k=3, n=80)
    rule = StructureRule(most=3, clouds=5, resamples=5, splits=3)
    assess_structure(X, weights, rule, seed=7, workers=Workers(threads=1))
    # for each of two numbers: 4 chains; 5 resamples, 3 splits of a table and fits of 1 and 2; a cloud and its fits
    assert len(asked) == 2 * (4 + 5 * 2 + 3 * 3 + 1 + 5) + 5
    assert len({tuple(child_seed(*path).generate_state(4)) for path in asked}) == len(asked)
