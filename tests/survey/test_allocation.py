"""Numbers of published packages and books; the true optimum of whole numbers by trying them all."""

from itertools import product

import numpy as np
import pytest

from regso_cluster.errors import InputError
from regso_cluster.survey.allocation import best_for_budget, least_cost
from regso_cluster.survey.rules import neyman, neyman_whole, power_allocation
from regso_cluster.survey.targets import Strata, Targets

# six strata of hospitals: help of strAlloc, R package PracTools
N = np.array([215, 65, 252, 50, 149, 144.0])
S = np.array([26787207, 10645109, 6909676, 11085034, 9817762, 44553355.0])
C = np.array([1400, 200, 300, 600, 450, 1000.0])


def error_of_mean(sizes):
    return np.sqrt((N**2 * S**2 / sizes * (1 - sizes / N)).sum()) / N.sum()


def test_neyman_of_six_strata():
    sizes = neyman(N, S, 100)
    assert sizes == pytest.approx([34.641683, 4.161947, 10.473487, 3.333804, 8.798970, 38.590108], abs=1e-6)
    assert error_of_mean(sizes) == pytest.approx(1727173, abs=0.5)


def test_neyman_for_a_budget():
    sizes = neyman(N, S, 100_000, C)
    assert sizes == pytest.approx([30.605403, 9.728474, 19.989127, 4.499121, 13.711619, 40.340301], abs=1e-6)
    assert error_of_mean(sizes) == pytest.approx(1636053, abs=0.5)


def test_least_cost_for_one_coefficient_of_variation():
    allowed = (0.05 * 11664181 * N.sum()) ** 2 + (N * S**2).sum()
    found = least_cost(Strata(C, np.full(6, 2.0), N), Targets((N * S)[None] ** 2, np.array([allowed]), ("mean",)))
    expected = [104.54922, 33.23283, 68.28362, 15.36917, 46.83941, 137.80400]
    assert found.sizes == pytest.approx(expected, abs=1e-5)
    assert error_of_mean(found.sizes) == pytest.approx(583209.05, abs=0.01)
    assert found.gap <= 1e-9


def test_a_stratum_that_would_get_more_than_all_gets_all_and_the_rest_is_shared():
    # shares 100 x 9 : 100 x 1 : 100 x 1 of 150 are 122.7, 13.6, 13.6; the first has 100
    assert neyman(np.full(3, 100.0), np.array([9.0, 1.0, 1.0]), 150) == pytest.approx([100, 25, 25])


def test_exact_integers_of_wright():
    assert neyman_whole(np.full(3, 50.0), np.array([0.3791, 0.3138, 0.3225]), 40).tolist() == [15, 12, 13]


def test_exact_integers_are_the_best_of_all():
    persons, spread = np.array([30, 20, 9.0]), np.array([1.0, 3.0, 8.0])
    found = neyman_whole(persons, spread, 18)

    def variance(sizes):
        return ((persons * spread) ** 2 / np.array(sizes)).sum()

    every = [sizes for sizes in product(range(1, 18), range(1, 18), range(1, 10)) if sum(sizes) == 18]
    assert variance(found) == pytest.approx(min(map(variance, every)))


# help and tests of the R package bethel: eight strata, three variables
BETHEL_N = np.array([158, 120, 126, 40, 124, 180, 197, 55.0])
BETHEL_V = np.array(
    [
        [173288328.551197, 146902338.208333, 164571496.314984, 161485439.333333, 184191920.720889, 166657102.301179,
         159816070.017508, 186047874.385859],
        [50.439127630412, 43.873319327731, 60.549650793651, 74.742948717949, 52.517702596381, 50.421942892613,
         49.926758520667, 57.839730739631],
        [1471.367733612836, 1756.310294117647, 1313.439746031746, 1636.025, 1661.695974298454, 1493.444413407822,
         1290.623381332229, 1596.331986531987],
    ]
)  # fmt: skip
BETHEL_TOTALS = np.array([27509070, 12429, 56122.0])


