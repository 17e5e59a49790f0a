from __future__ import annotations

import numba
import numpy as np
import pytest

from regso_cluster.kernels import maxp
from tests.kernels import naive_contiguity as naive


def construct(X, weights, adjacent, least, orders):
    s, n = orders.shape
    labels, counts, objectives = np.empty((s, n), np.int64), np.empty(s, np.int64), np.empty(s)
    work = maxp.Work(np.empty((s, n, X.shape[1])), np.empty((s, n)), np.empty((s, n)), np.empty((s, 4, n), np.int64))
    areas = maxp.Areas(X, weights, *naive.arrays(adjacent), least)
    maxp.construct_regions(areas, orders, maxp.Found(labels, counts, objectives), work)
    return labels, counts, objectives


def improve(X, weights, adjacent, least, labels, counts, tolerance=1e-12):
    s, n = labels.shape
    labels, objectives = labels.copy(), np.empty(s)
    work = maxp.Work(np.empty((s, n, X.shape[1])), np.empty((s, n)), np.empty((0, n)), np.empty((s, 4, n), np.int64))
    areas = maxp.Areas(X, weights, *naive.arrays(adjacent), least)
    maxp.improve_regions(areas, tolerance, maxp.Found(labels, counts, objectives), work)
    return labels, objectives


def random_case(seed, rows=6, columns=6, starts=5):
    draw = np.random.default_rng(seed)
    n = rows * columns
    orders = np.stack([draw.permutation(n) for _ in range(starts)])
    return (
        draw.standard_normal((n, 2)),
        draw.integers(1, 9, n).astype(float),
        naive.grid(rows, columns),
        orders,
    )


def objective(X, weights, labels):
    return sum(naive.within(X, weights, np.flatnonzero(labels == r)) for r in range(labels.max() + 1))


def assert_regions(weights, adjacent, labels, count, least):
    assert sorted(set(labels.tolist())) == list(range(count))
    for r in range(count):
        members = np.flatnonzero(labels == r)
        assert weights[members].sum() >= least
        assert len(naive.parts(adjacent, members.tolist())) == 1


def test_four_areas_by_hand():
    # a path 0 - 1 - 2 - 3 of weights 2, 1, 1, 2; each region holds 3. Walked from 0, packed from 3: areas 3
    # and 2 hold 3, then 1 and 0. Values 0, 0, 5, 6: {0, 1} 0 and {2, 3} mean 17 / 3, 4 / 9 + 2 / 9 = 2 / 3
    X = np.array([[0.0], [0.0], [5.0], [6.0]])
    weights = np.array([2.0, 1.0, 1.0, 2.0])
    path = np.abs(np.arange(4)[:, None] - np.arange(4)) == 1
    labels, counts, objectives = construct(X, weights, path, 3.0, np.array([[0, 1, 2, 3]]))
    assert (labels.tolist(), counts.tolist()) == ([[0, 0, 1, 1]], [2])
    assert objectives[0] == pytest.approx(2 / 3)
    # 4 each is too much for two regions: one, and no area is left over
    labels, counts, _ = construct(X, weights, path, 4.0, np.array([[0, 1, 2, 3]]))
    assert (labels.tolist(), counts.tolist()) == ([[0, 0, 0, 0]], [1])


@pytest.mark.parametrize("seed", range(4))
def test_every_region_holds_the_weight_in_one_piece(seed):
    X, weights, adjacent, orders = random_case(seed)
    labels, counts, objectives = construct(X, weights, adjacent, 20.0, orders)
    better, lower = improve(X, weights, adjacent, 20.0, labels, counts)
    for s in range(5):
        assert_regions(weights, adjacent, labels[s], counts[s], 20.0)
        assert_regions(weights, adjacent, better[s], counts[s], 20.0)
        assert objectives[s] == pytest.approx(objective(X, weights, labels[s]), rel=1e-11)
        assert lower[s] == pytest.approx(objective(X, weights, better[s]), rel=1e-11)
        assert lower[s] <= objectives[s]
        assert not naive.improving_moves(X, weights, adjacent, better[s], 20.0, 1e-9)
    assert (lower < objectives).any()


def test_packing_a_tree_gives_the_most_regions_it_can():
    # the graph is a tree, so the walk is that tree and every set of cut edges can be tried
    draw = np.random.default_rng(3)
    for _ in range(12):
        n = 11
        edges = [(int(draw.integers(0, b)), b) for b in range(1, n)]
        adjacent = np.zeros((n, n), bool)
        for a, b in edges:
            adjacent[a, b] = adjacent[b, a] = True
        weights = draw.integers(1, 6, n).astype(float)
        X = draw.standard_normal((n, 1))
        least = float(draw.integers(4, 9))
        _, counts, _ = construct(X, weights, adjacent, least, draw.permutation(n)[None])
        assert counts[0] == naive.most_parts(edges, weights, least)


def test_exactly_the_weight_is_enough():
    X, _, adjacent, orders = random_case(1, 2, 2, 1)
    assert construct(X, np.ones(4), adjacent, 2.0, orders)[1].tolist() == [2]
    assert construct(X, np.ones(4), adjacent, 2.5, orders)[1].tolist() == [1]


