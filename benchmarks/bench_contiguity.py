"""Regions under contiguity against pygeoda, scikit-learn and spopt, each at the objective it reaches.

The table is the harness's, made alike among neighbours (SYNTHETIC). At 3,363 areas the graph is that of RegSO
2025 with one pair added that joins Gotland to the mainland, since peers cannot do with two parts; otherwise
it is the Delaunay triangulation of random points. Peers take no weights, so these contests are unweighted;
"weighted" is ours again, with residents. Ours is timed from the table and the sparse matrix to the fitted
estimator, all checks included; peers get their own input types ready made.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from harness import Case, Contender, data, threads
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Delaunay

from regso_cluster.clustering.regions import ContiguousAgglomerative, MaxP, Redcap, Skater

REGIONS = 8
NEIGHBOURS = Path(__file__).parents[1] / "data/shapes/regso_2025_neighbours.parquet"
MATRIX_LIMIT = 20_000  # areas; pygeoda keeps all distances and was killed at 24 GB with 100,000
LARGEST = 200_000


class Job(NamedTuple):
    """What all contenders of a size work on; `ready` keeps the peers' own input types."""

    X: np.ndarray
    weights: np.ndarray
    graph: csr_array
    ready: dict[str, Any]


def cases(sizes: Sequence[str]) -> Iterator[Case]:
    for size in sizes:
        if int(size.split("x")[0]) > LARGEST:
            continue
        job = make_job(size)
        yield skater(size, job)
        yield ward(size, job)
        for linkage in ("ward", "average_squared", "complete", "average"):
            if linkage in {"average", "complete"} and len(job.X) > MATRIX_LIMIT:
                continue  # every pair of areas is measured
            yield redcap(size, job, linkage)
        yield max_p(size, job)


def make_job(size: str) -> Job:
    X, weights = data(size)
    n = len(X)
    graph = regso_graph() if n == 3363 and NEIGHBOURS.exists() else delaunay_graph(n)
    degree = 1.0 + np.asarray(graph.sum(axis=1)).reshape(-1, 1)
    alike = X
    for _ in range(4):
        alike = (alike + graph @ alike) / degree
    X = alike / alike.std(axis=0) + 0.5 * X
    return Job(np.ascontiguousarray((X - X.mean(axis=0)) / X.std(axis=0)), weights, graph, {})


def regso_graph() -> csr_array:
    pairs = pd.read_parquet(NEIGHBOURS)
    codes = pd.Index(sorted(set(pairs["regso_a"]) | set(pairs["regso_b"])))
    graph = symmetric(codes.get_indexer(pairs["regso_a"]), codes.get_indexer(pairs["regso_b"]), len(codes))
    part = connected_components(graph)[1]
    lowest = [int(np.flatnonzero(part == p)[0]) for p in range(part.max() + 1)]
    rows = np.concatenate([graph.tocoo().row, lowest[:-1]])
    return symmetric(rows, np.concatenate([graph.tocoo().col, lowest[1:]]), len(codes))


def delaunay_graph(n: int) -> csr_array:
    triangles = Delaunay(np.random.default_rng(0).random((n, 2))).simplices
    sides = np.vstack([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [0, 2]]])
    return symmetric(sides[:, 0], sides[:, 1], n)


def symmetric(a: np.ndarray, b: np.ndarray, n: int) -> csr_array:
    graph = csr_array((np.ones(len(a)), (a, b)), shape=(n, n))
    graph = graph + graph.T
    graph.data[:] = 1.0
    graph.sort_indices()
    return graph


def within(job: Job, labels: Any) -> float:
    numbers = np.unique(np.asarray(labels), return_inverse=True)[1]
    mass = np.bincount(numbers)
    means = np.stack([np.bincount(numbers, weights=column) / mass for column in job.X.T], axis=1)
    return float(((job.X - means[numbers]) ** 2).sum())


def ours(job: Job, estimator: Any) -> tuple[Contender, Contender]:
    def run(weights: np.ndarray | None) -> np.ndarray:
        return estimator.fit(job.X, sample_weight=weights).labels_

    return (
        Contender("regso_cluster", lambda: run(None), lambda labels: within(job, labels)),
        Contender("regso_cluster weighted", lambda: run(job.weights), None, "residents as weights"),
    )


def skater(size: str, job: Job) -> Case:
    mine, weighted = ours(job, Skater(REGIONS, job.graph, n_threads=threads()))
    peers = [geoda("skater", job, lambda g, w, d: g.skater(REGIONS, w, d, scale_method="raw", cpu_threads=threads()))]
    if size == "3363x6":

        def spopt() -> Any:
            if not os.environ.get("BENCH_SLOW"):
                raise RuntimeError("not run: half a minute to three minutes a run; BENCH_SLOW=1 runs it")
            return spopt_skater(job)

        note = "sums unsquared distances"
        peers.append(Contender("spopt", spopt, lambda labels: within(job, labels), note))
    return Case(f"SKATER, {REGIONS} regions", size, (mine, weighted, *peers), 3)


