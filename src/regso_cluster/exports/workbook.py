"""A workbook for a person: a cover, the areas, the groups, the method, what each column means."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regso_cluster.errors import Fault, InputError
from regso_cluster.exports.workbook_cover import cover_rows, method_rows
from regso_cluster.maps.colours import map_colours
from regso_cluster.words.columns import Table, describe_columns, head_columns
from regso_cluster.words.wording import Language, in_language, mark_of, say

if TYPE_CHECKING:
    from regso_cluster.release.model import Release

LONG = 80  # characters: a wider column is wrapped
NARROW = 9  # characters: no column is narrower
HEADING_LINES = 2  # a heading is wrapped to about this many lines
WIDE = 20  # columns: a table of fewer is printed one page wide
ROWS, COLUMNS, CHARACTERS = 1_048_576, 16_384, 32_767  # what a sheet and a cell can hold
_DIGITS = 10**15  # whole numbers from here on are codes: written as text, since a cell shows 15 digits
_FIRST = (
    "name", "kommun_name", "population", "n_problems", "composite_group", "composite_group_name", "band", "band_name",
    "how_sure", "cluster", "cluster_name", "cluster_how_sure", "index", "index_rank", "index_rank_low",
    "index_rank_high",
)  # fmt: skip
SYNTHETIC = "SYNTETISKA DATA: alla siffror är påhittade. SYNTHETIC DATA: every figure is made up."
CREATED = dt.datetime(2000, 1, 1)  # of a workbook without a release: the same table, the same bytes
WORKBOOK_OPTIONS = {
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
    "nan_inf_to_errors": False,
}


def write_workbook(release: Release, path: Path, *, language: Language = "sv") -> None:
    """Write a release as a workbook.

    Sheets: cover, areas, groups, what became of the clusters (with a previous release), method, columns. Headings are
    words of the language; the sheet of columns gives the name that each has in the other formats. Codes stay text,
    text is never a formula or a link, numbers keep all digits that a cell holds (16).
    """
    import xlsxwriter

    book = xlsxwriter.Workbook(path, WORKBOOK_OPTIONS)
    try:
        _fill_workbook(book, release, language)
        book.close()
    except xlsxwriter.exceptions.XlsxWriterException as error:
        raise OSError(f"the workbook could not be written: {error}") from error


def write_table_workbook(frame: pd.DataFrame, path: Path, *, name: str, synthetic: bool, language: Language) -> None:
    """Write any table as a workbook of one sheet.

    Raises
    ------
    InputError  the table is larger than a sheet, or a cell longer than a cell can be, or a number is infinite
    """
    import xlsxwriter

    _check_fits(frame, path)
    book = xlsxwriter.Workbook(path, WORKBOOK_OPTIONS)
    book.set_properties({"created": CREATED})
    try:
        write_sheet(book, name, frame, synthetic=synthetic, frozen_columns=1, language=language)
        book.close()
    except xlsxwriter.exceptions.XlsxWriterException as error:
        raise OSError(f"the workbook could not be written: {error}") from error


def _check_fits(frame: pd.DataFrame, path: Path) -> None:
    where = path.name
    hint = "Take .parquet, .gpkg or .csv, which have no such bound, or give a part of the table."
    if len(frame) > ROWS - 2 or frame.shape[1] > COLUMNS:
        size = f"{len(frame):,} rows, {frame.shape[1]:,} columns"
        raise InputError(
            Fault("too large for a workbook", where, f"{ROWS - 2:,} rows, {COLUMNS:,} columns", size, hint)
        )
    faults = []
    for number, column in enumerate(frame.columns):
        cells = frame.iloc[:, number]
        if pd.api.types.is_float_dtype(cells.dtype):
            if np.isinf(cells.to_numpy(np.float64, na_value=np.nan)).any():
                faults.append(Fault("an infinite number", f"{where}, column {column}", hint="Make it missing."))
        elif not pd.api.types.is_numeric_dtype(cells.dtype):
            longest = cells.dropna().astype(str).str.len().max()
            if longest > CHARACTERS:
                got = f"{longest:,.0f} characters"
                faults.append(Fault("text too long for a cell", f"{where}, column {column}", got=got, hint=hint))
    if faults:
        raise InputError(faults)


def _fill_workbook(book: Any, release: Release, language: Language) -> None:
    # the date of the workbook is that of the release: the same release gives the same bytes
    created = dt.datetime.fromisoformat(release.manifest["created"]).replace(tzinfo=None)
    synthetic = bool(release.manifest["synthetic"])
    title = say(release.method.title, language)
    book.set_properties({"title": f"{title} {release.year}", "created": created,
                         "comments": SYNTHETIC if synthetic else ""})  # fmt: skip
    other = "name_en" if language == "sv" else "name_sv"
    tables: dict[str, tuple[Table, pd.DataFrame]] = {
        mark_of("areas", language): ("areas", _in_reading_order(release, language)),
        mark_of("groups", language): ("groups", release.groups.drop(columns=other, errors="ignore")),
    }
    if release.lineage is not None:
        tables[mark_of("lineage", language)] = ("lineage", release.lineage.drop(columns=other, errors="ignore"))
    _write_cover(book, release, language, synthetic=synthetic)
    explained = []
    for name, (table, frame) in tables.items():
        meant = describe_columns(frame.columns, release.method, table)
        heads = head_columns(frame.columns, release.method, table)
        shown = _name_groupings(frame, release, language) if table == "groups" else frame
        sheet = write_sheet(
            book, name, shown, synthetic=synthetic, frozen_columns=2 if table == "areas" else 0,
            headings=meant, labels=list(heads[language]), language=language,
        )  # fmt: skip
        if table == "areas":
            _colour_groups(book, sheet, frame, release)
        explained.append(_explain(meant, heads, name, language))
    write_sheet(book, mark_of("method", language), method_rows(release, language), synthetic=synthetic)
    write_sheet(book, mark_of("columns", language), pd.concat(explained, ignore_index=True), synthetic=synthetic)


def _in_reading_order(release: Release, language: Language) -> pd.DataFrame:
    """Put what a reader looks for first: which area, which groups, which rank; then everything else as it stands."""
    areas = in_language(release.areas.reset_index(), release.groups, language)
    first = [areas.columns[0], *(name for name in _FIRST if name in areas)]
    return areas[[*first, *(name for name in areas.columns if name not in first)]]


def _colour_groups(book: Any, sheet: Any, areas: pd.DataFrame, release: Release) -> None:
    """Colour the first grouping as the map does."""
    grouping = str(next(iter(release.groups.get("grouping", [])), ""))
    if grouping not in areas or areas.empty:
        return
    groups = release.groups[(release.groups["grouping"] == grouping) & release.groups["group"].notna()]
    top, place = 1 + int(release.manifest["synthetic"]), list(areas.columns).index(grouping)
    for number, colour in zip(groups["group"], map_colours(grouping, groups), strict=True):
        dark = sum(int(colour[at : at + 2], 16) for at in (1, 3, 5)) < 3 * 128
        fill = book.add_format({"bg_color": colour, "font_color": "#ffffff" if dark else "#000000"})
        rule = {"type": "cell", "criteria": "==", "value": int(number), "format": fill}
        sheet.conditional_format(top, place, top + len(areas) - 1, place, rule)


def _name_groupings(groups: pd.DataFrame, release: Release, language: Language) -> pd.DataFrame:
    """Call each grouping what the sheet of areas calls it."""
    if groups.empty:
        return groups
    present = [name for name in dict.fromkeys(groups["grouping"]) if name in release.areas]
    heads = head_columns(present, release.method).set_index("column")[language]
    return groups.assign(grouping=groups["grouping"].map(lambda name: heads.get(name, name)))


def _explain(meant: pd.DataFrame, heads: pd.DataFrame, sheet: str, language: Language) -> pd.DataFrame:
    unit = list(meant[f"unit_{language}"])
    words = {
        "sv": ("Blad", "Rubrik", "Betyder", "Enhet", "Namn i andra format"),
        "en": ("Sheet", "Heading", "Means", "Unit", "Name in other formats"),
    }[language]
    columns = (sheet, heads[language], meant[language], unit, meant["column"])
    return pd.DataFrame(dict(zip(words, columns, strict=True)))


def _write_cover(book: Any, release: Release, language: Language, *, synthetic: bool) -> None:
    sheet = book.add_worksheet(mark_of("cover", language))
    sheet.hide_gridlines(2)
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 1)
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 44)
    sheet.set_column(2, 5, 12)
    formats = {
        "title": book.add_format({"bold": True, "font_size": 18}),
        "lead": book.add_format({"text_wrap": True, "valign": "top"}),
        "head": book.add_format({"bold": True, "bottom": 1, "valign": "top"}),
        "right": book.add_format({"bold": True, "bottom": 1, "align": "right"}),
        "mark": book.add_format({"bold": True, "font_color": "#b5305f"}),
        "text": book.add_format({"text_wrap": True, "valign": "top"}),
        "number": book.add_format({"num_format": "#,##0", "valign": "top"}),
        "share": book.add_format({"num_format": "0.0", "valign": "top"}),
        "sure": book.add_format({"num_format": "0 %", "valign": "top"}),
    }
    row = 0
    if synthetic:
        sheet.write_string(row, 0, SYNTHETIC, formats["mark"])
        row += 1
    for kind, cells in cover_rows(release, language):
        if kind == "title":
            sheet.set_row(row, 26)
        elif kind in ("lead", "text"):
            wide = 26 + 44 + 36 if kind == "lead" else 44 + 36
            sheet.merge_range(row, 0 if kind == "lead" else 1, row, 4, "", formats["text"])
            sheet.set_row(row, 15 * max(1, -(-len(cells[-1]) // (wide - 2))))
        for number, cell in enumerate(cells):
            if isinstance(cell, str):
                right = kind == "head" and number >= 2
                style = "right" if right else {"row": "text"}.get(kind, kind)
                sheet.write_string(row, number, cell, formats["text" if kind == "text" and number == 0 else style])
            elif cell is not None and not pd.isna(cell):
                style = {4: "share", 5: "sure"}.get(number, "number") if isinstance(cell, float) else "number"
                sheet.write_number(row, number, float(cell), formats[style])
        row += 1


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
    sheet = book.add_worksheet(name)
    formats = _formats(book)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
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
        unit = str(headings["unit"].iloc[number]) if headings is not None and "unit" in headings else ""
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
        if numeric:
            sheet.write_number(row, column, float(cell), cell_format)
        elif dated:
            sheet.write_datetime(row, column, cell.to_pydatetime(), cell_format)
        elif pd.api.types.is_bool_dtype(kind):
            sheet.write_string(row, column, yes if cell else no, cell_format)
        else:
            sheet.write_string(row, column, str(cell), cell_format)
