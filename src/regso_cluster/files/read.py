"""From a file to a plain table, for every command: encodings, delimiters, sheets, headings, stray columns, footers.

What a person or a program did to the file (Excel, PxWeb, a legacy system) is recognised and noted; what cannot be
recognised is refused with the place. `as_is` keeps every row and cell, for a table that is to come out again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.errors import Fault, InputError
from regso_cluster.files.bounded import check_size, read_parquet
from regso_cluster.files.dataset import Described
from regso_cluster.files.distinct import map_distinct
from regso_cluster.files.layout import LOOKED_AT, find_headings, join_headings, plain_name
from regso_cluster.files.numbers import as_text
from regso_cluster.files.sheets import Rows, read_sheet
from regso_cluster.files.text import read_text
from regso_cluster.words.notes import Note

TEXT_SUFFIXES = (".csv", ".txt", ".tsv")
WORKBOOK_SUFFIXES = (".xlsx", ".xls", ".xlsb", ".ods")
# a decimal comma that cannot part thousands, and a column of nothing but numbers and marks
_COMMA = r"^\s*[+-]?(0,\d+|(\d{4,}|\d{1,3}([ \x{a0}\x{202f}\x{2009}]\d{3})+),\d+|\d+,(\d{1,2}|\d{4,}))\s*$"
_ALL_NUMBERS = r"^\s*[+-]?(\d[\d \x{a0}\x{202f}\x{2009}]*([.,]\d+)?|\.\.|[-–x]?)\s*$"


@dataclass(frozen=True)
class Choice:
    """What a caller says of the table that it wants.

    Parameters
    ----------
    sheet : of a workbook; empty: the only one that can hold the table
    columns : names that the table should have, to tell the sheet
    year : that the table is of, where sheets are named by years
    decimal : "comma" or "point", as the file writes decimals; empty: the file tells
    holds : counts what the first rows of a sheet have of what is wanted, instead of `columns`
    unfold : brings the rows of a sheet of a known layout to one row of headings; gives any other sheet as it is
    """

    sheet: str = ""
    columns: tuple[str, ...] = ()
    year: int | None = None
    decimal: str = ""
    holds: Callable[[Rows], int] | None = None
    unfold: Callable[[Rows], Rows] | None = None


@dataclass(frozen=True)
class Cells:
    """The cells of a table below its header.

    Parameters
    ----------
    name : the file, for messages
    frame : one column a heading; cells are text, or typed where the file has types
    first_row : where the first row stands in the file, the first row of the file being 1
    where : the file and its sheet, for messages
    sheet, delimiter : of the file
    decimal_comma : True where the file proves decimal commas, False where it was said to have points; None where open
    notes : what was recognised
    described : what JSON-stat or PC-Axis says of the columns
    """

    name: str
    frame: pd.DataFrame
    first_row: int
    where: str
    sheet: str = ""
    delimiter: str = ","
    decimal_comma: bool | None = None
    notes: tuple[Note, ...] = ()
    described: Described | None = None


def read_cells(path: Path, choice: Choice, *, as_is: bool) -> Cells:
    """Read a text table, workbook or plain Parquet file; only what lies above and in the header is taken away.

    Parameters
    ----------
    as_is : headings are kept as they are written, and a text row of another width than the header is refused

    Raises
    ------
    InputError  see `read_table`
    """
    kind = path.suffix.lower()
    check_size(path)
    if kind in TEXT_SUFFIXES:
        return _of_text(path, choice, as_is)
    if kind == ".parquet":
        return _of_parquet(path, choice)
    return _of_workbook(path, choice, as_is)


def _said(choice: Choice) -> bool | None:
    return {"comma": True, "point": False}.get(choice.decimal)


def _of_text(path: Path, choice: Choice, as_is: bool) -> Cells:
    text = read_text(path)
    height = len(text.widths)
    head = [
        [column[row].as_py() for column in text.columns[: text.widths[row]]] for row in range(min(height, LOOKED_AT))
    ]
    first, last = find_headings(head)
    names = join_headings(head[first : last + 1])
    width = len(names)
    faults = _other_widths(text.columns, text.widths, last + 1, width, path.name, strict=as_is)
    if faults:
        raise InputError(faults)
    said = _said(choice)
    decimal_comma = said if said is not None else (True if _proves_comma(text.columns[:width], last + 1) else None)
    cells: dict[int, npt.NDArray[np.object_]] = {}
    for at in range(width):
        column, text.columns[at] = text.columns[at], None  # the packed cells are let go of, a column at a time
        cells[at] = column.slice(last + 1).to_numpy().astype(object)
    notes = [*text.notes, *_above(first, last)]
    short = bool(height > last + 1 and text.widths[-1] not in (0, width))
    if not text.ended and height > last + 1:
        tail = next((as_text(cells[at][-1]) for at in reversed(range(width)) if cells[at][-1]), "")
        if short and not as_is and height > last + 2 and (text.widths[last + 1 : -1] >= width).all():
            where = f"{path.name}, row {height}"
            hint = "Get the file again; if the row is right, fill it up and end it with a line break."
            raise InputError(
                Fault("the file seems to be cut in its last row", where, f"{width} cells", f"{text.widths[-1]}", hint)
            )
        notes.append(Note("no_last_line_break", text=tail))
    frame = _framed(cells, names, last + 2, height - last - 1, as_is)
    return Cells(path.name, frame, last + 2, path.name, "", text.delimiter, decimal_comma, tuple(notes))


def _above(first: int, last: int) -> list[Note]:
    notes = [Note("lines_above_header", count=first)] if first else []
    return [*notes, Note("headings_joined", first=first + 1, last=last + 1)] if last > first else notes


def _framed(
    cells: dict[int, npt.NDArray[np.object_]], names: Sequence[str], first_row: int, height: int, as_is: bool
) -> pd.DataFrame:
    index = pd.RangeIndex(height) if as_is else pd.RangeIndex(first_row, first_row + height)
    frame = pd.DataFrame({at: pd.Series(cells[at], index, dtype=object) for at in cells}, index=index, dtype=object)
    frame.columns = pd.Index([name if as_is else plain_name(name) for name in names], dtype=object)
    return frame


def _other_widths(
    columns: list[Any], widths: npt.NDArray[np.int32], begin: int, width: int, name: str, *, strict: bool
) -> list[Fault]:
    """Refuse rows with content beyond the header and, where the table is to come out again, rows that are short."""
    hint = "Put a text that holds the delimiter in quotes."
    below = widths[begin:]
    if strict:
        hint += " Fill up short rows."
        odd = (below > width) | ((below > 0) & (below < width) & ~_notes_below(columns, below, begin, width))
    else:
        odd = below > width
        for row in np.flatnonzero(odd):
            beyond = (columns[at][int(row) + begin].as_py() or "" for at in range(width, int(below[row])))
            odd[row] = any(cell.strip() for cell in beyond)  # trailing empty cells are harmless
    what = "another width than the header" if strict else "more cells than the header has columns"
    return [
        Fault(what, f"{name}, row {row + begin + 1}", f"{width} cells", f"{below[row]}", hint)
        for row in np.flatnonzero(odd)
    ]


def _notes_below(columns: list[Any], below: npt.NDArray[np.int32], begin: int, width: int) -> npt.NDArray[np.bool_]:
    """Find rows of one cell below the last full row: a sentence, or any text after an empty row."""
    notes = np.zeros(len(below), bool)
    full = np.flatnonzero(below >= width)
    if len(full) and width > 1:
        apart = False
        for row in range(int(full[-1]) + 1, len(below)):
            apart |= below[row] == 0
            if below[row] == 1:
                notes[row] = apart or len((columns[0][row + begin].as_py() or "").split()) >= 4
    return notes


def _proves_comma(columns: list[Any], begin: int) -> bool:
    """Whether a column of numbers has a comma that can be nothing but a decimal comma."""
    import pyarrow.compute as pc

    for column in columns:
        cells = column.slice(begin)
        if (pc.any(pc.match_substring_regex(cells, _COMMA)).as_py() or False) and (
            pc.mean(pc.cast(pc.match_substring_regex(cells, _ALL_NUMBERS), "float64")).as_py() > 0.9
        ):
            return True
    return False


def _of_workbook(path: Path, choice: Choice, as_is: bool) -> Cells:
    sheet = read_sheet(path, choice.sheet, fits=choice.holds or _fits(choice.columns), year=choice.year)
    sheet_rows = choice.unfold(sheet.rows) if choice.unfold else sheet.rows
    first, last = find_headings(sheet_rows[:LOOKED_AT])
    names = join_headings(sheet_rows[first : last + 1])
    rows = sheet_rows[last + 1 :]
    height = len(rows)
    cells: dict[int, npt.NDArray[np.object_]] = {}
    for at in range(len(names)):
        column = np.empty(height, dtype=object)
        column[:] = [row[at] for row in rows]
        cells[at] = column
    if as_is:  # columns without a name and without a cell are the rim of the sheet
        used = [at for at in cells if names[at] or any(as_text(cell) for cell in cells[at])]
        cells, names = {at: cells[at] for at in used}, [names[at] for at in used]
    notes = [*([sheet.note] if sheet.note else []), *_above(first, last)]
    where = f"{path.name}, sheet {sheet.name}" if len(sheet.sheets) > 1 else path.name
    frame = _framed(cells, names, last + 2, height, as_is)
    return Cells(path.name, frame, last + 2, where, sheet.name, ",", _said(choice), tuple(notes))


def _fits(columns: tuple[str, ...]) -> Callable[[Rows], int] | None:
    if not columns:
        return None
    wanted = set(map(plain_name, columns))

    def count(rows: Rows) -> int:
        first, last = find_headings(rows)
        return len(wanted & set(map(plain_name, join_headings(rows[first : last + 1]))))

    return count


def _of_parquet(path: Path, choice: Choice) -> Cells:
    table = read_parquet(path)
    try:
        frame = table.to_pandas()
        if frame.index.names != [None]:
            frame = frame.reset_index()
    except (KeyError, ValueError, TypeError, AttributeError):  # pandas' own notes in the file do not fit it
        frame = table.replace_schema_metadata(None).to_pandas()
    frame.index = pd.RangeIndex(2, len(frame) + 2)
    frame.columns = pd.Index([plain_name(name) for name in frame.columns], dtype=object)
    return Cells(path.name, frame, 2, path.name, decimal_comma=_said(choice))


# --- a table of figures ---


@dataclass(frozen=True)
class RawTable:
    """A table as it stands in its file.

    Parameters
    ----------
    name : the file's name, for messages
    frame : text or typed columns; the index is the row in the file, the first row of the file being 1
    sha256 : of the file's bytes
    notes : what was recognised and taken away or converted
    decimal_comma : True where the file proves that it writes decimals with a comma, False where it was said to write
        them with a point; None where each column tells
    described : what JSON-stat or PC-Axis says of the columns; None of any other file
    """

    name: str
    frame: pd.DataFrame
    sha256: str
    notes: tuple[Note, ...] = ()
    decimal_comma: bool | None = None
    described: Described | None = None


def tidy_table(cells: Cells, sha256: str) -> RawTable:
    """Leave out empty rows, the footer and columns without content; refuse doubled names and swallowed rows.

    Raises
    ------
    InputError  no rows, two columns of one name, a line break inside a cell of a text file
    """
    frame, more = _tidy(cells.frame) if cells.described is None else _tidy_cube(cells.frame, cells.described)
    if frame.empty:
        raise InputError(Fault("no rows", cells.where, hint="The table needs a header row and one row an area."))
    faults = doubled_names(frame, f"{cells.where}, row {cells.first_row - 1}")
    if Path(cells.name).suffix.lower() in TEXT_SUFFIXES:
        faults += _line_breaks(frame, cells.name)
    if faults:
        raise InputError(faults)
    name = cells.where if cells.sheet else cells.name
    return RawTable(name, frame, sha256, (*cells.notes, *more), cells.decimal_comma, cells.described)


def doubled_names(frame: pd.DataFrame, where: str) -> list[Fault]:
    """Find columns of one name."""
    doubled = frame.columns[frame.columns.duplicated()].unique()
    hint = "Rename one; a column of figures needs a name in the row of headings."
    return [Fault("two columns of one name", f"{where}, column {name or '(no name)'}", hint=hint) for name in doubled]


def hash_of(path: Path) -> str:
    """Give the SHA-256 of a file, read a piece at a time."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _line_breaks(frame: pd.DataFrame, name: str) -> list[Fault]:
    """Refuse a cell over several lines: a stray quotation mark has swallowed the rows between."""
    hint = "Look for a stray quotation mark: rows may have been swallowed."
    return [
        Fault("a line break inside a cell", f"{name}, row {frame.index[row]}, column {column}", got=repr(cell)[:60],
              hint=hint)
        for at, column in enumerate(frame.columns)
        if column  # an export may write its notes beside the table, under no name
        for row, cell in enumerate(frame.iloc[:, at].array)
        if isinstance(cell, str) and ("\n" in cell or "\r" in cell)
    ]  # fmt: skip


