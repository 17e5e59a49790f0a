"""Silhouettes and validity indices against scikit-learn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from harness import Case, Contender, data, threads

QUADRATIC = 10_000  # rows up to which what takes O(n^2) of the peer is asked
OURS_QUADRATIC = 100_000  # and of ours
GROUPS = 8
CALLS = 10  # in a row of what takes less than a millisecond: one call alone would time cold caches


def labels_of(X: np.ndarray) -> np.ndarray:
    """Put every row to the nearest of eight rows: groups of unlike size, as a k-means would start."""
    seeds = X[np.linspace(0, len(X) - 1, GROUPS).astype(int)]
    best = np.full(len(X), np.inf)
    labels = np.zeros(len(X), dtype=np.int64)
    for g, seed in enumerate(seeds):
        square = ((X - seed) ** 2).sum(axis=1)
        labels[square < best] = g
        best = np.minimum(best, square)
    return labels


def _ours(index: str, *arguments: Any, **options: Any) -> Any:
    import numba

    from regso_cluster.clustering import validity

    numba.set_num_threads(threads())
    return getattr(validity, index)(*arguments, **options)


def _sklearn(index: str, *arguments: Any, **options: Any) -> Any:
    from sklearn import metrics

    return getattr(metrics, index)(*arguments, **options)


def silhouettes(X: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> Iterator[tuple[str, list[Contender]]]:
    def mean(result: Any) -> float:
        return float(result.mean) if hasattr(result, "groups") else float(np.mean(result))

    if len(X) <= OURS_QUADRATIC:
        found = [Contender("regso_cluster", lambda: _ours("silhouette", X, labels), mean)]
        if len(X) <= QUADRATIC:
            found.append(Contender("scikit-learn", lambda: _sklearn("silhouette_samples", X, labels), mean))
            found.append(
                Contender(
                    "regso_cluster, weighted",
                    lambda: _ours("silhouette", X, labels, weights),
                    mean,
                    "weights too",
                )
            )
        yield "silhouette", found
    found = [Contender("regso_cluster", lambda: _often(_ours, "squared_silhouette", X, labels), mean)]
    if len(X) <= QUADRATIC:
        found.append(
            Contender(
                "scikit-learn",
                lambda: _often(_sklearn, "silhouette_samples", X, labels, metric="sqeuclidean"),
                mean,
            )
        )
    yield f"{CALLS} silhouettes of squared distances", found
    if len(X) <= QUADRATIC:
        distances = _distances(X)
        yield (
            "silhouette from a matrix",
            [
                Contender("regso_cluster", lambda: _ours("silhouette_from_distances", distances, labels), mean),
                Contender(
                    "scikit-learn",
                    lambda: _sklearn("silhouette_samples", distances, labels, metric="precomputed"),
                    mean,
                ),
            ],
        )


def _distances(X: np.ndarray) -> np.ndarray:
    from scipy.spatial.distance import cdist

    return cdist(X, X)


def indices(X: np.ndarray, labels: np.ndarray) -> Iterator[tuple[str, list[Contender]]]:
    for ours, theirs in (
        ("calinski_harabasz", "calinski_harabasz_score"),
        ("davies_bouldin", "davies_bouldin_score"),
    ):
        yield (
            f"{CALLS} {ours.replace('_', '-')}",
            [
                Contender("regso_cluster", _call(_ours, ours, X, labels), float),
                Contender("scikit-learn", _call(_sklearn, theirs, X, labels), float),
            ],
        )


def _often(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    for _ in range(CALLS):
        found = function(*arguments, **options)
    return found


def _call(function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    return lambda: _often(function, *arguments)


def cases(sizes: Sequence[str]) -> Iterator[Case]:
    """Give the cases: silhouettes in three forms, two indices; eight groups."""
    for size in sizes:
        X, weights = data(size)
        labels = labels_of(X)
        for job, contenders in (*silhouettes(X, labels, weights), *indices(X, labels)):
            yield Case(job, size, tuple(contenders), repeats=7)
