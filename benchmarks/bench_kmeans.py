"""k-means against scikit-learn, scikit-learn-intelex and faiss: restarts, time to quality, one iteration."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from harness import Case, Contender, data, shape, threads

LARGE = 50_000  # rows from which an iteration is timed, not hundreds of restarts
RESTARTS = 200  # the time of 10,000 is 50 times as long for every contender
warnings.filterwarnings("ignore", message="Number of distinct clusters|.*did not converge")


def inertia(model: Any) -> float:
    return float(model.inertia_)


def ours(X: np.ndarray, weights: np.ndarray, k: int, **options: Any) -> Any:
    from regso_cluster.clustering.clusters import KMeans

    options = {"random_state": 0, "n_threads": threads(), **options}
    return KMeans(k, **options).fit(X, sample_weight=weights)


def sklearn(X: np.ndarray, weights: np.ndarray, k: int, **options: Any) -> Any:
    from sklearn.cluster import KMeans

    return KMeans(k, tol=0, random_state=0, **options).fit(X, sample_weight=weights)


def intelex(X: np.ndarray, k: int, **options: Any) -> Any:
    from sklearnex.cluster import KMeans

    return KMeans(k, tol=0, random_state=0, **options).fit(X)


def faiss(X: np.ndarray, weights: np.ndarray, k: int, start: np.ndarray | None = None, **options: Any) -> float:
    import faiss as library

    library.omp_set_num_threads(threads())
    whole = {"min_points_per_centroid": 1, "max_points_per_centroid": 10**9}  # else it takes a sample
    model = library.Kmeans(X.shape[1], k, seed=1, **whole, **options)
    model.train(X, weights=weights.astype(np.float32), init_centroids=start)
    return float(model.obj[-1])


def many_restarts(size: str, k: int) -> Case:
    X, weights = data(size)
    X32 = X.astype(np.float32)
    plain = {"init": "random", "n_init": RESTARTS}
    contenders = (
        Contender("regso_cluster", lambda: ours(X, weights, k, n_swaps=0, **plain), inertia),
        Contender("scikit-learn", lambda: sklearn(X, weights, k, **plain), inertia),
        Contender("scikit-learn-intelex", lambda: intelex(X, k, **plain), note="no weights"),
        Contender("faiss", lambda: faiss(X32, weights, k, nredo=RESTARTS, niter=25), note="float32, 25 iterations"),
    )
    return Case(f"{RESTARTS} random restarts, k={k}", size, contenders)


def to_quality(size: str, k: int) -> Case:
    X, weights = data(size)
    contenders = (
        Contender("regso_cluster", lambda: ours(X, weights, k), inertia, note="8 chains of 200 swaps"),
        Contender("scikit-learn", lambda: sklearn(X, weights, k, n_init=100), inertia, note="best of 100"),
    )
    return Case(f"best partition, k={k}", size, contenders)


def with_gaps(size: str, k: int) -> Case:
    """5 % of the cells missing: no peer does it; the price against complete rows."""
    X, weights = data(size)
    gappy = np.where(np.random.default_rng(0).random(X.shape) < 0.05, np.nan, X)
    contenders = (
        Contender("regso_cluster", lambda: ours(gappy, weights, k), inertia, note="5 % missing"),
        Contender("regso_cluster, complete", lambda: ours(X, weights, k), inertia),
    )
    return Case(f"best partition with gaps, k={k}", size, contenders)


def sweep(size: str) -> Case:
    X, weights = data(size)

    def run() -> list[float]:
        return [ours(X, weights, k).inertia_ for k in range(2, 16)]

    return Case("best partitions for k = 2 to 15", size, (Contender("regso_cluster", run, sum),), repeats=3)


def per_iteration(fit: Callable[[int], int], few: int = 2, many: int = 32) -> Callable[[], float]:
    """Time fits of many and of few iterations from the same centres: the difference is iterations alone.

    On one thread in processor time, which other processes on the machine disturb less.
    """
    clock = time.process_time if threads() == 1 else time.perf_counter

    def run() -> float:
        took, done = [], []
        for rounds in (few, many):
            started = clock()
            done.append(fit(rounds))
            took.append(clock() - started)
        return (took[1] - took[0]) / (done[1] - done[0])

    return run


def iteration(size: str, k: int) -> Iterator[Case]:
    X, weights = data(size)
    X32 = X.astype(np.float32)
    start = X[np.random.default_rng(0).choice(len(X), k, replace=False)]
    start32 = start.astype(np.float32)
    fits: dict[str, tuple[Callable[[int], Any], str]] = {
        "regso_cluster": (
            lambda rounds: ours(X, weights, k, n_swaps=0, init=start, max_iter=rounds), ""
        ),
        "scikit-learn": (lambda rounds: sklearn(X, weights, k, init=start, n_init=1, max_iter=rounds), ""),
        "scikit-learn-intelex": (
            lambda rounds: intelex(X, k, init=start, n_init=1, max_iter=rounds), "no weights"
        ),
        "faiss": (lambda rounds: faiss(X32, weights, k, start32, niter=rounds), "float32"),
    }  # fmt: skip

    def iterations(fit: Callable[[int], Any]) -> Callable[[int], int]:
        return lambda rounds: getattr(fit(rounds), "n_iter_", rounds)

    yield Case(
        f"one Lloyd iteration, k={k}",
        size,
        tuple(Contender(name, per_iteration(iterations(fit)), None, note, float) for name, (fit, note) in fits.items()),
        repeats=5,
    )
    yield Case(
        f"a fit of 20 iterations, k={k}",
        size,
        tuple(
            Contender(name, lambda fit=fit: fit(20), None if note else inertia, note)
            for name, (fit, note) in fits.items()
        ),
        repeats=3,
    )


def cases(sizes: Sequence[str]) -> Iterator[Case]:
    for size in sizes:
        if shape(size)[0] < LARGE:
            for k in (8, 15):
                yield many_restarts(size, k)
            for k in (8, 12, 15):
                yield to_quality(size, k)
            yield with_gaps(size, 8)
            yield sweep(size)
        if shape(size)[0] >= 10_000:
            yield from iteration(size, 8)
