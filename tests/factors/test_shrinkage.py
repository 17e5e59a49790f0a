from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, optimize, special, stats

from regso_cluster.classification.classify import classify
from regso_cluster.errors import InputError
from regso_cluster.factors.shrinkage import _match, _mix, _Model, interval, shrink_factor, shrink_rates, shrink_table
from regso_cluster.factors.tables import read_factors
from regso_cluster.method import Shrinkage
from tests.tables import CODES, METHOD, method, rows, write

ONE = np.zeros(400, np.int64)


def counted(strength, seed=0, n=400, events=False, mean=0.1):
    random = np.random.default_rng(seed)
    d = random.integers(50, 2000, n).astype(float)
    if np.isinf(strength):
        p = np.full(n, mean)
    elif events:
        p = random.gamma(mean * strength, 1 / strength, n)
    else:
        p = random.beta(mean * strength, (1 - mean) * strength, n)
    count = random.poisson(d * p) if events else random.binomial(d.astype(int), p)
    return count.astype(float), d, p


def test_the_rate_by_hand():
    # a parent of rate 0.2 worth 50 persons: Beta(10, 40). 3 of 10 make Beta(13, 47): mean 13 / 60
    mean, between, (_, squared, total) = _mix(
        np.array([[0.2]]), np.array([[1.0]]), 50.0, np.array([3.0]), np.array([10.0])
    )
    assert mean[0] == pytest.approx(13 / 60)
    assert between[0] == 0
    assert total[0] == 60
    assert squared[0] == pytest.approx((13 / 60) ** 2 / 60)


@pytest.mark.parametrize("events", [False, True])
def test_the_strength_is_that_of_the_greatest_likelihood(events):
    n, d, _ = counted(200, events=events)
    found = shrink_rates(n, d, ONE, events=events)

    def loss(at):  # a third opinion: scipy's own distributions
        mean, strength = special.expit(at[0]), np.exp(at[1])
        if events:
            return -stats.nbinom.logpmf(n, mean * strength, strength / (strength + d)).sum()
        return -stats.betabinom.logpmf(n, d.astype(int), mean * strength, (1 - mean) * strength).sum()

    best = optimize.minimize(loss, [-2.0, 5.0], method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-8})
    assert found.strength == pytest.approx(np.exp(best.x[1]), rel=1e-3)
    assert 130 < found.strength < 300
    if not events:
        np.testing.assert_allclose(found.first, special.expit(best.x[0]) * found.strength + n, rtol=1e-3)
        np.testing.assert_allclose(found.first + found.second, found.strength + d, rtol=1e-9)


@pytest.mark.parametrize("events", [False, True])
def test_areas_that_do_not_differ_have_no_variance(events):
    # where areas do not differ, a moment estimate is negative every other time; the likelihood is best at the boundary
    clamped = 0
    for seed in range(12):
        n, d, _ = counted(np.inf, seed, events=events)
        found = shrink_rates(n, d, ONE, events=events)
        clamped += found.at_boundary
        means = found.first / (found.second if events else found.first + found.second)
        assert np.ptp(means) < 0.012
        if found.at_boundary:
            np.testing.assert_allclose(means, n.sum() / d.sum(), atol=1e-5)
            assert len(np.unique(means)) == 1  # or a scale would blow last bits up to standard deviations
    assert 3 <= clamped <= 10


@pytest.mark.parametrize(("events", "share"), [(False, 0.0), (False, 1.0), (True, 0.0)])
def test_where_nobody_or_everybody_is_counted_areas_do_not_differ(events, share):
    d = np.arange(100.0, 160.0)
    found = shrink_rates(d * share, d, np.arange(60) % 3, events=events)
    assert found.at_boundary
    assert len(np.unique(found.first)) == len(np.unique(found.second)) == 1
    mean = found.first / (found.second if events else found.first + found.second)
    np.testing.assert_allclose(mean, share, atol=1e-3)


@pytest.mark.filterwarnings("error")
def test_counts_beyond_the_strongest_parent():
    d = np.full(20, 1e9)
    found = shrink_rates(d * np.linspace(0.1, 0.2, 20), d, np.zeros(20, np.int64), events=False)
    assert not found.at_boundary
    np.testing.assert_allclose(found.first / (found.first + found.second), np.linspace(0.1, 0.2, 20), rtol=1e-6)


