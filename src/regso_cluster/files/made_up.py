"""Whether a table is synthetic: every command and object that reads or makes a table asks this one function."""

from __future__ import annotations

import numpy as np
import pandas as pd

from regso_cluster.files.numbers import as_text
from regso_cluster.words.wording import MADE_UP

# as this program calls the column, also behind the prefix of `join`, and as its workbooks head it
_ENDING = "synthetic"
_HEADINGS = ("påhittade siffror", "made-up figures")
_NO = ("", "no", "n", "false", "0", "0.0", "nej", "falskt", "none", "nan", "<na>", ".", "..", "-", "\u2013")


def is_synthetic(table: pd.DataFrame) -> bool:
    """Tell whether a table says of itself that its figures are made up.

    Parameters
    ----------
    table : any table, such as one that this program wrote or joined to a release

    Returns
    -------
    True where a column named `synthetic`, or `regso_synthetic` or the like as `join` has it, holds anything but no in
    any row; missing cells, as of rows without an area, say nothing. True, too, where `table.attrs["synthetic"]` is

    Examples
    --------
    >>> import pandas as pd
    >>> is_synthetic(pd.DataFrame({"regso_synthetic": [None, True]}))
    True
    >>> is_synthetic(pd.DataFrame({"synthetic": ["nej", ""]}))
    False
    """
    if table.attrs.get("synthetic") is True:
        return True
    return any(_says_so(table.iloc[:, at]) for at, name in enumerate(table.columns) if is_mark(name))


def is_mark(column: object) -> bool:
    """Tell whether a column of this name says that figures are made up."""
    name = str(column).strip().casefold()
    return name == _ENDING or name.endswith(f"_{_ENDING}") or name in _HEADINGS


def _says_so(cells: pd.Series) -> bool:
    if pd.api.types.is_bool_dtype(cells.dtype):
        return bool(cells.fillna(False).astype(bool).any())
    distinct = pd.unique(cells.dropna().astype(object))
    return any(_is_yes(cell) for cell in distinct)


def _is_yes(cell: object) -> bool:
    if isinstance(cell, bool | np.bool_):
        return bool(cell)
    return as_text(cell).casefold() not in _NO


def show_table(table: pd.DataFrame, *, synthetic: bool) -> str:
    """Give a table as HTML for a notebook, with the mark of made-up figures above it."""
    mark = f"<p><strong>{MADE_UP.en}</strong></p>" if synthetic else ""
    with pd.option_context("display.max_rows", 20):
        return mark + table.to_html(max_rows=20, notebook=True)
