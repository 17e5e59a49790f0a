import sys
from pathlib import Path

import numba
import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from regso_cluster.clustering.agreement import adjusted_rand, adjusted_rand_pairs, adjusted_rand_to, jaccard_by_group
from regso_cluster.errors import InputError

sys.path.insert(0, str(Path(__file__).parents[1] / "kernels"))
from tests.kernels.naive_partitions import naive_jaccard  # the twins lie beside the kernels


def partitions(b=40, n=300, seed=0):
    return np.random.default_rng(seed).integers(-1, 6, (b, n))


def test_many_at_once_equal_one_at_a_time():
    many = partitions()
    to_first = adjusted_rand_to(many[0], many)
    pairs = adjusted_rand_pairs(many)
    for b in range(len(many)):
        assert to_first[b] == adjusted_rand(many[b], many[0]) == pairs[b, 0] == pairs[0, b]
        kept = (many[b] >= 0) & (many[0] >= 0)
        expected = adjusted_rand_score(many[0][kept], many[b][kept])
        assert to_first[b] == pytest.approx(expected, rel=1e-11, abs=1e-12)
    assert np.diagonal(pairs).tolist() == [1.0] * len(many)


def test_names_of_groups_do_not_matter_and_order_of_rows_does_not_either():
    one, two = partitions(2, 500, 1)
    new_names = np.array([100_000, 7, 90, 10**12, 3, 4, -1])  # label -1 stays -1
    assert adjusted_rand(new_names[one], two) == adjusted_rand(one, two)
    order = np.random.default_rng(2).permutation(500)
    assert adjusted_rand(one[order], two[order]) == adjusted_rand(one, two)
    assert adjusted_rand(two, one) == adjusted_rand(one, two)


def test_fewer_than_two_shared_rows_compare_nothing():
    assert np.isnan(adjusted_rand([0, -1, -1], [0, 1, 1]))
    assert np.isnan(adjusted_rand([0, -1], [-1, 0]))


@pytest.mark.parametrize("far_apart", [False, True])
def test_jaccard_equals_the_sets(far_apart):
    many = partitions(20, 60, 3)
    reference = np.random.default_rng(4).integers(-1, 4, 60) * 2  # labels 0 2 4 6, and -2
    reference[reference < 0] = -1
    many[1][reference == 4] = -1  # a group of which nothing is assigned
    if far_apart:
        many = np.where(many >= 0, many * 1000, -1)
        reference = np.where(reference >= 0, reference * 1000, -1)
    found = jaccard_by_group(reference, many)
    assert found.groups.tolist() == sorted(set(reference.tolist()) - {-1})
    for b in range(len(many)):
        expected = naive_jaccard(reference.tolist(), many[b].tolist())
        for place, group in enumerate(found.groups.tolist()):
            if group in expected:
                assert (found.overlap[b, place], found.match[b, place]) == expected[group]
            else:
                assert np.isnan(found.overlap[b, place])
                assert found.match[b, place] == -1


def test_same_bits_at_one_thread():
    many = partitions(33, 100, 5)
    whole = adjusted_rand_pairs(many).tobytes(), jaccard_by_group(many[0], many).overlap.tobytes()
    most = numba.config.NUMBA_NUM_THREADS
    numba.set_num_threads(1)
    single = adjusted_rand_pairs(many).tobytes(), jaccard_by_group(many[0], many).overlap.tobytes()
    numba.set_num_threads(most)
    assert whole == single


@pytest.mark.parametrize(
    ("call", "hint"),
    [
        (lambda: adjusted_rand([0.0, 1.0], [0, 1]), "whole numbers"),
        (lambda: adjusted_rand([0, 1], [0, 1, 1]), "not the same rows"),
        (lambda: adjusted_rand([0, -2], [0, 1]), "-2"),
        (lambda: adjusted_rand([], []), "whole numbers"),
        (lambda: adjusted_rand_to([0, 1], [0, 1]), "2 dimensions"),
        (lambda: adjusted_rand_pairs([0, 1]), "2 dimensions"),
        (lambda: jaccard_by_group([-1, -1], [[0, 1]]), "No row is assigned"),
    ],
)
def test_refusals(call, hint):
    with pytest.raises(InputError, match=hint):
        call()
