"""SCB's list of changes: a small made-up one, faults, and the real one of 2020-2025."""

from __future__ import annotations

import csv
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regso_cluster.areas.changes import mark_changes, read_changes
from regso_cluster.areas.editions import code_set
from regso_cluster.errors import InputError

HEAD = "kommun,old_code,new_code,change,date\n"
GIVES, SHRINKS, NAMED = (
    "Ger del/delar till befintlig",
    "Minskas och ger del till befintlig eller nybildad",
    "Namnändrad (ej kodändrad)",
)

ONLY_2020, ONLY_2025 = "2584R001", "2523R011"


def write(folder, rows: str, head: str = HEAD, encoding: str = "utf-8"):
    file = folder / "changes.csv"
    file.write_text(head + rows, encoding)
    return file


# R001 gives a part to R002, which has no row of its own, and to the new R006. R003 reaches out to sea. R004 has
# another name. R005 ended, for R004's neighbour R007. R008 is the new code of R009. R001 was renamed the year after.
ROWS = f"""0114,0114R001,0114R001,{SHRINKS},2025-01-01
0114,0114R001,0114R002,{GIVES},2025-01-01
0114,0114R001,0114R006,Ger del till nybildad,2025-01-01
0114,0114R003,0114R003,Utvidgas till territorialvattnet,2025-01-01
0114,0114R004,0114R004,{NAMED},2023-01-11
0114,0114R005,0114R007,Upphör; till befintlig,2025-01-01
0114,0114R007,0114R007,Utvidgas och namnändras,2025-01-01
0114,0114R009,0114R008,{NAMED},2025-01-01
0114,0114R001,0114R001,{NAMED},2026-01-01
"""
CODES = [f"0114R00{number}" for number in (1, 2, 3, 4, 6, 7, 8, 10)]


def test_a_made_up_list(tmp_path):
    changes = read_changes(write(tmp_path, ROWS))
    assert changes["border"].tolist() == ["land"] * 3 + ["water", ""] + ["land"] * 2 + ["", ""]
    assert changes["recoded"].tolist() == [False] * 7 + [True, False]
    marks = mark_changes(changes, codes=CODES[:-1], until=date(2025, 1, 1))
    assert marks["change"].tolist() == ["border", "border", "water", "none", "new", "border", "code"]
    assert marks["comparable"].tolist() == [False, False, True, True, False, False, False]
    assert marks["renamed"].tolist() == [False, False, False, True, False, True, True]
    assert marks["elsewhere"].isna().tolist() == [True, True, False, False, True, True, False]
    assert marks["gives_to"].tolist() == ["0114R002 0114R006"] + [""] * 6
    assert marks["takes_from"].tolist() == ["", "0114R001", "", "", "0114R001", "0114R005", ""]


def test_only_the_changes_between_two_days_count(tmp_path):
    changes = read_changes(write(tmp_path, ROWS))
    assert mark_changes(changes, codes=CODES[:-1])["renamed"].sum() == 4
    assert mark_changes(changes, codes=CODES[:-1], since=date(2025, 1, 1))["renamed"].sum() == 1
    early = mark_changes(changes, codes=CODES[:-1], until=date(2024, 12, 31))
    assert early["comparable"].all()
    assert early["renamed"].sum() == 1


def test_a_list_as_excel_saves_it(tmp_path):
    plain = read_changes(write(tmp_path, ROWS))
    quoted = ROWS.replace("Upphör; till befintlig", '"Upphör# till befintlig"') + ",,,,\n"
    excel = write(tmp_path, quoted.replace(",", ";").replace("#", ";"), "\ufeff" + HEAD.replace(",", ";"))
    pd.testing.assert_frame_equal(read_changes(excel), plain)
    lost_zero = write(tmp_path, ROWS.replace("0114,", "114,"))
    pd.testing.assert_frame_equal(read_changes(lost_zero), plain)


def test_a_list_as_a_workbook_and_in_windows_1252(tmp_path):
    plain = read_changes(write(tmp_path, ROWS))
    pd.testing.assert_frame_equal(read_changes(write(tmp_path, ROWS, encoding="cp1252")), plain)
    rows = [row.split(",") for row in ROWS.splitlines()]
    cells = pd.DataFrame([[int(row[0]), *row[1:4], date.fromisoformat(row[4])] for row in rows],
                         columns=HEAD.strip().split(","))  # fmt: skip
    cells.to_excel(tmp_path / "changes.xlsx", index=False)  # the code of the kommun as a number, the day as a day
    pd.testing.assert_frame_equal(read_changes(tmp_path / "changes.xlsx"), plain)


