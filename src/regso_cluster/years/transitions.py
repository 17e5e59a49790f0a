"""Who moved between groups: tables of transitions, mobility, flows over several years, drift of distributions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import ks_2samp, wasserstein_distance

from regso_cluster.schema import columns as c

Array = npt.NDArray[np.float64]
LEAST_PAIRS = 4  # of years: transitions of fewer do not tell how long areas stay, nor where the shares settle
_MOVES = ("entered", "left", "stayed")


def transition_table(old: pd.Series, new: pd.Series, residents: pd.Series | None = None) -> pd.DataFrame:
    """Count the transitions between the groups of two years.

    Parameters
    ----------
    old, new : (n_areas,) groups, <NA> where none or undecided; the same areas in the same order
    residents : (n_areas,) NaN counts as 0

    Returns
    -------
    a row a pair of groups that occurs: old, new (Int64, <NA> last), areas, residents
    """
    frame = pd.DataFrame({"old": old.astype("Int64").array, "new": new.astype("Int64").array})
    frame[c.RESIDENTS] = 0.0 if residents is None else residents.fillna(0).to_numpy(np.float64)
    found = frame.groupby(["old", "new"], dropna=False, sort=True).agg(
        areas=("old", "size"), residents=("residents", "sum")
    )
    return found.reset_index().sort_values(["old", "new"], na_position="last", ignore_index=True)


def list_moves(old: pd.Series, new: pd.Series) -> pd.DataFrame:
    """List who entered, left and stayed in each group.

    Returns
    -------
    a row an area and group: group, area, move ("entered", "left", "stayed"), other: the group it came from or went to
    """
    before, now = old.astype("Int64"), new.astype("Int64")
    same = before.eq(now).fillna(False).to_numpy(bool)
    parts = []
    for move, group, other, rows in (
        ("stayed", now, before, same),
        ("entered", now, before, ~same & now.notna().to_numpy()),
        ("left", before, now, ~same & before.notna().to_numpy()),
    ):
        columns = {"group": group.array[rows], "area": group.index[rows], "move": move, "other": other.array[rows]}
        parts.append(pd.DataFrame(columns))  # by number: own areas have an index that is called "area" too
    return pd.concat(parts).sort_values([c.GROUP, "move", c.AREA], ignore_index=True)


def count_by_place(lists: pd.DataFrame, places: pd.DataFrame, residents: pd.Series) -> pd.DataFrame:
    """Count who entered, left and stayed in each group, by kommun and by län.

    Parameters
    ----------
    lists : from `list_moves`
    places : by area: kommun, kommun_name, lan, lan_name; areas without a kommun are left out
    residents : by area, NaN counts as 0

    Returns
    -------
    a row a level ("kommun", "lan"), place and group that has areas in either year: level, code, name, group, before and
    after (areas), entered, left, stayed, residents_entered, residents_left, residents_stayed
    """
    known = lists.join(places, on=c.AREA).assign(residents=lists[c.AREA].map(residents).fillna(0.0).to_numpy())
    parts = []
    for level in ("kommun", "lan"):
        own = known[known[level].notna()].rename(columns={level: "code", f"{level}_name": c.NAME})
        counts = own.groupby(["code", c.NAME, c.GROUP, "move"])[c.RESIDENTS].agg(["size", "sum"]).unstack("move")
        columns = {}
        for move in _MOVES:
            for measure, column in (("size", move), ("sum", f"residents_{move}")):
                found = counts.get((measure, move), pd.Series(0.0, counts.index))
                columns[column] = found.fillna(0).astype(int if measure == "size" else float)
        parts.append(pd.DataFrame(columns, index=counts.index).reset_index().assign(level=level))
    table = pd.concat(parts, ignore_index=True)
    table["before"], table["after"] = table["left"] + table["stayed"], table["entered"] + table["stayed"]
    order = ["level", "code", "name", "group", "before", "after", *_MOVES, *[f"residents_{move}" for move in _MOVES]]
    return table[order]


@dataclass(frozen=True)
class Mobility:
    """A transition matrix read as a Markov chain.

    Parameters
    ----------
    groups : (k,)
    probabilities : (k, k) share of each group (row) that is in each group (column) in the later year; NaN for an empty
        row
    persistence : (k,) the diagonal
    years_in_group : (k,) expected years until an area leaves, years between the two / (1 - persistence); inf where none
        leaves, NaN between two releases of one year and for fewer than `LEAST_PAIRS` pairs of years
    mobility : (k - trace) / (k - 1): 0 nobody moves, 1 as if groups were drawn anew
    steady_state : (k,) shares that the same transitions would lead to; NaN where the chain has none or several, and
        for fewer than `LEAST_PAIRS` pairs of years
    """

    groups: tuple[int, ...]
    probabilities: Array
    persistence: Array
    years_in_group: Array
    mobility: float
    steady_state: Array


def measure_mobility(
    table: pd.DataFrame, weight: str = "areas", *, years: int = 1, pairs: int = LEAST_PAIRS
) -> Mobility:
    """Measure persistence and mobility from a table of transitions.

    Parameters
    ----------
    table : from `transition_table`; rows with <NA> are left out
    weight : "areas" or "residents"
    years : between the two
    pairs : of years that the transitions are counted over

    Notes
    -----
    Prais, S. J. (1955), "Measuring social mobility", JRSS A 118; Shorrocks, A. F. (1978), "The measurement of
    mobility", Econometrica 46, section 3.
    """
    known = table.dropna(subset=["old", "new"])
    groups = tuple(sorted({*known["old"].astype(int), *known["new"].astype(int)}))
    counts = np.zeros((len(groups), len(groups)))
    at = {group: position for position, group in enumerate(groups)}
    for old, new, count in known[["old", "new", weight]].itertuples(index=False):
        counts[at[int(old)], at[int(new)]] += float(count)
    totals = counts.sum(axis=1, keepdims=True)
    probabilities = np.divide(counts, totals, out=np.full_like(counts, np.nan), where=totals > 0)
    persistence = np.diag(probabilities).copy()
    enough = pairs >= LEAST_PAIRS
    with np.errstate(divide="ignore"):
        in_group = years / (1 - persistence) if years and enough else np.full_like(persistence, np.nan)
    k = len(groups)
    mobility = float((k - persistence.sum()) / (k - 1)) if k > 1 else 0.0
    steady = _steady_state(probabilities) if enough else np.full_like(persistence, np.nan)
    return Mobility(groups, probabilities, persistence, in_group, mobility, steady)


def _steady_state(probabilities: Array) -> Array:
    """Solve p P = p, sum p = 1, where that has one solution."""
    size = len(probabilities)
    nowhere = np.full(size, np.nan)
    if size == 0 or np.isnan(probabilities).any():
        return nowhere
    equations = np.vstack([probabilities.T - np.eye(size), np.ones(size)])
    if np.linalg.matrix_rank(equations) < size:
        return nowhere
    shares: Array = np.linalg.lstsq(equations, np.append(np.zeros(size), 1.0), rcond=None)[0]
    return np.clip(shares, 0.0, 1.0)  # rounding may leave -1e-17


def count_flows(groups: Mapping[int, pd.Series], residents: pd.Series | None = None) -> pd.DataFrame:
    """Count the paths of areas through the groups of several years.

    Parameters
    ----------
    groups : by year, groups by area; an area that a year lacks is <NA> there
    residents : by area

    Returns
    -------
    a row a path that occurs, most areas first: a column a year (Int64), areas, residents, moves (changes on the way)
    """
    years = sorted(groups)
    frame = pd.DataFrame({str(year): groups[year].astype("Int64") for year in years})
    columns = list(frame.columns)
    weights = 0.0 if residents is None else residents.reindex(frame.index).fillna(0).to_numpy(np.float64)
    found = frame.assign(residents=weights).groupby(columns, dropna=False).agg(
        areas=("residents", "size"), residents=("residents", "sum")
    ).reset_index()  # fmt: skip
    filled = found[columns].fillna(0).to_numpy(np.int64)
    found["moves"] = (np.diff(filled, axis=1) != 0).sum(axis=1)
    return found.sort_values([c.AREAS, *columns], ascending=[False, *[True] * len(columns)], ignore_index=True)


def measure_drift(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Measure how the distribution of each factor moved between two years, over the areas observed in both.

    Parameters
    ----------
    old, new : (n_areas, n_factors) in the unit of each factor, NaN where not observed; the same areas and factors

    Returns
    -------
    a row a factor: areas (observed in both), lost and gained (observed in the first or second year only), mean, sd and
    median of both years, wasserstein (mean shift of the sorted values, in the unit), ks (largest difference of the
    cumulative shares), correlation (of the areas between the years)
    """
    rows = []
    for factor in old.columns:
        both = (old[factor].notna() & new[factor].notna()).to_numpy()
        before, now = old[factor].to_numpy(np.float64)[both], new[factor].to_numpy(np.float64)[both]
        row: dict[str, object] = {"factor": factor, "areas": int(both.sum())}
        row["lost"] = int((old[factor].notna().to_numpy() & ~both).sum())
        row["gained"] = int((new[factor].notna().to_numpy() & ~both).sum())
        for name, measure in (("mean", np.mean), ("sd", np.std), ("median", np.median)):
            for when, values in (("old", before), ("new", now)):
                row[f"{name}_{when}"] = float(measure(values)) if both.any() else np.nan
        row["wasserstein"] = float(wasserstein_distance(before, now)) if both.any() else np.nan
        row["ks"] = float(ks_2samp(before, now, method="asymp").statistic) if both.any() else np.nan
        spread = both.sum() > 1 and before.std() > 0 and now.std() > 0
        row["correlation"] = float(np.corrcoef(before, now)[0, 1]) if spread else np.nan
        rows.append(row)
    return pd.DataFrame(rows)
