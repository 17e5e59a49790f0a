"""Ours in its default against 10,000 restarts, really run: minutes. Asked for by name.

Sizes beyond 10,000 rows are left out: hours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench_kmeans import inertia, ours, sklearn
from harness import Case, Contender, data, shape


def cases(sizes: Sequence[str]) -> Iterator[Case]:
    for size in (size for size in sizes if shape(size)[0] <= 10_000):
        X, weights = data(size)
        for k in (8, 12, 15):
            plain = {"init": "random", "n_init": 10_000}
            contenders = (
                Contender("regso_cluster", lambda k=k, X=X, w=weights: ours(X, w, k), inertia),
                Contender(
                    "regso_cluster, 10,000 restarts",
                    lambda k=k, X=X, w=weights, plain=plain: ours(X, w, k, n_swaps=0, **plain),
                    inertia,
                ),
                Contender(
                    "scikit-learn, 10,000 restarts",
                    lambda k=k, X=X, w=weights, plain=plain: sklearn(X, w, k, **plain),
                    inertia,
                ),
            )
            yield Case(f"against 10,000 restarts, k={k}", size, contenders, repeats=3)
