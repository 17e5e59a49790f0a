"""Groups from a hierarchy, under scikit-learn's contract."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from regso_cluster.clustering._estimators import (
    DistanceGrouper,
    check_counts,
    check_threads,
    checked_weights,
    refuse_undefined,
)
from regso_cluster.clustering._rows import distinct_rows, metric_of
from regso_cluster.clustering.distances import pairwise_distances
from regso_cluster.clustering.hierarchies import (
    Labels,
    cut,
    linkage,
    linkage_from_distances,
    with_repeated,
)
from regso_cluster.clustering.metrics import Floats, Metric


class Agglomerative(DistanceGrouper):
    """Groups from a hierarchy, with row weights.

    Parameters
    ----------
    n_clusters : how many groups
    linkage : ward, average, complete or single, see `linkage`
    metric : see `prepare_metric`; "precomputed" takes X as the (n, n) distances
    factor_weights : (n_factors,) >= 0, or None
    missing : "refuse" or "partial", see `prepare_metric`
    n_threads : see `pairwise_distances`

    Attributes
    ----------
    labels_ : (n,) int64, numbered from 0 by their lowest row. A row of weight 0 takes no part in the
        hierarchy; it is labelled with the group nearest by the same linkage (ward: nearest weighted centroid)
    linkage_ : (n_used - 1, 4), the hierarchy of the rows with weight, see `linkage`
    rows_ : (n_used,) int64, which rows these are
    n_features_in_, feature_names_in_ : as scikit-learn

    Notes
    -----
    Equal rows are merged at height 0 beforehand, and rows are sorted by their values inside: the partition
    does not depend on the order of the rows, and weight 3 is the row three times. With precomputed distances
    only the second holds.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> tree = Agglomerative(n_clusters=2).fit(X)
    >>> (tree.labels_[:, None] == tree.labels_).sum().item()
    8
    """

    def __init__(
        self,
        n_clusters: int = 2,
        *,
        linkage: str = "ward",
        metric: str = "euclidean",
        factor_weights: Any = None,
        missing: str = "refuse",
        n_threads: int | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.linkage = linkage
        self.metric = metric
        self.factor_weights = factor_weights
        self.missing = missing
        self.n_threads = n_threads

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:  # noqa: ARG002
        """Build the hierarchy and cut it.

        Parameters
        ----------
        X : (n, n_factors), or (n, n) distances
        y : ignored
        sample_weight : (n,) >= 0, residents; None weighs rows equally
        """
        table = self._table(X, reset=True, least=2)
        check_counts(n_clusters=self.n_clusters)
        check_threads(self.n_threads)
        weights = checked_weights(sample_weight, len(table))
        self.rows_ = np.flatnonzero(weights > 0)
        if self.n_clusters > len(self.rows_):
            raise ValueError(
                f"n_clusters must be from 1 to the {len(self.rows_)} rows with weight, got {self.n_clusters}"
            )
        self.labels_ = np.empty(len(table), dtype=np.int64)
        if len(self.rows_) == 1:
            self.linkage_, self.labels_[:] = np.empty((0, 4)), 0
            return self
        fit = self._fit_distances if self.metric == "precomputed" else self._fit_rows
        fit(table, weights)
        return self

    def _fit_distances(self, square: Floats, weights: Floats) -> None:
        used, absent = self.rows_, np.flatnonzero(weights == 0)
        part = square[np.ix_(used, used)]
        self.linkage_ = linkage_from_distances(part, self.linkage, weights=weights[used])  # type: ignore[arg-type]
        self.labels_[used] = cut(self.linkage_, self.n_clusters)
        self.labels_[absent] = self._nearest_group(square[np.ix_(absent, used)], weights[used])

    def _fit_rows(self, table: Floats, weights: Floats) -> None:
        distinct = distinct_rows(table, weights)
        prepared = metric_of(distinct, self.metric, self.factor_weights, self.missing)
        merges = np.empty((0, 4))
        if len(distinct.values) > 1:
            merges = linkage(
                distinct.values,
                self.linkage,  # type: ignore[arg-type]
                weights=distinct.weights,
                metric=prepared,
                n_threads=self.n_threads,
            )
        used, absent = self.rows_, np.flatnonzero(weights == 0)
        self.linkage_ = with_repeated(merges, distinct.member[used])
        self.labels_[used] = cut(self.linkage_, self.n_clusters)
        if len(absent) == 0:
            return
        if self.linkage == "ward":
            self.labels_[absent] = self._nearest_centroid(table, weights, prepared, absent)
        else:
            from_absent = pairwise_distances(table[absent], table[used], metric=prepared, n_threads=self.n_threads)
            refuse_undefined(from_absent.undefined_pairs)
            self.labels_[absent] = self._nearest_group(from_absent.values, weights[used])

    def _nearest_group(self, distances: Floats, weights: Floats) -> Labels:
        """Return for each row of distances to the rows in use the nearest group by the linkage."""
        groups = [np.flatnonzero(self.labels_[self.rows_] == g) for g in range(self.n_clusters)]
        nearness = np.empty((len(distances), self.n_clusters))
        for g, group in enumerate(groups):
            part = distances[:, group]
            if self.linkage == "average":
                nearness[:, g] = (part * weights[group]).sum(axis=1) / weights[group].sum()
            else:
                nearness[:, g] = part.max(axis=1) if self.linkage == "complete" else part.min(axis=1)
        return np.asarray(np.argmin(nearness, axis=1))

    def _nearest_centroid(self, table: Floats, weights: Floats, metric: Metric, absent: Labels) -> Labels:
        centres = np.empty((self.n_clusters, table.shape[1]))
        for g in range(self.n_clusters):
            rows = self.rows_[self.labels_[self.rows_] == g]
            share = weights[rows] / weights[rows].sum()
            centres[g] = (table[rows] * share[:, None]).sum(axis=0)
        distances = pairwise_distances(table[absent], centres, metric=metric).values
        return np.asarray(np.argmin(distances, axis=1))
