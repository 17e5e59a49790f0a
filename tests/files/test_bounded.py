"""Files that claim or unpack to more than they hold: refused, with memory bounded."""

from __future__ import annotations

import datetime as dt
import resource
import time
import zipfile

import pandas as pd
import pyarrow as pa
import pytest
import xlsxwriter
from pyarrow import parquet

from regso_cluster.errors import InputError
from regso_cluster.factors.tables import read_factors
from regso_cluster.files import bounded, sheets
from regso_cluster.files.bounded import MIB, ReadLimits, read_parquet
from regso_cluster.files.sheets import read_sheet
from regso_cluster.files.tables import read_table
from regso_cluster.method import load_method

SMALL = ReadLimits(memory=400 * MIB, seconds=60)


def refusal(call, *arguments):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError) as refused:
        call(*arguments)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 600 * 1024, "kB of memory"
    return refused.value.faults[0]


def book(path, cells):
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False}) as workbook:
        sheet = workbook.add_worksheet()
        for row, column, cell in cells:
            sheet.write(row, column, cell)
    return path


def test_a_stray_far_cell_is_refused_and_the_process_lives(tmp_path):
    path = book(tmp_path / "far.xlsx", [(0, 0, "regso"), (1, 0, "0114R001"), (1_048_575, 16_383, "x")])
    fault = refusal(read_sheet, path)
    assert "unpacks to more than memory allows" in fault.what
    assert "Ctrl+End" in fault.hint
    assert "Ctrl+End" in refusal(read_table, path).hint


def test_a_cell_not_too_far_is_read(tmp_path):
    path = book(tmp_path / "t.xlsx", [(0, 0, "regso"), (0, 1, "n"), (1, 0, "0114R001"), (2000, 30, "x")])
    sheet = read_sheet(path)
    assert (len(sheet.rows), {len(row) for row in sheet.rows}) == (2001, {31})
    assert sheet.rows[1][:2] == ["0114R001", ""]


def test_types_of_cells_survive_the_other_process(tmp_path):
    path = tmp_path / "t.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet("Åsen / [1]"[:5])
        day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, ["ä", 1.5, 2, True])
        sheet.write_datetime(1, 0, dt.datetime(2024, 3, 1), day)
    sheet = read_sheet(path)
    assert sheet.name == "Åsen "
    assert sheet.rows[0] == ["ä", 1.5, 2, True]
    assert sheet.rows[1][0] in (dt.date(2024, 3, 1), dt.datetime(2024, 3, 1))


def test_no_such_sheet_is_told_with_those_there_are(tmp_path):
    path = book(tmp_path / "t.xlsx", [(0, 0, "a")])
    fault = refusal(read_sheet, path, "Blad9")
    assert "'Sheet1'" in fault.expected
    assert fault.hint


def packed(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def rezip(source, path, changes):
    with zipfile.ZipFile(source) as old:
        return packed(path, {name: changes.get(name, old.read(name)) for name in old.namelist()})


def test_one_text_that_many_cells_share_is_refused(tmp_path):
    plain = book(tmp_path / "plain.xlsx", [(0, 0, "a")])
    text = "x" * MIB
    shared = f'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>{text}</t></si></sst>'
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 3000))
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        f"{rows}</sheetData></worksheet>"
    )
    path = rezip(plain, tmp_path / "bomb.xlsx", {"xl/sharedStrings.xml": shared, "xl/worksheets/sheet1.xml": sheet})
    assert path.stat().st_size < 200_000
    assert "unpacks to more" in refusal(read_sheet, path, "", SMALL).what


def test_an_archive_of_zeros_is_refused(tmp_path):
    plain = book(tmp_path / "plain.xlsx", [(0, 0, "a")])
    begin = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>'
    path = rezip(plain, tmp_path / "zeros.xlsx", {"xl/sharedStrings.xml": begin + b"0" * (600 * MIB)})
    assert path.stat().st_size < MIB
    fault = refusal(read_sheet, path, "", SMALL)
    assert fault.what in ("a workbook that unpacks to more than memory allows", "not readable as a workbook")


