"""From counts to rates, and from DeSO to RegSO. Only here counts become rates: shrinkage of small numbers goes here."""

from __future__ import annotations

import numpy as np
import pandas as pd

from regso_cluster.method import UNIT_FACTOR, Unit

# why a figure is there or not
OBSERVED, SUPPRESSED, MISSING, TOO_FEW = "observed", "suppressed", "missing", "too_few_residents"


def rate(numerator: pd.Series, denominator: pd.Series, unit: Unit) -> pd.Series:
    """Divide counts into a rate of the given unit.

    Parameters
    ----------
    numerator, denominator : (n_areas,) counts, NaN where not observed
    unit : "per cent", "per 1000" or "share"

    Returns
    -------
    (n_areas,) in the unit; NaN where a count is not observed or the denominator is 0
    """
    return UNIT_FACTOR[unit] * numerator / denominator.where(denominator > 0)


def sum_to_areas(counts: pd.DataFrame, status: pd.DataFrame, area: pd.Series) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sum counts of parts (DeSO) to the areas (RegSO) that they lie in.

    Parameters
    ----------
    counts : (n_parts, n_columns), NaN where not observed
    status : (n_parts, n_columns), "observed", "suppressed" or "missing"
    area : (n_parts,) the area of each part

    Returns
    -------
    counts, status : (n_areas, n_columns), ordered by area. A sum with an unobserved part is not observed, never the
    sum of the rest; it is "suppressed" when a part is, else "missing".
    """
    sums = counts.groupby(area.to_numpy()).sum(min_count=1)
    suppressed = (status == SUPPRESSED).groupby(area.to_numpy()).any()
    missing = (status == MISSING).groupby(area.to_numpy()).any()
    joined = np.select([suppressed, missing], [SUPPRESSED, MISSING], OBSERVED)
    return (
        sums.where(~(suppressed | missing)),
        pd.DataFrame(joined, index=sums.index, columns=sums.columns),
    )
