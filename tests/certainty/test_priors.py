from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import stats

from regso_cluster.certainty import _memory, simulation
from regso_cluster.certainty.priors import (
    Posterior,
    Profiles,
    _chances,
    _conjugate,
    _densities,
    _joined,
    find_profiles,
    posteriors_of,
)
from regso_cluster.certainty.priors import _Counts as Counts
from regso_cluster.certainty.simulation import _cut, simulate
from regso_cluster.classification.classify import classify
from regso_cluster.errors import InputError
from regso_cluster.factors.tables import read_factors
from regso_cluster.judging.case import as_counted
from regso_cluster.judging.judge import judge, measure
from regso_cluster.kernels._threads import threads
from regso_cluster.method import Certainty, load_method
from regso_cluster.parallel import Workers, unpacked
from tests.tables import method, rows, write


def test_intervals_of_a_noisy_factor_hold_the_truth():
    # one cloud; the third factor, of 40 persons, varies with SD 0.05 under a noise of 0.079. Classes that each have a
    # spread of their own cut up such noise: 90 % intervals held the true rate in 82 %
    random = np.random.default_rng(0)
    angle = random.normal([0.6, 0.6, 0.8], [0.1, 0.1, 0.05], (1500, 3))
    share, d = np.sin(angle) ** 2, np.tile([1000.0, 1000.0, 40.0], (1500, 1))
    n = random.binomial(d.astype(int), share).astype(float)
    counts = Counts(n, d, np.ones((1500, 3), bool), np.zeros(3, bool))
    below = np.zeros(1500)
    profiles = find_profiles(counts, counts.resampled(random, 8), 15)
    for one in profiles:
        density = _densities(counts, one)
        weight = np.einsum("ic,cj,ij->ij", _chances(density, one), one.weight[:, 2], density[:, 2])
        weight /= weight.sum(axis=1, keepdims=True)
        first, second = one.first[2] + n[:, [2]], one.second[2] + (d - n)[:, [2]]
        below += (weight * stats.beta.cdf(share[:, [2]], first, second)).sum(axis=1) / len(profiles)
    assert ((below > 0.05) & (below < 0.95)).mean() == pytest.approx(0.9, abs=0.03)


def test_an_empty_gap_between_two_humps_stays_empty():
    # rates of 0.1 and 0.3, nothing between, counted in 60 persons: 12 of 60 may be of either, hardly 0.2
    random = np.random.default_rng(2)
    true, d = np.where(random.random((3000, 1)) < 0.2, 0.3, 0.1), np.full((3000, 1), 60.0)
    n = random.binomial(60, true).astype(float)
    counts = Counts(n, d, np.ones((3000, 1), bool), np.zeros(1, bool))
    found = find_profiles(counts, np.ones((1, 3000)), 1)[0]
    weight = found.weight[0, 0] * _densities(counts, found)[n[:, 0] == 12][0, 0]
    weight /= weight.sum()
    ends = [(weight * stats.beta.cdf(at, found.first[0] + 12, found.second[0] + 48)).sum() for at in (0.16, 0.25)]
    between = ends[1] - ends[0]
    assert between < 0.15
    # Bayes by hand, had one known the two rates: 12 of 60 are of the worse kind with 0.43
    likelihood = stats.binom.pmf(12, 60, [0.1, 0.3]) * [0.8, 0.2]
    assert 1 - ends[1] == pytest.approx(likelihood[1] / likelihood.sum(), abs=0.15)


def test_a_resample_is_of_areas_and_keeps_every_factor():
    n = np.arange(40.0).reshape(20, 2)
    counts = Counts(n, n + 1, np.ones((20, 2), bool), np.zeros(2, bool))
    times = counts.resampled(np.random.default_rng(0), 3)
    assert times.shape == (3, 20)
    assert (times.sum(axis=1) == 20).all()
    assert ((times == 0).sum(axis=1) > 2).all()
    assert not np.array_equal(times[0], times[1])
    # a factor that one area alone has would often fall out
    lonely = Counts(n, n + 1, np.column_stack([np.ones(20, bool), np.arange(20) == 3]), np.zeros(2, bool))
    assert (lonely.resampled(np.random.default_rng(0), 3) == 1).all(axis=1).any()


