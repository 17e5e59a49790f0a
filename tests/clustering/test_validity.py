import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics

from regso_cluster.clustering.validity import (
    calinski_harabasz,
    davies_bouldin,
    medoid_silhouette,
    silhouette,
    silhouette_from_distances,
    squared_silhouette,
    sums_of_squares,
)
from regso_cluster.errors import InputError

sys.path.insert(0, str(Path(__file__).parents[1] / "kernels"))
from tests.kernels.naive_silhouette import naive_distances, naive_moments, naive_silhouette  # beside the kernels


def country(n=150, p=4, k=4, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, k, n)
    X = rng.standard_t(3, (n, p)) + labels[:, None]
    return X, labels, rng.integers(1, 4000, n).astype(float)


def three_ways(X, labels, weights, **options):
    """Each silhouette with the distances it is made of."""
    distances = np.array(naive_distances(X))
    yield silhouette(X, labels, weights, **options), distances
    yield silhouette_from_distances(distances, labels, weights, **options), distances
    yield squared_silhouette(X, labels, weights, **options), distances**2


@pytest.mark.parametrize("weigh_distances", [True, False])
def test_silhouettes_equal_the_definition(weigh_distances):
    X, labels, weights = country(90, 3, 3)
    labels = labels * 5 + 2  # labels 2 7 12
    labels[::11] = -1
    labels[3] = 30  # alone in its group
    weights[::7] = 0.0
    weights[3] = 5.0
    inside = weights if weigh_distances else (weights > 0).astype(float)
    for found, distances in three_ways(X, labels, weights, weigh_distances=weigh_distances):
        expected = naive_silhouette(distances.tolist(), labels.tolist(), inside.tolist())
        own, other, nearest, width = (np.array(part) for part in zip(*expected, strict=True))
        np.testing.assert_allclose(found.own, own, rtol=1e-11)
        np.testing.assert_allclose(found.other, other, rtol=1e-11)
        np.testing.assert_allclose(found.width, width, rtol=1e-10, atol=1e-12)
        np.testing.assert_array_equal(found.nearest, nearest)
        kept = labels >= 0
        assert found.mean == pytest.approx(np.average(width[kept], weights=weights[kept]), rel=1e-11)
        assert found.groups.tolist() == [2, 7, 12, 30]
        for g, mean in zip(found.groups, found.group_means, strict=True):
            assert mean == pytest.approx(np.average(width[labels == g], weights=weights[labels == g]), abs=1e-12)


@pytest.mark.parametrize(("n", "k"), [(1000, 5), (300, 60), (40, 40)])
def test_scikit_learn_agrees(n, k):
    X, labels, _ = country(n, 7, k)
    if n == k:
        labels = np.arange(n)
        for found, _ in three_ways(X, labels, None):  # scikit-learn refuses; Rousseeuw: alone is 0
            assert found.width.tolist() == [0.0] * n
        return
    for (found, _), metric in zip(three_ways(X, labels, None), ("euclidean", "euclidean", "sqeuclidean"), strict=True):
        np.testing.assert_allclose(found.width, metrics.silhouette_samples(X, labels, metric=metric), atol=1e-12)
    assert calinski_harabasz(X, labels) == pytest.approx(metrics.calinski_harabasz_score(X, labels), rel=1e-12)
    assert davies_bouldin(X, labels) == pytest.approx(
        metrics.davies_bouldin_score(X, labels), rel=1e-7
    )  # expands squares


