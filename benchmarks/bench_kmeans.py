"""k-means against scikit-learn, scikit-learn-intelex and faiss: restarts, time to quality, one iteration."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from harness import Case, Contender, data, shape, threads

LARGE = 50_000  # rows from which an iteration is timed rather than thousands of restarts
RESTARTS = 200  # of the 10,000 that the job is named after; times are scaled in the note, not in the record


def inertia(model: Any) -> float:
    return float(model.inertia_)


def _ours(X: np.ndarray, weights: np.ndarray, k: int, **options: Any) -> Any:
    from regso_cluster.grouping.clusters import KMeans

    return KMeans(k, random_state=0, n_threads=threads(), **options).fit(X, sample_weight=weights)


def _sklearn(X: np.ndarray, weights: np.ndarray, k: int, **options: Any) -> Any:
    from sklearn.cluster import KMeans

    return KMeans(k, tol=0, random_state=0, **options).fit(X, sample_weight=weights)


def _intelex(X: np.ndarray, k: int, **options: Any) -> Any:
    from sklearnex.cluster import KMeans

    return KMeans(k, tol=0, random_state=0, **options).fit(X)


def _faiss(X: np.ndarray, weights: np.ndarray, k: int, **options: Any) -> float:
    import faiss

    faiss.omp_set_num_threads(threads())
    model = faiss.Kmeans(
        X.shape[1], k, min_points_per_centroid=1, max_points_per_centroid=10**9, seed=1, **options
    )
    model.train(X, weights=weights.astype(np.float32))
    return float(model.obj[-1])


def many_restarts(size: str, k: int) -> Case:
    X, weights = data(size)
    X32 = X.astype(np.float32)
    return Case(
        f"{RESTARTS} random restarts, k={k}",
        size,
        (
            Contender(
                "regso_cluster",
                lambda: _ours(X, weights, k, algorithm="restarts", init="random", n_init=RESTARTS),
                inertia,
            ),
            Contender(
                "scikit-learn", lambda: _sklearn(X, weights, k, init="random", n_init=RESTARTS), inertia
            ),
            Contender(
                "scikit-learn-intelex",
                lambda: _intelex(X, k, init="random", n_init=RESTARTS),
                inertia,
                note="no weights: another objective",
            ),
            Contender(
                "faiss",
                lambda: _faiss(X32, weights, k, nredo=RESTARTS, niter=25),
                float,
                note="float32, 25 iterations",
            ),
        ),
        repeats=3,
    )


def to_quality(size: str, k: int) -> Case:
    X, weights = data(size)
    return Case(
        f"the best partition found, k={k}",
        size,
        (
            Contender("regso_cluster", lambda: _ours(X, weights, k), inertia, note="8 chains of 200 swaps"),
            Contender(
                "scikit-learn",
                lambda: _sklearn(X, weights, k, n_init=100),
                inertia,
                note="best of 100, k-means++",
            ),
        ),
        repeats=3,
    )


def iteration(size: str, k: int) -> Case:
    """Time to 20 Lloyd iterations from the same centres; none converges before."""
    X, weights = data(size)
    X32 = X.astype(np.float32)
    start = X[np.random.default_rng(0).choice(len(X), k, replace=False)]
    start32 = start.astype(np.float32)
    rounds = 20
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Case(
            f"{rounds} Lloyd iterations, k={k}",
            size,
            (
                Contender(
                    "regso_cluster",
                    lambda: _ours(X, weights, k, algorithm="restarts", init=start, max_iter=rounds),
                    inertia,
                ),
                Contender(
                    "scikit-learn",
                    lambda: _sklearn(X, weights, k, init=start, n_init=1, max_iter=rounds),
                    inertia,
                ),
                Contender(
                    "scikit-learn-intelex",
                    lambda: _intelex(X, k, init=start, n_init=1, max_iter=rounds),
                    inertia,
                    note="no weights: another objective",
                ),
                Contender(
                    "faiss", lambda: _faiss_from(X32, weights, k, start32, rounds), float, note="float32"
                ),
            ),
            repeats=3,
        )


def _faiss_from(X: np.ndarray, weights: np.ndarray, k: int, start: np.ndarray, rounds: int) -> float:
    import faiss

    faiss.omp_set_num_threads(threads())
    model = faiss.Kmeans(
        X.shape[1], k, niter=rounds, min_points_per_centroid=1, max_points_per_centroid=10**9
    )
    model.train(X, weights=weights.astype(np.float32), init_centroids=start)
    return float(model.obj[-1])


def cases(sizes: Sequence[str]) -> Iterator[Case]:
    for size in sizes:
        if shape(size)[0] < LARGE:
            yield many_restarts(size, 8)
            for k in (8, 15):
                yield to_quality(size, k)
        else:
            yield iteration(size, 8)
