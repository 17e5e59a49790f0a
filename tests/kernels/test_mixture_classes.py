from __future__ import annotations

import numpy as np
import pytest

from regso_cluster.kernels.mixture_classes import Classes, ClassWork, Components, find_classes, find_components
from tests.kernels import naive_mixture_classes as naive


def run_components(x, noise, seen, times, typical, pull, steps, start):
    share, mean, variance = (part.copy() for part in start)
    find_components(x, noise, seen, times, typical, pull, steps, -np.inf, Components(share, mean, variance),
                    np.empty((*share.shape[:2], 4, share.shape[2])))  # fmt: skip
    return share, mean, variance


def test_a_step_of_components_is_that_of_the_twin():
    random = np.random.default_rng(5)
    n, p, k, resamples = 40, 3, 4, 2
    x, noise, seen = random.random((n, p)), 0.01 + random.random((n, p)), random.random((n, p)) < 0.8
    times = random.integers(0, 3, (resamples, n)).astype(float)
    share = random.dirichlet(np.ones(k), (resamples, p))
    start = share, random.random((resamples, p, k)), 0.05 + random.random((resamples, p, k))
    typical = np.array([0.1, 0.2, 0.4])
    found = run_components(x, noise, seen, times, typical, 5.0, 1, start)
    for r in range(resamples):
        for f in range(p):
            has = seen[:, f]
            expected = naive.components(
                x[has, f], noise[has, f], times[r, has], typical[f], 5.0, *(part[r, f] for part in start)
            )
            for part, wanted in zip(found, expected[:3], strict=True):
                np.testing.assert_allclose(part[r, f], wanted, rtol=1e-6)


def test_a_variance_is_pulled_the_more_the_less_it_says():
    # two components far apart, 100 areas each: +-1 and +-sqrt 3 around 0 and 1000, no noise to speak of: variances 1
    # and 3, common 2. An area says all: (5 * 2 + 100 * 1) / 105 and (5 * 2 + 100 * 3) / 105.
    x = np.concatenate([np.tile([-1.0, 1.0], 50), 1000 + np.sqrt(3) * np.tile([-1.0, 1.0], 50)])[:, None]
    start = np.full((1, 1, 2), 0.5), np.array([[[0.0, 1000.0]]]), np.array([[[1.0, 3.0]]])
    seen, times = np.ones(x.shape, bool), np.ones((1, 200))
    tiny = np.full(x.shape, 1e-12)
    found = run_components(x, tiny, seen, times, np.zeros(1), 5.0, 1, start)
    np.testing.assert_allclose(found[2][0, 0], [110 / 105, 310 / 105])
    # said to be usually 6: (2 / 8)^2 = 1 / 16, worth 6.25: (10 + 6.25) / 11.25 and (10 + 18.75) / 11.25
    found = run_components(x, tiny, seen, times, np.array([6.0]), 5.0, 1, start)
    np.testing.assert_allclose(found[2][0, 0], [16.25 / 11.25, 28.75 / 11.25])


def test_a_component_that_is_none_stays_none_and_an_outlier_is_no_end():
    x, seen = np.array([[0.0], [0.1], [1e6]]), np.ones((3, 1), bool)
    start = np.array([[[1.0, 0.0]]]), np.array([[[0.0, 5.0]]]), np.ones((1, 1, 2))
    share, mean, variance = run_components(
        x, np.full((3, 1), 0.1), seen, np.ones((1, 3)), np.full(1, 0.1), 5.0, 3, start
    )
    assert share[0, 0].tolist() == [1.0, 0.0]
    assert np.isfinite([mean, variance]).all()
    # what was never seen leaves the start as it is
    kept = run_components(x, np.ones((3, 1)), ~seen, np.ones((1, 3)), np.ones(1), 5.0, 3, start)
    for part, before in zip(kept, start, strict=True):
        assert np.array_equal(part, before)


@pytest.mark.parametrize("p", [3, 11])  # one logarithm for eight factors
def test_a_step_of_classes_is_that_of_the_twin(p):
    random = np.random.default_rng(6)
    n, k, c, resamples = 30, 4, 3, 2
    density, seen = random.random((resamples, n, p, k)), random.random((n, p)) < 0.8
    seen[7] = False
    times = random.integers(0, 3, (resamples, n)).astype(float)
    marginal = random.dirichlet(np.ones(k), (resamples, p))
    share, weight = random.dirichlet(np.ones(c), resamples), random.dirichlet(np.ones(k), (resamples, c, p))
    new_share, new_weight = share.copy(), weight.copy()
    find_classes(density, seen, times, marginal, 10.0, 1, -np.inf, Classes(new_share, new_weight),
                 ClassWork(np.empty((resamples, c)), np.empty((resamples, c, p)), np.empty((resamples, c)),
                           np.empty((resamples, c, p, k))))  # fmt: skip
    for r in range(resamples):
        wanted = naive.classes(density[r], seen, times[r], marginal[r], 10.0, share[r], weight[r])
        np.testing.assert_allclose(new_share[r], wanted[0], rtol=1e-6)
        np.testing.assert_allclose(new_weight[r], wanted[1], rtol=1e-4)


def test_steps_raise_the_likelihood_and_end_by_the_gain():
    random = np.random.default_rng(8)
    density, seen, times = random.random((1, 200, 2, 3)), np.ones((200, 2), bool), np.ones((1, 200))
    marginal = np.full((1, 2, 3), 1 / 3)
    share, weight = np.array([[0.5, 0.5]]), random.dirichlet(np.ones(3), (1, 2, 2))
    logs = []
    for steps, gain in [(1, 0.0), (5, 0.0), (30, 0.0), (30, 1e9)]:
        own_share, own_weight = share.copy(), weight.copy()
        find_classes(density, seen, times, marginal, 1e-9, steps, gain, Classes(own_share, own_weight),
                     ClassWork(np.empty((1, 2)), np.empty((1, 2, 2)), np.empty((1, 2)),
                               np.empty((1, 2, 2, 3))))  # fmt: skip
        logs.append(naive.classes(density[0], seen, times[0], marginal[0], 1e-9, own_share[0], own_weight[0])[2])
    assert logs[0] < logs[1] < logs[2]
    assert logs[3] == logs[0]  # the first gain is infinite, the second too small
