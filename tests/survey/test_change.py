"""Data Delta.el of the R package ReGenesees: 20 units a wave, 8 in common, two strata."""

import numpy as np
import pytest

from regso_cluster.errors import InputError
from regso_cluster.survey.change import Wave, estimate_change
from regso_cluster.survey.design import Design, Stage
from regso_cluster.survey.estimates import linearise_mean

STRATUM = np.array([0] * 10 + [1] * 10)
FIRST = np.arange(1, 21)
SECOND = np.array([21, 2, 23, 4, 25, 6, 27, 8, 29, 30, 31, 12, 33, 14, 35, 16, 37, 18, 39, 40])
W1 = np.array(
    [
        "18.55982",
        "21.06586",
        "21.93166",
        "19.98340",
        "18.51504",
        "20.28786",
        "19.47544",
        "20.08048",
        "19.35298",
        "21.64282",
        "30.33911",
        "29.99442",
        "31.15830",
        "30.75910",
        "29.87766",
        "29.97200",
        "29.66927",
        "30.54008",
        "30.21610",
        "30.05322",
    ],
    dtype=float,
)
W2 = np.array(
    [
        "20.78341",
        "21.06586",
        "18.76287",
        "19.98340",
        "18.07945",
        "20.28786",
        "19.98976",
        "20.08048",
        "20.28916",
        "20.57337",
        "30.46191",
        "29.99442",
        "29.54631",
        "30.75910",
        "31.98209",
        "29.97200",
        "29.38564",
        "30.54008",
        "30.13084",
        "29.54043",
    ],
    dtype=float,
)
Y1 = np.arange(1, 21) / 2
Y2 = np.array(
    [
        "2.512918",
        "3.308235",
        "5.003790",
        "2.977190",
        "4.510136",
        "3.165896",
        "3.504128",
        "4.540171",
        "4.985899",
        "6.370713",
        "6.681330",
        "7.067339",
        "6.551161",
        "8.740280",
        "8.118962",
        "8.900935",
        "9.446146",
        "9.596294",
        "9.444555",
        "10.408366",
    ],
    dtype=float,
)


def wave(unit, weights, values, mean=False):
    draw = Design(weights, (Stage(STRATUM, np.arange(20), np.zeros(20)),))
    value, linearised = linearise_mean(weights, values) if mean else (float(weights @ values), values)
    weighted = draw.weighted(linearised[:, None])[:, 0]
    return Wave(unit, STRATUM, weighted, value, float(draw.covariance_of_totals(linearised[:, None])[0, 0]))


def test_change_of_a_total():
    first, second = wave(FIRST, W1, Y1), wave(SECOND, W2, Y2)
    assert (first.variance, second.variance) == pytest.approx((29866.05, 21316.52), abs=0.01)
    found = estimate_change(first, second)
    assert found.value == pytest.approx(484.2381, abs=2e-4)
    assert found.correlation == pytest.approx(0.2048452, abs=1e-6)
    assert (found.variance, found.error) == pytest.approx((40845.37, 202.1024), rel=1e-6)
    assert np.sqrt(found.independent) == pytest.approx(226.2, abs=0.05)
    assert found.overlap == 8


def test_change_of_a_mean():
    found = estimate_change(wave(FIRST, W1, Y1, mean=True), wave(SECOND, W2, Y2, mean=True))
    assert (found.value, found.error, found.correlation) == pytest.approx((0.9787263, 0.4069125, 0.2013588), abs=1e-6)


def test_nothing_in_common_is_independent():
    found = estimate_change(wave(FIRST, W1, Y1), wave(SECOND + 100, W2, Y2))
    assert found.overlap == 0
    assert found.variance == found.independent


def test_the_same_sample_twice_has_no_change():
    found = estimate_change(wave(FIRST, W1, Y1), wave(FIRST, W1, Y1))
    assert found.value == 0
    assert found.correlation == pytest.approx(1)
    assert found.variance == pytest.approx(0, abs=1e-6)


def test_a_unit_may_change_stratum_and_not_stand_twice():
    first, second = wave(FIRST, W1, Y1), wave(SECOND, W2, Y2)
    moved = Wave(second.unit, STRATUM[::-1], second.weighted, second.value, second.variance)
    assert -1 <= estimate_change(first, moved).correlation <= 1
    twice = Wave(np.r_[SECOND[1:], 2], STRATUM, second.weighted, second.value, second.variance)
    with pytest.raises(InputError, match="wave 2: a unit stands twice"):
        estimate_change(first, twice)
