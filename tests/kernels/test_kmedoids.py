import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from regso_cluster.clustering.medoids import best_medoids, build_start
from regso_cluster.errors import InputError
from regso_cluster.kernels.kmedoids import Found, Starts, search_medoids
from regso_cluster.kernels.lanes import LANES
from tests.kernels import naive_kmedoids


def problem(n, seed=0, decimals=None):
    generator = np.random.default_rng(seed)
    rows = generator.standard_t(3, (n, 3))
    if decimals is not None:
        rows = np.round(rows, decimals)
    return squareform(pdist(rows)), np.ceil(generator.lognormal(2, 1, n)), generator


@pytest.mark.parametrize("n", [5, LANES - 1, LANES, LANES + 1, 150])
@pytest.mark.parametrize("k", [2, 4])
def test_against_the_definition(n, k):
    distances, weights, generator = problem(n, seed=n)
    starts = np.array([generator.permutation(n)[:k] for _ in range(3)])
    got = best_medoids(distances, starts, weights=weights)
    naive = [naive_kmedoids.search(distances, weights, start, LANES) for start in starts]
    np.testing.assert_allclose(got.losses, [value for _, value in naive], rtol=1e-12)
    best = int(np.argmin(got.losses))
    assert got.medoids.tolist() == naive[best][0]
    assert got.loss == pytest.approx(naive_kmedoids.loss(distances, weights, got.medoids), rel=1e-13)
    assert got.converged
    assert got.n_passes >= 1
    assert naive_kmedoids.is_locally_best(distances, weights, got.medoids.tolist())


@pytest.mark.parametrize("decimals", [0, -1])
def test_ties_and_equal_rows_end_in_a_local_best(decimals):
    # Whole numbers: many ties. Tens: nearly all rows are equal, losses near 0.
    distances, weights, generator = problem(80, decimals=decimals)
    starts = np.array([generator.permutation(80)[:5] for _ in range(4)])
    got = best_medoids(distances, starts, weights=weights)
    assert got.converged
    assert naive_kmedoids.is_locally_best(distances, weights, got.medoids.tolist())
    everything_equal = best_medoids(np.zeros((80, 80)), starts)
    assert everything_equal.loss == 0
    assert everything_equal.n_passes == 1


def test_best_of_many_starts_is_the_best_of_all():
    distances, weights, generator = problem(18, seed=3)
    for k in (1, 2, 3):
        starts = np.array([generator.permutation(18)[:k] for _ in range(30)])
        got = best_medoids(distances, starts, weights=weights)
        loss, medoids = naive_kmedoids.best_of_all(distances, weights, k)
        assert got.loss == pytest.approx(loss, rel=1e-13)
        assert got.medoids.tolist() == list(medoids)
        unweighted = best_medoids(distances, starts)
        assert unweighted.loss == pytest.approx(naive_kmedoids.best_of_all(distances, np.ones(18), k)[0], rel=1e-13)


def test_by_hand():
    # 0, 1, 2 with weight 1 and 10, 14 with weights 1 and 5, on a line, k = 2.
    # Medoids 1 and 14: 1 + 0 + 1 + 4 + 0 = 6. With 10 instead of 14: 1 + 1 + 5 * 4 = 22.
    # Without weights 10 and 14 are alike: 1 and 10 come to 1 + 1 + 4 = 6 as well.
    rows = np.array([[0.0], [1], [2], [10], [14]])
    distances = squareform(pdist(rows))
    got = best_medoids(distances, [[0, 3]], weights=[1, 1, 1, 1, 5])
    assert (got.medoids.tolist(), got.loss) == ([1, 4], 6.0)
    assert best_medoids(distances, [[0, 1]]).loss == 6.0
    # k = 1, weights 1 1 1 1 5: from 10: 10 + 9 + 8 + 20 = 47; from 14: 14 + 13 + 12 + 4 = 43; from 2: 2 + 1 +
    # 8 + 60 = 71
    single = best_medoids(distances, [[0]], weights=[1, 1, 1, 1, 5])
    assert (single.medoids.tolist(), single.loss) == ([4], 43.0)


def test_equal_swaps_go_to_the_lowest_row():
    # From medoids 101 and 102, either of 0 and 2 in the place of 102 comes to 2 + 1 + 0 + 1 = 4.
    rows = np.array([[0.0], [2], [100], [101], [102]])
    assert best_medoids(squareform(pdist(rows)), [[3, 4]]).medoids.tolist() == [0, 3]


