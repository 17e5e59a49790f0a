"""The machine's measured ceilings and the share of them that the k-means assignment reaches, on one thread.

    OPENBLAS_NUM_THREADS=1 python benchmarks/ceilings.py

Times are processor times, the lowest of several: other processes on the machine lengthen them little.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from harness import data, shape

from regso_cluster.clustering import kmeans_search as search
from regso_cluster.kernels.kmeans_groups import set_coefficients
from regso_cluster.kernels.kmeans_lloyd import assign


def lowest(run: Callable[[], Any], repeats: int = 30, inner: int = 1) -> float:
    """Give the lowest processor seconds of a run."""
    run()
    taken = []
    for _ in range(repeats):
        started = time.thread_time()
        for _ in range(inner):
            run()
        taken.append((time.thread_time() - started) / inner)
    return min(taken)


def gemm(dtype: type, n: int = 1536) -> float:
    """Give 2 n^3 operations over the time, in GF/s."""
    a = np.random.default_rng(0).standard_normal((n, n)).astype(dtype)
    out = np.empty_like(a)
    return 2 * n**3 / lowest(lambda: np.matmul(a, a, out=out), 8) / 1e9


def triad(n: int = 20_000_000) -> float:
    """STREAM triad a = b + s c, in GB/s: numpy in pieces that fit the cache, 24 bytes for each element."""
    a, b, c = (np.ones(n) for _ in range(3))
    step = 16_384
    scratch = np.empty(step)

    def run() -> None:
        for begin in range(0, n, step):
            part = slice(begin, begin + step)
            held = scratch[: len(a[part])]
            np.multiply(c[part], 3.0, out=held)
            np.add(b[part], held, out=a[part])

    return 24 * n / lowest(run, 5) / 1e9


def assignment(size: str, k: int) -> tuple[float, float]:
    """Give seconds of one assignment in which nobody moves, and its GF/s counting 2 n k p."""
    X, weights = data(size)
    points = search.prepare(X, np.isnan(X), weights)
    p = X.shape[1]
    centres = X[np.random.default_rng(0).choice(len(X), k, replace=False)] - points.shift
    coefficients = np.empty((k + k % 2, p + 1))
    set_coefficients(points.mask_plane, centres, coefficients)
    labels = np.full(points.weights.shape, -1)
    change, pick = np.empty((k, p + 2)), np.empty(64, dtype=np.int64)
    rows = (points.planes, points.weights, coefficients, labels, change, pick)
    seconds = lowest(lambda: assign(*rows), 50, 200 if len(X) < 50_000 else 1)
    return seconds, 2 * shape(size)[0] * k * p / seconds / 1e9


def main() -> None:
    """Print the ceilings and the shares."""
    double, single, bandwidth = gemm(np.float64), gemm(np.float32), triad()
    print(f"dgemm {double:.0f} GF/s, sgemm {single:.0f} GF/s, triad {bandwidth:.0f} GB/s; one thread")
    for size in ("3363x6", "3363x30", "6160x12", "100000x12", "1000000x12"):
        for k in (8, 15):
            seconds, rate = assignment(size, k)
            n, p = shape(size)
            read = n * (8 * p + 8) / seconds / 1e9  # planes and labels once
            print(
                f"{size:>11} k={k:<2} {seconds * 1e6:9.1f} µs "
                f"{rate:4.0f} GF/s = {rate / double:4.0%} of dgemm; "
                f"{read:5.1f} GB/s = {read / bandwidth:4.0%} of triad"
            )


if __name__ == "__main__":
    main()
