"""Attack what was published: read it, undo its rates, use its labels, subtract from sums, and count what comes out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.errors import Fault, InputError
from regso_cluster.intruder.claims import RESIDENTS, collect_claims, find_sentences, list_factors, settle
from regso_cluster.intruder.labels import numerators_on, read_sides
from regso_cluster.intruder.reading import Evidence, read_evidence
from regso_cluster.intruder.system import Riddle, solve

KEY = ["year", "area", "factor"]
_REPEATS = 0.999  # of the figures: a table that repeats another year's in so many repeats it in all


@dataclass(frozen=True)
class Findings:
    """What an attack found.

    Parameters
    ----------
    read : figures under the rule that are read, or follow from a rate: year, area, factor, n, d
    sentences : that name persons of a small denominator
    worked_out : figures under the rule that follow from sums and labels
    intervals : of every figure that is not read, and of whose denominator something is known: low, high of the
        numerator, d
    files : how many files were read
    """

    read: pd.DataFrame
    sentences: pd.DataFrame
    worked_out: pd.DataFrame
    intervals: pd.DataFrame
    files: int

    @property
    def breaches(self) -> int:
        """How many figures under the rule were found."""
        return len(self.read) + len(self.sentences) + len(self.worked_out)


def attack(
    paths: Iterable[str | Path], known: pd.DataFrame | None = None, *, denominator: int = 20, least: int = 5
) -> Findings:
    """Find figures under the rule in published files.

    Parameters
    ----------
    paths : files and folders
    known : what the intruder has from elsewhere, a row a figure: `year`, `factor`, `code` (of an area, or what the
        codes of a sum's areas begin with: a kommun, a län, "" for the country), `n`, `d`; NaN where not known. A row of
        an area with n is what an insider knows
    denominator, least : the rule: at most so many in the denominator, or with or without the attribute

    Returns
    -------
    Findings
    """
    evidence = read_evidence(paths)
    factors = list_factors(evidence)
    claims = collect_claims(evidence)
    seen = settle(claims, factors)
    small = _under(seen["n"], seen["d"], denominator, least)
    alone = seen["n"].isna() & (seen["d"] > 0) & (seen["d"] <= denominator)
    few = seen["d"].isna() & seen["n"].notna() & (seen["n"] <= least)
    sentences = find_sentences(evidence)
    sentences = sentences[(sentences["denominator"] > 0) & (sentences["denominator"] <= denominator)]
    intervals = _work_out(evidence, seen, known, factors)
    out = (intervals["low"] == intervals["high"]) | (intervals["high"] <= least)
    out |= intervals["d"] - intervals["low"] <= least
    out &= (intervals["d"] > denominator) | (intervals["low"] == intervals["high"])
    certain = _under(intervals["low"], intervals["d"], denominator, least)
    certain &= _under(intervals["high"], intervals["d"], denominator, least)
    return Findings(
        seen[small | alone | few], sentences, intervals[out & certain].reset_index(drop=True), intervals,
        len(evidence.texts),
    )  # fmt: skip


def _under(n: pd.Series, d: pd.Series, denominator: int, least: int) -> pd.Series:
    return (d > 0) & n.notna() & ((d <= denominator) | (n <= least) | (d - n <= least))


def _work_out(
    evidence: Evidence, seen: pd.DataFrame, known: pd.DataFrame | None, factors: dict[str, dict[str, Any]]
) -> pd.DataFrame:
    """Bound every numerator that is not read, by its denominator, its labels, its twins and the sums it stands in."""
    table = _grid(seen, factors)
    sums = pd.DataFrame(columns=["year", "factor", "code", "n", "d"])
    if known is not None:
        own = known["code"].isin(set(table["area"]))
        table = _fill(table, known[own].rename(columns={"code": "area"}))
        sums = known[~own]
    given = table["n"].isna()
    table = _fill(table, _repeat(table))
    table = _share_denominators(table)
    carried = table[table["n"].notna() & given & table["d"].notna()]
    open_ = table["n"].isna() & table["d"].notna()
    unknown = table[open_].reset_index(drop=True)
    low, high = np.zeros(len(unknown)), unknown["d"].to_numpy(np.float64).copy()
    _use_labels(evidence, unknown, low, high)
    equations, right = _equations(table, unknown, sums)
    low, high = solve(Riddle(low, high, equations, right))
    bounded = unknown[[*KEY, "d"]].assign(low=low, high=high)
    return pd.concat([carried[[*KEY, "d"]].assign(low=carried["n"], high=carried["n"]), bounded], ignore_index=True)


def _grid(seen: pd.DataFrame, factors: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """Give a row for every area and factor of each year, read or not."""
    own = seen[seen["year"] > 0]
    places = own[["year", "area"]].drop_duplicates()
    grid = places.merge(pd.DataFrame({"factor": list(factors)}), how="cross")
    return grid.merge(own, on=KEY, how="left").sort_values(KEY).reset_index(drop=True)


def _fill(table: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
    """Put figures in where there are none."""
    if more.empty:
        return table
    added = table[KEY].merge(more[[*KEY, "n", "d"]].drop_duplicates(KEY), on=KEY, how="left")
    return table.assign(n=table["n"].fillna(added["n"]), d=table["d"].fillna(added["d"]))


def _repeat(table: pd.DataFrame) -> pd.DataFrame:
    """Carry figures from year to year where a factor repeats them, as turnout between two elections."""
    found = []
    for factor, own in table.groupby("factor"):
        years = sorted(own["year"].unique())
        wide = own.pivot(index="area", columns="year", values=["n", "d"])
        for one in years:
            for other in years:
                both = wide["n"][one].notna() & wide["n"][other].notna()
                same = (wide["n"][one] == wide["n"][other]) & (wide["d"][one] == wide["d"][other])
                if one != other and both.sum() > 1 and same[both].mean() >= _REPEATS:
                    carried = pd.DataFrame({"n": wide["n"][one], "d": wide["d"][one]}).dropna().reset_index()
                    found.append(carried.assign(year=other, factor=factor))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=[*KEY, "n", "d"])


def _share_denominators(table: pd.DataFrame) -> pd.DataFrame:
    """Take the denominator of one factor for another where all that are read agree, as of persons of one age."""
    wide = table.pivot(index=["year", "area"], columns="factor", values="d")
    filled = wide.copy()
    for one in wide:
        for other in wide:
            both = wide[one].notna() & wide[other].notna()
            if one != other and both.sum() > 1 and (wide[one] == wide[other])[both].mean() >= _REPEATS:
                filled[one] = filled[one].fillna(wide[other])
    long = filled.reset_index().melt(["year", "area"], value_name="d").dropna(subset=["d"])
    return _fill(table, long.assign(n=np.nan))


def _use_labels(
    evidence: Evidence, unknown: pd.DataFrame, low: npt.NDArray[np.float64], high: npt.NDArray[np.float64]
) -> None:
    """Narrow, in place, the numerators of which a label tells the side of the limit."""
    sides = read_sides(evidence)
    for row, (year, area, factor, d) in enumerate(unknown[[*KEY, "d"]].itertuples(index=False)):
        side = sides.get((int(year), str(area), str(factor)))
        limits = evidence.methods.get(int(year), {}).get("measured", {}).get("limits", {})
        if side is None or factor not in limits or d < 1:
            continue
        described = next(one for one in evidence.methods[int(year)]["factors"] if one["key"] == factor)
        fits = numerators_on(side, described, float(limits[factor]), int(d))
        if len(fits):
            low[row], high[row] = max(low[row], fits[0]), min(high[row], fits[-1])


def _equations(
    table: pd.DataFrame, unknown: pd.DataFrame, sums: pd.DataFrame
) -> tuple[list[npt.NDArray[np.int64]], npt.NDArray[np.float64]]:
    """Subtract what is read from each sum: what is left is the sum of the unknown."""
    found, right = [], []
    rows_of = unknown.groupby(["year", "factor"]).indices
    table_of = table.groupby(["year", "factor"]).indices
    unknown_areas = unknown["area"].astype(str)
    for year, factor, code, total in sums[["year", "factor", "code", "n"]].itertuples(index=False):
        if pd.isna(total) or (year, factor) not in rows_of:
            continue
        inside = unknown_areas.iloc[rows_of[year, factor]].str.startswith(str(code)).to_numpy(bool)
        own = np.asarray(rows_of[year, factor], np.int64)[inside]
        part = table.iloc[table_of[year, factor]]
        part = part[part["area"].astype(str).str.startswith(str(code))]
        if len(own) == 0 or (part["n"].isna() & part["d"].isna()).any():
            continue  # a figure of which nothing is known may be anything
        found.append(own)
        right.append(float(total) - float(part["n"].sum()))
    return found, np.array(right, np.float64)


def count_by_factor(found: pd.DataFrame) -> dict[str, int]:
    """Count findings by factor; residents are called so."""
    counted = found["factor"].replace(RESIDENTS, "residents").value_counts()
    return {str(name): int(number) for name, number in counted.items()}


def read_known(path: str | Path) -> pd.DataFrame:
    """Read what an intruder has from elsewhere, as a CSV table.

    Raises
    ------
    InputError  columns that are missing
    """
    table = pd.read_csv(path, dtype={"code": str, "factor": str}, keep_default_na=True)
    missing = [name for name in ("year", "factor", "code", "n", "d") if name not in table]
    if missing:
        hint = "A row a figure: year, factor, code, n and d; empty where it is not known."
        raise InputError([Fault("a column is missing", str(path), name, hint=hint) for name in missing])
    return table.assign(code=table["code"].fillna(""))
