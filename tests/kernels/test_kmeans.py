"""The k-means kernels: vectors against the plain loop, Hartigan's polish by its definition, draws."""

from __future__ import annotations

import numpy as np
import pytest

from regso_cluster.clustering import kmeans_search as search
from regso_cluster.kernels.kmeans_groups import Groups, exact_centres, explained, set_coefficients, set_sums
from regso_cluster.kernels.kmeans_lloyd import assign
from regso_cluster.kernels.kmeans_polish import polish
from regso_cluster.kernels.kmeans_starts import start
from tests.kernels import naive_kmeans as naive


def layout(seed=0, n=200, p=5, gaps=0.0, weights=None):
    rng = np.random.default_rng(seed)
    X = rng.standard_t(4, size=(n, p))
    X[rng.random((n, p)) < gaps] = np.nan
    X = X[~np.isnan(X).all(axis=1)]
    weights = rng.lognormal(0, 1, len(X)) if weights is None else weights
    points = search.prepare(X, np.isnan(X), weights)
    return X[points.first], points.row_weights, points


def by_hand(planes, coefficients):
    """score = constant; for each plane: score = score + plane * coefficient, rounding after each."""
    score = np.repeat(coefficients[None, :, -1, None], len(planes), axis=0)
    score = np.repeat(score, 64, axis=2)
    for j in range(planes.shape[1]):
        score = score + planes[:, None, j] * coefficients[None, :, j, None]
    return score


@pytest.mark.parametrize("gaps", [0.0, 0.2])
@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 6, 7, 8, 15])
@pytest.mark.parametrize("p", [1, 2, 7])
def test_vectors_give_the_bits_of_the_plain_loop(k, p, gaps):
    X, _, points = layout(k, n=130, p=p, gaps=gaps)
    rng = np.random.default_rng(k)
    centres = rng.standard_normal((k, p))
    q = points.planes.shape[1]
    coefficients = np.empty((k + k % 2, q + 1))
    set_coefficients(points.mask_plane, centres, coefficients)
    expected = by_hand(points.planes, coefficients)
    labels = rng.integers(0, k, size=points.weights.shape)
    before = labels.copy()
    change, pick = np.empty((k, q + 2)), np.empty(64, dtype=np.int64)
    moved = assign(points.planes, points.weights, coefficients, labels, change, pick)
    np.testing.assert_array_equal(labels, expected[:, :k].argmin(axis=1))  # argmin: ties to the lowest
    held = points.weights > 0
    assert moved == (labels != before)[held].sum()
    rows = naive.nearest(X - points.shift, centres)[0]
    np.testing.assert_array_equal(labels.ravel()[: len(X)], rows)


@pytest.mark.parametrize("gaps", [0.0, 0.2])
def test_sums_follow_the_moves(gaps):
    _, _, points = layout(3, gaps=gaps)
    rng = np.random.default_rng(0)
    k, p, q = 5, 5, points.planes.shape[1]
    coefficients = np.empty((6, q + 1))
    set_coefficients(points.mask_plane, rng.standard_normal((k, p)), coefficients)
    labels = rng.integers(0, k, size=points.weights.shape)
    sums, exact, change = (np.empty((k, q + 2)) for _ in range(3))
    set_sums(points.planes, points.weights, labels, sums)
    assign(points.planes, points.weights, coefficients, labels, change, np.empty(64, dtype=np.int64))
    set_sums(points.planes, points.weights, labels, exact)
    np.testing.assert_allclose(sums + change, exact, atol=1e-10)
    labels[:] = -1  # the first iteration: from nowhere
    assign(points.planes, points.weights, coefficients, labels, change, np.empty(64, dtype=np.int64))
    np.testing.assert_allclose(change, exact, atol=1e-10)


def test_ties_go_to_the_lowest_centre():
    _, _, points = layout(1, n=64, p=2)
    coefficients = np.zeros((4, 3))  # four equal centres
    labels = np.full(points.weights.shape, 3)
    assign(points.planes, points.weights, coefficients, labels, np.empty((4, 4)), np.empty(64, dtype=np.int64))
    assert (labels == 0).all()


@pytest.mark.parametrize("gaps", [0.0, 0.25])
def test_polish_ends_where_no_single_move_helps(gaps):
    X, weights, points = layout(5, n=60, p=3, gaps=gaps)
    k, q = 4, points.planes.shape[1]
    labels = np.random.default_rng(2).integers(0, k, size=points.weights.shape)
    sums, centres = np.empty((k, q + 2)), np.empty((k, 3))
    exact_centres(points.rows(), Groups(centres, labels, sums))
    coefficients, scores = np.empty((k, q + 1)), np.empty((k, 64))
    set_coefficients(points.mask_plane, centres, coefficients)

    def objective(rows):
        return naive.objective(X, weights, rows, naive.means(X, weights, rows, k))

    begin = objective(labels.ravel()[: len(X)])
    moved = polish(points.rows(), Groups(centres, labels, sums), coefficients, scores, 100)
    rows = labels.ravel()[: len(X)].copy()
    end = objective(rows)
    assert moved > 0
    assert end < begin
    assert points.total - explained(points.mask_plane, sums, 3) == pytest.approx(end, rel=1e-9)
    for i in range(len(X)):  # by the definition: move one row, compute everything anew
        for c in range(k):
            other = rows.copy()
            other[i] = c
            if len(set(other.tolist())) == k:
                assert objective(other) >= end * (1 - 1e-9)


