"""Hierarchies: Ward on weighted centroids, average and complete on a matrix, single.

A chain goes from a cluster to its nearest, from there to its nearest, and so on, until two are each other's
nearest; these merge. All four rules are reducible (a merged cluster is never nearer to others than its nearer
part was), so merging early changes nothing, and the merges sorted by height are the hierarchy (Murtagh 1983,
A survey of recent advances in hierarchical clustering algorithms, section 3; Muellner 2011, Modern
hierarchical, agglomerative clustering algorithms, section 3). On ties the predecessor in the chain goes
first, then the cluster holding the lowest row.

A scan for the nearest is where the time goes. It is written as LLVM vectors (`lanes.ward_tile`, `lanes.not_above`) that
answer with one bit per lane, whether it may be the nearest; nearly all tiles answer 0 and are done with.
numba's own vectoriser does not touch a search for a minimum.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regso_cluster.kernels._jit import kernel
from regso_cluster.kernels.lanes import not_above, ward_tile


class Slots(NamedTuple):
    """Active clusters of Ward's rule, in float64 and, side by side, in float32.

    Parameters
    ----------
    centres : (n, p), weights : (n,); tiles : (ceil(n / LANES), p, LANES), tile_weights : (ceil(n / LANES), LANES)
    lowest : (n,): the lowest row of each
    """

    centres: NDArray[np.float64]
    weights: NDArray[np.float64]
    tiles: NDArray[np.float32]
    tile_weights: NDArray[np.float32]
    lowest: NDArray[np.int64]


@kernel()
def _ward_limit(best, weight, n_factors):
    """Return the float32 cost above which no lane can cost `best` or less in float64.

    Coordinates lie within -1 and 1. Each is rounded to 2^-25 and each difference to 2^-23 at most, so a rough
    distance exceeds the true one by less than e = 2.5e-7 sqrt(p), and sum, share and products lose less than
    p + 8 roundings of 2^-24: rough <= (sqrt(best) + e sqrt(weight))^2 (1 + 1e-7 (p + 8)), as the cost is at
    most weight times the squared distance.
    """
    edge = np.sqrt(best) + 2.5e-7 * np.sqrt(n_factors * weight)
    return np.float32(edge * edge * (1.0 + 1e-7 * (n_factors + 10)))


@kernel()
def _ward_cost(centres, weights, a, b):
    """Return w_a w_b / (w_a + w_b) |a - b|^2, the same bits for (b, a)."""
    total = 0.0
    for f in range(centres.shape[1]):
        difference = centres[a, f] - centres[b, f]
        total += difference * difference
    low, high = min(weights[a], weights[b]), max(weights[a], weights[b])
    return total * low * (high / (low + high))


@kernel()
def _ward_nearest(slot, before, before_cost, slots, n_active, point, cost):
    """Return the nearest slot and the cost of joining; `before`, the predecessor, wins ties."""
    centres, weights, tiles, tile_weights, lowest = slots
    n_factors, width = tiles.shape[1], tiles.shape[2]
    own_block, own_lane = slot // width, slot % width
    for f in range(n_factors):
        point[f] = tiles[own_block, f, own_lane]
    weight = tile_weights[own_block, own_lane]
    nearest, best = before, before_cost
    limit = _ward_limit(best, weights[slot], n_factors)
    for block in range((n_active + width - 1) // width):
        bits = ward_tile(point, weight, tiles, tile_weights, block, limit, cost)
        if bits == 0:
            continue
        for lane in range(width):
            other = block * width + lane
            maybe = (bits >> np.uint64(lane)) & np.uint64(1) and cost[lane] <= limit
            if not maybe or other in (slot, before) or other >= n_active:
                continue
            exact = _ward_cost(centres, weights, slot, other)
            if exact < best or (exact == best and nearest != before and lowest[other] < lowest[nearest]):
                nearest, best = other, exact
                limit = _ward_limit(best, weights[slot], n_factors)
    return nearest, best


@kernel()
def _put_lane(slot, centre, weight, tiles, tile_weights):
    block, lane = slot // tiles.shape[2], slot % tiles.shape[2]
    for f in range(tiles.shape[1]):
        tiles[block, f, lane] = centre[f]
    tile_weights[block, lane] = weight


@kernel()
def ward_merges(centres, weights, tiles, tile_weights, merges, costs):
    """Merge n weighted rows by Ward's rule.

    IN   centres (n, p): rows, every coordinate from -1 to 1; weights (n,) > 0, their sum at most 1. Both are
         used up
    OUT  merges (n - 1, 2) int64: the nodes joined, in the order found; a node below n is a row, n + t is the
         result of merge t; costs (n - 1,): w_a w_b / (w_a + w_b) |c_a - c_b|^2, by how much the merge raises
         the within sum of squares
    WORK tiles (ceil(n / LANES), p, LANES), tile_weights (ceil(n / LANES), LANES), float32: the rows side by
    side

    Float32 rules out who cannot be the nearest (`_ward_limit`), float64 decides. Memory O(n p), time O(n^2
    p): about 3 n scans over half of the rows on average.
    """
    n, n_factors = centres.shape
    width = tiles.shape[2]
    tiles[:] = np.float32(1e15)  # beyond every limit but the first, infinite one
    tile_weights[:] = np.float32(1.0)
    for slot in range(n):
        _put_lane(slot, centres[slot], weights[slot], tiles, tile_weights)
    node, lowest, chain = np.arange(n), np.arange(n), np.empty(n + 1, dtype=np.int64)
    links = np.empty(n + 1)
    slots = Slots(centres, weights, tiles, tile_weights, lowest)
    point, cost = np.empty(n_factors, dtype=np.float32), np.empty(width, dtype=np.float32)
    length, n_active, made = 0, n, 0
    while n_active > 1:
        if length == 0:
            chain[0] = 0
            length = 1
        top = chain[length - 1]
        before = chain[length - 2] if length > 1 else -1
        before_cost = links[length - 2] if length > 1 else np.inf
        nearest, best = _ward_nearest(top, before, before_cost, slots, n_active, point, cost)
        if nearest != before:
            links[length - 1] = best
            chain[length] = nearest
            length += 1
            continue
        length -= 2
        keep, drop, last = min(top, nearest), max(top, nearest), n_active - 1
        merges[made, 0], merges[made, 1] = node[keep], node[drop]
        costs[made] = best
        weight = weights[keep] + weights[drop]
        share = weights[drop] / weight
        for f in range(n_factors):  # equal rows stay equal, to the bit
            centres[keep, f] += (centres[drop, f] - centres[keep, f]) * share
            centres[drop, f] = centres[last, f]
        weights[keep], weights[drop] = weight, weights[last]
        lowest[keep], lowest[drop] = min(lowest[keep], lowest[drop]), lowest[last]
        node[keep], node[drop] = n + made, node[last]
        _put_lane(keep, centres[keep], weights[keep], tiles, tile_weights)
        _put_lane(drop, centres[drop], weights[drop], tiles, tile_weights)
        for k in range(length):
            if chain[k] == last:
                chain[k] = drop
        made += 1
        n_active -= 1


@kernel()
def _refresh(slot, matrix, created, n_created, stamp):
    """Bring a row up to date: what was merged since its last reading is read from the rows of the merged."""
    row = matrix[slot]
    for k in range(stamp[slot], n_created):
        other = created[k]
        if other >= 0:
            row[other] = matrix[other, slot]
    stamp[slot] = n_created


@kernel()
def _matrix_nearest(slot, before, before_height, row, alive, lowest, size):
    """Return the nearest alive slot and its distance; `before`, the predecessor, wins ties."""
    nearest, best = before, before_height
    own = np.uint64(1) << np.uint64(slot % 64)
    for word in range((size + 63) // 64):
        bits = not_above(row, word * 64, best) & alive[word]
        if word == slot // 64:
            bits &= ~own
        if bits != 0:
            for lane in range(64):
                if (bits >> np.uint64(lane)) & np.uint64(1):
                    other = word * 64 + lane
                    value = row[other]
                    if value < best or (value == best and nearest != before and lowest[other] < lowest[nearest]):
                        best = value
                        nearest = other
    return nearest, best


@kernel()
def _join_rows(keep_row, drop_row, share, complete, size):
    """Distances of the merged: the larger of both, or the weighted mean; equal ones stay equal."""
    if complete:
        for j in range(size):
            keep_row[j] = max(keep_row[j], drop_row[j])
    else:
        for j in range(size):
            keep_row[j] = keep_row[j] + (drop_row[j] - keep_row[j]) * share


@kernel()
def _compact(matrix, size, alive, weight, lowest, node, place, created, n_created, stamp):
    """Move the alive slots together, up to date; return how many. `place` maps old to new."""
    count = 0
    for slot in range(size):
        place[slot] = -1
        if (alive[slot // 64] >> np.uint64(slot % 64)) & np.uint64(1):
            _refresh(slot, matrix, created, n_created, stamp)
            place[slot] = count
            count += 1
    for slot in range(size):
        target = place[slot]
        if target >= 0:
            for j in range(size):  # place[j] <= j: never overwrites what is still to be read
                if place[j] >= 0:
                    matrix[target, place[j]] = matrix[slot, j]
            weight[target], lowest[target], node[target] = weight[slot], lowest[slot], node[slot]
            stamp[target] = 0
    for word in range(alive.shape[0]):
        alive[word] = np.uint64(0)
    for slot in range(count):
        alive[slot // 64] |= np.uint64(1) << np.uint64(slot % 64)
    return count


@kernel()
def matrix_merges(matrix, weight, complete, merges, heights):
    """Merge n rows by average or complete linkage.

    IN   matrix (n, columns), columns the next multiple of 64 from n: symmetric distances, anything beyond
         column n; weight (n,) > 0, counts in the average of pairs; complete: the largest distance instead.
         Both are used up
    OUT  merges, heights (n - 1,): see `ward_merges`

    Time O(n^2). A merge writes its row but not its column: the other rows read the cells they lack when their
    turn comes, which halves the jumps through memory. When half of the rows are gone the rest moves together.
    """
    n = matrix.shape[0]
    node, lowest, place = np.arange(n), np.arange(n), np.empty(n, dtype=np.int64)
    chain, links = np.empty(n, dtype=np.int64), np.empty(n)
    created, born, stamp = np.empty(n, dtype=np.int64), np.full(n, -1), np.zeros(n, dtype=np.int64)
    alive = np.zeros((n + 63) // 64, dtype=np.uint64)
    for slot in range(n):
        alive[slot // 64] |= np.uint64(1) << np.uint64(slot % 64)
    size, n_active, n_created, length, made, first = n, n, 0, 0, 0, 0
    while n_active > 1:
        if 2 * n_active < size and size > 128:
            size = _compact(matrix, size, alive, weight, lowest, node, place, created, n_created, stamp)
            for k in range(length):
                chain[k] = place[chain[k]]
            for slot in range(size):
                born[slot] = -1
            n_created, first = 0, 0
        if length == 0:
            while not (alive[first // 64] >> np.uint64(first % 64)) & np.uint64(1):
                first += 1
            chain[0] = first
            length = 1
        top = chain[length - 1]
        before = chain[length - 2] if length > 1 else -1
        before_height = links[length - 2] if length > 1 else np.inf
        _refresh(top, matrix, created, n_created, stamp)
        nearest, best = _matrix_nearest(top, before, before_height, matrix[top], alive, lowest, size)
        if nearest != before:
            links[length - 1] = best
            chain[length] = nearest
            length += 1
            continue
        length -= 2
        keep, drop = min(top, nearest), max(top, nearest)
        merges[made, 0], merges[made, 1] = node[keep], node[drop]
        heights[made] = best
        _refresh(nearest, matrix, created, n_created, stamp)
        total = weight[keep] + weight[drop]
        _join_rows(matrix[keep], matrix[drop], weight[drop] / total, complete, size)
        weight[keep] = total
        lowest[keep] = min(lowest[keep], lowest[drop])
        alive[drop // 64] &= ~(np.uint64(1) << np.uint64(drop % 64))
        for slot in (keep, drop):  # their older cells are out of date
            if born[slot] >= 0:
                created[born[slot]] = -1
        born[keep] = n_created
        created[n_created] = keep
        n_created += 1
        stamp[keep] = n_created
        node[keep] = n + made
        made += 1
        n_active -= 1


@kernel()
def single_merges(matrix, merges, heights):
    """Merge n rows by single linkage: the edges of a minimum spanning tree in ascending order.

    IN   matrix (n, >= n): symmetric distances
    OUT  merges, heights (n - 1,): see `ward_merges`

    Prim's algorithm, every row read once, in order (Gower and Ross 1969); ties to the lowest row.
    """
    n = matrix.shape[0]
    distance, outside, source = np.full(n, np.inf), np.zeros(n), np.zeros(n, dtype=np.int64)
    bits = distance.view(np.int64)  # of positive numbers, as integers in the same order: their minimum is vectorised
    ends = np.empty((max(n - 1, 0), 2), dtype=np.int64)
    lengths = np.empty(max(n - 1, 0))
    current = 0
    for step in range(n - 1):
        outside[current] = np.inf
        distance[current] = np.inf
        row = matrix[current]
        for j in range(n):
            candidate = row[j] + outside[j]
            closer = candidate < distance[j]
            distance[j] = candidate if closer else distance[j]
            source[j] = current if closer else source[j]
        least = bits[0]
        for j in range(n):
            least = min(least, bits[j])
        following = 0
        while bits[following] != least or outside[following] > 0:
            following += 1
        ends[step, 0], ends[step, 1] = source[following], following
        lengths[step] = distance[following]
        current = following
    order = np.argsort(lengths, kind="mergesort")
    parent, top = np.arange(n), np.arange(n)
    for step in range(n - 1):
        edge = order[step]
        a, b = _root(parent, ends[edge, 0]), _root(parent, ends[edge, 1])
        merges[step, 0], merges[step, 1] = top[a], top[b]
        heights[step] = lengths[edge]
        parent[b] = a
        top[a] = n + step


@kernel()
def _root(parent, k):
    while parent[k] != k:
        parent[k] = parent[parent[k]]
        k = parent[k]
    return k
