import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from regso_cluster.kernels.partitions import fill_table, rand_pair
from tests.kernels.naive_partitions import naive_jaccard, naive_rand


def pair(one, two):
    lines, columns = one.max() + 2, two.max() + 2
    return rand_pair(one, two, columns, np.empty((4, lines * columns), np.int64), np.empty(columns, np.int64))


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 7, 8, 41])
def test_rand_equals_the_count_of_pairs(n):
    rng = np.random.default_rng(n)
    for _ in range(20):
        one, two = rng.integers(-1, 4, n), rng.integers(-1, 3, n)
        expected = naive_rand(one.tolist(), two.tolist())
        if expected is None:
            assert np.isnan(pair(one, two))
        else:
            assert pair(one, two) == pytest.approx(expected, rel=1e-13, abs=1e-15)
            kept = (one >= 0) & (two >= 0)
            assert pair(one, two) == pytest.approx(adjusted_rand_score(one[kept], two[kept]), rel=1e-12, abs=1e-12)


def test_rand_by_hand():
    # 0 0 1 1 against 0 0 1 2: pairs together in both 1, in one 2, in two 1, of 6. By chance 2 * 1 / 6 = 1/3.
    # (1 - 1/3) / (1.5 - 1/3) = (2/3) / (7/6) = 4/7
    assert pair(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 2])) == pytest.approx(4 / 7, rel=1e-15)
    assert pair(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0])) == 1.0
    assert pair(np.array([0, 0, 0]), np.array([0, 0, 0])) == 1.0
    assert pair(np.array([0, 1, 2]), np.array([2, 1, 0])) == 1.0
    assert pair(np.array([0, 0, 0]), np.array([0, 1, 2])) == 0.0


def test_table_by_hand():
    table = np.empty((4, 12), np.int64)
    fill_table(np.array([0, 0, 1, -1, 1, 0]), np.array([0, 2, 1, 0, -1, 0]), 4, table)
    #                                        -1 0 1 2
    assert table[0].reshape(3, 4).tolist() == [[0, 1, 0, 0], [0, 2, 0, 1], [1, 0, 1, 0]]


def test_the_twin_of_jaccard_by_hand():
    # {0 1} against {0 1 2} and {3}: 2 / 3; {2 3} against both: 1 / 4 and 1 / 2
    assert naive_jaccard([0, 0, 1, 1], [5, 5, 5, 6]) == {0: (2 / 3, 5), 1: (1 / 2, 6)}
