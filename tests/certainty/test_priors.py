from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import stats

from regso_cluster.certainty import priors
from regso_cluster.certainty.priors import Classes, Posterior, _chances, _joined, _pulled, find_classes, posteriors_of
from regso_cluster.certainty.priors import _Counts as Counts
from regso_cluster.certainty.simulation import _cut, simulate
from regso_cluster.factors.tables import read_factors
from regso_cluster.method import Certainty, load_method
from regso_cluster.pipeline import judge, measure, usable
from tests.tables import method, rows, write


def test_a_variance_is_pulled_the_more_the_less_it_says():
    # two classes of 100 areas, variances 1 and 3: common 2. Without noise an area says all: worth 100, so
    # (5 * 2 + 100 * 1) / 105 and (5 * 2 + 100 * 3) / 105. With noise 6, (2 / 8)^2 = 1 / 16: worth 6.25, so
    # 16.25 / 11.25 and 28.75 / 11.25 in the second factor
    variance = np.array([[1.0, 1.0], [3.0, 3.0]])
    found = _pulled(variance, np.full((2, 2), 100.0), np.array([0.0, 6.0]))
    np.testing.assert_allclose(found, [[110 / 105, 16.25 / 11.25], [310 / 105, 28.75 / 11.25]])


def test_variances_are_pulled_by_the_usual_noise_of_what_was_seen(monkeypatch):
    noises = []
    real = priors._pulled
    monkeypatch.setattr(priors, "_pulled", lambda *given: noises.append(given[2]) or real(*given))
    d = np.tile([[100.0, 40.0], [50.0, 7.0]], (20, 1))
    seen = np.tile([[True, True], [True, False]], (20, 1))
    find_classes(Counts(d / 4, d, seen, np.zeros(2, bool)), 1)
    # a quarter of one person's share: 1 / 400 and 1 / 200, of which the mean; 1 / 160
    np.testing.assert_allclose(noises[0], [3 / 800, 1 / 160])


def test_intervals_of_a_noisy_factor_hold_the_truth_when_the_prior_is_resampled():
    # one cloud, cut into 15 classes; the third factor, of 40 persons, varies with SD 0.05 under a noise of 0.079.
    # Classes found once cut up the noise, and 90 % intervals hold the true rate in 82 %; averaged over resamples in 88
    random = np.random.default_rng(0)
    angle = random.normal([0.6, 0.6, 0.8], [0.1, 0.1, 0.05], (1500, 3))
    share, d = np.sin(angle) ** 2, np.tile([1000.0, 1000.0, 40.0], (1500, 1))
    n = random.binomial(d.astype(int), share).astype(float)
    counts = Counts(n, d, np.ones((1500, 3), bool), np.zeros(3, bool))

    def coverage(parts: list[Counts]) -> float:
        below = np.zeros(1500)
        for part in parts:
            classes = find_classes(part, 15)
            chance = _chances(counts, classes)
            first, second = classes.first[:, 2] + n[:, [2]], classes.second[:, 2] + (d - n)[:, [2]]
            below += (chance * stats.beta.cdf(share[:, [2]], first, second)).sum(axis=1) / len(parts)
        return float(((below > 0.05) & (below < 0.95)).mean())

    once, averaged = coverage([counts]), coverage([counts.resampled(random) for _ in range(8)])
    assert averaged == pytest.approx(0.9, abs=0.04)
    assert averaged > once + 0.02


def test_a_resample_keeps_rows_together_and_every_factor():
    n = np.arange(40.0).reshape(20, 2)
    counts = Counts(n, n + 1, np.ones((20, 2), bool), np.zeros(2, bool))
    again = counts.resampled(np.random.default_rng(0))
    assert again.n.shape == (20, 2)
    assert np.array_equal(again.n[:, 1], again.n[:, 0] + 1)
    assert np.array_equal(again.d, again.n + 1)
    assert 5 < len(np.unique(again.n[:, 0])) < 20
    # what is seen goes with the row: here the rows whose first count is a multiple of 4
    patchy = Counts(n, n + 1, np.column_stack([n[:, 0] % 4 == 0, np.ones(20, bool)]), np.zeros(2, bool))
    drawn = patchy.resampled(np.random.default_rng(0))
    assert np.array_equal(drawn.seen[:, 0], drawn.n[:, 0] % 4 == 0)
    assert drawn.seen[:, 1].all()
    # a factor that one area alone has would often fall out
    lonely = Counts(n, n + 1, np.column_stack([np.ones(20, bool), np.arange(20) == 3]), np.zeros(2, bool))
    assert lonely.resampled(np.random.default_rng(0)) is lonely


