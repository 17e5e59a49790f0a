from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regso_cluster.areas.editions import code_set
from regso_cluster.errors import InputError
from regso_cluster.factors.deso import read_deso_key
from regso_cluster.factors.tables import read_factors
from tests.tables import CODES, METHOD, method, rows, write


def refused(frame, tmp_path, using=None, **options):
    with pytest.raises(InputError) as error:
        read_factors(write(frame, tmp_path / "t.csv"), using or method(), **options)
    return error.value.faults


def read(frame, tmp_path, using=None, **options):
    return read_factors(write(frame, tmp_path / "t.csv"), using or method(), **options)


def test_a_wide_table_becomes_rates_for_every_area_of_the_edition(tmp_path):
    table = read(rows(), tmp_path, edition=2025)
    assert tuple(table.areas.index) == code_set(2025)
    assert table.value.loc[list(CODES), "poor"].tolist() == [10, 10, 10, 10, 10, 40]
    assert table.value.loc[CODES[1], "voted"] == 69.9
    assert table.areas["kommun"].iloc[0] == "0114"
    assert table.areas["name"].iloc[0] == "Bollstanäs"
    assert (table.status.loc[list(CODES)] == "observed").all(axis=None)
    rest = table.areas.index.difference(CODES)
    assert (table.status.loc[rest] == "missing").all(axis=None)
    assert (table.areas["status"].loc[rest] == "missing").all()
    assert "3357 of 3363 areas have no row: status missing" in table.notes
    assert not table.synthetic


def test_long_and_wide_are_read_alike(tmp_path):
    wide = rows()
    long = pd.concat(
        [
            wide[["regso"]].assign(factor="poor", numerator=wide["poor_n"], denominator=wide["poor_d"], value=""),
            wide[["regso"]].assign(factor="voted", numerator="", denominator="", value=wide["voted_pct"]),
        ]
    ).assign(population="1000")
    first = read(wide, tmp_path, edition=2025)
    second = read(long.sample(frac=1, random_state=1), tmp_path, edition=2025)
    pd.testing.assert_frame_equal(first.value, second.value)
    pd.testing.assert_frame_equal(first.areas, second.areas)


def test_marks_are_kept_as_missing_with_their_status_never_zero(tmp_path):
    frame = rows()
    frame.loc[0, ["poor_n", "poor_d"]] = ".."
    frame.loc[1, "poor_n"] = ""
    frame.loc[2, "voted_pct"] = ".."
    frame.loc[3, ["poor_n", "poor_d"]] = ["0", "0"]
    table = read(frame, tmp_path, edition=2025)
    assert table.status.loc[list(CODES[:4])].to_numpy().tolist() == [
        ["suppressed", "observed"], ["missing", "observed"], ["observed", "suppressed"], ["missing", "observed"],
    ]  # fmt: skip
    assert table.value.loc[list(CODES[:4]), "poor"].isna().tolist() == [True, True, False, True]
    assert table.areas["status"].loc[list(CODES[:5])].tolist() == [
        "suppressed",
        "missing",
        "suppressed",
        "missing",
        "observed",
    ]
    assert any("nobody in the denominator" in note for note in table.notes)


def test_too_few_residents_is_a_status_not_a_fault(tmp_path):
    frame = rows()
    frame.loc[0, "population"] = "49"
    text = METHOD.replace('population = "population"', 'population = "population"\nmin_population = 50')
    table = read(frame, tmp_path, method(text), edition=2025)
    assert table.areas["status"].iloc[0] == "too_few_residents"
    assert table.value.loc[CODES[0], "poor"] == 10  # the value is shown, and not used
    assert table.areas["status"].iloc[1] == "observed"


def test_every_fault_is_reported_at_once_with_its_place(tmp_path):
    frame = rows()
    frame.loc[0, "poor_n"] = "hundra"
    frame.loc[1, "poor_n"] = "201"
    frame.loc[2, "voted_pct"] = "101"
    frame.loc[3, "poor_n"] = "-1"
    frame.loc[4, "population"] = ".."
    frame.loc[5, "regso"] = CODES[0]
    frame.loc[6] = ["9999R001", "1", "1", "2", "50"]
    faults = refused(frame, tmp_path, edition=2025)
    said = {fault.what: fault for fault in faults}
    known = {
        "text in a number",
        "numerator above denominator",
        "a value outside its range",
        "a negative count",
        "no population",
        "a code stands twice",
    }
    assert set(said) - known == {"there is no kommun 9999"}
    assert "row 2" in said["text in a number"].where
    assert "poor_n" in said["text in a number"].where
    assert CODES[0] in said["text in a number"].where
    assert said["numerator above denominator"].got == "201 / 200"
    assert "row 3" in said["numerator above denominator"].where
    assert "row 4" in said["a value outside its range"].where
    assert "row 5" in said["a negative count"].where
    assert "row 6" in said["no population"].where
    assert "row 7" in said["a code stands twice"].where
    assert any("9999R001" in fault.got and "row 8" in fault.where for fault in faults)


