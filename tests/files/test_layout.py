"""Titles, merged and broken headings, footers and totals; numbers that may mean two things."""

from __future__ import annotations

import unicodedata

import numpy as np
import openpyxl
import pandas as pd
import pytest

from regso_cluster.errors import InputError
from regso_cluster.files.agency_table import read_agency_table
from regso_cluster.files.layout import as_named, find_headings, join_headings
from regso_cluster.files.numbers import as_text, explain, parse_numbers
from regso_cluster.files.tables import read_table
from regso_cluster.method import Table


def numbers(cells, **said):
    said.setdefault("decimal_comma", None)
    return parse_numbers(pd.Series(cells, dtype=object), ("..",), ("", "-", "–"), **said)


# --- headings ---

SCHOOLS = [
    ["Skolenheter 2023/24", "", "", "", ""],
    ["Källa: registret", "", "", "", ""],
    ["", "", "Läge", "", "Resultat"],
    ["Kod", "Namn", "X", "Y", "Meritvärde"],
    ["10010018", "A", 674032.5, 6580822, 221.1],
    ["10010019", "B", 674033.5, 6580823, "230,4"],
]


def test_a_row_of_merged_headings_is_no_header():
    assert find_headings(SCHOOLS) == (2, 3)
    assert join_headings(SCHOOLS[2:4]) == ["Kod", "Namn", "X", "Y", "Meritvärde"]


def test_headings_of_one_name_have_the_merged_one_before_them():
    rows = [["Kod", "Flickor", "", "Pojkar", ""], ["", "antal", "andel", "antal", "andel"], ["a", 1, 2, 3, 4]]
    assert find_headings(rows) == (0, 1)
    assert join_headings(rows[:2]) == ["Kod", "Flickor antal", "Flickor andel", "Pojkar antal", "Pojkar andel"]


def test_a_first_row_of_words_is_data_where_the_header_is_complete():
    assert find_headings([["kod", "namn"], ["a", "b"], ["c", "d"]]) == (0, 0)
    # a column of remarks without a name does not make headings of the first row
    assert find_headings([["kod", "n", ""], ["0114R001", "1", "obs"], ["0114R002", "2", "x"]]) == (0, 0)


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_titles_and_merged_headings_are_read_by_every_reader(tmp_path, suffix):
    path = tmp_path / f"t.{suffix}"
    if suffix == "csv":
        path.write_text("".join(";".join(map(str, row)).replace(".", ",") + "\n" for row in SCHOOLS), "utf-8")
    else:
        book = openpyxl.Workbook()
        for row in SCHOOLS:
            book.active.append([cell or None for cell in row])
        book.active.merge_cells("C3:D3")
        book.save(path)
    for table in (read_table(path), read_agency_table(path)):
        assert list(table.frame.columns) == ["Kod", "Namn", "X", "Y", "Meritvärde"]
        assert len(table.frame) == 2
        assert numbers(table.frame["Meritvärde"]).values.tolist() == [221.1, 230.4]
        assert "2 lines above the header left out" in table.notes
    assert list(read_table(path).frame.index) == [5, 6]
    assert read_agency_table(path).first_row == 5


BREAKS = [
    '"Antal\nelever";regso;namn\n12;0114R001;A\n13;0114R002;B\n',
    'regso;namn;"Antal\nelever"\n0114R001;A;12\n0114R002;B;13\n',
    '"En titel\növer två rader"\nregso;namn;"Antal\r\nelever"\n0114R001;A;12\n0114R002;B;13\n',
    'regso;"Antal\n\n elever";namn\n0114R001;12;A\n0114R002;13;B\n',
]


@pytest.mark.parametrize("text", BREAKS)
def test_a_line_break_in_a_heading_makes_no_row(tmp_path, text):
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode())
    assert read_table(path).frame["Antal elever"].tolist() == ["12", "13"]
    table = read_agency_table(path)
    assert len(table.frame) == 2
    assert as_named(table.frame, ["Antal elever"])["Antal elever"].tolist() == ["12", "13"]


def test_decomposed_unicode_is_the_same_name(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(unicodedata.normalize("NFD", "Skolområde;n\n0114R001;1\n"), "utf-8")
    assert list(read_table(path).frame.columns) == ["Skolområde", "n"]
    assert "Skolområde" in as_named(read_agency_table(path).frame, ["Skolområde"])


# --- text files ---


def test_a_long_cell_is_read_by_both_readers(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(f'regso;wkt\n0114R001;"{"1 2," * 50_000}"\n', "utf-8")
    assert len(read_table(path).frame["wkt"].iloc[0]) == 200_000
    assert len(read_agency_table(path).frame["wkt"].iloc[0]) == 200_000


def test_a_mark_of_the_encoding_may_stand_twice(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"\xef\xbb\xbf\xef\xbb\xbfregso;n\n0114R001;1\n")
    assert list(read_table(tmp_path / "t.csv").frame.columns) == ["regso", "n"]


def test_a_file_without_its_last_line_break_is_told_with_its_last_cell(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("regso;n\n0114R001;2481\n0114R002;24", "utf-8")
    assert any("'24'" in note and "cut" in note for note in read_table(path).notes)
    path.write_text("regso;n\n0114R001;2481\n0114R002", "utf-8")
    with pytest.raises(InputError, match="cut in its last row"):
        read_table(path)
    path.write_text("regso;n\n0114R001;2481\n0114R002;24\n", "utf-8")
    assert not read_table(path).notes


# --- numbers ---


@pytest.mark.parametrize(
    "cells",
    [
        ["798", "1,093", "950"], ["798", "1.093", "950"], ["1,000", "2,000"], ["3.000", "2.000", "12.000"],
        ["234.567", "198.004"], ["1.234.567", "1.234"], ["1,234.5", "1,234"], ["1'234", "5"],
    ],
)  # fmt: skip
@pytest.mark.parametrize("decimal_comma", [None, True])
def test_what_may_be_thousands_is_refused_in_every_kind_of_file(cells, decimal_comma):
    status = numbers(cells, decimal_comma=decimal_comma).status
    proven = decimal_comma and cells == ["798", "1,093", "950"]  # the file writes decimals with a comma elsewhere
    assert "bad" not in status if proven else "bad" in status


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["0,080", "0,312"], [0.08, 0.312]),
        (["0.080", "1.204"], [0.08, 1.204]),
        (["12.345", "9.1"], [12.345, 9.1]),
        (["1,234", "12,5"], [1.234, 12.5]),
        ([221.1, "221,1", "449\u00a0160,4", 3], [221.1, 221.1, 449160.4, 3]),
        (["6580822.125", "1.125"], [6580822.125, 1.125]),
        (["1e3", "1.5E-3"], [1000, 0.0015]),
    ],
)
def test_what_can_be_decided_is_read(cells, values):
    assert numbers(cells).values.tolist() == values


