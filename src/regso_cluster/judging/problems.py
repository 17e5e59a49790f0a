"""Problems: a factor beyond its limit. Composite groups: where many problems meet, decided only by what was seen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.errors import Fault, InputError
from regso_cluster.method import Composite, Factor, Limit, Method, Problems, Rule
from regso_cluster.scales.transformers import weighted_mean_sd
from regso_cluster.schema import columns as c

Flags = npt.NDArray[np.bool_]


def measure_limits(value: pd.DataFrame, method: Method, residents: npt.NDArray[np.float64] | None) -> dict[str, float]:
    """Measure where each factor becomes a problem, in the unit of the factor.

    Parameters
    ----------
    value : (n_areas, n_factors) in the unit of each factor, NaN where not observed
    method : its `problems` and the limits of its factors
    residents : (n_areas,), used where limits are weighted by residents

    Returns
    -------
    one limit a factor: the absolute one, or mean + sd SD over the observed areas on the worse side

    Raises
    ------
    InputError  a relative limit of a factor with fewer than two observed areas
    """
    problems = method.problems or Problems()
    weights = residents if problems.weighting == "residents" else None
    mean, sd = weighted_mean_sd(value.to_numpy(np.float64), weights, problems.ddof)
    limits, faults = {}, []
    for number, factor in enumerate(method.factors):
        comparison, size = next(iter(limit_of(factor, problems).given.items()))
        limits[factor.key] = float(mean[number] + factor.sign * size * sd[number]) if comparison == "sd" else size
        if comparison == "sd" and value[factor.key].notna().sum() < 2:
            hint = "Give the factor an absolute limit, or take it out of the method."
            faults.append(Fault("fewer than two observed areas: no limit", f"factor {factor.key}", hint=hint))
    if faults:
        raise InputError(faults)
    return limits


def limit_of(factor: Factor, problems: Problems) -> Limit:
    """The factor's own limit, else that of the method."""
    return factor.limit or problems.limit


def flag_problems(value: pd.DataFrame, method: Method, limits: dict[str, float]) -> pd.DataFrame:
    """Flag each factor beyond its limit.

    Returns
    -------
    (n_areas, n_factors) of dtype boolean: <NA> where the factor is not observed
    """
    flags = {}
    for factor in method.factors:
        column = value[factor.key]
        beyond = beyond_limit(column.to_numpy(), limits[factor.key], factor, method.problems)
        flags[factor.key] = pd.Series(beyond, value.index, dtype="boolean").mask(column.isna())
    return pd.DataFrame(flags)


def beyond_limit(
    values: npt.NDArray[np.float64], limit: float | npt.NDArray[np.float64], factor: Factor, problems: Problems | None
) -> Flags:
    """Whether each value is a problem: strictly beyond a relative limit, as an absolute one says."""
    comparison = next(iter(limit_of(factor, problems or Problems()).given))
    if comparison == "sd":
        comparison = "above" if factor.worse == "high" else "below"
    compare = {"above": np.greater, "at_least": np.greater_equal, "below": np.less, "at_most": np.less_equal}
    beyond: Flags = compare[comparison](values, limit)
    return beyond


def rule_holds(rule: Rule, flags: dict[str, Flags]) -> Flags:
    """Whether a rule holds in each area, given full knowledge of all flags ((n_areas,) each)."""
    if rule.at_least is not None:
        enough: Flags = np.sum(list(flags.values()), axis=0) >= rule.at_least
        return enough
    parts = [rule_holds(part, flags) if isinstance(part, Rule) else flags[part] for part in rule.all or rule.any or ()]
    holds: Flags = (np.logical_and if rule.all else np.logical_or).reduce(parts)
    return holds


def group_by_problems(flags: pd.DataFrame, status: pd.DataFrame, composite: Composite) -> pd.DataFrame:
    """Give each area its composite group, where what was seen decides it.

    Rules know no "not": with more problems a rule that held still holds. So the group with every unseen factor taken
    as no problem and the group with every unseen factor taken as a problem are the two ends of what is possible;
    where they are one, the group is decided.

    Parameters
    ----------
    flags : (n_areas, n_factors) boolean, <NA> where not observed
    status : (n_areas, n_factors), why a factor is not observed
    composite : the groups, worst first

    Returns
    -------
    composite_group : Int8, 1 the worst, the last number none of the groups; <NA> where undecided
    composite_group_mildest, composite_group_harshest : Int8, the two ends
    composite_status : "decided" or "undecided"
    composite_reason : which factors were not seen and why; "" where decided
    """
    mildest = _first_group({key: flags[key].fillna(False).to_numpy(bool) for key in flags.columns}, composite)
    harshest = _first_group({key: flags[key].fillna(True).to_numpy(bool) for key in flags.columns}, composite)
    decided = mildest == harshest
    group = pd.array(mildest, dtype="Int8")
    group[~decided] = pd.NA
    reasons = np.full(len(flags), "", dtype=object)
    for key in flags.columns:
        unseen = flags[key].isna().to_numpy() & ~decided
        why = f"{key} " + status.loc[unseen, key].to_numpy(dtype=object)
        reasons[unseen] = np.where(reasons[unseen] == "", why, reasons[unseen] + "; " + why)
    return pd.DataFrame(
        {
            c.COMPOSITE_GROUP: group,
            c.COMPOSITE_GROUP_MILDEST: pd.array(mildest, dtype="Int8"),
            c.COMPOSITE_GROUP_HARSHEST: pd.array(harshest, dtype="Int8"),
            c.COMPOSITE_STATUS: np.where(decided, "decided", "undecided"),
            c.COMPOSITE_REASON: reasons,
        },
        index=flags.index,
    )


def _first_group(flags: dict[str, Flags], composite: Composite) -> npt.NDArray[np.int8]:
    holds = [rule_holds(group.rule, flags) for group in composite.groups]
    last = len(composite.groups) + 1
    return np.select(holds, list(range(1, last)), last).astype(np.int8)
