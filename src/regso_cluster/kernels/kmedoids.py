"""K-medoids: k rows as centres, so that the weighted sum of distances to the nearest is small.

FasterPAM (Schubert and Rousseeuw 2021, Fast and eager k-medoids clustering, Information Systems 101,
algorithm 4): what swapping a medoid for a candidate changes is one sum that all medoids share and one per
medoid, so one pass over the rows prices the candidate against all k. Here the pass prices LANES candidates at
once, and the best of these swaps is made, if the loss computed anew is really lower.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import prange
from numpy.typing import NDArray

from regso_cluster.kernels._jit import kernel
from regso_cluster.kernels.lanes import price_lanes


class Starts(NamedTuple):
    """The starts of a search and where each is, over the rows of the matrix.

    Parameters
    ----------
    medoids : (starts, k) IN and OUT: different rows each, k >= 2
    nearest, runner_up : (starts, n): places of the two nearest medoids; closest, second : the distances to them
    removal : (starts, k): what the rows of each medoid lose without it
    """

    medoids: NDArray[np.int64]
    nearest: NDArray[np.int64]
    runner_up: NDArray[np.int64]
    closest: NDArray[np.float64]
    second: NDArray[np.float64]
    removal: NDArray[np.float64]


class Found(NamedTuple):
    """What the starts ended at.

    Parameters
    ----------
    losses : (starts,): sum over rows of weight times distance to the nearest medoid
    passes : (starts,): how many were needed, `max_passes` where swaps were still to be had
    idle : (starts,): panels priced in a row without a swap
    """

    losses: NDArray[np.float64]
    passes: NDArray[np.int64]
    idle: NDArray[np.int64]


@kernel()
def _two_nearest(i, distances, medoids, nearest, runner_up, closest, second):
    """Find the two nearest medoids of row i; ties to the lower place."""
    best, other, best_at, other_at = np.inf, np.inf, 0, 0
    for m in range(medoids.shape[0]):
        value = distances[medoids[m], i]
        if value < best:
            other, other_at = best, best_at
            best, best_at = value, m
        elif value < other:
            other, other_at = value, m
    nearest[i], runner_up[i], closest[i], second[i] = best_at, other_at, best, other


@kernel()
def _loss_after(candidate, medoid, distances, nearest, closest, second, weights):
    """Return the loss after a swap, summed anew over the rows in order."""
    row = distances[candidate]
    total = 0.0
    for i in range(weights.shape[0]):
        stays = second[i] if nearest[i] == medoid else closest[i]
        total += weights[i] * min(row[i], stays)
    return total


@kernel()
def _make_swap(candidate, medoid, distances, medoids, nearest, runner_up, closest, second):
    """Put the candidate into the place of the medoid and bring every row's two nearest up to date."""
    medoids[medoid] = candidate
    row = distances[candidate]
    for i in range(nearest.shape[0]):
        value = row[i]
        if nearest[i] == medoid:
            if value < second[i]:
                closest[i] = value
            else:
                _two_nearest(i, distances, medoids, nearest, runner_up, closest, second)
        elif value < closest[i]:
            runner_up[i], second[i] = nearest[i], closest[i]
            nearest[i], closest[i] = medoid, value
        elif runner_up[i] == medoid:
            if value <= second[i]:
                second[i] = value
            else:
                _two_nearest(i, distances, medoids, nearest, runner_up, closest, second)
        elif value < second[i]:
            runner_up[i], second[i] = medoid, value


@kernel()
def _removal_losses(nearest, closest, second, weights, removal):
    """Sum what the rows of each medoid lose when they have to go to the second nearest; return the loss."""
    removal[:] = 0.0
    total = 0.0
    for i in range(weights.shape[0]):
        removal[nearest[i]] += weights[i] * (second[i] - closest[i])
        total += weights[i] * closest[i]
    return total


@kernel()
def _best_swap(n_here, removal, shared, own):
    """Return medoid, lane and change of the cheapest swap; ties to the lower lane, then place."""
    best, best_medoid, best_lane = np.inf, -1, -1
    for lane in range(n_here):
        for m in range(removal.shape[0]):
            change = shared[lane] + own[m, lane] + removal[m]
            if change < best:
                best, best_medoid, best_lane = change, m, lane
    return best_medoid, best_lane, best