@pytest.mark.parametrize("events", [False, True])
def test_intervals_hold_the_true_rates_as_often_as_they_say(events):
    factor = dataclasses.replace(method().factors[0], unit="per 1000" if events else "share")
    unit = 1000.0 if events else 1.0
    inside = []
    for seed in range(8):
        n, d, p = counted(150, seed, events=events)
        found = shrink_rates(n, d, ONE, events=events)
        low, high = interval(found.first, found.second, 0.9, factor)
        inside.append(((low <= unit * p) & (unit * p <= high)).mean())
    assert 0.88 < np.mean(inside) < 0.92


def test_a_kommun_s_areas_are_drawn_towards_the_kommun():
    random = np.random.default_rng(0)
    parent = np.repeat(np.arange(80), 5)
    own = special.expit(random.normal(-2, 0.5, 80))[parent]
    d = np.full(400, 60.0)
    p = random.beta(own * 300, (1 - own) * 300)
    n = random.binomial(60, p).astype(float)
    by_kommun, by_country = (shrink_rates(n, d, group, events=False) for group in (parent, ONE))
    assert 0.35 < by_kommun.parent_spread < 0.65
    errors = [np.mean((one.first / (one.first + one.second) - p) ** 2) for one in (by_kommun, by_country)]
    assert errors[0] < 0.8 * errors[1]
    assert np.mean((n / d - p) ** 2) > errors[1]


def test_the_likelihood_of_a_parent_against_quadrature():
    n, d = np.array([3.0, 12.0, 8.0]), np.array([40.0, 90.0, 50.0])
    model = _Model(n, d, np.zeros(3, np.int64), 1, events=False)
    _, total, _ = model._by_node(70.0, -1.5, 0.4)

    def density(x):
        m = special.expit(x)
        parts = special.betaln(m * 70 + n, (1 - m) * 70 + d - n) - special.betaln(m * 70, (1 - m) * 70)
        return np.exp(parts.sum() + 200) * stats.norm.pdf(x, -1.5, 0.4)

    exact = np.log(integrate.quad(density, -5, 2)[0]) - 200
    # the nodes' weights are those of exp(-x^2 / 2), whose integral is not taken out: a constant
    assert total[0] == pytest.approx(exact, abs=2e-3)


def test_a_kommun_without_counts_has_its_parents_rate():
    n, d, _ = counted(200)
    n[5] = np.nan
    found = shrink_rates(n, d, ONE, events=False)
    assert np.isnan(found.first[5])
    assert found.prior_first[5] / (found.prior_first[5] + found.prior_second[5]) == pytest.approx(0.1, abs=0.01)


def test_too_few_areas_are_refused():
    with pytest.raises(InputError, match=r"Remove \[shrinkage\], and prior from \[certainty\]"):
        shrink_rates(np.array([1.0, np.nan]), np.array([5.0, 5.0]), np.zeros(2, np.int64), events=False)


TOWARDS = dataclasses.replace(method(), shrinkage=Shrinkage("country"))


def test_values_of_a_table_are_shrunk_and_the_counted_ones_kept(tmp_path):
    table = read_factors(write(rows(), tmp_path / "t.csv"), TOWARDS, edition=2025)
    shrunk, notes, figures = shrink_table(table, TOWARDS)
    found = shrink_factor(table, TOWARDS.factors[0], "country")
    expected = 100 * found.first / (found.first + found.second)
    np.testing.assert_allclose(shrunk.value["poor"].dropna(), expected[~np.isnan(expected)])
    assert table.value.loc[CODES[5], "poor"] == 40
    assert 30 < shrunk.value.loc[CODES[5], "poor"] < 40
    assert shrunk.value["voted"].equals(table.value["voted"])
    assert any("voted has no counts" in note for note in notes)
    assert figures["poor"]["persons"] == pytest.approx(found.strength, abs=0.1)
    long = classify(table, TOWARDS, year=2024).factors
    one = long[(long["regso"] == CODES[5]) & (long["factor"] == "poor")].iloc[0]
    assert one["value_counted"] == 40
    assert one["value_low"] < one["value"] < one["value_high"]


def test_off_unless_asked_for(tmp_path):
    table = read_factors(write(rows(), tmp_path / "t.csv"), method(), edition=2025)
    same, notes, figures = shrink_table(table, method())
    assert same is table
    assert not notes
    assert not figures
    assert "value_counted" not in classify(table, method(), year=2024).factors


