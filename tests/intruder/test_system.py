"""What follows from sums: by hand, and against every way to fill in small tables."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from regso_cluster.intruder.system import Riddle, solve


def riddle(high, sums, right):
    return Riddle(
        np.zeros(len(high)), np.array(high, np.float64), [np.array(one) for one in sums], np.array(right, float)
    )


def test_one_sum_by_hand():
    # a + b + c = 10 with a <= 3, b <= 4, c <= 20: c is 3 to 10, the others are free
    low, high = solve(riddle([3, 4, 20], [[0, 1, 2]], [10]))
    assert (low.tolist(), high.tolist()) == ([0, 0, 3], [3, 4, 10])


def test_two_groupings_that_cross_by_hand():
    # a + b = 1, b + c = 5, a + c = 4 has one solution: a = 0, b = 1, c = 4
    low, high = solve(riddle([9, 9, 9], [[0, 1], [1, 2], [0, 2]], [1, 5, 4]))
    assert low.tolist() == high.tolist() == [0, 1, 4]


def test_what_no_sum_ties_keeps_its_bounds():
    low, high = solve(riddle([3, 4], [[0]], [2]))
    assert (low.tolist(), high.tolist()) == ([2, 0], [2, 4])


def test_sums_that_contradict_are_refused():
    with pytest.raises(ValueError, match="cannot add up"):
        solve(riddle([3, 4], [[0, 1]], [8]))


@pytest.mark.parametrize("seed", range(40))
def test_against_every_way_to_fill_in(seed):
    random = np.random.default_rng(seed)
    truth, high = random.integers(0, 4, 5), np.full(5, 4)
    sums = [np.flatnonzero(random.random(5) < 0.5) for _ in range(random.integers(1, 4))]
    sums = [one for one in sums if len(one)]
    right = [int(truth[one].sum()) for one in sums]
    fits = np.array([
        fill for fill in product(range(5), repeat=5)
        if all(sum(fill[at] for at in one) == total for one, total in zip(sums, right, strict=True))
    ])  # fmt: skip
    low, most = solve(riddle(high, sums, right))
    assert low.tolist() == fits.min(axis=0).tolist()
    assert most.tolist() == fits.max(axis=0).tolist()
