"""Ordered groups along one number: need tiers of a factor, bands of the index. Group 1 is the worst."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.clustering.natural_breaks import natural_breaks
from regso_cluster.errors import Fault, InputError
from regso_cluster.method import Banding, Factor, Method, Yardstick
from regso_cluster.scales.transformers import weighted_mean_sd
from regso_cluster.words.notes import Note

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


def say_empty(used: pd.DataFrame, index: Array | None, method: Method, yardstick: Yardstick) -> list[Note]:
    """Say which groups of equal size are empty, and which value of many areas left them so.

    Parameters
    ----------
    used : (n_areas, n_factors) in the units of the factors, NaN where not observed
    index : (n_areas,), high is worse; needed where the method has bands
    method, yardstick : the choices, and the cut points measured on these values

    Returns
    -------
    a note for each factor, and one for the index, that has an empty group
    """
    said = []
    if method.bands and index is not None:
        said += _empty_groups(index, yardstick.bands, method.bands)
    for factor in method.factors if method.tiers else ():
        cuts = tuple(factor.sign * cut for cut in yardstick.tiers[factor.key])
        turned = factor.sign * used[factor.key].to_numpy()
        said += _empty_groups(turned, cuts, method.tiers, factor)
    return said


def _empty_groups(
    values: Array, cuts: tuple[float, ...], banding: Banding | None, factor: Factor | None = None
) -> list[Note]:
    if banding is None or banding.kind != "quantiles":
        return []
    seen = values[~np.isnan(values)]
    groups = 1 + (seen[:, None] < np.asarray(cuts)).sum(axis=1)
    sizes = np.bincount(groups, minlength=banding.size + 1)[1:]
    if not len(seen) or sizes.all():
        return []
    distinct, counts = np.unique(seen, return_counts=True)
    most = int(np.argmax(counts))
    value = (factor.sign if factor else 1.0) * float(distinct[most]) + 0.0
    group = 1 + int((distinct[most] < np.asarray(cuts)).sum())
    empty = [str(number) for number, size in enumerate(sizes, start=1) if size == 0]
    said = {
        "empty": empty,
        "size": banding.size,
        "count": counts[most],
        "of": len(seen),
        "value": value,
        "group": group,
    }
    return [Note("tier_empty", factor=factor.key, **said) if factor else Note("band_empty", **said)]
