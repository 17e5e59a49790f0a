"""From a file to a plain table: encodings, delimiters, decimal commas, stray columns, footers. Nothing is judged here.

What a person or a program did to the file (Excel, PxWeb, a legacy system) is recognised and noted; what cannot be
recognised is refused with the place.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.bounded import check_size, read_parquet, read_sheet

TEXT_SUFFIXES = (".csv", ".txt", ".tsv")
JSON_SUFFIXES = (".json", ".jsonstat")
SUFFIXES = (*TEXT_SUFFIXES, ".xlsx", ".xls", ".xlsb", ".ods", ".parquet", *JSON_SUFFIXES, ".px")
LARGEST = 1e15  # beyond it a float64 no longer tells neighbouring whole numbers apart
SAMPLE = 1_000_000  # characters at the beginning that are looked at for the delimiter
MOST_CELLS = 20_000_000  # of a text table; as Python objects they take some 1.5 GB
_SPACES = re.compile(r"[ \u00a0\u2009\u202f]")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}([ \u00a0\u2009\u202f]\d{3})+([.,]\d+)?")


@dataclass(frozen=True)
class RawTable:
    """A table as it stands in its file.

    Parameters
    ----------
    name : the file's name, for messages
    frame : text or typed columns; the index is the row in the file, the header being row 1
    sha256 : of the file's bytes
    notes : what was recognised and taken away or converted
    decimal_comma : whether a comma in a number is a decimal comma; None where that is open (comma-separated files)
    """

    name: str
    frame: pd.DataFrame
    sha256: str
    notes: tuple[str, ...] = ()
    decimal_comma: bool | None = None


@dataclass(frozen=True)
class Numbers:
    """A column read as numbers.

    Parameters
    ----------
    values : (n,) float64, NaN where no number stands
    status : (n,) "observed", "suppressed", "missing" or "bad"
    bad : the texts that are neither a number nor a known mark, by row
    notes : what was converted
    """

    values: npt.NDArray[np.float64]
    status: npt.NDArray[np.object_]
    bad: pd.Series
    notes: tuple[str, ...] = field(default=())


def read_table(path: str | Path) -> RawTable:
    """Read CSV (comma, semicolon or tab; UTF-8, UTF-16 or Windows-1252), Excel, OpenDocument, Parquet or JSON-stat 2.

    Rows without any content, unnamed columns without content and the footer of a database export (text in the first
    column below an empty row) are left out with a note.

    Raises
    ------
    InputError  no such file, an unknown kind, a damaged file, no rows, rows of different width, doubled column names;
        a file that unpacks to more than `bounded.LIMITS`
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(
            Fault("no such file", str(path), hint="Check the path; it is read relative to where you stand.")
        )
    if path.suffix.lower() not in SUFFIXES:
        kinds = ", ".join(SUFFIXES)
        raise InputError(Fault("unknown kind of file", path.name, kinds, path.suffix or "no suffix", "Save it as CSV."))
    check_size(path)
    content = path.read_bytes()
    decimal_comma: bool | None = False
    if path.suffix.lower() in TEXT_SUFFIXES:
        frame, notes, decimal_comma = _read_text(content, path.name)
    elif path.suffix.lower() == ".parquet":
        frame, notes = _read_parquet(path)
    elif path.suffix.lower() in JSON_SUFFIXES:
        from regso_cluster.factors.jsonstat import read_jsonstat

        frame, notes = read_jsonstat(content, path.name), []
    elif path.suffix.lower() == ".px":
        from regso_cluster.factors.px import read_px

        frame, notes = read_px(content, path.name)
    else:
        frame, notes = _read_workbook(path)
        decimal_comma = None
    frame, more = _tidy(frame)
    if frame.empty:
        raise InputError(Fault("no rows", path.name, hint="The table needs a header row and one row an area."))
    doubled = frame.columns[frame.columns.duplicated()].unique()
    if len(doubled):
        raise InputError(
            [Fault("two columns of one name", f"{path.name}, column {name}", hint="Rename one.") for name in doubled]
        )
    if path.suffix.lower() in TEXT_SUFFIXES:
        _refuse_line_breaks(frame, path.name)
    return RawTable(path.name, frame, hashlib.sha256(content).hexdigest(), (*notes, *more), decimal_comma)


