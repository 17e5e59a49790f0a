import numpy as np
import pandas as pd
import pytest

from regso_cluster.errors import InputError
from regso_cluster.segregation import chance, measures
from regso_cluster.segregation.places import MEASURES, measure_places


@pytest.fixture(scope="module")
def table():
    draw = np.random.default_rng(7)
    counts = draw.integers(0, 300, (500, 2))
    counts[draw.random(500) < 0.05] = 0
    return counts, draw.integers(0, 30, 500)


def test_each_place_is_as_by_the_functions(table):
    counts, place = table
    found = measure_places(counts, place)
    for name, row in found.iterrows():
        first, second = counts[place == name].T
        pair = np.column_stack([first, second])
        assert row["dissimilarity"] == pytest.approx(measures.dissimilarity(first, second), abs=1e-12)
        assert row["gini"] == pytest.approx(measures.gini(first, second), abs=1e-12)
        assert row["information"] == pytest.approx(measures.mutual_information(pair), abs=1e-12)
        assert row["information_index"] == pytest.approx(measures.information_index(pair), abs=1e-12)
        assert row["atkinson"] == pytest.approx(measures.atkinson(first, second), abs=1e-12)
        assert row["hutchens"] == pytest.approx(measures.hutchens(first, second), abs=1e-12)
        assert row["isolation"] == pytest.approx(measures.isolation(first, second), abs=1e-12)
        assert row["interaction"] == pytest.approx(measures.interaction(first, second), abs=1e-12)
        assert row["eta_squared"] == pytest.approx(measures.eta_squared(first, second), abs=1e-12)
        assert row["expected_dissimilarity"] == pytest.approx(chance.expected_dissimilarity(first, second), abs=1e-12)
        corrected = chance.density_corrected_dissimilarity(first, second)
        assert row["corrected_dissimilarity"] == pytest.approx(corrected, abs=1e-12)


def test_swedish_and_foreign_background_over_regso(shared):
    """Computed from SCB's open figures of 31 December 2022; nobody publishes them."""
    rows = pd.read_csv(shared / "data/regso/regso2020_2022_whole.csv", dtype={"kommun": str})
    counts = rows[["bg_swedish", "bg_foreign"]].to_numpy()
    known = pd.read_csv(shared / "data/segregation/regso_deso_D_2022_computed.csv", dtype={"kommun": str})
    known = known.set_index("kommun")["D_regso"]
    riket = measure_places(counts, np.zeros(len(rows), dtype=int))["dissimilarity"].iloc[0]
    assert riket == pytest.approx(0.374172, abs=1e-6)
    found = measure_places(counts, rows["kommun"])["dissimilarity"]
    assert [round(found[code], 4) for code in ("0180", "1480", "1280")] == [0.3526, 0.4229, 0.3523]
    both = found.dropna().index.intersection(known.dropna().index)
    assert len(both) > 280
    assert found[both].to_numpy() == pytest.approx(known[both].to_numpy(), abs=1e-8)


def test_small_places_and_places_of_one_unit_have_no_measure():
    counts = [[30, 10], [10, 30], [3, 1], [1, 30], [9, 9], [0, 5], [0, 5]]
    found = measure_places(counts, ["a", "a", "b", "b", "c", "d", "d"], least=5)
    assert found["dissimilarity"].notna().tolist() == [True, False, False, False]
    assert found["units"].tolist() == [2, 2, 1, 2]
    assert set(MEASURES) <= set(found)


def test_refusals():
    with pytest.raises(InputError, match="do not fit"):
        measure_places([[1, 2]], ["a", "b"])
    with pytest.raises(InputError, match="not whole"):
        measure_places([[1.5, 2], [1, 2]], ["a", "a"])


@pytest.mark.parametrize("place", [["a", "a", None], ["a", "a", np.nan], [1, 1, np.nan]])
def test_a_unit_without_a_place_is_refused(place):
    with pytest.raises(InputError, match="unit 2: a unit without a place"):
        measure_places([[1, 2], [3, 4], [5, 6]], place)
