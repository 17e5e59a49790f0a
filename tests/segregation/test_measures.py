"""Published values: PySAL's and R's test constants, Massey and Denton's extremes, real Swedish areas; and laws."""

import numpy as np
import pandas as pd
import pytest

from regso_cluster.errors import InputError
from regso_cluster.segregation.measures import (
    atkinson,
    dissimilarity,
    entropy,
    eta_squared,
    gini,
    hutchens,
    information_index,
    interaction,
    isolation,
    multigroup_dissimilarity,
    multigroup_gini,
    mutual_information,
    normalised_exposure,
    relative_diversity,
    squared_variation,
)

OF_TWO = [dissimilarity, gini, isolation, eta_squared, atkinson, hutchens]
OF_SEVERAL = [mutual_information, information_index, multigroup_dissimilarity, multigroup_gini, normalised_exposure,
              relative_diversity, squared_variation]  # fmt: skip
FOUR = np.array([[40, 20], [20, 40], [5, 60], [1, 80.0]])  # R package segregation, tests


def pair(function, table):
    return function(table[:, 0], table[:, 1])


def random_table(seed, units=40, groups=2):
    return np.random.default_rng(seed).integers(0, 60, (units, groups)).astype(float) + np.eye(units, groups)


def test_four_units():
    assert mutual_information(FOUR) == pytest.approx(0.18658673554483496, abs=1e-14)
    assert pair(dissimilarity, FOUR) == pytest.approx(0.6090909090909091, abs=1e-14)
    assert dissimilarity([100, 60, 40, 0], [0, 40, 60, 100]) == pytest.approx(0.6, abs=1e-14)


def test_by_hand():
    # of the first group 3/4 and 1/4, of the second 1/4 and 3/4
    table = np.array([[30, 10], [10, 30.0]])
    assert pair(dissimilarity, table) == pytest.approx(0.5)
    assert pair(gini, table) == pytest.approx(0.5)  # one corner: |0.75 * 1 - 1 * 0.25|
    assert pair(isolation, table) == pytest.approx(0.75 * 0.75 + 0.25 * 0.25)
    assert pair(interaction, table) == pytest.approx(1 - 0.625)
    assert pair(eta_squared, table) == pytest.approx((0.625 - 0.5) / 0.5)
    assert pair(hutchens, table) == pytest.approx(1 - 2 * np.sqrt(3) / 4)
    assert pair(atkinson, table) == pytest.approx(1 - (2 * np.sqrt(3) / 4) ** 2)
    assert mutual_information(table) == pytest.approx(np.log(2) + 0.75 * np.log(0.75) + 0.25 * np.log(0.25))


@pytest.mark.parametrize("name", ["two", "several"])
def test_sacramento(shared, name):
    """Constants of PySAL's tests, GeoDa's 403 tracts: Hispanic against the rest; and four groups."""
    rows = pd.read_csv(shared / "data/segregation/sacramento1.csv")
    rows = rows[rows["total"] > 0]
    if name == "two":
        one, rest = rows["hispanic"].to_numpy(float), (rows["total"] - rows["hispanic"]).to_numpy(float)
        expected = {
            dissimilarity: 0.32184656076566864, gini: 0.43506510676886234, atkinson: 0.15079259382667654,
            isolation: 0.2319615486459151, interaction: 0.7680384513540848, eta_squared: 0.09164042012926693,
            hutchens: 0.07847549887519345,
        }  # fmt: skip
        for function, value in expected.items():
            assert function(one, rest) == pytest.approx(value, abs=1e-12), function.__name__
        assert information_index(np.column_stack([one, rest])) == pytest.approx(0.09626774479970557, abs=1e-12)
        return
    table = rows[["white", "black", "asian", "hispanic"]].to_numpy(float)
    expected = {
        multigroup_dissimilarity: 0.41340872573177806, information_index: 0.1710160297858887,
        mutual_information: 0.16645182134289443, entropy: 0.9733112243997906, multigroup_gini: 0.5456349992598081,
        normalised_exposure: 0.18821879029994157, relative_diversity: 0.15820019878220337,
        squared_variation: 0.11875484641127525,
    }  # fmt: skip
    for function, value in expected.items():
        assert function(table) == pytest.approx(value, abs=1e-12), function.__name__


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("function", OF_TWO + OF_SEVERAL)
def test_laws(function, seed):
    """Merging units alike, splitting one, the order of units and empty units change nothing; all lie within 0 and 1."""
    table = random_table(seed)

    def measure(some):
        return pair(function, some) if function in OF_TWO else function(some)

    value = measure(table)
    assert 0 <= value <= 1
    assert measure(table[::-1]) == pytest.approx(value, abs=1e-12)
    assert measure(np.vstack([table, [0, 0]])) == pytest.approx(value, abs=1e-12)
    parted = np.vstack([table[1:], table[:1] * 0.25, table[:1] * 0.75])
    assert measure(parted) == pytest.approx(value, abs=1e-12)
    assert measure(table * 7) == pytest.approx(value, abs=1e-12)
    apart = np.array([[10, 0], [0, 10], [20, 0], [0, 30.0]])
    if function is not mutual_information:
        assert measure(apart) == pytest.approx(1)
    alike = np.outer([1, 2, 5], [30, 70])
    assert measure(alike) == pytest.approx(0.3 if function is isolation else 0, abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_two_groups_are_a_case_of_several(seed):
    table = random_table(seed)
    assert multigroup_dissimilarity(table) == pytest.approx(pair(dissimilarity, table))
    assert multigroup_gini(table) == pytest.approx(pair(gini, table))
    assert relative_diversity(table) == pytest.approx(pair(eta_squared, table))
    assert normalised_exposure(table) == pytest.approx(pair(eta_squared, table))


@pytest.mark.parametrize("seed", range(4))
def test_the_gini_of_all_pairs(seed):
    table = random_table(seed, units=25)
    size, share = table.sum(axis=1), table[:, 0] / table.sum(axis=1)
    overall = table[:, 0].sum() / size.sum()
    pairs = (size[:, None] * size[None] * np.abs(share[:, None] - share[None])).sum()
    assert pair(gini, table) == pytest.approx(pairs / (2 * size.sum() ** 2 * overall * (1 - overall)))


def test_m_adds_over_groups_that_are_merged():
    table = random_table(9, groups=4)
    merged = np.column_stack([table[:, :2].sum(axis=1), table[:, 2:].sum(axis=1)])
    size = table.sum()
    within = sum(part.sum() / size * mutual_information(part) for part in (table[:, :2], table[:, 2:]))
    assert mutual_information(table) == pytest.approx(mutual_information(merged) + within, abs=1e-12)


def test_interaction_with_others_in_the_units():
    assert interaction([30, 10], [10, 30], [40, 0]) == pytest.approx(0.75 * 10 / 80 + 0.25 * 30 / 40)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dissimilarity([1, 2], [3]), "a number for each unit"),
        (lambda: dissimilarity([1, np.nan], [3, 4]), "unit 1, group 0: a count that is no number"),
        (lambda: dissimilarity([1, -2], [3, 4]), "no number of persons"),
        (lambda: dissimilarity([0, 0], [3, 4]), "a group without anybody"),
        (lambda: mutual_information([1, 2]), "no table of persons"),
        (lambda: atkinson([1, 2], [3, 4], shape=1), "no shape"),
    ],
)
def test_what_cannot_be_measured_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