def test_a_move_that_only_hartigan_sees():
    # By hand, weights 1. Groups {0, 3} (centre 1.5) and {6} (centre 6); row 3 is 1.5 from its own centre,
    # 3 from the other: Lloyd stays. Moving it saves 2/1 * 2.25 = 4.5 and costs 1/2 * 9 = 4.5: a tie,
    # it stays. With 6 at 5.9: cost 0.5 * 2.9^2 = 4.205 < 4.5, it moves; {0}, {3, 5.9} costs 4.205.
    for last, expected in ((6.0, [0, 0, 1]), (5.9, [0, 1, 1])):
        X = np.array([[0.0], [3.0], [last]])
        points = search.prepare(X, np.isnan(X), np.ones(3))
        labels = np.zeros((1, 64), dtype=np.int64)
        labels[0, 2] = 1
        sums, centres = np.empty((2, 3)), np.empty((2, 1))
        exact_centres(points.rows(), Groups(centres, labels, sums))
        coefficients = np.empty((2, 2))
        set_coefficients(points.mask_plane, centres, coefficients)
        polish(points.rows(), Groups(centres, labels, sums), coefficients, np.empty((2, 64)), 10)
        assert labels[0, :3].tolist() == expected


def test_a_move_goes_to_the_lowest_of_equal_groups():
    # Rows (-3, 0), (0, 0), (0, 20), (3, 0) in groups 0, 2, 2, 1: (0, 0) costs 9/2 in group 0 and in group 1.
    X = np.array([[-3.0, 0], [0, 0], [0, 20], [3, 0]])
    points = search.prepare(X, np.isnan(X), np.ones(4))
    labels = np.zeros((1, 64), dtype=np.int64)
    labels[0, :4] = [0, 2, 2, 1]
    sums, centres, coefficients = np.empty((3, 4)), np.empty((3, 2)), np.empty((4, 3))
    exact_centres(points.rows(), Groups(centres, labels, sums))
    set_coefficients(points.mask_plane, centres, coefficients)
    assert polish(points.rows(), Groups(centres, labels, sums), coefficients, np.empty((4, 64)), 10) == 1
    assert labels[0, :4].tolist() == [0, 0, 2, 1]


def test_random_starts_are_distinct_rows_drawn_by_weight():
    X = np.arange(4.0)[:, None]
    points = search.prepare(X, np.isnan(X), np.array([1.0, 2.0, 3.0, 4.0]))
    uniforms = np.random.default_rng(0).random((4000, 2, 1))
    drawn = np.empty((4000, 2))
    for draw, row in zip(uniforms, drawn, strict=True):
        centres = np.empty((2, 1))
        start(points.rows(), draw, centres)
        row[:] = centres[:, 0] + points.shift[0]
    drawn = np.rint(drawn).astype(int)
    assert (drawn[:, 0] != drawn[:, 1]).all()
    np.testing.assert_allclose(np.bincount(drawn[:, 0]) / 4000, [0.1, 0.2, 0.3, 0.4], atol=0.03)
    # second draw: P(j) = sum over i != j of P(i) w_j / (10 - w_i), so for j = 3:
    # .1 * 4/9 + .2 * 4/8 + .3 * 4/7 = 0.3159
    assert np.mean(drawn[:, 1] == 3) == pytest.approx(0.3159, abs=0.03)


def test_greedy_starts_prefer_what_is_far():
    X = np.array([[0.0], [0.1], [0.2], [100.0], [200.0]])
    points = search.prepare(X, np.isnan(X), np.ones(5))
    for draw in np.random.default_rng(1).random((50, 3, 3)):
        centres = np.empty((3, 1))
        start(points.rows(), draw, centres)
        found = sorted((centres[:, 0] + points.shift[0]).round(6).tolist())
        assert found[1:] == [100.0, 200.0]


def test_rows_are_sorted_merged_and_those_without_weight_dropped():
    nan = np.nan
    X = np.array([[2, 1], [1, nan], [1, 5], [2, 1], [1, nan], [nan, nan], [1, 4], [-0.0, 1], [0.0, 1]])
    weights = np.array([1.0, 2, 1, 3, 5, 1, 0, 1, 1])
    points = search.prepare(X, np.isnan(X), weights)
    np.testing.assert_array_equal(X[points.first] + 0.0, [[0, 1], [1, 5], [1, nan], [2, 1]])
    assert points.row_weights.tolist() == [2, 1, 7, 4]


@pytest.mark.parametrize("gaps", [0.0, 0.2])
def test_chunks_and_threads_give_the_same_bits(monkeypatch, gaps):
    _, _, points = layout(8, n=1000, gaps=gaps)
    monkeypatch.setattr(search, "BLOCKS", 1)  # sixteen chunks
    seed = np.random.SeedSequence(4)
    plan = search.Plan("k-means++", 6, n_init=1, max_iter=300)
    one = search.restarts(points, plan, seed, 1)
    two = search.restarts(points, plan, seed, 3)  # threads share one start
    draws = search._draws("k-means++", 1, 6, seed)
    alone = search._run_starts((points, plan), draws)  # one thread does it all
    assert one.centres.tobytes() == two.centres.tobytes()
    assert (points.total - alone.explained).tobytes() == one.objectives.tobytes() == two.objectives.tobytes()


def test_a_swap_is_given_up_only_if_it_could_not_win():
    _, _, points = layout(9, n=1500, p=4)
    plan = search.Plan("k-means++", 8, n_init=4, max_iter=300, n_swaps=60)
    patient = search.swaps(points, plan, np.random.SeedSequence(1), 1).objectives.min()
    single = search.restarts(points, plan, np.random.SeedSequence(1), 1).objectives.min()
    assert patient < single
