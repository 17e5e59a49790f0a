"""Workbooks: which sheet holds the table, and its cells by type, read in a process of its own.

A cell with an error of Excel, or a formula that was never calculated, is a `CellError`: text that says so.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from regso_cluster.errors import Fault, InputError
from regso_cluster.files.bounded import LIMITS, ReadLimits, check_size, megabytes
from regso_cluster.words.notes import Note

PEEKED = 60  # rows of each sheet that are looked at to tell which holds the table
Rows = list[list[Any]]


class CellError(str):
    """The text of a cell that holds an error of Excel or a formula without a result: no text and no number."""

    __slots__ = ()


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook.

    Parameters
    ----------
    rows : a list of cells a row, from the first row of the sheet on, all of one width; an empty cell is ""; numbers are
        float or int, dates are dates, errors are `CellError`
    name : of the sheet
    sheets : names of all sheets
    note : how it was chosen; None where there was no choice
    """

    rows: Rows
    name: str
    sheets: tuple[str, ...]
    note: Note | None = None


def read_sheet(
    path: Path,
    sheet: str = "",
    limits: ReadLimits = LIMITS,
    *,
    fits: Callable[[Rows], int] | None = None,
    year: int | None = None,
    first: bool = False,
) -> Sheet:
    """Read one sheet of a workbook (xlsx, xls, xlsb, ods) in a process of its own.

    Parameters
    ----------
    sheet : its name, in small or capital letters; default: the only visible one that can hold the table
    fits : counts how many of the needed columns the first rows of a sheet have; the only sheet with the most is taken
    year : that the table is of: among sheets that are named by years, the one of this year is taken
    first : the first sheet is the one, whatever else there is

    Raises
    ------
    InputError  not a workbook, no such sheet, several sheets that could be meant, or more than the limits
    """
    with _Workbook(path, limits) as book:
        if first:
            name, note = book.sheets[0][0], None
        else:
            name, note = _named(book, sheet) if sheet else _choose(book, fits, year)
        return Sheet(book.rows(name), name, tuple(one for one, _, _ in book.sheets), note)


def first_rows(path: Path, limits: ReadLimits = LIMITS) -> list[list[str]]:
    """Read the first row of every sheet of a workbook, as text.

    Raises
    ------
    InputError  not a workbook, or more than the limits
    """
    with _Workbook(path, limits) as book:
        read = [book.rows(name, 1) for name, _, table in book.sheets if table]
    return [[str(cell) for row in rows for cell in row] for rows in read]


