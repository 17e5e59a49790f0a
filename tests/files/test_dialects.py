"""Known values in many dialects: each is read exactly, or refused; no value differs in silence.

`REGSO_DIALECT_TABLES` sets how many tables are drawn (default 3).
"""

from __future__ import annotations

import csv
import os

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
import xlsxwriter
from pyarrow import parquet

from regso_cluster.errors import InputError
from regso_cluster.files.agency_table import read_agency_table
from regso_cluster.files.numbers import parse_numbers
from regso_cluster.files.tables import read_table
from tests.files.books import write_ods
from tests.tables import writes_views

TABLES = int(os.environ.get("REGSO_DIALECT_TABLES", "3"))
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1252")
THOUSANDS = {"none": "", "space": " ", "nbsp": "\u00a0", "narrow": "\u202f", "point": ".", "comma": ",", "quote": "'"}
SPACES = ("none", "space", "nbsp", "narrow")


def draw(seed):
    """Draw a table of 12 units: codes, whole numbers large and small, decimals of several kinds, gaps."""
    random = np.random.default_rng(seed)
    kinds = {
        "small": random.integers(0, 999, 12).astype(float),
        "large": random.integers(1, 3_000_000, 12).astype(float),
        "straddling": random.integers(500, 1500, 12).astype(float),
        "share": np.round(random.uniform(0, 1, 12), 3),
        "rate": np.round(random.uniform(0, 400, 12), int(random.integers(1, 4))),
        "signed": np.round(random.normal(0, 500, 12), 2),
        "income": np.round(random.uniform(100, 900, 12), 3),
        "full": random.integers(1, 20, 12) * 1000.0,
    }
    chosen = random.choice(list(kinds), 4, replace=False)
    frame = pd.DataFrame({"regso": [f"0114R0{at:02d}" for at in range(1, 13)], "område": ["Åsen", 'Ö, väst; "x"'] * 6})
    for name in chosen:
        frame[name] = kinds[name]
        frame.loc[random.random(12) < 0.1, name] = np.nan
    return frame


def written(value, mark, thousands):
    if np.isnan(value):
        return ".."
    text = np.format_float_positional(value, trim="-")
    whole, _, part = text.partition(".")
    if thousands:
        whole = f"{int(whole):,}".replace(",", thousands) if whole.strip("-") != "0" else whole
    return f"{whole}{mark}{part}" if part else whole


def text_dialects():
    for delimiter, mark in ((",", "."), (",", ","), (";", ","), (";", "."), ("\t", ","), ("\t", "."), ("|", ".")):
        for number, (name, thousands) in enumerate(THOUSANDS.items()):
            if thousands == mark:
                continue
            encodings = ENCODINGS[number % 4 :: 3] if name == "narrow" else ENCODINGS[number % 4 :: 4]
            for encoding in encodings:
                if name != "narrow" or encoding != "cp1252":
                    yield delimiter, mark, name, encoding


DIALECTS = list(text_dialects())


def write_text(frame, path, dialect, seed):
    delimiter, mark, thousands, encoding = dialect
    below = [
        [*row[:2], *(written(value, mark, THOUSANDS[thousands]) for value in row[2:])]
        for row in frame.itertuples(index=False)
    ]
    quoting = (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)[seed % 2]
    end = ("\n", "\r\n")[seed // 2 % 2]
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows(
            [list(frame.columns), *below]
        )


def silent_differences(path, frame):
    """Columns that are read without a fault and differ; and whether all was read."""
    try:
        tables = [read_table(path), *([read_agency_table(path)] if path.suffix != ".json" else [])]
    except InputError:
        return [], False
    different, whole = [], True
    for table in tables:
        assert len(table.frame) == len(frame)
        assert table.frame["regso"].astype(str).tolist() == frame["regso"].tolist()
        assert table.frame["område"].astype(str).tolist() == frame["område"].tolist()
        for name in frame.columns[2:]:
            read = parse_numbers(table.frame[name].astype(object), ("..",), ("",), decimal_comma=table.decimal_comma)
            if len(read.bad):
                whole = False
            elif not np.array_equal(read.values, frame[name].to_numpy(), equal_nan=True):
                different.append(name)
    return different, whole


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda one: "-".join(map(repr, one)))
def test_text_is_read_exactly_or_refused(tmp_path, dialect):
    whole = 0
    for seed in range(TABLES):
        frame = draw(seed)
        write_text(frame, tmp_path / "t.csv", dialect, seed)
        different, read = silent_differences(tmp_path / "t.csv", frame)
        assert not different, seed
        whole += read
    if dialect[2] in SPACES[1:]:  # spaces part thousands, and nothing else is thousands then
        assert whole or TABLES < 10


