from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import linkage as scipy_linkage
from scipy.sparse import csr_array
from sklearn.cluster import ward_tree

from regso_cluster.kernels import contiguity, trees
from tests.kernels import naive_contiguity as naive

KINDS = {"average": 0, "complete": 1, "single": 2, "ward": 3, "average_squared": 4}


def agglomerate(X, weights, adjacent, linkage):
    n = len(X)
    indptr, indices = naive.arrays(adjacent)
    m = indices.size // 2
    first, second, squared = np.empty(m, np.int64), np.empty(m, np.int64), np.empty(m)
    trees.neighbour_pairs(X, indptr, indices, first, second, squared)
    merges, links = np.empty((n - 1, 2), np.int64), np.empty(n - 1, np.int64)
    costs, rises = np.empty(n - 1), np.empty(n - 1)
    joins = contiguity.agglomerate(X, weights, first, second, squared, KINDS[linkage], merges, costs, rises, links)
    edges = np.column_stack([first, second])[links[:joins]]
    return merges[:joins], costs[:joins], rises[:joins], [tuple(edge) for edge in edges.tolist()]


def cut(merges, n, k):
    labels = np.empty(n, np.int64)
    contiguity.cut_merges(np.ascontiguousarray(merges), k, labels)
    return labels


def random_case(seed, rows=4, columns=5, p=2):
    draw = np.random.default_rng(seed)
    n = rows * columns
    return draw.standard_normal((n, p)), draw.integers(1, 9, n).astype(float), naive.grid(rows, columns)


