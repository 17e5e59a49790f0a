"""The table that a measure is made from: persons by unit and group."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from regso_cluster.errors import Fault, InputError

Floats = npt.NDArray[np.float64]


def as_counts(counts: npt.ArrayLike, *, groups: int = 2) -> Floats:
    """Check persons by unit and group; units with nobody are left out, since they change no measure.

    Parameters
    ----------
    counts : (n_units, n_groups) persons, >= 0; they need not be whole, as expected or fitted counts are not
    groups : how many groups there must be at least

    Returns
    -------
    (n, n_groups) of the units that have anybody

    Raises
    ------
    InputError  not such a table, missing or negative numbers, nobody at all, a group that nobody belongs to

    Examples
    --------
    >>> as_counts([[1, 2], [0, 0], [3, 1]])
    array([[1., 2.],
           [3., 1.]])
    """
    table = as_persons(counts, groups=groups)
    empty = np.flatnonzero(table.sum(axis=0) == 0)
    if len(empty):
        hint = "Leave the group out: how apart a group of nobody lives is not defined."
        raise InputError(Fault("a group without anybody", f"group {', '.join(map(str, empty))}", hint=hint))
    return np.asarray(table[table.sum(axis=1) > 0])


def as_persons(counts: npt.ArrayLike, *, groups: int = 2) -> Floats:
    """Check every cell of persons by unit and group; units and groups with nobody are kept.

    Raises
    ------
    InputError  not such a table, missing or negative numbers

    Examples
    --------
    >>> as_persons([[1, 0], [0, 0]])
    array([[1., 0.],
           [0., 0.]])
    """
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] < groups:
        expected = f"two dimensions: a row a unit, at least {groups} columns of groups"
        raise InputError(Fault("no table of persons by unit and group", expected=expected, got=f"shape {table.shape}"))
    bad = ~np.isfinite(table) | (table < 0)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        hint = "Leave the unit out, or give bounds: a missing count is not 0."
        where, got = f"unit {row}, group {column}", f"{table[row, column]:g}"
        raise InputError(Fault("a count that is no number of persons", where, "0 or more", got, hint))
    return table


def two_groups(first: npt.ArrayLike, second: npt.ArrayLike) -> Floats:
    """Check two columns of persons, and put them side by side.

    Raises
    ------
    InputError  as `as_counts`; columns of different lengths

    Examples
    --------
    >>> two_groups([1, 2], [3, 4]).shape
    (2, 2)
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.ndim != 1 or one.shape != other.shape:
        got = f"shapes {one.shape} and {other.shape}"
        raise InputError(Fault("two groups need a number for each unit", expected="two columns alike", got=got))
    return as_counts(np.column_stack([one, other]))


def times_log(shares: Floats) -> Floats:
    """Shares times their natural logarithm; 0 for a share of 0."""
    return np.asarray(shares * np.log(np.where(shares > 0, shares, 1.0)))
