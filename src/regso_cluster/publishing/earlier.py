"""What earlier publishable releases show and hide, among the cells of new ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.rates import SUPPRESSED
from regso_cluster.publishing.counts import RESIDENTS, Booleans, Counts
from regso_cluster.release.model import Release
from regso_cluster.schema import columns as c


def mark_earlier(counts: Counts, earlier: Sequence[Release]) -> tuple[Counts, Booleans]:
    """Mark what earlier releases show, and find what they hide.

    Parameters
    ----------
    counts : of the internal releases that are published now
    earlier : publishable releases that were made before; of each year of them the internal release is among these

    Returns
    -------
    the counts with `opened`: figures that are shown there with the same counts, wherever they are repeated; and (n,)
    whether a cell is hidden there

    Raises
    ------
    InputError  a year without its internal release: what is hidden there could not be held against the new figures
    """
    have = set(counts.year.tolist())
    faults = [
        Fault("an earlier release without its internal one", str(one.path), f"the internal release of {one.year}",
              hint="Give it among the releases: its hidden figures are protected together with the new ones.")
        for one in earlier if one.year not in have
    ]  # fmt: skip
    if faults:
        raise InputError(faults)
    shown, hidden = np.zeros(len(counts.year), bool), np.zeros(len(counts.year), bool)
    rows = pd.MultiIndex.from_arrays([counts.year, counts.area, counts.factor])
    for one in earlier:
        said = _read_cells(one).reindex(rows)
        same = (said["d"].to_numpy() == counts.denominator) & (
            (said["n"].to_numpy() == counts.numerator) | (counts.factor == RESIDENTS)
        )
        shown |= same
        hidden |= said["hidden"].eq(True).to_numpy(bool)
    figures = np.zeros(counts.same.max(initial=0) + 1, bool)
    figures[counts.same[shown]] = True
    opened = figures[counts.same]
    return replace(counts, opened=opened), hidden & ~opened


def _read_cells(release: Release) -> pd.DataFrame:
    """Give n, d and whether hidden, by year, area and factor."""
    factors, areas = release.factors, release.areas
    code = str(factors.columns[0])
    cells = pd.DataFrame(
        {
            c.AREA: factors[code].astype(str), c.FACTOR: factors[c.FACTOR].astype(str),
            "n": factors[c.NUMERATOR], "d": factors[c.DENOMINATOR], "hidden": factors[c.STATUS] == SUPPRESSED,
        }
    )  # fmt: skip
    residents = areas[c.POPULATION].astype("Float64").to_numpy(np.float64, na_value=np.nan)
    people = pd.DataFrame(
        {c.AREA: areas.index.astype(str), c.FACTOR: RESIDENTS, "n": np.nan, "d": residents,
         "hidden": np.isnan(residents)}
    )  # fmt: skip
    return pd.concat([cells, people]).assign(year=release.year).set_index(["year", c.AREA, c.FACTOR])
