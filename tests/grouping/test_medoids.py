import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from regso_cluster.errors import InputError
from regso_cluster.grouping.distances import pairwise_distances
from regso_cluster.grouping.medoids import KMedoids


def rows_and_weights(n=150, p=3, seed=0):
    generator = np.random.default_rng(seed)
    return generator.standard_t(3, (n, p)), generator.integers(1, 5, n).astype(float)


def loss(distances, weights, medoids):
    return float((distances[:, list(medoids)].min(axis=1) * weights).sum())


def is_locally_best(distances, weights, medoids):
    swaps = (
        [*medoids[:m], candidate, *medoids[m + 1 :]] for m in range(len(medoids)) for candidate in range(len(weights))
    )
    least = min(loss(distances, weights, swapped) for swapped in swaps)
    return least >= loss(distances, weights, medoids) * (1 - 1e-12)


# The array API check runs only where SCIPY_ARRAY_API is set: we take numpy arrays and tables.
# Two checks have fewer different rows than the default of 8 groups, which we say.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.filterwarnings("ignore:Only 4 different rows:sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks([KMedoids(), KMedoids(metric="manhattan", init="build")])
def test_scikit_learn_contract(estimator, check):
    check(estimator)


@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "mahalanobis", "gower", "correlation"])
def test_laws_of_rows_and_weights(metric):
    rows, weights = rows_and_weights(p=4)

    def fit(rows, weights=None):
        return KMedoids(5, metric=metric, n_init=3, random_state=0).fit(rows, sample_weight=weights)

    first = fit(rows, weights)
    order = np.random.default_rng(1).permutation(len(rows))
    permuted = fit(rows[order], weights[order])
    np.testing.assert_array_equal(permuted.labels_, first.labels_[order])
    np.testing.assert_array_equal(permuted.cluster_centers_, first.cluster_centers_)
    assert permuted.losses_.tobytes() == first.losses_.tobytes()
    times = weights.astype(int)
    repeated = fit(np.repeat(rows, times, axis=0))
    np.testing.assert_array_equal(repeated.labels_, np.repeat(first.labels_, times))
    assert repeated.losses_.tobytes() == first.losses_.tobytes()
    absent = np.where(np.arange(len(rows)) % 4 == 0, 0.0, weights)
    without, with_zero = fit(rows[absent > 0], absent[absent > 0]), fit(rows, absent)
    np.testing.assert_array_equal(with_zero.labels_[absent > 0], without.labels_)
    np.testing.assert_array_equal(with_zero.cluster_centers_, without.cluster_centers_)
    assert with_zero.losses_.tobytes() == without.losses_.tobytes()
    assert not (first.losses_ == fit(rows).losses_).any()


def test_attributes_are_those_of_the_definition():
    rows, weights = rows_and_weights()
    fit = KMedoids(4, n_init=5, random_state=3, factor_weights=[1, 2, 3]).fit(rows, sample_weight=weights)
    matrix = pairwise_distances(rows, factor_weights=[1, 2, 3]).values
    medoids = fit.medoid_indices_
    np.testing.assert_array_equal(rows[medoids], fit.cluster_centers_)
    np.testing.assert_array_equal(fit.labels_, matrix[:, medoids].argmin(axis=1))
    np.testing.assert_array_equal(fit.transform(rows), matrix[:, medoids])
    assert fit.labels_[medoids].tolist() == [0, 1, 2, 3]
    assert (np.diff(fit.cluster_centers_[:, 0]) > 0).all()
    assert fit.inertia_ == pytest.approx(loss(matrix, weights, medoids), rel=1e-13)
    assert fit.inertia_ == pytest.approx(fit.losses_.min(), rel=1e-13)
    assert is_locally_best(matrix, weights, medoids.tolist())
    near = np.sort(matrix[:, medoids], axis=1)
    silhouette = ((1 - near[:, 0] / near[:, 1]) * weights).sum() / weights.sum()
    assert fit.medoid_silhouette_ == pytest.approx(silhouette, rel=1e-13)
    assert np.isnan(KMedoids(1).fit(rows).medoid_silhouette_)
    new = np.random.default_rng(9).standard_normal((20, 3))
    np.testing.assert_array_equal(fit.predict(new), fit.transform(new).argmin(axis=1))


