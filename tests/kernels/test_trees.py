from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from regso_cluster.kernels import trees
from tests.kernels import naive_contiguity as naive


def pairs_of(X, adjacent):
    indptr, indices = naive.arrays(adjacent)
    m = indices.size // 2
    first, second, squared = np.empty(m, np.int64), np.empty(m, np.int64), np.empty(m)
    trees.neighbour_pairs(X, indptr, indices, first, second, squared)
    return first, second, squared


def forest(X, adjacent):
    first, second, squared = pairs_of(X, adjacent)
    chosen = np.empty(len(X) - 1, np.int64)
    order = np.argsort(squared, kind="stable")
    taken = trees.spanning_forest(first, second, order, len(X), chosen)
    return first, second, squared, chosen[:taken]


def cut(X, weights, edges, k, min_size=1, min_weight=0.0):
    n = len(X)
    first, second = np.array(edges, np.int64).reshape(-1, 2).T.copy()
    parent, preorder = np.empty(n, np.int64), np.empty(n, np.int64)
    trees.root_forest(first, second, np.arange(first.size), first.size, parent, preorder)
    labels, objectives, cuts = np.empty(n, np.int64), np.full(k, np.nan), np.full(k, -1)
    reached = trees.cut_forest(X, weights, parent, preorder, k, min_size, min_weight, labels, objectives, cuts)
    return labels, objectives[:reached], cuts[:reached], reached


def random_case(seed, rows=4, columns=5, p=2):
    draw = np.random.default_rng(seed)
    n = rows * columns
    return draw.standard_normal((n, p)), draw.integers(1, 9, n).astype(float), naive.grid(rows, columns)


def tree_edges(X, adjacent):
    first, second, _, chosen = forest(X, adjacent)
    return list(zip(first[chosen].tolist(), second[chosen].tolist(), strict=True))


def test_four_areas_by_hand():
    # a path 0 - 1 - 2 - 3 with values 0, 1, 5, 6 and weights 1, 1, 1, 3; squared distances 1, 16, 1.
    # all: mean (0 + 1 + 5 + 18) / 6 = 4, squares 16 + 9 + 1 + 3 * 4 = 38
    # cut 1-2: {0, 1} mean 0.5, 0.5; {2, 3} mean 23 / 4 = 5.75, 0.5625 + 3 * 0.0625 = 0.75; together 1.25
    # then cut 2-3 gains 0.75, cut 0-1 gains 0.5: 0.5 is left
    X = np.array([[0.0], [1.0], [5.0], [6.0]])
    weights = np.array([1.0, 1.0, 1.0, 3.0])
    labels, objectives, cuts, reached = cut(X, weights, [(0, 1), (1, 2), (2, 3)], 3)
    assert reached == 3
    assert labels.tolist() == [0, 0, 1, 2]
    assert objectives.tolist() == [38.0, 1.25, 0.5]
    assert cuts.tolist() == [-1, 2, 3]


def test_neighbour_pairs_are_listed_once_in_order():
    X, _, adjacent = random_case(0)
    first, second, squared = pairs_of(X, adjacent)
    expected = [(a, b) for a in range(20) for b in range(a + 1, 20) if adjacent[a, b]]
    assert list(zip(first.tolist(), second.tolist(), strict=True)) == expected
    np.testing.assert_allclose(squared, ((X[first] - X[second]) ** 2).sum(axis=1), rtol=1e-14)


@pytest.mark.parametrize("seed", range(4))
def test_components_agree_with_the_twin_and_scipy(seed):
    draw = np.random.default_rng(seed)
    adjacent = np.triu(draw.random((25, 25)) < 0.05, 1)
    adjacent |= adjacent.T
    labels = np.empty(25, np.int64)
    count = trees.graph_components(*naive.arrays(adjacent), labels)
    expected = naive.parts(adjacent, range(25))
    assert count == len(expected) == connected_components(csr_array(adjacent))[0] > 1
    np.testing.assert_array_equal(labels, naive.labels_of(expected, 25))


