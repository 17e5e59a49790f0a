"""What would flip a composite group: the factor, and how many persons more or fewer in its numerator."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.certainty.simulation import groups_by_set
from regso_cluster.factors.shrinkage import counts_of, shrink_factor
from regso_cluster.factors.tables import FactorTable
from regso_cluster.grouping.problems import beyond_limit
from regso_cluster.method import UNIT_FACTOR, Factor, Method, Yardstick

Array = npt.NDArray[np.float64]


def find_flips(
    table: FactorTable, used: pd.DataFrame, areas: pd.DataFrame, method: Method, yardstick: Yardstick
) -> pd.DataFrame:
    """Find for each area the fewest persons in one factor that would give it another composite group.

    Parameters
    ----------
    table : counts
    used : (n_areas, n_factors) the values that were judged, NaN where not observed
    areas : `<factor>_problem` and composite_group
    method, yardstick : as they gave `areas`

    Returns
    -------
    composite_flip_factor : key; <NA> where no single factor with counts would do it, or the group is not decided
    composite_flip_persons : Int64, more (positive) or fewer (negative) in the numerator; of a factor of the kommun in
        all of it
    composite_flip_group : Int8, the group that it would be in then; <NA> where that would hang on what is not seen
    No columns without composite groups. Of two factors with as few persons the first of the method.
    """
    if method.composite is None:
        return pd.DataFrame(index=areas.index)
    flags = np.stack([areas[f"{key}_problem"].fillna(False).to_numpy(bool) for key in method.keys], axis=1)
    group_of = groups_by_set(method)
    place = 1 << np.arange(flags.shape[1])
    own = (flags * place).sum(axis=1)
    unseen = np.stack([areas[f"{key}_problem"].isna().to_numpy() for key in method.keys], axis=1) @ place
    decided = areas["composite_group"].notna().to_numpy()
    persons = np.full(flags.shape, np.inf)
    for number, factor in enumerate(method.factors):
        other = own ^ (1 << number)
        changed = (group_of[other] != group_of[own]) | (group_of[other | unseen] != group_of[own])
        moves = decided & changed & used[factor.key].notna().to_numpy()
        steps = _persons(table, factor, method, yardstick.limits[factor.key], flags[:, number])
        if steps is not None:
            persons[:, number] = np.where(moves, steps, np.inf)
    best = np.abs(persons).argmin(axis=1)
    row = np.arange(len(best))
    found = np.isfinite(persons[row, best])
    keys = pd.Series(np.array(method.keys, dtype=object)[best], areas.index, dtype="string")
    count = pd.Series(np.where(found, persons[row, best], 0).astype(np.int64), areas.index, dtype="Int64")
    other = own ^ (1 << best)
    open_ends = group_of[other] != group_of[other | unseen]
    group = pd.Series(1 + group_of[other], areas.index, dtype="Int8").mask(open_ends)
    return pd.DataFrame(
        {
            "composite_flip_factor": keys.mask(~found),
            "composite_flip_persons": count.mask(~found),
            "composite_flip_group": group.mask(~found),
        }
    )


def _persons(
    table: FactorTable, factor: Factor, method: Method, limit: float, problem: npt.NDArray[np.bool_]
) -> Array | None:
    """Count the persons that carry each area over the limit; infinite where no number does. None without counts."""
    counts = counts_of(table, factor)
    if counts is None:
        return None
    n, d = (part.to_numpy(np.float64) for part in counts)
    base, total, unit = n, d, UNIT_FACTOR[factor.unit]
    shrunk = shrink_factor(table, factor, method.shrinkage.towards) if method.shrinkage else None
    if shrunk is not None:  # each person moves the shrunk rate too, by less
        base, total = shrunk.first, shrunk.second + (0 if factor.unit == "per 1000" else shrunk.first)
    steps = np.full(len(n), np.inf)
    near = limit * total / unit - base
    highest = np.inf if factor.unit == "per 1000" else d
    # the limit lies between two whole numbers of persons, or on one
    for step in (np.floor(near) - 1, np.floor(near), np.ceil(near), np.ceil(near) + 1):
        with np.errstate(invalid="ignore", divide="ignore"):
            value = unit * (base + step) / total
            possible = (n + step >= 0) & (n + step <= highest)
            flips = possible & (beyond_limit(value, np.full(len(n), limit), factor, method.problems) != problem)
        steps = np.where(flips & (np.abs(step) < np.abs(steps)), step, steps)
    return steps