def test_build_against_the_definition():
    distances, weights, _ = problem(70, seed=4)
    assert build_start(distances, 6, weights).tolist() == naive_kmedoids.build(distances, weights, 6)
    zeros = build_start(np.zeros((4, 4)), 3, np.ones(4))
    assert zeros.tolist() == [0, 1, 2]  # different rows, though all are equal


def test_same_bits_at_any_number_of_threads_and_beside_any_other_start():
    distances, weights, generator = problem(300, seed=5)
    starts = np.array([generator.permutation(300)[:7] for _ in range(9)])
    results = [best_medoids(distances, starts, weights=weights, n_threads=n) for n in (1, 2, 8)]
    for result in results:
        assert result.losses.tobytes() == results[0].losses.tobytes()
        assert result.medoids.tobytes() == results[0].medoids.tobytes()
    alone = [best_medoids(distances, start, weights=weights).loss for start in starts]
    assert np.array(alone).tobytes() == results[0].losses.tobytes()


@pytest.mark.parametrize("decimals", [None, 0])
def test_two_nearest_stay_right_through_all_swaps(decimals):
    distances, weights, generator = problem(200, seed=7, decimals=decimals)
    starts, k = 5, 9
    medoids = np.array([generator.permutation(200)[:k] for _ in range(starts)])
    nearest, runner_up = np.empty((2, starts, 200), dtype=np.int64)
    closest, second = np.empty((2, starts, 200))
    removal, losses = np.empty((starts, k)), np.empty(starts)
    idle, passes = np.empty((2, starts), dtype=np.int64)
    shared, own = np.empty((3, LANES)), np.empty((3, k, LANES))
    state = Starts(medoids, nearest, runner_up, closest, second, removal)
    search_medoids(distances, weights, 2, state, Found(losses, passes, idle), shared, own, 100)
    for s in range(starts):
        to_medoids = distances[:, medoids[s]]
        ordered = np.sort(to_medoids, axis=1)
        np.testing.assert_array_equal(closest[s], ordered[:, 0])
        np.testing.assert_array_equal(second[s], ordered[:, 1])
        np.testing.assert_array_equal(np.take_along_axis(to_medoids, nearest[s][:, None], 1)[:, 0], closest[s])
        np.testing.assert_array_equal(np.take_along_axis(to_medoids, runner_up[s][:, None], 1)[:, 0], second[s])
        assert (nearest[s] != runner_up[s]).all()
        spared = np.bincount(nearest[s], weights=weights * (second[s] - closest[s]), minlength=k)
        np.testing.assert_allclose(removal[s], spared, rtol=1e-12)
        assert losses[s] == pytest.approx((weights * closest[s]).sum(), rel=1e-13)


def test_read_only_input_is_not_compiled_anew():
    distances, weights, _ = problem(70)
    want = best_medoids(distances, [[0, 1]], weights=weights)
    before = len(search_medoids.signatures)
    distances.flags.writeable = weights.flags.writeable = False
    assert best_medoids(distances, [[0, 1]], weights=weights).loss == want.loss
    assert len(search_medoids.signatures) == before


def test_gives_up_after_max_passes_and_says_so():
    distances, weights, _ = problem(300, seed=6)
    got = best_medoids(distances, [np.arange(12)], weights=weights, max_passes=1)
    assert not got.converged
    assert got.n_passes == 1
    assert best_medoids(distances, [np.arange(12)], weights=weights).loss < got.loss


def test_refusals():
    distances, _, _ = problem(6)
    asymmetric = distances.copy()
    asymmetric[0, 5] += 1
    for bad in (distances[:3], -distances, asymmetric, np.full((3, 3), np.nan)):
        with pytest.raises(InputError, match="not a matrix of distances"):
            best_medoids(bad, [[0, 1]])
    for starts in ([[0, 0]], [[0, 6]], [[-1, 0]], [[]]):
        with pytest.raises(InputError, match="wrong starts"):
            best_medoids(distances, starts)
    for weights in ([1] * 5, [0] + [1] * 5, [np.inf] + [1] * 5):
        with pytest.raises(InputError, match=r"not a weight|do not fit"):
            best_medoids(distances, [[0, 1]], weights=weights)
