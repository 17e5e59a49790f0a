"""Kommuner by official names and codes with texts, as `join --on kommun` takes them."""

from __future__ import annotations

import pandas as pd

from regso_cluster.joining.match_codes import Keyed, kind_of, match_keys


def test_kommuner_by_official_names_and_by_code_with_name():
    keys = pd.Series(["Falu kommun", "Region Gotland", "Stockholms stad", "0114 Upplands Väsby", "Region Kalmar",
                      "0114 Stockholm", "", "Upplands Va\u0308sby"])  # fmt: skip
    assert kind_of(keys, 2025, "t") == "kommun"
    found = match_keys(keys, "kommun", Keyed(pd.Index([]), 2025), "t")
    assert found.code.tolist() == ["2080", "0980", "0180", "0114", None, None, None, "0114"]
    assert found.reason.tolist()[4] == "a region, which is a county of several kommuner"
    assert "differ" in found.reason.tolist()[5]
    assert found.notes == ("1 code with a text beside it: the code was taken, '0114 Upplands Väsby' to 0114",)


def test_regso_with_a_name_beside_it_keeps_its_edition():
    keys = pd.Series(["0114R001 Bollstanäs", "0114R002_RegSO2025 Namn", "0114R003 RegSO2025"])
    areas = pd.Index(["0114R001", "0114R002", "0114R003"])
    found = match_keys(keys, "regso", Keyed(areas, 2025), "t")
    assert found.code.tolist() == list(areas)
    assert found.status.tolist() == ["matched"] * 3
