"""K-medoids against the kmedoids package: 20 random starts on a given matrix, mean and best loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from harness import Case, Contender, data, shape, threads

LARGE = 10_000  # rows beyond which there is no matrix of distances
STARTS = 20


def distances(X: np.ndarray) -> np.ndarray:
    from scipy.spatial.distance import cdist

    return cdist(X, X)


def ours(D: np.ndarray, starts: np.ndarray, weights: np.ndarray | None = None) -> Any:
    from regso_cluster.clustering.medoids import best_medoids

    return best_medoids(D, starts, weights=weights, n_threads=threads()).losses


def kmedoids(D: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """FasterPAM from the same starts."""
    import kmedoids as library

    return np.array([library.fasterpam(D, start.astype(np.uintp), n_cpu=threads()).loss for start in starts])


def mean(losses: np.ndarray) -> float:
    return float(losses.mean())


def best(losses: np.ndarray) -> float:
    return float(losses.min())


def cases(sizes: Sequence[str]) -> Iterator[Case]:
    for size in sizes:
        if shape(size)[0] > LARGE:
            continue
        X, weights = data(size)
        D = distances(X)
        for k in (8, 15):
            for name, quality, repeats in (("mean", mean, 3), ("best", best, 1)):
                yield case(D, weights, size, k, f"{name} loss", quality, repeats)


def case(D: np.ndarray, weights: np.ndarray, size: str, k: int, name: str, quality: Callable, repeats: int) -> Case:
    generator = np.random.default_rng(k)
    starts = np.array([generator.permutation(len(D))[:k] for _ in range(STARTS)])
    return Case(
        f"k-medoids, {STARTS} starts, k = {k} (quality: {name})",
        size,
        (
            Contender("regso_cluster", lambda: ours(D, starts), quality),
            Contender(
                "regso_cluster, weights",
                lambda: ours(D, starts, weights),
                lambda losses: quality(losses) / weights.mean(),
                "with weights; loss per mean weight",
            ),
            Contender("kmedoids", lambda: kmedoids(D, starts), quality, "no weights"),
        ),
        repeats,
    )
