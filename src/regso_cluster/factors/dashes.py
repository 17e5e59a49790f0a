"""The dash in a cell: an absolute zero where PxWeb wrote it, and nothing known where somebody else did.

The PX format calls a cell with a dash a zero ("Data in the PX-file", DATASYMBOLNIL); other tables have it where nothing
is known. So it stays missing, apart from empty cells, until the method says `zero = ["-", "–"]`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.factors.reading import as_text

DASHES = ("-", "–", "—")


def read_zeros(cells: pd.Series, zero: tuple[str, ...] | None, column: str, notes: list[str]) -> pd.Series:
    """Read the marks of a zero as 0, with a note.

    Parameters
    ----------
    cells : (n,) text or typed
    zero : the marks, as the method names them
    column, notes : for the note
    """
    if not zero or pd.api.types.is_numeric_dtype(cells.dtype):
        return cells
    found = cells.map(as_text).isin(zero)
    if not found.any():
        return cells
    notes.append(f"column {column}: {int(found.sum())} cells with a mark of zero read as 0")
    return cells.astype(object).where(~found, "0")


def find_dashes(cells: pd.Series, status: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    """Tell which cells are a dash that is kept as missing; such cells are no empty ones."""
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return np.zeros(len(cells), np.bool_)
    return np.asarray(cells.map(as_text).isin(DASHES).to_numpy() & (status == "missing"), np.bool_)


def describe_dashes(column: str, count: int) -> str:
    """Say that dashes are kept as missing, and how to say that they are zeros."""
    return (
        f"column {column}: {count} cells with a dash kept as missing; in tables of PxWeb a dash is a zero: "
        'zero = ["-", "–"] in [table] of the method reads it as 0'
    )
