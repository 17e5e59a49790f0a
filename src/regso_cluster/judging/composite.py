"""The index: the continuous composite score over scaled factors, with its rank and its themes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from regso_cluster.method import Factor, Index
from regso_cluster.schema import columns as c


def composite_index(scores: pd.DataFrame, index: Index, factors: tuple[Factor, ...]) -> pd.DataFrame:
    """Join scaled factors into the index, and into the score of each theme.

    Parameters
    ----------
    scores : (n_areas, n_factors), scaled, high is worse, NaN where not observed
    index : how the factors are joined, and its themes
    factors : their weights

    Returns
    -------
    index : (n_areas,), high is worse; NaN where fewer than `min_factors` are observed
    index_rank : Int64, 1 is the worst area, ties share the lowest number
    index_percent_rank : (rank from the best - 1) / (n - 1): 0 the best, 1 the worst
    <theme>_index, <theme>_rank, <theme>_percent_rank : the same for the factors of each theme
    """
    weights = pd.Series({factor.key: factor.weight for factor in factors})
    joined = join_scores(scores, weights, index)
    columns = {c.INDEX: joined, c.INDEX_RANK: worst_rank(joined), c.INDEX_PERCENT_RANK: percent_rank(joined)}
    for theme in index.themes:
        keys = list(theme.factors)
        part = join_scores(scores[keys], weights[keys], index)
        columns |= {c.index_of(theme.key): part, c.rank_of(theme.key): worst_rank(part)}
        columns[c.percent_rank_of(theme.key)] = percent_rank(part)
    return pd.DataFrame(columns)


def join_scores(scores: pd.DataFrame, weights: pd.Series, index: Index) -> pd.Series:
    """Join scaled factors into one score.

    Parameters
    ----------
    scores : (n_areas, n_factors), high is worse, NaN where not observed
    weights : (n_factors,) by factor
    index : mean or sum, how many must be observed, decimals

    Returns
    -------
    (n_areas,), high is worse; NaN where too few are observed
    """
    values, weight = scores.to_numpy(np.float64), weights.to_numpy(np.float64)
    seen = ~np.isnan(values)
    total = (np.where(seen, values, 0.0) * weight).sum(axis=1)
    if index.aggregation == "mean":
        with np.errstate(invalid="ignore"):
            total = total / (seen * weight).sum(axis=1)
    enough = seen.sum(axis=1) >= min(index.min_factors or len(weights), len(weights))
    joined = pd.Series(np.where(enough, total, np.nan), index=scores.index)
    return joined if index.decimals is None else joined.round(index.decimals)


def worst_rank(values: pd.Series) -> pd.Series:
    """Rank from the worst (highest) value, 1; ties share the lowest number; <NA> where missing."""
    return values.rank(method="min", ascending=False).astype("Int64")


def percent_rank(values: pd.Series) -> pd.Series:
    """(rank from the lowest - 1) / (n - 1), ties share the lowest rank; NaN where missing or n is 1."""
    return (values.rank(method="min") - 1) / (values.notna().sum() - 1 or np.nan)