def test_a_rate_with_its_persons_is_as_good_as_counts(tmp_path):
    given = METHOD.replace('numerator = "poor_n"\ndenominator = "poor_d"', 'value = "poor_pct"\ndenominator = "poor_d"')
    by_rate = dataclasses.replace(method(given), shrinkage=Shrinkage("country"))
    frame = rows().assign(poor_pct=[10, 10, 10, 10, 10, 40])
    tables = [read_factors(write(frame, tmp_path / "t.csv"), one, edition=2025) for one in (by_rate, TOWARDS)]
    found = [shrink_table(table, one)[0].value for table, one in zip(tables, (by_rate, TOWARDS), strict=True)]
    pd.testing.assert_frame_equal(*found)
    negative = frame.assign(poor_d=-5)
    with pytest.raises(InputError, match="negative number of persons"):
        read_factors(write(negative, tmp_path / "n.csv"), by_rate, edition=2025)


def test_towards_a_type_that_the_table_names(tmp_path):
    text = METHOD.replace('population = "population"', 'population = "population"\narea_type = "kind"')
    by_type = method(text + '\n[shrinkage]\ntowards = "type"\n')
    frame = rows().assign(kind=["a", "b", "a", "b", "a", ""])
    table = read_factors(write(frame, tmp_path / "t.csv"), by_type, edition=2025)
    assert table.areas["area_type"].loc[list(CODES)].fillna("-").tolist() == ["a", "b", "a", "b", "a", "-"]
    result = classify(table, by_type, year=2024)
    assert result.areas["area_type"].notna().sum() == 5


@pytest.mark.parametrize(
    ("section", "hint"),
    [
        ('[shrinkage]\ntowards = "type"', "area_type = "),
        ('[certainty]\nprior = "type"', "area_type = "),
        ('[shrinkage]\ntowards = "parish"', "docs/method.md"),
    ],
)
def test_parents_that_cannot_be_are_refused(section, hint):
    with pytest.raises(InputError, match=hint):
        method(METHOD + "\n" + section)


def test_own_areas_have_no_kommun():
    own = METHOD.replace("[table]", '[table]\nareas = "own"')
    with pytest.raises(InputError, match="have no kommun"):
        method(own + '\n[shrinkage]\ntowards = "kommun"')


def test_nothing_to_shrink_is_refused():
    values = METHOD.replace('numerator = "poor_n"\ndenominator = "poor_d"', 'value = "poor_n"')
    with pytest.raises(InputError, match="or remove"):
        method(values + '\n[shrinkage]\ntowards = "country"')


def test_what_a_parent_may_be_widens_the_rate():
    # the parent's rate is 0.2 or 0.4, as likely, and worth 9 persons. Beta: mean 0.3, variance between parents 0.01,
    # within (0.16 + 0.24) / 2 / 10 = 0.02; a + b = 0.21 / 0.03 - 1 = 6. Gamma: within 0.3 / 9, worth 0.3 / 0.13 * 3
    mixed = _mix(np.array([[0.2, 0.4]]), np.array([[0.5, 0.5]]), 9.0)
    np.testing.assert_allclose(np.ravel(_match(*mixed, events=False)), [1.8, 4.2])
    np.testing.assert_allclose(np.ravel(_match(*mixed, events=True)), [0.3 * 0.9 / 0.13, 0.9 / 0.13])


def test_shrunk_rates_cannot_be_changed_by_a_step_that_reads_them():
    rng = np.random.default_rng(0)
    d = rng.integers(20, 200, 30).astype(float)
    n, parent = rng.binomial(d.astype(int), rng.beta(4, 16, 30)).astype(float), np.zeros(30, np.int64)
    one = shrink_rates(n, d, parent, events=False)
    again = shrink_rates(n.copy(), d.copy(), parent, events=False)
    assert np.array_equal(again.first, one.first)
    with pytest.raises(ValueError, match="read-only"):
        one.first[0] = 0.0
    other = shrink_rates(n + 1, d, parent, events=False)
    assert (other.first != one.first).all()
    assert not np.array_equal(shrink_rates(n, d, parent, events=True).second, one.second)


def test_areas_without_a_parent_are_not_those_of_the_first():
    # two areas of parent 0 with 5 per cent, of parent 1 with 20; the last two, of none, have 50
    n, d = np.array([50.0, 52.0, 200.0, 198.0, 500.0, 505.0]), np.full(6, 1000.0)
    found = shrink_rates(n, d, np.array([0, 0, 1, 1, -1, -1]), events=False)
    apart = shrink_rates(n, d, np.array([0, 0, 1, 1, 2, 2]), events=False)
    np.testing.assert_allclose(found.first, apart.first, rtol=1e-3)
    np.testing.assert_allclose(
        found.prior_first[:2] / found.strength, apart.prior_first[:2] / apart.strength, rtol=1e-3
    )