@pytest.mark.parametrize("seed", range(3))
def test_forest_agrees_with_the_twin_and_scipy(seed):
    X, _, adjacent = random_case(seed)
    first, second, squared, chosen = forest(X, adjacent)
    twin = naive.forest(list(zip(first, second, strict=True)), squared, len(X))
    assert chosen.tolist() == twin
    # older versions of scipy take 32-bit indices only
    graph = csr_array((squared, (first.astype(np.int32), second.astype(np.int32))), shape=(20, 20))
    third = minimum_spanning_tree(graph)
    assert squared[chosen].sum() == pytest.approx(third.sum(), rel=1e-12)


def test_ties_in_the_forest_go_to_the_lowest_pair():
    # all four sides of a square and its diagonals cost 0: the star of area 0 is taken
    X = np.zeros((4, 1))
    first, second, _, chosen = forest(X, naive.grid(2, 2))
    assert list(zip(first[chosen].tolist(), second[chosen].tolist(), strict=True)) == [(0, 1), (0, 2), (0, 3)]


def test_preorder_keeps_subtrees_together():
    X, _, adjacent = random_case(5)
    adjacent[:10, 10:] = adjacent[10:, :10] = False  # two parts
    first, second, _, chosen = forest(X, adjacent)
    parent, preorder = np.empty(20, np.int64), np.empty(20, np.int64)
    trees.root_forest(first, second, chosen, chosen.size, parent, preorder)
    assert sorted(preorder.tolist()) == list(range(20))
    assert np.flatnonzero(parent < 0).tolist() == [0, 10]
    at = np.argsort(preorder)
    for a in range(20):
        below = {a}
        for b in preorder[at[a] :]:
            if parent[b] in below:
                below.add(int(b))
        assert sorted(at[sorted(below)].tolist()) == list(range(at[a], at[a] + len(below)))


@pytest.mark.parametrize(
    ("min_size", "min_weight"),
    [(1, 0.0), (3, 0.0), (1, 14.0), (2, 12.0)],
    ids=["none", "size", "weight", "both"],
)
@pytest.mark.parametrize("seed", range(3))
def test_cuts_agree_with_trying_every_edge(seed, min_size, min_weight):
    X, weights, adjacent = random_case(seed)
    edges = tree_edges(X, adjacent)
    labels, objectives, _, reached = cut(X, weights, edges, 6, min_size, min_weight)
    twin_labels, twin = naive.best_cuts(X, weights, edges, 6, min_size, min_weight)
    assert reached == len(twin)
    np.testing.assert_array_equal(labels, twin_labels)
    np.testing.assert_allclose(objectives, twin, rtol=1e-11)


def test_the_bounds_themselves_are_allowed():
    # two and two areas, weight 3 and 3: exactly the minimum on both sides
    X = np.array([[0.0], [0.0], [9.0], [9.0]])
    weights = np.array([1.0, 2.0, 2.0, 1.0])
    assert cut(X, weights, [(0, 1), (1, 2), (2, 3)], 2, min_size=2, min_weight=3.0)[0].tolist() == [
        0,
        0,
        1,
        1,
    ]
    assert cut(X, weights, [(0, 1), (1, 2), (2, 3)], 2, min_size=3)[3] == 1
    assert cut(X, weights, [(0, 1), (1, 2), (2, 3)], 2, min_weight=3.5)[3] == 1


def test_a_forest_counts_its_trees_and_areas_alone():
    X = np.array([[0.0], [1.0], [5.0], [9.0], [2.0]])
    labels, objectives, _, reached = cut(X, np.ones(5), [(0, 3), (2, 4)], 4)
    # trees {0, 3}, {1}, {2, 4}: 40.5 + 0 + 4.5; then {0, 3} is cut
    assert reached == 4
    assert labels.tolist() == [0, 1, 2, 3, 2]
    assert np.isnan(objectives[:2]).all()
    assert objectives[2:].tolist() == [45.0, 4.5]
    assert cut(X, np.ones(5), [(0, 3), (2, 4)], 2)[3] == 3  # more trees than regions


