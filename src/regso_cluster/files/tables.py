"""Tables of figures in: text, workbooks, Parquet through `regso_cluster.files`; JSON-stat 2 through `pxweb`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from regso_cluster.files.bounded import check_size
from regso_cluster.files.hashes import hash_of
from regso_cluster.files.jsonstat import read_jsonstat
from regso_cluster.files.kinds import CUBE_SUFFIXES, FIGURE_SUFFIXES, kind_of_file
from regso_cluster.files.numbers import LARGEST, Numbers, as_text, parse_numbers
from regso_cluster.files.px import read_px
from regso_cluster.files.pxsheet import unfold_sheet
from regso_cluster.files.raw_table import RawTable, tidy_table
from regso_cluster.files.read import Cells, Choice, only_columns, read_cells
from regso_cluster.files.sheets import Rows
from regso_cluster.words.notes import Note

__all__ = ["LARGEST", "Numbers", "RawTable", "as_text", "parse_numbers", "read_table"]


def read_table(
    path: str | Path, *, sheet: str = "", columns: Iterable[str] = (), year: int | None = None, decimal: str = "",
    holds: Callable[[Rows], int] | None = None,
) -> RawTable:  # fmt: skip
    """Read CSV (comma, semicolon, tab; UTF-8, UTF-16 or Windows-1252), Excel, OpenDocument, Parquet or JSON-stat 2.

    Titles above the header, rows without any content, unnamed columns without content and the footer of a database
    export (text in the first column below an empty row) are left out with a note.

    Parameters
    ----------
    sheet : of a workbook, in small or capital letters; default: the only visible one that can hold the table
    columns : names that the table should have, to tell which sheet is meant
    year : that the table is of, where a workbook has a sheet a year
    decimal : "comma" or "point", as the file writes decimals; default: the file tells, and what it cannot is refused
    holds : counts what the first rows of a sheet have of what is wanted, where its columns may have any name

    Raises
    ------
    InputError  no such file, an unknown kind, a damaged file, no rows, rows of different width, doubled column names,
        several sheets that may be meant, a file that unpacks to more than `files.bounded.LIMITS`
    """
    path = Path(path)
    suffix = kind_of_file(path, FIGURE_SUFFIXES)
    if suffix in CUBE_SUFFIXES:
        check_size(path)
        cells = _read_cube(path, suffix)
    else:
        choice = Choice(sheet, only_columns(tuple(columns)), year, decimal, holds, unfold_sheet)
        cells = read_cells(path, choice, as_is=False)
    return tidy_table(cells, hash_of(path))


def _read_cube(path: Path, suffix: str) -> Cells:
    """Read JSON-stat or PC-Axis in the form of PxWeb's CSV."""
    content = path.read_bytes()
    notes: list[Note] = []
    if suffix == ".px":
        plain, notes = read_px(content, path.name)
    else:
        plain = read_jsonstat(content, path.name)
    return Cells(
        path.name, plain.frame, 2, path.name, decimal_comma=False, notes=tuple(notes), described=plain.described
    )
