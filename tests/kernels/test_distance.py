import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.covariance import ledoit_wolf
from sklearn.metrics.pairwise import nan_euclidean_distances

from regso_cluster.clustering.distances import (
    distance_blocks,
    nearest_rows,
    pairwise_distances,
    prepare_metric,
    shrunk_covariance,
)
from regso_cluster.errors import InputError
from regso_cluster.kernels.distance import fill_distances
from tests.kernels import naive_distance

SIZES = [(1, 1), (2, 3), (63, 6), (64, 2), (65, 7), (200, 12)]


def table(n, p, missing=0.0, seed=0):
    generator = np.random.default_rng(seed)
    values = np.round(generator.standard_t(3, (n, p)), 1)  # rounded: ties
    if p > 2:
        values[:, 1] = 4.0  # a constant factor
    if n > 3:
        values[3] = values[0]  # two equal rows
    values[generator.random((n, p)) < missing] = np.nan
    if missing and n > 60 and p > 2:
        values[5], values[6, 1:] = np.nan, np.nan  # nothing, and only the first
        values[7, 0] = np.nan  # nothing in common with row 6
    return values


def naive(a, b, metric, weights, ranges=None, partial=False):
    return np.array([[naive_distance.distance(x, y, metric, weights, ranges, partial) for y in b] for x in a])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("metric", ["euclidean", "sqeuclidean", "manhattan"])
def test_sums_against_the_definition(size, metric):
    values = table(*size)
    weights = np.linspace(0, 2, size[1] + 1)[1:]
    got = pairwise_distances(values, metric=metric, factor_weights=weights)
    np.testing.assert_allclose(got.values, naive(values, values, metric, weights), rtol=1e-13, atol=1e-13)
    assert got.undefined_pairs == 0


@pytest.mark.parametrize("size", [size for size in SIZES if size[1] > 2])
def test_correlation_against_the_definition(size):
    values = table(*size)
    values[-1] = 3.25  # a constant profile has no correlation
    weights = np.linspace(1, 2, size[1])
    got = pairwise_distances(values, metric="correlation", factor_weights=weights)
    want = naive(values, values, "correlation", weights)
    np.fill_diagonal(want, 0.0)
    np.testing.assert_allclose(got.values, want, rtol=1e-12, atol=1e-12)
    assert got.undefined_pairs == np.isnan(want).sum() // 2 > 0
    to_first = pairwise_distances(values, values[-2:], metric="correlation", factor_weights=weights)
    want = naive(values, values[-2:], "correlation", weights)
    np.testing.assert_allclose(to_first.values, want, rtol=1e-12, atol=1e-12)
    assert to_first.undefined_pairs == np.isnan(want).sum() == size[0] + 1


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("metric", ["gower", "euclidean", "sqeuclidean", "manhattan"])
def test_missing_values_against_the_definition(size, metric):
    values = table(*size, missing=0.3)
    weights = np.linspace(0, 2, size[1] + 1)[1:]
    low, high = np.where(np.isnan(values), np.inf, values), np.where(np.isnan(values), -np.inf, values)
    ranges = np.maximum(high.max(axis=0) - low.min(axis=0), 0.0)
    got = pairwise_distances(values, metric=metric, factor_weights=weights, missing="partial")
    want = naive(values, values, metric, weights, ranges, partial=True)
    np.fill_diagonal(want, 0.0)
    np.testing.assert_allclose(got.values, want, rtol=1e-13, atol=1e-13)
    assert got.undefined_pairs == np.isnan(want).sum() // 2
    if size[0] > 60 and size[1] > 2:
        assert np.isnan(got.values[6, 7])  # nothing in common is not 0
        assert got.undefined_pairs > 0
    others = pairwise_distances(
        values[:9], values, metric=prepare_metric(values, metric, factor_weights=weights, missing="partial")
    )
    want = naive(values[:9], values, metric, weights, ranges, partial=True)
    np.testing.assert_allclose(others.values, want, rtol=1e-13, atol=1e-13)
    assert others.undefined_pairs == np.isnan(want).sum()


