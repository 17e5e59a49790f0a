"""Ours in its default against 10,000 restarts, really run: minutes. Asked for by name.

scikit-learn's are run at the smallest size; elsewhere ours stand for them (the same starts and iteration, the
objective of the best of 10,000 differs by the draws alone).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench_kmeans import inertia, ours, sklearn
from harness import Case, Contender, data, shape


def cases(sizes: Sequence[str]) -> Iterator[Case]:
    for size in sizes:
        X, weights = data(size)
        for k in (8, 12, 15):
            plain = {"init": "random", "n_init": 10_000}
            contenders = [
                Contender("regso_cluster", lambda k=k, X=X, w=weights: ours(X, w, k), inertia),
                Contender(
                    "regso_cluster, 10,000 restarts",
                    lambda k=k, X=X, w=weights, plain=plain: ours(X, w, k, algorithm="restarts", **plain),
                    inertia,
                ),
            ]
            if shape(size)[1] <= 6:
                peer = Contender(
                    "scikit-learn, 10,000 restarts",
                    lambda k=k, X=X, w=weights, plain=plain: sklearn(X, w, k, **plain),
                    inertia,
                )
                contenders.append(peer)
            yield Case(f"against 10,000 restarts, k={k}", size, tuple(contenders), repeats=3)
