"""The cells of a file as a table of figures: without empty rows, the footer of an export and empty columns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.errors import Fault, InputError
from regso_cluster.files.dataset import Described
from regso_cluster.files.distinct import map_distinct
from regso_cluster.files.kinds import TEXT_SUFFIXES
from regso_cluster.files.numbers import as_text
from regso_cluster.files.read import Cells
from regso_cluster.words.notes import Note


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
    faults += _beyond_the_headings(frame, cells.where)
    if faults:
        raise InputError(faults)
    name = cells.where if cells.sheet else cells.name
    return RawTable(name, frame, sha256, (*cells.notes, *more), cells.decimal_comma, cells.described)


def doubled_names(frame: pd.DataFrame, where: str) -> list[Fault]:
    """Find columns of one name."""
    doubled = frame.columns[frame.columns.duplicated()].unique()
    hint = "Rename one; a column of figures needs a name in the row of headings."
    return [Fault("two columns of one name", f"{where}, column {name or '(no name)'}", hint=hint) for name in doubled]


# a number, or what tables write for one that is not there
_FIGURE = re.compile(
    r"[-+\u2212]?[\d\s.,']*\d|\.{1,3}|[-:\u2012-\u2015\u2212]|x|n/?a|nan|null|saknas|missing", re.IGNORECASE
)


def _beyond_the_headings(frame: pd.DataFrame, where: str) -> list[Fault]:
    """Refuse numbers and marks of missing ones right of the last heading, in few rows: those rows are shifted."""
    names = list(frame.columns)
    if len(names) < 3 or names[-1] or not names[-2]:
        return []
    column = frame.iloc[:, -1]
    rows = np.flatnonzero(_filled(column))
    if 2 * len(rows) > len(frame):  # a column of its own, whose heading is missing
        return []
    hint = "Look for a cell too many in the row: what stands after it is in the wrong column."
    return [
        Fault("a figure right of the last heading", f"{where}, row {frame.index[row]}", "no cell", text, hint)
        for row in rows[:100]
        if _FIGURE.fullmatch(text := as_text(column.iloc[row]))
    ]


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


def _tidy_cube(frame: pd.DataFrame, described: Described) -> tuple[pd.DataFrame, list[Note]]:
    """Leave out columns of figures without content; a dataset has no footer, and a category in every row."""
    empty = [
        at
        for at, name in enumerate(frame.columns)
        if " " in name and name not in described.columns and not _filled(frame.iloc[:, at]).any()
    ]
    if not empty:
        return frame, []
    kept = [at for at in range(frame.shape[1]) if at not in set(empty)]
    return frame.iloc[:, kept], [Note("empty_columns_left_out", count=len(empty))]


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


def count_empty_at_the_end(frame: pd.DataFrame) -> int:
    """Count the rows at the end without any content: a spreadsheet writes them where something was deleted."""
    count = 0
    for row in range(len(frame) - 1, -1, -1):
        if any(as_text(cell) for cell in frame.iloc[row]):
            break
        count += 1
    return count
