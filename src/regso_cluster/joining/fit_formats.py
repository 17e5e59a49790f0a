"""Cells of a joined table in the form that a kind of file holds: the same value, or a refusal that says where."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from regso_cluster.errors import Fault, InputError
from regso_cluster.files.sheet_writing import CHARACTERS, COLUMNS, is_too_long, utf16_length
from regso_cluster.words.notes import Note

WORKBOOKS = (".xlsx", ".xls", ".xlsb", ".ods")
_DIGITS_OF_EXCEL = 15
_LARGEST = 2**63 - 1  # a whole number of a GeoPackage
_EXACT = 2**53  # up to here every whole number is a float64


def whole_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Make whole numbers of what a workbook holds as 10010018.0.

    Parameters
    ----------
    frame : cells of a workbook, all of type object

    Returns
    -------
    a column of whole numbers, with gaps or not, as Int64; in a column with texts among them the whole numbers alone; a
    column of numbers of which one is not whole stays as it was
    """
    frame = frame.copy(deep=False)
    for at in range(frame.shape[1]):
        cells = frame.iloc[:, at].tolist()
        numbers = [cell for cell in cells if isinstance(cell, int | float) and not isinstance(cell, bool)]
        known = [cell for cell in numbers if cell == cell]  # noqa: PLR0124  # NaN is not itself
        whole = [float(cell).is_integer() and abs(cell) <= _EXACT for cell in known]
        if not known or not any(whole):
            continue
        others = sum(not _missing(cell) for cell in cells) - len(known)
        if not others and all(whole):
            values = [pd.NA if _missing(cell) else int(cell) for cell in cells]
            frame.isetitem(at, pd.array(values, dtype="Int64"))
        elif others:
            values = [int(cell) if isinstance(cell, float) and cell.is_integer() else cell for cell in cells]
            frame.isetitem(at, pd.Series(values, dtype=object).array)
    return frame


def _missing(cell: Any) -> bool:
    return cell is None or cell is pd.NA or cell is pd.NaT or cell == "" or (isinstance(cell, float) and cell != cell)  # noqa: PLR0124


def fit_cells(frame: pd.DataFrame, kind: str, name: str, first_row: int) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """Bring cells that a kind of file has no type for to one that it has.

    Parameters
    ----------
    frame : the table; not changed
    kind : the ending of the file, as ".xlsx"
    name, first_row : of the table and of its first row, for messages

    Returns
    -------
    the table: DECIMAL as a number where the number keeps every digit, else as text; lists and structures as JSON;
    durations as text outside workbooks. Parquet holds all of them. And notes

    Raises
    ------
    InputError  bytes, which no kind of text holds; texts longer than a cell of a workbook
    """
    if kind == ".parquet":
        return frame, ()
    frame, told, faults = frame.copy(deep=False), Counter[str](), list[Fault]()
    for at, column in enumerate(frame.columns):
        cells_as_read = frame.iloc[:, at]
        if isinstance(cells_as_read.dtype, pd.ArrowDtype) and pd.api.types.is_float_dtype(cells_as_read.dtype):
            known = ~np.isnan(cells_as_read.to_numpy(np.float64, na_value=np.nan))  # Arrow tells NaN from missing
            frame.isetitem(at, cells_as_read.where(known).array)
        if not _is_odd(frame.iloc[:, at].dtype) or all(type(cell) is str for cell in frame.iloc[:, at].array):
            continue
        cells = _plain(frame.iloc[:, at])
        where = f"{name}, column {column}"
        if kind != ".gpkg" and (row := _first(cells, lambda cell: isinstance(cell, bytes))) is not None:
            hint = "Write .parquet or .gpkg, which hold bytes, or leave the column out."
            faults.append(Fault("bytes are no text", f"{where}, row {row + first_row}", hint=hint))
            continue
        frame.isetitem(at, pd.Series(_fitted(cells, kind, told), dtype=object).array)
    if kind == ".xlsx":
        faults += _too_long(frame, name, first_row)
    if faults:
        raise InputError(faults)
    return frame, tuple(_say(what, count) for what, count in told.items())


def _say(what: str, count: int) -> Note:
    if what == "large":
        return Note("large_numbers_as_text", count=count, most=_LARGEST)
    return Note("long_numbers_as_text", count=count)


