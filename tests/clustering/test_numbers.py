"""Numbers that no method of grouping can calculate with are refused before a kernel meets them."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

from regso_cluster.clustering._numbers import LARGEST, SMALLEST, as_floats, refuse_extremes
from regso_cluster.clustering.agglomerative import Agglomerative
from regso_cluster.clustering.clusters import KMeans
from regso_cluster.clustering.distances import nearest_rows, pairwise_distances
from regso_cluster.clustering.hierarchies import METHODS, linkage, linkage_from_distances
from regso_cluster.clustering.medoids import KMedoids, best_medoids
from regso_cluster.clustering.natural_breaks import NaturalBreaks, natural_breaks
from regso_cluster.clustering.regions import ContiguousAgglomerative, MaxP, Redcap, Skater
from regso_cluster.clustering.validity import silhouette, silhouette_from_distances, sums_of_squares
from regso_cluster.errors import InputError

ROWS = np.array([[0.0, 1.0], [1.0, 0.0], [5.0, 5.0], [6.0, 4.0], [9.0, 1.0], [3.0, 2.0]])
LABELS = np.array([0, 0, 1, 1, 2, 2])
ESTIMATORS = [
    KMeans(2, random_state=0),
    KMeans(2, n_swaps=0, random_state=0),
    KMedoids(2, random_state=0),
    *(Agglomerative(2, linkage=method) for method in METHODS),
    *(ContiguousAgglomerative(2, linkage=kind) for kind in ("ward", "average", "complete", "single")),
    Skater(2),
    Redcap(2),
    MaxP(2, random_state=0),
]


def test_floats_are_ready_for_the_kernels():
    given = np.ones((3, 2))
    assert as_floats(given) is given  # nothing is copied without need
    for values in (given.astype(np.float32), np.asfortranarray(given), given[:, ::-1], given.tolist(), given > 0):
        ready = as_floats(values)
        assert ready.dtype == np.float64
        assert ready.flags.c_contiguous
        assert (ready == 1).all()
    given.flags.writeable = False
    assert as_floats(given).flags.writeable
    with pytest.raises(InputError, match=r"weights: a sparse matrix.*toarray"):
        as_floats(scipy.sparse.csr_array(given), "weights")
    with pytest.raises(InputError, match="X: complex numbers"):
        as_floats(given * 1j)


def test_extremes_by_hand():
    refuse_extremes(np.array([[LARGEST, -LARGEST], [0.0, np.nan]]))
    refuse_extremes(np.array([[SMALLEST], [0.0]]))
    refuse_extremes(np.full((3, 2), 1e-300))  # all alike: no difference, so none too small
    refuse_extremes(np.array([[1e-300, 1.0], [0.0, 2.0]]))  # nothing beside the other column
    refuse_extremes(np.array([[1e-300], [0.0]]), fitted=False)
    refuse_extremes(np.empty((0, 2)))
    for sign in (1, -1):
        with pytest.raises(InputError, match=r"X, column 1: too large to be squared.*Divide the column"):
            refuse_extremes(np.array([[0.0, sign * 2 * LARGEST], [0.0, np.nan]]), fitted=False)
    with pytest.raises(InputError, match=r"differences too small.*Multiply"):
        refuse_extremes(np.array([[5.0, 0.0], [5.0, SMALLEST / 2]]))
    late = np.zeros((1000, 2))
    late[999, 1] = SMALLEST  # far down the table
    refuse_extremes(late)
    with pytest.raises(InputError, match="differences too small"):
        refuse_extremes(late / 2)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: repr(estimator).replace("\n", ""))
def test_estimators_refuse_what_overflows_or_vanishes(estimator):
    """Infinite distances once sent a kernel outside its arrays; vanished ones grouped at random."""
    for scale in (1e300, 1e150):
        with pytest.raises(InputError, match="too large to be squared"):
            estimator.fit(ROWS * scale)
    for scale in (1e-300, 1e-310, 1e-160):
        with pytest.raises(InputError, match="differences too small to be squared"):
            estimator.fit(ROWS * scale)
    for weight in (1e308, 1e100, 1e-100, 1e-320):
        with pytest.raises(InputError, match=r"sample_weight\[0\]: not a weight.*power of ten"):
            estimator.fit(ROWS, sample_weight=np.full(6, weight))
    labels = estimator.fit(ROWS).labels_
    for scale in (1e80, 1e-80):
        np.testing.assert_array_equal(estimator.fit(ROWS * scale).labels_, labels)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: repr(estimator).replace("\n", ""))
def test_estimators_bear_extreme_weights_within_the_limits(estimator):
    if isinstance(estimator, MaxP):
        pytest.skip("its minimum is a weight too")
    labels = estimator.fit(ROWS).labels_
    for weight in (1e90, 1e-90):
        np.testing.assert_array_equal(estimator.fit(ROWS, sample_weight=np.full(6, weight)).labels_, labels)


def test_new_rows_may_be_alike_but_not_endless():
    for fitted in (KMeans(2, random_state=0).fit(ROWS), KMedoids(2, random_state=0).fit(ROWS)):
        assert fitted.predict(np.full((2, 2), 1e-300)).tolist() == fitted.predict(np.zeros((2, 2))).tolist()
        for method in (fitted.predict, fitted.transform):
            with pytest.raises(InputError, match="too large to be squared"):
                method(np.full((1, 2), 1e200))


def test_functions_refuse_what_overflows_or_vanishes():
    far, near = ROWS * 1e300, ROWS * 1e-300
    for call in (pairwise_distances, linkage, lambda rows: nearest_rows(rows, 1)):
        with pytest.raises(InputError, match="too large to be squared"):
            call(far)
        with pytest.raises(InputError, match="differences too small"):
            call(near)
    assert pairwise_distances(near, metric="manhattan").values[0, 1] == pytest.approx(2e-300)
    for call in (silhouette, sums_of_squares):
        with pytest.raises(InputError, match="too large to be squared"):
            call(far, LABELS)
        with pytest.raises(InputError, match="differences too small"):
            call(near, LABELS)
    matrix = pairwise_distances(ROWS).values
    with pytest.raises(InputError, match="too large to be squared"):
        linkage_from_distances(matrix * 1e300)
    with pytest.raises(InputError, match="too large to be squared"):
        best_medoids(matrix * 1e300, [[0, 1]])
    with pytest.raises(InputError, match="not a distance"):
        silhouette_from_distances(matrix * 1e300, LABELS)
    with pytest.raises(InputError, match="differences too small"):
        natural_breaks(near[:, 0], 2)
    with pytest.raises(InputError, match="differences too small"):
        NaturalBreaks(2).fit(near[:, :1])