def test_equal_counts_are_no_fault(tmp_path):
    frame = rows()
    frame.loc[0, ["poor_n", "poor_d"]] = ["100", "100"]
    frame.loc[1, "voted_pct"] = "100"
    frame.loc[2, "voted_pct"] = "0"
    assert read(frame, tmp_path, edition=2025).value.loc[CODES[0], "poor"] == 100


def test_shares_in_a_column_of_per_cent_are_noted(tmp_path):
    notes = read(rows().assign(voted_pct="0.5"), tmp_path, edition=2025).notes
    assert any("column voted_pct: no value above 1 per cent" in note for note in notes)
    assert not any("above 1 per cent" in note for note in read(rows(), tmp_path, edition=2025).notes)


def test_an_area_without_a_row_for_one_factor_is_noted(tmp_path):
    wide = rows()
    long = pd.concat(
        [
            pd.DataFrame({"regso": wide["regso"], "factor": "poor", "numerator": 1, "denominator": 2, "value": ""}),
            pd.DataFrame(
                {"regso": wide["regso"][1:], "factor": "voted", "numerator": "", "denominator": "", "value": 50}
            ),
        ]
    ).assign(population="1000")
    table = read(long, tmp_path, edition=2025)
    assert table.status.loc[CODES[0]].tolist() == ["observed", "missing"]
    assert "column value: 1 empty cell kept as missing" in table.notes


def test_the_table_s_own_year_tells_its_edition(tmp_path):
    assert read(rows().assign(Year="2023"), tmp_path).edition == 2020
    assert read(rows().assign(year="2024"), tmp_path).edition == 2025


def test_missing_columns_are_named_with_the_likely_one(tmp_path):
    faults = refused(rows().rename(columns={"poor_n": "poor_nn", "voted_pct": "zzz"}), tmp_path)
    assert [fault.expected for fault in faults] == ["column 'poor_n'", "column 'voted_pct'"]
    assert "Is it 'poor_nn'?" in faults[0].hint
    assert "'zzz'" in faults[1].hint


def test_missing_areas_are_refused_when_the_method_covers_the_country(tmp_path):
    full = method(METHOD.replace('coverage = "partial"\n', ""))
    faults = refused(rows(), tmp_path, full, edition=2025)
    assert {fault.what for fault in faults} == {"an area has no row"}
    assert len(faults) == 3363 - 6
    assert "coverage" in faults[0].hint


def test_the_wrong_edition_is_refused_by_the_codes_that_give_it_away(tmp_path):
    frame = rows()
    frame.loc[5, "regso"] = "2584R001"
    faults = refused(frame, tmp_path, edition=2025)
    assert any("2584R001" in str(fault) for fault in faults)
    assert read(frame, tmp_path).edition == 2020
    frame.loc[5, "regso"] = "2523R011"
    assert read(frame, tmp_path).edition == 2025


def test_an_edition_that_cannot_be_told_is_asked_for(tmp_path):
    (fault,) = refused(rows(), tmp_path)
    assert "--edition" in fault.hint
    assert read(rows(), tmp_path, year=2023).edition == 2020
    assert read(rows(), tmp_path, year=2024).edition == 2025
    frame = rows()
    frame["regso"] = frame["regso"] + "_RegSO2025"
    assert read(frame, tmp_path, year=2023).edition == 2025


def test_codes_that_excel_mangled_are_repaired_with_a_note(tmp_path):
    frame = rows()
    frame.loc[0, "regso"] = "114R001"
    table = read(frame, tmp_path, edition=2025)
    assert table.value.loc["0114R001", "poor"] == 10
    assert "1 code repaired: '114R001' to 0114R001" in table.notes


def test_names_instead_of_codes_are_refused(tmp_path):
    frame = rows()
    frame["regso"] = [f"Upplands Väsby (Område {number})" for number in range(6)]
    (fault,) = refused(frame, tmp_path)
    assert fault.what == "names instead of codes"
    assert "join on the code" in fault.hint


def test_one_year_a_file(tmp_path):
    frame = rows().assign(year=["2024"] * 5 + ["2023"])
    assert "more than one year" in {fault.what for fault in refused(frame, tmp_path, edition=2025)}
    frame["year"] = "2023"
    assert {fault.what for fault in refused(frame, tmp_path, year=2024)} == {"another year than asked for"}
    assert read(frame, tmp_path, year=2023).edition == 2020