def test_silhouette_by_hand_where_everything_is_equal_counts_nothing():
    # Rows 0, 0, 4, 6 and medoids 0, 4: widths 1, 1, 1, 1 - 2 / 6
    fit = KMedoids(2, init="build").fit(np.array([[0.0], [0.0], [4.0], [6.0]]))
    assert fit.cluster_centers_.tolist() in ([[0.0], [4.0]], [[0.0], [6.0]])
    assert fit.medoid_indices_[0] == 0
    last = 1 - 2 / 6 if fit.cluster_centers_[1, 0] == 4 else 1 - 2 / 4
    assert fit.medoid_silhouette_ == pytest.approx((3 + last) / 4)


def test_finds_planted_groups():
    generator = np.random.default_rng(5)
    truth = np.repeat(np.arange(6), 50)
    rows = generator.standard_normal((6, 4))[truth] * 10 + generator.standard_normal((300, 4)) * 0.5
    assert adjusted_rand_score(truth, KMedoids(6, random_state=0).fit_predict(rows)) == 1.0


def test_precomputed_equals_rows():
    rows, weights = rows_and_weights()
    weights[::5] = 0
    order = np.lexsort(rows.T[::-1])
    rows, weights = rows[order], weights[order]  # in the order that rows have inside
    matrix = pairwise_distances(rows).values
    by_rows = KMedoids(4, random_state=1).fit(rows, sample_weight=weights)
    given = KMedoids(4, random_state=1, metric="precomputed").fit(matrix, sample_weight=weights)
    np.testing.assert_array_equal(given.medoid_indices_, by_rows.medoid_indices_)
    np.testing.assert_array_equal(given.labels_, by_rows.labels_)
    np.testing.assert_array_equal(given.predict(matrix[:7]), by_rows.labels_[:7])


def test_missing_names_pickling_threads_and_reruns():
    rows, weights = rows_and_weights()
    table = pd.DataFrame(rows, columns=["a", "b", "c"])
    table.iloc[5, 1] = np.nan
    fits = [
        KMedoids(4, metric="gower", random_state=2, n_threads=n).fit(table, sample_weight=weights)
        for n in (1, 2, 8, None)
    ]
    for fit in fits:
        assert fit.losses_.tobytes() == fits[0].losses_.tobytes()
        assert fit.labels_.tobytes() == fits[0].labels_.tobytes()
    assert fits[0].feature_names_in_.tolist() == ["a", "b", "c"]
    again = pickle.loads(pickle.dumps(fits[0]))  # noqa: S301 - our own bytes
    np.testing.assert_array_equal(again.predict(table), fits[0].labels_)
    assert again.get_feature_names_out().tolist() == ["kmedoids0", "kmedoids1", "kmedoids2", "kmedoids3"]
    with pytest.raises(ValueError, match="NaN"):
        KMedoids().fit(table)
    table.iloc[5] = np.nan
    with pytest.raises(InputError, match="149 pairs without a distance"):
        KMedoids(metric="gower").fit(table)
    with pytest.raises(InputError, match="4 distances to medoids undefined"):
        again.predict(table)


def test_warnings_and_refusals():
    rows, weights = rows_and_weights(300)
    with pytest.warns(ConvergenceWarning, match="max_iter=1"):
        KMedoids(12, max_iter=1, n_init=1, random_state=0).fit(rows)
    with pytest.warns(ConvergenceWarning, match="Only 2 different rows"):
        fit = KMedoids(3).fit([[0.0], [0.0], [1.0]])
    assert fit.labels_.tolist() == [0, 0, 1]
    for options, words in (
        ({"init": "first"}, "init must be"),
        ({"n_init": 0}, "n_init must be"),
        ({"n_clusters": 0}, "n_clusters must be"),
        ({"n_clusters": 301}, "n_samples=300"),
        ({"metric": "precomputed"}, "square"),
    ):
        with pytest.raises(ValueError, match=words):
            KMedoids(**options).fit(rows)
    with pytest.raises(ValueError, match="sample_weight"):
        KMedoids().fit(rows, sample_weight=-weights)
