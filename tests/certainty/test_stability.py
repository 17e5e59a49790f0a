from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from regso_cluster.certainty import stability
from regso_cluster.certainty.resampling import lay_out
from regso_cluster.certainty.stability import (
    PredictionStrength,
    best_labels,
    bootstrap,
    consensus,
    judge_jaccard,
    least_pair_share,
    prediction_strength,
)
from regso_cluster.errors import InputError
from regso_cluster.parallel import Workers
from tests.certainty.planted import cloud, planted


@pytest.mark.parametrize(
    ("similarity", "verdict"),
    [(0.4999, "dissolved"), (0.5, "doubtful"), (0.5999, "doubtful"), (0.6, "pattern"), (0.7499, "pattern"),
     (0.75, "stable"), (0.8499, "stable"), (0.85, "highly stable"), (1.0, "highly stable")],
)  # fmt: skip
def test_published_cut_offs(similarity, verdict):
    assert judge_jaccard(similarity) == verdict


def test_pairs_by_hand():
    # group 0 has areas a b c, predicted 0 0 1: of 6 ordered pairs 2 are together; group 1 has d e, both 1: all pairs
    assert least_pair_share(np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 1]), 2) == pytest.approx(1 / 3)
    # a group of one area has no pair: not predicted
    assert least_pair_share(np.array([0, 0, 1]), np.array([0, 0, 1]), 2) == 0.0


def test_planted_groups_are_found_again_and_predicted():
    X, weights, group = planted(0)
    layout = lay_out(X, weights)
    labels = best_labels(layout, 4, 0)
    assert adjusted_rand_score(labels, group) > 0.98
    again = bootstrap(layout, labels, 4, n_resamples=20)
    assert again.stability > 0.97
    assert (again.jaccard.mean(axis=0) > 0.95).all()
    assert again.rand[3] == pytest.approx(adjusted_rand_score(labels, again.labels[3]))  # a third opinion
    assert prediction_strength(layout, 4, n_splits=4).mean > 0.95
    assert prediction_strength(layout, 6, n_splits=4).mean < 0.8


def test_a_cloud_cut_in_many_is_not_found_again():
    X, weights = cloud(0)
    layout = lay_out(X, weights)
    again = bootstrap(layout, best_labels(layout, 8, 0), 8, n_resamples=20)
    assert again.stability < 0.75
    assert again.jaccard.mean(axis=0).min() < 0.6


def test_weights_count():
    # residents pull the border: with all weight at one end, the two groups are there
    X = np.linspace(0, 1, 50)[:, None]
    even = best_labels(lay_out(X), 2, 0)
    pulled = best_labels(lay_out(X, np.where(X[:, 0] < 0.4, 100.0, 1.0)), 2, 0)
    assert np.bincount(even).min() == 25
    assert np.bincount(pulled).min() < 20


def test_a_resample_without_groups_counts_as_nothing():
    # two different areas, one of them rare: most resamples of three areas hold one value only, never two groups
    X = np.array([[0.0], [0.0], [1.0]])
    layout = lay_out(X)
    again = bootstrap(layout, np.array([0, 0, 1]), 2, n_resamples=60)
    lost = (again.labels < 0).all(axis=1)
    assert 0 < lost.sum() < 60
    assert (again.rand[lost] == 0).all()
    assert (again.jaccard[lost] == 0).all()
    assert (again.rand[~lost] == 1).all()


def test_areas_that_take_no_part_stay_out():
    X, weights, _ = planted(2, n=100)
    X[0], weights[1] = np.nan, 0.0
    layout = lay_out(X, weights)
    again = bootstrap(layout, best_labels(layout, 4, 0), 4, n_resamples=5)
    assert (again.labels[:, :2] == -1).all()
    assert (again.labels[:, 2:] >= 0).all()


def test_same_bytes_at_one_and_two_threads_and_with_more_resamples():
    X, weights = cloud(3, n=150)
    layout = lay_out(X, weights)
    labels = best_labels(layout, 3, 0)
    found = [bootstrap(layout, labels, 3, n_resamples=40, workers=Workers(threads=n)) for n in (1, 2)]
    assert found[0].labels.tobytes() == found[1].labels.tobytes()
    assert found[0].rand.tobytes() == found[1].rand.tobytes()
    fewer = bootstrap(layout, labels, 3, n_resamples=7)
    assert np.array_equal(fewer.labels, found[0].labels[:7])
    halves = [prediction_strength(layout, 3, n_splits=5, workers=Workers(threads=n)).strength for n in (1, 2)]
    assert halves[0].tobytes() == halves[1].tobytes()


