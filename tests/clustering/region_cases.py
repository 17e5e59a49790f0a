"""Graphs and tables for the tests of regions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

ROOT = Path(__file__).parents[2]
NEIGHBOURS = (
    ROOT / "data/shapes/regso_2025_neighbours.parquet",
    ROOT.parent / "shared/data/geo/regso_2025_adjacency.csv",
)


def grid(rows, columns):
    """Queen neighbours on a grid."""
    place = np.array([(r, c) for r in range(rows) for c in range(columns)])
    return csr_array((np.abs(place[:, None] - place[None]).max(axis=2) == 1).astype(np.int8))


def smooth(graph, p, seed=0):
    """A table that is alike among neighbours, standardised."""
    draw = np.random.default_rng(seed)
    n = graph.shape[0]
    X = draw.standard_normal((n, p))
    degree = 1.0 + np.asarray(graph.sum(axis=1)).reshape(-1, 1)
    for _ in range(4):
        X = (X + graph @ X) / degree
    X = X / X.std(axis=0) + 0.5 * draw.standard_normal((n, p))
    return (X - X.mean(axis=0)) / X.std(axis=0)


def regso_pairs():
    """Pairs of neighbours of RegSO 2025 by code."""
    for path in NEIGHBOURS:
        if path.exists():
            return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    pytest.skip("neither data/shapes nor ../shared holds the neighbours of RegSO 2025")
    raise AssertionError


def pieces(graph, labels):
    """In how many connected pieces the regions are."""
    pairs = csr_array(graph).tocoo()
    same = labels[pairs.row] == labels[pairs.col]
    inside = csr_array((np.ones(same.sum()), (pairs.row[same], pairs.col[same])), shape=graph.shape)
    return connected_components(inside)[0]


def within(X, weights, labels):
    """Weighted squared deviations from the means of the regions."""
    total = 0.0
    for r in np.unique(labels):
        w, rows = weights[labels == r], X[labels == r]
        if w.sum() > 0:
            total += float((w[:, None] * (rows - np.average(rows, axis=0, weights=w)) ** 2).sum())
    return total
