"""Which factors carried an area from one cluster to another, and how many persons stand behind.

An area lies in the cluster of the nearest centre. Its *lead* is the squared distance to the old centre less that to the
new one, in the scale of the clusters: below 0 it lies nearer the old centre, above 0 nearer the new one. Squared
distances are sums over factors, so that the change of the lead is a sum over factors too, and each factor's part is its
own. It has two parts, in the order of the steps that find causes: *figures*, the new figures on the earlier year's
scale and centres; then *yardstick*, the later year's scale and centres under the new figures.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.factors.rates import rate
from regso_cluster.factors.scales import Parameters
from regso_cluster.judging.case import scale_factors
from regso_cluster.method import Factor, Scale, Text
from regso_cluster.schema import columns as c
from regso_cluster.words.phrases import phrase
from regso_cluster.years.change import say_change, say_persons

Array = npt.NDArray[np.float64]
OF_FIGURES = ("borders", "coverage", "data")  # causes that are changes of figures; the others are of the yardstick
COLUMNS = ("area", "old", "new", "cause", "part", "factor", "unit", "old_value", "new_value", "share", "denominator",
           "persons", "text_sv", "text_en")  # fmt: skip


@dataclass(frozen=True)
class Space:
    """The scaled space of one year's clusters.

    Parameters
    ----------
    factors : in the order of the columns
    scale : how values are scaled
    parameters : what was measured for it
    centres : by number, (n_factors,) each
    """

    factors: tuple[Factor, ...]
    scale: Scale
    parameters: Parameters
    centres: dict[int, Array]

    def centre(self, number: int) -> Array:
        """Give the centre of a cluster; NaN where this year has none of that number."""
        return self.centres.get(number, np.full(len(self.factors), np.nan))

    def scores(self, values: pd.DataFrame) -> Array:
        """Scale values, (n, n_factors) in original units; NaN stays NaN."""
        return scale_factors(values, self.scale, self.factors, self.parameters).to_numpy(np.float64)

    def leads(self, values: pd.DataFrame, old: Iterable[int], new: Iterable[int]) -> Array:
        """Give each factor's part of the lead of each area, (n, n_factors); 0 where it is not observed.

        NaN throughout for an area of which one of the two clusters has no centre in this year.
        """
        first, second = (np.array([self.centre(number) for number in numbers]) for numbers in (old, new))
        X = self.scores(values)
        parts = np.where(np.isnan(X), 0.0, (X - first) ** 2 - (X - second) ** 2)
        parts[np.isnan(first).any(axis=1) | np.isnan(second).any(axis=1)] = np.nan
        given: Array = parts
        return given


@dataclass(frozen=True)
class Figures:
    """The figures of both years, (n_areas, n_factors).

    Parameters
    ----------
    old, new : values in original units, NaN where not observed
    numerator, denominator : counts of the later year
    """

    old: pd.DataFrame
    new: pd.DataFrame
    numerator: pd.DataFrame
    denominator: pd.DataFrame


def explain_clusters(moves: pd.DataFrame, before: Space | None, now: Space, figures: Figures) -> pd.DataFrame:
    """Name the factors whose change carried each area from one cluster to another.

    Of the factors, largest part first, as many are named as would have left the area nearer its old centre, had they
    not changed. Where a cluster has a centre in one year only, both figures are placed in that year's space.

    Parameters
    ----------
    moves : (n_moves,) by area: old and new cluster, cause
    before : of the earlier year; None where its clusters are of other factors or another scale
    now : of the later year
    figures : of both years

    Returns
    -------
    a row a move and factor: area, old, new, cause, part ("figures" or "yardstick"), factor, unit, old_value,
    new_value, share (of what the factors that went this way moved the lead), denominator, persons (the least change of
    this numerator that would have left the area nearer its old centre in the later year; <NA> where none would),
    text_sv, text_en. Areas that came from or went to no cluster, and those whose two clusters are never of one year,
    have no row
    """
    known = moves[moves["old"].notna() & moves["new"].notna()].astype({"old": int, "new": int})
    if known.empty:
        return _typed(pd.DataFrame(columns=list(COLUMNS)))
    old, new = known["old"], known["new"]
    values = [
        frame.reindex(known.index)[[factor.key for factor in now.factors]] for frame in (figures.old, figures.new)
    ]
    late = [now.leads(part, old, new) for part in values]
    early = [before.leads(part, old, new) for part in values] if before else [np.full_like(one, np.nan) for one in late]
    in_both = ~np.isnan(early[1]).any(axis=1) & ~np.isnan(late[1]).any(axis=1)
    # a cluster of one year alone: there is one space to place both figures in, and no other to compare it with
    first, last = (np.where(np.isnan(one), other, one) for one, other in zip(early, late, strict=True))
    of_figures = known["cause"].isin(OF_FIGURES).to_numpy() | ~in_both
    part = np.where(of_figures[:, None], last - first, late[1] - early[1])
    end = np.where(of_figures, last.sum(axis=1), late[1].sum(axis=1))
    rows = [
        (row, at, part[row, at] / part[row][part[row] > 0].sum(), bool(of_figures[row]))
        for row in np.flatnonzero(~np.isnan(end))
        for at in _carriers(part[row], float(end[row]))
    ]
    return _tabulate(known, rows, now, values, figures)


def _carriers(part: Array, end: float) -> list[int]:
    """Take the factors that moved the lead most, until the area would have stayed without them; ties to the first."""
    order = [int(at) for at in np.argsort(-part, kind="stable") if part[at] > 0]
    left, taken = end, []
    for at in order:
        taken.append(at)
        left -= part[at]
        if left <= 0:
            break
    return taken


def _tabulate(
    known: pd.DataFrame, rows: list[tuple[Any, ...]], now: Space, values: list[pd.DataFrame], figures: Figures
) -> pd.DataFrame:
    """Write a row a move and factor, with persons and a sentence."""
    found = pd.DataFrame(rows, columns=["row", "at", "share", "of_figures"])
    table: pd.DataFrame = known.iloc[found["row"].to_numpy(int)][["old", "new", "cause"]]
    table = table.rename_axis(c.AREA).reset_index()
    table["part"] = np.where(found["of_figures"].astype(bool), "figures", "yardstick")
    table[c.FACTOR] = [now.factors[at].key for at in found["at"]]
    table[c.UNIT] = [now.factors[at].unit for at in found["at"]]
    for column, frame in zip(("old_value", "new_value"), values, strict=True):
        table[column] = frame.to_numpy(np.float64)[found["row"].to_numpy(int), found["at"].to_numpy(int)]
    table["share"] = found["share"]
    places = zip(table[c.AREA], table[c.FACTOR], strict=True)
    table[c.DENOMINATOR] = [figures.denominator[key].get(area, np.nan) for area, key in places]
    table["persons"] = pd.array([pd.NA] * len(table), dtype="Int64")
    for at, factor in enumerate(now.factors):
        own = (table[c.FACTOR] == factor.key).to_numpy()
        if own.any() and not factor.value:
            table.loc[own, "persons"] = _persons(table[own], at, now, values[1], figures).array
    said = [_say(now.factors[at], row) for at, row in zip(found["at"], table.itertuples(index=False), strict=True)]
    return _typed(table.assign(text_sv=[text.sv for text in said], text_en=[text.en for text in said]))


def _persons(own: pd.DataFrame, at: int, now: Space, values: pd.DataFrame, figures: Figures) -> pd.Series:
    """Find the least change of one numerator that leaves each area nearer its old centre, by halving.

    The lead rises or falls with the factor throughout, since the scale is monotone: one way only is to be searched.
    """
    factor, areas = now.factors[at], own[c.AREA]
    n, d = (frame[factor.key].reindex(areas).to_numpy(np.float64) for frame in (figures.numerator, figures.denominator))
    old, new = (np.array([now.centre(number)[at] for number in own[side]]) for side in ("old", "new"))
    up = factor.sign * (new - old) < 0  # the old centre lies at higher values
    base = values.loc[areas]
    top = np.where(factor.unit == "per 1000", 1000 * d, d)

    def stays(trial: Array) -> npt.NDArray[np.bool_]:
        changed = base.copy()
        changed[factor.key] = rate(pd.Series(trial), pd.Series(d), factor.unit).to_numpy()
        lead = now.leads(changed, own["old"], own["new"]).sum(axis=1)
        kept: npt.NDArray[np.bool_] = (lead < 0) | ((lead == 0) & (own["old"] < own["new"]).to_numpy())
        return kept

    far = np.where(up, top, 0.0)
    possible = stays(far) & ~stays(n) & ~np.isnan(n + d)
    near, far = np.where(possible, n, 0.0), np.where(possible, far, 1.0)
    while (np.abs(far - near) > 1).any():
        middle = np.where(np.abs(far - near) > 1, np.trunc((near + far) / 2), far)
        kept = stays(middle)
        near, far = np.where(kept, near, middle), np.where(kept, middle, far)
    return pd.Series(np.where(possible, far - n, np.nan), own.index).astype("Int64")


def _say(factor: Factor, row: Any) -> Text:
    said = say_change(factor, row.old_value, row.new_value)
    if row.part == "yardstick":
        said = phrase("yardstick_moved", said=said)
    if not pd.isna(row.persons):
        persons = say_persons(factor, int(row.persons), int(row.denominator))
        said = phrase("kept_nearer", said=said, persons=persons, cluster=row.old)
    return said


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    numbers = dict.fromkeys(("old_value", "new_value", "share", "denominator"), float)
    kinds = numbers | {"old": "Int64", "new": "Int64", "persons": "Int64"}
    return table[list(COLUMNS)].astype(kinds).sort_values([c.AREA, "share"], ascending=[True, False], kind="stable",
                                                          ignore_index=True)  # fmt: skip
