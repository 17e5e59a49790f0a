"""A table of figures, one row an area, to any format of tables: what the program itself reads again."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from regso_cluster.files import formats
from regso_cluster.files.formats import find_format
from regso_cluster.files.formulas import guard_figures
from regso_cluster.files.output import Output


def write_figures(frame: pd.DataFrame, path: Path, suffix: str = "") -> None:
    """Write a table; in text numbers and marks stay as they are, and other text is no formula.

    Parameters
    ----------
    frame : (n_areas,) codes and figures; its index is left out
    path : where to; overwritten
    suffix : ending that names the format, where `path` has it not

    Raises
    ------
    InputError  an ending of no format of tables; a table that the format cannot hold
    """
    found = find_format(f"{path.name}{suffix}", formats.TABLES)
    if found.write is None:
        raise TypeError(f"{found.suffixes} is not made of a table")
    if found in (formats.TEXT, formats.TABBED):
        delimiter = "," if found == formats.TEXT else "\t"
        content = guard_figures(frame).to_csv(index=False, sep=delimiter, lineterminator="\n")
        path.write_bytes(content.encode())
    else:
        found.write(Output(frame, "Tabell"), path)