def test_a_long_table_names_unknown_and_absent_factors(tmp_path):
    long = pd.DataFrame(
        {
            "regso": CODES,
            "population": "9",
            "factor": "pooor",
            "numerator": "1",
            "denominator": "2",
            "value": "",
        }
    )
    faults = refused(long, tmp_path, edition=2025)
    assert [fault.what for fault in faults] == [
        "unknown factor",
        "a factor has no rows",
        "a factor has no rows",
    ]
    assert "poor, voted" in faults[0].hint


def test_one_value_for_a_kommun(tmp_path):
    using = method(METHOD.replace('value = "voted_pct"', 'value = "voted_pct"\nlevel = "kommun"'))
    faults = refused(rows(), tmp_path, using, edition=2025)
    assert {fault.what for fault in faults} == {"one kommun, different values"}
    assert "0114" in faults[0].where
    frame = rows().assign(voted_pct="80")
    assert read(frame, tmp_path, using, edition=2025).value.loc[CODES[0], "voted"] == 80


def counts_only() -> str:
    return METHOD.replace('value = "voted_pct"', 'numerator = "voted_n"\ndenominator = "voted_d"')


def test_deso_counts_are_summed_through_a_key(tmp_path):
    # two DeSO make 0114R001: 1 + 4 of 20 + 30 = 10 per cent; 0114R002 has one, suppressed
    frame = pd.DataFrame(
        {
            "regso": ["0114C1010_DeSO2025", "0114C1030_DeSO2025", "0114C1050_DeSO2025"],
            "population": [100, 200, 300],
            "poor_n": [1, 4, ".."], "poor_d": [20, 30, ".."], "voted_n": [50, 100, 150], "voted_d": [100, 100, 300],
        }
    )  # fmt: skip
    key = pd.DataFrame({"DeSO": ["0114C1010", "0114C1030", "0114C1050"], "RegSO": ["0114R001", "0114R001", "0114R002"]})
    key_path = write(key, tmp_path / "key.csv")
    table = read(frame, tmp_path, method(counts_only()), deso_key=key_path)
    assert table.edition == 2025
    assert table.value.loc["0114R001"].tolist() == [10, 75]
    assert table.numerator.loc["0114R001", "poor"] == 5
    assert table.areas.loc["0114R001", "population"] == 300
    assert table.status.loc["0114R002"].tolist() == ["suppressed", "observed"]
    assert any("3 DeSO summed to 2 RegSO" in note for note in table.notes)
    assert "--deso-key" in refused(frame, tmp_path, method(counts_only()))[0].hint
    frame["voted_pct"] = 50
    assert refused(frame, tmp_path, deso_key=key_path)[0].what == "rates by DeSO"


def test_a_deso_key_is_found_by_its_content(tmp_path):
    good = pd.DataFrame({"Namn": ["a", "b"], "x": ["0114C1010", "0114C1030"], "y": ["0114R001"] * 2})
    assert read_deso_key(write(good, tmp_path / "k.csv")).to_dict() == {
        "0114C1010": "0114R001",
        "0114C1030": "0114R001",
    }
    with pytest.raises(InputError, match="no column of RegSO codes"):
        read_deso_key(write(good.drop(columns="y"), tmp_path / "k.csv"))
    twice = pd.DataFrame({"x": ["0114C1010"] * 2, "y": ["0114R001", "0114R002"]})
    with pytest.raises(InputError, match="lies in two RegSO"):
        read_deso_key(write(twice, tmp_path / "k.csv"))


OWN = METHOD.replace('coverage = "partial"', 'areas = "own"\ncode = "county"')


def test_a_method_may_bring_its_own_area_set(tmp_path):
    frame = rows().rename(columns={"regso": "county"}).iloc[::-1]
    frame["county"] = list("fedcba")
    table = read(frame, tmp_path, method(OWN))
    assert list(table.areas.index) == list("abcdef")
    assert table.edition is None
    assert table.areas["kommun"].isna().all()
    frame.loc[2, "county"] = " "
    assert refused(frame, tmp_path, method(OWN))[0].what == "no code"


def test_a_table_that_says_that_it_is_synthetic_stays_so(tmp_path):
    assert read(rows().assign(synthetic="yes"), tmp_path, edition=2025).synthetic
    assert not read(rows().assign(synthetic="no"), tmp_path, edition=2025).synthetic


