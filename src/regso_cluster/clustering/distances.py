"""Distances between areas: all pairs, to centres, the nearest, in blocks, into a given array."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from regso_cluster.clustering._estimators import is_count
from regso_cluster.clustering.metrics import (
    METRICS,
    Floats,
    Metric,
    MetricName,
    checked_table,
    prepare_metric,
    shrunk_covariance,
)
from regso_cluster.errors import Fault, InputError
from regso_cluster.kernels import distance as kernels
from regso_cluster.kernels._threads import threads
from regso_cluster.kernels.lanes import LANES

__all__ = [
    "METRICS",
    "Distances",
    "Metric",
    "Neighbours",
    "distance_blocks",
    "nearest_rows",
    "pairwise_distances",
    "prepare_metric",
    "shrunk_covariance",
]
CHUNK = 16  # rows of a thread's piece; fixed, so that pieces do not depend on the number of threads


@dataclass(frozen=True)
class Distances:
    """Distances from rows to columns.

    Parameters
    ----------
    values : (n_rows, n_columns), NaN where a pair is undefined
    undefined_pairs : pairs with nothing in common (gower, partial) or with a constant profile (correlation);
        between rows of one table each pair counts once
    start : the first row, when the rows are a block of a table
    """

    values: Floats
    undefined_pairs: int
    start: int = 0


@dataclass(frozen=True)
class Neighbours:
    """The nearest rows of every row, nearest first, ties to the lowest index.

    Parameters
    ----------
    indices : (n, k) int64; -1 where fewer than k rows have a distance
    distances : (n, k); infinite there
    """

    indices: npt.NDArray[np.int64]
    distances: Floats


@dataclass(frozen=True)
class _Packed:
    """The columns as the kernels read them, and the work arrays that go with them."""

    tiles: Floats
    weights: Floats
    n_columns: int

    @classmethod
    def of(cls, coordinates: Floats, observed: Floats | None, weights: Floats) -> _Packed:
        n, p = coordinates.shape
        shape = (-(-n // LANES), p, LANES)
        tiles = _aligned(shape)
        kernels.pack(coordinates, 0.0, tiles)
        if observed is None:
            return cls(tiles, np.zeros((1, 1, 1)), n)
        shares = _aligned(shape)
        kernels.pack(observed * weights, 0.0, shares)
        return cls(tiles, shares, n)


def _aligned(shape: tuple[int, ...]) -> Floats:
    """Allocate at a cache line: vectors that straddle two lines are read twice."""
    size = int(np.prod(shape))
    buffer = np.empty(size + 8)
    offset = (-buffer.ctypes.data // 8) % 8
    return buffer[offset : offset + size].reshape(shape)


def _chunks(n: int) -> int:
    return max(1, -(-n // CHUNK))


def _fill(coordinates: Floats, observed: Floats | None, columns: _Packed, metric: Metric, out: Floats) -> int:
    pieces = _chunks(len(coordinates))
    undefined = np.zeros(pieces, dtype=np.int64)
    present = np.zeros((1, 1)) if observed is None else observed
    how = (metric.power, observed is not None, metric.scale, metric.root)
    spare = _aligned((pieces, 1, LANES))
    sides = kernels.Sides(coordinates, present, columns.tiles, columns.weights)
    kernels.fill_distances(sides, how, CHUNK, spare, undefined, out)
    return int(undefined.sum())


def _checked_out(out: Any, shape: tuple[int, int]) -> Floats:
    if out is None:
        return np.empty(shape)
    good = isinstance(out, np.ndarray) and out.dtype == np.float64 and out.shape == shape
    if not (good and out.flags.c_contiguous and out.flags.writeable):
        got = f"{out.dtype} {out.shape}" if isinstance(out, np.ndarray) else type(out).__name__
        raise InputError(Fault(what="wrong `out`", expected=f"writable C-contiguous float64 {shape}", got=got))
    return out  # type: ignore[no-any-return]


def _undefined_profiles(rows: Floats, columns: Floats | None) -> int:
    """Count pairs with a constant profile; within one table each pair once."""
    bad = int(np.isnan(rows[:, 0]).sum())
    if columns is None:
        return bad * (len(rows) - 1) - bad * (bad - 1) // 2
    other = int(np.isnan(columns[:, 0]).sum())
    return bad * len(columns) + other * len(rows) - bad * other


def pairwise_distances(
    values: Any,
    others: Any = None,
    *,
    metric: MetricName | Metric = "euclidean",
    factor_weights: Any = None,
    missing: Literal["refuse", "partial"] = "refuse",
    out: Floats | None = None,
    n_threads: int | None = None,
) -> Distances:
    """Measure the distance of every row to every other row, or to every row of another table (centres).

    Parameters
    ----------
    values : (n, n_factors), NaN where missing
    others : (m, n_factors); None measures the rows of `values` among themselves
    metric, factor_weights, missing : see `prepare_metric`; a prepared metric is taken as it is, a name takes
        what it needs from `values`
    out : (n, m) float64, C-contiguous: filled and returned. A fresh matrix costs more than the distances in
        it
    n_threads : see `threads`; no bit of the result depends on it

    Returns
    -------
    Distances: exactly symmetric with a diagonal of exactly 0 within one table. A pair with nothing in common
    is NaN and counted, never 0

    Raises
    ------
    InputError  see `prepare_metric`; an `out` of the wrong kind

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> pairwise_distances(X).values[0].tolist()
    [0.0, 1.0, 10.0, 11.0]
    """
    table = checked_table(values)
    prepared = prepare_metric(table, metric, factor_weights=factor_weights, missing=missing)
    second = None if others is None else checked_table(others, table.shape[1])
    matrix = _checked_out(out, (len(table), len(table) if second is None else len(second)))
    with threads(n_threads):
        rows, observed = prepared.coordinates(table)
        columns, columns_observed = (rows, observed) if second is None else prepared.coordinates(second)
        packed = _Packed.of(columns, columns_observed, prepared.weights)
        undefined = _fill(rows, observed, packed, prepared, matrix)
    if prepared.name == "correlation":
        undefined = _undefined_profiles(rows, None if second is None else columns)
    elif second is None and undefined:
        undefined = (undefined - int(np.isnan(np.diagonal(matrix)).sum())) // 2
    if second is None:
        np.fill_diagonal(matrix, 0.0)
    return Distances(matrix, undefined)


def padded_distances(values: Floats, metric: Metric, n_threads: int | None = None) -> Distances:
    """Measure all pairs into rows of whole tiles, as the linkage kernels read them.

    Parameters
    ----------
    values : (n, n_factors), checked
    metric, n_threads : see `pairwise_distances`

    Returns
    -------
    Distances with values (n, next multiple of LANES); beyond column n stands anything
    """
    n = len(values)
    with threads(n_threads):
        rows, observed = metric.coordinates(values)
        packed = _Packed.of(rows, observed, metric.weights)
        matrix = np.empty((n, packed.tiles.shape[0] * LANES))
        undefined = _fill(rows, observed, packed, metric, matrix)
    if metric.name == "correlation":
        return Distances(matrix, _undefined_profiles(rows, None))
    if observed is not None:
        undefined -= n * (matrix.shape[1] - n)  # an empty lane has nothing in common with anything
        undefined = (undefined - int(np.isnan(np.diagonal(matrix)).sum())) // 2
    return Distances(matrix, undefined)


def distance_blocks(
    values: Any,
    others: Any = None,
    *,
    metric: MetricName | Metric = "euclidean",
    factor_weights: Any = None,
    missing: Literal["refuse", "partial"] = "refuse",
    block_rows: int = 256,
    n_threads: int | None = None,
) -> Iterator[Distances]:
    """Measure all distances in blocks of rows, in the memory of one block.

    Every block is written over the one before: copy what is to be kept. The cells are those of
    `pairwise_distances`, bit by bit; `undefined_pairs` counts the undefined cells of the block other than an
    area with itself.

    Parameters
    ----------
    values, others, metric, factor_weights, missing, n_threads : see `pairwise_distances`
    block_rows : rows in a block

    Yields
    ------
    Distances, with `start` telling which rows

    Raises
    ------
    InputError  see `prepare_metric`; fewer than one row in a block

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> [block.values.shape for block in distance_blocks(X, block_rows=3)]
    [(3, 4), (1, 4)]
    """
    table = checked_table(values)
    prepared = prepare_metric(table, metric, factor_weights=factor_weights, missing=missing)
    if not is_count(block_rows):
        raise InputError(Fault(what="wrong block_rows", expected="an integer >= 1", got=repr(block_rows)))
    second = None if others is None else checked_table(others, table.shape[1])
    rows, observed = prepared.coordinates(table)
    columns, columns_observed = (rows, observed) if second is None else prepared.coordinates(second)
    packed = _Packed.of(columns, columns_observed, prepared.weights)
    buffer = np.empty((min(block_rows, max(1, len(rows))), packed.n_columns))
    for start in range(0, len(rows), block_rows):
        stop = min(len(rows), start + block_rows)
        block = buffer[: stop - start]
        part = None if observed is None else observed[start:stop]
        with threads(n_threads):
            undefined = _fill(rows[start:stop], part, packed, prepared, block)
        if prepared.name == "correlation":
            undefined = int(np.isnan(block).sum())
        if second is None:
            own = np.arange(stop - start)
            undefined -= int(np.isnan(block[own, own + start]).sum())
            block[own, own + start] = 0.0
        yield Distances(block, undefined, start)


def nearest_rows(
    values: Any,
    k: int,
    others: Any = None,
    *,
    metric: MetricName | Metric = "euclidean",
    factor_weights: Any = None,
    missing: Literal["refuse", "partial"] = "refuse",
    n_threads: int | None = None,
) -> Neighbours:
    """Find the k nearest rows of every row, itself not counted, or the k nearest rows of another table.

    Parameters
    ----------
    values, others, metric, factor_weights, missing, n_threads : see `pairwise_distances`
    k : how many, at most as many as there are

    Returns
    -------
    Neighbours

    Raises
    ------
    InputError  see `prepare_metric`; a `k` that cannot be

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> nearest_rows(X, 1).indices.ravel().tolist()
    [1, 0, 3, 2]
    """
    table = checked_table(values)
    prepared = prepare_metric(table, metric, factor_weights=factor_weights, missing=missing)
    second = None if others is None else checked_table(others, table.shape[1])
    available = len(table) - 1 if second is None else len(second)
    if not is_count(k) or k > available:
        raise InputError(Fault(what="wrong number of neighbours", expected=f"1 to {available}", got=repr(k)))
    rows, observed = prepared.coordinates(table)
    columns, columns_observed = (rows, observed) if second is None else prepared.coordinates(second)
    packed = _Packed.of(columns, columns_observed, prepared.weights)
    indices, distances = np.empty((len(rows), k), dtype=np.int64), np.empty((len(rows), k))
    present = np.zeros((1, 1)) if observed is None else observed
    how = (prepared.power, observed is not None, prepared.scale, prepared.root)
    spare = _aligned((_chunks(len(rows)), 1, LANES))
    with threads(n_threads):
        sides = kernels.Sides(rows, present, packed.tiles, packed.weights)
        kernels.find_nearest(sides, how, second is None, packed.n_columns, CHUNK, spare, indices, distances)
    return Neighbours(indices, distances)
