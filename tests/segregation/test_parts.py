"""Schools of the R package segregation: where M lies, by group and by level."""

import numpy as np
import pandas as pd
import pytest

from regso_cluster.errors import InputError
from regso_cluster.segregation.measures import dissimilarity, isolation, mutual_information
from regso_cluster.segregation.parts import local_of_groups, local_of_units, location_quotients, nested_information

RACES = ["asian", "black", "hisp", "white", "native"]


@pytest.fixture(scope="module")
def schools(root):
    file = root.parent / "shared" / "data" / "segregation" / "schools00.csv"
    if not file.exists():
        pytest.skip("needs the real data in ../shared/data, which are not part of the repository")
    rows = pd.read_csv(file)
    units = ["state", "district", "school"]
    return rows.pivot_table(index=units, columns="race", values="n", aggfunc="sum", fill_value=0)[RACES]


def test_schools(schools):
    table = schools.to_numpy(float)
    assert mutual_information(table) == pytest.approx(0.42553897587642, abs=1e-12)
    local = local_of_groups(table)
    expected = [0.628767251748377, 0.880541305150669, 0.776632742882373, 0.183639285365455, 1.434264391938699]
    assert local == pytest.approx(expected, abs=1e-12)
    assert table.sum(axis=0) / table.sum() @ local == pytest.approx(0.42553897587642, abs=1e-12)
    units = local_of_units(table)
    named = {"A1_1": 0.182671008654349, "A1_2": 0.182559184411336, "A1_3": 0.275615740616927, "A1_4": 0.136803446891155}
    by_name = dict(zip(schools.index.get_level_values("school"), units, strict=True))
    for school, value in named.items():
        assert by_name[school] == pytest.approx(value, abs=1e-12)
    assert np.average(units, weights=table.sum(axis=1)) == pytest.approx(0.42553897587642, abs=1e-12)
    black, white = table[:, 1], table[:, 3]
    assert dissimilarity(black, white) == pytest.approx(0.728387884871103, abs=1e-12)
    assert isolation(black, table.sum(axis=1) - black) == pytest.approx(0.6119595745214, abs=1e-12)


def test_levels_of_schools(schools):
    levels = {
        "state": schools.index.get_level_values("state"),
        "district": [f"{state}-{district}" for state, district, _ in schools.index],
        "school": range(len(schools)),
    }
    found = nested_information(schools.to_numpy(), levels)
    expected = [0.0992437012829429, 0.2387087955059103, 0.0875864790875664]
    assert found["information"].to_numpy() == pytest.approx(expected, abs=1e-12)
    assert found["share"].sum() == pytest.approx(1, abs=1e-12)


def test_the_levels_of_a_made_up_country_add_up():
    draw = np.random.default_rng(2)
    counts = draw.integers(0, 50, (60, 3)) + 1
    area = np.arange(60)
    found = nested_information(counts, {"lan": area // 20, "kommun": area // 5, "area": area})
    assert found["information"].sum() == pytest.approx(mutual_information(counts), abs=1e-12)
    assert (found["information"] > 0).all()
    assert found["units"].tolist() == [3, 12, 60]
    inside = [counts[area // 20 == lan] for lan in range(3)]
    by_kommun = [np.array([one[at : at + 5].sum(axis=0) for at in range(0, 20, 5)]) for one in inside]
    parts = [table.sum() / counts.sum() * mutual_information(table) for table in by_kommun]
    assert found["information"][1] == pytest.approx(sum(parts), abs=1e-12)


def test_levels_that_cross_are_refused():
    with pytest.raises(InputError, match="kommun 1: a unit that lies in several units of the level above"):
        nested_information(np.ones((4, 2)), {"lan": [1, 1, 2, 2], "kommun": [1, 2, 1, 3]})
    with pytest.raises(InputError, match="no level"):
        nested_information(np.ones((4, 2)), {})


def test_quotients_and_an_empty_unit():
    table = [[30, 10], [10, 30], [0, 0]]
    assert location_quotients(table)[:2].tolist() == [[1.5, 0.5], [0.5, 1.5]]
    assert np.isnan(location_quotients(table)[2]).all()
    assert np.isnan(local_of_units(table)[2])


def test_swedish_background_by_level(shared):
    """Computed from SCB's open figures of 31 December 2022: 14, 20, 61 and 5 per cent."""
    rows = pd.read_csv(shared / "data/regso/deso2018_2022_whole.csv", dtype={"kommun": str})
    levels = {
        "lan": rows["kommun"].str[:2],
        "kommun": rows["kommun"],
        "regso": rows["regso_2020"],
        "deso": rows["deso_2018"],
    }
    found = nested_information(rows[["bg_swedish", "bg_foreign"]].to_numpy(), levels)
    expected = [0.013711987863, 0.019466607348, 0.059866514653, 0.004397459897]
    assert found["information"].to_numpy() == pytest.approx(expected, abs=1e-9)
    assert (100 * found["share"]).round().tolist() == [14, 20, 61, 5]


@pytest.mark.parametrize("gap", [np.nan, None])
def test_a_row_without_a_unit_or_a_level_of_other_length_is_refused(gap):
    counts = [[30, 10], [10, 30], [20, 20], [5, 40]]
    with pytest.raises(InputError, match="lan, row 3: a row without a unit of the level"):
        nested_information(counts, {"lan": [1, 1, 2, gap], "kommun": [1, 2, 3, 4]})
    with pytest.raises(InputError, match="kommun, row 3: a row without a unit of the level"):
        nested_information(counts, {"lan": ["a", "a", "b", "b"], "kommun": ["1", "2", "3", gap]})
    with pytest.raises(InputError, match="lan: a level that does not fit the table"):
        nested_information(counts, {"lan": [1, 1, 2]})
