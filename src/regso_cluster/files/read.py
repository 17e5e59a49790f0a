"""From a file to a plain table, for every command: encodings, delimiters, sheets, headings, stray columns, footers.

What a person or a program did to the file (Excel, PxWeb, a legacy system) is recognised and noted; what cannot be
recognised is refused with the place. `as_is` keeps every row and cell, for a table that is to come out again.
"""

from __future__ import annotations

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
from regso_cluster.files.kinds import TEXT_SUFFIXES
from regso_cluster.files.layout import LOOKED_AT, find_headings, join_headings, plain_name
from regso_cluster.files.numbers import as_text
from regso_cluster.files.sheets import Rows, read_sheet
from regso_cluster.files.text import read_text
from regso_cluster.files.totals import is_total
from regso_cluster.words.notes import Note

# a decimal comma that cannot part thousands, and a column of nothing but numbers and marks
_COMMA = r"^\s*[+-]?(0,\d+|(\d{4,}|\d{1,3}([ \x{a0}\x{202f}\x{2009}]\d{3})+),\d+|\d+,(\d{1,2}|\d{4,}))\s*$"
_ALL_NUMBERS = r"^\s*[+-]?(\d[\d \x{a0}\x{202f}\x{2009}]*([.,]\d+)?|\.\.|[-–x]?)\s*$"
_MOST_SHORT = 1000  # rows that lack a cell are looked at one by one: as many are enough to refuse a file


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
    faults = [
        Fault(what, f"{name}, row {row + begin + 1}", f"{width} cells", f"{below[row]}", hint)
        for row in np.flatnonzero(odd)
    ]
    if strict:
        return faults
    hint = "A cell is missing, and those after it may be in the wrong columns: fill up the row."
    return faults + [
        Fault("fewer cells than the header has columns", f"{name}, row {row + begin + 1}", f"{width} cells",
              f"{below[row]}", hint)
        for row in np.flatnonzero(_a_cell_short(columns, below, begin, width))
    ]  # fmt: skip


def _a_cell_short(columns: list[Any], below: npt.NDArray[np.int32], begin: int, width: int) -> npt.NDArray[np.bool_]:
    """Find rows that lack a cell where the last column is filled in most rows: programs leave out empty ends only.

    Rows of one cell, totals, and texts below the last full row are no such rows.
    """
    short = (below > 1) & (below < width)
    full = below >= width
    if not short.any() or not full.any():
        return np.zeros(len(below), bool)
    ends = columns[width - 1].slice(begin).to_numpy(zero_copy_only=False)[full]
    if 2 * sum(bool(str(cell or "").strip()) for cell in ends) <= len(ends):
        return np.zeros(len(below), bool)
    last = int(np.flatnonzero(full)[-1])
    apart = np.cumsum(below == 0) > np.cumsum(below == 0)[last]
    rows = np.flatnonzero(short)
    short[rows[_MOST_SHORT:]] = False
    for row in map(int, rows[:_MOST_SHORT]):
        cells = [str(columns[at][row + begin].as_py() or "").strip() for at in range(int(below[row]))]
        text = next((cell for cell in cells if cell), "")
        beneath = row > last and (bool(apart[row]) or " " in text)
        short[row] = not (text == "" or is_total(text) or beneath)
    return np.asarray(short, np.bool_)


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


def only_columns(names: Sequence[Any]) -> tuple[str, ...]:
    """Give the names that are given, as text, each once."""
    return tuple(dict.fromkeys(str(name) for name in names if name))
