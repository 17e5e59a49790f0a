"""What the estimators of regions share: checks of their arguments, pairs of neighbours, the hierarchy."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils.validation import validate_data

from regso_cluster.grouping.graphs import (
    Floats,
    Integers,
    NeighbourGraph,
    area_weights,
    centred,
    neighbour_graph,
)
from regso_cluster.kernels import contiguity, trees

LINKAGES = {"average": 0, "complete": 1, "single": 2, "ward": 3, "average_squared": 4}


class Inputs(NamedTuple):
    """A table with its weighted mean at 0, weights and graph, all checked."""

    X: Floats
    weights: Floats
    graph: NeighbourGraph


class Regionaliser(ClusterMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """What the estimators share: checks, and the objective of labels."""

    connectivity: Any
    n_threads: int | None

    def fit_predict(self, X: Any, y: Any = None, sample_weight: Any = None) -> Integers:
        """Fit and give the labels: (n,) int64."""
        labels: Integers = self.fit(X, y, sample_weight=sample_weight).labels_
        return labels

    def _inputs(self, X: Any, sample_weight: Any) -> Inputs:
        names = X.index if isinstance(X, pd.DataFrame) else None
        # missing values are refused below with the place where they stand
        table = validate_data(self, X, dtype=np.float64, order="C", ensure_min_samples=2, ensure_all_finite=False)
        self._check_threads()
        weights = area_weights(sample_weight, table.shape[0])
        graph = neighbour_graph(self.connectivity, table.shape[0], names)
        return Inputs(centred(table, weights), weights, graph)

    def _check_threads(self) -> None:
        if self.n_threads is not None and not is_count(self.n_threads, 1):
            raise ValueError(f"n_threads must be an integer >= 1 or None, got {self.n_threads!r}")

    def _check_counts(self, n_areas: int, **arguments: Any) -> None:
        for name, value in arguments.items():
            if not is_count(value, 1):
                raise ValueError(f"{name} must be an integer >= 1, got {value!r}")
        if arguments.get("n_clusters", 1) > n_areas:
            raise ValueError(f"n_samples={n_areas} should be >= n_clusters={arguments['n_clusters']}")


def is_count(value: Any, least: int) -> bool:
    """Tell whether a value is a whole number, at least `least`."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and int(value) >= least


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
    if name not in LINKAGES:
        raise ValueError(f"linkage must be one of {sorted(LINKAGES)}, got {name!r}")
    return LINKAGES[name]