def test_to_draw_an_area_twice_is_to_have_it_twice():
    random = np.random.default_rng(3)
    d = random.integers(50, 300, (400, 3)).astype(float)
    n = random.binomial(d.astype(int), random.beta(4, 20, (400, 1))).astype(float)
    seen, events = random.random((400, 3)) < 0.9, np.array([False, True, False])
    times = np.ones((1, 400))
    times[0, :50] = 2
    weighed = find_profiles(Counts(n, d, seen, events), times, 1)[0]
    again = np.concatenate([np.arange(50), np.arange(400)])
    doubled = find_profiles(Counts(n[again], d[again], seen[again], events), np.ones((1, 450)), 1)[0]
    # they start from other quantiles, so that they end near each other
    np.testing.assert_allclose(
        (weighed.weight[0] * weighed.mean).sum(axis=1), (doubled.weight[0] * doubled.mean).sum(axis=1), rtol=5e-3
    )


def test_the_prior_is_measured_on_as_many_resamples_as_asked(example_release):
    table, using = example_release.classification.table, load_method("utanforskap")
    given = {}
    for resamples in (1, 3):
        sure = Certainty(classes=4, prior_resamples=resamples)
        asked = dataclasses.replace(using, certainty=sure)
        given[resamples] = posteriors_of(as_counted(table, asked), np.random.default_rng(5))
    assert [len(one) for one in given.values()] == [1, 3]
    first, second, third = (np.nansum(one.first) for one in given[3])
    assert len({first, second, third}) == 3
    asked = dataclasses.replace(using, certainty=Certainty(classes=4, prior_resamples=3))
    again = posteriors_of(as_counted(table, asked), np.random.default_rng(5))
    assert np.array_equal(again[2].first, given[3][2].first, equal_nan=True)


def test_profiles_are_the_same_at_one_and_two_threads(example_release):
    table, using = example_release.classification.table, load_method("utanforskap")
    found = []
    for n_threads in (1, 2):
        with threads(n_threads):
            found.append(posteriors_of(as_counted(table, using), np.random.default_rng(5)))
    for one, two in zip(*found, strict=True):
        for part in ("start", "chance", "weight", "first", "second"):
            assert getattr(one, part).tobytes() == getattr(two, part).tobytes()


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
    case = as_counted(table, using)
    yardstick = measure(case)
    areas = judge(case, yardstick)
    n = len(table.areas)

    def certain(share: float) -> Posterior:
        worth = np.column_stack([np.full(n, 1e7), np.full(n, np.nan)])
        drawn = np.column_stack([np.ones(n, bool), np.zeros(n, bool)])
        return Posterior.of_one(worth * share, worth * (1 - share), drawn)

    # poverty 1 per cent in two posteriors, 99 in the third: a problem in a third of the draws, in every area at once
    has_index = areas["index"].notna().to_numpy()
    found = simulate([certain(0.01), certain(0.01), certain(0.99)], case, has_index, yardstick,
                     np.random.default_rng(0), draws=draws, level=0.9)  # fmt: skip
    third = draws - 2 * draws // 3
    assert (found.counts["poor_problem"][:, 0] == third).all()
    assert (np.sort(found.sizes["poor_problem"][:, 0]) == np.repeat([0, n], [draws - third, third])).all()


def test_a_batch_brings_the_posterior_that_it_draws_from_and_no_other(tmp_path, monkeypatch):
    using = dataclasses.replace(method(), certainty=Certainty(draws=20, prior="country"))
    table = read_factors(write(rows(), tmp_path / "t.csv"), using, edition=2025)
    case = as_counted(table, using)
    yardstick = measure(case)
    has = judge(case, yardstick)["index"].notna().to_numpy()
    one = posteriors_of(as_counted(table, using), np.random.default_rng(1))[0]
    both = [one, dataclasses.replace(one, first=one.first + 5.0)]
    sent = []

    def here(task, shared, todo, workers):
        for number, batch in enumerate(todo):
            assert shared is None
            sent.append(unpacked(batch[0]).posterior.first)
            yield number, task(shared, batch)

    monkeypatch.setattr(simulation, "run_as_done", here)
    found = [
        simulate(both, case, has, yardstick, np.random.default_rng(0), draws=1000, level=0.9, workers=who)
        for who in (Workers(threads=1), Workers(scheduler="tcp://nobody:1"))
    ]
    assert [part.tobytes() for part in sent] == [part.first.tobytes() for part in both for _ in range(3)]
    for name, counts in found[0].counts.items():
        assert np.array_equal(counts, found[1].counts[name])