def test_an_opendocument_that_repeats_its_cells_is_refused(tmp_path):
    parts = ("office", "table", "text")
    spaces = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in parts)
    content = (
        f'<?xml version="1.0"?><office:document-content {spaces}><office:body><office:spreadsheet>'
        '<table:table table:name="a"><table:table-row table:number-rows-repeated="1000000">'
        '<table:table-cell office:value-type="string" table:number-columns-repeated="10000"><text:p>x</text:p>'
        "</table:table-cell></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"
    )
    manifest = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    members = {"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "META-INF/manifest.xml": manifest}
    path = packed(tmp_path / "t.ods", members | {"content.xml": content})
    fault = refusal(read_sheet, path, "", SMALL)  # newer versions of the library count such cells themselves
    assert "unpacks to more" in fault.what or "limit" in fault.got


def test_ten_gigabytes_of_a_text_file_are_not_opened(tmp_path):
    path = tmp_path / "t.csv"
    with path.open("wb") as file:
        file.write(b"regso;n\n")
        file.truncate(10 * 1024 * MIB)  # takes no room on the disk
    fault = refusal(read_table, path)
    assert (fault.what, fault.got) == ("too large a file", "10,240 MB")
    assert "split" in fault.hint


def test_a_text_of_too_many_cells_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("regso_cluster.files.text.MOST_CELLS", 20)
    path = tmp_path / "t.csv"
    path.write_text("a;b\n" + "1;2\n" * 9, "utf-8")  # 20 cells with the header
    assert len(read_table(path).frame) == 9
    path.write_text("a;b\n" + "1;2\n" * 10, "utf-8")
    assert refusal(read_table, path).what == "too many cells"


def test_a_parquet_file_of_more_rows_than_is_sane_is_refused_by_what_it_says(tmp_path):
    path = tmp_path / "t.parquet"
    with parquet.ParquetWriter(path, pa.schema([("a", pa.bool_())])) as writer:
        for _ in range(3):
            writer.write_table(pa.table({"a": pa.nulls(10_000_000, pa.bool_())}))
    assert path.stat().st_size < MIB
    fault = refusal(read_parquet, path)
    assert (fault.what, fault.got) == ("too many rows", "30,000,000 rows of 1 columns")
    assert fault.hint
    assert refusal(read_table, path).what == "too many rows"


def test_a_text_kept_once_and_pointed_at_by_every_row_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "t.parquet"
    index = pa.array([0] * 100_000, pa.int32())
    parquet.write_table(pa.table({"a": pa.DictionaryArray.from_arrays(index, pa.array(["x" * MIB]))}), path)
    assert path.stat().st_size < 4 * MIB
    assert refusal(read_parquet, path).what == "too large when unpacked"


def test_columns_of_lists_are_refused(tmp_path):
    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table({"a": [[1, 2]], "b": ["x"]}), path)
    fault = refusal(read_parquet, path)
    assert "column a" in fault.where
    assert fault.hint


def test_parquet_comes_whole(tmp_path):
    frame = pd.DataFrame({"t": ["a", None, "b", "a"], "n": [1, 2, 3, 4], "x": [0.5, None, 1.5, 2.0]})
    frame["c"] = frame["t"].astype("category")
    frame.to_parquet(tmp_path / "t.parquet")
    read = read_parquet(tmp_path / "t.parquet")
    assert read.drop_columns(["c"]).to_pandas().equals(frame.drop(columns="c"))
    assert read.column("c").to_pylist() == ["a", None, "b", "a"]
    assert read_parquet(tmp_path / "t.parquet", ReadLimits(rows=4)).num_rows == 4
    with pytest.raises(InputError, match="too many rows"):
        read_parquet(tmp_path / "t.parquet", ReadLimits(rows=3))
    parquet.write_table(pa.table({"a": pa.array([], pa.string())}), tmp_path / "none.parquet")
    assert read_parquet(tmp_path / "none.parquet").num_rows == 0


def test_a_process_that_dies_or_says_nothing_is_a_refusal(tmp_path, monkeypatch):
    path = book(tmp_path / "t.xlsx", [(0, 0, "a")])
    silent = tmp_path / "silent.py"
    silent.write_text("import sys; sys.stdout.write('{\"sheets\": [')")
    monkeypatch.setattr(sheets.Path, "with_name", lambda *_: silent)
    assert "unpacks to more" in refusal(read_sheet, path).what


def test_a_claim_is_judged_before_anything_is_unpacked(tmp_path, monkeypatch):
    pd.DataFrame({"a": range(100_000)}).to_parquet(tmp_path / "t.parquet")
    monkeypatch.setattr(parquet.ParquetFile, "iter_batches", lambda *_, **__: pytest.fail("it was unpacked"))
    with pytest.raises(InputError, match="too large when unpacked"):
        bounded.read_parquet(tmp_path / "t.parquet", bounded.ReadLimits(memory=10_000))


def test_a_wide_row_does_not_widen_every_row(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("regso," + ",".join(map(str, range(20_000))) + "\n" + "0114R001\n" * 60_000, "utf-8")
    assert refusal(read_table, path).what == "too many columns"


def test_a_line_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("regso_cluster.files.text.LONGEST", 1_000)
    (tmp_path / "t.csv").write_text("a,b\n" + "1," * 1_000 + "\n", "utf-8")
    assert refusal(read_table, tmp_path / "t.csv").what == "too long a line"


def test_doubled_codes_are_named_in_linear_time(tmp_path):
    method = load_method("utanforskap")
    frame = pd.DataFrame({"regso": ["0114R001"] * 60_000})
    for column in (column for factor in method.factors for column in factor.columns):
        frame[column] = 1
    frame["population"] = 1
    frame.to_parquet(tmp_path / "t.parquet")
    begin = time.process_time()
    with pytest.raises(InputError) as refused:
        read_factors(tmp_path / "t.parquet", method, edition=2025)
    assert sum(fault.what == "a code stands twice" for fault in refused.value.faults) == 59_999
    assert time.process_time() - begin < 30
