"""Winship's table (1977); exact expectations against all ways and against simulation."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from regso_cluster.errors import InputError
from regso_cluster.segregation.chance import (
    density_corrected_dissimilarity,
    expected_dissimilarity,
    expected_dissimilarity_of_shares,
    expected_information,
)
from regso_cluster.segregation.measures import dissimilarity, mutual_information


@pytest.mark.parametrize(
    ("size", "share", "value"), [(10, 0.1, 0.387420489), (10, 0.5, 0.24609375), (100, 0.1, 0.1318653)]
)
def test_winships_table(size, share, value):
    assert expected_dissimilarity_of_shares([size] * 50, share) == pytest.approx(value, abs=1e-7)


def test_four_units_with_fixed_margins():
    assert expected_dissimilarity([40, 20, 5, 1], [20, 40, 60, 80]) == pytest.approx(0.09768295648943938, abs=1e-14)


def test_the_expectation_is_that_of_all_ways():
    unit = np.repeat([0, 1, 2], [3, 2, 4])
    ways = [np.bincount(unit[list(chosen)], minlength=3) for chosen in combinations(range(9), 4)]
    mean = np.mean([dissimilarity(way, [3, 2, 4] - way) for way in ways])
    assert expected_dissimilarity([2, 1, 1], [1, 1, 3]) == pytest.approx(mean, abs=1e-14)


def test_m_of_persons_spread_by_chance():
    draw = np.random.default_rng(1)
    sizes, share = np.full(80, 60), 0.3
    first = draw.binomial(sizes, share, (400, 80))
    simulated = np.mean([mutual_information(np.column_stack([one, sizes - one])) for one in first])
    assert expected_information(np.column_stack([first[0], sizes - first[0]])) == pytest.approx(simulated, rel=0.05)


def test_schools_by_chance(shared):
    rows = pd.read_csv(shared / "data/segregation/schools00.csv")
    units = ["state", "district", "school"]
    table = rows.pivot_table(index=units, columns="race", values="n", aggfunc="sum", fill_value=0)
    assert expected_information(table.to_numpy()) == pytest.approx(0.0046574209, abs=1e-10)
    # R simulates 0.04873 with standard error 0.00084
    assert expected_dissimilarity(table["black"], table["white"]) == pytest.approx(0.04873, abs=0.0026)


def test_the_density_correction_takes_most_of_chance_away():
    draw = np.random.default_rng(4)
    size, raw, corrected = np.full(60, 300), [], []
    chance = draw.beta(0.05 * 19, 0.95 * 19, 60)
    true = dissimilarity(chance * size, (1 - chance) * size)
    for _ in range(40):
        own = draw.binomial(size, chance)
        raw.append(dissimilarity(own, size - own))
        corrected.append(density_corrected_dissimilarity(own, size - own))
    assert np.mean(raw) - true > 0.005
    assert abs(np.mean(corrected) - true) < 0.005


def test_units_far_beyond_chance_keep_their_difference(shared):
    """PySAL loses units whose difference is over 37 standard errors, and prints 0.2952: not to be reproduced."""
    rows = pd.read_csv(shared / "data/segregation/sacramento1.csv")
    found = density_corrected_dissimilarity(rows["hispanic"], rows["total"] - rows["hispanic"])
    assert found == pytest.approx(0.3213802698, abs=1e-10)
    assert found != pytest.approx(0.2952, abs=0.01)


def test_far_beyond_chance_by_hand():
    own, rest = np.array([90_000, 10_000]), np.array([10_000, 90_000])
    assert density_corrected_dissimilarity(own, rest) == pytest.approx(0.8, abs=1e-12)  # 596 standard errors
    assert density_corrected_dissimilarity([50, 51], [100, 100]) == 0  # within one


def test_refusals():
    with pytest.raises(InputError, match="not whole"):
        expected_dissimilarity([1.5, 2], [3, 4])
    with pytest.raises(InputError, match="cannot be"):
        expected_dissimilarity_of_shares([10, 0], 0.5)
