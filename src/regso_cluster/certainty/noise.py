"""The noise of counts, carried through to the rank of the index and the cluster.

A rate of 12 in 60 could as well have been 10 or 15. Every count is drawn anew from what the observed counts allow
(Jeffreys posteriors, area by area, no shrinkage), judged by the same yardstick, and the draws are counted. What this
leaves out: errors of registers, factors without counts (taken as exact), and the choice of the method itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.factors.scales import apply_scale
from regso_cluster.factors.tables import FactorTable
from regso_cluster.grouping.composite import composite_index, worst_rank
from regso_cluster.grouping.typology import nearest_clusters
from regso_cluster.method import UNIT_FACTOR, Certainty, Method, Yardstick

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sureness:
    """How sure ranks and clusters are, given the noise of the counts.

    Parameters
    ----------
    rank_low, rank_high : (n_areas,) Int64, the interval of the index rank; <NA> where there is no index
    cluster_probability : (n_areas,) share of draws in which the area falls into its cluster; NaN where it has none
    noisy : keys of the factors that were drawn; the others were taken as exact
    """

    rank_low: pd.Series
    rank_high: pd.Series
    cluster_probability: pd.Series
    noisy: tuple[str, ...]


def draw_values(table: FactorTable, method: Method, generator: np.random.Generator) -> pd.DataFrame:
    """Draw every rate once from its Jeffreys posterior; factors without counts keep their value.

    Shares: Beta(n + 1/2, d - n + 1/2). Events per 1,000: Gamma(n + 1/2) / d. A factor of the kommun is drawn once for
    each kommun: its areas share the count, and so its noise.

    Returns
    -------
    (n_areas, n_factors) in the unit of each factor; NaN where not observed

    Notes
    -----
    Brown, Cai and DasGupta (2001), "Interval estimation for a binomial proportion", Statistical Science 16, section 3.
    """
    drawn = table.value.copy()
    for factor in method.factors:
        if factor.value:
            continue
        seen = table.value[factor.key].notna()
        unit = table.areas["kommun"] if factor.level == "kommun" and table.edition else table.areas.index.to_series()
        _, drawn_for = np.unique(unit[seen].to_numpy(str), return_inverse=True)
        first = np.unique(drawn_for, return_index=True)[1]
        numerator = table.numerator[factor.key][seen].to_numpy(np.float64)[first]
        denominator = table.denominator[factor.key][seen].to_numpy(np.float64)[first]
        if factor.unit == "per 1000":
            rates = generator.gamma(numerator + 0.5) / denominator
        else:
            rates = generator.beta(numerator + 0.5, denominator - numerator + 0.5)
        drawn.loc[seen, factor.key] = UNIT_FACTOR[factor.unit] * rates[drawn_for]
    return drawn


def measure_sureness(
    table: FactorTable,
    used: pd.DataFrame,
    areas: pd.DataFrame,
    method: Method,
    yardstick: Yardstick,
    generator: np.random.Generator,
) -> Sureness | None:
    """Carry the noise of the counts through the index and the clusters; None where no factor has counts.

    Parameters
    ----------
    table : counts and values
    used : (n_areas, n_factors) the values that were classified, NaN where an area or factor was left out
    areas : the classified areas: index, cluster
    method, yardstick : as they gave `areas`
    generator : draws
    """
    certainty = method.certainty
    noisy = tuple(factor.key for factor in method.factors if not factor.value)
    if certainty is None or method.index is None or not noisy:
        return None
    signs = np.array([factor.sign for factor in method.factors])
    centres = np.array(yardstick.centres)
    ranks = np.full((certainty.draws, len(areas)), np.nan, dtype=np.float32)
    same = np.zeros(len(areas))
    for number in range(certainty.draws):
        drawn = draw_values(table, method, generator).where(used.notna())
        scores = apply_scale(drawn, method.index.scale, signs, yardstick.scales["index"])
        ranks[number] = worst_rank(composite_index(scores, method.index, method.factors)["index"]).to_numpy(
            np.float32, na_value=np.nan
        )
        if method.clusters:
            scores = apply_scale(drawn, method.clusters.scale, signs, yardstick.scales["clusters"])
            drawn_cluster, _ = nearest_clusters(scores.to_numpy(), centres, yardstick.cluster_numbers)
            same += drawn_cluster == areas["cluster"].fillna(0).to_numpy(np.int64)
    probability = pd.Series(np.nan, index=areas.index)
    if method.clusters:
        probability = pd.Series(same / certainty.draws, index=areas.index).mask(areas["cluster"].isna().to_numpy(bool))
    low, high = _interval(ranks, certainty)
    # where counts are 0 the draws lie to one side; an interval that leaves out the rank itself would mislead
    low, high = (_widen(end, areas["index_rank"], pick) for end, pick in ((low, np.minimum), (high, np.maximum)))
    return Sureness(pd.Series(low, areas.index), pd.Series(high, areas.index), probability, noisy)


def _widen(end: pd.arrays.IntegerArray, rank: pd.Series, pick: np.ufunc) -> pd.arrays.IntegerArray:
    known = ~pd.isna(end)
    widened = end.copy()
    widened[known] = pick(end[known].to_numpy(np.int64), rank.to_numpy(np.float64, na_value=0)[known].astype(np.int64))
    return widened


def _interval(
    ranks: npt.NDArray[np.float32], certainty: Certainty
) -> tuple[pd.arrays.IntegerArray, pd.arrays.IntegerArray]:
    """Quantiles of the drawn ranks that are themselves ranks: the interval is never narrower than stated."""
    tail = (1 - certainty.level) / 2
    has = ~np.isnan(ranks[0])
    ends = []
    outward: tuple[tuple[float, Literal["lower", "higher"]], ...] = ((tail, "lower"), (1 - tail, "higher"))
    for quantile, side in outward:
        end = pd.array(np.zeros(ranks.shape[1], np.int64), dtype="Int64")
        end[has] = np.quantile(ranks[:, has], quantile, axis=0, method=side).astype(np.int64)
        end[~has] = pd.NA
        ends.append(end)
    return ends[0], ends[1]