def test_by_hand():
    # Three areas, two factors. a = (0, 0), b = (3, 4), c = (0, missing); weights 1 and 4.
    # euclidean a-b: sqrt(1*9 + 4*16) = sqrt(73); sqeuclidean 73; manhattan 1*3 + 4*4 = 19
    # gower, ranges 3 and 4: a-b: (1*1 + 4*1) / 5 = 1; a-c: only factor 0: 0 / 1 = 0; b-c: 1*1 / 1 = 1
    values = np.array([[0.0, 0.0], [3.0, 4.0], [0.0, np.nan]])
    both = values[:2]
    for metric, want in (("euclidean", np.sqrt(73.0)), ("sqeuclidean", 73.0), ("manhattan", 19.0)):
        assert pairwise_distances(both, metric=metric, factor_weights=[1, 4]).values[0, 1] == want
    got = pairwise_distances(values, metric="gower", factor_weights=[1, 4]).values
    assert got.tolist() == [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    # partial manhattan b-c: 3 over weight 1, scaled to the whole weight 5: 15
    assert pairwise_distances(values, metric="manhattan", factor_weights=[1, 4], missing="partial").values[1, 2] == 15
    # correlation of (1, 2, 3) with (3, 2, 1) is -1, with (2, 4, 6) is 1
    profiles = np.array([[1.0, 2, 3], [3, 2, 1], [2, 4, 6]])
    np.testing.assert_allclose(pairwise_distances(profiles, metric="correlation").values[0], [0, 2, 0], atol=1e-15)


def test_third_opinions():
    values = np.random.default_rng(3).standard_t(4, (150, 5))
    covariance = shrunk_covariance(values)
    np.testing.assert_allclose(covariance, ledoit_wolf(values)[0], rtol=1e-12)
    for metric, options in {
        "euclidean": {},
        "sqeuclidean": {},
        "manhattan": {},
        "correlation": {},
        "mahalanobis": {"VI": np.linalg.inv(covariance)},
    }.items():
        name = "cityblock" if metric == "manhattan" else metric
        np.testing.assert_allclose(
            pairwise_distances(values, metric=metric).values,
            cdist(values, values, name, **options),
            atol=1e-12,
        )
    values[np.random.default_rng(4).random(values.shape) < 0.3] = np.nan
    np.testing.assert_allclose(
        pairwise_distances(values, missing="partial").values, nan_euclidean_distances(values), atol=1e-7
    )  # scikit-learn's own sum loses digits by its GEMM


def test_covariance_counts_rows_by_their_weights():
    values = np.random.default_rng(5).standard_normal((30, 4))
    counts = np.arange(30) % 4
    np.testing.assert_allclose(
        shrunk_covariance(values, counts), ledoit_wolf(np.repeat(values, counts, axis=0))[0], rtol=1e-11
    )
    assert not shrunk_covariance(values[:1]).any()  # a single row has no spread at all


def test_covariance_of_few_rows_is_drawn_in_no_further_than_to_the_identity():
    whole = 0
    for seed in range(20):
        values = np.random.default_rng(seed).standard_normal((6, 4))
        want, shrinkage = ledoit_wolf(values)
        np.testing.assert_allclose(shrunk_covariance(values), want, rtol=1e-10, atol=1e-15)
        whole += shrinkage == 1
    assert whole  # the cap was met


@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "mahalanobis", "gower", "correlation"])
def test_symmetric_with_a_diagonal_of_zero_and_the_same_bits_everywhere(metric):
    values = np.random.default_rng(6).standard_t(3, (333, 7)) * 1e3
    whole = pairwise_distances(values, metric=metric, n_threads=1).values
    assert (whole == whole.T).all()
    assert not np.diagonal(whole).any()
    out = np.full_like(whole, -1.0)
    got = pairwise_distances(values, metric=metric, n_threads=2, out=out)
    assert got.values is out
    assert whole.tobytes() == out.tobytes()
    prepared = prepare_metric(values, metric)
    for block in distance_blocks(values, metric=prepared, block_rows=100, n_threads=8):
        assert (block.values == whole[block.start : block.start + len(block.values)]).all()
    assert (pairwise_distances(values[:5], values, metric=prepared).values == whole[:5]).all()


def test_blocks_cover_every_row_and_count():
    values = table(200, 7, missing=0.5)
    whole = pairwise_distances(values, metric="gower")
    seen = [
        (b.start, len(b.values), b.undefined_pairs, b.values.copy())
        for b in distance_blocks(values, metric="gower", block_rows=64)
    ]
    assert [(start, size) for start, size, _, _ in seen] == [(0, 64), (64, 64), (128, 64), (192, 8)]
    np.testing.assert_array_equal(np.vstack([block for *_, block in seen]), whole.values)
    assert sum(count for _, _, count, _ in seen) == 2 * whole.undefined_pairs > 0
    profiles = np.ones((20, 3))
    profiles[4:] = np.random.default_rng(0).random((16, 3))
    counts = sum(b.undefined_pairs for b in distance_blocks(profiles, metric="correlation", block_rows=7))
    assert counts == 2 * pairwise_distances(profiles, metric="correlation").undefined_pairs == 2 * (6 + 4 * 16)