@pytest.mark.parametrize(
    ("cv", "optimum", "whole"),
    [((0.05, 0.05, 0.05), 158.760693, 159), ((0.05, 0.01, 0.20), 769.840412, 770)],
)
def test_bethel(cv, optimum, whole):
    allowed = (np.array(cv) * BETHEL_TOTALS) ** 2 + (BETHEL_N * BETHEL_V).sum(axis=1)
    targets = Targets(BETHEL_N**2 * BETHEL_V, allowed, ("income", "books", "sport"))
    found = least_cost(Strata(np.ones(8), np.ones(8), BETHEL_N), targets)
    assert found.sizes.sum() == pytest.approx(optimum, abs=1e-6)
    assert found.bound == pytest.approx(optimum, abs=1e-6)
    assert found.whole.sum() == whole  # rounding up alone gives 162 and 774
    assert found.used.max() <= 1 + 1e-9
    assert found.prices.sum() == pytest.approx(optimum, rel=1e-6)  # without bounds the cost is what the prices pay


def test_the_price_of_a_promise_is_what_loosening_it_saves():
    allowed = (0.05 * BETHEL_TOTALS) ** 2 + (BETHEL_N * BETHEL_V).sum(axis=1)
    strata = Strata(np.ones(8), np.ones(8), BETHEL_N)
    found = least_cost(strata, Targets(BETHEL_N**2 * BETHEL_V, allowed, ("a", "b", "c")))
    binding = int(found.prices.argmax())
    looser = allowed.copy()
    looser[binding] *= 1.0001
    saved = found.bound - least_cost(strata, Targets(BETHEL_N**2 * BETHEL_V, looser, ("a", "b", "c"))).bound
    assert saved == pytest.approx(found.prices[binding] * 0.0001, rel=1e-3)


# beat.example of the R package R2BEAT: 17 strata, two kinds of domains, two shares
BEAT_N = np.array([2302353, 179562, 371802, 592303, 221687, 440613, 128230, 222648, 287906, 882718, 223516, 883285,
                   594988, 183169, 3156694, 1098740, 1256025.0])  # fmt: skip
BEAT_KINDS = (np.array([1, 1] + [2] * 15), np.array([1, 2, 3, 3, 3, 3, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6]))
BEAT_SHARES = np.array([
    [.020974091, .023046815, .022845023, .023755915, .032154696, .044963127, .037294264, .037567929, .033916808,
     .047549561, .030303057, .040016187, .042231115, .048493581, .036875603, .058477884, .059313465],
    [.0173254893, .0199769762, .0189409726, .0107703312, .0108839779, .0196769033, .0117470472, .0103734434,
     .0102056622, .0116997083, .0110894023, .0145818133, .0133386690, .0127480030, .0188396010, .0115486780,
     .0166524750],
])  # fmt: skip


@pytest.mark.parametrize(
    ("cv", "optimum", "rounded_up"),
    [((0.03, 0.05), 189172.0968, 189181), ((0.02, 0.02), 840984.2640, 840992), ((0.05, 0.05), 153774.5581, 153784)],
)
def test_two_kinds_of_domains(cv, optimum, rounded_up):
    rows, allowed = [], []
    for kind, one_cv in zip(BEAT_KINDS, cv, strict=True):
        for domain in np.unique(kind):
            inside = kind == domain
            for share in BEAT_SHARES:
                variance = share * (1 - share)
                rows.append(np.where(inside, BEAT_N**2 * variance, 0.0))
                total = (BEAT_N * share)[inside].sum()
                allowed.append((one_cv * total) ** 2 + (BEAT_N * variance)[inside].sum())
    targets = Targets(np.array(rows), np.array(allowed), tuple(map(str, range(len(rows)))))
    found = least_cost(Strata(np.ones(17), np.full(17, 2.0), BEAT_N), targets)
    assert found.sizes.sum() == pytest.approx(optimum, rel=1e-6)
    assert found.cost <= rounded_up
    assert found.used.max() <= 1 + 1e-9


def test_cochrans_cities():
    first = [900, 822, 781, 805, 670, 1238, 573, 634, 578, 487, 442, 451, 459, 464, 400, 366]
    second = [364, 317, 328, 302, 288, 291, 253, 291, 308, 272, 284, 255, 270, 214, 195, 260, 209, 183, 163, 253, 232]
    second += [260, 201, 147, 292, 164, 143, 169, 139, 170, 150, 143, 113, 115, 123, 154, 140, 119, 130, 127, 100, 107]
    second += [114, 111, 163, 116, 122, 134]
    assert (sum(first), sum(second)) == (10070, 9498)
    persons = np.array([16, 48.0])
    variance = np.array([np.var(first, ddof=1), np.var(second, ddof=1)])

    def of_total(sizes):
        return (persons**2 * variance / sizes * (1 - sizes / persons)).sum()

    assert 64**2 * np.var(first + second, ddof=1) / 24 * (1 - 24 / 64) == pytest.approx(5594504.127, abs=1e-3)
    assert of_total(power_allocation(persons, 24, 1.0, persons)) == pytest.approx(1882284.728, abs=1e-3)
    assert of_total(power_allocation(persons, 24, 0.0, persons)) == pytest.approx(1090814.733, abs=1e-3)
    assert neyman(persons, np.sqrt(variance), 24)[0] == pytest.approx(12.208457, abs=1e-6)


