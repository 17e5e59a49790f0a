"""Hierarchies of areas: which merge first, and the groups at any level."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import squareform

from regso_cluster.clustering._estimators import (
    checked_weights,
    is_count,
    refuse_undefined,
)
from regso_cluster.clustering._numbers import as_floats
from regso_cluster.clustering.distances import padded_distances, prepare_metric
from regso_cluster.clustering.metrics import Floats, Metric, MetricName, checked_square, checked_table
from regso_cluster.errors import Fault, InputError
from regso_cluster.kernels import dendrogram
from regso_cluster.kernels import linkage as kernels
from regso_cluster.kernels.lanes import LANES

Labels = npt.NDArray[np.int64]
Method = Literal["ward", "average", "complete", "single"]
METHODS = ("ward", "average", "complete", "single")
EUCLIDEAN = ("euclidean", "mahalanobis")


def linkage(
    values: Any,
    method: Method = "ward",
    *,
    weights: Any = None,
    metric: MetricName | Metric = "euclidean",
    factor_weights: Any = None,
    missing: Literal["refuse", "partial"] = "refuse",
    n_threads: int | None = None,
) -> Floats:
    """Merge rows step by step, nearest groups first.

    Parameters
    ----------
    values : (n, n_factors), at least two rows, NaN where missing
    method : ward: the merge that raises the weighted within sum of squares least; its height is sqrt(2 w_a
        w_b / (w_a + w_b)) |c_a - c_b|. average: the mean distance of all pairs, each weighing the product of
        its weights. complete, single: the largest, the smallest distance of a pair; weights play no part
    weights : (n,) > 0, residents; None weighs rows equally
    metric, factor_weights, missing, n_threads : see `pairwise_distances`; ward takes euclidean and
        mahalanobis, without missing values

    Returns
    -------
    (n - 1, 4): the two nodes joined (below n a row, n + t the result of merge t), height, number of rows;
    ascending. It is what `scipy.cluster.hierarchy` works with, and without weights equals its `linkage` up to
    rounding

    Raises
    ------
    InputError  fewer than two rows, weights not above 0, ward with another metric, a pair without a distance

    Notes
    -----
    Muellner (2011), Modern hierarchical, agglomerative clustering algorithms, section 3. Ward needs memory
    for the rows only, the others for n^2 distances.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> linkage(X, "single")[:, 2].tolist()
    [1.0, 1.0, 9.0]
    """
    table = checked_table(values)
    _check_method(method, len(table))
    shares = checked_weights(weights, len(table), "weights", positive=True)
    prepared = prepare_metric(table, metric, factor_weights=factor_weights, missing=missing)
    if method == "ward":
        if prepared.name not in EUCLIDEAN or prepared.partial:
            raise InputError(
                Fault(
                    what="ward is defined by squared distances from centroids",
                    expected="euclidean or mahalanobis without missing values",
                    got=prepared.name,
                )
            )
        return _ward(prepared.coordinates(table)[0], shares)
    result = padded_distances(table, prepared, n_threads)
    refuse_undefined(result.undefined_pairs)
    return _from_matrix(result.values, method, shares)


def linkage_from_distances(distances: Any, method: Method = "average", *, weights: Any = None) -> Floats:
    """Merge rows step by step, given their distances.

    Parameters
    ----------
    distances : (n, n), symmetric, not negative, no missing values
    method : average, complete or single
    weights : (n,) > 0; None weighs rows equally

    Returns
    -------
    (n - 1, 4), see `linkage`

    Raises
    ------
    InputError  a matrix that is none of distances; ward, which needs the rows themselves
    """
    _check_method(method, len(distances))
    if method == "ward":
        raise InputError(Fault(what="ward needs the rows, not their distances", hint="Use `linkage`."))
    square = checked_square(distances)
    n = len(square)
    matrix = np.empty((n, -(-n // 64) * 64))
    matrix[:, :n] = square
    return _from_matrix(matrix, method, checked_weights(weights, n, "weights", positive=True))


def cut(merges: Floats, n_clusters: int) -> Labels:
    """Label the rows by the groups that are left when the last merges are undone.

    Parameters
    ----------
    merges : (n - 1, 4), from `linkage`
    n_clusters : 1 to n

    Returns
    -------
    (n,) int64, groups numbered from 0 by their lowest row

    Raises
    ------
    InputError  `n_clusters` out of range; what is no hierarchy

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> groups = cut(linkage(X, "single"), 2)
    >>> (groups[:, None] == groups).sum().item()
    8
    """
    joined = _checked_merges(merges)
    n = len(joined) + 1
    if not is_count(n_clusters) or n_clusters > n:
        raise InputError(Fault(what="wrong number of groups", expected=f"1 to {n}", got=str(n_clusters)))
    labels = np.empty(n, dtype=np.int64)
    dendrogram.cut_linkage(joined, int(n_clusters), labels)
    return labels


def cophenetic_distances(merges: Floats) -> Floats:
    """Return for each pair of rows the height at which they first are in one group.

    Parameters
    ----------
    merges : (n - 1, 4), from `linkage`

    Returns
    -------
    (n (n - 1) / 2,), in the order of `scipy.spatial.distance.pdist`

    Raises
    ------
    InputError  what is no hierarchy
    """
    joined = _checked_merges(merges)
    n = len(joined) + 1
    out = np.empty(n * (n - 1) // 2)
    dendrogram.cophenetic_cells(joined, n, out)
    return out


def cophenetic_correlation(merges: Floats, distances: Floats) -> float:
    """Return how well a hierarchy keeps distances: their correlation with the cophenetic ones.

    Parameters
    ----------
    merges : (n - 1, 4), from `linkage`
    distances : (n, n), or the n (n - 1) / 2 pairs

    Returns
    -------
    from -1 to 1; NaN if either is constant

    Raises
    ------
    InputError  distances of another number of rows than the hierarchy has

    Notes
    -----
    Sokal and Rohlf (1962), The comparison of dendrograms by objective methods.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> distances = pairwise_distances(X).values
    >>> round(cophenetic_correlation(linkage(X, "average"), distances), 2)
    0.99
    """
    pairs = squareform(distances, checks=False) if distances.ndim == 2 else distances
    heights = cophenetic_distances(merges)
    if pairs.shape != heights.shape:
        raise InputError(Fault(what="wrong number of pairs", expected=str(len(heights)), got=str(len(pairs))))
    a, b = heights - heights.mean(), pairs - pairs.mean()
    spread = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / spread if spread > 0 else float("nan")


def _checked_merges(merges: Any) -> Floats:
    """Check that every node but the last is joined once, after it was made: the kernels index by these numbers."""
    table = as_floats(merges, "merges")
    good = table.ndim == 2 and table.shape[1] == 4
    if good:
        nodes, n_nodes = table[:, :2], 2 * len(table)
        newest = len(table) + 1 + np.arange(len(table))  # the node that a merge makes
        once = np.array_equal(np.sort(nodes, axis=None), np.arange(n_nodes))
        good = once and bool((nodes < newest[:, None]).all()) and not np.isnan(table).any()
    if not good:
        hint = "Pass what `linkage` gave, as a whole"
        raise InputError(Fault("not a hierarchy", "merges", "(n - 1, 4) from `linkage`", f"shape {table.shape}", hint))
    return table


def _check_method(method: str, n: int) -> None:
    if method not in METHODS:
        raise InputError(Fault(what="unknown linkage", expected=", ".join(METHODS), got=repr(method)))
    if n < 2:
        raise InputError(Fault(what="too few rows for a hierarchy", expected="2 or more", got=str(n)))


def _ward(coordinates: Floats, weights: Floats) -> Floats:
    n, p = coordinates.shape
    middle = coordinates.mean(axis=0)
    centres = coordinates - middle
    unit = float(np.abs(centres).max()) or 1.0
    centres /= unit
    whole = float(weights.sum()) * (1 + 1e-12)  # rounding must not lift the sum of the shares above 1
    blocks = -(-n // LANES)
    merges, heights = np.empty((n - 1, 2), dtype=np.int64), np.empty(n - 1)
    kernels.ward_merges(
        centres,
        weights / whole,
        np.empty((blocks, p, LANES), dtype=np.float32),
        np.empty((blocks, LANES), dtype=np.float32),
        merges,
        heights,
    )
    return _ordered(merges, np.sqrt(2 * heights * whole) * unit)


def _from_matrix(matrix: Floats, method: str, weights: Floats) -> Floats:
    """Cluster a matrix with rows padded to whole words; it is used up."""
    n = len(matrix)
    merges, heights = np.empty((n - 1, 2), dtype=np.int64), np.empty(n - 1)
    if method == "single":
        kernels.single_merges(matrix, merges, heights)
    else:
        kernels.matrix_merges(matrix, weights, method == "complete", merges, heights)
    return _ordered(merges, heights)


def _ordered(merges: Labels, heights: Floats) -> Floats:
    out = np.empty((len(heights), 4))
    dendrogram.order_merges(merges, heights, len(heights) + 1, out)
    return out


def with_repeated(merges: Floats, member: Labels) -> Floats:
    """Extend a hierarchy of distinct rows to all rows: equal rows merge first, at height 0."""
    n, m = len(member), len(merges) + 1
    order = np.argsort(member, kind="stable")
    joined: list[tuple[int, int]] = []
    node = np.empty(m, dtype=np.int64)
    for position, row in enumerate(order):
        distinct = member[row]
        if position == 0 or member[order[position - 1]] != distinct:
            node[distinct] = row
        else:
            joined.append((int(node[distinct]), int(row)))
            node[distinct] = n + len(joined) - 1
    later = merges[:, :2].astype(np.int64)
    extra = n - m
    later = np.where(later < m, node[np.minimum(later, m - 1)], later - m + n + extra)
    nodes = np.vstack([np.array(joined, dtype=np.int64).reshape(-1, 2), later])
    return _ordered(nodes, np.concatenate([np.zeros(extra), merges[:, 2]]))
