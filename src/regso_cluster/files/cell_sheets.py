"""A workbook of tables whose every cell keeps its own type, as an agency's table that comes out again.

Tables of releases, with a type and a unit a column, are written by `sheet_writing`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from regso_cluster.files.sheet_writing import CREATED, WORKBOOK_OPTIONS, add_sheet, is_too_long

_WIDEST = 60  # characters of a column
_HEAD = {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}
_FORMATS: dict[str, dict[str, Any]] = {
    "own": _HEAD,
    "new": _HEAD | {"bg_color": "#e3ecf3"},
    "text": {"num_format": "@"},
    "decimal": {"num_format": "0.00##"},
    "datetime": {"num_format": "yyyy-mm-dd hh:mm:ss"},
    "date": {"num_format": "yyyy-mm-dd"},
    "time": {"num_format": "hh:mm:ss"},
    "span": {"num_format": "[h]:mm:ss"},
}


def write_cells(path: Path, sheets: Mapping[str, pd.DataFrame], *, added: Sequence[str] = ()) -> None:
    """Write a workbook: numbers as numbers, dates as dates, text as text, an empty cell empty.

    Parameters
    ----------
    sheets : tables by the name of their sheet, in order
    added : columns of the first table that were added to it: they are marked, and their numbers rounded to the eye

    Raises
    ------
    OSError  the workbook cannot be written
    """
    import xlsxwriter

    book = xlsxwriter.Workbook(path, WORKBOOK_OPTIONS)
    book.set_properties({"created": CREATED})
    try:
        formats = {name: book.add_format(one) for name, one in _FORMATS.items()}
        for number, (name, frame) in enumerate(sheets.items()):
            _write_sheet(book, name, frame, formats, () if number else added)
        book.close()
    except xlsxwriter.exceptions.XlsxWriterException as error:
        raise OSError(f"the workbook could not be written: {error}") from error


def _write_sheet(book: Any, name: str, frame: pd.DataFrame, formats: dict[str, Any], added: Sequence[str]) -> None:
    sheet = add_sheet(book, name)
    sheet.repeat_rows(0)
    for number, column in enumerate(frame.columns):
        sheet.write_string(0, number, str(column), formats["new" if column in added else "own"])
        longest = 0
        # numbers of ours are shown with two to four decimals, those of the table as they are
        decimal = formats["decimal"] if column in added and pd.api.types.is_float_dtype(frame[column].dtype) else None
        for row, cell in enumerate(frame[column].array, start=1):
            longest = max(longest, _write_cell(sheet, row, number, cell, formats, decimal))
        sheet.set_column(number, number, min(max(longest + 2, min(len(str(column)) + 2, 16), 8), _WIDEST))
    sheet.freeze_panes(1, 0)
    if len(frame):
        sheet.autofilter(0, 0, len(frame), max(len(frame.columns) - 1, 0))


def _write_cell(sheet: Any, row: int, column: int, cell: Any, formats: dict[str, Any], decimal: Any) -> int:
    """Write one cell by its own type and give its width; text is never a formula, codes stay text."""
    if cell is None or (pd.api.types.is_scalar(cell) and pd.isna(cell)) or (isinstance(cell, str) and cell == ""):
        return 0
    if isinstance(cell, bool | np.bool_):
        sheet.write_boolean(row, column, bool(cell))
    elif isinstance(cell, int | float | np.integer | np.floating) and -1e15 < cell < 1e15:
        sheet.write_number(row, column, float(cell), decimal)
        return min(len(f"{cell:.4f}" if decimal else f"{cell:.10g}"), 14)
    elif style := _style_of_time(cell):
        sheet.write_datetime(row, column, cell, formats[style])
        return {"datetime": 19, "date": 10}.get(style, 8)
    else:
        text = str(cell)
        if is_too_long(text):  # of the report: cells of the table were refused before
            text = f"{text[:16_000]} ... ({len(text):,} characters)"
        sheet.write_string(row, column, text, formats["text"])
    return len(str(cell))


def _style_of_time(cell: Any) -> str:
    """Name the format of a date or time; "" for anything else, and for what Excel cannot hold."""
    if isinstance(cell, dt.datetime):
        return "datetime" if cell.tzinfo is None and cell.year >= 1900 else ""
    if isinstance(cell, dt.date):
        return "date" if cell.year >= 1900 else ""
    if isinstance(cell, dt.time):
        return "time" if cell.tzinfo is None else ""
    return "span" if isinstance(cell, dt.timedelta) and cell >= dt.timedelta(0) else ""
