import numpy as np
import pytest

from regso_cluster.kernels.breaks import best_ends, prefix_sums, within_groups
from tests.kernels.naive_breaks import brute_force, naive_ends, naive_within


def sums(value, weight):
    out = [np.empty(len(value) + 1) for _ in range(3)]
    prefix_sums(value, weight, *out)
    return out


def draw(kind, n, seed):
    rng = np.random.default_rng(seed)
    if kind == "heavy":
        return np.unique(rng.standard_t(2, n)), rng
    if kind == "integers":  # many partitions are exactly equally good
        return np.arange(n, dtype=float), rng
    if kind == "offset":
        return np.unique(1e9 + rng.normal(size=n)), rng
    if kind == "outlier":
        return np.unique(np.concatenate((rng.normal(size=n - 2), [-1e6, 1e6]))), rng
    return np.unique(np.round(rng.gamma(2, 8, n), 1)), rng  # per cent with one decimal


@pytest.mark.parametrize("kind", ["heavy", "integers", "offset", "outlier", "per cent"])
@pytest.mark.parametrize("weighted", [False, True])
def test_every_end_is_that_of_the_quadratic_programme(kind, weighted):
    for seed, n in enumerate((3, 17, 64, 65, 211)):
        value, rng = draw(kind, n, seed)
        weight = rng.integers(1, 4000, len(value)).astype(float) if weighted else np.ones(len(value))
        for n_groups in sorted({1, 2, 3, 7, len(value) - 1, len(value)}):
            if n_groups > len(value):
                continue
            ends = best_ends(value, weight, n_groups)
            np.testing.assert_array_equal(ends, naive_ends(*sums(value, weight), n_groups))


@pytest.mark.parametrize("seed", range(6))
def test_brute_force_in_fractions_finds_nothing_better(seed):
    rng = np.random.default_rng(seed)
    value = np.unique(np.round(rng.standard_t(2, 11), 2))
    weight = rng.integers(1, 9, len(value)).astype(float)
    for n_groups in (1, 2, 3, 4, len(value)):
        least, _ = brute_force(value, weight, n_groups)
        ends = best_ends(value, weight, n_groups)
        begins = (0, *ends[:-1])
        ours = sum(naive_within(value, weight, b, e) for b, e in zip(begins, ends, strict=True))
        assert float(ours) == pytest.approx(float(least), rel=1e-12, abs=1e-12)


def test_by_hand():
    # 1 2 | 6 with weights 1 1 1: mean 1.5, squares 0.25 + 0.25 = 0.5.
    # The other cut, 1 | 2 6: mean 4, squares 4 + 4 = 8.
    value = np.array([1.0, 2.0, 6.0])
    ends = best_ends(value, np.ones(3), 2)
    assert ends.tolist() == [2, 3]
    assert within_groups(value, np.ones(3), ends).tolist() == [0.5, 0.0]
    # Weights 1 1 1: 0 4 | 9 costs 8, 0 | 4 9 costs 12.5. Weights 100 1 1: 0 4 | 9 costs 100/101 * 16 = 15.84,
    # 0 | 4 9 costs 12.5 still, so the weight moves the cut.
    value = np.array([0.0, 4.0, 9.0])
    assert best_ends(value, np.ones(3), 2).tolist() == [2, 3]
    assert best_ends(value, np.array([100.0, 1.0, 1.0]), 2).tolist() == [1, 3]


def test_equally_good_partitions_give_the_lowest_start():
    # 0 1 2 in two groups: 0 | 1 2 and 0 1 | 2 both cost 0.5
    assert best_ends(np.array([0.0, 1.0, 2.0]), np.ones(3), 2).tolist() == [1, 3]


@pytest.mark.parametrize("offset", [0.0, 1e9])
def test_objective_against_fractions(offset):
    rng = np.random.default_rng(5)
    value = np.unique(offset + rng.normal(size=60))
    weight = rng.uniform(1, 3000, len(value))
    ends = best_ends(value, weight, 4)
    begins = (0, *ends[:-1])
    exact = [float(naive_within(value, weight, b, e)) for b, e in zip(begins, ends, strict=True)]
    np.testing.assert_allclose(within_groups(value, weight, ends), exact, rtol=1e-14)


def test_more_groups_never_cost_more_and_all_apart_cost_nothing():
    value = np.unique(np.random.default_rng(1).standard_t(2, 300))
    weight = np.ones(len(value))
    costs = [within_groups(value, weight, best_ends(value, weight, k)).sum() for k in range(1, 40)]
    assert np.all(np.diff(costs) < 0)
    assert within_groups(value, weight, best_ends(value, weight, len(value))).max() == 0.0
