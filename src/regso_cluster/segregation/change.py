"""Why M changed between two years: units that opened or closed, who there is, and how they are spread.

Source: Elbers (2023), Sociological Methods and Research 52(1), whose scheme is nested: first structure against margins,
then the margins into groups and units. Structure is what changes when both years have the same margins: each year's
table is fitted to the margins of the other. The fit must converge: stopped early it takes margins for structure, and
the sign of the result can be wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.errors import Fault, InputError
from regso_cluster.segregation.counts import Floats, as_counts, as_persons
from regso_cluster.segregation.measures import mutual_information

SCHEME = "Elbers, nested"
_CLOSE = 1e-12  # relative to each margin
_ROUNDS = 20_000


@dataclass(frozen=True)
class ChangeOfM:
    """A change of M in parts that sum to it.

    Parameters
    ----------
    before, after : M of each year
    closed : what leaving out the units that are only in the earlier year changes
    opened : what taking in the units that are only in the later year changes
    groups : other shares of groups, the spread being kept
    units : other sizes of units, the spread being kept
    structure : another spread, the margins being kept
    scheme : the name of the decomposition

    Examples
    --------
    >>> found = ChangeOfM(0.40, 0.43, closed=-0.01, opened=0.01, groups=0.02, units=0.0, structure=0.01)
    >>> round(found.difference, 6)
    0.03
    """

    before: float
    after: float
    closed: float
    opened: float
    groups: float
    units: float
    structure: float
    scheme: str = SCHEME

    @property
    def difference(self) -> float:
        """The later M less the earlier: the sum of the parts."""
        return self.after - self.before


def fit_margins(table: npt.ArrayLike, rows: npt.ArrayLike, columns: npt.ArrayLike) -> Floats:
    """Fit a table to margins by iterative proportional fitting, its odds ratios kept.

    Parameters
    ----------
    table : (n_units, n_groups) >= 0; empty cells stay empty
    rows, columns : the wanted sums, with one total

    Returns
    -------
    (n_units, n_groups) whose sums are the wanted ones to 1 in 10^12

    Raises
    ------
    InputError  as `as_persons`; margins that do not fit the table, are missing or negative, or have different totals;
                a fit that has not converged, with the margin that is missed most

    Examples
    --------
    >>> fit_margins([[1, 1], [1, 1]], [30, 10], [20, 20])
    array([[15., 15.],
           [ 5.,  5.]])
    """
    fitted = as_persons(table, groups=1).copy()
    wanted_rows, wanted_columns = np.asarray(rows, dtype=np.float64), np.asarray(columns, dtype=np.float64)
    _check_margins(fitted, wanted_rows, wanted_columns)
    total = float(wanted_rows.sum())
    if abs(total - float(wanted_columns.sum())) > 1e-9 * total:
        raise InputError(Fault("margins with different totals", "columns", f"{total:g}", f"{wanted_columns.sum():g}"))
    for _ in range(_ROUNDS):
        fitted *= _ratio(wanted_rows, fitted.sum(axis=1))[:, None]
        fitted *= _ratio(wanted_columns, fitted.sum(axis=0))
        off = np.abs(fitted.sum(axis=1) - wanted_rows)
        if (off <= _CLOSE * np.maximum(wanted_rows, total / len(wanted_rows) * 1e-3)).all() and (
            np.abs(fitted.sum(axis=0) - wanted_columns) <= 1e-9 * total
        ).all():
            return fitted
    hint = "Groups of a unit that are empty in one year cannot be fitted to those of the other: merge units or groups."
    where, wanted, there = _missed_most(fitted, wanted_rows, wanted_columns)
    got = f"{there:g} after {_ROUNDS} rounds"
    raise InputError(Fault("the fit to the margins has not converged", where, f"{wanted:g}", got, hint))


def change_of_information(before: pd.DataFrame, after: pd.DataFrame) -> ChangeOfM:
    """Split the change of M between two years.

    Parameters
    ----------
    before, after : persons, a row a unit (the index tells which), the same groups as columns

    Returns
    -------
    ChangeOfM

    Raises
    ------
    InputError  other groups, a unit twice, no unit in both years, counts that are none, a fit that does not converge

    Examples
    --------
    All units grow alike: nothing changes but the number of persons.

    >>> before = pd.DataFrame({"a": [30, 10], "b": [10, 30]}, index=["north", "south"])
    >>> found = change_of_information(before, 2 * before)
    >>> round(found.difference, 12), round(found.structure, 12)
    (0.0, 0.0)
    """
    if list(before.columns) != list(after.columns):
        expected, got = ", ".join(map(str, before.columns)), ", ".join(map(str, after.columns))
        raise InputError(Fault("the years have other groups", "columns", expected, got, "Give both the same groups."))
    for when, table in (("before", before), ("after", after)):
        if table.index.has_duplicates:
            twice = table.index[table.index.duplicated()][0]
            raise InputError(Fault("a unit that stands twice", f"{when}, {twice}", hint="Sum its rows first."))
        as_persons(table.to_numpy())  # before empty units are left out: a missing count is not 0
    before, after = (table[table.sum(axis=1) > 0] for table in (before, after))
    common = before.index.intersection(after.index)
    if not len(common):
        raise InputError(Fault("no unit is in both years", hint="Give both in the same edition of the areas."))
    first, second = (as_counts(table.loc[common].to_numpy()) for table in (before, after))
    whole = mutual_information(before.to_numpy()), mutual_information(after.to_numpy())
    shared = mutual_information(first), mutual_information(second)
    groups, units, structure = _of_common(first / first.sum(), second / second.sum())
    return ChangeOfM(*whole, shared[0] - whole[0], whole[1] - shared[1], groups, units, structure)


def _of_common(first: Floats, second: Floats) -> tuple[float, float, float]:
    """Groups, units and structure of units that are in both years; each averaged over the orders of the two years."""
    tables = (first, second)
    rows, columns = [table.sum(axis=1) for table in tables], [table.sum(axis=0) for table in tables]
    found = np.array(
        [[[_fitted(tables, at, rows[r], columns[c], (r, c)) for c in (0, 1)] for r in (0, 1)] for at in (0, 1)]
    )  # [structure, units, groups] of the year that each comes from
    units = float((found[:, 1, :] - found[:, 0, :]).mean())
    groups = float((found[:, :, 1] - found[:, :, 0]).mean())
    structure = 0.5 * float(found[1, 0, 0] - found[0, 0, 0] + found[1, 1, 1] - found[0, 1, 1])
    margins = float(found[1, 1, 1] - found[0, 0, 0]) - structure
    apart = 0.5 * (units - groups)
    return margins / 2 - apart, margins / 2 + apart, structure


def _fitted(tables: tuple[Floats, Floats], at: int, rows: Floats, columns: Floats, whose: tuple[int, int]) -> float:
    """M of one year's spread with the margins of these years."""
    own = tables[at] if whose == (at, at) else fit_margins(tables[at], rows, columns)
    return mutual_information(own)


