from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import block_diag, csr_array
from scipy.spatial.distance import pdist, squareform

from regso_cluster.clustering.regions import ContiguousAgglomerative, price_of_contiguity
from regso_cluster.errors import InputError
from tests.clustering.region_cases import grid, pieces, smooth, within

GRAPH = grid(7, 8)
X = smooth(GRAPH, 3)
WEIGHTS = np.random.default_rng(1).uniform(1, 5, 56)
PLACES = np.array([(r, c) for r in range(7) for c in range(8)]) + 0.3 * np.random.default_rng(2).random((56, 2))


def test_four_areas_by_hand():
    # values 0, 10, 1, 11; neighbours 0 - 1 and 2 - 3. By value {0, 2} and {1, 3}: squares within are 1 in all
    # of 5.5^2 * 2 + 4.5^2 * 2 = 101, explained 100 / 101. Pairs that are no neighbours: 4, inertia 4 / 4 = 1;
    # inside the groups 1 pair each, 1 / 2 + 1 / 2 = 1: explained 0; and each group is two pieces.
    # By neighbourhood {0, 1} and {2, 3}: squares within 50 + 50, explained 1 / 101; all pairs inside are
    # neighbours: explained 1, two pieces. Ward under contiguity can do no other
    neighbours = np.zeros((4, 4))
    neighbours[0, 1] = neighbours[1, 0] = neighbours[2, 3] = neighbours[3, 2] = 1
    price = price_of_contiguity(np.array([[0.0], [10], [1], [11]]), csr_array(neighbours), 2, alphas=[0, 1])
    assert price.labels.tolist() == [[0, 1, 0, 1], [0, 0, 1, 1]]
    np.testing.assert_allclose(price.features, [100 / 101, 1 / 101], rtol=1e-12)
    np.testing.assert_allclose(price.geography, [0, 1], atol=1e-12)
    np.testing.assert_allclose(price.features_kept, [1, 0.01], rtol=1e-12)
    np.testing.assert_allclose(price.geography_kept, [0, 1], atol=1e-12)
    assert price.pieces.tolist() == [4, 2]
    assert price.contiguous == pytest.approx(1 / 101)


def test_the_ends_are_ward_on_either_side():
    price = price_of_contiguity(X, GRAPH, 5, coordinates=PLACES)
    for at, table in ((0, X), (-1, PLACES)):
        labels = fcluster(linkage(table, "ward"), 5, "maxclust")
        total = within(table, np.ones(56), np.zeros(56, int))
        explained = 1 - within(table, np.ones(56), labels) / total
        found = price.features if at == 0 else price.geography
        assert found[at] == pytest.approx(explained, rel=1e-6)
    assert price.alphas.tolist() == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]
    assert price.features[0] > price.features[-1]
    assert price.geography[0] < price.geography[-1]
    assert price.features_kept[0] == price.geography_kept[-1] == 1.0


@pytest.mark.parametrize("coordinates", [None, PLACES], ids=["neighbours", "coordinates"])
def test_shares_follow_from_the_pairs(coordinates):
    price = price_of_contiguity(X, GRAPH, 5, coordinates=coordinates, sample_weight=WEIGHTS, alphas=[0, 0.4, 1])
    near = GRAPH.toarray() + np.eye(56)
    far = 1.0 - near if coordinates is None else squareform(pdist(coordinates))
    for squared, explained in ((squareform(pdist(X)) ** 2, price.features), (far**2, price.geography)):
        both = squared * np.outer(WEIGHTS, WEIGHTS)
        total = both.sum() / (2 * WEIGHTS.sum())
        for labels, share in zip(price.labels, explained, strict=True):
            inside = sum(
                both[np.ix_(labels == r, labels == r)].sum() / (2 * WEIGHTS[labels == r].sum()) for r in range(5)
            )
            assert share == pytest.approx(1 - inside / total, rel=1e-10)
    for labels, count in zip(price.labels, price.pieces, strict=True):
        assert count == pieces(GRAPH, labels)
    strict = ContiguousAgglomerative(5, GRAPH).fit(X, sample_weight=WEIGHTS)
    whole = within(X, WEIGHTS, np.zeros(56, int))
    assert price.contiguous == pytest.approx(1 - strict.objective_ / whole, rel=1e-10)


def test_one_group_explains_nothing_and_separate_parts_are_told():
    price = price_of_contiguity(X, GRAPH, 1)
    np.testing.assert_allclose(price.features, 0, atol=1e-12)
    graph = csr_array(block_diag([grid(2, 2), grid(2, 2)]))
    price = price_of_contiguity(X[:8], graph, 1)
    assert np.isnan(price.contiguous)
    assert set(price.pieces.tolist()) == {2}


def test_threads_change_nothing():
    one, two, eight = (price_of_contiguity(X, GRAPH, 5, sample_weight=WEIGHTS, n_threads=n) for n in (1, 2, 8))
    for name in ("features", "geography", "labels", "pieces"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes() == getattr(eight, name).tobytes()


def test_pairs_by_position_or_by_code():
    row = np.repeat(np.arange(56), np.diff(GRAPH.indptr))
    pairs = pd.DataFrame({"a": row, "b": GRAPH.indices})
    expected = price_of_contiguity(X, GRAPH, 5).labels
    np.testing.assert_array_equal(price_of_contiguity(X.tolist(), pairs, 5).labels, expected)
    frame = pd.DataFrame(X, index=[f"A{number}" for number in range(56)])
    named = pd.DataFrame({"a": frame.index[row], "b": frame.index[GRAPH.indices]})
    np.testing.assert_array_equal(price_of_contiguity(frame, named, 5).labels, expected)


def test_what_is_refused():
    for arguments, message in [
        ({"alphas": [0.0, 0.5]}, "ascending from 0 to 1"),
        ({"alphas": [1.0, 0.0]}, "ascending from 0 to 1"),
        ({"alphas": [0.0, 0.5, 0.5, 1.0]}, "ascending from 0 to 1"),
        ({"sample_weight": np.r_[0.0, WEIGHTS[1:]]}, r"sample_weight\[0\]: not a weight.*above 0"),
        ({"coordinates": PLACES[:-1]}, "coordinates: another number of areas"),
        ({"coordinates": np.zeros((56, 2))}, "coordinates: all areas are alike"),
        ({"coordinates": np.full((56, 2), np.nan)}, "contains NaN"),
    ]:
        with pytest.raises(InputError, match=message):
            price_of_contiguity(X, GRAPH, 5, **arguments)
    with pytest.raises(InputError, match="every area borders on every other"):
        price_of_contiguity(X, None, 5)
    with pytest.raises(InputError, match="X: all areas are alike"):
        price_of_contiguity(np.ones((56, 2)), GRAPH, 5)
    for k in (0, 57, 2.5):
        with pytest.raises(ValueError, match="n_clusters must be an integer from 1 to 56"):
            price_of_contiguity(X, GRAPH, k)
    with pytest.raises(ValueError, match="n_threads"):
        price_of_contiguity(X, GRAPH, 5, n_threads=0)
