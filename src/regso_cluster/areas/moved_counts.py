"""Counts moved from the areas of one edition to those of another by a crosswalk; rates never are."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy import sparse

from regso_cluster.areas.crosswalk import Crosswalk
from regso_cluster.errors import Fault, InputError
from regso_cluster.method import Factor

_NO_RATES = "Give numerator and denominator: counts are moved, and the rate is made from moved counts."


def move_counts(
    counts: pd.DataFrame, crosswalk: Crosswalk, *, status: pd.DataFrame | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Move counts from the old areas to the new ones.

    Parameters
    ----------
    counts : (n_old, n_columns) by old code; NaN where not observed. Counts only: rates cannot be moved
    status : (n_old, n_columns), "observed", "suppressed" or "missing"; None: NaN is missing

    Returns
    -------
    counts, status : (n_new, n_columns) by new code. A count with a part that is not observed is not observed, never the
    sum of the rest: "suppressed" when a part is, else "missing". So is one that no old area gives a part to

    Raises
    ------
    InputError  a code that the crosswalk does not know, or one twice; columns with a level that says "value" (rates)

    Notes
    -----
    Where all is observed, each column keeps its total. Moved counts are no whole numbers. An old area without a row is
    missing.
    """
    _check_counts(counts, crosswalk)
    if status is None:
        status = pd.DataFrame(np.where(counts.notna(), "observed", "missing"), counts.index, counts.columns)
    counts = counts.reindex(crosswalk.old.index)
    status = status.reindex(crosswalk.old.index)[counts.columns].fillna("missing")
    seen = counts.notna() & (status == "observed")
    part = sparse.csr_matrix(
        (
            crosswalk.shares["share"].to_numpy(),
            (
                crosswalk.new.index.get_indexer(pd.Index(crosswalk.shares["new"])),
                crosswalk.old.index.get_indexer(pd.Index(crosswalk.shares["old"])),
            ),
        ),
        shape=(len(crosswalk.new), len(crosswalk.old)),
    )
    suppressed = part @ (status == "suppressed").to_numpy(dtype=float) > 0
    unseen = part @ (~seen).to_numpy(dtype=float) > 0
    unseen |= (np.diff(part.indptr) == 0)[:, None]
    moved = part @ counts.where(seen, 0.0).to_numpy(dtype=np.float64)
    marks = np.select([suppressed, unseen], ["suppressed", "missing"], "observed")
    index, columns = crosswalk.new.index, counts.columns
    return pd.DataFrame(np.where(unseen, np.nan, moved), index, columns), pd.DataFrame(marks, index, columns)


def _check_counts(counts: pd.DataFrame, crosswalk: Crosswalk) -> None:
    hint = "Give the counts in the areas of the old layer."
    strange = counts.index.difference(crosswalk.old.index)
    faults = [Fault("an area that the crosswalk does not know", f"code {code}", hint=hint) for code in strange]
    twice = counts.index[counts.index.duplicated()].unique()
    faults += [Fault("a code stands twice", f"code {code}", hint="One row an area.") for code in twice]
    if isinstance(counts.columns, pd.MultiIndex):
        rates = [column for column in counts.columns if "value" in column[1:]]
        faults += [Fault("a rate cannot be moved", f"column {column}", "counts", hint=_NO_RATES) for column in rates]
    if faults:
        raise InputError(faults)


def unmovable(factors: Iterable[Factor]) -> list[Fault]:
    """Give a fault for each factor that is known as a rate only: it cannot be moved to other areas."""
    return [
        Fault("a rate cannot be moved", f"factor {factor.key}, column {factor.value}", "counts", hint=_NO_RATES)
        for factor in factors
        if factor.value
    ]