@pytest.mark.parametrize("metric", ["euclidean", "gower"])
@pytest.mark.parametrize("k", [1, 10])
def test_nearest_against_the_definition(metric, k):
    values = table(200, 7, missing=0.4 if metric == "gower" else 0.0)
    matrix = pairwise_distances(values, metric=metric).values
    got = nearest_rows(values, k, metric=metric)
    indices, distances = naive_distance.nearest(matrix, k, skip_self=True)
    np.testing.assert_array_equal(got.indices, indices)
    np.testing.assert_array_equal(got.distances, distances)
    prepared = prepare_metric(values, metric)
    centres = nearest_rows(values, k, values[20:90], metric=prepared)
    matrix = pairwise_distances(values, values[20:90], metric=prepared).values
    indices, distances = naive_distance.nearest(matrix, k, skip_self=False)
    np.testing.assert_array_equal(centres.indices, indices)
    np.testing.assert_array_equal(centres.distances, distances)


def test_nearest_says_where_there_is_none():
    values = np.array([[1.0, np.nan], [np.nan, 2.0], [3.0, np.nan]])
    got = nearest_rows(values, 2, metric="gower")
    assert got.indices.tolist() == [[2, -1], [-1, -1], [0, -1]]
    assert got.distances.tolist() == [[1.0, np.inf], [np.inf, np.inf], [1.0, np.inf]]


def test_read_only_input_is_not_compiled_anew():
    values = table(70, 3)
    want = pairwise_distances(values).values
    before = len(fill_distances.signatures)
    values.flags.writeable = False
    assert (pairwise_distances(values).values == want).all()
    assert len(fill_distances.signatures) == before


def test_close_rows_keep_their_digits():
    # 1e8 apart from the origin, 1 apart from each other: the GEMM form gives 0 or worse here
    values = np.array([[1e8, 1e8], [1e8 + 1, 1e8]])
    assert pairwise_distances(values).values[0, 1] == 1.0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"metric": "cosine"}, "unknown metric"),
        ({"factor_weights": [1, -1]}, "wrong factor weights"),
        ({"factor_weights": [0, 0]}, "wrong factor weights"),
        ({"missing": "zero"}, "unknown rule"),
        ({"metric": "correlation", "missing": "partial"}, "no meaning"),
        ({"out": np.empty((3, 2))}, "wrong `out`"),
        ({"out": np.empty((3, 3), dtype=np.float32)}, "wrong `out`"),
        ({"out": np.empty((3, 3), order="F")}, "wrong `out`"),
        ({"others": np.ones((2, 3))}, "wrong shape"),
    ],
)
def test_refusals(options, words):
    with pytest.raises(InputError, match=words):
        pairwise_distances(np.arange(6.0).reshape(3, 2), **options)


def test_refuses_what_cannot_be_measured():
    values = np.arange(6.0).reshape(3, 2)
    missing = values.copy()
    missing[1, 1] = np.nan
    with pytest.raises(InputError, match=r"row 1, column 1: missing value .*gower"):
        pairwise_distances(missing)
    missing[1, 1] = np.inf
    with pytest.raises(InputError, match="row 1, column 1: infinite value"):
        pairwise_distances(missing, metric="gower")
    with pytest.raises(InputError, match="wrong shape"):
        pairwise_distances(values[0])
    with pytest.raises(InputError, match="cannot be inverted"):
        pairwise_distances(np.ones((3, 2)), metric="mahalanobis")
    for k in (0, 3, 1.5, None):
        with pytest.raises(InputError, match="wrong number of neighbours"):
            nearest_rows(values, k)
    for block_rows in (0, 1.5):
        with pytest.raises(InputError, match="block_rows"):
            next(distance_blocks(values, block_rows=block_rows))
    for ranges in ([1], [1, -1], [1, np.inf], [1, np.nan]):
        with pytest.raises(InputError, match="wrong ranges"):
            prepare_metric(values, "gower", ranges=ranges)
    for factor_weights in ([1, -1], [0, 0], [1, 1e200], [1, 1e-200], [1, np.nan], [1]):
        with pytest.raises(InputError, match="wrong factor weights"):
            prepare_metric(values, factor_weights=factor_weights)
    with pytest.raises(InputError, match="covariance: wrong shape"):
        prepare_metric(values, "mahalanobis", covariance=np.eye(3))
    with pytest.raises(InputError, match=r"not a weight|do not fit"):
        shrunk_covariance(values, [1, -1, 1])
    for n_threads in (0, -1, 2.0, True, "2"):
        with pytest.raises(ValueError, match="n_threads must be"):
            pairwise_distances(values, n_threads=n_threads)
