"""Where segregation lies: by unit, by group, and by level of nested units.

Sources: Mora and Ruiz-Castillo (2011), Sociological Methodology 41, and Elbers (2023), Sociological Methods and
Research 52(1), for local and nested M; Isard (1960) for location quotients.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.errors import Fault, InputError
from regso_cluster.segregation.counts import Floats, as_counts, times_log
from regso_cluster.segregation.measures import mutual_information


def local_of_units(counts: npt.ArrayLike) -> Floats:
    """How much the composition of each unit diverges from that of all; weighted by persons the mean is M.

    Parameters
    ----------
    counts : (n_units, n_groups) persons; NaN is given for a unit without anybody

    Returns
    -------
    (n_units,) natural units, >= 0

    Examples
    --------
    >>> local_of_units([[10, 0], [0, 10], [0, 0]]).round(6)
    array([0.693147, 0.693147,      nan])
    """
    as_counts(counts)
    table = np.asarray(counts, dtype=np.float64)
    overall = table.sum(axis=0) / table.sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        inside = table / table.sum(axis=1)[:, None]
    return np.asarray(times_log(inside).sum(axis=1) - inside @ np.log(overall))


def local_of_groups(counts: npt.ArrayLike) -> Floats:
    """How much the spread of each group over the units diverges from that of all; weighted by persons the mean is M.

    Parameters
    ----------
    counts : (n_units, n_groups) persons

    Returns
    -------
    (n_groups,) natural units, >= 0

    Examples
    --------
    >>> local_of_groups([[10, 0], [0, 10]]).round(6)
    array([0.693147, 0.693147])
    """
    return local_of_units(as_counts(counts).T)


def location_quotients(counts: npt.ArrayLike) -> Floats:
    """The share of a group in a unit over its share of all: 1 is as everywhere.

    Parameters
    ----------
    counts : (n_units, n_groups) persons

    Returns
    -------
    (n_units, n_groups); NaN for a unit without anybody

    Examples
    --------
    >>> location_quotients([[30, 10], [10, 30]])
    array([[1.5, 0.5],
           [0.5, 1.5]])
    """
    as_counts(counts)
    table = np.asarray(counts, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(table / table.sum(axis=1)[:, None] / (table.sum(axis=0) / table.sum()))


def nested_information(counts: npt.ArrayLike, levels: Mapping[str, npt.ArrayLike]) -> pd.DataFrame:
    """How much of M lies at each level of nested units: between counties, between kommuner within counties, and so on.

    Parameters
    ----------
    counts : (n_units, n_groups) persons of the finest units
    levels : from the widest to the finest: name, and (n_units,) the unit of that level that each row lies in

    Returns
    -------
    a row a level: level, units, information (M within the level above), share of the whole. The parts add up to M.

    Raises
    ------
    InputError  a level whose units lie in several units of the level above; a row without a unit of a level; a level
                with more or fewer rows than the table; no levels

    Examples
    --------
    >>> found = nested_information([[10, 0], [10, 0], [0, 10], [5, 5]], {"lan": [1, 1, 2, 2], "kommun": [1, 2, 3, 4]})
    >>> found["information"].round(6).tolist()
    [0.380396, 0.107881]
    """
    if not levels:
        raise InputError(Fault("no level", "levels", hint="Name at least the units of the table."))
    table = pd.DataFrame(np.asarray(counts, dtype=np.float64))
    as_counts(table.to_numpy())
    above, before, rows = None, 0.0, []
    for name, units in levels.items():
        codes = _codes(name, units, len(table))
        if above is not None:
            crossing = above.groupby(codes).nunique()
            if (crossing > 1).any():
                which = str(crossing.index[(crossing > 1).to_numpy()][0])
                hint = "Give levels from the widest to the finest, each inside one unit of the level above."
                raise InputError(
                    Fault("a unit that lies in several units of the level above", f"{name} {which}", hint=hint)
                )
        reached = mutual_information(table.groupby(codes.to_numpy()).sum().to_numpy())
        rows.append((name, int(codes.nunique()), reached - before))
        above, before = codes, reached
    found = pd.DataFrame(rows, columns=["level", "units", "information"])
    return found.assign(share=found["information"] / before if before > 0 else np.nan)


def _codes(name: str, units: npt.ArrayLike, rows: int) -> pd.Series:
    """The unit of a level that each row lies in; a row without one would leave M without a word."""
    codes = pd.Series(np.asarray(units))
    if len(codes) != rows:
        raise InputError(Fault("a level that does not fit the table", name, f"{rows} rows", f"{len(codes)} rows"))
    missing = np.flatnonzero(pd.isna(np.asarray(units, dtype=object)))  # beside text, numpy writes NaN as "nan"
    if len(missing):
        hint = "Name the unit of each row, or leave the row out of the counts."
        raise InputError(Fault("a row without a unit of the level", f"{name}, row {missing[0]}", hint=hint))
    return codes