def test_constant_columns_are_still_cut_at_the_lowest_area():
    labels, objectives, cuts, reached = cut(np.full((4, 2), 0.1), np.ones(4), [(0, 1), (1, 2), (2, 3)], 4)
    assert (reached, labels.tolist(), cuts.tolist()) == (4, [0, 1, 2, 3], [-1, 1, 2, 3])
    np.testing.assert_allclose(objectives, 0, atol=1e-30)


def test_one_area():
    labels, objectives, _, reached = cut(np.zeros((1, 1)), np.ones(1), [], 1)
    assert (labels.tolist(), objectives.tolist(), reached) == ([0], [0.0], 1)


def test_weight_three_is_the_row_three_times():
    # copies hang on the first as leaves, so each edge of the tree parts the same rows with the same weight
    X, weights, adjacent = random_case(7)
    weights = np.where(np.arange(20) % 3 == 0, 3.0, 1.0)
    origin = np.repeat(np.arange(20), weights.astype(int))
    copied = adjacent[np.ix_(origin, origin)] | ((origin[:, None] == origin) & ~np.eye(len(origin), dtype=bool))
    edges = tree_edges(X, adjacent)
    copies = tree_edges(X[origin], copied)
    crossing = [(a, b) for a, b in copies if origin[a] != origin[b]]
    assert {frozenset((origin[a], origin[b])) for a, b in crossing} == {frozenset(e) for e in edges}
    assert len(crossing) == len(edges)
    for a, b in crossing:
        whole = [e for e in edges if set(e) != {origin[a], origin[b]}]
        parts = [e for e in copies if e != (a, b)]
        once = cut(X, weights, whole, 2)[1][-1]
        thrice = cut(X[origin], np.ones(len(origin)), parts, 2)[1][-1]
        assert once == pytest.approx(thrice, rel=1e-12)


def test_weight_zero_has_no_say():
    X, weights, adjacent = random_case(8)
    edges = tree_edges(X, adjacent)
    weights[[3, 11]] = 0.0
    moved = X.copy()
    moved[[3, 11]] += 100.0
    _, objectives, _, _ = cut(X, weights, edges, 5)
    _, same, _, _ = cut(moved, weights, edges, 5)
    np.testing.assert_allclose(objectives, same, rtol=1e-12)
    np.testing.assert_allclose(objectives, naive.best_cuts(X, weights, edges, 5)[1], rtol=1e-11)


def test_a_region_without_weight_has_no_deviations():
    labels, objectives, _, reached = cut(
        np.array([[0.0], [1.0], [2.0]]), np.array([0.0, 0.0, 2.0]), [(0, 1), (1, 2)], 3
    )
    assert (labels.tolist(), objectives.tolist(), reached) == ([0, 1, 2], [0.0, 0.0, 0.0], 3)


def test_equal_gains_in_two_regions_go_to_the_lowest_area():
    X = np.array([[0.0], [1.0], [0.0], [1.0]])
    labels, objectives, cuts, _ = cut(X, np.ones(4), [(0, 1), (2, 3)], 3)
    assert (labels.tolist(), objectives[1:].tolist(), cuts[2]) == ([0, 1, 2, 2], [1.0, 0.5], 1)


def test_within_regions():
    X, weights, _ = random_case(9)
    labels = np.arange(20) % 3
    weights[labels == 1] = 0.0
    mean, mass = np.empty((3, 2)), np.empty(3)
    total = trees.within_regions(X, weights, labels, mean, mass)
    groups = [np.flatnonzero(labels == r) for r in range(3)]
    assert total == pytest.approx(sum(naive.within(X, weights, g) for g in groups), rel=1e-12)
    assert mass.tolist() == [weights[g].sum() for g in groups]
    np.testing.assert_allclose(mean[2], np.average(X[groups[2]], axis=0, weights=weights[groups[2]]), rtol=1e-12)
    assert mean[1].tolist() == [0.0, 0.0]
