"""A table as a sheet of a workbook: releases, comparisons and published tables."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Language
from regso_cluster.words.wording import MADE_UP

if TYPE_CHECKING:
    pass

LONG = 80  # characters: a wider column is wrapped


NARROW = 9  # characters: no column is narrower


HEADING_LINES = 2  # a heading is wrapped to about this many lines


WIDE = 20  # columns: a table of fewer is printed one page wide


ROWS, COLUMNS, CHARACTERS = 1_048_576, 16_384, 32_767  # what a sheet and a cell can hold


_DIGITS = 10**15  # whole numbers from here on are codes: written as text, since a cell shows 15 digits


SYNTHETIC = f"{MADE_UP.sv} {MADE_UP.en}"


CREATED = dt.datetime(2000, 1, 1)  # of a workbook without a release: the same table, the same bytes


WORKBOOK_OPTIONS = {
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
    "nan_inf_to_errors": False,
}


def write_sheet(
    book: Any,
    name: str,
    frame: pd.DataFrame,
    *,
    synthetic: bool,
    frozen_columns: int = 0,
    headings: pd.DataFrame | None = None,
    labels: list[str] | None = None,
    language: Language = "sv",
) -> Any:
    """Write a table as a sheet: frozen headings with filters, widths by content, numbers as numbers.

    Parameters
    ----------
    book : a workbook of xlsxwriter, made with WORKBOOK_OPTIONS
    name : of the sheet
    frame : the table; a missing cell stays empty
    synthetic : writes the mark of made-up figures above the headings
    frozen_columns : that stay in sight
    headings : rows with `sv`, `en` and, where it is known, `unit`, one a column: comments on the headings, and decimals
        by the unit
    labels : the headings; None: the names of the columns
    language : of ja/nej and of the comments

    Returns
    -------
    the sheet
    """
    sheet = add_sheet(book, name)
    formats = _formats(book)
    if frame.shape[1] <= WIDE:
        sheet.fit_to_pages(1, 0)
    top = 0
    if synthetic:
        sheet.write_string(0, 0, SYNTHETIC, formats["mark"])
        sheet.set_header(f"&L{SYNTHETIC}")
        top = 1
    sheet.repeat_rows(top)
    if frozen_columns:
        sheet.repeat_columns(0, frozen_columns - 1)
    lines, tallest = np.ones(len(frame), dtype=np.int64), 1
    for number, column in enumerate(frame.columns):
        label = labels[number] if labels else str(column)
        unit = str(headings[c.UNIT].iloc[number]) if headings is not None and c.UNIT in headings else ""
        cells = frame.iloc[:, number]
        style = _style_of(cells, unit)
        sheet.write_string(top, number, label, formats["head" if style in ("text", "date", "time") else "head_right"])
        if headings is not None:
            sheet.write_comment(top, number, f"{headings[language].iloc[number]}\n({column})", {"x_scale": 2})
        length = _shown(cells, style).str.len()
        longest = int(length.max()) if len(length) else 0
        width = min(max(longest + 2, NARROW, _heading_width(label)), LONG)
        tallest = max(tallest, _heading_lines(label, width))
        sheet.set_column(number, number, width)
        _write_cells(sheet, cells, number, top + 1, formats, "long" if longest > LONG else style, language)
        if longest > LONG:
            lines = np.maximum(lines, np.ceil(length.to_numpy() / (LONG - 8)).astype(np.int64))
    sheet.set_row(top, 15 * tallest + 3)
    for row in np.flatnonzero(lines > 1):
        sheet.set_row(top + 1 + row, 15 * int(lines[row]))  # programs differ in whether they do this by themselves
    sheet.freeze_panes(top + 1, frozen_columns)
    if len(frame):
        sheet.autofilter(top, 0, top + len(frame), len(frame.columns) - 1)
    return sheet


def is_too_long(text: str) -> bool:
    """Whether a text is longer than a cell of a workbook, which counts in UTF-16."""
    return len(text) > CHARACTERS // 2 and utf16_length(text) > CHARACTERS


def utf16_length(text: str) -> int:
    """Count the characters of a text as a workbook does."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def add_sheet(book: Any, name: str) -> Any:
    """Add a sheet that prints on A4, landscape."""
    sheet = book.add_worksheet(name)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    return sheet


