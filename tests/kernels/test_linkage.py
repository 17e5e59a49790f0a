import numpy as np
import pytest
from scipy.cluster import hierarchy
from scipy.spatial.distance import pdist, squareform

from regso_cluster.clustering.distances import pairwise_distances
from regso_cluster.clustering.hierarchies import (
    METHODS,
    cophenetic_correlation,
    cophenetic_distances,
    cut,
    linkage,
    linkage_from_distances,
)
from regso_cluster.errors import InputError
from regso_cluster.kernels.dendrogram import order_merges
from tests.kernels import naive_linkage

WITHOUT_WARD = [method for method in METHODS if method != "ward"]


def rows_and_weights(n, p, seed=0):
    generator = np.random.default_rng(seed)
    return generator.standard_t(3, (n, p)), np.ceil(generator.lognormal(7, 1, n))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [2, 3, 40, 70])
def test_against_the_definition_with_weights(method, n):
    rows, weights = rows_and_weights(n, 3)
    matrix = squareform(pdist(rows))
    want = naive_linkage.linkage(rows, weights, matrix, method)
    got = linkage(rows, method, weights=weights)
    np.testing.assert_allclose(got[:, 2], want[:, 2], rtol=1e-12)
    np.testing.assert_array_equal(got[:, [0, 1, 3]], want[:, [0, 1, 3]])
    assert (np.diff(got[:, 2]) >= 0).all()


