"""Regions: groups of areas in one piece each. Scikit-learn estimators on the kernels with contiguity."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from regso_cluster.clustering._estimators import is_count
from regso_cluster.clustering._regional import (
    Canonical,
    Inputs,
    Pairs,
    Regionaliser,
    agglomerate,
    check_weight,
    linkage_kind,
    neighbour_pairs,
)
from regso_cluster.clustering.contiguity_price import ContiguityPrice, price_of_contiguity
from regso_cluster.clustering.graphs import Floats, Integers, require_regions
from regso_cluster.clustering.maxp import MaxP
from regso_cluster.errors import Fault, InputError
from regso_cluster.kernels import contiguity, trees

__all__ = ["ContiguityPrice", "ContiguousAgglomerative", "MaxP", "Redcap", "Skater", "price_of_contiguity"]


class ContiguousAgglomerative(Regionaliser):
    """Hierarchical grouping where only neighbours may join.

    Parameters
    ----------
    n_clusters : int, default 8
        regions to cut the hierarchy at
    connectivity : see `graphs.neighbour_graph`; None: every area borders on every other, O(n^2) memory
    linkage : {"ward", "average", "complete", "single", "average_squared"}, default "ward"
        "ward" joins the two neighbouring regions whose union raises the weighted squared deviations least;
        the others take the mean, greatest, least or mean squared distance over all pairs of areas
    n_threads : int or None
        for uniformity with other estimators; joins follow one another, so one thread does the work

    Attributes
    ----------
    labels_ : (n,) int64, regions numbered by their first area
    objective_ : float, weighted sum of squared deviations within regions, at `n_clusters`
    children_ : (n - n_connected_components_, 2) int64, the groups joined; area i is group i, join t is group
        n + t
    distances_ : (n - n_connected_components_,) float64: for "ward" the square root of twice the rise of the
        squared deviations (as in scikit-learn), otherwise the distance between the groups. Under contiguity a
        later join can be cheaper than an earlier one
    objectives_ : (n - n_connected_components_ + 1,) float64, the objective before the first join (0) and
        after each
    n_connected_components_, n_leaves_ : int
    n_features_in_, feature_names_in_

    Notes
    -----
    Ward (1963), JASA 58. Parts without a path between them stay apart (scikit-learn's completes the graph, so
    that regions fall to pieces). Ties go to the pair with the lowest numbers. An area of weight 0 has no say
    in the means and joins its nearest neighbour; for "complete" and "single" weights count in the objective
    only.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> from scipy.sparse import diags_array
    >>> neighbours = diags_array([np.ones(3), np.ones(3)], offsets=[1, -1]).tocsr()
    >>> ContiguousAgglomerative(2, connectivity=neighbours).fit(X).labels_.tolist()
    [0, 0, 1, 1]
    """

    def __init__(
        self,
        n_clusters: int = 8,
        connectivity: Any = None,
        linkage: str = "ward",
        n_threads: int | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.connectivity = connectivity
        self.linkage = linkage
        self.n_threads = n_threads

    def _check(self, inputs: Inputs) -> None:
        self._check_counts(len(inputs.X), n_clusters=self.n_clusters)
        linkage_kind(self.linkage)
        require_regions(inputs.graph, self.n_clusters)

    def _find(self, areas: Canonical) -> None:
        X, weights, graph, order = areas
        tree = agglomerate(X, weights, neighbour_pairs(X, graph), linkage_kind(self.linkage), graph.n_components)
        self.children_ = areas.nodes(tree.merges)
        self.distances_ = np.sqrt(2.0 * tree.costs) if self.linkage == "ward" else tree.costs
        self.objectives_ = np.concatenate(([0.0], np.cumsum(tree.rises)))
        self.n_leaves_ = len(X)
        self.labels_ = self.cut(self.n_clusters)
        self.objective_ = _within(X, weights, self.labels_[order])

    def cut(self, n_clusters: int) -> Integers:
        """Cut the hierarchy at another number of regions: labels (n,) int64.

        Raises
        ------
        ValueError  fewer regions than connected parts, or more than areas
        """
        check_is_fitted(self)
        if not is_count(n_clusters, self.n_connected_components_) or n_clusters > self.n_leaves_:
            raise ValueError(
                f"n_clusters must be an integer from {self.n_connected_components_} to {self.n_leaves_}, "
                f"got {n_clusters!r}"
            )
        labels = np.empty(self.n_leaves_, np.int64)
        contiguity.cut_merges(self.children_, int(n_clusters), labels)
        return labels


class _TreeCutter(Regionaliser):
    """Cut a spanning tree of the graph, best edge first."""

    n_clusters: int
    min_size: int
    min_weight: float

    @abstractmethod
    def _tree(self, X: Floats, weights: Floats, pairs: Pairs, n_components: int) -> Integers: ...

    def _check(self, inputs: Inputs) -> None:
        self._check_counts(len(inputs.X), n_clusters=self.n_clusters, min_size=self.min_size)
        check_weight("min_weight", self.min_weight)
        require_regions(inputs.graph, self.n_clusters)

    def _find(self, areas: Canonical) -> None:
        X, weights, graph, _ = areas
        pairs = neighbour_pairs(X, graph)
        tree = self._tree(X, weights, pairs, graph.n_components)
        n, k = len(X), int(self.n_clusters)
        parent, preorder = np.empty(n, np.int64), np.empty(n, np.int64)
        trees.root_forest(pairs.first, pairs.second, tree, tree.size, parent, preorder)
        labels, objectives, cuts = np.empty(n, np.int64), np.empty(k), np.empty(k, np.int64)
        reached = trees.cut_forest(
            X,
            weights,
            parent,
            preorder,
            k,
            int(self.min_size),
            float(self.min_weight),
            labels,
            objectives,
            cuts,
        )
        if reached < k:
            raise InputError(
                Fault(
                    what="no further cut keeps the minimum on both sides",
                    where=type(self).__name__,
                    expected=f"n_clusters={k} regions",
                    got=f"{reached} regions with min_size={self.min_size}, min_weight={self.min_weight}",
                    hint=f"Ask for at most {reached} regions, or lower the minimum",
                )
            )
        below = cuts[graph.n_components : k]
        self.cut_edges_ = areas.nodes(np.column_stack([parent[below], below]))
        self.tree_ = areas.nodes(np.column_stack([pairs.first[tree], pairs.second[tree]]))
        self.objectives_ = objectives[graph.n_components - 1 :].copy()
        self.objective_ = float(objectives[k - 1])
        self.labels_ = areas.labels(labels)


class Skater(_TreeCutter):
    """Regions by cutting the minimum spanning tree of the neighbour graph.

    Parameters
    ----------
    n_clusters : int, default 8
    connectivity : see `graphs.neighbour_graph`; None: every area borders on every other, O(n^2) memory
    min_size : int, default 1
        areas that both sides of a cut must keep
    min_weight : float, default 0
        sum of `sample_weight` (residents) that both sides of a cut must keep
    n_threads : int or None
        for uniformity with other estimators; cuts follow one another, so one thread does the work

    Attributes
    ----------
    labels_ : (n,) int64, regions numbered by their first area
    objective_ : float, weighted sum of squared deviations within regions
    objectives_ : (n_clusters - n_connected_components_ + 1,) float64, before the first cut and after each
    cut_edges_ : (n_clusters - n_connected_components_, 2) int64, the edges cut, in order
    tree_ : (n - n_connected_components_, 2) int64, the spanning forest
    n_connected_components_ : int
    n_features_in_, feature_names_in_

    Notes
    -----
    Assuncao, Neves, Camara and Da Costa Freitas (2006), IJGIS 20(7): edge costs are squared Euclidean
    distances, and of all edges the one is cut that lowers the squared deviations most. Weights enter the
    deviations, not the tree. Ties go to the lowest areas. A part lighter than the minimum from the outset
    stays as it is.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> from scipy.sparse import diags_array
    >>> neighbours = diags_array([np.ones(3), np.ones(3)], offsets=[1, -1]).tocsr()
    >>> Skater(2, connectivity=neighbours).fit(X).labels_.tolist()
    [0, 0, 1, 1]
    """

    def __init__(
        self,
        n_clusters: int = 8,
        connectivity: Any = None,
        min_size: int = 1,
        min_weight: float = 0.0,
        n_threads: int | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.connectivity = connectivity
        self.min_size = min_size
        self.min_weight = min_weight
        self.n_threads = n_threads

    def _tree(self, X: Floats, weights: Floats, pairs: Pairs, n_components: int) -> Integers:  # noqa: ARG002
        chosen = np.empty(max(len(X) - 1, 0), np.int64)
        order = np.argsort(pairs.squared, kind="stable")
        taken = trees.spanning_forest(pairs.first, pairs.second, order, len(X), chosen)
        return chosen[:taken]


class Redcap(_TreeCutter):
    """Regions by cutting the tree along which a contiguous hierarchy grew.

    Parameters
    ----------
    n_clusters, connectivity, min_size, min_weight, n_threads : as `Skater`
    linkage : {"ward", "average", "complete", "single", "average_squared"}, default "ward"
        as `ContiguousAgglomerative`, all of full order: over all pairs of areas of two groups. pygeoda's
        "fullorder-averagelinkage" is "average_squared"

    Attributes
    ----------
    as `Skater`

    Notes
    -----
    Guo (2008), IJGIS 22(7), section 3.3, full-order constraining: groups join as in
    `ContiguousAgglomerative`, and each join adds the cheapest pair of neighbours between the two groups to
    the tree. Weights enter the linkage and the deviations.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> from scipy.sparse import diags_array
    >>> neighbours = diags_array([np.ones(3), np.ones(3)], offsets=[1, -1]).tocsr()
    >>> Redcap(2, connectivity=neighbours).fit(X).labels_.tolist()
    [0, 0, 1, 1]
    """

    def __init__(
        self,
        n_clusters: int = 8,
        connectivity: Any = None,
        linkage: str = "ward",
        min_size: int = 1,
        min_weight: float = 0.0,
        n_threads: int | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.connectivity = connectivity
        self.linkage = linkage
        self.min_size = min_size
        self.min_weight = min_weight
        self.n_threads = n_threads

    def _tree(self, X: Floats, weights: Floats, pairs: Pairs, n_components: int) -> Integers:
        return agglomerate(X, weights, pairs, linkage_kind(self.linkage), n_components).links


def _within(X: Floats, weights: Floats, labels: Integers) -> float:
    regions = int(labels.max()) + 1
    return float(trees.within_regions(X, weights, labels, np.empty((regions, X.shape[1])), np.empty(regions)))
