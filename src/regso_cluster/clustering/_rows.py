"""Distinct rows in an order of their own: results must not depend on order or repetition of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from regso_cluster.clustering.metrics import Metric, prepare_metric, shrunk_covariance

Integers = npt.NDArray[np.int64]


def canonical_order(
    values: npt.NDArray[np.float64],
    missing: npt.NDArray[np.bool_],
    weights: npt.NDArray[np.float64],
    rows: Integers,
) -> tuple[Integers, Integers]:
    """Sort rows by value, gaps last, equal ones by weight.

    Parameters
    ----------
    values : (n, n_factors); where missing, anything
    missing : (n, n_factors)
    weights : (n,)
    rows : (m,) which rows take part

    Returns
    -------
    order : (m,) these rows, sorted
    begins : where in `order` each distinct row begins
    """
    key = np.where(missing[rows, 0], np.inf, values[rows, 0])
    sorting = np.argsort(key)
    order, key = rows[sorting], key[sorting]
    # The first factor settles nearly all; only rows that are equal there are sorted by the other factors.
    same = np.zeros(len(order) + 1, dtype=bool)  # same[i]: row i is as row i - 1
    same[1:-1] = key[1:] == key[:-1]
    tied = np.flatnonzero(same[:-1] | same[1:])
    if len(tied):
        run = np.cumsum(~same[tied])
        among = order[tied]
        rest = np.where(missing[among], np.inf, values[among])[:, 1:]
        sorting = np.lexsort((weights[among], *rest.T[::-1], run))
        order[tied], rest = among[sorting], rest[sorting]
        same[tied[1:]] &= (rest[1:] == rest[:-1]).all(axis=1)
    return order, np.flatnonzero(~same[:-1])


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
    member: Integers

    def first(self) -> Integers:
        """Give the first row of the table that holds each distinct row: (n_distinct,)."""
        numbers, rows = np.unique(self.member, return_index=True)
        return rows[numbers >= 0]


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
    values = values + 0.0  # -0.0 becomes 0.0
    order, begins = canonical_order(values, np.isnan(values), weights, np.flatnonzero(weights > 0))
    member = np.full(len(values), -1, dtype=np.int64)
    member[order] = np.repeat(np.arange(len(begins)), np.diff(begins, append=len(order)))
    totals = np.add.reduceat(weights[order], begins) if len(order) else weights[order]
    return DistinctRows(np.ascontiguousarray(values[order[begins]]), totals, member)


def metric_of(rows: DistinctRows, metric: Any, factor_weights: Any, missing: Any) -> Metric:
    """Prepare a metric on rows with their weights: what it takes from the data counts a row by its weight.

    Parameters
    ----------
    rows : the distinct rows
    metric, factor_weights, missing : see `prepare_metric`
    """
    covariance = shrunk_covariance(rows.values, rows.weights) if metric == "mahalanobis" else None
    return prepare_metric(rows.values, metric, factor_weights=factor_weights, missing=missing, covariance=covariance)