def assert_same(got, twin):
    np.testing.assert_array_equal(got[0], twin[0])
    np.testing.assert_allclose(got[1], twin[1], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(got[2], twin[2], rtol=1e-10, atol=1e-12)
    assert got[3] == twin[3]


def test_four_areas_by_hand():
    # a path 0 - 1 - 2 - 3 with values 0, 4, 1, 3 and weights 1, 1, 1, 3: 0 and 2 are alike but not near.
    # Ward: 0-1 costs 1/2 * 16 = 8, 1-2 1/2 * 9 = 4.5, 2-3 3/4 * 4 = 3: 2 and 3 join
    # (group 4, mean 2.5, of weight 4)
    # then 0-1 8 against 1-4 4/5 * 1.5^2 = 1.8: join (group 5, mean 2.8, weight 5)
    # then 0-5 5/6 * 2.8^2 = 6.5333: in all 11.3333 = 0 + 16 + 1 + 27 - 14^2 / 6
    X = np.array([[0.0], [4.0], [1.0], [3.0]])
    adjacent = np.abs(np.arange(4)[:, None] - np.arange(4)) == 1
    merges, costs, rises, links = agglomerate(X, np.array([1.0, 1.0, 1.0, 3.0]), adjacent, "ward")
    assert merges.tolist() == [[2, 3], [1, 4], [0, 5]]
    np.testing.assert_allclose(costs, [3.0, 1.8, 98 / 15], rtol=1e-14)
    np.testing.assert_array_equal(rises, costs)
    assert links == [(2, 3), (1, 2), (0, 1)]
    assert rises.sum() == pytest.approx(44 - 14**2 / 6)
    assert cut(merges, 4, 2).tolist() == [0, 1, 1, 1]
    assert cut(merges, 4, 4).tolist() == [0, 1, 2, 3]
    assert cut(merges, 4, 1).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("linkage", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_the_twin(seed, linkage):
    X, weights, adjacent = random_case(seed)
    assert_same(agglomerate(X, weights, adjacent, linkage), naive.agglomerate(X, weights, adjacent, linkage))


@pytest.mark.parametrize("linkage", KINDS)
def test_agrees_with_the_twin_on_a_graph_in_parts(linkage):
    X, weights, adjacent = random_case(3)
    adjacent[7] = adjacent[:, 7] = False  # an island
    adjacent[:10, 10:] = adjacent[10:, :10] = False
    got = agglomerate(X, weights, adjacent, linkage)
    assert len(got[0]) == 20 - 3
    assert_same(got, naive.agglomerate(X, weights, adjacent, linkage))
    assert cut(got[0], 20, 3).tolist() == naive.labels_of(naive.parts(adjacent, range(20)), 20).tolist()


@pytest.mark.parametrize("linkage", KINDS)
def test_ties_go_to_the_lowest_numbers(linkage):
    # whole numbers: equal costs are exactly equal
    X = np.array([[float(v)] for v in [0, 1, 0, 1, 2, 1, 0, 1, 0, 2, 1, 1]])
    adjacent = naive.grid(3, 4)
    got = agglomerate(X, np.ones(12), adjacent, linkage)
    twin = naive.agglomerate(X, np.ones(12), adjacent, linkage)
    np.testing.assert_array_equal(got[0][:4], twin[0][:4])  # later means are rounded
    assert got[3][:4] == twin[3][:4]
    zeros = agglomerate(np.zeros((12, 1)), np.ones(12), adjacent, linkage)
    assert_same(zeros, naive.agglomerate(np.zeros((12, 1)), np.ones(12), adjacent, linkage))


@pytest.mark.parametrize("linkage", ["average", "complete", "single", "ward"])
def test_a_complete_graph_is_the_linkage_of_scipy(linkage):
    X, _, _ = random_case(4)
    _, costs, _, _ = agglomerate(X, np.ones(20), ~np.eye(20, dtype=bool), linkage)
    heights = scipy_linkage(X, linkage)[:, 2]
    np.testing.assert_allclose(np.sqrt(2 * costs) if linkage == "ward" else costs, heights, rtol=1e-11)


@pytest.mark.parametrize("seed", range(3))
def test_ward_is_the_ward_of_scikit_learn(seed):
    X, _, adjacent = random_case(seed, 9, 11, 3)
    merges, costs, _, _ = agglomerate(X, np.ones(99), adjacent, "ward")
    children, _, _, _, distances = ward_tree(X, connectivity=csr_array(adjacent), return_distance=True)
    np.testing.assert_array_equal(merges, np.sort(children, axis=1))
    np.testing.assert_allclose(np.sqrt(2 * costs), distances, rtol=1e-10)


@pytest.mark.parametrize("linkage", KINDS)
def test_weight_three_is_the_row_three_times(linkage):
    X, weights, adjacent = random_case(5, 3, 5)
    weights = np.where(np.arange(15) % 4 == 1, 3.0, 1.0)
    origin = np.repeat(np.arange(15), weights.astype(int))
    copied = adjacent[np.ix_(origin, origin)] | ((origin[:, None] == origin) & ~np.eye(len(origin), dtype=bool))
    merges, costs, rises, _ = agglomerate(X, weights, adjacent, linkage)
    many, many_costs, many_rises, _ = agglomerate(X[origin], np.ones(len(origin)), copied, linkage)
    np.testing.assert_allclose(many_costs[:8], 0, atol=1e-12)  # copies join first
    np.testing.assert_allclose(many_costs[8:], costs, rtol=1e-10)
    np.testing.assert_allclose(many_rises[8:], rises, rtol=1e-10)
    for k in range(1, 15):
        np.testing.assert_array_equal(cut(many, len(origin), k), cut(merges, 15, k)[origin])


@pytest.mark.parametrize("linkage", ["ward", "average", "average_squared"])
def test_areas_of_weight_zero_have_no_say(linkage):
    X, weights, adjacent = random_case(6)
    weights[[0, 7, 8]] = 0.0
    got = agglomerate(X, weights, adjacent, linkage)
    if linkage == "ward":  # a join of weight 0 is free; the nearest neighbour comes first
        assert got[1][:3].tolist() == [0.0, 0.0, 0.0]
        at = np.flatnonzero(adjacent[0])
        assert got[3].count((0, int(at[((X[at] - X[0]) ** 2).sum(axis=1).argmin()]))) == 1
    else:
        assert_same(got, naive.agglomerate(X, weights, adjacent, linkage))
    assert got[2].sum() == pytest.approx(naive.within(X, weights, range(20)), rel=1e-12)


def test_all_weights_zero_still_ends():
    X, _, adjacent = random_case(6)
    for linkage in KINDS:
        assert len(agglomerate(X, np.zeros(20), adjacent, linkage)[0]) == 19


def test_two_areas_and_one():
    X = np.array([[1.0], [4.0]])
    assert agglomerate(X, np.ones(2), ~np.eye(2, dtype=bool), "average")[1].tolist() == [3.0]
    assert len(agglomerate(X, np.ones(2), np.zeros((2, 2), bool), "ward")[0]) == 0
    assert len(agglomerate(X[:1], np.ones(1), np.zeros((1, 1), bool), "ward")[0]) == 0


@pytest.mark.parametrize("linkage", KINDS)
def test_a_star_and_a_long_path(linkage):
    # hubs and chains stress the lists of neighbours
    draw = np.random.default_rng(9)
    for n in (40,):
        X = draw.standard_normal((n, 2))
        star = np.zeros((n, n), bool)
        star[0, 1:] = star[1:, 0] = True
        path = np.abs(np.arange(n)[:, None] - np.arange(n)) == 1
        for adjacent in (star, path):
            got = agglomerate(X, np.ones(n), adjacent, linkage)
            assert_same(got, naive.agglomerate(X, np.ones(n), adjacent, linkage))


@pytest.mark.parametrize("linkage", ["complete", "single"])
@pytest.mark.parametrize("seed", range(6))
def test_ties_between_joined_groups_too(seed, linkage):
    # distances of whole numbers stay exact in these linkages, so that every tie is a tie to the end
    draw = np.random.default_rng(seed)
    adjacent = np.triu(draw.random((16, 16)) < 0.3, 1)
    adjacent |= adjacent.T
    X = draw.integers(0, 4, (16, 1)).astype(float)
    got = agglomerate(X, np.ones(16), adjacent, linkage)
    twin = naive.agglomerate(X, np.ones(16), adjacent, linkage)
    np.testing.assert_array_equal(got[0], twin[0])
    np.testing.assert_array_equal(got[1], twin[1])
    assert got[3] == twin[3]
