"""The short benchmark for a user's own machine: under two minutes, peers that are installed anyway."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.schema import columns as c

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
    """Run each once to warm up, then all in turn; gives median seconds and the last result by name.

    A warm-up beyond the limit is the measurement: on a busy machine a peer whose threads wait by spinning
    takes a hundred times as long, and the whole is promised in two minutes.
    """
    results, times = {}, {}
    for name, run in runs.items():
        started = time.perf_counter()
        results[name] = run()
        taken = time.perf_counter() - started
        times[name] = [taken] if taken > LIMIT else []
    for _ in range(repeats):
        for name, run in runs.items():
            if sum(times[name]) < LIMIT:
                started = time.perf_counter()
                results[name] = run()
                times[name].append(time.perf_counter() - started)
    return {name: (float(np.median(times[name])), results[name]) for name in runs}


def _restarts(X: Floats, weights: Floats, threads: int | None) -> dict[str, Callable[[], Any]]:
    from sklearn.cluster import KMeans as Peer  # noqa: PLC0415  heavy, and only for this command

    from regso_cluster.clustering.clusters import KMeans  # noqa: PLC0415

    ours = KMeans(8, n_swaps=0, init="random", n_init=50, random_state=0, n_threads=threads)
    peer = Peer(8, init="random", n_init=50, tol=0, random_state=0)
    return {
        "regso_cluster": lambda: ours.fit(X, sample_weight=weights).inertia_,
        "scikit-learn": lambda: peer.fit(X, sample_weight=weights).inertia_,
    }


def _best(X: Floats, weights: Floats, threads: int | None) -> dict[str, Callable[[], Any]]:
    from sklearn.cluster import KMeans as Peer  # noqa: PLC0415

    from regso_cluster.clustering.clusters import KMeans  # noqa: PLC0415

    ours = KMeans(12, random_state=0, n_threads=threads)
    peer = Peer(12, n_init=100, tol=0, random_state=0)
    return {
        "regso_cluster": lambda: ours.fit(X, sample_weight=weights).inertia_,
        "scikit-learn, best of 100": lambda: peer.fit(X, sample_weight=weights).inertia_,
    }


def _assignment(X: Floats, weights: Floats, threads: int | None) -> dict[str, Callable[[], Any]]:  # noqa: ARG001
    from scipy.spatial.distance import cdist  # noqa: PLC0415

    from regso_cluster.clustering import kmeans_search as search  # noqa: PLC0415
    from regso_cluster.parallel import count_threads  # noqa: PLC0415

    centres = np.ascontiguousarray(X[:8])
    missing = np.zeros(X.shape, dtype=bool)
    count = count_threads(threads)
    return {
        "regso_cluster": lambda: float(search.nearest(X, missing, centres, count)[2].sum()),
        "scipy cdist, argmin": lambda: float((cdist(X, centres, "sqeuclidean")).min(axis=1).sum()),
        "numpy": lambda: float(((X[:, None] - centres) ** 2).sum(axis=2).min(axis=1).sum()),
    }


def _distances(X: Floats, weights: Floats, threads: int | None) -> dict[str, Callable[[], Any]]:  # noqa: ARG001
    from scipy.spatial.distance import cdist  # noqa: PLC0415

    from regso_cluster.clustering.distances import pairwise_distances  # noqa: PLC0415

    out, other = np.empty((len(X), len(X))), np.empty((len(X), len(X)))
    return {
        "regso_cluster": lambda: float(pairwise_distances(X, out=out, n_threads=threads).values[0].sum()),
        "scipy cdist": lambda: float(cdist(X, X, out=other)[0].sum()),
    }


def _ward(X: Floats, weights: Floats, threads: int | None) -> dict[str, Callable[[], Any]]:  # noqa: ARG001
    from scipy.cluster.hierarchy import linkage as peer  # noqa: PLC0415

    from regso_cluster.clustering.hierarchies import linkage  # noqa: PLC0415

    return {
        "regso_cluster": lambda: float((linkage(X, "ward")[:, 2] ** 2).sum()),
        "scipy linkage": lambda: float((peer(X, "ward")[:, 2] ** 2).sum()),
    }


def _silhouette(X: Floats, weights: Floats, threads: int | None) -> dict[str, Callable[[], Any]]:  # noqa: ARG001
    from sklearn.metrics import silhouette_score  # noqa: PLC0415

    from regso_cluster.clustering.validity import silhouette  # noqa: PLC0415
    from regso_cluster.kernels._threads import threads as limited  # noqa: PLC0415

    def ours() -> float:
        with limited(threads):
            return silhouette(X, labels).mean

    labels = (X[:, 0] > 0).astype(np.int64) + 2 * (X[:, 1] > 0)
    return {
        "regso_cluster": ours,
        "scikit-learn": lambda: float(silhouette_score(X, labels)),
    }


def _regions(X: Floats, weights: Floats, threads: int | None) -> dict[str, Callable[[], Any]]:  # noqa: ARG001
    from scipy.sparse import csr_array  # noqa: PLC0415
    from sklearn.cluster import AgglomerativeClustering  # noqa: PLC0415

    from regso_cluster.clustering.regions import ContiguousAgglomerative  # noqa: PLC0415

    n = len(X)  # a strip of areas, each a neighbour of the next eight
    ones = np.arange(n).repeat(8), np.arange(n).repeat(8) + np.tile(np.arange(1, 9), n)
    inside = ones[1] < n
    graph = csr_array((np.ones(inside.sum()), (ones[0][inside], ones[1][inside])), shape=(n, n))
    graph = csr_array(graph + graph.T)
    total = float(((X - X.mean(axis=0)) ** 2).sum())

    def within(labels: npt.NDArray[np.int64]) -> float:
        sums = np.stack([np.bincount(labels, column) for column in X.T], axis=1)
        means = sums / np.bincount(labels)[:, None]
        return float(((X - means[labels]) ** 2).sum() / total)

    ours = ContiguousAgglomerative(8, graph, n_threads=threads)
    peer = AgglomerativeClustering(8, connectivity=graph.tocsr())
    return {
        "regso_cluster": lambda: within(ours.fit(X).labels_),
        "scikit-learn": lambda: within(peer.fit(X).labels_),
    }


JOBS: tuple[tuple[str, int, int, Callable[..., dict[str, Callable[[], Any]]]], ...] = (
    ("k-means, 50 random restarts, k = 8", AREAS, FACTORS, _restarts),
    ("k-means, 50 random restarts, k = 8", 6160, 12, _restarts),
    ("k-means, best partition found, k = 12", AREAS, FACTORS, _best),
    ("nearest of 8 centres", 100_000, 12, _assignment),
    ("all distances", AREAS, FACTORS, _distances),
    ("Ward's hierarchy", AREAS, FACTORS, _ward),
    ("Ward among neighbours, 8 regions", AREAS, FACTORS, _regions),
    ("silhouette", AREAS, FACTORS, _silhouette),
)


def run_short(threads: int | None = None) -> pd.DataFrame:
    """Compare the kernels with numpy, scipy and scikit-learn on this machine, on synthetic data.

    Parameters
    ----------
    threads : threads of ours; peers use what their own settings say. None: one for each processor

    Returns
    -------
    One row for each job and contender: job, areas, factors, contender, seconds (median, after a warm-up),
    quality (for k-means the sum of squares reached, lower is better; elsewhere a number that must be the same
    for all), times_ours (how many times as long as ours).
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
    columns = ["job", "areas", "factors", "contender", "seconds", "quality", "times_ours"]
    return pd.DataFrame(rows, columns=columns)


def print_short(measured: pd.DataFrame) -> None:
    """Print what `run_short` measured as a table, a block for each job."""
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(title="SYNTHETIC data, medians, contenders in turn", title_justify="left", box=SIMPLE_HEAD)
    for heading in ("contender", "ms", "times ours", "quality"):
        number = heading != "contender"
        table.add_column(
            heading, justify="right" if number else "left", no_wrap=number, min_width=11 if number else None
        )
    for (job, areas, factors), block in measured.groupby(["job", c.AREAS, "factors"], sort=False):
        table.add_row(f"[bold]{job}[/bold], {areas:,} x {factors}")
        for row in block.to_dict("records"):
            ratio = "" if row["contender"] == "regso_cluster" else f"{row['times_ours']:.1f}"
            table.add_row(f"  {row['contender']}", f"{1000 * row['seconds']:,.2f}", ratio, f"{row['quality']:.6g}")
        table.add_section()
    Console(highlight=False).print(table)
