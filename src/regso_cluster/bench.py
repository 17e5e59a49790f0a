"""The short benchmark for a user's own machine: under two minutes, peers that are installed anyway."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
AREAS, FACTORS = 3363, 6  # the size of a classification of all RegSO
LIMIT = 4.0  # seconds for one contender of one job


def synthetic(n: int, p: int) -> tuple[Floats, Floats]:
    """Make SYNTHETIC factors with heavy tails around twelve planted profiles, and residents as weights."""
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence([n, p])))
    profiles = 1.2 * random.standard_normal((12, p))
    X = profiles[random.integers(0, 12, n)] + random.standard_t(4, size=(n, p))
    return X, np.rint(random.lognormal(8.0, 0.35, n)) + 1.0


def _in_turn(runs: dict[str, Callable[[], Any]], repeats: int) -> dict[str, tuple[float, Any]]:
    """Run each once to warm up, then all in turn; gives median seconds and the last result by name."""
    results = {name: run() for name, run in runs.items()}
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            if sum(times[name]) < LIMIT:
                started = time.perf_counter()
                results[name] = run()
                times[name].append(time.perf_counter() - started)
    return {name: (float(np.median(times[name])), results[name]) for name in runs}


def _restarts(X: Floats, weights: Floats, threads: int | None) -> dict[str, Callable[[], Any]]:
    from sklearn.cluster import KMeans as Peer  # noqa: PLC0415  heavy, and only for this command

    from regso_cluster.grouping.clusters import KMeans  # noqa: PLC0415

    ours = KMeans(8, algorithm="restarts", init="random", n_init=50, random_state=0, n_threads=threads)
    peer = Peer(8, init="random", n_init=50, tol=0, random_state=0)
    return {
        "regso_cluster": lambda: ours.fit(X, sample_weight=weights).inertia_,
        "scikit-learn": lambda: peer.fit(X, sample_weight=weights).inertia_,
    }


def _best(X: Floats, weights: Floats, threads: int | None) -> dict[str, Callable[[], Any]]:
    from sklearn.cluster import KMeans as Peer  # noqa: PLC0415

    from regso_cluster.grouping.clusters import KMeans  # noqa: PLC0415

    ours = KMeans(12, random_state=0, n_threads=threads)
    peer = Peer(12, n_init=100, tol=0, random_state=0)
    return {
        "regso_cluster": lambda: ours.fit(X, sample_weight=weights).inertia_,
        "scikit-learn, best of 100": lambda: peer.fit(X, sample_weight=weights).inertia_,
    }


def _assignment(X: Floats, weights: Floats, threads: int | None) -> dict[str, Callable[[], Any]]:  # noqa: ARG001
    from scipy.spatial.distance import cdist  # noqa: PLC0415

    from regso_cluster.grouping import search  # noqa: PLC0415

    centres = np.ascontiguousarray(X[:8])
    missing = np.zeros(X.shape, dtype=bool)
    count = search.threads(threads)
    return {
        "regso_cluster": lambda: float(search.nearest(X, missing, centres, count)[2].sum()),
        "scipy cdist, argmin": lambda: float((cdist(X, centres, "sqeuclidean")).min(axis=1).sum()),
        "numpy": lambda: float(((X[:, None] - centres) ** 2).sum(axis=2).min(axis=1).sum()),
    }


JOBS: tuple[tuple[str, int, int, Callable[..., dict[str, Callable[[], Any]]]], ...] = (
    ("k-means, 50 random restarts, k = 8", AREAS, FACTORS, _restarts),
    ("k-means, 50 random restarts, k = 8", 6160, 12, _restarts),
    ("k-means, best partition found, k = 12", AREAS, FACTORS, _best),
    ("nearest of 8 centres", 100_000, 12, _assignment),
)


def run_short(threads: int | None = None) -> pd.DataFrame:
    """Compare the kernels with numpy, scipy and scikit-learn on this machine, on synthetic data.

    Parameters
    ----------
    threads : threads of ours; peers use what their own settings say. None: one for each processor

    Returns
    -------
    One row for each job and contender: job, areas, factors, contender, seconds (median, after a warm-up),
    objective (lower is better), times_ours (how many times as long as ours).
    """
    rows = []
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="KMeans is known to have a memory leak")
        for job, n, p, make in JOBS:
            X, weights = synthetic(n, p)
            measured = _in_turn(make(X, weights, threads), repeats=5)
            ours = measured["regso_cluster"][0]
            rows += [
                (job, n, p, name, seconds, objective, seconds / ours) for name, (seconds, objective) in measured.items()
            ]
    columns = ["job", "areas", "factors", "contender", "seconds", "objective", "times_ours"]
    return pd.DataFrame(rows, columns=columns)