def _read_text(content: bytes, name: str) -> tuple[pd.DataFrame, list[str], bool | None]:
    text, notes = _decode(content, name)
    try:
        delimiter = find_delimiter(text[:SAMPLE])
        rows = _rows(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), name)
    except csv.Error as error:
        hint = "Look for a quotation mark that is never closed."
        raise InputError(Fault("not readable as CSV", name, got=str(error), hint=hint)) from error
    at = find_header(rows)
    width = len(rows[at]) if rows else 0
    # trailing empty cells of a wider row are harmless; content beyond the header is not
    hint = "Put a text that holds the delimiter in quotes."
    faults = [
        Fault("more cells than the header has columns", f"{name}, row {number}", f"{width} cells", f"{len(row)}", hint)
        for number, row in enumerate(rows[at:], start=at + 1)
        if any(cell.strip() for cell in row[width:])
    ]
    if faults:
        raise InputError(faults)
    frame, above = _below_header(rows, at)
    return frame, [*notes, *above], None if delimiter == "," else True


def _rows(reader: Iterator[list[str]], name: str) -> list[list[str]]:
    rows, cells = [], 0
    for row in reader:
        cells += len(row)
        if cells > MOST_CELLS:
            hint = "A table of factors has a row an area (and factor): keep the columns and rows that are needed."
            raise InputError(Fault("too many cells", name, f"at most {MOST_CELLS:,}", hint=hint))
        rows.append(row)
    return rows


def find_header(rows: list[list[Any]]) -> int:
    """Find the row of the column names: the first with more than its first cell filled; a title has no more."""
    one = None
    for number, row in enumerate(rows):
        filled = [bool(as_text(cell)) for cell in row]
        if any(filled[1:]):
            return number
        if one is None and any(filled):
            one = number
    return one or 0


def _below_header(rows: list[list[Any]], at: int) -> tuple[pd.DataFrame, list[str]]:
    """Make a table of the rows below the header; the index is the row in the file."""
    header = [as_text(cell) for cell in rows[at]] if rows else []
    cells = [[*row[: len(header)], *[""] * (len(header) - len(row))] for row in rows[at + 1 :]]
    frame = pd.DataFrame(cells, columns=header, dtype=object)
    frame.index = pd.RangeIndex(at + 2, at + 2 + len(frame))
    return frame, [f"{at} lines above the header left out"] if at else []


def _refuse_line_breaks(frame: pd.DataFrame, name: str) -> None:
    """Refuse a cell over several lines: a stray quotation mark has swallowed the rows between."""
    faults = [
        Fault("a line break inside a cell", f"{name}, row {row}, column {column}", got=repr(cell)[:60],
              hint="Look for a stray quotation mark: rows may have been swallowed.")
        for column in frame.columns
        if column  # an export may write its notes beside the table, under no name
        for row, cell in frame.loc[frame[column].astype(str).str.contains("[\r\n]", regex=True), column].items()
    ]  # fmt: skip
    if faults:
        raise InputError(faults)


def _decode(content: bytes, name: str) -> tuple[str, list[str]]:
    encoding, notes = find_encoding(content, name)
    return content.decode(encoding), notes