def _formats(book: Any) -> dict[str, Any]:
    """Make the formats of cells; numbers keep off the text to their right."""
    head = {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top", "bg_color": "#e9eef2"}
    right = {"align": "right", "indent": 1, "valign": "top"}
    properties = {
        "head": head,
        "head_right": head | {"align": "right", "indent": 1},
        "rate": right | {"num_format": "0.0"},
        "float": right | {"num_format": "0.00"},
        "int": right | {"num_format": "0"},
        "count": right | {"num_format": "#,##0"},
        "date": {"num_format": "yyyy-mm-dd", "align": "left", "valign": "top"},
        "time": {"num_format": "yyyy-mm-dd hh:mm", "align": "left", "valign": "top"},
        "long": {"text_wrap": True, "valign": "top"},
        "text": {"num_format": "@", "valign": "top"},
        "mark": {"bold": True, "font_color": "#b5305f"},
    }
    return {name: book.add_format(one) for name, one in properties.items()}


def _heading_width(label: str) -> int:
    """Give the width at which a heading fits into a few lines, with room for the arrow of the filter."""
    longest = max((len(word) for word in label.split(" ")), default=0)
    return max(longest, -(-len(label) // HEADING_LINES)) + 4


def _heading_lines(label: str, width: int) -> int:
    """Count the lines of a heading when words are kept whole."""
    lines, room = 1, width - 3
    for word in label.split(" "):
        if len(word) + 1 > room and room < width - 3:
            lines, room = lines + 1, width - 3
        room -= len(word) + 1
    return lines


def _style_of(cells: pd.Series, unit: str) -> str:
    """Choose how the cells of a column are shown; what they hold is not changed."""
    kind = cells.dtype
    if pd.api.types.is_bool_dtype(kind):
        return "text"
    if pd.api.types.is_datetime64_any_dtype(kind):
        known = cells.dropna()
        return "date" if (known == known.dt.normalize()).all() else "time"
    if not pd.api.types.is_numeric_dtype(kind):
        return "text"
    if pd.api.types.is_integer_dtype(kind):
        largest = max((abs(int(cell)) for cell in cells.dropna()), default=0)
        return "text" if largest >= _DIGITS else "count" if largest >= 10_000 else "int"
    numbers = cells.to_numpy(np.float64, na_value=np.nan)
    numbers = numbers[np.isfinite(numbers)]
    if len(numbers) and np.all(numbers == np.round(numbers)):
        return "count" if np.abs(numbers).max() >= 10_000 else "int"
    return "rate" if unit in ("per cent", "per 1000") else "float"


def _shown(cells: pd.Series, style: str) -> pd.Series:
    """Give the cells as the text that is shown, for the width of a column."""
    pattern = {"rate": "{:.1f}", "float": "{:.2f}", "int": "{:.0f}", "count": "{:,.0f}",
               "date": "{:%Y-%m-%d}", "time": "{:%Y-%m-%d %H:%M}"}.get(style, "{}")  # fmt: skip
    shown = ["" if pd.isna(cell) else pattern.format(cell) for cell in cells]
    return pd.Series(shown, index=cells.index, dtype=object)


def _write_cells(
    sheet: Any, cells: pd.Series, column: int, top: int, formats: dict[str, Any], style: str, language: Language
) -> None:
    """Write a column by its type; an empty cell stays empty."""
    kind, cell_format = cells.dtype, formats[style]
    numeric = pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind) and style != "text"
    dated = pd.api.types.is_datetime64_any_dtype(kind) and getattr(kind, "tz", None) is None
    yes, no = ("ja", "nej") if language == "sv" else ("yes", "no")
    for row, cell in enumerate(cells.array, start=top):
        if cell is None or pd.isna(cell):
            continue
        if numeric and not np.isfinite(float(cell)):  # a workbook knows no infinite number
            sheet.write_string(row, column, f"{float(cell):g}", cell_format)
        elif numeric:
            sheet.write_number(row, column, float(cell), cell_format)
        elif dated:
            sheet.write_datetime(row, column, cell.to_pydatetime(), cell_format)
        elif pd.api.types.is_bool_dtype(kind):
            sheet.write_string(row, column, yes if cell else no, cell_format)
        else:
            sheet.write_string(row, column, str(cell), cell_format)