def profiles(share, first, second, weight=None):
    """Give each class one component of its own in every factor, unless weights say otherwise."""
    k, p = len(share), first.shape[0]
    weight = np.tile(np.eye(k)[:, None, :], (1, p, 1)) if weight is None else weight
    return Profiles(np.array(share), weight, first, first, first, second)


def test_the_chances_of_classes_are_those_of_bayes():
    # two factors; areas with 3 of 10 and 7 of 20, with the second not seen, and with nothing seen
    n, d = (
        np.array([[3.0, 7.0], [3.0, np.nan], [np.nan, np.nan]]),
        np.array([[10.0, 20.0], [10.0, np.nan], [0.0, np.nan]]),
    )
    seen = ~np.isnan(n)
    first, second = np.array([[2.0, 6.0], [5.0, 4.0]]), np.array([[8.0, 4.0], [5.0, 9.0]])
    share = np.array([0.8, 0.2])
    classes = profiles(share, first, second)
    found = _chances(_densities(Counts(n, d, seen, np.zeros(2, bool)), classes), classes)
    one, two = (stats.betabinom.pmf(k, of, first[at], second[at]) for at, (k, of) in enumerate([(3, 10), (7, 20)]))
    by_hand = np.stack([share * one * two, share * one, share])
    np.testing.assert_allclose(found, by_hand / by_hand.sum(axis=1, keepdims=True))
    # classes of mixed components: 3 to 1 and 1 to 4
    weight = np.tile(np.array([[0.75, 0.25], [0.2, 0.8]])[:, None, :], (1, 2, 1))
    mixed = profiles(share, first, second, weight)
    found = _chances(_densities(Counts(n, d, seen, np.zeros(2, bool)), mixed), mixed)
    by_hand = np.stack([share * (weight[:, 0] @ one) * (weight[:, 0] @ two), share * (weight[:, 0] @ one), share])
    np.testing.assert_allclose(found, by_hand / by_hand.sum(axis=1, keepdims=True))
    # per 1,000: a Poisson count of a Gamma rate is negative binomial
    found = _chances(_densities(Counts(n, d, seen, np.ones(2, bool)), classes), classes)
    one, two = (
        stats.nbinom.pmf(k, first[at], second[at] / (second[at] + of)) for at, (k, of) in enumerate([(3, 10), (7, 20)])
    )
    by_hand = np.stack([share * one * two, share * one, share])
    np.testing.assert_allclose(found, by_hand / by_hand.sum(axis=1, keepdims=True))


def test_what_an_area_is_hardly_of_is_left_out():
    # chances 0.996 and 0.004 where nothing is seen: the second is less than 0.005
    first, second = np.array([[2.0, 6.0]]), np.array([[3.0, 7.0]])
    counts = Counts(np.array([[np.nan]]), np.array([[np.nan]]), np.zeros((1, 1), bool), np.zeros(1, bool))
    alone = Posterior.of_one(np.full((1, 1), np.nan), np.full((1, 1), np.nan), np.ones((1, 1), bool))
    for share, rows_of_area in ((0.996, 1), (0.995, 2)):
        found = _joined(counts, profiles([share, 1 - share], first, second), alone, [0])
        assert found.chance.tolist() == pytest.approx([1.0] if rows_of_area == 1 else [0.995, 0.005])
        assert found.start.tolist() == [0, rows_of_area]
        assert found.weight[:, 0].tolist() == [[1, 0], [0, 1]][:rows_of_area]
        assert np.array_equal(found.second[0, 0], [3.0, 7.0 if rows_of_area == 2 else np.nan], equal_nan=True)
    # components of one class: 0.998 and 0.002, less than 0.003
    for weight, kept in ((0.998, [1.0, 0.0]), (0.996, [0.996, 0.004])):
        found = _joined(counts, profiles([1.0], first, second, np.array([[[weight, 1 - weight]]])), alone, [0])
        assert found.weight[0, 0].tolist() == pytest.approx(kept)