@kernel()
def _start(distances, weights, medoids, nearest, runner_up, closest, second, removal):
    for i in range(nearest.shape[0]):
        _two_nearest(i, distances, medoids, nearest, runner_up, closest, second)
    return _removal_losses(nearest, closest, second, weights, removal)


@kernel()
def _search_together(distances, weights, starts, found, shared, own, max_passes):
    """Run a few starts side by side: a panel of candidates is read from memory once for all of them.

    A start ends when every panel has been priced without a swap; its swaps depend on no other start.
    """
    medoids, nearest, runner_up, closest, second, removal = starts
    losses, passes, idle = found
    n, width = nearest.shape[1], shared.shape[0]
    n_panels = (n + width - 1) // width
    running = medoids.shape[0]
    for s in range(running):
        losses[s] = _start(distances, weights, medoids[s], nearest[s], runner_up[s], closest[s], second[s], removal[s])
        idle[s], passes[s] = 0, max_passes
    for step in range(max_passes * n_panels):
        if running == 0:
            break
        first = max(0, min(step % n_panels * width, distances.shape[1] - width))  # the last panel overlaps
        here = min(width, n - first)
        for s in range(medoids.shape[0]):
            if idle[s] >= n_panels:
                continue
            idle[s] += 1
            own[:] = 0.0
            price_lanes(distances, first, nearest[s], closest[s], second[s], weights, shared, own)
            medoid, lane, change = _best_swap(here, removal[s], shared, own)
            candidate = first + lane
            # rounding must not turn a swap that wins nothing into an endless one: the loss itself decides
            if change < 0.0 and losses[s] > _loss_after(
                candidate, medoid, distances, nearest[s], closest[s], second[s], weights
            ):
                _make_swap(candidate, medoid, distances, medoids[s], nearest[s], runner_up[s], closest[s], second[s])
                losses[s] = _removal_losses(nearest[s], closest[s], second[s], weights, removal[s])
                idle[s] = 0
            if idle[s] >= n_panels:
                running -= 1
                passes[s] = (step + n_panels) // n_panels


@kernel(parallel=True)
def search_medoids(distances, weights, together, starts, found, shared, own, max_passes):
    """Improve medoids by swaps from several starts, until no swap of one medoid for one row lowers the loss.

    IN   distances (n, >= max(n, LANES)), symmetric, >= 0, anything beyond column n; weights (n,) > 0;
         together: starts that a thread runs side by side; max_passes over all candidates
    OUT  starts (medoids also IN), found
    WORK shared (pieces, LANES); own (pieces, k, LANES)

    Time O(n^2) per pass. A start belongs to one thread, so the result does not depend on their number.
    """
    medoids, nearest, runner_up, closest, second, removal = starts
    losses, passes, idle = found
    n_starts = medoids.shape[0]
    for piece in prange(shared.shape[0]):
        a, b = piece * together, min(n_starts, piece * together + together)
        part = Starts(medoids[a:b], nearest[a:b], runner_up[a:b], closest[a:b], second[a:b], removal[a:b])
        ends = Found(losses[a:b], passes[a:b], idle[a:b])
        _search_together(distances, weights, part, ends, shared[piece], own[piece], max_passes)


@kernel()
def build_medoids(distances, weights, medoids, closest, cost):
    """Choose medoids one by one, each the row that lowers the loss most; ties to the lowest row.

    IN   distances (n, >= n), weights (n,)
    OUT  medoids (k,), closest (n,): distances to the nearest
    WORK cost (n,)

    BUILD of Kaufman and Rousseeuw (1990), Finding groups in data, chapter 2, section 4.1. Time O(n^2 k).
    """
    n = weights.shape[0]
    closest[:] = np.inf
    for m in range(medoids.shape[0]):
        cost[:] = 0.0
        for i in range(n):
            row, limit, weight = distances[i], closest[i], weights[i]
            for c in range(n):
                cost[c] += weight * min(row[c], limit)
        for chosen in range(m):
            cost[medoids[chosen]] = np.inf
        medoids[m] = np.argmin(cost)
        row = distances[medoids[m]]
        for i in range(n):
            closest[i] = min(closest[i], row[i])
