import numba
import numpy as np
import pytest

from regso_cluster.kernels import moments, silhouette, silhouette_sums
from tests.kernels.naive_silhouette import naive_distances, naive_moments, naive_silhouette


def country(n, p, k, seed, *, zero_weights=False):
    rng = np.random.default_rng(seed)
    group = np.concatenate((np.arange(k), rng.integers(0, k, n - k)))
    rows = rng.standard_t(3, (n, p)) + 0.5 * group[:, None]
    rows[n // 2] = rows[n // 2 - 1]  # two rows alike
    weight = rng.integers(0 if zero_weights else 1, 9, n).astype(float)
    return rows, group, weight


def groups_of(group, weight, k):
    mass = np.bincount(group, weight, k)
    return mass, np.bincount(group, weight > 0, k).astype(np.int64), np.bincount(group, minlength=k)


def test_by_tiles_and_by_rows_equal_the_definition():
    # p on both sides of the six features a tile takes at a time; groups of more than 64 fill several blocks
    for p in (1, 5, 6, 7, 12, 13):
        rows, group, weight = country(180, p, 2, p, zero_weights=True)
        mass, _, counts = groups_of(group, weight, 2)
        distances = np.array(naive_distances(rows))
        expected = [(distances[i] * weight)[group == group[i]].sum() for i in range(len(rows))]
        other = [
            np.average(distances[i][group != group[i]], weights=weight[group != group[i]]) for i in range(len(rows))
        ]
        for found in (
            silhouette_sums.distance_sums(rows, group, weight, mass, counts),
            silhouette_sums._sums_by_row(rows, group, weight, mass, counts),
        ):
            np.testing.assert_allclose(found[0], expected, rtol=1e-13)
            np.testing.assert_allclose(found[1], other, rtol=1e-13)
            np.testing.assert_array_equal(found[2], 1 - group)


@pytest.mark.parametrize(("groups", "by_row"), [(2, False), (40, True)])
def test_tiles_are_taken_for_large_groups_and_not_for_small_ones(groups, by_row):
    # the two ways add in another order: their last bits tell which was taken
    rows, group, weight = country(300, 3, groups, 0)
    given = (rows, group, weight, *groups_of(group, weight, groups)[::2])
    taken, rowwise = silhouette_sums.distance_sums(*given), silhouette_sums._sums_by_row(*given)
    np.testing.assert_allclose(taken[0], rowwise[0], rtol=1e-13)
    assert np.array_equal(taken[0], rowwise[0]) == by_row


def test_matrix_sums_equal_the_definition():
    for n in (4, 5, 6, 7, 61):
        rows, group, weight = country(n, 2, 3, n, zero_weights=True)
        distances = np.array(naive_distances(rows))
        distances[0, 1] += 1  # not symmetric: row 0 holds the distances of row 0
        sums = np.empty((n, 12))
        silhouette.matrix_distance_sums(distances, group, weight, sums)
        expected = np.stack([(distances * weight)[:, group == g].sum(axis=1) for g in range(3)], axis=1)
        np.testing.assert_allclose(sums[:, :3], expected, rtol=1e-14)


@pytest.mark.parametrize("n", [8, 63, 64, 65, 130])
def test_squared_sums_equal_the_definition(n):
    rows, group, weight = country(n, 5, 4, n, zero_weights=True)
    weight[:4] = 2.0
    mass, _, _ = groups_of(group, weight, 4)
    moved = moments_of(rows, group, weight, 4)
    own_sum, other, nearest = np.empty(n), np.empty(n), np.empty(n, np.int64)
    silhouette.squared_nearest(rows, group, mass, moved[2], moved[3], np.empty((5, 64)), own_sum, other, nearest)
    squares = np.array(naive_distances(rows, squared=True))
    sums = np.stack([(squares * weight)[:, group == g].sum(axis=1) for g in range(4)], axis=1)
    np.testing.assert_allclose(own_sum, sums[np.arange(n), group], rtol=1e-12, atol=1e-25)
    means = sums / mass
    means[np.arange(n), group] = np.inf
    np.testing.assert_allclose(other, means.min(axis=1), rtol=1e-12, atol=1e-25)
    np.testing.assert_array_equal(nearest, means.argmin(axis=1))


def moments_of(rows, group, weight, k):
    mass, size, within = np.empty(k), np.empty(k, np.int64), np.empty(k)
    centre = np.empty((k, rows.shape[1]))
    moments.group_moments(rows, group, weight, mass, size, centre, within)
    return mass, size, centre, within


@pytest.mark.parametrize("offset", [0.0, 1e9])
def test_moments_equal_the_definition(offset):
    rows, group, weight = country(50, 3, 4, 2, zero_weights=True)
    rows += offset
    weight[group == 2] = 0.0  # a group without weight
    mass, size, centre, within = moments_of(rows, group, weight, 4)
    scatter = np.empty(4)
    moments.group_scatter(rows, group, weight, mass, centre, scatter)
    near = (rows - offset).tolist()  # exact here: the twin needs no care for the offset
    for g, (m, s, c, w, d) in enumerate(naive_moments(near, group, weight, 4)):
        assert mass[g] == m
        assert size[g] == s
        np.testing.assert_allclose(centre[g] - offset, c, rtol=1e-12, atol=1e-15 * offset + 1e-14)
        np.testing.assert_allclose(within[g], w, rtol=1e-13 + 1e-15 * offset)
        np.testing.assert_allclose(scatter[g], d, rtol=1e-13 + 1e-15 * offset)


def test_widths_by_hand():
    # Own sum 6 over companions of weight 5 - 2 = 3: own 2; other 4: (4 - 2) / 4 = 0.5. Other 1: -0.5.
    # Alone in its group: 0. All 0: 0. Sums in group 0 with weights 3 and 1: 3 * 0.5 - 1 * 0.5 = 1.
    own, other = np.array([6.0, 6.0, 0.0, 0.0]), np.array([4.0, 1.0, 3.0, 0.0])
    group, inside = np.array([0, 0, 1, 2]), np.array([2.0, 2.0, 7.0, 1.0])
    mass, size = np.array([5.0, 7.0, 3.0]), np.array([3, 1, 2])
    width, total, summed = np.empty(4), np.empty(3), np.empty(3)
    weight = np.array([3.0, 1.0, 1.0, 1.0])
    silhouette.widths(own, other, group, inside, weight, mass, size, width, total, summed)
    np.testing.assert_array_equal(own, [2.0, 2.0, np.nan, 0.0])
    np.testing.assert_array_equal(width, [0.5, -0.5, 0.0, 0.0])
    assert (total.tolist(), summed.tolist()) == ([4.0, 1.0, 1.0], [1.0, 0.0, 0.0])


def test_two_nearest_by_hand():
    # Medoids at 0 and 10 and 0 again: 3 is 3 from the first (the lowest among equals), 3 from the next.
    rows = np.array([[0.0], [10.0], [0.0], [3.0], [8.0]])
    nearest, first, second = np.empty(5, np.int64), np.empty(5), np.empty(5)
    silhouette.two_nearest(rows, np.array([0, 1, 2]), nearest, first, second)
    assert nearest.tolist() == [0, 1, 0, 0, 1]
    assert first.tolist() == [0.0, 0.0, 0.0, 3.0, 2.0]
    assert second.tolist() == [0.0, 10.0, 0.0, 3.0, 8.0]


@pytest.mark.parametrize("k", [3, 60])
def test_same_bits_at_any_number_of_threads(k):
    rows, group, weight = country(700, 7, k, 9)
    mass, _, counts = groups_of(group, weight, k)
    most = numba.config.NUMBA_NUM_THREADS
    found = []
    for threads in (1, min(2, most), most):
        numba.set_num_threads(threads)
        found.append(silhouette_sums.distance_sums(rows, group, weight, mass, counts))
    numba.set_num_threads(most)
    for other in found[1:]:
        for one, two in zip(found[0], other, strict=True):
            assert one.tobytes() == two.tobytes()


def test_the_twin_by_hand():
    # On a line: 0 and 2 in group 0, 10 in group 1. Row 0: own 2, other 10: 0.8. Row 1: own 2, other 8: 0.75.
    found = naive_silhouette(naive_distances([[0.0], [2.0], [10.0]]), [0, 0, 1], [1, 1, 1])
    assert [width for *_, width in found] == [0.8, 0.75, 0.0]
