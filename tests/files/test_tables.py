from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regso_cluster.errors import InputError
from regso_cluster.files.numbers import parse_numbers
from regso_cluster.files.tables import read_table

SUPPRESSED, MISSING = ("..", "x"), ("", "-")


def numbers(cells, decimal_comma=False):
    return parse_numbers(pd.Series(cells, dtype=object), SUPPRESSED, MISSING, decimal_comma=decimal_comma)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_delimiters_are_recognised(tmp_path, encoding, delimiter):
    path = tmp_path / "t.csv"
    path.write_bytes(f"regso{delimiter}område\n0114R001{delimiter}Åsen\n".encode(encoding))
    table = read_table(path)
    assert table.frame.to_dict("list") == {"regso": ["0114R001"], "område": ["Åsen"]}
    assert list(table.frame.index) == [2]  # the row in the file
    assert any("Windows-1252" in note for note in table.notes) == (encoding in ("cp1252", "latin-1"))


def test_decimal_comma_is_that_of_a_semicolon_file(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("regso;a\n0114R001;1 234,5\n", "utf-8")
    table = read_table(path)
    assert table.decimal_comma is True
    assert parse_numbers(table.frame["a"], (), (), decimal_comma=True).values.tolist() == [1234.5]


def test_numbers_of_all_shapes():
    read = numbers(["12", " 12.5 ", "1e3", "−3", "1 234", "..", "x", "", "-", "abc", None, True])
    assert np.array_equal(
        read.values,
        [12, 12.5, 1000, -3, 1234, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan],
        equal_nan=True,
    )
    assert list(read.status) == ["observed"] * 5 + ["suppressed"] * 2 + ["missing"] * 2 + [
        "bad",
        "missing",
        "bad",
    ]
    assert read.bad.to_dict() == {9: "abc", 11: "True"}


def test_spaces_part_thousands_and_nothing_else():
    read = numbers(["12 345", "1 234 567,5", "1 2 3", "12\n34", "1e400", "9e15"], decimal_comma=True)
    assert read.values[:2].tolist() == [12345, 1234567.5]
    assert list(read.status[2:]) == ["bad"] * 4


@pytest.mark.parametrize("column", [["-999", "-999.0", "5", "-99"], [-999, -999.0, 5, -99]])
def test_a_mark_that_is_a_number_is_one_in_any_spelling_and_type(column):
    read = parse_numbers(pd.Series(column), ("-99",), ("-999",))
    assert list(read.status) == ["missing", "missing", "observed", "suppressed"]


def test_a_comma_is_never_guessed():
    assert list(numbers(["1,5"]).status) == ["bad"]  # no decimal comma was announced
    assert numbers(["1,5", "2,25"], decimal_comma=None).values.tolist() == [1.5, 2.25]
    ambiguous = numbers(["1,234", "2,345"], decimal_comma=None)  # thousands or decimals?
    assert list(ambiguous.status) == ["bad", "bad"]
    mixed = numbers(["1,234.5", "2"], decimal_comma=None)
    assert list(mixed.status) == ["bad", "observed"]
    assert list(numbers(["1,5", "1.5"], decimal_comma=None).status) == ["bad", "observed"]


def test_typed_columns_keep_their_numbers_and_infinity_is_no_number():
    read = parse_numbers(pd.Series([1.5, np.nan, np.inf]), (), ())
    assert list(read.status) == ["observed", "missing", "bad"]
    assert read.values[0] == 1.5
    assert list(parse_numbers(pd.Series([True, False]), (), ()).status) == ["bad", "bad"]
    assert list(parse_numbers(pd.Series([1, None], dtype="Int64"), (), ()).status) == ["observed", "missing"]


@given(st.lists(st.floats(-1e15, 1e15), min_size=1, max_size=20))
def test_numbers_survive_text_with_a_decimal_comma(values):
    texts = [repr(value).replace(".", ",") for value in values]
    assert numbers(texts, decimal_comma=True).values.tolist() == values


def test_empty_rows_footer_and_stray_columns_are_left_out_with_notes(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        "code,n,,A title that the export wrote here\n"
        "0114R001,1,,\n,,,\n0114R002,,,\n0114R003,3,,\n,,,\n"
        "Source: Statistics Sweden and others,,,\nDatabase:,,,\n",
        "utf-8",
    )
    table = read_table(path)
    # 0114R002 has no value: that is data, not footer
    assert table.frame["code"].tolist() == ["0114R001", "0114R002", "0114R003"]
    assert list(table.frame.columns) == ["code", "n"]
    assert list(table.frame.index) == [2, 4, 5]
    assert sorted(table.notes) == [
        "2 columns without content left out", "2 empty rows left out", "2 lines of footer left out, from row 7",
    ]  # fmt: skip


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_title_above_the_header_is_left_out_with_a_note(tmp_path, suffix):
    lines = [["Folkmängd, efter region, ålder och år"], [], ["regso", "n"], ["0114R001", 12]]
    path = tmp_path / f"t.{suffix}"
    if suffix == "csv":
        path.write_text("".join(";".join(map(str, line)) + "\n" for line in lines), "utf-8")
    else:
        even = [[*line, *[None] * (2 - len(line))] for line in lines]
        pd.DataFrame(even).to_excel(path, header=False, index=False, engine="xlsxwriter")
    table = read_table(path)
    assert list(table.frame.columns) == ["regso", "n"]
    assert list(table.frame.index) == [4]
    assert table.notes == ("2 lines above the header left out",)


def test_decimal_commas_do_not_pass_for_the_delimiter(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a;b\n1,5;2,5\n3,5;4,5\n", "utf-8")
    assert list(read_table(path).frame.columns) == ["a", "b"]


def test_last_areas_without_values_are_no_footer(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("code,n\n0114R001,1\n0114R002,\n0114R003,\n", "utf-8")
    assert len(read_table(path).frame) == 3


def test_excel_reads_the_sheet_with_the_table_and_keeps_codes_as_text(tmp_path):
    path = tmp_path / "t.xlsx"
    with pd.ExcelWriter(path, engine="xlsxwriter") as writer:
        pd.DataFrame({"Läs mig": []}).to_excel(writer, index=False, sheet_name="Om")
        pd.DataFrame({"regso": ["0114R001"], "n": [3], "share": [1.25]}).to_excel(
            writer, index=False, sheet_name="Data"
        )
    table = read_table(path)
    assert table.frame["regso"].tolist() == ["0114R001"]
    assert numbers(table.frame["n"].tolist()).values.tolist() == [3]
    assert numbers(table.frame["share"].tolist()).values.tolist() == [1.25]
    assert table.notes == ("sheet 'Data' was read, of 2",)


def test_parquet_with_a_named_index(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"n": [1.5]}, index=pd.Index(["0114R001"], name="regso")).to_parquet(path)
    assert list(read_table(path).frame.columns) == ["regso", "n"]


def _bytes_of_workbook() -> bytes:
    buffer = io.BytesIO()
    pd.DataFrame({"a": [1]}).to_excel(buffer, index=False, engine="xlsxwriter")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "says", "hint"),
    [
        ("t.csv", b"a,b\n1,2,3\n", "more cells than the header", "quotes"),
        ("t.csv", b'a,b\n1,"x\n2,y"\n3,z\n', "a line break inside a cell", "stray quotation mark"),
        ("t.csv", b'a,b\n1,"x\n2,y\n3,z\n', "not readable as CSV", "never closed"),
        ("t.csv", b"a,a\n1,2\n", "two columns of one name", "Rename"),
        ("t.csv", b"a,b\n", "no rows", "header row"),
        ("t.csv", b"", "no rows", "header row"),
        ("t.csv", b"\n\n \n", "no rows", "header row"),
        ("t.csv", b"a\x00b", "binary data", "CSV"),
        ("t.csv", b"\xff\xfea", "damaged UTF-16", "UTF-8"),
        pytest.param("t.csv", b'a,b\n"' + b"x" * 200_000, "not readable as CSV", "never closed", id="long"),
        # it holds the time at which it is made: without an id, two processes would name the test differently
        pytest.param("t.csv", _bytes_of_workbook(), "a workbook or archive named as text", "xlsx", id="workbook"),
        ("t.xlsx", b"PK\x03\x04 not a workbook", "not readable as a workbook", "CSV"),
        ("t.parquet", b"PAR1 not parquet", "not readable as Parquet", ""),
        ("t.docx", b"x", "unknown kind of file", "CSV"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_a_hint(tmp_path, name, content, says, hint):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=says) as refused:
        read_table(path)
    assert hint in refused.value.faults[0].hint
    assert name in refused.value.faults[0].where


def test_no_such_file_is_said():
    with pytest.raises(InputError, match="no such file"):
        read_table("nowhere.csv")