def find_encoding(content: bytes, name: str) -> tuple[str, list[str]]:
    """Tell how a text file is encoded: UTF-8, UTF-16 (by its mark), else Windows-1252, else Latin-1; with a note.

    Raises
    ------
    InputError  a workbook or archive, binary data, damaged UTF-16
    """
    if content[:4] == b"PK\x03\x04":
        raise InputError(Fault("a workbook or archive named as text", name, hint="Rename it to .xlsx, or save as CSV."))
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        if not _decodes(content, "utf-16"):
            raise InputError(Fault("damaged UTF-16 text", name, hint="Save the table as CSV in UTF-8."))
        return "utf-16", ["read as UTF-16"]
    if b"\x00" in content:
        raise InputError(Fault("binary data in a text file", name, hint="Save the table as CSV in UTF-8."))
    if _decodes(content, "utf-8-sig"):
        return "utf-8-sig", []
    # Windows-1252 holds Latin-1's letters; the few bytes it lacks fall back to Latin-1
    if _decodes(content, "cp1252"):
        return "cp1252", ["not UTF-8: read as Windows-1252 (Latin-1)"]
    return "latin-1", ["not UTF-8: read as Latin-1"]


def _decodes(content: bytes, encoding: str) -> bool:
    """Whether all of it decodes, a piece at a time: a large file need not stand in memory as text."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for begin in range(0, len(content), SAMPLE):
            decoder.decode(content[begin : begin + SAMPLE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def find_delimiter(text: str) -> str:
    """Find the delimiter that gives the most of the first lines one width of two cells or more; else a comma.

    Raises
    ------
    csv.Error  a cell that never ends
    """
    lines = text.splitlines()[:100]

    def agreeing(delimiter: str) -> int:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        return max((widths.count(width) for width in set(widths) if width > 1), default=0)

    # a file of numbers with decimal commas has commas in every line but the header: the semicolon is asked first
    return max((";", "\t", ","), key=agreeing) if any(map(agreeing, ";\t,")) else ","


def _read_parquet(path: Path) -> tuple[pd.DataFrame, list[str]]:
    frame = read_parquet(path).to_pandas()
    if frame.index.names != [None]:
        frame = frame.reset_index()
    frame.index = pd.RangeIndex(2, len(frame) + 2)
    frame.columns = frame.columns.astype(str)
    return frame, []


def _read_workbook(path: Path) -> tuple[pd.DataFrame, list[str]]:
    sheet = read_sheet(path)
    several = f"sheet {sheet.name!r} was read, the longest of {len(sheet.sheets)}"
    from regso_cluster.factors.pxsheet import unfold_sheet

    rows = unfold_sheet(sheet.rows)
    frame, above = _below_header(rows, find_header(rows))
    return frame, [*([several] if len(sheet.sheets) > 1 else []), *above]


def _tidy(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Leave out empty rows, the footer of an export, and columns without content, with notes."""
    notes = []
    frame = frame.rename(columns=lambda name: str(name).strip())
    names = list(frame.columns)
    filled: npt.NDArray[np.bool_] = np.zeros((len(frame), 0), bool)
    if names:
        filled = np.column_stack([~_blank(frame.iloc[:, number]) for number in range(len(names))])
    empty = np.asarray(~filled.any(axis=1))
    footer = _footer(frame, filled, empty)
    if footer.any():
        notes.append(f"{int(footer.sum())} lines of footer left out, from row {frame.index[footer][0]}")
    if (empty & ~footer).any():
        notes.append(f"{int((empty & ~footer).sum())} empty rows left out")
    frame, filled = frame[~(empty | footer)], filled[~(empty | footer)]
    # an export may write a title into the header, beside the names: it heads a column without content
    stray = np.array([not filled[:, number].any() and (not name or " " in name) for number, name in enumerate(names)])
    if stray.any():
        notes.append(f"{int(stray.sum())} columns without content left out")
        frame = frame.loc[:, ~stray]
    return frame, notes