def test_which_component_a_rate_is_of_is_judged_by_its_count():
    # before the count Beta(2, 8) with 0.7 and Beta(8, 2) with 0.3; after 9 of 10 by Bayes. Nothing seen: as before
    first, second = np.array([[2.0, 8.0]]), np.array([[8.0, 2.0]])
    counts = Counts(np.array([[9.0], [np.nan]]), np.array([[10.0], [np.nan]]), np.array([[True], [False]]),
                    np.zeros(1, bool))  # fmt: skip
    alone = Posterior.of_one(np.full((2, 1), np.nan), np.full((2, 1), np.nan), np.ones((2, 1), bool))
    found = _joined(counts, profiles([1.0], first, second, np.array([[[0.7, 0.3]]])), alone, [0])
    by_hand = np.array([0.7, 0.3]) * stats.betabinom.pmf(9, 10, [2, 8], [8, 2])
    np.testing.assert_allclose(found.weight[:, 0], [by_hand / by_hand.sum(), [0.7, 0.3]])
    assert found.first[:, 0].tolist() == [[11, 17], [2, 8]]
    assert found.second[:, 0].tolist() == [[9, 3], [8, 2]]


def test_components_keep_mean_and_variance_as_beta_and_gamma():
    # of angles of mean 0.5 and SD 0.1, squared sines; of roots of mean 0.5 and SD 0.1, squares: mean 0.26, variance
    # 4 0.25 0.01 + 2 0.01^2 = 0.0102
    angles = np.random.default_rng(0).normal(0.5, 0.1, 1_000_000)
    a, b = _conjugate(np.array([[0.5]]), np.array([[0.01]]), np.array([[False]]))
    assert stats.beta.mean(a, b) == pytest.approx((np.sin(angles) ** 2).mean(), rel=0.003)
    assert stats.beta.var(a, b) == pytest.approx((np.sin(angles) ** 2).var(), rel=0.01)
    a, b = _conjugate(np.array([[0.5]]), np.array([[0.01]]), np.array([[True]]))
    assert (a / b).item() == pytest.approx(0.26)
    assert (a / b**2).item() == pytest.approx(0.0102)


def test_of_a_factor_that_nobody_has_nothing_is_drawn(example_release):
    table, using = example_release.classification.table, load_method("utanforskap")
    key, at = using.keys[2], 2
    hidden = table.status.assign(**{key: "suppressed"})
    bare = dataclasses.replace(table, status=hidden)
    for one in posteriors_of(as_counted(bare, using), np.random.default_rng(0)):
        assert not one.drawn[:, at].any()
        assert np.delete(one.drawn, at, axis=1).all()
        assert np.isfinite(one.weight).all()
    nothing = dataclasses.replace(table, status=table.status.assign(**dict.fromkeys(using.keys, "suppressed")))
    (only,) = posteriors_of(as_counted(nothing, using), np.random.default_rng(0))
    assert not only.drawn.any()


def test_areas_of_few_kinds_have_few_classes():
    n = np.tile([[0.0, 1.0], [1.0, 0.0]], (100, 1))
    counts = Counts(n, np.ones((200, 2)), np.ones((200, 2), bool), np.zeros(2, bool))
    (found,) = find_profiles(counts, np.ones((1, 200)), 10)
    assert len(found.share) == 2


def test_a_prior_that_the_machine_has_no_memory_for_is_refused_beforehand(monkeypatch, tmp_path):
    table = read_factors(write(rows(), tmp_path / "t.csv"), method(), edition=2025)
    # 3,363 areas and 2 factors of 11 kB: 74 MB
    monkeypatch.setattr(_memory, "memory_here", lambda: 70_000_000)
    asked = dataclasses.replace(method(), certainty=Certainty(draws=20))
    with pytest.raises(InputError, match="too little memory for the prior of profiles") as refused:
        classify(table, asked, year=2024)
    assert 'prior = "country"' in str(refused.value)
    classify(table, dataclasses.replace(asked, certainty=Certainty(draws=20, prior="country")), year=2024)
    monkeypatch.setattr(_memory, "memory_here", lambda: 80_000_000)
    classify(table, asked, year=2024)


def test_the_memory_of_this_machine_is_known():
    known = _memory.memory_here()
    assert known is None or known > 100_000_000
