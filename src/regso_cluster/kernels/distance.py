"""Distances from rows to rows: sums over factors of |a - b| or (a - b)^2, with or without missing values.

A tile is one row against LANES columns held side by side: the sums stay in vector registers while the factors
run by. That loop is written out as LLVM vectors in `lanes`, because numba's automatic vectoriser keeps the
sums in memory (measured: 2.5 times slower at 30 factors). LLVM splits the vectors into whatever the processor
has; each pair's sum runs over the factors in order with fused multiply-add, so the bits depend neither on the
vector width nor on the threads, d(a, b) equals d(b, a), and d(a, a) is 0. A processor without fused
multiply-add (before 2013) gives the same bits, slowly.

Always direct differences: |a|^2 + |b|^2 - 2ab loses half of the digits for close rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import prange
from numpy.typing import NDArray

from regso_cluster.kernels._jit import kernel
from regso_cluster.kernels.lanes import absolutes, masked_absolutes, masked_squares, squares


class Sides(NamedTuple):
    """Rows and columns that are measured.

    Parameters
    ----------
    rows : (n, p), finite
    present : (n, p) 1.0 where observed, else 0.0
    packed : (blocks, p, LANES) from `pack`
    weights : as packed: the factor's weight where the column observes it, else 0.0

    Without `masked` present and weights are not read.
    """

    rows: NDArray[np.float64]
    present: NDArray[np.float64]
    packed: NDArray[np.float64]
    weights: NDArray[np.float64]


@kernel()
def pack(values, fill, packed):
    """Lay rows side by side for the tiles: packed[b, f, l] = values[b * LANES + l, f].

    IN   values (n, p); fill: what stands beyond the last row
    OUT  packed (ceil(n / LANES), p, LANES)
    """
    n, p = values.shape
    width = packed.shape[2]
    for block in range(packed.shape[0]):
        for lane in range(width):
            row = block * width + lane
            for factor in range(p):
                packed[block, factor, lane] = values[row, factor] if row < n else fill


@kernel()
def _one_tile(sides, i, block, how, out, o, j):
    power, masked, scale, root = how
    if masked:
        if power == 2:
            masked_squares(sides, i, block, out, o, j, scale, root)
        else:
            masked_absolutes(sides, i, block, out, o, j, scale, root)
    elif power == 2:
        squares(sides, i, block, out, o, j, scale, root)
    else:
        absolutes(sides, i, block, out, o, j, scale, root)


@kernel()
def _fill_rows(sides, start, stop, how, spare, out):
    """Fill out[start:stop]; return how many cells are undefined."""
    packed = sides.packed
    n_columns, width = out.shape[1], packed.shape[2]
    masked = how[1]
    undefined = 0
    for block in range(packed.shape[0]):  # outermost: the tile stays in the nearest cache
        first = block * width
        here = min(width, n_columns - first)
        for i in range(start, stop):
            if here == width:
                _one_tile(sides, i, block, how, out, i, first)
            else:
                _one_tile(sides, i, block, how, spare, 0, 0)
                for lane in range(here):
                    out[i, first + lane] = spare[0, lane]
            if masked:
                for lane in range(here):  # only 0 / 0 differs from itself: the inputs hold no NaN
                    undefined += out[i, first + lane] != out[i, first + lane]
    return undefined


@kernel(parallel=True)
def fill_distances(sides, how, chunk, spare, undefined, out):
    """Fill `out` with the distances from every row to every column.

    IN   sides; how: (power 1 or 2, masked, scale, root), see `lanes`; chunk: rows in a thread's piece;
         spare (chunks, 1, LANES)
    OUT  out (n, m); undefined (chunks,) int64: cells where a pair has nothing in common, counted if masked

    Cost n m p; each piece is owned by one thread, so the result does not depend on their number.
    """
    n = sides.rows.shape[0]
    for piece in prange(undefined.shape[0]):
        start, stop = piece * chunk, min(n, piece * chunk + chunk)
        undefined[piece] = _fill_rows(sides, start, stop, how, spare[piece], out)


@kernel()
def _insert(index, distance, indices, distances):
    """Put a neighbour into its place in the sorted row; an equal one with a lower index stays in front."""
    place = distances.shape[0] - 1
    while place > 0 and distance < distances[place - 1]:
        distances[place] = distances[place - 1]
        indices[place] = indices[place - 1]
        place -= 1
    distances[place] = distance
    indices[place] = index


@kernel()
def _search_rows(sides, start, stop, how, skip_self, n_columns, spare, indices, distances):
    packed = sides.packed
    width = packed.shape[2]
    last = indices.shape[1] - 1
    for i in range(start, stop):
        for k in range(last + 1):
            indices[i, k] = -1
            distances[i, k] = np.inf
    for block in range(packed.shape[0]):
        first = block * width
        here = min(width, n_columns - first)
        for i in range(start, stop):
            _one_tile(sides, i, block, how, spare, 0, 0)
            nearer = 0
            for lane in range(here):  # a count is vectorised, a branch is not; NaN is never nearer
                nearer += spare[0, lane] < distances[i, last]
            if nearer > 0:
                for lane in range(here):
                    column = first + lane
                    if spare[0, lane] < distances[i, last] and not (skip_self and column == i):
                        _insert(column, spare[0, lane], indices[i], distances[i])


@kernel(parallel=True)
def find_nearest(sides, how, skip_self, n_columns, chunk, spare, indices, distances):
    """Find the k nearest columns of every row without a distance matrix.

    IN   as `fill_distances`; skip_self: column i is row i itself and does not count; n_columns: columns that
         are there, the rest of the last tile is filling
    OUT  indices (n, k) int64, nearest first, ties to the lowest index, -1 where fewer than k have anything in
         common with the row; distances (n, k), infinite there
    """
    n = sides.rows.shape[0]
    for piece in prange(spare.shape[0]):
        start, stop = piece * chunk, min(n, piece * chunk + chunk)
        _search_rows(sides, start, stop, how, skip_self, n_columns, spare[piece], indices, distances)