def _tidy(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[Note]]:
    """Leave out empty rows, the footer of an export, and columns without content, with notes."""
    notes = []
    names = list(frame.columns)
    filled: npt.NDArray[np.bool_] = np.zeros((len(frame), 0), bool)
    if names:
        filled = np.column_stack([_filled(frame.iloc[:, number]) for number in range(len(names))])
    empty = np.asarray(~filled.any(axis=1))
    footer = find_footer(frame, filled, empty)
    if footer.any():
        notes.append(Note("footer_left_out", count=footer.sum(), row=frame.index[footer][0]))
    if (empty & ~footer).any():
        notes.append(Note("empty_rows_left_out", count=(empty & ~footer).sum()))
    if (empty | footer).any():
        frame, filled = frame[~(empty | footer)], filled[~(empty | footer)]
    # an export may write a title into the header, beside the names: it heads a column without content
    content = [bool(one) for one in np.asarray(filled.any(axis=0))]
    kept = [at for at, name in enumerate(names) if content[at] or (name and " " not in name)]
    if len(kept) < len(names):
        notes.append(Note("empty_columns_left_out", count=len(names) - len(kept)))
        frame = frame.iloc[:, kept]
    return frame, notes


def _tidy_cube(frame: pd.DataFrame, described: Described) -> tuple[pd.DataFrame, list[str]]:
    """Leave out columns of figures without content; a dataset has no footer, and a category in every row."""
    empty = [
        at
        for at, name in enumerate(frame.columns)
        if " " in name and name not in described.columns and not _filled(frame.iloc[:, at]).any()
    ]
    if not empty:
        return frame, []
    kept = [at for at in range(frame.shape[1]) if at not in set(empty)]
    return frame.iloc[:, kept], [f"{len(empty)} columns without content left out"]