def test_the_user_can_say_how_decimals_are_written(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("regso;n\n0114R001;1.234\n0114R002;2.345\n", "utf-8")
    assert "bad" in numbers(read_table(path).frame["n"]).status
    said = read_table(path, decimal="point")
    assert numbers(said.frame["n"], decimal_comma=said.decimal_comma).values.tolist() == [1.234, 2.345]
    path.write_text("regso;n\n0114R001;1,234\n0114R002;2,345\n", "utf-8")
    said = read_table(path, decimal="comma")
    assert numbers(said.frame["n"], decimal_comma=said.decimal_comma).values.tolist() == [1.234, 2.345]


@pytest.mark.parametrize(
    "text", ["#REF!", "#N/A", "#SAKNAS!", "#DIVISION/0!", "#V\u00c4RDEFEL!", "#I/T", "#FELD!", "Err:502"]
)
def test_error_cells_in_any_language_are_told(text):
    assert explain(text)[0] == "an error cell"
    assert explain("# 5")[0] == "text in a number"


def test_error_cells_are_missing_only_where_a_method_lists_them():
    assert not any(mark.startswith("#") for mark in Table().absent)
    assert Table(missing=("", "#N/A")).absent == ("", "#N/A")


def test_text_is_composed_and_has_no_unseen_ends():
    assert as_text("\ufeffA\u030are\u200b ") == "\u00c5re"
    assert as_text("\u00a0A\u00a0") == "A"
    assert numbers(["12\u200b"]).values.tolist() == [12]


def test_each_refusal_says_what_to_do():
    assert explain("#REF!")[0] == "an error cell"
    assert explain("7.98e+16")[0] == "too large a number"
    assert "--decimal" in explain("1,093")[1]
    assert "never calculated" in explain("#UNCALCULATED!")[0]


def test_a_dash_is_counted_apart_and_may_be_zero():
    read = numbers(["–", "-", "", "5"])
    assert dict(read.marks) == {"–": 1, "-": 1}
    assert numbers(["–", "-", "", "5"], zero=("–", "-")).values[[0, 1, 3]].tolist() == [0, 0, 5]
    assert np.isnan(numbers(["–"], zero=("-",)).values[0])


FULL = "kod,a,b\nx1,1,2\nx2,3,4\nx3,5,6\nx4,7,8\n"


@pytest.mark.parametrize(
    ("rows", "refused"),
    [
        ("kod,a,b\nx1,1,2\nx2,4\nx3,5,6\n", True),  # 3 was lost: 4 would be read in its column
        ("kod,a,b\nx1,1,2\nx2,3,4\nx3,6\nx4,7\n", True),
        ("kod,a,b\nx1,1,\nx2,3\nx3,5,\nx4,5,6\n", False),  # the last column is mostly empty: programs leave it out
        (FULL + "Summa,16\n", False),
        (FULL + "Källa: SCB, 2024\n", False),
        (FULL + "\nUttag,2024\n", False),
    ],
)
def test_a_row_that_lacks_a_cell_is_refused(rows, refused, tmp_path):
    (tmp_path / "t.csv").write_text(rows, "utf-8")
    if not refused:
        assert read_table(tmp_path / "t.csv").frame["a"].iloc[0] == "1"
        return
    with pytest.raises(InputError, match=r"row [34]: fewer cells than the header"):
        read_table(tmp_path / "t.csv")


@pytest.mark.parametrize(
    ("beyond", "refused"),
    [(4, True), ("4,5", True), ("..", True), ("–", True), ("NA", True), ("obs!", False), ("xyz", False), (None, False)],
)
def test_a_figure_right_of_the_last_heading_is_refused(beyond, refused, tmp_path):
    book = openpyxl.Workbook()
    for row in (["kod", "a", "b"], ["x1", 1, 2], ["x2", 9, 3, beyond], ["x3", 5, 6]):
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    if refused:
        with pytest.raises(InputError, match="row 3: a figure right of the last heading"):
            read_table(tmp_path / "t.xlsx")
    else:
        assert read_table(tmp_path / "t.xlsx").frame["b"].tolist() == [2, 3, 6]
