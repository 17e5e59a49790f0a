"""Distances that another program computed: what rounding leaves in them is evened out, the rest is refused by cell."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import pairwise_distances as by_scikit_learn
from sklearn.metrics.pairwise import nan_euclidean_distances

from regso_cluster.clustering import Agglomerative, KMedoids, pairwise_distances
from regso_cluster.clustering.hierarchies import linkage_from_distances
from regso_cluster.clustering.medoids import best_medoids
from regso_cluster.clustering.metrics import checked_square
from regso_cluster.clustering.validity import silhouette_from_distances
from regso_cluster.errors import InputError


def rows(seed: int = 0, far: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(60, 3)) + far


@pytest.mark.parametrize("far", [0.0, 1e3])
@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "cosine", "chebyshev", "sqeuclidean"])
def test_what_scikit_learn_computes_is_taken(metric, far):
    given = by_scikit_learn(rows(far=far), metric=metric)
    square = checked_square(given)
    assert (square == square.T).all()
    assert not np.diagonal(square).any()
    assert square.min() >= 0
    np.testing.assert_allclose(square, given, atol=1e-6 * given.max())
    KMedoids(3, metric="precomputed").fit(given)
    Agglomerative(3, linkage="average", metric="precomputed").fit(given)
    best_medoids(given, 3)
    linkage_from_distances(given, "complete")


def test_rounding_on_the_diagonal_and_gaps_left_out():
    table = rows()
    table[0, 0] = table[3, 1] = np.nan
    given = nan_euclidean_distances(table)
    np.fill_diagonal(given, 1e-9)
    KMedoids(3, metric="precomputed").fit(given)
    silhouette_from_distances(given, np.arange(60) % 3)
    assert given[5, 5] == 1e-9  # the caller's matrix is left alone


def test_the_order_of_rows_and_the_transpose_change_no_bit():
    given = by_scikit_learn(rows())
    assert (given != given.T).any()
    square = checked_square(given)
    order = np.random.default_rng(1).permutation(60)
    assert (checked_square(given.T) == square).all()
    assert (checked_square(given[np.ix_(order, order)]) == square[np.ix_(order, order)]).all()
    own = pairwise_distances(rows()).values
    assert checked_square(own) is own or (checked_square(own) == own).all()


@pytest.mark.parametrize(
    ("row", "column", "value", "said"),
    [
        (
            7,
            2,
            9.5,
            r"row 2, column 7: not a matrix.*symmetric, got 3.0 there, 9.5 the other way",
        ),
        (7, 2, 3.001, "row 2, column 7"),
        (2, 7, -1.0, r"row 2, column 7.*>= 0, got -1.0 there, 3.0 the other way"),
        (2, 7, np.nan, r"row 2, column 7.*nothing missing.*nan there, 3.0 the other way"),
        (4, 4, 0.5, "row 4, column 4: a row has a distance to itself"),
    ],
)
def test_a_refusal_names_the_pair_and_both_values(row, column, value, said):
    given = np.full((300, 300), 3.0)
    np.fill_diagonal(given, 0.0)
    given[row, column] = value
    with pytest.raises(InputError, match=said):
        checked_square(given)
    with pytest.raises(InputError, match="square"):
        checked_square(given[:, :5])