def test_every_fault_of_the_list_at_once(tmp_path):
    bad = "0114,0114R001,0114R0X,Flyttad,1 jan\n0115,0114R001,0114R001,Utvidgas,2025-01-01\n"
    with pytest.raises(InputError) as caught:
        read_changes(write(tmp_path, bad))
    said = [(fault.what, fault.where) for fault in caught.value.faults]
    assert said == [
        ("not a regso code such as 0114R001", "changes.csv, row 2, column new_code"),
        ("a code of another kommun", "changes.csv, row 3"),
        ("a kind of change that is not known", "changes.csv, row 2"),
        ("no date", "changes.csv, row 2"),
    ]
    assert "Teach the parser" in str(caught.value)


@pytest.mark.parametrize(
    ("head", "encoding", "what"),
    [
        ("kommun,old_code,other,change,date\n", "utf-8", "a column is missing .*new_code"),
        ("", "utf-8", "two columns of one name"),  # the first row is taken for the heading
        ("\n", "utf-8", "two columns of one name"),
        (HEAD + '"' + "a" * 200_000, "utf-8", "not readable as CSV"),
        (HEAD + "0114,0114R001,0114R001,a,b,c,d\n", "utf-8", r"row 2: more cells than the header has columns .*got 7"),
    ],
)
def test_a_list_that_cannot_be_read(tmp_path, head, encoding, what):
    csv.field_size_limit(131_072)  # other libraries raise it for the whole process
    with pytest.raises(InputError, match=what):
        read_changes(write(tmp_path, ROWS, head, encoding))


def test_an_area_that_the_edition_lacks_is_refused(tmp_path):
    changes = read_changes(write(tmp_path, ROWS))
    with pytest.raises(InputError, match="code 0114R006: an area of the list that does not exist"):
        mark_changes(changes, codes=[code for code in CODES if code != "0114R006"])


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "changes.csv"
        file.write_text(HEAD + text, "utf-8", newline="")
        try:
            changes = read_changes(file)
        except InputError:
            return
        assert list(changes.columns[:5]) == ["kommun", "old", "new", "change", "date"]


# ------------------------------------------------------------------------------------------------------ the real list


@pytest.fixture(scope="module")
def real(shared):
    return read_changes(shared / "data" / "regso" / "regso_changes_2020_2025.csv")


def test_the_real_list_is_read_whole(real):
    assert len(real) == 542
    # 121 + 113 + 107 + 3 + 3 + 1 rows move borders on land, 138 out to sea, 56 names only
    assert real["border"].value_counts().to_dict() == {"land": 348, "water": 138, "": 56}
    assert not real["recoded"].any()
    assert set(real["date"].dt.date) == {date(2021, 7, 2), date(2023, 1, 11), date(2025, 1, 1), date(2026, 1, 1)}


def test_the_real_list_marks_the_changed_areas(real):
    marks = mark_changes(real, until=date(2025, 1, 1))
    assert marks.index.tolist() == list(code_set(2025))
    # 288 codes stand in rows that move a border on land: 286 that both editions have, the one formed, the one dissolved
    assert marks["change"].value_counts().to_dict() == {"none": 2947, "border": 286, "water": 129, "new": 1}
    assert (~marks["comparable"]).sum() == 287
    assert marks.loc[ONLY_2025, "change"] == "new"
    assert marks.loc[ONLY_2025, "takes_from"] == "2523R001 2523R003 2523R010"
    assert marks.index[marks["takes_from"].str.contains(ONLY_2020)].tolist() == ["2584R002", "2584R006", "2584R013"]
    assert (marks["elsewhere"].isna() == ~marks["comparable"]).all()
    assert set(np.unique(marks["elsewhere"].dropna())) == {0.0}
    # 45 names of these years alone, one with a border; the 11 of 2026 are no change between the editions
    assert marks["renamed"].sum() == 46
    assert mark_changes(real)["renamed"].sum() == 57
