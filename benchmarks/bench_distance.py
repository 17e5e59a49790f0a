"""Distances against scipy, scikit-learn and gower: all pairs, to centres, nearest rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from harness import Case, Contender, data, shape, threads

ALL_PAIRS = 10_000  # rows up to which a matrix of all pairs is made
NEAREST = 200_000  # rows up to which neighbours are sought
MISSING = 0.05  # share of cells taken out, at random


def ours(X: np.ndarray, out: np.ndarray | None = None, **options: Any) -> np.ndarray:
    from regso_cluster.clustering.distances import pairwise_distances

    return pairwise_distances(X, out=out, n_threads=threads(), **options).values


def cdist(X: np.ndarray, out: np.ndarray | None = None, name: str = "euclidean", **options: Any) -> np.ndarray:
    from scipy.spatial.distance import cdist as measure

    return measure(X, X, name, out=out, **options)


def error(reference: Callable[[], np.ndarray]) -> Callable[[Any], float]:
    """Largest deviation from scipy's direct differences."""
    return lambda result: float(np.nanmax(np.abs(result - reference())))


def all_pairs(size: str) -> Case:
    X, _ = data(size)
    n = len(X)
    first, second = np.empty((n, n)), np.empty((n, n))

    def sklearn() -> np.ndarray:
        from sklearn.metrics.pairwise import euclidean_distances

        return euclidean_distances(X)

    quality = error(lambda: cdist(X))
    return Case(
        "distances into a given array",
        size,
        (
            Contender("regso_cluster", lambda: ours(X, first), quality),
            Contender("scipy", lambda: cdist(X, second), quality),
            Contender("scikit-learn", sklearn, quality, "new array; GEMM"),
        ),
    )


def other_metrics(size: str) -> Iterator[Case]:
    X, _ = data(size)
    n = len(X)
    first, second = np.empty((n, n)), np.empty((n, n))
    inverse = np.linalg.inv(np.cov(X.T))
    for metric, name, options in (
        ("manhattan", "cityblock", {}),
        ("correlation", "correlation", {}),
        ("mahalanobis", "mahalanobis", {"VI": inverse}),
    ):
        note = "another covariance, not shrunk" if metric == "mahalanobis" else ""
        yield Case(
            f"distances, {metric}",
            size,
            (
                Contender("regso_cluster", lambda metric=metric: ours(X, first, metric=metric)),
                Contender("scipy", lambda name=name, options=options: cdist(X, second, name, **options), note=note),
            ),
            repeats=3,
        )


def gower_loop(X: np.ndarray) -> np.ndarray:
    """Add up factor by factor with numpy: right with missing values."""
    total, shared = np.zeros((len(X), len(X))), np.zeros((len(X), len(X)))
    for column in X.T:
        there = ~np.isnan(column)
        values = np.where(there, column, 0.0) / (np.nanmax(column) - np.nanmin(column))
        both = there[:, None] & there
        total += np.abs(values[:, None] - values) * both
        shared += both
    with np.errstate(invalid="ignore"):
        return total / shared


def gower(size: str) -> Case:
    X, _ = data(size)
    X = np.where(np.random.default_rng(0).random(X.shape) < MISSING, np.nan, X)
    out = np.empty((len(X), len(X)))

    def package() -> np.ndarray:
        import gower as library

        return library.gower_matrix(X)

    def nan_euclidean() -> np.ndarray:
        from sklearn.metrics.pairwise import nan_euclidean_distances

        return nan_euclidean_distances(X)

    def missing(result: np.ndarray) -> float:
        return float(np.isnan(result).mean())

    return Case(
        "Gower, 5 % missing (quality: share of NaN)",
        size,
        (
            Contender("regso_cluster", lambda: ours(X, out, metric="gower"), missing),
            Contender("gower", package, missing, "float32; a missing cell makes its row and column NaN"),
            Contender("numpy column loop", lambda: gower_loop(X), missing),
            Contender("scikit-learn nan_euclidean", nan_euclidean, missing, "another measure"),
        ),
        repeats=3,
    )


def nearest(size: str) -> Case:
    X, _ = data(size)

    def mine() -> np.ndarray:
        from regso_cluster.clustering.distances import nearest_rows

        return nearest_rows(X, 10, n_threads=threads()).distances

    def sklearn(algorithm: str) -> np.ndarray:
        from sklearn.neighbors import NearestNeighbors

        return NearestNeighbors(n_neighbors=10, algorithm=algorithm, n_jobs=threads()).fit(X).kneighbors()[0]

    def total(result: np.ndarray) -> float:
        return float(result.sum())

    return Case(
        "10 nearest of each row (quality: sum)",
        size,
        (
            Contender("regso_cluster", mine, total),
            Contender("scikit-learn brute", lambda: sklearn("brute"), total, "GEMM"),
            Contender("scikit-learn k-d tree", lambda: sklearn("kd_tree"), total),
        ),
        repeats=3 if len(X) <= ALL_PAIRS else 1,
    )


def to_centres(size: str) -> Case:
    from scipy.spatial.distance import cdist as measure

    X, _ = data(size)
    centres = X[:8].copy()
    first, second = np.empty((len(X), 8)), np.empty((len(X), 8))
    return Case(
        "distances to 8 centres",
        size,
        (
            Contender("regso_cluster", lambda: ours(X, first, others=centres)),
            Contender("scipy", lambda: measure(X, centres, out=second)),
        ),
    )


def cases(sizes: Sequence[str]) -> Iterator[Case]:
    for size in sizes:
        n, _ = shape(size)
        yield to_centres(size)
        if n <= NEAREST:
            yield nearest(size)
        if n <= ALL_PAIRS:
            yield all_pairs(size)
            yield from other_metrics(size)
            yield gower(size)
