from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from regso_cluster.kernels import consensus as kernels
from regso_cluster.kernels._threads import threads
from tests.kernels.naive_consensus import share_together


def ours(labels):
    labels = np.ascontiguousarray(labels, dtype=np.int32)
    share = np.empty((labels.shape[1],) * 2)
    scratch = [np.empty((kernels.CHUNKS, labels.shape[1]), dtype=np.int32) for _ in range(2)]
    kernels.count_together(labels, *scratch, share)
    return share


def test_three_areas_by_hand():
    # areas 0 and 1: together in the first of two; area 2 is assigned in the second alone, and there with area 1
    labels = np.array([[0, 0, -1], [0, 1, 1]])
    assert np.array_equal(ours(labels), [[1, 0.5, 0], [0.5, 1, 1], [0, 1, 1]])


@pytest.mark.parametrize("n", [1, 2, 17, 40])
def test_twin(n):
    random = np.random.default_rng(n)
    labels = random.integers(-1, 4, (9, n))
    labels[0] = -1
    assert np.array_equal(ours(labels), share_together(labels))


def test_third_opinion_hamming_distance():
    # with all assigned, the share apart of two rows is the Hamming distance of their labels over partitions
    labels = np.random.default_rng(0).integers(0, 3, (25, 30))
    assert np.allclose(1 - ours(labels), squareform(pdist(labels.T, "hamming")))


def test_same_bits_at_any_number_of_threads():
    labels = np.random.default_rng(0).integers(-1, 5, (30, 100))
    found = []
    for n_threads in (1, 2):
        with threads(n_threads):
            found.append(ours(labels))
    assert np.array_equal(*found)