def test_the_caller_s_rows_may_be_in_any_order(tmp_path):
    straight = read(rows(), tmp_path, edition=2025)
    turned = read(rows().sample(frac=1, random_state=3), tmp_path, edition=2025)
    pd.testing.assert_frame_equal(straight.value, turned.value)
    pd.testing.assert_frame_equal(straight.areas, turned.areas)
    assert np.array_equal(straight.status, turned.status)


def test_numbers_that_excel_made_of_codes_and_years(tmp_path):
    frame = rows().rename(columns={"regso": "county"}).assign(county=[1.0, 2, 3, 4, 5, 6], year=2024.0)
    frame.to_excel(tmp_path / "t.xlsx", index=False, engine="xlsxwriter")
    table = read_factors(tmp_path / "t.xlsx", method(OWN), year=2024)
    assert list(table.areas.index) == list("123456")


def test_a_mark_for_thousands_is_not_read_as_a_decimal(tmp_path):
    faults = refused(rows().assign(population="3.023"), tmp_path, edition=2025)
    assert {fault.what for fault in faults} == {"no population"}
    assert "without a mark for thousands" in faults[0].hint
    faults = refused(rows().assign(poor_n="1.234", poor_d="5.000"), tmp_path, edition=2025)
    assert {fault.what for fault in faults} == {"a mark for thousands or for decimals"}


def test_suffixes_of_two_editions_are_refused(tmp_path):
    frame = rows()
    frame["regso"] = frame["regso"] + (["_RegSO2020"] * 3 + ["_RegSO2025"] * 3)
    assert "code suffixes of another edition" in {fault.what for fault in refused(frame, tmp_path)}
    frame["regso"] = [f"{code}_RegSO2020" for code in CODES]
    assert "code suffixes of another edition" in {fault.what for fault in refused(frame, tmp_path, edition=2025)}
    assert any("official tables of 2024" in note for note in read(frame, tmp_path, year=2024).notes)


def test_a_column_already_in_use_is_not_suggested(tmp_path):
    faults = refused(rows().rename(columns={"poor_n": "Brott"}), tmp_path, edition=2025)
    assert faults[0].hint == "Columns that the method does not use: 'Brott'."


DESO = ["0114C1010", "0114C1030", "0114C1050"]


def deso_rows():
    return pd.DataFrame({"regso": DESO, "population": 100, "poor_n": 5, "poor_d": 20, "voted_n": 50, "voted_d": 100})


def deso_key(tmp_path, regso=("0114R001", "0114R001", "0114R002"), **more):
    return write(pd.DataFrame({"DeSO": DESO, "RegSO": regso, **more}), tmp_path / "key.csv")


def test_parts_are_judged_before_they_are_summed(tmp_path):
    frame = deso_rows().assign(poor_n=[-5, 25, 5])
    faults = refused(frame, tmp_path, method(counts_only()), deso_key=deso_key(tmp_path), edition=2025)
    assert {fault.what for fault in faults} == {"a negative count", "numerator above denominator"}
    assert "row 2" in faults[0].where


def test_a_key_that_leads_elsewhere_is_refused(tmp_path):
    key = deso_key(tmp_path, ("0114R001", "0114R999", "0114R002"))
    faults = refused(deso_rows(), tmp_path, method(counts_only()), deso_key=key, edition=2025)
    assert [(fault.what, fault.got) for fault in faults] == [("the key leads to an unknown area", "0114R999")]
    key = deso_key(tmp_path, regso_2020=["0114R001", "0114R002", "0114R002"])
    assert (
        refused(deso_rows(), tmp_path, method(counts_only()), deso_key=key)[0].what
        == "two columns of different regso codes"
    )


def test_an_area_that_lacks_a_part_is_missing_never_the_sum_of_the_rest(tmp_path):
    table = read(deso_rows().drop(index=1), tmp_path, method(counts_only()), deso_key=deso_key(tmp_path), edition=2025)
    assert table.status.loc["0114R001"].tolist() == ["missing", "missing"]
    assert np.isnan(table.areas.loc["0114R001", "population"])
    assert table.status.loc["0114R002"].tolist() == ["observed", "observed"]
    assert any("1 DeSO has no row" in note for note in table.notes)


def test_a_country_without_residents_cannot_be_weighed(tmp_path):
    using = method(METHOD.replace("sd = 1.0 }", 'sd = 1.0 }\nweighting = "residents"'))
    assert refused(rows().assign(population="0"), tmp_path, using, edition=2025)[0].what == "no residents at all"


def test_a_long_table_for_rates_and_counts_names_all_its_columns(tmp_path):
    long = pd.DataFrame({"regso": CODES, "population": "9", "factor": "poor", "numerator": "1", "denominator": "2"})
    assert [fault.expected for fault in refused(long, tmp_path, edition=2025)] == ["column 'value'"]