def _is_odd(dtype: Any) -> bool:
    """Whether cells of a type are to be looked at one by one."""
    if not isinstance(dtype, pd.ArrowDtype):
        return bool(pd.api.types.is_object_dtype(dtype))
    import pyarrow as pa

    kind, known = dtype.pyarrow_dtype, pa.types
    plain = known.is_string(kind) or known.is_large_string(kind) or known.is_boolean(kind) or known.is_floating(kind)
    dated = known.is_date(kind) or known.is_time(kind) or known.is_timestamp(kind)
    return not (plain or dated or (known.is_integer(kind) and not known.is_uint64(kind)))


def _plain(column: pd.Series) -> list[Any]:
    """Give cells as plain Python values."""
    if isinstance(column.dtype, pd.ArrowDtype):
        return list(column.array.__arrow_array__().to_pylist())
    return [cell.item() if isinstance(cell, np.generic) else cell for cell in column]


def _first(cells: list[Any], test: Callable[[Any], bool]) -> int | None:
    return next((row for row, cell in enumerate(cells) if test(cell)), None)


def _fitted(cells: list[Any], kind: str, told: Counter[str]) -> list[Any]:
    exact = all(_keeps(cell, kind) for cell in cells if isinstance(cell, Decimal))
    if kind == ".gpkg" and not exact:  # a column of a GeoPackage has one type
        told["long"] += sum(isinstance(cell, Decimal) for cell in cells)
        return [f"{cell:f}" if isinstance(cell, Decimal) else cell for cell in cells]
    return [_fit(cell, kind, told) for cell in cells]


def _keeps(number: Decimal, kind: str) -> bool:
    """Whether a floating-point number of the file keeps every digit."""
    if not number.is_finite():
        return False
    if kind == ".xlsx":
        return len(number.normalize().as_tuple().digits) <= _DIGITS_OF_EXCEL and abs(number) < 10**_DIGITS_OF_EXCEL
    return Decimal(repr(float(number))) == number


def _fit(cell: Any, kind: str, told: Counter[str]) -> Any:
    if isinstance(cell, Decimal):
        if kind in (".xlsx", ".geojson", ".gpkg"):
            if _keeps(cell, kind):
                return float(cell)
            told["long"] += 1
        return f"{cell:f}"
    if isinstance(cell, dt.timedelta) and kind != ".xlsx" and cell == cell:  # noqa: PLR0124  # NaT
        return _as_hours(cell)
    if isinstance(cell, dict | list | tuple | set | np.ndarray):
        return cell if kind == ".geojson" and isinstance(cell, dict | list) else _as_json(cell)
    if isinstance(cell, int) and not isinstance(cell, bool) and kind == ".gpkg" and abs(cell) > _LARGEST:
        told["large"] += 1
        return str(cell)
    return cell


def _as_hours(span: dt.timedelta) -> str:
    """Write a duration as 30:00:00, with a fraction of a second where it has one."""
    whole = abs(span)
    minutes, seconds = divmod(whole.days * 86_400 + whole.seconds, 60)
    fraction = f".{whole.microseconds:06}" if whole.microseconds else ""
    return f"{'-' if span < dt.timedelta(0) else ''}{minutes // 60}:{minutes % 60:02}:{seconds:02}{fraction}"


def _as_json(cell: Any) -> str:
    plain = cell.tolist() if isinstance(cell, np.ndarray) else sorted(cell) if isinstance(cell, set) else cell
    return json.dumps(plain, ensure_ascii=False, default=str)


def _too_long(frame: pd.DataFrame, name: str, first_row: int) -> list[Fault]:
    faults = []
    if frame.shape[1] > COLUMNS:
        got, hint = f"{frame.shape[1]:,}", "Write .csv or .parquet."
        faults.append(Fault("more columns than a workbook holds", name, f"{COLUMNS:,}", got, hint))
    for at, column in enumerate(frame.columns):
        if pd.api.types.is_numeric_dtype(frame.iloc[:, at].dtype):
            continue
        row = _first(frame.iloc[:, at].tolist(), lambda cell: isinstance(cell, str) and is_too_long(cell))
        if row is not None:
            got = f"{utf16_length(str(frame.iloc[row, at])):,} characters"
            hint = "Excel would cut it: write .csv, .parquet or .gpkg, or leave the column out."
            where = f"{name}, column {column}, row {row + first_row}"
            faults.append(Fault("a text longer than a cell of a workbook", where, f"{CHARACTERS:,}", got, hint))
    return faults