@pytest.mark.parametrize("method", METHODS)
def test_third_opinion(method):
    rows, _ = rows_and_weights(700, 4, seed=1)  # past the sizes at which slots are moved together
    got, want = linkage(rows, method), hierarchy.linkage(rows, method)
    assert hierarchy.is_valid_linkage(got)
    np.testing.assert_allclose(got, want, rtol=1e-12)
    if method != "ward":
        np.testing.assert_allclose(linkage_from_distances(pairwise_distances(rows).values, method), want, rtol=1e-12)
    np.testing.assert_allclose(cophenetic_distances(got), hierarchy.cophenet(want), rtol=1e-12)
    correlation, _ = hierarchy.cophenet(want, pdist(rows))
    assert cophenetic_correlation(got, pdist(rows)) == pytest.approx(correlation, rel=1e-12)
    assert cophenetic_correlation(got, squareform(pdist(rows))) == pytest.approx(correlation, rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_ties_constants_and_equal_rows(method):
    # On a grid nearly everything is tied: any order of tied merges is right, but every height must be that of
    # its groups,
    # and nothing left over may be nearer than what was merged.
    generator = np.random.default_rng(2)
    rows = np.column_stack([generator.integers(0, 4, (60, 2)), np.full(60, 7.0)]).astype(float)
    weights = generator.integers(1, 4, 60).astype(float)
    matrix = squareform(pdist(rows))
    got = linkage(rows, method, weights=weights)
    groups = naive_linkage.members(got)
    alive = {i: groups[i] for i in range(60)}
    for step, (i, j, height, count) in enumerate(got):
        assert i < j
        exact = naive_linkage.height(groups[int(i)], groups[int(j)], rows, weights, matrix, method)
        assert height == pytest.approx(exact, rel=1e-12, abs=1e-12)
        nodes = sorted(alive)
        least = min(
            naive_linkage.height(alive[a], alive[b], rows, weights, matrix, method)
            for k, a in enumerate(nodes)
            for b in nodes[k + 1 :]
        )
        assert height == pytest.approx(least, rel=1e-12, abs=1e-12)
        del alive[int(i)], alive[int(j)]
        alive[60 + step] = groups[60 + step]
        assert count == len(groups[60 + step])
    assert (linkage(np.ones((5, 2)), method)[:, 2] == 0).all()


def test_by_hand():
    # Rows 0, 1, 5 on a line with weights 1, 3, 2.
    # ward: 0 and 1 first, sqrt(2 * 1 * 3 / 4 * 1) = sqrt(1.5); their centre is 3/4 with weight 4;
    #       then sqrt(2 * 4 * 2 / 6 * (5 - 3/4)^2) = sqrt(8/3) * 4.25
    # average: 1, then (1 * 5 + 3 * 4) / 4 = 4.25; complete: 1, then 5; single: 1, then 4
    rows, weights = np.array([[0.0], [1.0], [5.0]]), [1, 3, 2]
    for method, heights in {
        "ward": [np.sqrt(1.5), np.sqrt(8 / 3) * 4.25],
        "average": [1, 4.25],
        "complete": [1, 5],
        "single": [1, 4],
    }.items():
        got = linkage(rows, method, weights=weights)
        np.testing.assert_allclose(got, [[0, 1, heights[0], 2], [2, 3, heights[1], 3]], rtol=1e-15)
    assert cut(got, 3).tolist() == [0, 1, 2]
    assert cut(got, 2).tolist() == [0, 0, 1]
    assert cut(got, 1).tolist() == [0, 0, 0]
    assert cophenetic_distances(got).tolist() == [1, 4, 4]
    # distances 1, 5, 4 against 1, 4, 4 around their means 10/3 and 3: covariance 7, squares 26/3 and 6
    assert cophenetic_correlation(got, np.array([1.0, 5, 4])) == pytest.approx(7 / np.sqrt(26 / 3 * 6))
    assert np.isnan(cophenetic_correlation(got, np.ones(3)))


@pytest.mark.parametrize("method", METHODS)
def test_cut_and_cophenetic_against_the_definition(method):
    rows, weights = rows_and_weights(50, 2, seed=3)
    got = linkage(rows, method, weights=weights)
    for n_groups in (1, 2, 7, 49, 50):
        np.testing.assert_array_equal(cut(got, n_groups), naive_linkage.cut(got, n_groups))
    np.testing.assert_array_equal(cophenetic_distances(got), naive_linkage.cophenetic(got))


@pytest.mark.parametrize("method", METHODS)
def test_equal_weights_count_as_one_and_only_ratios_matter(method):
    rows, weights = rows_and_weights(90, 3, seed=4)
    one, some, thousands = (linkage(rows, method, weights=w) for w in (None, weights, 1024 * weights))
    assert (one[:, :2] == linkage(rows, method, weights=np.full(90, 8.0))[:, :2]).all()
    assert (some[:, :2] == thousands[:, :2]).all()
    if method in {"ward", "average"}:
        assert not (one[:, :2] == some[:, :2]).all()


def test_a_whole_never_stands_before_its_part():
    # Rounding put the whole a hair below its part: it is raised, else it would be sorted to the front.
    merges = np.array([[1, 0], [3, 2]])
    heights = np.array([1.0, np.nextafter(1.0, 0.0)])
    out = np.empty((2, 4))
    order_merges(merges, heights, 3, out)
    assert out.tolist() == [[0, 1, 1, 2], [2, 3, 1, 3]]


@pytest.mark.parametrize("scale", [1e-9, 1e9])
def test_ward_screening_holds_far_from_the_origin_and_at_any_scale(scale):
    # The float32 screen works on centred, scaled rows: neither an offset nor a far outlier may cost a merge.
    rows, weights = rows_and_weights(65, 3, seed=5)
    rows[7] *= 1e5
    got = linkage(rows * scale + 3 * scale, "ward", weights=weights)
    want = naive_linkage.linkage(rows, weights, None, "ward")
    np.testing.assert_allclose(got[:, 2], want[:, 2] * scale, rtol=1e-7)
    np.testing.assert_array_equal(got[:, :2], want[:, :2])


def test_ward_screening_lets_rounded_neighbours_through():
    # Two crowds far from the centre, each within a few steps of float32: the nearest may look like the farthest.
    generator = np.random.default_rng(9)
    rows = np.repeat([[0.9, 0.9], [-0.9, -0.9]], 40, axis=0) + generator.uniform(-1e-7, 1e-7, (80, 2))
    want = naive_linkage.linkage(rows, np.ones(80), None, "ward")
    got = linkage(rows, "ward")
    np.testing.assert_array_equal(got[:, :2], want[:, :2])


@pytest.mark.parametrize("method", METHODS)
def test_of_equally_near_groups_the_lowest_join_first(method):
    got = linkage(np.eye(6), method)  # every two rows sqrt(2) apart
    assert got[0, :2].tolist() == [0, 1]
    assert cut(got, 5).tolist() == [0, 0, 1, 2, 3, 4]
    assert cut(linkage(np.eye(4), method), 3).tolist() == [0, 0, 1, 2]


def test_same_bits_at_any_number_of_threads():
    rows, weights = rows_and_weights(300, 5, seed=6)
    for method in METHODS:
        results = [linkage(rows, method, weights=weights, n_threads=n).tobytes() for n in (1, 2, 8)]
        assert len(set(results)) == 1


@pytest.mark.parametrize("method", WITHOUT_WARD)
def test_missing_values_and_other_metrics(method):
    rows, _ = rows_and_weights(70, 4, seed=7)
    rows[np.random.default_rng(8).random(rows.shape) < 0.2] = np.nan
    rows[:, 0] = np.arange(70)  # so that every pair has something in common
    matrix = pairwise_distances(rows, metric="gower").values
    np.testing.assert_array_equal(linkage(rows, method, metric="gower"), linkage_from_distances(matrix, method))
    rows[:, 1:] = 0.5
    rows[3] = [1, np.nan, np.nan, np.nan]
    rows[4] = [np.nan, 1, 1, 1]
    with pytest.raises(InputError, match="1 pairs without a distance"):
        linkage(rows, method, metric="gower")


def test_refusals():
    rows = np.arange(6.0).reshape(3, 2)
    for options, words in (
        ({"method": "median"}, "unknown linkage"),
        ({"weights": [1, 0, 1]}, r"weights\[1\]: not a weight"),
        ({"weights": [1, 1]}, "weights do not fit"),
        ({"metric": "manhattan"}, "ward is defined"),
        ({"missing": "partial"}, "ward is defined"),
    ):
        with pytest.raises(InputError, match=words):
            linkage(rows, **options)
    with pytest.raises(InputError, match="too few rows"):
        linkage(rows[:1])
    with pytest.raises(InputError, match="needs the rows"):
        linkage_from_distances(np.zeros((3, 3)), "ward")
    for bad in (np.zeros((3, 2)), -np.ones((3, 3)), np.array([[0, 1.0], [2, 0]]), np.full((2, 2), np.nan)):
        with pytest.raises(InputError, match="not a matrix of distances"):
            linkage_from_distances(bad)
    merges = linkage(rows)
    for n_groups in (0, 4):
        with pytest.raises(InputError, match="wrong number of groups"):
            cut(merges, n_groups)
    with pytest.raises(InputError, match="wrong number of pairs"):
        cophenetic_correlation(merges, np.ones(4))
