"""What the estimators of regions share: checks of their arguments, pairs of neighbours, the hierarchy."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from sklearn.utils.validation import validate_data

from regso_cluster.clustering._estimators import Grouper, check_choice, check_counts, check_threads, checked_weights
from regso_cluster.clustering._rows import canonical_order
from regso_cluster.clustering.graphs import (
    Floats,
    Integers,
    NeighbourGraph,
    centred,
    neighbour_graph,
    reordered,
    require_finite,
)
from regso_cluster.kernels import contiguity, trees

LINKAGES = {"average": 0, "complete": 1, "single": 2, "ward": 3, "average_squared": 4}


REFINEMENTS = 16  # rounds in which equal areas are told apart by their neighbours


class Inputs(NamedTuple):
    """A table, weights and graph, all checked; `names` of the rows as a DataFrame brings them, else numbers."""

    X: Floats
    weights: Floats
    graph: NeighbourGraph
    names: Any

    def canonical(self) -> Canonical:
        """Give the same in an order of the areas' own, so that the order of the rows cannot reach the result."""
        order = _canonical_areas(self.X, self.weights, self.graph)
        weights = self.weights[order]
        return Canonical(centred(self.X[order], weights), weights, reordered(self.graph, order), order)


class Canonical(NamedTuple):
    """A table with its weighted mean at 0, weights and graph; `order` names the row of each area."""

    X: Floats
    weights: Floats
    graph: NeighbourGraph
    order: Integers

    def labels(self, labels: Integers) -> Integers:
        """Give labels in the order of the rows, regions numbered by their first row."""
        by_row = np.empty_like(labels)
        by_row[self.order] = labels
        _, first, inverse = np.unique(by_row, return_index=True, return_inverse=True)
        numbered: Integers = np.argsort(np.argsort(first))[inverse]
        return numbered

    def nodes(self, pairs: Integers) -> Integers:
        """Give pairs of areas or of groups (n and above) by rows, the lower number first."""
        n = self.order.size
        named = np.where(pairs < n, self.order[np.minimum(pairs, n - 1)], pairs)
        by_row: Integers = np.sort(named, axis=1)
        return by_row


def _canonical_areas(X: Floats, weights: Floats, graph: NeighbourGraph) -> Integers:
    """Sort areas by values, then weight, then neighbours; what is equal in all that stays as it stands.

    Areas are told apart by their neighbours as in the colouring of Weisfeiler and Leman (1968): a rank is
    refined by a hash of the neighbours' ranks, whatever their order, until no more ranks arise.
    """
    n = len(X)
    keys = np.column_stack([X, weights])
    order, begins = canonical_order(keys, np.zeros(keys.shape, bool), weights, np.arange(n))
    rank = np.empty(n, np.int64)
    rank[order] = np.repeat(np.arange(begins.size), np.diff(begins, append=n))
    row = np.repeat(np.arange(n), np.diff(graph.indptr))
    for _ in range(REFINEMENTS):
        if begins.size == n:
            break
        ranks = rank.astype(np.uint64) + np.uint64(1)
        ranks *= np.uint64(0x9E3779B97F4A7C15)  # arithmetic modulo 2^64; the finaliser of splitmix64
        ranks = (ranks ^ (ranks >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        ranks = (ranks ^ (ranks >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        around = np.zeros(n, np.uint64)
        np.add.at(around, row, ranks[graph.indices])
        order = np.lexsort((around, rank))
        fresh = (np.diff(rank[order], prepend=-1) != 0) | np.r_[True, around[order][1:] != around[order][:-1]]
        if fresh.sum() == begins.size:
            break
        begins = np.flatnonzero(fresh)
        rank[order] = np.cumsum(fresh) - 1
    return np.argsort(rank, kind="stable")


class Regionaliser(Grouper):
    """What the estimators of regions share: the way from a table to regions."""

    connectivity: Any
    n_threads: int | None

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:  # noqa: ARG002  # contract
        """Find the regions.

        Parameters
        ----------
        X : (n, p) finite numbers on comparable scales; a DataFrame's index may hold the codes of the pairs
        y : ignored
        sample_weight : (n,) residents, at least 0; None weighs areas equally

        Raises
        ------
        ValueError
            an argument out of range; an `InputError` for missing values (where), a graph that does not fit or
            is not symmetric, more connected parts than regions (how many it takes), or a minimum that a connected
            part does not hold (which) or that the tree cannot keep (how many regions it can)
        """
        inputs = self._inputs(X, sample_weight)
        self._check(inputs)
        areas = inputs.canonical()
        self.n_connected_components_ = areas.graph.n_components
        self._find(areas)
        return self

    @abstractmethod
    def _check(self, inputs: Inputs) -> None:
        """Refuse arguments out of range, and what cannot be done on these areas."""

    @abstractmethod
    def _find(self, areas: Canonical) -> None:
        """Find the regions, and keep what was found."""

    def _inputs(self, X: Any, sample_weight: Any) -> Inputs:
        names = X.index if isinstance(X, pd.DataFrame) else None
        # missing values are refused below with the place where they stand
        table = validate_data(self, X, dtype=np.float64, order="C", ensure_min_samples=2, ensure_all_finite=False)
        check_threads(self.n_threads)
        weights = checked_weights(sample_weight, table.shape[0])
        require_finite(table)
        graph = neighbour_graph(self.connectivity, table.shape[0], names)
        return Inputs(table, weights, graph, range(len(table)) if names is None else names)

    def _check_counts(self, n_areas: int, **arguments: Any) -> None:
        check_counts(**arguments)
        if arguments.get("n_clusters", 1) > n_areas:
            raise ValueError(f"n_samples={n_areas} should be >= n_clusters={arguments['n_clusters']}")


def check_weight(name: str, value: Any) -> None:
    """Refuse what is no finite number, at least 0."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not 0 <= value < np.inf:
        raise ValueError(f"{name} must be a finite number >= 0, got {value!r}")


class Pairs(NamedTuple):
    """Each pair of neighbours once: first < second, and the squared distance of their rows."""

    first: Integers
    second: Integers
    squared: Floats


class Tree(NamedTuple):
    """A hierarchy as `kernels.contiguity.agglomerate` gives it, without the rows not used."""

    merges: Integers
    costs: Floats
    rises: Floats
    links: Integers


def neighbour_pairs(X: Floats, graph: NeighbourGraph) -> Pairs:
    """List the pairs of neighbours."""
    m = graph.indices.size // 2
    pairs = Pairs(np.empty(m, np.int64), np.empty(m, np.int64), np.empty(m))
    trees.neighbour_pairs(X, graph.indptr, graph.indices, *pairs)
    return pairs


def agglomerate(X: Floats, weights: Floats, pairs: Pairs, kind: int, n_components: int) -> Tree:
    """Join neighbouring groups to the end."""
    n = len(X)
    tree = Tree(np.empty((n - 1, 2), np.int64), np.empty(n - 1), np.empty(n - 1), np.empty(n - 1, np.int64))
    contiguity.agglomerate(X, weights, *pairs, kind, *tree)
    joins = n - n_components
    return Tree(tree.merges[:joins], tree.costs[:joins], tree.rises[:joins], tree.links[:joins])


def linkage_kind(name: Any) -> int:
    """Give the kernel's number of a linkage."""
    check_choice("linkage", name, LINKAGES)
    return LINKAGES[name]