class _Workbook:
    """A workbook opened in another process, asked for rows of its sheets."""

    def __init__(self, path: Path, limits: ReadLimits) -> None:
        check_size(path, limits)
        self.name, self._limits = path.name, limits
        command = [sys.executable, "-P", str(Path(__file__).with_name("_sheet_process.py")), str(path.resolve())]
        command += [str(limits.memory), str(limits.seconds)]
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the process)
        self._process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said
        )
        self.sheets: list[tuple[str, bool, bool]] = []

    def __enter__(self) -> _Workbook:
        try:
            self.sheets = [(str(name), shown, table) for name, shown, table in self._answer()["sheets"]]
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout, self._said):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    continue
        self._process.wait()

    def rows(self, sheet: str, most: int = 0) -> Rows:
        """Give the first rows of a sheet, or all, filled up to one width."""
        assert self._process.stdin is not None  # noqa: S101  (for the type checker)
        try:
            self._process.stdin.write(json.dumps([sheet, most]).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise InputError(_unpacked(self.name, self._limits)) from error
        rows: Rows = []
        taken = cells = 0
        while (line := self._line()) != b"null\n":
            read = json.loads(line)
            if isinstance(read, dict):
                raise InputError(_unreadable(self.name, read["error"]))
            taken, cells = taken + len(line), cells + len(read)
            if 2 * taken + 100 * cells > self._limits.memory:  # a Python object takes some 50 to 100 bytes
                raise InputError(_unpacked(self.name, self._limits))
            rows.append([_typed(cell) for cell in read])
        width = max(map(len, rows), default=0)
        if 8 * width * len(rows) > self._limits.memory:
            raise InputError(_unpacked(self.name, self._limits))
        for row in rows:
            row.extend([""] * (width - len(row)))
        return rows

    def _line(self) -> bytes:
        assert self._process.stdout is not None  # noqa: S101
        line: bytes = self._process.stdout.readline()
        if not line.endswith(b"\n"):  # the process has ended within a line
            raise InputError(_unpacked(self.name, self._limits))
        return line

    def _answer(self) -> dict[str, Any]:
        try:
            read: dict[str, Any] = json.loads(self._line())
        except ValueError as error:
            raise InputError(_unpacked(self.name, self._limits)) from error
        if "error" in read:
            raise InputError(_unreadable(self.name, read["error"]))
        return read


def _unreadable(name: str, said: str) -> Fault:
    return Fault("not readable as a workbook", name, got=said, hint="Save it as CSV.")


def _unpacked(name: str, limits: ReadLimits) -> Fault:
    hint = (
        "Look for a stray cell far outside the table (Ctrl+End in Excel goes to the last one) and delete its row and "
        "column, or save the sheet as CSV."
    )
    what = "a workbook that unpacks to more than memory allows"
    return Fault(what, name, f"at most {megabytes(limits.memory)}", hint=hint)


_TYPES: dict[str, Any] = {
    "datetime": dt.datetime.fromisoformat,
    "date": dt.date.fromisoformat,
    "time": dt.time.fromisoformat,
    "timedelta": lambda seconds: dt.timedelta(seconds=seconds),
    "error": CellError,
}


def _typed(cell: Any) -> Any:
    if isinstance(cell, dict):
        (kind, value), *_ = cell.items()
        return _TYPES[kind](value)
    return cell


# --- which sheet ---


def _named(book: _Workbook, sheet: str) -> tuple[str, None]:
    names = [name for name, _, table in book.sheets if table]
    alike = [name for name in names if name.strip().casefold() == sheet.strip().casefold()]
    found = [name for name in alike if name == sheet] or alike
    if len(found) != 1:
        hint = "Name one of its sheets with --sheet."
        raise InputError(Fault("no such sheet", book.name, _listed(names), repr(sheet), hint))
    return found[0], None


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names)) or "none"


def _choose(book: _Workbook, fits: Callable[[Rows], int] | None, year: int | None) -> tuple[str, Note | None]:
    """Choose the sheet that holds the table: the only one that can, by its shape, its columns or its year."""
    shown = [name for name, visible, table in book.sheets if visible and table]
    hidden = [name for name, visible, table in book.sheets if not visible and table]
    if not shown:
        hint = "Name it with --sheet if it is meant: a hidden sheet is never read by itself."
        raise InputError(Fault("no sheet that is shown", book.name, got=f"hidden: {_listed(hidden)}", hint=hint))
    if len(shown) == 1:
        return shown[0], Note("hidden_sheets", sheets=list(map(repr, hidden))) if hidden else None
    peeked = {name: book.rows(name, PEEKED) for name in shown}
    tables = [name for name in shown if _is_table(peeked[name])]
    if fits is not None:
        counted = {name: fits(peeked[name]) for name in tables}
        most = max(counted.values(), default=0)
        if most:
            tables = [name for name in tables if counted[name] == most]
    years = {name: set(re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", name)) for name in shown}
    if year is not None and len(tables) == 1 and years[tables[0]] and str(year) not in years[tables[0]]:
        tables = [name for name in shown if _is_table(peeked[name])]  # another year's sheet is no answer
    if len(tables) == 1:
        return tables[0], Note("sheet_read", sheet=tables[0], count=len(shown))
    if not tables:
        longest = max(shown, key=lambda name: len(peeked[name]))
        return longest, Note("sheet_read", sheet=longest, count=len(shown))
    of_year = [name for name in tables if years[name] == {str(year)}]
    if year is not None and len(of_year) == 1 and all(years[name] for name in tables):
        return of_year[0], Note("sheet_read_by_year", sheet=of_year[0], count=len(shown))
    raise InputError(
        Fault("which sheet is meant cannot be told", book.name, "one sheet with the table", _listed(tables),
              "Name it with --sheet.")
    )  # fmt: skip


def _is_table(rows: Rows) -> bool:
    """Whether two rows or more have two cells or more: notes of one column are no table."""
    return len([row for row in rows if len([cell for cell in row if cell != ""]) > 1]) > 1
