"""Silhouettes of a partition (Rousseeuw 1987), weighted: from rows, from a matrix, squared, of medoids.

From rows, points are sorted by group into blocks of 64 with the features of 64 points side by side. Each pair
of blocks is one tile, computed once; the matrix of all distances never exists.
"""

from __future__ import annotations

import numba
import numpy as np

from regso_cluster.kernels._jit import kernel


@kernel()
def pack_tiles(rows, group, weight, first, tiles, tile_weight, slot):
    """Sort points by group into blocks of 64 with features side by side; O(n p).

    Parameters
    ----------
    rows : (n, p) float64 IN; group : (n,) int64 IN, 0 .. k - 1; weight : (n,) float64 IN
    first : (k + 1,) int64 IN, the first block of each group, and the number of blocks
    tiles : (b, p, 64), tile_weight : (b, 64) float64 OUT; a filler repeats a point, at weight 0
    slot : (n,) int64 OUT, the place of each row
    """
    n_rows, n_features = rows.shape
    n_groups = first.shape[0] - 1
    free = np.empty(n_groups, dtype=np.int64)
    for g in range(n_groups):
        free[g] = 64 * first[g]
    tile_weight[:] = 0.0
    for i in range(n_rows):
        place = free[group[i]]
        free[group[i]] += 1
        slot[i] = place
        tile_weight[place // 64, place % 64] = weight[i]
        for f in range(n_features):
            tiles[place // 64, f, place % 64] = rows[i, f]
    for g in range(n_groups):
        for place in range(free[g], 64 * first[g + 1]):
            for f in range(n_features):
                tiles[place // 64, f, place % 64] = tiles[first[g], f, 0]


@kernel(error_model="numpy")
def _tile_sums(tiles, weight, own, other, column_group, part, lanes, squares, chunk):
    """Add the distances between two blocks: per row into lanes; per column into part, unless own is other."""
    n_features = tiles.shape[1]
    whole = n_features - n_features % 6
    for i in range(64):
        weight_i = weight[own, i]
        # Six features at a time: one pass over 64 sums in memory for six columns.
        for f in range(0, whole, 6):
            x0 = tiles[own, f, i]
            x1 = tiles[own, f + 1, i]
            x2 = tiles[own, f + 2, i]
            x3 = tiles[own, f + 3, i]
            x4 = tiles[own, f + 4, i]
            x5 = tiles[own, f + 5, i]
            keep = f > 0
            for j in range(64):
                d0 = x0 - tiles[other, f, j]
                d1 = x1 - tiles[other, f + 1, j]
                d2 = x2 - tiles[other, f + 2, j]
                d3 = x3 - tiles[other, f + 3, j]
                d4 = x4 - tiles[other, f + 4, j]
                d5 = x5 - tiles[other, f + 5, j]
                six = (d0 * d0 + d1 * d1) + (d2 * d2 + d3 * d3) + (d4 * d4 + d5 * d5)
                squares[chunk, j] = squares[chunk, j] + six if keep else six
        for f in range(whole, n_features):
            x0 = tiles[own, f, i]
            keep = f > 0
            for j in range(64):
                d0 = x0 - tiles[other, f, j]
                squares[chunk, j] = squares[chunk, j] + d0 * d0 if keep else d0 * d0
        if own == other:
            for j in range(64):
                lanes[chunk, i, j] += weight[other, j] * np.sqrt(squares[chunk, j])
        else:
            for j in range(64):
                distance = np.sqrt(squares[chunk, j])
                lanes[chunk, i, j] += weight[other, j] * distance
                part[chunk, column_group, other, j] += weight_i * distance


@kernel(parallel=True, error_model="numpy")
def tiled_distance_sums(tiles, weight, group, part, lanes, squares):
    """Sum weighted distances from every point to every group; O(n^2 p / 2).

        sum over chunks of part[., g, i] = sum over j in group g of weight[j] * |x_i - x_j|

    A pair of blocks is computed once and serves both its rows and its columns. Blocks of rows go to the
    chunks in turn, and each chunk adds into sums of its own.

    Parameters
    ----------
    tiles : (b, p, 64) float64 IN; points sorted by group, a group fills whole blocks
    weight : (b, 64) float64 IN; 0 for the points that only fill a block
    group : (b,) int64 IN, the group of each block
    part : (chunks, k, b, 64) float64 OUT
    lanes : (chunks, 64, 64) float64, squares : (chunks, 64) float64, scratch
    """
    n_blocks = tiles.shape[0]
    n_chunks = part.shape[0]
    for chunk in numba.prange(n_chunks):
        part[chunk] = 0.0
        for own in range(chunk, n_blocks, n_chunks):
            other = own
            while other < n_blocks:
                other_group = group[other]
                lanes[chunk] = 0.0
                while other < n_blocks and group[other] == other_group:
                    _tile_sums(tiles, weight, own, other, group[own], part, lanes, squares, chunk)
                    other += 1
                for i in range(64):
                    total = 0.0
                    for j in range(64):
                        total += lanes[chunk, i, j]
                    part[chunk, other_group, own, i] += total


@kernel(parallel=True)
def gather_sums(part, slot, sums):
    """Add the chunks in order, rows back in place: sums[i, g] = sum over chunks of part[., g, slot of i].

    Parameters
    ----------
    part : (chunks, k, b * 64) float64 IN; slot : (n,) int64 IN; sums : (n, k) float64 OUT
    """
    n_chunks, n_groups, _ = part.shape
    for i in numba.prange(slot.shape[0]):
        for g in range(n_groups):
            total = 0.0
            for chunk in range(n_chunks):
                total += part[chunk, g, slot[i]]
            sums[i, g] = total


@kernel(parallel=True, error_model="numpy")
def row_distance_sums(columns, order, begin, weight, group, mass, scratch, own_sum, other, nearest):
    """Do the same row by row for many small groups: no sums per group are kept; O(n^2 p), O(n) memory.

    Parameters
    ----------
    columns : (p, n) float64 IN, points sorted by group; order : (n,) int64 IN, the row of each sorted point
    begin : (k + 1,) int64 IN, where each group begins; weight : (n,) float64 IN, sorted
    group : (n,) int64 IN, sorted; mass : (k,) float64 IN
    scratch : (chunks, n) float64 scratch
    own_sum, other : (n,) float64 OUT; nearest : (n,) int64 OUT; in the order of the caller's rows
    """
    n_features, n_points = columns.shape
    n_groups = mass.shape[0]
    n_chunks = scratch.shape[0]
    for chunk in numba.prange(n_chunks):
        for i in range(chunk, n_points, n_chunks):
            for j in range(n_points):
                scratch[chunk, j] = 0.0
            for f in range(n_features):
                x = columns[f, i]
                for j in range(n_points):
                    difference = x - columns[f, j]
                    scratch[chunk, j] += difference * difference
            for j in range(n_points):
                scratch[chunk, j] = weight[j] * np.sqrt(scratch[chunk, j])
            least = np.inf
            closest = -1
            for g in range(n_groups):
                total = 0.0
                for j in range(begin[g], begin[g + 1]):
                    total += scratch[chunk, j]
                if g == group[i]:
                    own_sum[order[i]] = total
                elif mass[g] > 0.0 and total / mass[g] < least:
                    least = total / mass[g]
                    closest = g
            other[order[i]] = least
            nearest[order[i]] = closest


@kernel(parallel=True)
def matrix_distance_sums(distances, group, weight, sums):
    """Sum weighted distances from a matrix, O(n^2): sums[i, g] = sum over j in g of weight[j] * d[i, j].

    Parameters
    ----------
    distances : (n, n) float64 IN
    group : (n,) int64 IN, 0 .. k - 1
    weight : (n,) float64 IN
    sums : (n, 4 * k) float64 OUT; the first k columns hold the result, the rest is scratch
    """
    n_rows = distances.shape[0]
    n_columns = distances.shape[1]
    n_slots = sums.shape[1] // 4
    for i in numba.prange(n_rows):
        for slot in range(4 * n_slots):
            sums[i, slot] = 0.0
        # Four sets of sums: an addition need not wait for the one before it in the same group.
        whole = n_columns - n_columns % 4
        for j in range(0, whole, 4):
            sums[i, group[j]] += weight[j] * distances[i, j]
            sums[i, n_slots + group[j + 1]] += weight[j + 1] * distances[i, j + 1]
            sums[i, 2 * n_slots + group[j + 2]] += weight[j + 2] * distances[i, j + 2]
            sums[i, 3 * n_slots + group[j + 3]] += weight[j + 3] * distances[i, j + 3]
        for j in range(whole, n_columns):
            sums[i, group[j]] += weight[j] * distances[i, j]
        for slot in range(n_slots):
            a = sums[i, slot] + sums[i, n_slots + slot]
            sums[i, slot] = a + (sums[i, 2 * n_slots + slot] + sums[i, 3 * n_slots + slot])


@kernel()
def nearest_from_sums(sums, group, mass, own_sum, other, nearest):
    """Pick the own sum and the best other mean out of sums per group; O(n k).

    Parameters
    ----------
    sums : (n, k or more) float64 IN; group : (n,) int64 IN, 0 .. k - 1; mass : (k,) float64 IN
    own_sum, other : (n,) float64 OUT; nearest : (n,) int64 OUT, the lowest group among equals
    """
    n_groups = mass.shape[0]
    for i in range(group.shape[0]):
        own = group[i]
        least = np.inf
        closest = -1
        for g in range(n_groups):
            if g != own and mass[g] > 0.0:
                mean = sums[i, g] / mass[g]
                if mean < least:
                    least = mean
                    closest = g
        own_sum[i] = sums[i, own]
        other[i] = least
        nearest[i] = closest


@kernel()
def widths(own, other, group, inside, weight, mass, size, width, total, summed):
    """Turn means of distances into silhouettes, and sum them by group; O(n).

        own = own sum / (mass of the own group - weight of the point)    the point itself is left out
        width = (other - own) / max(own, other); 0 for a point alone in its group and where own = other = 0

    Parameters
    ----------
    own : (n,) float64 IN the sum of distances to the own group, OUT the mean; NaN for a point alone
    other : (n,) float64 IN; group : (n,) int64 IN, 0 .. k - 1
    inside, weight : (n,) float64 IN, weights inside the means, and of the mean over points
    mass : (k,) float64, size : (k,) int64 IN, sum of inside and number of points where inside > 0
    width : (n,) float64 OUT; total, summed : (k,) float64 OUT, sums of weight and of weight * width
    """
    total[:] = 0.0
    summed[:] = 0.0
    for i in range(group.shape[0]):
        g = group[i]
        total[g] += weight[i]
        companions = size[g] - (1 if inside[i] > 0.0 else 0)
        rest = mass[g] - inside[i]
        if companions == 0 or rest <= 0.0:
            own[i] = np.nan
            width[i] = 0.0
            continue
        own[i] /= rest
        largest = max(own[i], other[i])
        width[i] = (other[i] - own[i]) / largest if largest > 0.0 else 0.0
        summed[g] += weight[i] * width[i]


@kernel(error_model="numpy")
def squared_nearest(rows, group, mass, centre, within, columns, own_sum, other, nearest):
    """Do what nearest_from_sums does for squared Euclidean distances, from centres alone; O(n k p).

        sum over j in g of weight[j] * |x_i - x_j|^2 = mass[g] * |x_i - centre[g]|^2 + within[g]

    Parameters
    ----------
    rows : (n, p) float64 IN; group : (n,) int64 IN; mass, within : (k,), centre : (k, p) float64 IN
    columns : (p, 64) float64 scratch
    own_sum, other : (n,) float64 OUT; nearest : (n,) int64 OUT
    """
    n_rows, n_features = rows.shape
    n_groups = mass.shape[0]
    whole = n_features - n_features % 6
    square, least, mine, kin = np.empty(64), np.empty(64), np.empty(64), np.empty(64)
    closest = np.empty(64)  # groups as float64: lanes of one width
    for begin in range(0, n_rows, 64):
        count = min(64, n_rows - begin)
        for i in range(64):
            source = begin + min(i, count - 1)
            for f in range(n_features):
                columns[f, i] = rows[source, f]
            least[i] = np.inf
            closest[i] = -1.0
            kin[i] = group[source]
        for g in range(n_groups):
            for i in range(64):
                square[i] = 0.0
            for f in range(0, whole, 6):
                x0, x1, x2 = centre[g, f], centre[g, f + 1], centre[g, f + 2]
                x3, x4, x5 = centre[g, f + 3], centre[g, f + 4], centre[g, f + 5]
                for i in range(64):
                    d0 = columns[f, i] - x0
                    d1 = columns[f + 1, i] - x1
                    d2 = columns[f + 2, i] - x2
                    d3 = columns[f + 3, i] - x3
                    d4 = columns[f + 4, i] - x4
                    d5 = columns[f + 5, i] - x5
                    square[i] += (d0 * d0 + d1 * d1) + (d2 * d2 + d3 * d3) + (d4 * d4 + d5 * d5)
            for f in range(whole, n_features):
                x0 = centre[g, f]
                for i in range(64):
                    d0 = columns[f, i] - x0
                    square[i] += d0 * d0
            # A group without weight has no centre: NaN, which is never better, but its own rows get 0.
            share = within[g] / mass[g]
            number = np.float64(g)
            for i in range(64):
                mean = square[i] + share
                own = kin[i] == number
                better = (mean < least[i]) & (not own)
                least[i] = mean if better else least[i]
                closest[i] = number if better else closest[i]
                mine[i] = mean if own else mine[i]
        for i in range(count):
            own_mass = mass[group[begin + i]]
            own_sum[begin + i] = own_mass * mine[i] if own_mass > 0.0 else 0.0
            other[begin + i] = least[i]
            nearest[begin + i] = np.int64(closest[i])


@kernel()
def two_nearest(rows, medoids, nearest, first, second):
    """Find the two nearest medoids of every row; O(n k p).

    Parameters
    ----------
    rows : (n, p) float64 IN; medoids : (k,) int64 IN, k >= 2
    nearest : (n,) int64 OUT, position in medoids, the lowest among equals
    first, second : (n,) float64 OUT, Euclidean distances
    """
    for i in range(rows.shape[0]):
        least, next_least, where = np.inf, np.inf, 0
        for g in range(medoids.shape[0]):
            square = 0.0
            for f in range(rows.shape[1]):
                difference = rows[i, f] - rows[medoids[g], f]
                square += difference * difference
            if square < least:
                next_least = least
                least = square
                where = g
            elif square < next_least:
                next_least = square
        nearest[i] = where
        first[i] = np.sqrt(least)
        second[i] = np.sqrt(next_least)
