from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from regso_cluster import classify, load_method, read_factors
from regso_cluster.certainty.weight_sensitivity import vary_weights
from regso_cluster.errors import InputError


def test_by_the_definition():
    random = np.random.default_rng(0)
    scores = pd.DataFrame(random.standard_normal((45, 3)), index=[f"a{n}" for n in range(45)])
    weights = np.array([0.5, 0.3, 0.2])
    found = vary_weights(scores, weights, spread=0.5, draws=300, first=6, seed=3)
    drawn = np.random.default_rng(3).uniform(0.5, 1.5, (300, 3)) * weights
    ranks = stats.rankdata(-(drawn @ scores.to_numpy().T), method="min", axis=1)
    assert np.array_equal(found.rank, stats.rankdata(-(scores.to_numpy() @ weights), method="min"))
    assert np.array_equal(found.low, np.quantile(ranks, 0.05, axis=0, method="lower"))
    assert np.array_equal(found.high, np.quantile(ranks, 0.95, axis=0, method="higher"))
    np.testing.assert_allclose(found.stays, (ranks <= 6).mean(axis=0))
    assert found.listed.sum() == 6
    assert found.leaving == pytest.approx((ranks[:, found.listed.to_numpy()] > 6).mean())


def test_who_is_ever_gone_by_hand():
    # B is ahead of A where the second weight is more than the first: about half of the draws; C never is behind D.
    # Of the two listed, A and C, only A is gone in more than 1 - level of the draws, and none in more than 1 - 0.2
    scores = pd.DataFrame({"one": [1.001, 0.0, 5.0, 0.0], "two": [0.0, 1.0, 5.0, 0.0]}, index=list("ABCD"))
    found = vary_weights(scores, np.ones(2), spread=0.5, draws=400, first=2)
    assert found.listed.tolist() == [True, False, True, False]
    assert found.stays["C"] == 1
    assert 0.4 < found.stays["A"] < 0.6
    assert found.ever == 0.5
    assert vary_weights(scores, np.ones(2), spread=0.5, draws=400, first=2, level=0.2).ever == 0


def test_weights_that_do_not_vary_change_nothing():
    scores = pd.DataFrame(np.random.default_rng(1).standard_normal((100, 4)))
    found = vary_weights(scores, np.ones(4), spread=0.0, draws=30)
    assert found.leaving == 0
    assert found.ever == 0
    assert found.low.equals(found.high)
    assert found.listed.sum() == 10


def test_a_missing_score_is_refused():
    with pytest.raises(InputError, match="Leave areas without all factors out"):
        vary_weights(pd.DataFrame([[1.0], [np.nan]]), np.ones(1))


def test_the_english_index_of_2025(shared):
    path, method = shared / "data/foreign/imd2025_england_lsoa21.parquet", load_method("imd-2025")
    areas = classify(read_factors(path, method), method, year=2025).areas
    scores = areas[[f"{key}_score" for key in method.keys]]
    found = vary_weights(scores, np.array([factor.weight for factor in method.factors]), draws=300)
    assert np.array_equal(found.rank, areas["index_rank"])
    assert found.listed.sum() == 3376
    assert 0.01 < found.leaving < 0.06
    assert (found.low <= found.rank).all()


@pytest.mark.parametrize(
    ("weights", "spread", "hint"),
    [
        ([0.0, 0.0], 0.25, "one weight a factor"), ([1.0, 1.0, 1.0], 0.25, "one weight a factor"),
        ([1.0, -1.0], 0.25, "one weight a factor"), ([1.0, 1.0], 1.5, "by a quarter"),
    ],
)  # fmt: skip
def test_weights_that_cannot_be_are_refused(weights, spread, hint):
    scores = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 2)))
    with pytest.raises(InputError, match=hint):
        vary_weights(scores, np.array(weights), spread=spread, draws=20)