def random_problem(seed, strata=9, targets=4):
    draw = np.random.default_rng(seed)
    variance = draw.gamma(0.5, 1, (targets, strata)) * (draw.random((targets, strata)) < 0.6) * 50
    variance[:, 0] += 1.0
    highest = draw.integers(4, 40, strata).astype(float)
    allowed = (variance / np.minimum(highest, draw.integers(3, 20, strata))).sum(axis=1)
    costs = draw.integers(1, 9, strata).astype(float)
    return Strata(costs, np.full(strata, 2.0), highest), Targets(variance, allowed, tuple("abcd"[:targets]))


@pytest.mark.parametrize("seed", range(30))
def test_the_bound_is_below_and_whole_numbers_near(seed):
    strata, targets = random_problem(seed)
    found = least_cost(strata, targets)
    assert found.gap <= 1e-6
    assert found.bound <= found.cost * (1 + 1e-12)
    assert targets.reached(found.whole.astype(float)).max() <= 1 + 1e-9
    assert (found.whole >= 2).all()
    assert (found.whole <= strata.highest).all()
    assert found.cost <= found.bound + strata.costs.sum()


@pytest.mark.parametrize("seed", range(6))
def test_whole_numbers_cost_no_more_than_the_best_of_all(seed):
    strata, targets = random_problem(seed, strata=4, targets=2)
    found = least_cost(strata, targets)
    ranges = [range(2, int(most) + 1) for most in strata.highest]
    sizes = np.array(list(product(*ranges)), dtype=float)
    reached = (targets.variance[:, None, :] / sizes[None]).sum(axis=2) / targets.allowed[:, None]
    best = (sizes @ strata.costs)[(reached <= 1 + 1e-9).all(axis=0)].min()
    assert found.bound <= best + 1e-6
    assert found.cost == pytest.approx(best)


def test_many_strata_are_within_three_thousandths_of_the_bound():
    draw = np.random.default_rng(5)
    variance = draw.gamma(0.5, 1, (20, 400)) * 100
    highest = draw.integers(50, 5000, 400).astype(float)
    allowed = (variance / np.minimum(highest, 60)).sum(axis=1)
    found = least_cost(
        Strata(draw.uniform(1, 9, 400), np.full(400, 2.0), highest),
        Targets(variance, allowed, tuple(map(str, range(20)))),
    )
    assert found.cost <= found.bound * 1.003
    assert found.used.max() <= 1 + 1e-9


def test_a_budget_is_kept_and_nearly_spent():
    strata, targets = random_problem(3)
    least = least_cost(strata, targets)
    found, factor = best_for_budget(strata, targets, least.cost * 0.7)
    assert found.cost <= least.cost * 0.7 * (1 + 1e-9)
    assert found.cost >= least.cost * 0.6
    assert factor > 1
    every, tightest = best_for_budget(strata, targets, 1e9)
    assert every.used.max() == pytest.approx(1.0, abs=1e-6)
    assert (every.whole == strata.highest)[targets.variance[int(every.used.argmax())] > 0].all()
    assert tightest < 1


def test_every_fault_is_named():
    strata, targets = random_problem(1)
    with pytest.raises(InputError, match="not even by drawing everybody"):
        least_cost(strata, Targets(targets.variance, targets.allowed / 100, targets.names))
    with pytest.raises(InputError, match="cost is not a number"):
        least_cost(Strata(-strata.costs, strata.lowest, strata.highest), targets)
    with pytest.raises(InputError, match="do not fit"):
        least_cost(strata, Targets(targets.variance[:, 1:], targets.allowed, targets.names))
    with pytest.raises(InputError, match="does not pay the lowest"):
        best_for_budget(strata, targets, 1.0)
    with pytest.raises(InputError, match="does not fit the population"):
        neyman(np.array([10.0]), np.array([1.0]), 11)
