import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score

from regso_cluster.clustering.agglomerative import Agglomerative
from regso_cluster.clustering.distances import pairwise_distances
from regso_cluster.clustering.hierarchies import METHODS, cophenetic_distances, cut, linkage
from regso_cluster.clustering.medoids import KMedoids
from regso_cluster.errors import InputError


def rows_and_weights(n=120, p=3, seed=0):
    generator = np.random.default_rng(seed)
    return generator.standard_t(3, (n, p)), generator.integers(1, 5, n).astype(float)


def same(a, b):
    return adjusted_rand_score(a, b) == 1.0


@pytest.mark.parametrize("method", METHODS)
def test_heights_do_not_depend_on_order_and_repetition(method):
    rows, weights = rows_and_weights()
    fit = Agglomerative(6, linkage=method).fit(rows, sample_weight=weights)
    order = np.random.default_rng(1).permutation(len(rows))
    permuted = Agglomerative(6, linkage=method).fit(rows[order], sample_weight=weights[order])
    np.testing.assert_array_equal(permuted.linkage_[:, 2], fit.linkage_[:, 2])
    times = weights.astype(int)
    repeated = Agglomerative(6, linkage=method).fit(np.repeat(rows, times, axis=0))
    np.testing.assert_array_equal(repeated.linkage_[-119:, 2], fit.linkage_[:, 2])
    assert (repeated.linkage_[:-119, 2] == 0).all()
    absent = np.where(np.arange(len(rows)) % 4 == 0, 0.0, weights)
    without = Agglomerative(6, linkage=method).fit(rows[absent > 0], sample_weight=absent[absent > 0])
    with_zero = Agglomerative(6, linkage=method).fit(rows, sample_weight=absent)
    np.testing.assert_array_equal(with_zero.linkage_, without.linkage_)
    np.testing.assert_array_equal(with_zero.rows_, np.flatnonzero(absent))


@pytest.mark.parametrize("method", METHODS)
def test_rows_of_weight_zero_join_the_nearest_group(method):
    # Groups {0, 1 (weight 3)} and {10, 12}; 5.6 without weight is
    # ward: 4.85 from the centre 0.75, 5.4 from 11; average: 4.85 and 5.4; complete: 5.6 and 6.4; single: 4.6
    # and 4.4
    rows = np.array([[5.6], [0.0], [1.0], [10.0], [12.0]])
    labels = Agglomerative(2, linkage=method).fit_predict(rows, sample_weight=[0, 1, 3, 1, 1])
    groups = [0, 0, 0, 1, 1] if method != "single" else [0, 1, 1, 0, 0]
    assert labels.tolist() == groups or same(labels, groups)
    matrix = pairwise_distances(rows).values
    if method != "ward":
        precomputed = Agglomerative(2, linkage=method, metric="precomputed")
        assert same(precomputed.fit_predict(matrix, sample_weight=[0, 1, 3, 1, 1]), groups)


@pytest.mark.parametrize("method", METHODS)
def test_equals_scikit_learn_without_weights(method):
    rows, _ = rows_and_weights(300)
    ours = Agglomerative(5, linkage=method).fit_predict(rows)
    assert same(ours, AgglomerativeClustering(5, linkage=method).fit_predict(rows))
    assert ours[0] == 0


def test_scale_of_a_factor_is_its_weight():
    rows, weights = rows_and_weights()
    weighted = Agglomerative(5, factor_weights=[4, 1, 1]).fit_predict(rows, sample_weight=weights)
    assert same(weighted, Agglomerative(5).fit_predict(rows * [2, 1, 1], sample_weight=weights))
    assert not same(weighted, Agglomerative(5).fit_predict(rows, sample_weight=weights))


def test_missing_values_are_refused_or_measured_by_gower():
    rows, weights = rows_and_weights()
    table = pd.DataFrame(rows, columns=["a", "b", "c"])
    table.iloc[5, 1] = np.nan
    estimator = Agglomerative(4, linkage="average", metric="gower").fit(table, sample_weight=weights)
    np.testing.assert_array_equal(cut(estimator.linkage_, 4), estimator.labels_)
    with pytest.raises(InputError, match=r"X\[5, 1\]: X contains NaN.*metric='gower'"):
        Agglomerative().fit(table)


@pytest.mark.parametrize("method", ["ward", "average"])
def test_a_row_without_weight_goes_to_the_group_near_by_weight(method):
    # 0 and 4 weigh 9 and 1: from 6.2 their mean distance is (9 * 6.2 + 2.2) / 10 = 5.8 and so is their centre,
    # 0.4; the others are 5.05 away. Unweighted it would be 4.2.
    rows, weights = np.array([[0.0], [4.0], [11.0], [11.5], [6.2]]), [9, 1, 1, 1, 0]
    assert Agglomerative(2, linkage=method).fit_predict(rows, sample_weight=weights).tolist() == [0, 0, 1, 1, 1]


def test_what_is_no_hierarchy_is_refused():
    """The kernels index by the numbers of nodes: wrong ones would read and write outside their arrays."""
    merges = linkage(rows_and_weights(6)[0])
    for number, place in ((99.0, (0, 0)), (-1.0, (0, 0)), (np.nan, (0, 0)), (0.5, (0, 0)), (np.nan, (2, 2))):
        wrong = merges.copy()
        wrong[place] = number
        for function in (lambda table: cut(table, 2), cophenetic_distances):
            with pytest.raises(InputError, match="merges: not a hierarchy"):
                function(wrong)
    for wrong in (merges[1:], merges[::-1], merges[:, :3], merges[0], np.vstack([merges, merges[-1:]])):
        with pytest.raises(InputError, match=r"not a hierarchy.*`linkage`"):
            cut(wrong, 2)
    for n_clusters in (0, 7, 2.5, True, None):
        with pytest.raises(InputError, match="wrong number of groups"):
            cut(merges, n_clusters)


def test_what_is_no_matrix_of_distances_is_refused():
    rows, _ = rows_and_weights(10)
    matrix = pairwise_distances(rows).values
    asymmetric, gap = matrix.copy(), matrix.copy()
    asymmetric[0, 1] += 1
    gap[0, 1] = gap[1, 0] = np.nan
    estimators = [KMedoids(2, metric="precomputed"), Agglomerative(2, linkage="average", metric="precomputed")]
    for estimator in estimators:
        for wrong, message in (
            (asymmetric, "not a matrix of distances"),
            (-matrix, "not a matrix of distances"),
            (1 - matrix / matrix.max(), "a row has a distance to itself.*1 - likeness"),
            (gap, r"X\[0, 1\].*nothing in common"),
        ):
            with pytest.raises(InputError, match=message):
                estimator.fit(wrong)


def test_refusals():
    rows, weights = rows_and_weights(10)
    with pytest.raises(ValueError, match="n_clusters must be from 1 to the 10"):
        Agglomerative(11).fit(rows)
    with pytest.raises(InputError, match="unknown linkage"):
        Agglomerative(linkage="median").fit(rows)
    with pytest.raises(ValueError, match="square"):
        Agglomerative(linkage="average", metric="precomputed").fit(rows)
    for bad in (-weights, weights[1:], weights * np.nan):
        with pytest.raises(ValueError, match="sample_weight"):
            Agglomerative().fit(rows, sample_weight=bad)
    assert Agglomerative(1).fit_predict(rows, sample_weight=[1] + [0] * 9).tolist() == [0] * 10
