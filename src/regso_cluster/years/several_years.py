"""More than two releases: the paths of areas through the groups of several years, and mobility pooled over them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pandas as pd

from regso_cluster.errors import Fault, InputError
from regso_cluster.release.model import Release
from regso_cluster.schema import columns as c
from regso_cluster.years.compare import GROUPINGS, Comparison
from regso_cluster.years.transitions import count_flows, measure_mobility, transition_table


def trace_paths(releases: Sequence[Release]) -> pd.DataFrame:
    """Count the paths of areas through the groups of several years.

    Returns
    -------
    a row a grouping and path that occurs, see `count_flows`; residents of the last year

    Raises
    ------
    InputError  two releases of one year
    """
    years = [one.year for one in releases]
    if len(set(years)) < len(years):
        hint = "Give one release a year: the latest revision."
        raise InputError(Fault("two releases of one year", got=", ".join(map(str, sorted(years))), hint=hint))
    last = max(releases, key=lambda one: one.year)
    residents = last.areas[c.POPULATION].astype("Float64").astype(float)
    parts = [
        count_flows({one.year: one.areas[grouping] for one in releases}, residents).assign(grouping=grouping)
        for grouping in GROUPINGS
        if all(grouping in one.areas for one in releases)
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({c.GROUPING: []})


def mobility_table(comparison: Comparison, through: Sequence[Release] = ()) -> pd.DataFrame:
    """Give a row a grouping, weight ("areas", "residents") and group, see `Mobility`.

    With `through`, releases of other years, transitions are pooled over all neighbouring pairs of years; `pairs` says
    how many. Expected years and the steady state need `LEAST_PAIRS` of them.
    """
    rows = []
    for grouping, own in comparison.transitions.groupby(c.GROUPING, sort=False):
        pooled, pairs, years = own, 1, abs(comparison.new.year - comparison.old.year)
        if through:
            pooled, pairs, years = _pool([comparison.old, *through, comparison.new], str(grouping)) or (own, 1, years)
        for weight in ("areas", "residents"):
            one = measure_mobility(pooled, weight, years=years, pairs=pairs)
            numbers = zip(one.groups, one.persistence, one.years_in_group, one.steady_state, strict=True)
            rows += [(grouping, weight, *of_group, one.mobility, pairs) for of_group in numbers]
    columns = ["grouping", "weight", "group", "persistence", "years_in_group", "steady_state", "mobility", "pairs"]
    return pd.DataFrame(rows, columns=columns).assign(synthetic=comparison.summary["synthetic"])


def _pool(releases: Sequence[Release], grouping: str) -> tuple[pd.DataFrame, int, int] | None:
    """Sum the transitions of neighbouring years; with how many pairs, and years between them.

    None where a release lacks the grouping, or the years are not equally far apart: no one chain describes them.
    """
    ordered = sorted(releases, key=lambda one: one.year)
    gaps = {later.year - earlier.year for earlier, later in pairwise(ordered)}
    if len(gaps) != 1 or not all(grouping in one.areas for one in ordered):
        return None
    parts = []
    for earlier, later in pairwise(ordered):
        shared = earlier.areas.index.intersection(later.areas.index)
        residents = later.areas[c.POPULATION].astype("Float64").astype(float).reindex(shared)
        old, new = (one.areas[grouping].reindex(shared) for one in (earlier, later))
        parts.append(transition_table(old, new, residents))
    summed = pd.concat(parts).groupby(["old", "new"], dropna=False, as_index=False)[[c.AREAS, c.RESIDENTS]].sum()
    return summed, len(parts), gaps.pop()