def test_a_move_may_leave_exactly_the_weight_but_not_less():
    # a path; area 1 belongs with 2 and 3 by its value
    X = np.array([[0.0], [9.0], [9.0], [9.0]])
    path = np.abs(np.arange(4)[:, None] - np.arange(4)) == 1
    start = np.array([[0, 0, 1, 1]])
    labels, _ = improve(X, np.ones(4), path, 1.0, start, np.array([2]))
    assert labels.tolist() == [[0, 1, 1, 1]]
    labels, _ = improve(X, np.ones(4), path, 1.5, start, np.array([2]))
    assert labels.tolist() == start.tolist()


def test_a_move_never_breaks_a_region():
    # 0 - 1 - 2 - 3 - 4, with 1 also beside 4: area 1 fits region {3, 4} but holds {0, 1, 2} together
    X = np.array([[0.0], [9.0], [0.0], [9.0], [9.0]])
    adjacent = np.zeros((5, 5), bool)
    for a, b in [(0, 1), (1, 2), (2, 3), (3, 4), (1, 4)]:
        adjacent[a, b] = adjacent[b, a] = True
    start = np.array([[0, 0, 0, 1, 1]])
    labels, _ = improve(X, np.ones(5), adjacent, 1.0, start, np.array([2]))
    assert labels.tolist() == start.tolist()
    adjacent[0, 2] = adjacent[2, 0] = True
    labels, _ = improve(X, np.ones(5), adjacent, 1.0, start, np.array([2]))
    assert labels.tolist() == [[0, 1, 0, 1, 1]]


def test_a_part_too_light_is_told():
    X, weights, adjacent, orders = random_case(2)
    adjacent[5] = adjacent[:, 5] = False
    _, counts, objectives = construct(X, weights, adjacent, 20.0, orders)
    assert counts.tolist() == [0] * 5
    assert np.isinf(objectives).all()


def test_areas_without_weight_are_carried_along():
    X, weights, adjacent, orders = random_case(4)
    weights[::3] = 0.0
    labels, counts, _ = construct(X, weights, adjacent, 15.0, orders)
    better, lower = improve(X, weights, adjacent, 15.0, labels, counts)
    for s in range(5):
        assert_regions(weights, adjacent, better[s], counts[s], 15.0)
        assert lower[s] == pytest.approx(objective(X, weights, better[s]), rel=1e-11)


def test_constant_columns_and_ties():
    _, weights, adjacent, orders = random_case(5)
    X = np.ones((36, 2))
    labels, counts, objectives = construct(X, weights, adjacent, 20.0, orders)
    better, _ = improve(X, weights, adjacent, 20.0, labels, counts)
    np.testing.assert_array_equal(labels, better)
    np.testing.assert_allclose(objectives, 0, atol=1e-20)
    assert_regions(weights, adjacent, labels[0], counts[0], 20.0)


def test_threads_change_nothing():
    X, weights, adjacent, orders = random_case(6)
    before = numba.get_num_threads()
    found = []
    try:
        for n_threads in {1, numba.config.NUMBA_NUM_THREADS}:
            numba.set_num_threads(n_threads)
            labels, counts, _ = construct(X, weights, adjacent, 20.0, orders)
            found.append((labels.tobytes(), improve(X, weights, adjacent, 20.0, labels, counts)[1].tobytes()))
    finally:
        numba.set_num_threads(before)
    assert len(set(found)) == 1


@pytest.mark.parametrize("seed", range(4))
def test_moves_agree_with_the_twin(seed):
    X, weights, adjacent, orders = random_case(seed)
    labels, counts, _ = construct(X, weights, adjacent, 12.0, orders)
    better, _ = improve(X, weights, adjacent, 12.0, labels, counts, 1e-9)
    for s in range(5):
        twin = naive.sweep(X, weights, adjacent, labels[s], 12.0, 1e-9)
        np.testing.assert_array_equal(better[s], twin)


def test_equal_fits_go_to_the_lowest_region():
    # 2 - 1 - 0 - 3 - 4, walked from 0: {1, 2} and {3, 4} hold 2 each, area 0 is left over and fits both alike
    path = np.zeros((5, 5), bool)
    for a, b in [(2, 1), (1, 0), (0, 3), (3, 4)]:
        path[a, b] = path[b, a] = True
    labels, counts, _ = construct(np.zeros((5, 1)), np.ones(5), path, 2.0, np.array([[0, 1, 2, 3, 4]]))
    assert (labels.tolist(), counts.tolist()) == ([[0, 0, 0, 1, 1]], [2])
    # area 2 gains the same in region 0 and in region 2: its neighbours are listed as 0, 4
    X = np.array([[0.0], [0.0], [0.0], [9.0], [0.0], [0.0]])
    adjacent = np.zeros((6, 6), bool)
    for a, b in [(0, 1), (2, 0), (2, 3), (2, 4), (4, 5)]:
        adjacent[a, b] = adjacent[b, a] = True
    start = np.array([[0, 0, 1, 1, 2, 2]])
    moved, _ = improve(X, np.ones(6), adjacent, 1.0, start, np.array([3]))
    assert moved.tolist() == [[0, 0, 0, 1, 2, 2]]
    start = np.array([[2, 2, 1, 1, 0, 0]])
    moved, _ = improve(X, np.ones(6), adjacent, 1.0, start, np.array([3]))
    assert moved.tolist() == [[2, 2, 0, 1, 0, 0]]
