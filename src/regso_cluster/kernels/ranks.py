"""Ranks of all areas in many draws at once, and the order statistics of each area's ranks."""

from __future__ import annotations

import numba

from regso_cluster.kernels._jit import kernel


@kernel(parallel=True)
def score_draws(weights, columns, score):
    """Sum weighted columns, once for each draw of the weights; factors are added in their order.

    Parameters
    ----------
    weights : (n_draws, p) float64 IN
    columns : (p, n) float64 IN
    score : (n_draws, n) float64 OUT
    """
    for d in numba.prange(weights.shape[0]):
        for i in range(columns.shape[1]):
            score[d, i] = weights[d, 0] * columns[0, i]
        for f in range(1, columns.shape[0]):
            w = weights[d, f]
            for i in range(columns.shape[1]):
                score[d, i] += w * columns[f, i]


@kernel(parallel=True)
def rank_draws(score, first, chunk, key, order, places, rank):
    """Rank the areas of each draw: 1 has the highest score, equal scores share the lowest number.

    Each draw is sorted by radix on (highest - score) / (highest - lowest) in 22 bits, two passes of 11, and then by
    insertion on the scores themselves: exact, and O(n) but for pairs closer than a four-millionth of the range.

    Parameters
    ----------
    score : (n_draws, n) float64 IN, finite
    first : the column of `rank` where the first of these draws goes
    chunk : draws that one thread takes together; neighbouring columns of `rank` share a cache line
    key, order : (ceil(n_draws / chunk), 2, n) int32 : work space
    places : (ceil(n_draws / chunk), 2, 2048) int32 : work space
    rank : (n, first + n_draws or more) unsigned integers OUT
    """
    n_draws, n = score.shape
    for c in numba.prange(key.shape[0]):
        for d in range(c * chunk, min((c + 1) * chunk, n_draws)):
            values = score[d]
            lowest = values[0]
            highest = values[0]
            for i in range(1, n):
                lowest = min(lowest, values[i])
                highest = max(highest, values[i])
            scale = 4194303.0 / (highest - lowest) if highest > lowest else 0.0
            for b in range(2048):
                places[c, 0, b] = 0
                places[c, 1, b] = 0
            for i in range(n):
                k = numba.int32((highest - values[i]) * scale)
                key[c, 0, i] = k
                places[c, 0, k & 2047] += 1
                places[c, 1, k >> 11] += 1
            low = 0
            high = 0
            for b in range(2048):
                own = places[c, 0, b]
                places[c, 0, b] = low
                low += own
                own = places[c, 1, b]
                places[c, 1, b] = high
                high += own
            for i in range(n):
                k = key[c, 0, i]
                at = places[c, 0, k & 2047]
                places[c, 0, k & 2047] = at + 1
                order[c, 0, at] = i
                key[c, 1, at] = k
            for j in range(n):
                k = key[c, 1, j]
                at = places[c, 1, k >> 11]
                places[c, 1, k >> 11] = at + 1
                order[c, 1, at] = order[c, 0, j]
            for j in range(1, n):
                i = order[c, 1, j]
                value = values[i]
                at = j
                while at > 0 and values[order[c, 1, at - 1]] < value:
                    order[c, 1, at] = order[c, 1, at - 1]
                    at -= 1
                order[c, 1, at] = i
            shared = 1
            for j in range(n):
                i = order[c, 1, j]
                if j > 0 and values[i] < values[order[c, 1, j - 1]]:
                    shared = j + 1
                rank[i, first + d] = shared


@kernel(parallel=True)
def order_statistics(rank, positions, chunk, count, out):
    """Find the ranks that stand at given positions of each area's sorted draws, by counting.

    Parameters
    ----------
    rank : (n, n_draws) unsigned integers IN, 1 .. n
    positions : (q,) int64 IN, rising, from 0
    chunk : areas that one thread takes together
    count : (ceil(n / chunk), n + 1) int32 : work space
    out : (n, q) int64 OUT
    """
    n, n_draws = rank.shape
    for c in numba.prange(count.shape[0]):
        for i in range(c * chunk, min((c + 1) * chunk, n)):
            lowest = n
            highest = 1
            for r in range(1, n + 1):
                count[c, r] = 0
            for d in range(n_draws):
                r = numba.int64(rank[i, d])
                count[c, r] += 1
                lowest = min(lowest, r)
                highest = max(highest, r)
            q = 0
            below = 0
            for r in range(lowest, highest + 1):
                below += count[c, r]
                while q < positions.shape[0] and positions[q] < below:
                    out[i, q] = r
                    q += 1


@kernel(parallel=True)
def count_at_most(rank, last, n_at_most):
    """Count the draws in which each area is among the first.

    Parameters
    ----------
    rank : (n, n_draws) unsigned integers IN
    last : the lowest rank that counts
    n_at_most : (n,) int64 OUT
    """
    for i in numba.prange(rank.shape[0]):
        found = 0
        for d in range(rank.shape[1]):
            found += 1 if rank[i, d] <= last else 0
        n_at_most[i] = found
