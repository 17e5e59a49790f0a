"""The price of contiguity: how much likeness within groups is given up as neighbours are favoured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_array

from regso_cluster.clustering._estimators import checked_weights, is_count
from regso_cluster.clustering._regional import agglomerate, linkage_kind, neighbour_pairs
from regso_cluster.clustering.graphs import Floats, Integers, NeighbourGraph, centred, neighbour_graph
from regso_cluster.errors import Fault, InputError
from regso_cluster.kernels import clustgeo as mixture
from regso_cluster.kernels import contiguity
from regso_cluster.kernels._threads import threads
from regso_cluster.kernels.trees import graph_components

ROUNDING = 1e-12  # costs closer than this share of the total weight count as equal


@dataclass(frozen=True)
class ContiguityPrice:
    """The curve over the mixing weight, one entry for each value of `alphas`.

    Parameters
    ----------
    alphas : (a,) float64 from 0 (features alone) to 1 (neighbourhood alone)
    features : (a,) float64, share of the features' inertia that the partition explains, 0 to 1
    geography : (a,) float64, the same for the neighbour or distance dissimilarity
    features_kept : (a,) float64, `features` divided by its value for alpha = 0
    geography_kept : (a,) float64, `geography` divided by its value for alpha = 1
    pieces : (a,) int64, connected pieces the groups fall into; n_clusters when all are in one piece
    labels : (a, n) int64, groups numbered by their first area
    contiguous : share of the features' inertia that Ward explains when only neighbours may join, every group
        in one piece; NaN when the graph has more connected parts than groups
    """

    alphas: Floats
    features: Floats
    geography: Floats
    features_kept: Floats
    geography_kept: Floats
    pieces: Integers
    labels: Integers
    contiguous: float


class _Mixture(NamedTuple):
    features: Floats  # (n, p), greatest squared distance 1
    places: Floats  # (n, 0 or 2), the same
    graph: NeighbourGraph
    weights: Floats


def price_of_contiguity(
    X: Any,
    connectivity: Any,
    n_clusters: int,
    *,
    alphas: ArrayLike | None = None,
    coordinates: ArrayLike | None = None,
    sample_weight: Any = None,
    n_threads: int | None = None,
) -> ContiguityPrice:
    """Group by Ward on (1 - alpha) D0^2 + alpha D1^2 for each alpha, and tell what each partition explains.

    D0 is the Euclidean distance of the features, D1 is 0 between neighbours and 1 otherwise, or the distance
    of `coordinates`; both divided by their greatest value. A group may fall into pieces: that is what
    `pieces` counts.

    Parameters
    ----------
    X : (n, p) finite numbers on comparable scales; a DataFrame's index may hold the codes of the pairs
    connectivity : see `graphs.neighbour_graph`, not None
    n_clusters : number of groups
    alphas : mixing weights in ascending order that begin with 0 and end with 1; None: 0, 0.1, ..., 1
    coordinates : (n, 2) places of the areas in metres; None: neighbours decide
    sample_weight : (n,) residents, > 0; None weighs areas equally
    n_threads : number of threads, never changes the result; None keeps the present setting

    Returns
    -------
    ContiguityPrice

    Raises
    ------
    InputError
        missing values (where), a weight of 0, a graph that does not fit, alphas out of order, areas that are
        all alike, every area a neighbour of every other

    Notes
    -----
    Chavent, Kuentz-Simonet, Labenne and Saracco (2018), ClustGeo, Computational Statistics 33(4), sections 2
    and 3: pseudo-inertia of a group is sum w_i w_j d_ij^2 / (2 W) over its ordered pairs; a partition
    explains one less its groups' share of the total. O(n^2 p) time for each alpha, memory linear in n.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> from scipy.sparse import diags_array
    >>> neighbours = diags_array([np.ones(3), np.ones(3)], offsets=[1, -1]).tocsr()
    >>> price_of_contiguity(X, neighbours, 2, alphas=[0.0, 1.0]).pieces.tolist()
    [2, 2]
    """
    values = _alphas(alphas)
    mixed = _mixture(X, connectivity, coordinates, sample_weight)
    n = mixed.weights.size
    if not is_count(n_clusters, 1) or n_clusters > n:
        raise ValueError(f"n_clusters must be an integer from 1 to {n}, got {n_clusters!r}")
    with threads(n_threads):
        labels = _partitions(mixed, values, int(n_clusters))
    features = np.array([_explained(mixed.features, mixed.weights, row) for row in labels])
    if mixed.places.shape[1]:
        geography = np.array([_explained(mixed.places, mixed.weights, row) for row in labels])
    else:
        geography = np.array([_explained_neighbours(mixed.graph, mixed.weights, row) for row in labels])
    return ContiguityPrice(
        alphas=values,
        features=features,
        geography=geography,
        features_kept=_relative(features, features[0]),
        geography_kept=_relative(geography, geography[-1]),
        pieces=np.array([count_pieces(mixed.graph, row) for row in labels]),
        labels=labels,
        contiguous=_contiguous(mixed, int(n_clusters)),
    )


def count_pieces(graph: NeighbourGraph, labels: Integers) -> int:
    """Count the connected pieces that groups fall into; the number of groups when each is in one piece."""
    n = labels.size
    row = np.repeat(np.arange(n), np.diff(graph.indptr))
    same = labels[row] == labels[graph.indices]
    indptr = np.concatenate(([0], np.cumsum(np.bincount(row[same], minlength=n))))
    return int(graph_components(indptr, graph.indices[same], np.empty(n, np.int64)))


def _alphas(alphas: ArrayLike | None) -> Floats:
    if alphas is None:
        return np.arange(11) / 10.0
    values = np.array(alphas, dtype=np.float64)
    wrong = values.ndim != 1 or values.size < 2
    if wrong or values[0] != 0 or values[-1] != 1 or not (np.diff(values) > 0).all():
        expected = "ascending from 0 to 1, both included"
        hint = "Both ends are needed to tell what is kept"
        raise InputError(Fault("mixing weights out of order", "alphas", expected, str(values.tolist()), hint))
    return values


def _mixture(X: Any, connectivity: Any, coordinates: ArrayLike | None, sample_weight: Any) -> _Mixture:
    table = check_array(X, dtype=np.float64, order="C", ensure_min_samples=2, ensure_all_finite=False)
    n = table.shape[0]
    weights = checked_weights(sample_weight, n, positive=True)
    graph = neighbour_graph(connectivity, n, X.index if isinstance(X, pd.DataFrame) else None)
    if coordinates is None:
        if graph.indices.size == n * (n - 1):
            hint = "Pass the neighbours, or coordinates"
            raise InputError(Fault("every area borders on every other", "connectivity", hint=hint))
        places = np.empty((n, 0))
    else:
        places = check_array(coordinates, dtype=np.float64, order="C", ensure_all_finite=False)
        if len(places) != n:
            raise InputError(Fault("another number of areas than X", "coordinates", str(n), str(len(places))))
        places = _unit(places, weights, "coordinates")
    return _Mixture(_unit(table, weights, "X"), places, graph, weights)


def _unit(table: Floats, weights: Floats, name: str) -> Floats:
    """Divide by the greatest distance between two rows."""
    moved = centred(table, weights)
    nearest = np.empty(len(moved))
    mixture.farthest_squared(moved, nearest)
    greatest = float(nearest.max())
    if not greatest > 0:
        raise InputError(Fault("all areas are alike", name, hint="There is nothing to group by"))
    scaled: Floats = moved / np.sqrt(greatest)
    return scaled


def _partitions(mixed: _Mixture, alphas: Floats, n_clusters: int) -> Integers:
    n = mixed.weights.size
    s = alphas.size
    stack = [np.hstack([np.sqrt(1.0 - alpha) * mixed.features, np.sqrt(alpha) * mixed.places]) for alpha in alphas]
    Z = np.ascontiguousarray(stack)
    share = np.zeros(s) if mixed.places.shape[1] else alphas
    tolerance = share * (ROUNDING * mixed.weights.sum())
    merges, costs = np.empty((s, n - 1, 2), np.int64), np.empty((s, n - 1))
    mixture.mixed_ward(
        Z, mixture.Areas(mixed.weights, mixed.graph.indptr, mixed.graph.indices), share, tolerance, merges, costs,
        mixture.Work(
            centre=np.empty((s, Z.shape[2], n)), state=np.empty((s, 2, n)), between=np.empty((s, n)),
            far=np.empty((s, n)), place=np.empty((s, 6, n), np.int64),
        ),
    )  # fmt: skip
    labels = np.empty((s, n), np.int64)
    for at in range(s):
        mixture.cut_joins(merges[at], np.argsort(costs[at], kind="stable"), n_clusters, labels[at])
    return labels


def _explained(table: Floats, weights: Floats, labels: Integers) -> float:
    """Share of the inertia between groups, for rows whose weighted mean is 0."""
    mass = np.bincount(labels, weights=weights)
    between = sum(np.bincount(labels, weights=weights * column) ** 2 @ (1.0 / mass) for column in table.T)
    total = float(weights @ (table**2).sum(axis=1))
    return float(between / total)


def _explained_neighbours(graph: NeighbourGraph, weights: Floats, labels: Integers) -> float:
    """Share of the pseudo-inertia between groups, for dissimilarity 0 between neighbours and 1 otherwise."""
    row = np.repeat(np.arange(labels.size), np.diff(graph.indptr))
    joined = weights[row] * weights[graph.indices] / 2.0
    mass = np.bincount(labels, weights=weights)
    inside = labels[row] == labels[graph.indices]
    near = np.bincount(labels[row][inside], weights=joined[inside], minlength=mass.size)
    apart = (mass**2 - np.bincount(labels, weights=weights**2)) / 2.0 - near
    whole = weights.sum()
    total = ((whole**2 - weights @ weights) / 2.0 - joined.sum()) / whole
    return float(1.0 - (apart / mass).sum() / total)


def _contiguous(mixed: _Mixture, n_clusters: int) -> float:
    if n_clusters < mixed.graph.n_components:
        return float("nan")
    pairs = neighbour_pairs(mixed.features, mixed.graph)
    tree = agglomerate(mixed.features, mixed.weights, pairs, linkage_kind("ward"), mixed.graph.n_components)
    labels = np.empty(mixed.weights.size, np.int64)
    contiguity.cut_merges(tree.merges, n_clusters, labels)
    return _explained(mixed.features, mixed.weights, labels)


def _relative(explained: Floats, best: float) -> Floats:
    """Divide by the value at the end that cares for it alone; with one group nothing is explained at all."""
    kept: Floats = explained / best if best != 0 else np.ones_like(explained)
    return kept