def ward(size: str, job: Job) -> Case:
    mine, weighted = ours(job, ContiguousAgglomerative(REGIONS, job.graph, n_threads=threads()))

    def scikit_learn() -> np.ndarray:
        from sklearn.cluster import AgglomerativeClustering

        return AgglomerativeClustering(REGIONS, connectivity=job.graph, linkage="ward").fit(job.X).labels_

    peers = (
        Contender("scikit-learn", scikit_learn, lambda labels: within(job, labels), "no weights"),
        Contender("spopt", lambda: spopt_ward(job), lambda labels: within(job, labels), "calls scikit-learn"),
        geoda("schc", job, lambda g, w, d: g.schc(REGIONS, w, d, "ward", scale_method="raw")),
    )
    return Case(f"Ward under contiguity, {REGIONS} regions", size, (mine, weighted, *peers), 3)


def redcap(size: str, job: Job, linkage: str) -> Case:
    mine, weighted = ours(job, Redcap(REGIONS, job.graph, linkage, n_threads=threads()))
    peers = ()
    if linkage != "average":  # pygeoda's "average" is the mean of squared distances
        method = f"fullorder-{linkage.removesuffix('_squared')}linkage"
        note = "one thread: with more it corrupts its memory"
        peers = (
            geoda(
                "redcap",
                job,
                lambda g, w, d: g.redcap(REGIONS, w, d, method, scale_method="raw", cpu_threads=1),
                note,
            ),
        )
    return Case(f"REDCAP {linkage}, {REGIONS} regions", size, (mine, weighted, *peers), 3)


def max_p(size: str, job: Job) -> Case:
    least = float(job.weights.sum()) / 100
    estimator = MaxP(least, job.graph, random_state=0, n_threads=threads())
    weights = [float(w) for w in job.weights]

    def peer(g: Any, w: Any, d: Any) -> Any:
        return g.maxp_greedy(w, d, weights, least, iterations=10, scale_method="raw", cpu_threads=threads())

    def regions(labels: Any) -> float:
        return float(len(set(np.asarray(labels).tolist())))

    mine = Contender(
        "regso_cluster",
        lambda: estimator.fit(job.X, sample_weight=job.weights).labels_,
        regions,
        "64 starts; quality is the number of regions, more is better",
    )
    other = geoda("maxp_greedy", job, peer, "10 iterations")
    return Case("max-p, 1 % of residents each", size, (mine, Contender(other.name, other.run, regions, other.note)), 3)


def geoda(name: str, job: Job, call: Callable[[Any, Any, Any], Any], note: str = "no weights") -> Contender:
    def run() -> Any:
        import pygeoda

        if len(job.X) > MATRIX_LIMIT:
            raise MemoryError("not run: keeps all distances, killed by the system at 24 GB")
        if "geoda" not in job.ready:
            job.ready["geoda"] = geoda_inputs(pygeoda, job)
        return call(pygeoda, *job.ready["geoda"])["Clusters"]

    return Contender(f"pygeoda {name}", run, lambda labels: within(job, labels), note)


def geoda_inputs(pygeoda: Any, job: Job) -> tuple[Any, list[list[float]]]:
    """Write the graph as a GAL file, the only door pygeoda has for a graph without shapes."""
    n = len(job.X)
    lines = [f"0 {n} areas id"]
    for a in range(n):
        near = job.graph.indices[job.graph.indptr[a] : job.graph.indptr[a + 1]]
        lines += [f"{a} {len(near)}", " ".join(map(str, near))]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.gal"
        path.write_text("\n".join(lines) + "\n")
        weights = pygeoda.read_gal(str(path), [str(a) for a in range(n)])
    return weights, [column.tolist() for column in job.X.T]


def spopt_inputs(job: Job) -> tuple[Any, Any, list[str]]:
    """Give spopt a table and a weights object; built once for a job."""
    if "spopt" not in job.ready:
        from libpysal.weights import W

        start, near = job.graph.indptr, job.graph.indices
        graph = W({a: near[start[a] : start[a + 1]].tolist() for a in range(len(job.X))}, silence_warnings=True)
        names = [f"f{c}" for c in range(job.X.shape[1])]
        job.ready["spopt"] = (pd.DataFrame(job.X, columns=names), graph, names)
    found: tuple[Any, Any, list[str]] = job.ready["spopt"]
    return found


def spopt_skater(job: Job) -> Any:
    from sklearn.metrics import pairwise
    from spopt.region import Skater as Peer

    table, w, names = spopt_inputs(job)
    kwargs = {
        "dissimilarity": pairwise.euclidean_distances,
        "affinity": None,
        "reduction": np.sum,
        "center": np.mean,
    }
    model = Peer(table, w, names, n_clusters=REGIONS, floor=1, trace=False, spanning_forest_kwds=kwargs)
    model.solve()
    return model.labels_


def spopt_ward(job: Job) -> Any:
    from spopt.region import WardSpatial

    table, w, names = spopt_inputs(job)
    model = WardSpatial(table, w, names, REGIONS)
    model.solve()
    return model.labels_
