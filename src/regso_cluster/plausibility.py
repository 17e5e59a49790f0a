"""What a reader should look at before a table is classified: cells far out, cells that move a limit, jumps, refusals.

Between the columns of a table (`factors.plausible`) and the groups that a method makes of it: whether a group changes with
a cell, and by how much one cell alone moves a limit.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.factors.plausible import NAMED_IF_IT_MATTERS, Alarm, Scores, cells_at, name_cells, score_table
from regso_cluster.factors.tables import FactorTable
from regso_cluster.grouping.problems import flag_problems, group_by_problems
from regso_cluster.method import Method, Yardstick


def cells_that_matter(
    scores: Scores, used: pd.DataFrame, table: FactorTable, method: Method, limits: dict[str, float]
) -> npt.NDArray[np.bool_]:
    """Find the suspicious cells with which a composite group (or else a problem) of their area changes.

    Parameters
    ----------
    scores : of the table
    used : (n_areas, n_factors) values as they are classified
    table : status of areas
    method, limits : with problems; without, nothing matters

    Returns
    -------
    (n_columns, n_areas)
    """
    matters = np.zeros(scores.score.shape, bool)
    if not method.problems:
        return matters
    places, rows, values = [], [], []
    for column, at in cells_at(scores, NAMED_IF_IT_MATTERS):
        for original in scores.original(column, at):
            places.append((column, at))
            rows.append(at)
            values.append(_with_original(scores, column, at, original, table, method))
    if not rows:
        return matters
    as_is = used.iloc[rows].reset_index(drop=True)
    changed = as_is.copy()
    for row, new in enumerate(values):
        for key, value in new.items():
            if np.isfinite(value) and pd.notna(changed.at[row, key]):
                changed.at[row, key] = value
    status = table.status.iloc[rows].reset_index(drop=True)
    before, after = (_groups(frame, status, method, limits) for frame in (as_is, changed))
    for (column, at), differs in zip(places, (before != after).any(axis=1), strict=True):
        matters[column, at] |= bool(differs)
    return matters


def _with_original(
    scores: Scores, column: int, at: int, original: float, table: FactorTable, method: Method
) -> dict[str, float]:
    """Give the rates of the factors that a cell belongs to, with what may have stood there."""
    own, name = scores.columns[column], scores.names[column]
    found: dict[str, float] = {}
    for factor in method.factors:
        scale = {"per cent": 100.0, "per 1000": 1000.0}.get(factor.unit, 1.0)
        events, persons = table.numerator[factor.key].iloc[at], table.denominator[factor.key].iloc[at]
        if own.role == "value" and factor.value == name:
            found[factor.key] = original
        elif own.role == "numerator" and factor.numerator == name and persons > 0:
            found[factor.key] = scale * original / persons
        elif own.role == "persons" and factor.denominator == name and factor.numerator and original > 0:
            found[factor.key] = scale * events / original
    return found


def _groups(used: pd.DataFrame, status: pd.DataFrame, method: Method, limits: dict[str, float]) -> npt.NDArray[np.int_]:
    flags = flag_problems(used, method, limits)
    if method.composite is None:
        return flags.fillna(False).to_numpy(np.int_)
    group = group_by_problems(flags, status, method.composite)["composite_group"]
    return group.fillna(0).to_numpy(np.int_)[:, None]


def find_alarms(used: pd.DataFrame, table: FactorTable, method: Method, yardstick: Yardstick) -> list[Alarm]:
    """Name the cells of a table that are far from what was expected, the highest score first."""
    scores = score_table(table, method)
    if scores is None:
        return []
    return name_cells(scores, table.areas.index, cells_that_matter(scores, used, table, method, yardstick.limits))