def test_by_hand():
    # On a line: 0 and 2 in group 0, 10 and 10 in group 1, weights 1 3 1 1.
    # Row 0: own 2, other 10: 0.8. Row 1: own 2, other 8: 0.75. Rows 2 and 3: own 0, so 1.
    # Mean (0.8 + 3 * 0.75 + 1 + 1) / 6. Row 2: other (10 + 3 * 8) / 4 = 8.5, without weights inside 9.
    X, labels, weights = (
        np.array([[0.0], [2.0], [10.0], [10.0]]),
        np.array([0, 0, 1, 1]),
        np.array([1.0, 3, 1, 1]),
    )
    found = silhouette(X, labels, weights)
    np.testing.assert_allclose(found.width, [0.8, 0.75, 1.0, 1.0], rtol=1e-15)
    assert found.mean == pytest.approx(5.05 / 6, rel=1e-15)
    assert found.other[2] == 8.5
    assert silhouette(X, labels, weights, weigh_distances=False).other[2] == 9.0
    # Group 0: centre 1.5, within 1.5^2 + 3 * 0.5^2 = 3; group 1: 10, 0. All: centre 26/6 = 13/3.
    # Between 4 * (17/6)^2 = 289/9 and 2 * (17/3)^2 = 578/9; (867/9 / 1) / (3 / 2) = 578/9
    sums = sums_of_squares(X, labels, weights)
    assert sums.centre.tolist() == [[1.5], [10.0]]
    assert sums.within.tolist() == [3.0, 0.0]
    np.testing.assert_allclose(sums.between, [289 / 9, 578 / 9], rtol=1e-15)
    assert (sums.size.tolist(), sums.mass.tolist()) == ([2, 2], [4.0, 2.0])
    assert calinski_harabasz(X, labels, weights) == pytest.approx(578 / 9, rel=1e-14)
    # Mean distance to the centre (1 * 1.5 + 3 * 0.5) / 4 = 0.75 and 0; centres 8.5 apart
    assert davies_bouldin(X, labels, weights) == pytest.approx(0.75 / 8.5, rel=1e-15)


def test_medoid_silhouette_by_hand():
    # Medoids 0 and 10: row 3 has 1 - 3/7, row 10 has 1 - 0/10, row 0 too. Weights 1 1 2.
    X = np.array([[0.0], [10.0], [3.0]])
    assert medoid_silhouette(X, [0, 1], [1, 1, 2]) == pytest.approx((1 + 1 + 2 * 4 / 7) / 4, rel=1e-15)
    assert medoid_silhouette(np.zeros((3, 1)), [0, 1]) == 1.0


def test_moments_equal_the_definition():
    X, labels, weights = country(60, 3, 3)
    sums = sums_of_squares(X, labels, weights)
    for g, (mass, size, centre, within, _) in enumerate(naive_moments(X.tolist(), labels, weights, 3)):
        assert (sums.mass[g], sums.size[g]) == (mass, size)
        np.testing.assert_allclose(sums.centre[g], centre, rtol=1e-12)
        np.testing.assert_allclose(sums.within[g], within, rtol=1e-12)
    total = sums_of_squares(X, np.zeros(60, int), weights)
    assert (sums.within.sum() + sums.between.sum()) == pytest.approx(total.within.sum(), rel=1e-13)
    assert total.between[0] == pytest.approx(0.0, abs=1e-20 * total.within[0] + 1e-20)


INDICES = {
    "silhouette": lambda X, g, w: silhouette(X, g, w).mean,
    "squared": lambda X, g, w: squared_silhouette(X, g, w).mean,
    "matrix": lambda X, g, w: silhouette_from_distances(np.array(naive_distances(X)), g, w).mean,
    "calinski": calinski_harabasz,
    "davies": davies_bouldin,
}


@pytest.mark.parametrize("name", INDICES)
def test_laws(name):
    index = INDICES[name]
    X, labels, weights = country(120, 3, 3)
    base = index(X, labels, weights)
    order = np.random.default_rng(1).permutation(len(X))
    assert index(X[order], labels[order], weights[order]) == pytest.approx(base, rel=1e-12)
    assert index(X, labels, weights * 1000) == pytest.approx(base, rel=1e-12)
    assert index(X * 1024, labels, weights) == pytest.approx(base, rel=1e-12)
    assert index(np.round(X, 6) + 1e6, labels, weights) == pytest.approx(
        index(np.round(X, 6), labels, weights), rel=1e-7
    )
    assert index(X, labels, None) == index(X, labels, np.full(len(X), 1.0))
    assert index(X, labels, None) != pytest.approx(base, rel=1e-6)
    absent = weights.copy()
    absent[::3] = 0.0
    kept = absent > 0
    assert index(X, labels, absent) == pytest.approx(index(X[kept], labels[kept], absent[kept]), rel=1e-12)
    apart = np.where(kept, labels, -1)
    assert index(X, apart, weights) == pytest.approx(index(X, labels, absent), rel=1e-12)
    wanted = np.where(kept, labels, 9)  # a whole group of weight 0
    assert index(X, wanted, absent) == pytest.approx(index(X, labels, absent), rel=1e-12)


