"""Flags on borrowed strength: a shrunk rate is beyond the limit, what was counted in the area is not.

A shrunk rate is own weight times the counted rate and the rest times what the area's parent says. In an area of few
persons the parent speaks: 0 of 3 in a kommun where the factor is a problem everywhere is shrunk to nearly the kommun's
rate. That is the best estimate there is, and it stays; but it was not seen in the area, and so the release says it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from regso_cluster.factors.shrinkage import own_weight
from regso_cluster.judging.case import Case
from regso_cluster.judging.problems import beyond_limit
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note


def borrowed_strength(
    case: Case, flags: pd.DataFrame | None, limits: dict[str, float]
) -> tuple[pd.DataFrame, list[Note], dict[str, Any]]:
    """Say for each shrunk rate how much of it is the area's own, and which flags the counted rate would not give.

    Parameters
    ----------
    case : of a method with shrinkage, else nothing comes back
    flags : (n_areas, n_factors) boolean, <NA> where not observed, of the shrunk rates; None without problems
    limits : by factor, that the flags were given by

    Returns
    -------
    columns : (n_areas,) for each factor with counts <factor>_own_weight, 0 to 1, NaN where not observed; with flags
        also <factor>_borrowed, boolean: a problem by the shrunk rate alone, <NA> where not observed
    notes : what a reader should know
    figures : by factor, areas whose flag is borrowed, and areas that are beyond the limit by their counts alone
    """
    method, counted = case.method, case.counted
    columns: dict[str, pd.Series] = {}
    figures: dict[str, Any] = {}
    for factor in method.factors if method.shrinkage else ():
        weight = own_weight(counted, factor, case.shrunk(factor))
        if weight is None:
            continue
        columns[c.own_weight_of(factor.key)] = pd.Series(weight, counted.value.index)
        if flags is None:
            continue
        seen = flags[factor.key].notna().to_numpy()
        flagged = flags[factor.key].fillna(False).to_numpy(bool)
        values = counted.value[factor.key].to_numpy(np.float64)
        own = seen & beyond_limit(values, limits[factor.key], factor, method.problems)
        columns[c.borrowed_of(factor.key)] = pd.Series(flagged & ~own, flags.index, dtype="boolean").mask(~seen)
        figures[factor.key] = {"borrowed": int((flagged & ~own).sum()), "counts_alone": int((own & ~flagged).sum())}
    return pd.DataFrame(columns, index=counted.value.index), _say(figures), figures


def _say(figures: dict[str, Any]) -> list[Note]:
    lent = {key: one["borrowed"] for key, one in figures.items() if one["borrowed"]}
    withheld = sum(one["counts_alone"] for one in figures.values())
    notes = []
    if lent:
        factors = [Note("factor_count", factor=key, count=number) for key, number in lent.items()]
        notes.append(Note("borrowed_strength", count=sum(lent.values()), factors=factors))
    if withheld:
        notes.append(Note("withheld_by_shrinkage", count=withheld))
    return notes
