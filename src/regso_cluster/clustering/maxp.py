"""Max-p: as many regions as possible that each hold a minimum weight. A scikit-learn estimator."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from regso_cluster.clustering._estimators import seed_sequence
from regso_cluster.clustering._regional import Canonical, Inputs, Regionaliser, check_weight
from regso_cluster.clustering.graphs import Floats, Integers, NeighbourGraph
from regso_cluster.errors import Fault, InputError
from regso_cluster.kernels import maxp
from regso_cluster.kernels._threads import threads

BATCH = 8  # starts held in memory at a time; fixed, so that threads change nothing
GAIN_FLOOR = 1e-12  # a move must gain more than this share of the total, or rounding could move areas for ever


class MaxP(Regionaliser):
    """As many regions as possible that each hold a minimum weight, made alike inside by local moves.

    Parameters
    ----------
    min_weight : float, default 2
        sum of `sample_weight` (residents) each region must hold; without weights, number of areas
    connectivity : see `graphs.neighbour_graph`; None: every area borders on every other, O(n^2) memory
    n_init : int, default 64
        random starts of the construction
    n_improved : int, default 8
        constructions with the most regions (then the lowest objective) that local moves improve
    random_state : int, numpy RandomState or Generator, or None
    n_threads : int or None, never changes the result; None keeps the present setting

    Attributes
    ----------
    labels_ : (n,) int64, regions numbered by their first area
    n_regions_ : int
    objective_ : float, weighted sum of squared deviations within regions
    region_counts_ : (n_init,) int64, the number of regions of each construction
    n_connected_components_ : int
    n_features_in_, feature_names_in_

    Notes
    -----
    Duque, Anselin and Rey (2012), Journal of Regional Science 52(3); Wei, Rey and Knaap (2021), IJGIS 35(1).
    The construction packs a spanning tree from its leaves, which gives more regions than growing them one by
    one. The number of regions is not proved to be the greatest possible; at most sum(weights) / min_weight.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> from scipy.sparse import diags_array
    >>> neighbours = diags_array([np.ones(3), np.ones(3)], offsets=[1, -1]).tocsr()
    >>> MaxP(min_weight=2, connectivity=neighbours, random_state=1).fit(X).n_regions_
    2
    """

    def __init__(
        self,
        min_weight: float = 2.0,
        connectivity: Any = None,
        n_init: int = 64,
        n_improved: int = 8,
        random_state: int | np.random.RandomState | np.random.Generator | None = None,
        n_threads: int | None = None,
    ) -> None:
        self.min_weight = min_weight
        self.connectivity = connectivity
        self.n_init = n_init
        self.n_improved = n_improved
        self.random_state = random_state
        self.n_threads = n_threads

    def _check(self, inputs: Inputs) -> None:
        self._check_counts(len(inputs.X), n_init=self.n_init, n_improved=self.n_improved)
        check_weight("min_weight", self.min_weight)
        if not self.min_weight > 0:
            raise ValueError(f"min_weight must be above 0, got {self.min_weight!r}")
        _require_mass(inputs, float(self.min_weight))

    def _find(self, areas: Canonical) -> None:
        seeds = seed_sequence(self.random_state).spawn(int(self.n_init))
        search = _MaxPSearch(areas.X, areas.weights, areas.graph, float(self.min_weight))
        with threads(self.n_threads):
            built = search.construct(seeds, int(self.n_improved))
            labels, counts, objectives = search.improve(built.labels, built.counts)
        best = np.lexsort((objectives, -counts))[0]
        self.labels_ = areas.labels(labels[best])
        self.n_regions_ = int(counts[best])
        self.objective_ = float(objectives[best])
        self.region_counts_ = built.all_counts


class _Built(NamedTuple):
    labels: Integers
    counts: Integers
    all_counts: Integers


class _MaxPSearch(NamedTuple):
    """Many constructions, a batch at a time, of which the best are kept."""

    X: Floats
    weights: Floats
    graph: NeighbourGraph
    min_weight: float

    def _areas(self) -> maxp.Areas:
        return maxp.Areas(self.X, self.weights, self.graph.indptr, self.graph.indices, self.min_weight)

    def _work(self) -> maxp.Work:
        n, p = self.X.shape
        return maxp.Work(
            mean=np.empty((BATCH, n, p)), mass=np.empty((BATCH, n)), load=np.empty((BATCH, n)),
            places=np.empty((BATCH, 4, n), np.int64),
        )  # fmt: skip

    def construct(self, seeds: list[np.random.SeedSequence], kept: int) -> _Built:
        n, areas, work = len(self.X), self._areas(), self._work()
        all_counts = []
        best_labels, best_counts = np.empty((0, n), np.int64), np.empty(0, np.int64)
        best_objectives = np.empty(0)
        for begin in range(0, len(seeds), BATCH):
            batch = seeds[begin : begin + BATCH]
            orders = np.stack([np.random.Generator(np.random.PCG64(s)).permutation(n) for s in batch])
            found = maxp.Found(np.empty_like(orders), np.empty(len(batch), np.int64), np.empty(len(batch)))
            maxp.construct_regions(areas, orders, found, work)
            all_counts.append(found.regions)
            best_labels = np.concatenate([best_labels, found.labels])
            best_counts = np.concatenate([best_counts, found.regions])
            best_objectives = np.concatenate([best_objectives, found.objectives])
            top = np.lexsort((best_objectives, -best_counts))[:kept]
            best_labels, best_counts, best_objectives = (
                best_labels[top],
                best_counts[top],
                best_objectives[top],
            )
        return _Built(best_labels, best_counts, np.concatenate(all_counts))

    def improve(self, labels: Integers, counts: Integers) -> tuple[Integers, Integers, Floats]:
        areas, work = self._areas(), self._work()
        tolerance = GAIN_FLOOR * float(self.weights @ (self.X**2).sum(axis=1))
        objectives = np.empty(len(counts))
        for begin in range(0, len(counts), BATCH):
            part = slice(begin, begin + BATCH)
            maxp.improve_regions(areas, tolerance, maxp.Found(labels[part], counts[part], objectives[part]), work)
        return labels, counts, objectives


def _require_mass(inputs: Inputs, min_weight: float) -> None:
    component = inputs.graph.component
    held = np.bincount(component, weights=inputs.weights)
    short = np.flatnonzero(held < min_weight)
    if short.size:
        first = int(np.flatnonzero(component == short[0])[0])
        raise InputError(
            Fault(
                what="a connected part holds less than min_weight",
                where=f"the part of area {inputs.names[first]}",
                expected=f"at least {min_weight}",
                got=f"{held[short[0]]}; {short.size} such parts",
                hint="Lower min_weight, or add neighbour pairs that join the parts (bridges, ferries)",
            )
        )
