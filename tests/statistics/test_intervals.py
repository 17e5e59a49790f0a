from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from regso_cluster.statistics.intervals import (
    estimate_mean,
    estimate_share,
    mean_difference,
    share_difference,
    weighted_quantile,
)


def test_wilson_of_one_area_is_the_textbook_interval():
    # Newcombe (1998), table I: 81 of 263: 0.2553 to 0.3662 (score method)
    made = estimate_share(np.array([263.0]), np.array([81.0]), 0.95)
    assert (round(made.low, 4), round(made.high, 4)) == (0.2553, 0.3662)
    # a third opinion
    third = stats.binomtest(81, 263).proportion_ci(method="wilson")
    assert (made.low, made.high) == pytest.approx((third.low, third.high))
    none = estimate_share(np.array([10.0]), np.array([0.0]), 0.95)
    assert (none.value, none.low) == (0, 0)
    assert none.high == pytest.approx(0.2775, abs=1e-4)


def test_alike_neighbours_make_the_interval_wider():
    # Two areas of 50, 10 and 40 with: share .5, residuals 10 - 25 = -15 and 15, variance 2 / 1 * 450 / 100^2 = .09;
    # binomial .25 / 100 = .0025: design effect 36, 100 units tell as much as 2.78.
    made = estimate_share(np.array([50.0, 50]), np.array([10.0, 40]), 0.95)
    plain = estimate_share(np.array([100.0]), np.array([50.0]), 0.95)
    assert made.variance == pytest.approx(0.09)
    assert made.high - made.low > 2 * (plain.high - plain.low)
    # where areas are more equal than chance would have it, never narrower than plain Wilson
    equal = estimate_share(np.array([50.0, 50]), np.array([25.0, 25]), 0.95)
    assert (equal.low, equal.high) == pytest.approx((plain.low, plain.high))


def test_a_mean_by_hand():
    # Areas of 1 and 3 units, sums 2 and 12: mean 14 / 4 = 3.5; residuals 2 - 3.5 = -1.5 and 12 - 10.5 = 1.5;
    # variance 2 / 1 * 4.5 / 16 = .5625, error .75, t with 1 degree of freedom 12.706: 3.5 +- 9.53
    made = estimate_mean(np.array([1.0, 3]), np.array([2.0, 12]), 0.95)
    assert (made.value, made.variance, made.freedom) == (3.5, 0.5625, 1)
    assert made.high == pytest.approx(3.5 + 12.7062 * 0.75, abs=1e-3)
    alone = estimate_mean(np.array([3.0]), np.array([12.0]), 0.95)
    assert alone.value == 4
    assert np.isnan(alone.low)
    assert np.isnan(estimate_mean(np.zeros(2), np.zeros(2), 0.95).value)


def test_differences():
    # Newcombe (1998), method 10, example (a): 56/70 - 48/80: .2, interval .0524 to .3339
    one = estimate_share(np.array([70.0]), np.array([56.0]), 0.95)
    other = estimate_share(np.array([80.0]), np.array([48.0]), 0.95)
    assert tuple(round(end, 4) for end in share_difference(one, other)) == (0.0524, 0.3339)
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1, 20), rng.normal(1, 3, 30)
    low, high = mean_difference(estimate_mean(np.ones(20), a, 0.95), estimate_mean(np.ones(30), b, 0.95), 0.95)
    third = stats.ttest_ind(a, b, equal_var=False).confidence_interval()
    assert (low, high) == pytest.approx((third.low, third.high))
    assert np.isnan(
        mean_difference(estimate_mean(np.ones(1), a[:1], 0.95), estimate_mean(np.ones(30), b, 0.95), 0.95)[0]
    )


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 3)), min_size=1), st.sampled_from([0.1, 0.25, 0.5, 0.75]))
def test_weight_two_is_the_value_twice(rows, share):
    values, weights = (np.array(part, float) for part in zip(*rows, strict=True))
    twice = np.repeat(values, weights.astype(int))
    got = weighted_quantile(values, weights, share)
    if not len(twice):
        assert np.isnan(got)
    else:
        assert got == pytest.approx(np.quantile(twice, share, method="averaged_inverted_cdf"))
