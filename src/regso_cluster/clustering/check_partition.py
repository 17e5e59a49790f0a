"""Checks of what validity indices are given: rows, distances, weights, labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from regso_cluster.clustering._estimators import checked_weights
from regso_cluster.clustering._numbers import LARGEST, as_floats, refuse_extremes
from regso_cluster.clustering.metrics import ROUNDING
from regso_cluster.errors import Fault, InputError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Grouped:
    """Assigned rows, their groups numbered 0 .. k - 1, and where they came from (None: all rows)."""

    code: Integers
    groups: Integers
    counts: Integers
    rows: NDArray[np.bool_] | None


def checked_rows(X: ArrayLike) -> Floats:
    """Give X as (n, p) float64, C-contiguous; refuse a value that is missing or infinite."""
    rows = as_floats(X)
    if rows.ndim != 2 or 0 in rows.shape:
        got = f"shape {rows.shape}"
        raise InputError(Fault("X is no table", "X", "two dimensions, at least one row and column", got))
    if not np.isfinite(rows).all():
        row, column = np.argwhere(~np.isfinite(rows))[0]
        hint = "Leave rows with missing factors out (label -1 does not), or impute them first"
        raise InputError(Fault("not finite", f"X[{row}, {column}]", "a number", str(rows[row, column]), hint))
    refuse_extremes(rows)
    return rows


def checked_distances(distances: ArrayLike) -> Floats:
    """Give a matrix of distances as (n, n) float64; refuse what is not one."""
    matrix = as_floats(distances, "distances")
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.shape[0] == 0:
        raise InputError(Fault("distances are no square matrix", "distances", "(n, n)", f"shape {matrix.shape}"))
    if not (matrix.min() >= 0 and matrix.max() <= LARGEST):  # a NaN makes both comparisons false
        row, column = np.argwhere(~((matrix >= 0) & (matrix <= LARGEST)))[0]
        where, got = f"distances[{row}, {column}]", str(matrix[row, column])
        hint = "A pair with nothing in common has no distance: leave one of the two rows out"
        raise InputError(Fault("not a distance", where, f"a number from 0 to {LARGEST}", got, hint))
    if np.diagonal(matrix).any():
        far = np.diagonal(matrix) > ROUNDING * matrix.max()
        if not far.any():
            matrix = matrix.copy()
            np.fill_diagonal(matrix, 0.0)
            return matrix
        row = int(np.flatnonzero(far)[0])
        raise InputError(
            Fault("a row has a distance to itself", f"distances[{row}, {row}]", "0", str(matrix[row, row]))
        )
    return matrix


def weight_of_assigned(weights: ArrayLike | None, grouped: Grouped, n_rows: int) -> Floats:
    """Give the checked weights of the assigned rows; refuse when all are zero."""
    weight = checked_weights(weights, n_rows, "weights")
    if grouped.rows is not None:
        weight = weight[grouped.rows]
    if not weight.max() > 0:
        raise InputError(Fault("all weights are zero", "weights", hint="Give at least one row a weight above 0"))
    return weight


def grouped_rows(labels: ArrayLike, n_rows: int, least: int) -> Grouped:
    """Check labels and number the groups; refuse fewer than `least` of them."""
    label = np.asarray(labels)
    if label.shape != (n_rows,) or label.dtype.kind not in "iu":
        got = f"shape {label.shape}, {label.dtype}"
        hint = "Use -1 for a row that is not assigned"
        raise InputError(Fault("labels do not fit the rows", "labels", f"({n_rows},) whole numbers", got, hint))
    lowest, highest = int(label.min()), int(label.max())
    if lowest < -1:
        row = int(np.flatnonzero(label < -1)[0])
        raise InputError(Fault("not a label", f"labels[{row}]", "0 or more, or -1", str(label[row])))
    rows = None
    if lowest == -1:
        rows = label >= 0
        label = label[rows]
    if highest > 4 * n_rows + 1000:  # too sparse to count: sort instead
        groups, code = np.unique(label, return_inverse=True)
        counts = np.bincount(code)
    else:
        counts = np.bincount(label.astype(np.int64, copy=False))
        groups = np.flatnonzero(counts)
        if groups.shape[0] == counts.shape[0]:
            code = label  # 0 .. k - 1 already
        else:
            code, counts = (np.cumsum(counts > 0) - 1)[label], counts[groups]
    if groups.shape[0] < least:
        refuse_groups(least, groups.shape[0])
    code = np.require(code, np.int64, ["C", "W"])  # a column of a table is read-only: kernels would compile anew
    return Grouped(code, groups.astype(np.int64), counts, rows)


def refuse_groups(least: int, found: int) -> None:
    """Refuse a partition of too few groups."""
    hint = "Ask for more groups" if found else "No row is assigned"
    expected = "two or more groups of positive weight" if least == 2 else "a group"
    raise InputError(Fault("too few groups", "labels", expected, str(found), hint))


def refuse_fewer_than_two(mass: Floats) -> None:
    """Refuse a partition with fewer than two groups of positive weight."""
    if (mass > 0).sum() < 2:
        refuse_groups(2, int((mass > 0).sum()))
