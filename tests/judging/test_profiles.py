from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from regso_cluster.factors.tables import read_factors
from regso_cluster.judging.profiles import describe_groups, name_clusters
from regso_cluster.method import Factor, Naming, Text
from tests.tables import CODES, method, rows, write


@pytest.fixture
def table(tmp_path):
    return read_factors(write(rows(), tmp_path / "t.csv"), method(), edition=2025)


def test_a_group_is_described_in_original_units(table):
    areas = pd.DataFrame({"g": pd.array([pd.NA] * len(table.areas), dtype="Int8")}, index=table.areas.index)
    areas.loc[list(CODES), "g"] = [1, 1, 2, 2, 2, 2]
    found = describe_groups(
        areas, table, method(), "g", {1: Text("ett", "one"), 2: Text("två", "two"), 3: Text("tre", "three")}
    )
    assert found["group"].fillna(0).tolist() == [1, 2, 3, 0]
    assert found["name_sv"].tolist() == ["ett", "två", "tre", "Ej indelad"]
    assert found["areas"].tolist() == [2, 4, 0, 3357]
    assert found["residents"].fillna(-1).tolist() == [2000, 4000, -1, -1]
    assert found["residents_share"].iloc[0] == pytest.approx(100 / 3)
    # group 1: (10 + 20) of (100 + 200); group 2: (10 + 30 + 10 + 80) of (100 + 300 + 100 + 200)
    assert found["poor_value"].tolist()[:2] == [10, pytest.approx(100 * 130 / 700)]
    # rates only: the mean, weighted by residents (here equal)
    assert found["voted_value"].tolist()[:2] == [pytest.approx(80.2), pytest.approx((70 + 85 + 88 + 60) / 4)]
    assert np.isnan(found["poor_value"].iloc[2])


def test_rates_are_weighted_by_residents(table):
    heavy = table.areas.assign(population=np.where(table.areas.index == CODES[1], 3000.0, 1000.0))
    areas = pd.DataFrame({"g": pd.array([1] * len(table.areas), dtype="Int8")}, index=table.areas.index)
    found = describe_groups(areas, dataclasses.replace(table, areas=heavy), method(), "g", {1: Text("a", "b")})
    assert found["voted_value"].iloc[0] == pytest.approx((90.5 + 3 * 69.9 + 70 + 85 + 88 + 60) / 8)


def factors(keys="abc"):
    made = [Factor(key, Text(key.upper(), key.title()), "high", "per cent", value=key) for key in keys]
    return dataclasses.replace(method(), factors=tuple(made))


def test_names_follow_the_profile():
    centres = np.array([[2.5, 1.2, 0.4], [1.0, 1.0, 0.5], [0.7, 0, 0], [0.2, 0.1, -0.2], [-0.8, -0.5, -0.9]])
    names = name_clusters(centres, factors(), Naming())
    assert [name.sv for name in names] == [
        "Mycket stora behov: a och b",
        "Stora behov i alla faktorer",
        "Vissa behov: a",
        "Nära riksgenomsnittet",
        "Små behov",
    ]
    assert names[0].en == "Very large needs: a and b"


def test_names_are_all_different():
    centres = np.array([[3.0, 2.5, 1.0, 0], [3.0, 2.5, 0.0, 0], [0.0, 0, 0, 0], [0.1, 0, 0, 0]])
    assert [name.sv for name in name_clusters(centres, factors("abcd"), Naming())] == [
        "Mycket stora behov: a, b och c",
        "Mycket stora behov: a och b",
        "Nära riksgenomsnittet (3)",
        "Nära riksgenomsnittet (4)",
    ]


def test_an_equal_profile_gives_equal_words():
    centres = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    assert name_clusters(centres, factors(), Naming())[0].sv == "Stora behov: a och b"
    assert name_clusters(centres, factors(), Naming(factors=1))[0].sv == "Stora behov: a"
