import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score

from regso_cluster.clustering.distances import pairwise_distances
from regso_cluster.clustering.medoids import KMedoids
from regso_cluster.errors import InputError


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
    fit = KMedoids(2, n_init="build").fit(np.array([[0.0], [0.0], [4.0], [6.0]]))
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


def test_missing_values_and_names():
    rows, weights = rows_and_weights()
    table = pd.DataFrame(rows, columns=["a", "b", "c"])
    table.iloc[5, 1] = np.nan
    fit = KMedoids(4, metric="gower", random_state=2).fit(table, sample_weight=weights)
    assert fit.get_feature_names_out().tolist() == ["kmedoids0", "kmedoids1", "kmedoids2", "kmedoids3"]
    with pytest.raises(InputError, match=r"X\[5, 1\]: X contains NaN.*metric='gower'"):
        KMedoids().fit(table)
    table.iloc[5] = np.nan
    with pytest.raises(InputError, match="149 pairs without a distance"):
        KMedoids(metric="gower").fit(table)
    with pytest.raises(InputError, match="4 distances to medoids undefined"):
        fit.predict(table)


def test_warnings_and_refusals():
    rows, weights = rows_and_weights(300)
    with pytest.warns(ConvergenceWarning, match="max_iter=1"):
        KMedoids(12, max_iter=1, n_init=1, random_state=0).fit(rows)
    with pytest.warns(ConvergenceWarning, match="Only 2 different rows"):
        fit = KMedoids(3).fit([[0.0], [0.0], [1.0]])
    assert fit.labels_.tolist() == [0, 0, 1]
    for options, words in (
        ({"n_init": "first"}, r"n_init must be one of \['build'\]"),
        ({"n_init": rows[:8]}, "n_init must be"),
        ({"missing": ["drop"]}, "unknown rule for missing values"),
        ({"n_init": 0}, "n_init must be"),
        ({"n_clusters": 0}, "n_clusters must be"),
        ({"n_clusters": 301}, "n_samples=300"),
        ({"metric": "precomputed"}, "square"),
    ):
        with pytest.raises(ValueError, match=words):
            KMedoids(**options).fit(rows)
    with pytest.raises(ValueError, match="sample_weight"):
        KMedoids().fit(rows, sample_weight=-weights)
