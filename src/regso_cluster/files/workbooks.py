"""Workbooks: opened and closed in one way, and any table as one."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from regso_cluster.errors import Fault, InputError
from regso_cluster.files.output import Output, without_geometry
from regso_cluster.files.sheet_writing import (
    CHARACTERS,
    COLUMNS,
    CREATED,
    ROWS,
    SYNTHETIC,
    WORKBOOK_OPTIONS,
    write_sheet,
)
from regso_cluster.schema import columns as c
from regso_cluster.words.phrases import phrase


@contextmanager
def new_workbook(
    path: Path, *, title: str = "", created: dt.datetime = CREATED, synthetic: bool = False
) -> Iterator[Any]:
    """Open a workbook to be filled; it is written where nothing went wrong.

    Parameters
    ----------
    path : where to
    title : in the properties of the file
    created : the time in the properties: the same content gives the same bytes
    synthetic : the properties say that the figures are made up

    Raises
    ------
    OSError  the file could not be written
    """
    import xlsxwriter

    book = xlsxwriter.Workbook(path, WORKBOOK_OPTIONS)
    book.set_properties({"title": title, "created": created, "comments": SYNTHETIC if synthetic else ""})
    try:
        yield book
        book.close()
    except xlsxwriter.exceptions.XlsxWriterException as error:
        raise OSError(f"the workbook could not be written: {error}") from error


def write_table_workbook(output: Output, path: Path) -> None:
    """Write a table as a workbook of one sheet; of a published table further ones with its texts and its columns.

    Raises
    ------
    InputError  the table is larger than a sheet, or a cell longer than a cell can be, or a number is infinite in a
        table that is not published
    """
    frame = without_geometry(output.frame)
    sheet = re.sub(r"[\[\]:*?/\\']", " ", output.name)[:31]  # what a workbook allows
    published = bool(output.texts)
    _check_fits(frame, path, infinite=published)  # an audit may say that nobody can tell the upper end
    with new_workbook(path, title=output.name if published else "", synthetic=output.synthetic and published) as book:
        write_sheet(book, sheet, frame, synthetic=output.synthetic, frozen_columns=2 if published else 1,
                    headings=output.headings, language=output.language)  # fmt: skip
        if published:
            said = pd.DataFrame([(text.sv, text.en) for text in output.texts], columns=["Svenska", "English"])
            write_sheet(book, phrase("sheet_read_me").sv, said, synthetic=output.synthetic)
        if published and output.headings is not None:
            write_sheet(book, "Kolumner", output.headings.drop(columns=c.UNIT), synthetic=output.synthetic)


def _check_fits(frame: pd.DataFrame, path: Path, *, infinite: bool) -> None:
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
            if not infinite and np.isinf(cells.to_numpy(np.float64, na_value=np.nan)).any():
                faults.append(Fault("an infinite number", f"{where}, column {column}", hint="Make it missing."))
        elif not pd.api.types.is_numeric_dtype(cells.dtype):
            longest = cells.dropna().astype(str).str.len().max()
            if longest > CHARACTERS:
                got = f"{longest:,.0f} characters"
                faults.append(Fault("text too long for a cell", f"{where}, column {column}", got=got, hint=hint))
    if faults:
        raise InputError(faults)