def _footer(frame: pd.DataFrame, filled: npt.NDArray[np.bool_], empty: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Find the notes that an export writes below the data: lines without content in the other named columns.

    Such a line is prose (four words or more), or stands below an empty row. Only a block that reaches the last row is
    a footer; an area without values in the middle of a table is data.
    """
    if frame.empty or frame.shape[1] < 2:
        return np.zeros(len(frame), bool)
    named = np.array([bool(name) for name in frame.columns])
    named[0] = False
    alone = filled[:, 0] & ~filled[:, named].any(axis=1)
    prose = np.array([len(str(cell).split()) >= 4 for cell in frame.iloc[:, 0]])
    after_empty = np.logical_or.accumulate(empty)
    line = (alone & (prose | after_empty)) | empty
    tail = np.logical_and.accumulate(line[::-1])[::-1]
    tail &= np.logical_or.accumulate(tail & ~empty)  # empty rows above the first note are just empty rows
    return tail if (tail & ~empty).any() else np.zeros(len(frame), bool)


def _blank(column: pd.Series) -> pd.Series:
    if column.dtype != object and not isinstance(column.dtype, pd.StringDtype):
        return column.isna()
    return column.isna() | (column.astype(str).str.strip() == "")


def parse_numbers(
    column: pd.Series,
    suppressed: tuple[str, ...],
    missing: tuple[str, ...],
    *,
    decimal_comma: bool | None = False,
) -> Numbers:
    """Read a column as numbers; marks of suppression and absence become NaN with a status, never 0.

    Parameters
    ----------
    column : (n,) text or typed
    suppressed, missing : the marks, compared after trimming
    decimal_comma : True reads "12,5" as 12.5, False refuses it; None decides for the whole column: a decimal comma,
        unless every comma could as well part thousands ("1,234"): that is refused as ambiguous. In a column that
        also has decimal points a comma is refused

    Spaces within a number part thousands. Booleans and dates are no numbers.
    """
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        values = column.to_numpy(np.float64, na_value=np.nan)
        status = np.where(np.isnan(values), "missing", "observed").astype(object)
        return _judged(values, status, column.astype(str), suppressed, missing, ())
    text = column.map(as_text)
    status = np.select([text.isin(suppressed), text.isin(missing)], ["suppressed", "missing"], "observed").astype(
        object
    )
    minus = text.str.replace("\u2212", "-")
    # spaces part thousands, and nothing else: "1 2 3" is no number
    compact = minus.where(~minus.str.fullmatch(_THOUSANDS), minus.str.replace(_SPACES, "", regex=True))
    point = compact.str.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
    comma = compact.str.fullmatch(r"[+-]?\d+,\d+([eE][+-]?\d+)?") & (status == "observed")
    thousands = compact.str.fullmatch(r"[+-]?\d{1,3}(,\d{3})+")
    notes: tuple[str, ...] = ()
    # a column with both a decimal comma and a decimal point says that one of them is something else
    both = bool(comma.any() and (point & compact.str.contains(".", regex=False)).any())
    if decimal_comma is None and comma.any() and not thousands[comma].all() and not both:
        decimal_comma = True
        notes = (f"{int(comma.sum())} decimal commas read",)
    decimal_comma = bool(decimal_comma) and not both
    good = point | comma if decimal_comma else point
    status[(status == "observed") & ~good.to_numpy()] = "bad"
    observed = status == "observed"
    values = np.full(len(column), np.nan)
    values[observed] = compact[observed].str.replace(",", ".").astype(np.float64)
    return _judged(values, status, text, suppressed, missing, notes)


def _judged(
    values: npt.NDArray[np.float64], status: npt.NDArray[np.object_], text: pd.Series,
    suppressed: tuple[str, ...], missing: tuple[str, ...], notes: tuple[str, ...],
) -> Numbers:  # fmt: skip
    """Apply marks that are numbers (-999), whatever their spelling or type; refuse what no figure can be."""
    for marks, name in ((suppressed, "suppressed"), (missing, "missing")):
        numbers = [float(mark) for mark in marks if re.fullmatch(r"-?\d+(\.\d+)?", mark)]
        status[np.isin(values, numbers)] = name
    status[np.abs(values) > LARGEST] = "bad"
    values = np.where(status == "observed", values, np.nan)
    return Numbers(values, status, text[status == "bad"], notes)


def as_text(cell: Any) -> str:
    """Give a cell as trimmed text; a whole number in a float cell (Excel) without its ".0"; "" where it is empty."""
    if cell is None or cell is pd.NA or (isinstance(cell, float) and np.isnan(cell)):
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell).strip()
