"""Ordered groups along one number: need tiers of a factor, bands of the index. Group 1 is the worst."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.scales import weighted_mean_sd
from regso_cluster.grouping.natural_breaks import natural_breaks
from regso_cluster.method import Banding

Array = npt.NDArray[np.float64]


def measure_cuts(values: Array, banding: Banding, residents: Array | None, what: str) -> tuple[float, ...]:
    """Measure the cut points of ordered groups: each is the lowest value of the worse side.

    Parameters
    ----------
    values : (n_areas,), high is worse, NaN where not observed
    banding : how to cut
    residents : (n_areas,), used where the banding weighs by residents
    what : the name of the number, for messages

    Returns
    -------
    (n_groups - 1,) falling, in the unit of the values. Ties are never parted: equal values are in one group, for
    quantiles the worse one.

    Raises
    ------
    InputError  fewer different values than groups
    """
    weights = residents if banding.weighting == "residents" else None
    seen = ~np.isnan(values)
    if len(np.unique(values[seen])) < banding.size:
        fault = Fault("fewer different values than groups", what, f"at least {banding.size}",
                      f"{len(np.unique(values[seen]))}", "Ask for fewer groups.")  # fmt: skip
        raise InputError(fault)
    if banding.kind == "sd":
        mean, sd = weighted_mean_sd(values[:, None], weights, banding.ddof)
        return tuple(float(mean[0] + at * sd[0]) for at in banding.at or ())
    if banding.kind == "quantiles":
        groups = _quantile_groups(values[seen], banding.size, None if weights is None else weights[seen])
    else:
        breaks = natural_breaks(values[seen], banding.size, weights=None if weights is None else weights[seen])
        groups = banding.size - breaks.labels  # labels rise from 0 with the value, groups fall to 1
    cuts = []
    lowest = np.inf
    for group in range(1, banding.size):
        inside = values[seen][groups == group]
        lowest = min(lowest, inside.min()) if len(inside) else lowest  # an empty group shares the cut of the worse one
        cuts.append(float(lowest))
    return tuple(cuts)


def _quantile_groups(values: Array, size: int, weights: Array | None) -> npt.NDArray[np.int64]:
    """Group by the share of areas (or residents) up to and with each value, from the worst; ties to the worse group."""
    if weights is None:
        rank = pd.Series(values).rank(method="min", ascending=False).to_numpy()
        return np.ceil(rank * size / len(values)).astype(np.int64)
    order = np.argsort(-values, kind="stable")
    before = np.empty(len(values))
    before[order] = np.cumsum(weights[order]) - weights[order]
    before = pd.Series(before).groupby(values).transform("min").to_numpy()
    groups: npt.NDArray[np.int64] = np.minimum(np.floor(before * size / weights.sum()) + 1, size).astype(np.int64)
    return groups


def band(values: Array, cuts: tuple[float, ...]) -> pd.arrays.IntegerArray:
    """Give each value its group by cut points that fall from the worst: a value on a cut is in the worse group.

    Parameters
    ----------
    values : (n_areas,), high is worse, NaN where not observed
    cuts : (n_groups - 1,), falling

    Returns
    -------
    (n_areas,) Int8, 1 the worst; <NA> where the value is NaN
    """
    groups = 1 + (values[:, None] < np.asarray(cuts)).sum(axis=1)
    result: pd.arrays.IntegerArray = pd.array(groups, dtype="Int8")
    result[np.isnan(values)] = pd.NA
    return result
