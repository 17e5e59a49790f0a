"""Distinct rows in an order of their own: results must not depend on order or repetition of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from regso_cluster.grouping.metrics import Metric, prepare_metric, shrunk_covariance


@dataclass(frozen=True)
class DistinctRows:
    """The distinct rows with weight, sorted by their values.

    Parameters
    ----------
    values : (n_distinct, n_factors)
    weights : (n_distinct,) > 0, summed over equal rows
    member : (n,) int64, which distinct row each row of the table is; -1 for a row of weight 0
    """

    values: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]
    member: npt.NDArray[np.int64]


def distinct_rows(values: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> DistinctRows:
    """Merge equal rows (NaN equals NaN) and leave out rows of weight 0.

    Parameters
    ----------
    values : (n, n_factors), NaN where missing
    weights : (n,) >= 0

    Returns
    -------
    DistinctRows: the same, to the bit, for the same rows in any order
    """
    used = np.flatnonzero(weights > 0)
    rows, shares = values[used] + 0.0, weights[used]  # -0.0 becomes 0.0
    order = np.lexsort((shares, *rows.T[::-1]))
    rows, shares = rows[order], shares[order]
    same = (rows[1:] == rows[:-1]) | (np.isnan(rows[1:]) & np.isnan(rows[:-1]))
    number = np.concatenate([[0], np.cumsum(~same.all(axis=1))]) if len(used) else np.empty(0, dtype=np.int64)
    first = np.flatnonzero(np.diff(number, prepend=-1))
    member = np.full(len(values), -1, dtype=np.int64)
    member[used[order]] = number
    totals = np.bincount(number, weights=shares, minlength=len(first))
    return DistinctRows(np.ascontiguousarray(rows[first]), totals.astype(np.float64), member)


def checked_weights(sample_weight: Any, n: int) -> npt.NDArray[np.float64]:
    """Return sample weights as an array.

    Parameters
    ----------
    sample_weight : (n,) >= 0, a single number for all, or None for 1
    n : how many rows

    Raises
    ------
    ValueError  a wrong shape, negative or infinite weights, or none above 0
    """
    if sample_weight is None:
        return np.ones(n)
    weights = np.asarray(sample_weight, dtype=np.float64)
    if weights.ndim == 0:
        weights = np.full(n, float(weights))
    if weights.shape != (n,):
        raise ValueError(f"sample_weight.shape == {weights.shape}, expected {(n,)}!")
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise ValueError("sample_weight must be finite and not negative")
    if not weights.any():
        raise ValueError("sample_weight is zero for every row: one weight must be above 0")
    return np.ascontiguousarray(weights)


def metric_of(rows: DistinctRows, metric: Any, factor_weights: Any, missing: Any) -> Metric:
    """Prepare a metric on rows with their weights: what it takes from the data counts a row by its weight.

    Parameters
    ----------
    rows : the distinct rows
    metric, factor_weights, missing : see `prepare_metric`
    """
    covariance = shrunk_covariance(rows.values, rows.weights) if metric == "mahalanobis" else None
    return prepare_metric(rows.values, metric, factor_weights=factor_weights, missing=missing, covariance=covariance)
