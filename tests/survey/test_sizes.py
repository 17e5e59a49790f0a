"""Sizes that published vignettes print: R package PracTools; Cochran (1977), table 1.1."""

import numpy as np
import pytest

from regso_cluster.errors import InputError
from regso_cluster.survey.sizes import (
    Waves,
    bias_for_error,
    error_chance,
    follow_up,
    size_for_change,
    size_for_cv,
    size_for_share,
    size_for_total_cv,
    size_for_wilson,
    waves_of_shares,
)


def test_a_share_of_one_half():
    sizes = [int(np.ceil(size_for_share(0.5, margin / 100))) for margin in range(1, 9)]
    assert sizes == [9604, 2401, 1068, 601, 385, 267, 196, 151]


def test_a_share_of_a_small_population_needs_fewer():
    assert size_for_share(0.5, 0.05, population=1000) == pytest.approx(277.74, abs=0.01)
    assert size_for_share(0.5, 0.05, population=1e12) == pytest.approx(size_for_share(0.5, 0.05), rel=1e-6)


def test_coefficients_of_variation():
    assert size_for_cv(0.05, 2) == pytest.approx(1600)
    assert int(np.ceil(size_for_cv(0.05, 2, population=500))) == 381
    sizes = [int(np.ceil(size_for_cv(cv / 100, 2) - 1e-9)) for cv in range(1, 22, 2)]
    assert sizes == [40000, 4445, 1600, 817, 494, 331, 237, 178, 139, 111, 91]


def test_half_of_the_population_is_a_domain():
    assert size_for_cv(0.05, 1, domain=0.5) == pytest.approx(800)
    assert size_for_total_cv(0.05, 1, 0.5) == pytest.approx(1200)


def test_wilson():
    size = size_for_wilson(0.04, 0.01)
    assert size == pytest.approx(1492.151, abs=1e-3)
    z2 = 1.959963984540054**2
    centre = (0.04 + z2 / (2 * size)) / (1 + z2 / size)
    assert (centre - 0.01, centre + 0.01) == pytest.approx((0.03118120, 0.05118120), abs=1e-8)


def test_waves_that_share_units():
    assert int(np.ceil(size_for_change(Waves((200, 200), 0.75, 0.9), 5, sides=1))) == 33
    assert int(np.ceil(size_for_change(waves_of_shares(0.5, 0.55, 0.45, 0.5), 0.05))) == 1013


def test_independent_waves_need_more():
    assert size_for_change(Waves((1, 1), 0, 0.9), 0.1) > size_for_change(Waves((1, 1), 0.5, 0.9), 0.1)


def test_following_up_the_silent():
    found = follow_up((50, 200), 0.5, 1, cv=0.05)
    assert (found.fraction, found.drawn, found.followed) == pytest.approx(
        (0.70710678, 482.842712, 170.710678), abs=1e-6
    )
    assert found.cost == pytest.approx(58284.27, abs=0.01)
    assert (found.drawn + found.followed) / found.drawn > 1
    for_budget = follow_up((50, 200), 0.5, 1, budget=100_000)
    assert (for_budget.drawn, for_budget.followed) == pytest.approx((828.427125, 292.893219), abs=1e-6)
    assert for_budget.cv == pytest.approx(0.0382, abs=5e-5)


def test_what_bias_does_to_an_interval():
    chances = [error_chance(bias) for bias in (0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3)]
    assert chances == pytest.approx([0.0511, 0.0572, 0.0791, 0.1165, 0.1701, 0.3230, 0.5160, 0.8508], abs=5e-5)
    assert bias_for_error(error_chance(0.7)) == pytest.approx(0.7, abs=1e-9)


@pytest.mark.parametrize(
    "call",
    [
        lambda: size_for_share(1.2, 0.1),
        lambda: size_for_share(0.5, 0.0),
        lambda: size_for_wilson(0.5, 0.6),
        lambda: size_for_cv(0.05, 1, domain=0.0),
        lambda: size_for_change(Waves((1, 1), 0, 0), 0),
        lambda: waves_of_shares(0.5, 0.5, 0.6, 0.5),
        lambda: follow_up((1, 1), 0.5, 1),
        lambda: follow_up((1, 1), 1.5, 1, cv=0.1),
        lambda: bias_for_error(0.01),
    ],
)
def test_what_cannot_be_is_refused(call):
    with pytest.raises(InputError):
        call()
