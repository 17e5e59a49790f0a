"""Sums of distances to groups, for silhouettes: which kernel of `silhouette` does the work, and in which arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regso_cluster.kernels.silhouette import (
    gather_sums,
    nearest_from_sums,
    pack_tiles,
    row_distance_sums,
    tiled_distance_sums,
)

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

CHUNKS = 8  # fixed, so that partial sums are added in the same order at any number of threads
LARGEST_PART = 2**24  # float64 numbers in the partial sums of the tiles, 128 MB; beyond that, row by row


def aligned(*shape: int) -> Floats:
    """Give an empty array that begins at a multiple of 64 bytes.

    numpy aligns to 16; each vector of eight then lies across two cache lines, and a tile takes half as
    long again.
    """
    size = int(np.prod(shape))
    room = np.empty(size + 8)
    skip = (-room.ctypes.data // 8) % 8
    return room[skip : skip + size].reshape(shape)


class MeanDistances(NamedTuple):
    """(n,) sum of distances to the own group, the best mean distance to another group, and which group that is."""

    own_sum: Floats
    other: Floats
    nearest: Integers


def distance_sums(rows: Floats, group: Integers, weight: Floats, mass: Floats, counts: Integers) -> MeanDistances:
    """Sum distances to the own group and find the best mean distance to another, without a matrix.

    Large groups go through tiles, O(n^2 p / 2); many small groups, which would not fill tiles, row by row.
    The two differ by rounding only; the choice depends on the sizes of groups, never on the machine.

    Parameters
    ----------
    rows : (n, p) float64, C-contiguous; group : (n,) int64, 0 .. k - 1; weight : (n,) float64
    mass : (k,) float64, weight per group; counts : (k,) int64, points per group

    Returns
    -------
    MeanDistances
    """
    n_rows, n_features = rows.shape
    n_groups = mass.shape[0]
    blocks = -(-counts // 64)
    n_blocks = int(blocks.sum())
    if 64 * n_blocks > 2 * n_rows or CHUNKS * n_groups * 64 * n_blocks > LARGEST_PART:
        return _sums_by_row(rows, group, weight, mass, counts)
    first = np.concatenate(([0], np.cumsum(blocks)))
    tiles, tile_weight = aligned(n_blocks, n_features, 64), aligned(n_blocks, 64)
    slot = np.empty(n_rows, dtype=np.int64)
    pack_tiles(rows, group, weight, first, tiles, tile_weight, slot)
    part = aligned(CHUNKS, n_groups, n_blocks, 64)
    lanes, squares = aligned(CHUNKS, 64, 64), aligned(CHUNKS, 64)
    tiled_distance_sums(tiles, tile_weight, np.repeat(np.arange(n_groups), blocks), part, lanes, squares)
    sums = np.empty((n_rows, n_groups))
    gather_sums(part.reshape(CHUNKS, n_groups, n_blocks * 64), slot, sums)
    return nearest_of(sums, group, mass)


def _sums_by_row(rows: Floats, group: Integers, weight: Floats, mass: Floats, counts: Integers) -> MeanDistances:
    n_rows = rows.shape[0]
    order = np.argsort(group, kind="stable")
    begin = np.concatenate(([0], np.cumsum(counts)))
    columns = np.ascontiguousarray(rows[order].T)
    own_sum, other, nearest = np.empty(n_rows), np.empty(n_rows), np.empty(n_rows, dtype=np.int64)
    scratch = np.empty((CHUNKS, n_rows))
    row_distance_sums(columns, order, begin, weight[order], group[order], mass, scratch, own_sum, other, nearest)
    return MeanDistances(own_sum, other, nearest)


def nearest_of(sums: Floats, group: Integers, mass: Floats) -> MeanDistances:
    """Give own sum, best other mean and its group from sums per group, see nearest_from_sums."""
    n_rows = group.shape[0]
    own_sum, other, nearest = np.empty(n_rows), np.empty(n_rows), np.empty(n_rows, dtype=np.int64)
    nearest_from_sums(sums, group, mass, own_sum, other, nearest)
    return MeanDistances(own_sum, other, nearest)
