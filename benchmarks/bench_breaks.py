"""Natural breaks against mapclassify's exact one (FisherJenks, compiled by numba there too)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from harness import Case, Contender, data

QUADRATIC = 10_000  # rows up to which the peer, O(k n^2), is asked
CALLS = 10  # in a row, for one call takes half a millisecond: alone it would time cold caches


def _ours(values: np.ndarray, k: int, weights: np.ndarray | None) -> np.ndarray:
    from regso_cluster.clustering.natural_breaks import natural_breaks

    for _ in range(CALLS):
        found = natural_breaks(values, k, weights)
    return found.cuts


def _fisher_jenks(values: np.ndarray, k: int) -> np.ndarray:
    import mapclassify

    for _ in range(CALLS):
        found = mapclassify.FisherJenks(values, k=k)
    return found.bins[:-1]


def within(values: np.ndarray, weights: np.ndarray, cuts: Any) -> float:
    """Sum squares around the means of the groups the cuts make: the objective, computed alike for all."""
    group = np.searchsorted(cuts, values, side="left")
    mass = np.bincount(group, weights)
    mean = np.bincount(group, weights * values) / mass
    return float((weights * (values - mean[group]) ** 2).sum())


def case(size: str, k: int, *, weighted: bool, decimals: int | None) -> Case:
    X, residents = data(size)
    values = np.ascontiguousarray(X[:, 0])
    if decimals is not None:
        values = np.round(values, decimals)
    weights = residents if weighted else np.ones(len(values))
    kind = (", weighted" if weighted else "") + (", one decimal" if decimals else "")
    name = f"{CALLS} natural breaks, k={k}{kind}"
    contenders = [
        Contender(
            "regso_cluster",
            lambda: _ours(values, k, residents if weighted else None),
            lambda cuts: within(values, weights, cuts),
        )
    ]
    if len(values) <= QUADRATIC:
        contenders.append(
            Contender(
                "mapclassify",
                lambda: _fisher_jenks(values, k),
                lambda cuts: within(values, weights, cuts),
                "FisherJenks; no weights" if weighted else "FisherJenks",
            )
        )
    return Case(name, size, tuple(contenders), repeats=5)


def cases(sizes: Sequence[str]) -> Iterator[Case]:
    """Give the cases: one column of the table, k = 5, 6, 7; then weights, then values with many ties."""
    for size in sizes:
        for k in (5, 6, 7):
            yield case(size, k, weighted=False, decimals=None)
        yield case(size, 5, weighted=True, decimals=None)
        yield case(size, 5, weighted=False, decimals=1)
