"""A release in the form that its reader uses: a workbook, a text table, a map layer."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regso_cluster.delivery.columns import describe_columns
from regso_cluster.errors import Fault, InputError

if TYPE_CHECKING:
    from regso_cluster.release import Release

LONG = 70  # characters: a wider column is wrapped
SYNTHETIC = "SYNTETISKA DATA: alla siffror är påhittade. SYNTHETIC DATA: every figure is made up."
WORKBOOK_OPTIONS = {
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
    "nan_inf_to_errors": False,
}


def export(release: Release, to: str | Path) -> Path:
    """Write a release to one file; the suffix says which kind: .xlsx, .csv, .gpkg or .parquet.

    An existing file is replaced in one step; a failed export leaves it as it was.

    Raises
    ------
    InputError  an unknown suffix; .gpkg of a release without a map
    """
    to = Path(to)
    writers: dict[str, Callable[[Release, Path], None]] = {
        ".xlsx": write_workbook,
        ".csv": lambda release, path: _copy(release, "areas.csv", path),
        ".gpkg": lambda release, path: _copy(release, "areas.gpkg", path),
        ".parquet": lambda release, path: _copy(release, "areas.parquet", path),
    }
    if to.suffix.lower() not in writers:
        hint = "Name the file with one of these endings."
        raise InputError(Fault("unknown kind of file", str(to), ", ".join(writers), to.suffix or "no suffix", hint))
    to.parent.mkdir(parents=True, exist_ok=True)
    if to.is_dir():
        raise InputError(
            Fault("a folder stands there", str(to), "a file name", hint="Add a name that ends with the kind.")
        )
    with tempfile.TemporaryDirectory(dir=to.parent, prefix=f".{to.name}.partial-") as folder:
        partial = Path(folder) / to.name
        writers[to.suffix.lower()](release, partial)
        partial.replace(to)
    return to


def _copy(release: Release, name: str, path: Path) -> None:
    source = release.path / name
    if not source.is_file():
        hint = "Only releases of edition 2025 have a map: outlines of other area sets are not at hand."
        raise InputError(Fault(f"the release has no {name}", str(release.path), hint=hint))
    shutil.copyfile(source, path)


def write_workbook(release: Release, path: Path) -> None:
    """Write a workbook: areas, groups, what each column means, the method. Codes stay text, text is never a formula."""
    import xlsxwriter

    book = xlsxwriter.Workbook(path, WORKBOOK_OPTIONS)
    try:
        _fill_workbook(book, release)
        book.close()
    except xlsxwriter.exceptions.XlsxWriterException as error:
        raise OSError(f"the workbook could not be written: {error}") from error


def _fill_workbook(book: Any, release: Release) -> None:
    # the date of the workbook is that of the release: the same release gives the same bytes
    created = dt.datetime.fromisoformat(release.manifest["created"]).replace(tzinfo=None)
    book.set_properties({"title": f"{release.method.title.sv} {release.year}", "created": created,
                         "comments": SYNTHETIC if release.manifest["synthetic"] else ""})  # fmt: skip
    areas = release.areas.reset_index()
    columns = describe_columns(areas.columns, release.method)
    synthetic = bool(release.manifest["synthetic"])
    write_sheet(book, "Områden", areas, synthetic=synthetic, frozen_columns=2, headings=columns)
    write_sheet(book, "Grupper", release.groups, synthetic=synthetic)
    write_sheet(book, "Kolumner", columns, synthetic=synthetic)
    write_sheet(book, "Metod", _method_rows(release), synthetic=synthetic)


def write_sheet(
    book: Any,
    name: str,
    frame: pd.DataFrame,
    *,
    synthetic: bool,
    frozen_columns: int = 0,
    headings: pd.DataFrame | None = None,
) -> None:
    """Write a table as a sheet; `headings` (rows with `sv`, one a column) become comments on the headings."""
    sheet = book.add_worksheet(name)
    bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    formats = {
        "float": book.add_format({"num_format": "0.00##", "valign": "top"}),
        "int": book.add_format({"num_format": "0", "valign": "top"}),
        "long": book.add_format({"text_wrap": True, "valign": "top"}),
        "text": book.add_format({"num_format": "@", "valign": "top"}),
    }
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    top = 0
    if synthetic:
        sheet.write_string(0, 0, SYNTHETIC, book.add_format({"bold": True, "font_color": "#b5305f"}))
        top = 1
    sheet.repeat_rows(top)
    lines = np.ones(len(frame), dtype=np.int64)
    for number, column in enumerate(frame.columns):
        sheet.write_string(top, number, str(column), bold)
        if headings is not None:
            sheet.write_comment(top, number, headings["sv"].iloc[number], {"x_scale": 2})
        cells = frame[column]
        length = _shown(cells).str.len()
        longest = int(length.max()) if len(length) else 0
        long = longest > LONG
        width = LONG if long else max(longest + 2, len(str(column)) + 3)
        sheet.set_column(number, number, min(max(width, 8), LONG))
        _write_cells(sheet, cells, number, top + 1, formats, long=long)
        if long:
            lines = np.maximum(lines, np.ceil(length.to_numpy() / (LONG - 8)).astype(np.int64))
    for row in np.flatnonzero(lines > 1):
        sheet.set_row(top + 1 + row, 15 * int(lines[row]))  # programs differ in whether they do this by themselves
    sheet.freeze_panes(top + 1, frozen_columns)
    if len(frame):
        sheet.autofilter(top, 0, top + len(frame), len(frame.columns) - 1)


def _shown(cells: pd.Series) -> pd.Series:
    """Give the cells as the text that is shown, for the width of a column."""
    if pd.api.types.is_float_dtype(cells.dtype):
        return cells.map(lambda cell: "" if pd.isna(cell) else f"{cell:.2f}").astype(str)
    return cells.map(lambda cell: "" if cell is None or pd.isna(cell) else str(cell)).astype(str)


def _write_cells(sheet: Any, cells: pd.Series, column: int, top: int, formats: dict[str, Any], *, long: bool) -> None:
    """Write a column by its type; an empty cell stays empty."""
    numeric = pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_bool_dtype(cells.dtype)
    number_format = formats["float" if pd.api.types.is_float_dtype(cells.dtype) else "int"]
    for row, cell in enumerate(cells.array, start=top):
        if cell is None or cell is pd.NA or pd.isna(cell):
            continue
        if numeric:
            sheet.write_number(row, column, float(cell), number_format)
        elif pd.api.types.is_bool_dtype(cells.dtype):
            sheet.write_string(row, column, "ja" if cell else "nej", formats["text"])
        else:
            sheet.write_string(row, column, str(cell), formats["long" if long else "text"])


def _method_rows(release: Release) -> pd.DataFrame:
    """The method as a person reads it: what, against what, from where; then the notes of the run."""
    method, manifest = release.method, release.manifest
    measured = method.measured
    rows = [
        ("Metod", method.title.sv, method.title.en),
        ("Beskrivning", method.description.sv, method.description.en),
        ("Källa", method.source, ""),
        ("År", str(release.year), f"edition {manifest['edition'] or '-'}"),
        ("Indata", manifest["inputs"][0]["name"], f"sha256 {manifest['inputs'][0]['sha256']}"),
        ("Metodens hash", manifest["method"]["sha256"], f"seed {manifest['method']['seed']}"),
    ]
    for factor in method.factors:
        limit = measured.limits.get(factor.key) if measured else None
        worse = {"high": "högt är sämre", "low": "lågt är sämre"}[factor.worse]
        text = f"{factor.unit}, {worse}" + (f"; problem bortom {limit:.4g}" if limit is not None else "")
        rows.append((f"Faktor: {factor.name.sv}", text, factor.source))
    rows += [("Anmärkning", "", note) for note in manifest["notes"]]
    rows.append(
        (
            "Så används resultatet inte",
            "Områden har problem, människor bor där: en grupp beskriver ett område, inte en person.",
            "Areas have problems, people live there: a group describes an area, not a person.",
        )
    )
    return pd.DataFrame(rows, columns=["Vad", "Svenska", "English / källa"])
