"""Groups of areas around medoids: each group stands for a real area."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from regso_cluster.clustering._estimators import (
    DistanceGrouper,
    check_choice,
    check_counts,
    check_threads,
    checked_weights,
    random_generator,
    refuse_undefined,
)
from regso_cluster.clustering._rows import DistinctRows, distinct_rows, metric_of
from regso_cluster.clustering.distances import pairwise_distances
from regso_cluster.clustering.metrics import Floats, checked_square
from regso_cluster.errors import Fault, InputError
from regso_cluster.kernels import kmedoids as kernels
from regso_cluster.kernels._threads import threads
from regso_cluster.kernels.lanes import LANES

Labels = npt.NDArray[np.int64]
TOGETHER = 2  # starts that a thread runs side by side; fixed, so that no result depends on the threads


@dataclass(frozen=True)
class Medoids:
    """The outcome of searches for medoids.

    Parameters
    ----------
    medoids : (k,) int64, rows, ascending, of the best start
    loss : weighted sum of the distances of all rows to their nearest medoid
    losses : (n_starts,), the loss of each start; the first of equal ones is the best
    n_passes : passes over all candidates that the best start needed
    converged : whether no swap of one medoid for one row lowers the loss any more
    """

    medoids: Labels
    loss: float
    losses: Floats
    n_passes: int
    converged: bool


def best_medoids(
    distances: Any, starts: Any, *, weights: Any = None, max_passes: int = 100, n_threads: int | None = None
) -> Medoids:
    """Search for the medoids with the least loss from given starts.

    Parameters
    ----------
    distances : (n, n), symmetric, >= 0, nothing missing
    starts : (n_starts, k) int, k different rows each
    weights : (n,) > 0, residents; None weighs rows equally
    max_passes : passes over all candidates after which a start is given up
    n_threads : see `pairwise_distances`; threads share out the starts, and no bit of the result depends on
        them

    Returns
    -------
    Medoids

    Raises
    ------
    InputError  distances, starts or weights that are none

    Notes
    -----
    Schubert and Rousseeuw (2021), Fast and eager k-medoids clustering, algorithm 4. Time O(n^2) per pass.
    """
    square = np.require(checked_square(distances), requirements="W")  # read-only would be compiled anew
    n = len(square)
    shares = checked_weights(weights, n, "weights", positive=True)
    first = np.array(starts, dtype=np.int64, ndmin=2)
    ordered = np.sort(first, axis=1)
    if first.size == 0 or ordered.min() < 0 or ordered.max() >= n or (np.diff(ordered, axis=1) == 0).any():
        raise InputError(Fault(what="wrong starts", expected=f"different rows from 0 to {n - 1}"))
    return _search(square, shares, first, max_passes, n_threads)


def build_start(distances: Floats, k: int, weights: Floats) -> Labels:
    """Choose k medoids one by one, each the row that lowers the loss most.

    Parameters
    ----------
    distances : (n, n) ; weights : (n,)

    Returns
    -------
    (k,) int64; for k = 1 this is the best medoid
    """
    n = len(distances)
    medoids = np.empty(k, dtype=np.int64)
    kernels.build_medoids(distances, weights, medoids, np.empty(n), np.empty(n))
    return medoids


def _search(square: Floats, weights: Floats, starts: Labels, max_passes: int, n_threads: int | None) -> Medoids:
    n, (n_starts, k) = len(square), starts.shape
    if k == 1:
        best = build_start(square, 1, weights)
        loss = float((square[best[0]] * weights).sum())
        return Medoids(best, loss, np.full(n_starts, loss), 1, converged=True)
    matrix = square
    if n < LANES:
        matrix = np.zeros((n, LANES))
        matrix[:, :n] = square
    pieces = -(-n_starts // TOGETHER)
    medoids, losses, nearest = starts.copy(), np.empty(n_starts), np.empty((n_starts, n), dtype=np.int64)
    apart = np.empty((n_starts, n)), np.empty((n_starts, n)), np.empty((n_starts, k))
    state = kernels.Starts(medoids, nearest, np.empty_like(nearest), *apart)
    found = kernels.Found(losses, np.empty(n_starts, dtype=np.int64), np.empty(n_starts, dtype=np.int64))
    own = np.empty((pieces, k, LANES))
    with threads(n_threads):
        kernels.search_medoids(matrix, weights, TOGETHER, state, found, np.empty((pieces, LANES)), own, max_passes)
    best_start = int(np.argmin(losses))
    panels = -(-n // LANES)
    return Medoids(
        np.sort(medoids[best_start]),
        float(losses[best_start]),
        losses,
        int(found.passes[best_start]),
        converged=bool(found.idle[best_start] >= panels),
    )


class KMedoids(ClassNamePrefixFeaturesOutMixin, TransformerMixin, DistanceGrouper):  # type: ignore[misc]
    """K-medoids by FasterPAM, with row weights and several starts.

    Parameters
    ----------
    n_clusters : how many groups
    metric : see `prepare_metric`; "precomputed" takes X as the (n, n) distances
    factor_weights : (n_factors,) >= 0, or None
    missing : "refuse" or "partial", see `prepare_metric`
    n_init : random starts, each of rows drawn without replacement; "build": one start, chosen greedily
    max_iter : passes over all candidates after which a start is given up
    random_state : int, numpy RandomState or Generator, or None
    n_threads : see `pairwise_distances`

    Attributes
    ----------
    medoid_indices_ : (n_clusters,) int64, the medoids' rows in X (the first of equal rows)
    cluster_centers_ : (n_clusters, n_factors), their values; not with precomputed distances
    labels_ : (n,) int64, the nearest medoid, ties to the lower label; groups are numbered in the order of the
        medoids' values (precomputed: rows)
    inertia_ : weighted sum of the distances to the nearest medoid
    losses_ : (n_init,), the loss that each start reached
    medoid_silhouette_ : weighted mean of 1 - a / b with the distances a and b to the nearest and the second
        nearest medoid, 0 where b = 0; NaN for one group
    n_iter_ : passes of the best start
    n_features_in_, feature_names_in_ : as scikit-learn

    Notes
    -----
    Equal rows are counted as one with their weights added, rows of weight 0 are left out of the search, and
    rows are sorted by their values inside: the result does not depend on the order of the rows, and weight 3
    is the row three times. With precomputed distances equal rows are not seen. Memory for n^2 distances.

    Schubert and Rousseeuw (2021), Fast and eager k-medoids clustering; Lenssen and Schubert (2022),
    Clustering by direct optimization of the medoid silhouette, section 3.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> found = KMedoids(n_clusters=2, random_state=1).fit(X)
    >>> (found.labels_[:, None] == found.labels_).sum().item()
    8
    """

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        metric: str = "euclidean",
        factor_weights: Any = None,
        missing: str = "refuse",
        n_init: int | str = 10,
        max_iter: int = 100,
        random_state: Any = None,
        n_threads: int | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.metric = metric
        self.factor_weights = factor_weights
        self.missing = missing
        self.n_init = n_init
        self.max_iter = max_iter
        self.random_state = random_state
        self.n_threads = n_threads

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:  # noqa: ARG002
        """Find the medoids.

        Parameters
        ----------
        X : (n, n_factors), or (n, n) distances
        y : ignored
        sample_weight : (n,) >= 0, residents; None weighs rows equally
        """
        table = self._table(X, reset=True)
        self._check_parameters()
        weights = checked_weights(sample_weight, len(table))
        if self.metric == "precomputed":
            used = np.flatnonzero(weights > 0)
            member = np.full(len(table), -1, dtype=np.int64)
            member[used] = np.arange(len(used))
            rows = DistinctRows(np.empty((len(used), 0)), weights[used], member)
            table = checked_square(table)
            square = table[np.ix_(used, used)]
        else:
            rows = distinct_rows(table, weights)
            self.metric_ = metric_of(rows, self.metric, self.factor_weights, self.missing)
            square = self._square(rows)
        self._fit_medoids(square, rows)
        if self.metric != "precomputed":
            self.cluster_centers_ = table[self.medoid_indices_]
        to_medoids = self._to_medoids(table)
        self.labels_ = np.asarray(np.argmin(to_medoids, axis=1), dtype=np.int64)
        # summed over the distinct rows in their own order: the same bits in whatever order the table comes
        to_medoids = to_medoids[rows.first()]
        self.inertia_ = float((rows.weights * to_medoids.min(axis=1)).sum())
        self.medoid_silhouette_ = _medoid_silhouette(to_medoids, rows.weights)
        return self

    def _square(self, rows: DistinctRows) -> Floats:
        result = pairwise_distances(rows.values, metric=self.metric_, n_threads=self.n_threads)
        refuse_undefined(result.undefined_pairs)
        return result.values

    def _check_parameters(self) -> None:
        check_counts(n_clusters=self.n_clusters, max_iter=self.max_iter)
        if isinstance(self.n_init, str):
            check_choice("n_init", self.n_init, ("build",))
        else:
            check_counts(n_init=self.n_init)
        check_threads(self.n_threads)

    def _fit_medoids(self, square: Floats, rows: DistinctRows) -> None:
        n, k = len(square), min(self.n_clusters, len(square))
        if self.n_clusters > len(rows.member):
            raise ValueError(f"n_samples={len(rows.member)} should be >= n_clusters={self.n_clusters}")
        if k < self.n_clusters:
            warnings.warn(
                f"Only {n} different rows with weight for n_clusters={self.n_clusters}: {n} groups.",
                ConvergenceWarning,
                stacklevel=3,
            )
        found = _search(square, rows.weights, self._starts(square, k, rows.weights), self.max_iter, self.n_threads)
        if not found.converged:
            warnings.warn(
                f"Swaps were still to be had after max_iter={self.max_iter} passes.",
                ConvergenceWarning,
                stacklevel=3,
            )
        self.medoid_indices_ = rows.first()[found.medoids]
        self.losses_ = found.losses
        self.n_iter_ = found.n_passes

    def _starts(self, square: Floats, k: int, weights: Floats) -> Labels:
        """Give (n_starts, k) rows to start from."""
        if isinstance(self.n_init, str):
            return build_start(square, k, weights)[None, :]
        generator = random_generator(self.random_state)
        return np.stack([generator.permutation(len(square))[:k] for _ in range(self.n_init)])

    def _to_medoids(self, table: Floats) -> Floats:
        if self.metric == "precomputed":
            return table[:, self.medoid_indices_]
        result = pairwise_distances(table, self.cluster_centers_, metric=self.metric_, n_threads=self.n_threads)
        refuse_undefined(result.undefined_pairs, "distances to medoids undefined")
        return result.values

    def transform(self, X: Any) -> Floats:
        """Return the distances to the medoids.

        Parameters
        ----------
        X : (m, n_factors), or (m, n) distances to the rows fitted

        Returns
        -------
        (m, n_clusters)
        """
        check_is_fitted(self)
        return self._to_medoids(self._table(X, reset=False))

    def predict(self, X: Any) -> Labels:
        """Return the nearest medoid of each row, ties to the lower label; see `transform`."""
        return np.asarray(np.argmin(self.transform(X), axis=1), dtype=np.int64)

    @property
    def _n_features_out(self) -> int:
        return len(self.medoid_indices_)


def _medoid_silhouette(to_medoids: Floats, weights: Floats) -> float:
    if to_medoids.shape[1] < 2:
        return float("nan")
    two = np.partition(to_medoids, 1, axis=1)[:, :2]
    far = np.where(two[:, 1] > 0, two[:, 1], 1.0)
    width = np.where(two[:, 1] > 0, 1.0 - two[:, 0] / far, 0.0)
    return float((width * weights).sum() / weights.sum())