def by_openpyxl(frame, path, as_text):
    book = openpyxl.Workbook()
    book.active.append(list(frame.columns))
    for row in frame.itertuples(index=False):
        book.active.append([*row[:2], *map(as_text, row[2:])])
    book.save(path)


def by_xlsxwriter(frame, path, as_text):
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, list(frame.columns))
        for at, row in enumerate(frame.itertuples(index=False), start=1):
            for place, cell in enumerate([*row[:2], *map(as_text, row[2:])]):
                if cell is not None:
                    sheet.write(at, place, cell)


def by_ods(frame, path, as_text):
    rows = [[str(cell).replace('"', "&quot;") for cell in row[:2]] + list(map(as_text, row[2:]))
            for row in frame.itertuples(index=False)]  # fmt: skip
    write_ods(path, {"a": [list(frame.columns), *rows]})


CELLS = {
    "typed": lambda value: None if np.isnan(value) else float(value),
    "text": lambda value: written(value, ",", ""),
    "mixed": lambda value: (
        written(value, ",", "\u00a0") if value % 2 < 1 else None if np.isnan(value) else float(value)
    ),
    "points": lambda value: written(value, ".", ""),
}


@pytest.mark.parametrize("cells", CELLS)
@pytest.mark.parametrize("writer", [by_openpyxl, by_xlsxwriter, by_ods])
def test_workbooks_are_read_exactly_or_refused(tmp_path, writer, cells):
    path = tmp_path / ("t.ods" if writer is by_ods else "t.xlsx")
    for seed in range(max(1, TABLES // 3)):
        frame = draw(seed)
        writer(frame, path, CELLS[cells])
        different, read = silent_differences(path, frame)
        assert not different, seed
        assert read or cells != "typed"


def decimals(column):
    return pa.array([None if np.isnan(value) else f"{value:.3f}" for value in column], pa.string()).cast(
        pa.decimal128(38, 3)
    )


PARQUET = {
    "double": lambda column: pa.array(column, from_pandas=True),
    "decimal": decimals,
    "text": lambda column: pa.array([written(value, ",", " ") for value in column], pa.large_string()),
    "view": lambda column: pa.array([written(value, ".", "") for value in column], pa.string_view()),
    "dictionary": lambda column: pa.array([written(value, ",", "") for value in column]).dictionary_encode(),
}


@pytest.mark.parametrize("kind", PARQUET)
def test_parquet_is_read_exactly_or_refused(tmp_path, kind):
    if kind == "view" and not writes_views():
        pytest.skip("this pyarrow writes no views to Parquet")
    for seed in range(TABLES):
        frame = draw(seed)
        columns = {
            name: pa.array(frame[name], pa.string_view() if kind == "view" else None) for name in frame.columns[:2]
        }
        table = pa.table(columns | {name: PARQUET[kind](frame[name].to_numpy()) for name in frame.columns[2:]})
        parquet.write_table(table, tmp_path / "t.parquet")
        different, read = silent_differences(tmp_path / "t.parquet", frame)
        assert not different, seed
        assert read or kind not in ("double", "decimal")


def test_pandas_writes_parquet_that_is_read_exactly(tmp_path):
    for seed in range(TABLES):
        frame = draw(seed)
        for made in (frame, frame.convert_dtypes(), frame.astype({"område": "category"}).set_index("regso")):
            made.to_parquet(tmp_path / "t.parquet")
            assert silent_differences(tmp_path / "t.parquet", frame[["regso", "område", *frame.columns[2:]]]) == (
                [],
                True,
            )
