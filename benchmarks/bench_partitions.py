"""Adjusted Rand index and Jaccard of many partitions against scikit-learn and genieclust."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from harness import Case, Contender, shape, threads

MANY = 200
GROUPS = 8
CALLS = 100  # of what takes microseconds: one call alone would time cold caches


def partitions(n: int) -> np.ndarray:
    """Make partitions. SYNTHETIC: eight groups, and copies with a tenth to nine tenths of the rows moved."""
    random = np.random.Generator(np.random.PCG64(n))
    base = random.integers(0, GROUPS, n)
    table = np.tile(base, (MANY, 1))
    for b, share in enumerate(np.linspace(0.1, 0.9, MANY)):
        moved = random.random(n) < share
        table[b, moved] = random.integers(0, GROUPS, int(moved.sum()))
    return table


def _ours(index: str, *arguments: Any) -> Any:
    import numba

    from regso_cluster.clustering import agreement

    numba.set_num_threads(threads())
    return getattr(agreement, index)(*arguments)


def _sklearn(one: np.ndarray, two: np.ndarray) -> float:
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(one, two))


def _genieclust(one: np.ndarray, two: np.ndarray) -> float:
    from genieclust.compare_partitions import adjusted_rand_score

    return float(adjusted_rand_score(one, two))


def _often(function: Callable[..., float], *arguments: Any) -> float:
    for _ in range(CALLS):
        found = function(*arguments)
    return found


def _numpy_jaccard(reference: np.ndarray, table: np.ndarray) -> np.ndarray:
    found = np.empty((len(table), GROUPS))
    for b, partition in enumerate(table):
        count = np.bincount(reference * GROUPS + partition, minlength=GROUPS**2).reshape(GROUPS, GROUPS)
        union = count.sum(axis=1)[:, None] + count.sum(axis=0)[None] - count
        found[b] = (count / union).max(axis=1)
    return found


def cases(sizes: Sequence[str]) -> Iterator[Case]:
    """Give the cases: one pair, 200 against one, all pairs of 40, Jaccard of 200 against one."""
    for size in dict.fromkeys(sizes):
        n, _ = shape(size)
        if n > 100_000:
            continue
        table = partitions(n)
        few = table[::5]
        reference = np.ascontiguousarray(table[0])
        one, two = reference, np.ascontiguousarray(table[50])
        yield Case(
            f"adjusted Rand index, {CALLS} calls of one pair",
            size,
            (
                Contender("regso_cluster", lambda a=one, b=two: _often(_ours, "adjusted_rand", a, b), float),
                Contender("scikit-learn", lambda a=one, b=two: _often(_sklearn, a, b), float),
                Contender("genieclust", lambda a=one, b=two: _often(_genieclust, a, b), float),
            ),
        )
        yield Case(
            f"adjusted Rand index, {MANY} against one",
            size,
            (
                Contender("regso_cluster", lambda r=reference, t=table: _ours("adjusted_rand_to", r, t), np.mean),
                Contender("scikit-learn", lambda r=reference, t=table: [_sklearn(r, b) for b in t], np.mean),
                Contender("genieclust", lambda r=reference, t=table: [_genieclust(r, b) for b in t], np.mean),
            ),
        )
        yield Case(
            f"adjusted Rand index, all pairs of {len(few)}",
            size,
            (
                Contender("regso_cluster", lambda t=few: _ours("adjusted_rand_pairs", t), np.mean),
                Contender("genieclust", lambda t=few: [[_genieclust(a, b) for a in t] for b in t], np.mean),
            ),
        )
        yield Case(
            f"Jaccard per group, {MANY} against one",
            size,
            (
                Contender(
                    "regso_cluster",
                    lambda r=reference, t=table: _ours("jaccard_by_group", r, t).overlap,
                    np.mean,
                ),
                Contender("numpy", lambda r=reference, t=table: _numpy_jaccard(r, t), np.mean, "a loop by hand"),
            ),
        )
