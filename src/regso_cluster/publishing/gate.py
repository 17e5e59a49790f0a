"""The gate: what of an internal table goes into a publishable release. What is not named here stays inside."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

import numpy as np
import pandas as pd

from regso_cluster.factors.rates import MISSING, OBSERVED, SUPPRESSED, TOO_FEW, rate
from regso_cluster.factors.tables import FactorTable
from regso_cluster.method import Method
from regso_cluster.publishing.counts import RESIDENTS, Booleans, Counts
from regso_cluster.schema import columns as c

SOURCE = "protected counts"
PLACE = (c.NAME, c.KOMMUN, c.KOMMUN_NAME, c.LAN)  # what is known of an area without any register
_LEAST_KNOWN = (TOO_FEW, MISSING, SUPPRESSED, OBSERVED)


def let_through(
    table: FactorTable, method: Method, year: int, counts: Counts, hidden: Booleans, published: Collection[str]
) -> FactorTable:
    """Make the table that is published.

    Parameters
    ----------
    table : the internal table of the year, rates as counted
    method : its factors
    year : of the table
    counts : what is shown of the cells of all years
    hidden : (cells,) what is left out
    published : factors whose figures are published elsewhere: they go through as they are

    Returns
    -------
    Places, status, and the counts and rates that are shown; a figure that is left out is "suppressed". No note, source
    or hash of the internal table
    """
    index = table.areas.index
    shown = ~hidden
    numerator, denominator = (pd.DataFrame(np.nan, index, table.value.columns) for _ in range(2))
    value, status = numerator.copy(), table.status.copy()
    for factor in method.factors:
        key = factor.key
        seen = status[key] == OBSERVED
        if key in published:
            for made, given in ((numerator, table.numerator), (denominator, table.denominator), (value, table.value)):
                made[key] = given[key]
            continue
        own = counts.take(np.flatnonzero(shown & (counts.year == year) & (counts.factor == key)))
        numerator.loc[own.area, key], denominator.loc[own.area, key] = own.numerator, own.denominator
        value[key] = rate(numerator[key], denominator[key], factor.unit)
        status.loc[seen & value[key].isna(), key] = SUPPRESSED
    own = counts.take(np.flatnonzero(shown & (counts.year == year) & (counts.factor == RESIDENTS)))
    population = pd.Series(np.nan, index)
    population.loc[list(own.area)] = own.denominator
    areas = table.areas[[name for name in PLACE if name in table.areas]].assign(
        population=population, status=_least_known(status)
    )
    digest = hashlib.sha256()
    for frame in (areas, numerator, denominator, value):
        digest.update(frame.to_csv(float_format="%.17g").encode())
    return FactorTable(
        areas, numerator, denominator, value, status, table.edition, SOURCE, digest.hexdigest(), (), table.synthetic
    )


def _least_known(status: pd.DataFrame) -> pd.Series:
    """Give each area the status of its least known factor."""
    found = pd.Series(OBSERVED, status.index, dtype=object)
    for one in reversed(_LEAST_KNOWN):
        found[(status == one).any(axis=1)] = one
    return found