def test_both_halves_predict_each_other(monkeypatch):
    shares = iter([0.2, 0.6, 0.4, 0.4])
    monkeypatch.setattr(stability, "least_pair_share", lambda *_: next(shares))
    found = prediction_strength(lay_out(cloud(0, n=50)[0]), 2, n_splits=2, workers=Workers(threads=1))
    assert found.strength == pytest.approx([0.4, 0.4])


def test_standard_error_of_one_split_is_not_known():
    assert np.isnan(PredictionStrength(np.array([0.5])).standard_error)
    assert PredictionStrength(np.array([0.4, 0.6])).standard_error == pytest.approx(0.1)  # sd 0.1414 / sqrt 2


def test_more_groups_than_areas_is_refused():
    with pytest.raises(InputError, match="Ask for fewer groups"):
        best_labels(lay_out([[0.0], [1.0]]), 3, 0)


def test_consensus_by_hand():
    # 0 1 always together, 2 3 always together; 1 and 2 together in one of three; 4 takes no part
    partitions = [[0, 0, 1, 1, -1], [1, 1, 0, 0, -1], [0, 0, 0, 0, -1]]
    found = consensus(partitions, 2)
    assert found.labels.tolist() == [0, 0, 1, 1, -1]
    assert found.together[:4].tolist() == [1, 1, 1, 1]
    assert np.isnan(found.together[4])
    # the areas of the other group: 0 is with each in a third
    assert found.runner_up.tolist() == [1, 1, 0, 0, -1]
    assert found.with_runner_up[:4] == pytest.approx([1 / 3] * 4)
    assert found.ambiguous == pytest.approx(8 / 12)  # the 4 pairs between, both ways: together in a third


def test_membership_by_hand():
    # 0 1 2 are a group; 0 and 1 always together, 2 with each in two of three, and with 3 in one; 3 is alone
    partitions = [[0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 1, 1]]
    found = consensus(partitions, 2)
    assert found.labels.tolist() == [0, 0, 0, 1]
    assert found.together[:3] == pytest.approx([(1 + 2 / 3) / 2, (1 + 2 / 3) / 2, 2 / 3])
    assert np.isnan(found.together[3])
    assert found.runner_up.tolist() == [-1, -1, 1, 0]  # 0 and 1 are with nobody else
    assert found.with_runner_up == pytest.approx([0, 0, 1 / 3, 1 / 9])


def test_consensus_of_resamples_finds_what_was_planted():
    X, weights, group = planted(4, n=150)
    layout = lay_out(X, weights)
    again = bootstrap(layout, best_labels(layout, 4, 0), 4, n_resamples=20)
    found = consensus(again.labels, 4, weights=weights)
    assert adjusted_rand_score(found.labels, group) > 0.97
    assert found.ambiguous < 0.05
    assert np.bincount(found.labels).tolist() == sorted(np.bincount(found.labels), reverse=True)


def test_consensus_with_a_weight_of_three_is_the_area_three_times():
    random = np.random.default_rng(3)
    partitions, weights = random.integers(0, 3, (201, 9)), random.integers(1, 9, 9)
    found = consensus(partitions, 3, weights=weights)
    again = consensus(np.repeat(partitions, weights, axis=1), 3)
    assert adjusted_rand_score(np.repeat(found.labels, weights), again.labels) == 1
    assert adjusted_rand_score(found.labels, consensus(partitions, 3).labels) < 1


@pytest.mark.parametrize("partitions", [[[0, -2]], [], [[[0]]]])
def test_no_partitions(partitions):
    with pytest.raises(InputError, match="no partitions"):
        consensus(partitions, 1)


def test_consensus_of_more_groups_than_areas():
    with pytest.raises(InputError, match="other groups"):
        consensus([[0, 0, 1]], 4)


def test_a_consensus_of_too_many_areas_is_refused_before_the_work():
    from regso_cluster.certainty.stability import refuse_too_many

    refuse_too_many(12_000)
    with pytest.raises(InputError, match="9\\.1 GB") as refused:
        refuse_too_many(33_755)
    assert "at most 12,000" in str(refused.value)