def _ratio(wanted: Floats, there: Floats) -> Floats:
    return np.asarray(np.divide(wanted, there, out=np.zeros_like(wanted), where=there > 0))


def _check_margins(table: Floats, rows: Floats, columns: Floats) -> None:
    """Refuse margins that are no numbers of persons, or not one for each row and column."""
    for name, margin, length in (("rows", rows, table.shape[0]), ("columns", columns, table.shape[1])):
        if margin.shape != (length,):
            raise InputError(Fault("a margin that does not fit the table", name, f"{length} sums", f"{margin.shape}"))
        if not (np.isfinite(margin) & (margin >= 0)).all():
            raise InputError(Fault("a margin that is no number of persons", name, "0 or more"))


def _missed_most(fitted: Floats, rows: Floats, columns: Floats) -> tuple[str, float, float]:
    """The margin furthest from its wanted sum, relative to it: where, wanted, reached."""
    margins = (("unit", rows, fitted.sum(axis=1)), ("group", columns, fitted.sum(axis=0)))
    found = [
        (f"{name} {at}", float(want), float(got))
        for name, wanted, there in margins
        for at, (want, got) in enumerate(zip(wanted, there, strict=True))
    ]
    return max(found, key=lambda one: abs(one[2] - one[1]) / max(one[1], 1e-300))