def _filled(column: pd.Series) -> npt.NDArray[np.bool_]:
    if column.dtype != object and not isinstance(column.dtype, pd.StringDtype):
        return np.asarray(column.notna(), dtype=bool)
    return map_distinct(column, _has_content).astype(bool)


def _has_content(cell: Any) -> bool:
    return bool(cell.strip()) if isinstance(cell, str) else as_text(cell) != ""


def find_footer(
    frame: pd.DataFrame, filled: npt.NDArray[np.bool_], empty: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Find the notes that an export writes below the data: lines without content in the other named columns.

    Such a line is prose (four words or more), or stands below an empty row. Only a block that reaches the last row is
    a footer; an area without values in the middle of a table is data.
    """
    if frame.empty or frame.shape[1] < 2:
        return np.zeros(len(frame), bool)
    named = np.array([bool(name) for name in frame.columns])
    named[0] = False
    alone = filled[:, 0] & ~filled[:, named].any(axis=1)
    if not alone.any():
        return alone
    prose = np.array([len(str(cell).split()) >= 4 for cell in frame.iloc[:, 0]])
    after_empty = np.logical_or.accumulate(empty)
    line = (alone & (prose | after_empty)) | empty
    tail = np.logical_and.accumulate(line[::-1])[::-1]
    tail &= np.logical_or.accumulate(tail & ~empty)  # empty rows above the first note are just empty rows
    return tail if (tail & ~empty).any() else np.zeros(len(frame), bool)


def only_columns(names: Sequence[Any]) -> tuple[str, ...]:
    """Give the names that are given, as text, each once."""
    return tuple(dict.fromkeys(str(name) for name in names if name))


def count_empty_at_the_end(frame: pd.DataFrame) -> int:
    """Count the rows at the end without any content: a spreadsheet writes them where something was deleted."""
    count = 0
    for row in range(len(frame) - 1, -1, -1):
        if any(as_text(cell) for cell in frame.iloc[row]):
            break
        count += 1
    return count


def lock_file(name: str) -> bool:
    """Whether a file is one that Excel or LibreOffice keeps beside an open workbook."""
    return bool(re.match(r"~\$|\.~lock\.", name))
