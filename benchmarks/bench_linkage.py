"""Hierarchies against fastcluster and scipy.

Quality: for Ward the within sum of squares of eight groups, else the sum of heights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from harness import Case, Contender, data, shape, threads

ALL_PAIRS = 10_000  # rows up to which a matrix of all pairs is made; Ward needs none
WARD = 30_000


def ours(X: np.ndarray, method: str, weights: np.ndarray | None = None) -> np.ndarray:
    from regso_cluster.clustering.hierarchies import linkage

    return linkage(X, method, weights=weights, n_threads=threads())


def peer(library: str, function: str, X: np.ndarray, method: str) -> np.ndarray:
    if library == "fastcluster":
        import fastcluster

        return getattr(fastcluster, function)(X, method)
    from scipy.cluster.hierarchy import linkage

    return linkage(X, method)


def within(X: np.ndarray) -> Callable[[Any], float]:
    def quality(merges: np.ndarray) -> float:
        from scipy.cluster.hierarchy import fcluster

        labels = fcluster(merges, 8, "maxclust")
        groups = [X[labels == label] for label in np.unique(labels)]
        return float(sum(((group - group.mean(axis=0)) ** 2).sum() for group in groups))

    return quality


def heights(merges: np.ndarray) -> float:
    """Sum of the heights: alike for alike hierarchies."""
    return float(merges[:, 2].sum())


def cases(sizes: Sequence[str]) -> Iterator[Case]:
    for size in sizes:
        n, _ = shape(size)
        if n > WARD:
            continue
        X, weights = data(size)
        yield ward(X, weights, size)
        if n <= ALL_PAIRS:
            for method in ("average", "complete", "single"):
                yield by_distances(X, weights, size, method)


def ward(X: np.ndarray, weights: np.ndarray, size: str) -> Case:
    quality = within(X)
    return Case(
        "Ward (quality: within sum of squares, k = 8)",
        size,
        (
            Contender("regso_cluster", lambda: ours(X, "ward"), quality),
            Contender("regso_cluster, weights", lambda: ours(X, "ward", weights), quality, "with weights"),
            Contender(
                "fastcluster vector",
                lambda: peer("fastcluster", "linkage_vector", X, "ward"),
                quality,
                "no weights",
            ),
            Contender("fastcluster", lambda: peer("fastcluster", "linkage", X, "ward"), quality, "no weights"),
            Contender("scipy", lambda: peer("scipy", "linkage", X, "ward"), quality, "no weights"),
        ),
    )


def by_distances(X: np.ndarray, weights: np.ndarray, size: str, method: str) -> Case:
    contenders = [
        Contender("regso_cluster", lambda: ours(X, method), heights),
        Contender("regso_cluster, weights", lambda: ours(X, method, weights), heights, "with weights"),
        Contender("fastcluster", lambda: peer("fastcluster", "linkage", X, method), heights, "no weights"),
        Contender("scipy", lambda: peer("scipy", "linkage", X, method), heights, "no weights"),
    ]
    if method == "single":
        vector = Contender("fastcluster vector", lambda: peer("fastcluster", "linkage_vector", X, method), heights)
        contenders.insert(2, vector)
    return Case(f"{method} linkage, from rows (quality: sum of heights)", size, tuple(contenders))