def test_constants():
    X, labels = np.full((6, 2), 3.0), np.array([0, 0, 0, 1, 1, 1])
    for found, _ in three_ways(X, labels, None):
        assert found.width.tolist() == [0.0] * 6
    assert np.isnan(calinski_harabasz(X, labels))
    assert davies_bouldin(X, labels) == np.inf
    X[3:] = 4.0
    for found, _ in three_ways(X, labels, None):
        assert found.width.tolist() == [1.0] * 6
    assert calinski_harabasz(X, labels) == np.inf
    assert davies_bouldin(X, labels) == 0.0


def test_a_huge_offset_costs_no_digits():
    X, labels, weights = country(200, 3, 3)
    near = np.round(X * 2**20) / 2**20
    far = near + 2.0**30  # both exact
    for (one, _), (two, _) in zip(three_ways(near, labels, weights), three_ways(far, labels, weights), strict=True):
        np.testing.assert_allclose(one.width, two.width, atol=1e-6)
    np.testing.assert_array_equal(silhouette(near, labels).width, silhouette(far, labels).width)


def test_input_is_left_alone_and_labels_may_be_far_apart():
    X, labels, weights = country(50, 2, 3)
    before = X.copy(), labels.copy(), weights.copy()
    found = silhouette(X, labels, weights)
    for given, kept in zip((X, labels, weights), before, strict=True):
        np.testing.assert_array_equal(given, kept)
    far = silhouette(X, labels * 10**12, weights)
    assert far.width.tobytes() == found.width.tobytes()
    np.testing.assert_array_equal(far.nearest, found.nearest * 10**12)


GOOD = np.array([[0.0], [1.0], [5.0], [6.0]])
SPLIT = np.array([0, 0, 1, 1])


@pytest.mark.parametrize(
    ("call", "hint"),
    [
        (lambda: silhouette([[0.0], [np.nan], [5.0], [6.0]], SPLIT), "impute"),
        (lambda: silhouette([[0.0], [np.inf], [5.0], [6.0]], SPLIT), r"X\[1, 0\]"),
        (lambda: silhouette([0.0, 1.0], [0, 1]), "two dimensions"),
        (lambda: silhouette(GOOD, [0, 0, 0, 0]), "Ask for more groups"),
        (lambda: silhouette(GOOD, [-1, -1, -1, -1]), "No row is assigned"),
        (lambda: silhouette(GOOD, [0, 0, 1, -2]), "or -1"),
        (lambda: silhouette(GOOD, [0, 0, 1]), "whole numbers"),
        (lambda: silhouette(GOOD, [0.0, 0, 1, 1]), "Use -1"),
        (lambda: silhouette(GOOD, SPLIT, [1, 1, 0, 0]), "Ask for more groups"),
        (lambda: squared_silhouette(GOOD, SPLIT, [1, 1, 0, 0]), "Ask for more groups"),
        (lambda: davies_bouldin(GOOD, SPLIT, [1, 1, 0, 0]), "Ask for more groups"),
        (lambda: calinski_harabasz(GOOD, SPLIT, [1, 1, 0, 0]), "Ask for more groups"),
        (lambda: silhouette(GOOD, SPLIT, [0, 0, 0, 0]), "above 0"),
        (lambda: silhouette(GOOD, SPLIT, [1, 1, -1, 1]), "without residents"),
        (lambda: silhouette(GOOD, SPLIT, [1, 1, np.nan, 1]), "without residents"),
        (lambda: silhouette(GOOD, SPLIT, [1, 1]), "weights do not fit"),
        (lambda: silhouette_from_distances(np.ones((4, 3)), SPLIT), "square"),
        (lambda: silhouette_from_distances(np.full((4, 4), np.nan), SPLIT), "nothing in common"),
        (lambda: silhouette_from_distances(np.ones((4, 4)), SPLIT), "to itself"),
        (lambda: silhouette_from_distances(np.eye(4) - 1, SPLIT), "not a distance"),
        (lambda: calinski_harabasz(GOOD, [0, 1, 2, 3]), "Ask for fewer groups"),
        (lambda: sums_of_squares(GOOD, [-1] * 4), "No row is assigned"),
        (lambda: medoid_silhouette(GOOD, [0, 0]), "different rows"),
        (lambda: medoid_silhouette(GOOD, [0]), "two or more"),
        (lambda: medoid_silhouette(GOOD, [0, 4]), "0 .. 3"),
        (lambda: medoid_silhouette(GOOD, [0, 1], [0, 0, 0, 0]), "above 0"),
    ],
)
def test_refusals(call, hint):
    with pytest.raises(InputError, match=hint):
        call()
