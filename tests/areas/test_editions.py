from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest

from regso_cluster.areas import editions
from regso_cluster.areas.codes import parse_codes
from regso_cluster.areas.edition_table import edition_years
from regso_cluster.errors import InputError


def test_both_editions_have_3363_areas_and_differ_by_one():
    old, new = editions.code_set(2020), editions.code_set(2025)
    assert len(old) == len(new) == 3363
    assert set(old) - set(new) == {"2584R001"}
    assert set(new) - set(old) == {"2523R011"}
    assert list(old) == sorted(old)
    assert list(new) == sorted(new)


def test_there_are_290_kommuner_in_21_lan():
    names = editions.kommun_names()
    assert len(names) == 290
    assert len({code[:2] for code in names}) == 21
    assert (names["0114"], names["1480"], names["2583"]) == ("Upplands Väsby", "Göteborg", "Haparanda")


@pytest.mark.parametrize(("year", "edition"), [(2011, 2020), (2023, 2020), (2024, 2025), (2030, 2025)])
def test_the_edition_changes_with_reference_year_2024(year, edition):
    assert editions.edition_of_year(year) == edition


def test_names_of_2025_are_complete_and_the_caller_may_change_the_table():
    table = editions.area_names(2025)
    assert table.columns.tolist() == ["regso", "name", "kommun", "kommun_name", "lan", "lan_name"]
    assert tuple(table["regso"]) == editions.code_set(2025)
    assert table.notna().all(axis=None)
    row = table.set_index("regso").loc["0180R009"]
    assert row.tolist() == ["Blackeberg", "0180", "Stockholm", "01", "Stockholms län"]
    table["name"] = ""
    assert (editions.area_names(2025)["name"] != "").all()


def test_names_of_2020_areas_are_missing_but_their_places_are_known():
    table = editions.area_names(2020)
    assert tuple(table["regso"]) == editions.code_set(2020)
    assert table["name"].isna().all()
    assert table.drop(columns="name").notna().all(axis=None)
    kiruna = table.set_index("regso").loc["2584R001"]
    assert kiruna[["kommun", "kommun_name", "lan", "lan_name"]].tolist() == [
        "2584",
        "Kiruna",
        "25",
        "Norrbottens län",
    ]
    assert table.columns.tolist() == editions.area_names(2025).columns.tolist()


@pytest.mark.parametrize(
    ("codes", "edition"),
    [
        (["0114R001", "2584R001"], 2020),
        (["2523R011", None], 2025),
        (["0114R001"], None),
        ([], None),
        (["2584R001", "2523R011"], None),
    ],
)
def test_the_edition_is_told_by_the_one_code_that_only_it_has(codes, edition):
    assert editions.detect_edition(codes) == edition


@pytest.mark.parametrize("edition", edition_years())
def test_the_full_code_set_is_its_edition(edition):
    codes = editions.code_set(edition)
    assert editions.detect_edition(codes) == edition
    assert editions.check_edition(codes, edition) == []
    assert editions.check_edition([*codes, None, float("nan"), codes[0]], edition) == []


@pytest.mark.parametrize(
    ("edition", "telling", "instead"), [(2025, "2584R001", "2523R011"), (2020, "2523R011", "2584R001")]
)
def test_the_other_edition_is_refused_by_the_code_that_gives_it_away(edition, telling, instead):
    other = 4045 - edition
    (fault,) = editions.check_edition(editions.code_set(other), edition)
    assert telling in fault.where
    assert f"RegSO {other}" in fault.what
    assert instead in fault.expected
    assert f"the edition is {other}" in fault.hint


def test_codes_of_neither_edition_are_each_a_fault_and_given_once():
    faults = editions.check_edition(["0114R999", "0114R001", "0114R999", "0115R998"], 2025)
    assert [fault.got for fault in faults] == ["0114R999", "0115R998"]
    assert all("does not exist" in fault.what for fault in faults)


@pytest.mark.parametrize(
    "call",
    [editions.code_set, editions.area_names, lambda edition: editions.check_edition([], edition)],
)
def test_an_unknown_edition_is_an_error_with_a_hint(call):
    with pytest.raises(InputError, match="RegSO 2018 is RegSO 2020"):
        call(2018)


def test_codes_and_names_load_no_geometry_library():
    program = (
        "import sys; from regso_cluster.areas import codes, editions, shapes; editions.area_names(2020); "
        "codes.parse_codes(['0114R001'], 'regso'); shapes.load_neighbours(); "
        "print(sorted({'geopandas', 'shapely', 'pyogrio', 'numba', 'sklearn'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_names_are_those_of_the_key(shared):
    key = pd.read_csv(shared / "data/keys/regso_2025.csv", dtype=str).sort_values("regsokod", ignore_index=True)
    table = editions.area_names(2025)
    for ours, theirs in {
        "regso": "regsokod",
        "name": "regsonamn",
        "kommun": "kommunkod",
        "lan": "lanskod",
    }.items():
        assert table[ours].tolist() == key[theirs].tolist()


def test_codes_and_kommun_names_of_2020_are_those_of_the_published_table(shared):
    published = pd.read_csv(shared / "data/regso/regso2020_omradestyp_2022.csv", dtype=str, encoding="utf-8-sig")
    published = published.sort_values("regso_2020", ignore_index=True)
    table = editions.area_names(2020)
    assert table["regso"].tolist() == published["regso_2020"].tolist()
    assert table["kommun_name"].tolist() == published["kommunnamn"].tolist()


def test_the_list_of_changes_parses_and_agrees_with_both_code_sets(shared):
    changes = pd.read_csv(shared / "data/regso/regso_changes_2020_2025.csv", dtype=str)
    old, new = (parse_codes(changes[column], "regso") for column in ("old_code", "new_code"))
    assert old.refused.empty
    assert new.refused.empty
    assert set(old.codes) <= set(editions.code_set(2020))
    assert set(new.codes) <= set(editions.code_set(2025))
    gone = changes["change"].str.startswith("Upphör")
    assert set(old.codes[gone]) == {"2584R001"}
    assert set(new.codes[changes["change"] == "Ger del till nybildad"]) == {"2523R011"}
