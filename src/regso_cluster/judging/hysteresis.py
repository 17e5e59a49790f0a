"""No flicker: an area near a limit does not go in and out of a group with the noise of a year."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.judging.case import Case
from regso_cluster.judging.problems import beyond_limit, group_by_problems
from regso_cluster.method import Composite, Method, Problems
from regso_cluster.scales.transformers import weighted_mean_sd
from regso_cluster.schema import columns as c


def measure_leave_limits(
    value: pd.DataFrame, method: Method, limits: dict[str, float], residents: npt.NDArray[np.float64] | None
) -> dict[str, float]:
    """Measure where each factor ceases to be a problem: `slack_sd` SD to the better side of its limit.

    Parameters
    ----------
    value : (n_areas, n_factors) in the unit of each factor, NaN where not observed
    method : with a no-flicker rule of this kind; else nothing is measured
    limits : where each factor becomes a problem
    residents : (n_areas,), used where limits are weighted by residents
    """
    steady = method.composite.steady if method.composite else None
    if steady is None or steady.slack_sd is None:
        return {}
    problems = method.problems or Problems()
    weights = residents if problems.weighting == "residents" else None
    _, sd = weighted_mean_sd(value.to_numpy(np.float64), weights, problems.ddof)
    return {
        factor.key: float(limits[factor.key] - factor.sign * steady.slack_sd * sd[number])
        for number, factor in enumerate(method.factors)
    }


def hold_problems(
    value: pd.DataFrame,
    flags: pd.DataFrame,
    method: Method,
    leave_limits: dict[str, float],
    previous: pd.DataFrame | None,
) -> pd.DataFrame:
    """Let each factor that was a problem last year stay one until it is better than its leave limit.

    Parameters
    ----------
    value, flags : (n_areas, n_factors) of this year; <NA> where not observed
    method : factors and comparisons
    leave_limits : in the unit of each factor
    previous : last year's areas, with `<factor>_held` or `<factor>_problem`; None in the first year

    Returns
    -------
    (n_areas, n_factors) boolean, <NA> where not observed this year
    """
    held = flags.copy()
    if previous is None:
        return held
    for factor in method.factors:
        column = next((name for name in (c.held_of(factor.key), c.problem_of(factor.key)) if name in previous), None)
        if column is None:
            continue
        was = previous[column].reindex(flags.index).astype("boolean").fillna(False)
        near = beyond_limit(value[factor.key].to_numpy(), leave_limits[factor.key], factor, method.problems)
        held[factor.key] = flags[factor.key] | (was & pd.Series(near, flags.index, dtype="boolean"))
    return held


def hold_groups(free: pd.Series, previous: pd.DataFrame | None) -> pd.Series:
    """Let each area stay in its group until this year's and last year's figures both point out of it, the same way.

    Where both do, it goes to the nearer of the two groups that they point to: from group 4, with figures for 3 and then
    for 1, to group 3.

    Parameters
    ----------
    free : (n_areas,) group by this year's figures alone, <NA> where undecided
    previous : last year's areas: composite_group and, where it had this rule, composite_group_free

    Returns
    -------
    (n_areas,) Int8, <NA> where this year is undecided
    """
    if previous is None or c.COMPOSITE_GROUP not in previous:
        return free
    was = previous[c.COMPOSITE_GROUP].reindex(free.index).astype("Int8")
    before = previous.get(c.COMPOSITE_GROUP_FREE, previous[c.COMPOSITE_GROUP]).reindex(free.index).astype("Int8")
    groups = {"now": free, "was": was, "before": before}
    now_n, was_n, before_n = (column.fillna(0).to_numpy(np.int64) for column in groups.values())
    worse = (now_n < was_n) & (before_n < was_n)
    better = (now_n > was_n) & (before_n > was_n)
    held = np.select([worse, better], [np.maximum(now_n, before_n), np.minimum(now_n, before_n)], was_n)
    unknown = (was.isna() | before.isna()).to_numpy(bool)
    return pd.Series(np.where(unknown, now_n, held), free.index).astype("Int8").mask(free.isna().to_numpy(bool))


def steady_groups(
    judged: pd.DataFrame, case: Case, leave_limits: dict[str, float], previous: pd.DataFrame | None
) -> pd.DataFrame:
    """Apply the no-flicker rule of a method to areas judged by this year's figures alone.

    Parameters
    ----------
    judged : columns of `judging.judge.judge`
    case : values, why they are missing, and the method
    leave_limits : where each factor ceases to be a problem, in its unit
    previous : last year's areas; None in the first year: nothing is held

    Returns
    -------
    the same with composite_group_free (this year's figures alone) and the composite columns as they are held; with
    `slack_sd` also <factor>_held
    """
    composite = case.method.composite
    if composite is None or composite.steady is None:
        return judged
    judged = judged.assign(composite_group_free=judged[c.COMPOSITE_GROUP])
    if composite.steady.slack_sd is None:
        return judged.assign(composite_group=hold_groups(judged[c.COMPOSITE_GROUP_FREE], previous))
    return judged.assign(**_held_columns(judged, case, composite, leave_limits, previous))


def _held_columns(
    judged: pd.DataFrame, case: Case, composite: Composite, leave_limits: dict[str, float],
    previous: pd.DataFrame | None,
) -> dict[str, pd.Series]:  # fmt: skip
    method = case.method
    flags = pd.DataFrame({key: judged[c.problem_of(key)] for key in method.keys})
    held = hold_problems(case.used, flags, method, leave_limits, previous)
    groups = group_by_problems(held, case.table.status, composite)
    reasons = groups[c.COMPOSITE_REASON].where(groups[c.COMPOSITE_STATUS] == "decided", judged[c.COMPOSITE_REASON])
    columns = {column: groups[column] for column in groups.columns} | {c.COMPOSITE_REASON: reasons}
    return columns | {c.held_of(key): held[key] for key in method.keys}
