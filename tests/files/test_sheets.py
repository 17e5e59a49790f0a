"""Which sheet of a workbook is read, and what its cells hold that are neither text nor number."""

from __future__ import annotations

import openpyxl
import pytest
import xlsxwriter

from regso_cluster.errors import InputError
from regso_cluster.files.numbers import parse_numbers
from regso_cluster.files.sheets import CellError, read_sheet
from regso_cluster.files.tables import read_table
from tests.files.books import write_ods, write_xls

HEADER = ["regso", "n", "d"]


def book(path, sheets, hidden=()):
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
        if name in hidden:
            sheet.sheet_state = "hidden"
    made.save(path)
    return path


def table(*numbers):
    return [HEADER, *([f"0114R00{at}", number, 20] for at, number in enumerate(numbers, start=1))]


NOTES = [["Om tabellen"], *([f"Not {at}: figures of the register"] for at in range(30))]


def test_a_longer_sheet_of_notes_is_not_read(tmp_path):
    path = book(tmp_path / "t.xlsx", {"Läs mig": NOTES, "Data": table(1, 2)})
    read = read_table(path)
    assert read.frame["n"].tolist() == [1, 2]
    assert read.notes == ("sheet 'Data' was read, of 2",)


def test_two_sheets_that_may_be_meant_are_refused_and_named(tmp_path):
    path = book(tmp_path / "t.xlsx", {"Norr": table(1), "Syd": table(2, 3)})
    with pytest.raises(InputError, match="which sheet is meant") as refused:
        read_table(path)
    assert refused.value.faults[0].got == "'Norr', 'Syd'"
    assert "--sheet" in refused.value.faults[0].hint
    assert read_table(path, sheet="syd").frame["n"].tolist() == [2, 3]
    with pytest.raises(InputError, match="no such sheet"):
        read_table(path, sheet="Väst")


def test_the_only_sheet_with_the_columns_is_read(tmp_path):
    other = [["kod", "text"], ["a", "b"], ["c", "d"], ["e", "f"]]
    path = book(tmp_path / "t.xlsx", {"Koder": other, "Data": table(7)})
    assert read_table(path, columns=HEADER).frame["n"].tolist() == [7]


def test_a_sheet_a_year_is_read_by_its_year_or_refused(tmp_path):
    path = book(tmp_path / "t.xlsx", {"2023": table(298, 593), "2024": table(798, 1093)})
    read = read_table(path, columns=HEADER, year=2024)
    assert read.frame["n"].tolist() == [798, 1093]
    assert "named by the year" in read.notes[0]
    with pytest.raises(InputError, match="which sheet"):
        read_table(path, columns=HEADER)
    # the sheet of another year is no answer, though it alone has every column
    path = book(tmp_path / "u.xlsx", {"2023": table(1, 2), "2024": [["regso", "n"], ["0114R001", 5], ["0114R002", 6]]})
    with pytest.raises(InputError, match="which sheet"):
        read_table(path, columns=HEADER, year=2022)


def test_a_hidden_sheet_is_read_only_by_name(tmp_path):
    path = book(tmp_path / "t.xlsx", {"old": table(1, 2, 3), "Data": table(9)}, hidden=("old",))
    assert read_table(path).frame["n"].tolist() == [9]
    assert read_table(path, sheet="old").frame["n"].tolist() == [1, 2, 3]


ERRORS = ["#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#N/A"]
CODES = {"#NULL!": 0, "#DIV/0!": 7, "#VALUE!": 15, "#REF!": 23, "#NAME?": 29, "#NUM!": 36, "#N/A": 42}


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("kind", ["xlsx", "ods", "xls"])
def test_an_error_cell_is_no_empty_cell(tmp_path, error, kind):
    path = tmp_path / f"t.{kind}"
    rows = [HEADER, ["0114R001", 1, 2], ["0114R002", None, 4], ["0114R003", 5, 6]]
    if kind == "xlsx":
        rows[2][1] = error  # openpyxl writes it as an error
        book(path, {"a": rows})
    elif kind == "ods":
        rows[2][1] = f"={error}"
        write_ods(path, {"a": rows})
    else:
        rows[2][1] = bytes([CODES[error]])
        write_xls(path, rows)
    cells = read_table(path).frame["n"].tolist()
    assert [cells[0], cells[2]] == [1, 5]
    assert cells[1] == error
    assert isinstance(cells[1], CellError)
    numbers = parse_numbers(read_table(path).frame["n"], ("..",), ("",))
    assert list(numbers.status) == ["observed", "bad", "observed"]


def test_formulas_never_calculated_are_told(tmp_path):
    path = book(tmp_path / "t.xlsx", {"a": [HEADER, ["0114R001", "=1+1", 2], ["0114R002", "=B2", 4]]})
    assert read_table(path).frame["n"].tolist() == ["#UNCALCULATED!"] * 2
    # another writer puts a 0 where it could not calculate, and asks Excel to do so
    with xlsxwriter.Workbook(tmp_path / "x.xlsx") as made:
        sheet = made.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        sheet.write_row(1, 0, ["0114R001", 0, 3])
        sheet.write_formula(2, 1, "=1+1")
        sheet.write(2, 0, "0114R002")
        sheet.write_formula(2, 2, "=1+1", None, 2)
    frame = read_table(tmp_path / "x.xlsx").frame
    assert frame["n"].tolist() == [0, "#UNCALCULATED!"]
    assert frame["d"].tolist() == [3, 2]


def test_a_formula_with_a_text_is_that_text(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "x.xlsx") as made:
        sheet = made.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        sheet.write_row(1, 0, ["0114R001", 1, 3])
        sheet.write(2, 0, "0114R002")
        sheet.write_formula(2, 1, '="x"', None, "x")
        sheet.write(2, 2, 4)
    assert read_sheet(tmp_path / "x.xlsx").rows[2] == ["0114R002", "x", 4]