def test_the_prior_is_measured_on_as_many_resamples_as_asked(example_release):
    table, using = example_release.classification.table, load_method("utanforskap")
    given = {}
    for resamples in (1, 3):
        sure = Certainty(classes=4, prior_resamples=resamples)
        asked = dataclasses.replace(using, certainty=sure)
        given[resamples] = posteriors_of(table, asked, np.random.default_rng(5))
    assert [len(one) for one in given.values()] == [1, 3]
    first, second, third = (one.first.sum() for one in given[3])
    assert len({first, second, third}) == 3
    again = posteriors_of(table, dataclasses.replace(using, certainty=Certainty(classes=4, prior_resamples=3)),
                          np.random.default_rng(5))  # fmt: skip
    assert np.array_equal(again[2].first, given[3][2].first)


def test_draws_are_cut_evenly_and_every_block_has_its_own_seed():
    parts = _cut(1000, 3, np.random.default_rng(0))
    # 1,000 draws: 333, 333, 334; blocks of at most 200
    assert [[(at, size) for at, size, _ in part] for part in parts] == [
        [(0, 200), (200, 133)], [(333, 200), (533, 133)], [(666, 200), (866, 134)],
    ]  # fmt: skip
    assert len({stream.spawn_key for part in parts for _, _, stream in part}) == 6
    assert [len(part) for part in _cut(2, 3, np.random.default_rng(0))] == [0, 1, 1]


@pytest.mark.parametrize("draws", [99, 1000])
def test_each_posterior_has_its_part_of_the_draws(draws, tmp_path):
    using = dataclasses.replace(method(), certainty=Certainty(prior="country"))
    table = read_factors(write(rows(), tmp_path / "t.csv"), using, edition=2025)
    used, weights = usable(table, using)
    yardstick = measure(used, weights, using)
    areas = judge(used, table, using, yardstick)
    n = len(table.areas)

    def certain(share: float) -> Posterior:
        worth = np.column_stack([np.full(n, 1e7), np.full(n, np.nan)])
        drawn = np.column_stack([np.ones(n, bool), np.zeros(n, bool)])
        return Posterior(np.arange(n + 1), np.ones(n), worth * share, worth * (1 - share), drawn, ())

    # poverty 1 per cent in two posteriors, 99 in the third: a problem in a third of the draws, in every area at once
    has_index = areas["index"].notna().to_numpy()
    found = simulate([certain(0.01), certain(0.01), certain(0.99)], table, used, has_index, using, yardstick,
                     np.random.default_rng(0), draws=draws, level=0.9)  # fmt: skip
    third = draws - 2 * draws // 3
    assert (found.counts["poor_problem"][:, 0] == third).all()
    assert (np.sort(found.sizes["poor_problem"][:, 0]) == np.repeat([0, n], [draws - third, third])).all()


def test_the_chances_of_classes_are_those_of_bayes():
    # two factors; areas with 3 of 10 and 7 of 20, with the second not seen, and with nothing seen
    n, d = (
        np.array([[3.0, 7.0], [3.0, np.nan], [np.nan, np.nan]]),
        np.array([[10.0, 20.0], [10.0, np.nan], [0.0, np.nan]]),
    )
    seen = ~np.isnan(n)
    first, second = np.array([[2.0, 5.0], [6.0, 4.0]]), np.array([[8.0, 5.0], [4.0, 9.0]])
    share = np.array([0.8, 0.2])
    classes = Classes(share, first, first, first, second)
    found = _chances(Counts(n, d, seen, np.zeros(2, bool)), classes)
    one, two = (
        stats.betabinom.pmf(k, of, first[:, at], second[:, at]) for at, (k, of) in enumerate([(3, 10), (7, 20)])
    )
    by_hand = np.stack([share * one * two, share * one, share])
    np.testing.assert_allclose(found, by_hand / by_hand.sum(axis=1, keepdims=True))
    # per 1,000: a Poisson count of a Gamma rate is negative binomial
    found = _chances(Counts(n, d, seen, np.ones(2, bool)), classes)
    one, two = (
        stats.nbinom.pmf(k, first[:, at], second[:, at] / (second[:, at] + of))
        for at, (k, of) in enumerate([(3, 10), (7, 20)])
    )
    by_hand = np.stack([share * one * two, share * one, share])
    np.testing.assert_allclose(found, by_hand / by_hand.sum(axis=1, keepdims=True))


def test_classes_that_an_area_is_hardly_of_are_left_out():
    # chances 0.996 and 0.004 where nothing is seen: the second is less than 0.005
    parameters = np.array([[2.0], [6.0]])
    counts = Counts(np.array([[np.nan]]), np.array([[np.nan]]), np.zeros((1, 1), bool), np.zeros(1, bool))
    alone = Posterior(
        np.arange(2), np.ones(1), np.full((1, 1), np.nan), np.full((1, 1), np.nan), np.ones((1, 1), bool), ()
    )
    for share, rows_of_area in ((0.996, 1), (0.995, 2)):
        classes = Classes(np.array([share, 1 - share]), parameters, parameters, parameters, parameters + 1)
        found = _joined(counts, classes, alone, [0])
        assert found.chance.tolist() == pytest.approx([1.0] if rows_of_area == 1 else [0.995, 0.005])
        assert found.start.tolist() == [0, rows_of_area]
        assert found.second[:, 0].tolist() == [3.0, 7.0][:rows_of_area]
