"""Text tables: CSV for programs and for a Swedish Excel, with text that no spreadsheet runs as a formula."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from regso_cluster.files.formulas import guard, unguard

__all__ = ["guard", "read_csv", "unguard", "write_csv"]


def write_csv(frame: pd.DataFrame, path: Path, *, excel_sv: bool = False, delimiter: str = ",") -> None:
    """Write a table as CSV; the index is left out.

    Parameters
    ----------
    frame : the table; a missing cell and an empty text are both written empty
    path : where to; overwritten
    excel_sv : semicolon, decimal comma, SANT and FALSKT, byte order mark, CRLF: a Swedish Excel opens it in columns.
        Otherwise `delimiter`, decimal point, True and False, UTF-8 without a mark
    delimiter : between cells

    Notes
    -----
    Text that begins with = + - @, a tab or a line break gets an apostrophe before it (see `guard`); `read_csv` takes
    it away again. Numbers are written with all their digits and are never touched, negative ones neither.
    """
    safe = pd.DataFrame(
        {number: _cells(frame.iloc[:, number], excel_sv=excel_sv) for number in range(frame.shape[1])},
        index=frame.index,
    )
    safe.columns = pd.Index([guard(str(column)) for column in frame.columns], dtype=object)
    lines, encoding = (io.TextIOWrapper, "utf-8-sig") if excel_sv else (_UnixLines, "utf-8")
    with lines(path.open("wb"), encoding=encoding, newline="") as file:
        safe.to_csv(
            file,
            index=False,
            sep=";" if excel_sv else delimiter,
            decimal="," if excel_sv else ".",
            lineterminator="\r\n",  # only what stands in it makes a cell quoted: with "\n", a "\r" would begin a row
        )


class _UnixLines(io.TextIOWrapper):
    """Takes rows that end with CRLF, one at a time, and ends them with LF."""

    def write(self, row: str) -> int:
        return super().write(row.removesuffix("\r\n") + "\n")


def _cells(cells: pd.Series, *, excel_sv: bool) -> pd.Series:
    kind = cells.dtype
    if pd.api.types.is_bool_dtype(kind):
        words = {True: "SANT", False: "FALSKT"} if excel_sv else {True: "True", False: "False"}
        return cells.astype(object).map(words, na_action="ignore")
    if pd.api.types.is_float_dtype(kind):
        return cells.astype("float64")  # pandas leaves the decimal point in its own nullable floats
    if pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_datetime64_any_dtype(kind):
        return cells
    return cells.astype(object).map(lambda cell: guard(str(cell)), na_action="ignore")


def read_csv(path: Path, dtypes: Mapping[str, object], *, excel_sv: bool = False) -> pd.DataFrame:
    """Read back a table that `write_csv` wrote, equal to what was written.

    Parameters
    ----------
    path : the file
    dtypes : the type of each column by name, as of the table that was written; a column without one is text
    excel_sv : as it was written

    Returns
    -------
    the table; an empty cell is missing, in a column of text too
    """
    encoding, separator = ("utf-8-sig", ";") if excel_sv else ("utf-8", ",")
    raw = pd.read_csv(path, sep=separator, encoding=encoding, dtype=str, keep_default_na=False, na_values=[""])
    raw.columns = pd.Index([unguard(str(column)) for column in raw.columns])
    return pd.DataFrame({name: _read_cells(raw[name], dtypes.get(str(name)), excel_sv=excel_sv) for name in raw})


def _read_cells(cells: pd.Series, kind: object, *, excel_sv: bool) -> pd.Series:
    if kind is not None and pd.api.types.is_datetime64_any_dtype(kind):  # type: ignore[arg-type]
        return pd.Series(pd.to_datetime(cells), dtype=kind)  # type: ignore[call-overload, no-any-return]
    parse: Callable[[str], Any] = unguard
    if kind is not None and pd.api.types.is_bool_dtype(kind):  # type: ignore[arg-type]  # the stubs know fewer dtypes
        parse = {"SANT": True, "FALSKT": False, "True": True, "False": False}.__getitem__
    elif kind is not None and pd.api.types.is_float_dtype(kind):  # type: ignore[arg-type]
        parse = (lambda cell: float(cell.replace(",", "."))) if excel_sv else float
    elif kind is not None and pd.api.types.is_integer_dtype(kind):  # type: ignore[arg-type]
        parse = int
    # one by one: pandas would send integers with missing ones among them through floats
    parsed = [None if missing else parse(cell) for cell, missing in zip(cells, cells.isna(), strict=True)]
    return pd.Series(parsed, dtype=object if kind is None else kind)  # type: ignore[call-overload, no-any-return]
