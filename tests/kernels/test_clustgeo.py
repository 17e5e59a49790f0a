from __future__ import annotations

import numba
import numpy as np
import pytest
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import pdist, squareform

from regso_cluster.kernels import clustgeo as mixture
from tests.kernels import naive_contiguity as naive


def mixed(Z, weights, adjacent, share):
    s, n, q = Z.shape
    merges, costs = np.empty((s, n - 1, 2), np.int64), np.empty((s, n - 1))
    mixture.mixed_ward(
        Z, mixture.Areas(weights, *naive.arrays(adjacent)), share, share * 1e-12 * weights.sum(), merges, costs,
        mixture.Work(np.empty((s, q, n)), np.empty((s, 2, n)), np.empty((s, n)), np.empty((s, n)),
                     np.empty((s, 6, n), np.int64)),
    )  # fmt: skip
    return merges, costs


def cut(merges, costs, n, k):
    labels = np.empty(n, np.int64)
    mixture.cut_joins(merges, np.argsort(costs, kind="stable"), k, labels)
    return labels


def random_case(seed, rows=4, columns=5, p=2):
    draw = np.random.default_rng(seed)
    n = rows * columns
    return draw.standard_normal((n, p)), draw.uniform(0.5, 3, n), naive.grid(rows, columns)


def twin_labels(merges, n, k):
    groups = [{a} for a in range(n)]
    for a, b in merges[: n - k]:
        groups = [g for g in groups if g not in (a, b)] + [a | b]
    return naive.labels_of(groups, n)


def test_four_areas_by_hand():
    # two pairs of neighbours, 0 - 1 and 2 - 3, all values equal: only neighbourhood counts.
    # 0-1 and 2-3 join at 0. All: 4 pairs that are no neighbours, 4 / 4 = 1
    adjacent = np.zeros((4, 4), bool)
    adjacent[0, 1] = adjacent[1, 0] = adjacent[2, 3] = adjacent[3, 2] = True
    merges, costs = mixed(np.zeros((1, 4, 1)), np.ones(4), adjacent, np.ones(1))
    assert sorted(costs[0].tolist()) == [0.0, 0.0, 1.0]
    assert cut(merges[0], costs[0], 4, 2).tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("share", [0.0, 0.3, 0.8])
def test_agrees_with_the_twin(seed, share):
    X, weights, adjacent = random_case(seed)
    squared = squareform(pdist(X, "sqeuclidean")) + share * (~adjacent & ~np.eye(20, dtype=bool))
    merges, costs = mixed(X[None], weights, adjacent, np.array([share]))
    twin_merges, twin_costs = naive.mixed_ward(squared, weights)
    np.testing.assert_allclose(np.sort(costs[0]), np.sort(twin_costs), rtol=1e-9, atol=1e-12)
    for k in (1, 2, 5, 11, 20):
        np.testing.assert_array_equal(cut(merges[0], costs[0], 20, k), twin_labels(twin_merges, 20, k))


def test_without_neighbours_it_is_the_ward_of_scipy():
    X, _, adjacent = random_case(3, 8, 8, 3)
    _, costs = mixed(X[None], np.ones(64), adjacent, np.zeros(1))
    np.testing.assert_allclose(np.sort(np.sqrt(2 * costs[0])), linkage(X, "ward")[:, 2], rtol=1e-11)


def test_weight_three_is_the_row_three_times():
    X, _, adjacent = random_case(4)
    weights = np.where(np.arange(20) % 4 == 0, 3.0, 1.0)
    origin = np.repeat(np.arange(20), weights.astype(int))
    copied = adjacent[np.ix_(origin, origin)] | ((origin[:, None] == origin) & ~np.eye(len(origin), dtype=bool))
    merges, costs = mixed(X[None], weights, adjacent, np.array([0.4]))
    many, many_costs = mixed(X[origin][None], np.ones(len(origin)), copied, np.array([0.4]))
    for k in (2, 4, 9):
        np.testing.assert_array_equal(
            cut(many[0], many_costs[0], len(origin), k), cut(merges[0], costs[0], 20, k)[origin]
        )


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_ties_and_rounding_end_and_add_up(share):
    # equal rows, weights that round, every cost tied: the chain must not run in a circle
    adjacent = naive.grid(9, 9)
    weights = np.full(81, 0.1)
    merges, costs = mixed(np.zeros((1, 81, 1)), weights, adjacent, np.array([share]))
    squared = share * (~adjacent & ~np.eye(81, dtype=bool))
    assert costs[0].sum() == pytest.approx(naive.pseudo_inertia(squared, weights, range(81)), abs=1e-12)
    assert len(set(cut(merges[0], costs[0], 81, 7).tolist())) == 7
    if share == 0.0:
        assert merges[0, 0].tolist() == [0, 1]


def test_each_mixture_is_its_own_at_any_number_of_threads():
    X, weights, adjacent = random_case(5)
    share = np.array([0.0, 0.2, 0.9])
    Z = np.stack([np.sqrt(1 - s) * X for s in share])
    before = numba.get_num_threads()
    found = []
    try:
        for n_threads in {1, numba.config.NUMBA_NUM_THREADS}:
            numba.set_num_threads(n_threads)
            found.append(b"".join(array.tobytes() for array in mixed(Z, weights, adjacent, share)))
    finally:
        numba.set_num_threads(before)
    assert len(set(found)) == 1
    for at in range(3):
        alone = mixed(np.ascontiguousarray(Z[at : at + 1]), weights, adjacent, share[at : at + 1])
        np.testing.assert_array_equal(alone[0][0], mixed(Z, weights, adjacent, share)[0][at])


def test_farthest_squared():
    X, _, _ = random_case(6)
    farthest = np.empty(20)
    mixture.farthest_squared(X, farthest)
    assert farthest.max() == pytest.approx(pdist(X, "sqeuclidean").max(), rel=1e-14)
    assert farthest[-1] == 0.0
