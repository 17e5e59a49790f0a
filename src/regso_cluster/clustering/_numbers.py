"""Which numbers the methods of grouping can calculate with: sums of weighted squares neither overflow nor vanish."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse

from regso_cluster.errors import Fault, InputError

Floats = npt.NDArray[np.float64]

# Squares 1e180, times weights 1e90, times 1e38 cells are still finite; beyond, a kernel compares infinities. The
# other way round, squares of deviations below 1e-90 times weights below 1e-90 lose digits and end as 0.
LARGEST = 1e90
SMALLEST = 1e-90
RANGE = 1e10  # of weights: a mean over all but the heaviest row, found by subtraction, keeps six digits
HEAD = 256  # rows looked at first for a difference large enough


def as_floats(values: Any, name: str = "X") -> Floats:
    """Give an array of float64 as the kernels are compiled for: C-contiguous, writable.

    Parameters
    ----------
    values : what numpy can read; a copy is made only where needed
    name : what the caller calls them

    Raises
    ------
    InputError  a sparse matrix, complex numbers; ValueError  what is no number
    """
    if scipy.sparse.issparse(values):
        raise InputError(Fault("a sparse matrix", name, "a dense table", hint="Use `.toarray()`"))
    if getattr(getattr(values, "dtype", None), "kind", "") == "c":
        raise InputError(Fault("complex numbers", name, "real numbers"))
    return np.require(np.asarray(values, dtype=np.float64), requirements=["C", "W"])


def refuse_extremes(table: Floats, name: str = "X", *, fitted: bool = True) -> None:
    """Refuse values whose squares overflow, or whose differences vanish when squared.

    Parameters
    ----------
    table : (n, p) float64, NaN where missing, no infinity
    name : what the caller calls it
    fitted : whether the rows are compared with one another; new rows may well be alike

    Raises
    ------
    InputError  which column, and by what to multiply
    """
    if table.size == 0:
        return
    if max(np.fmax.reduce(table, axis=None), -np.fmin.reduce(table, axis=None)) > LARGEST:
        largest = np.fmax.reduce(np.abs(table), axis=0)
        column = int(np.argmax(largest > LARGEST))
        hint = "Divide the column by a power of ten"
        where = f"{name}, column {column}"
        raise InputError(Fault("too large to be squared", where, f"up to {LARGEST}", str(largest[column]), hint))
    head = table[:HEAD]
    if not fitted or (np.abs(head - head[0]) >= SMALLEST).any():  # nearly always; by columns is slow
        return
    spread = float(np.fmax.reduce(np.fmax.reduce(table, axis=0) - np.fmin.reduce(table, axis=0)))
    if 0 < spread < SMALLEST:
        hint = "Multiply the columns by a power of ten"
        raise InputError(Fault("differences too small to be squared", name, f"{SMALLEST} or more", str(spread), hint))
