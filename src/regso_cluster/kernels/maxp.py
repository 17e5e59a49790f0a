"""As many regions as possible that each hold a given weight: construction from many starts, then local moves.

Duque, Anselin and Rey (2012), The max-p-regions problem, Journal of Regional Science 52(3), section 4; Wei,
Rey and Knaap (2021), Efficient regionalization for spatially explicit neighborhood delineation, IJGIS 35(1),
section 3. Two things differ. They minimise the sum of pairwise dissimilarities, here it is the weighted sum
of squared deviations, as in the other methods, so that results compare. They grow regions one by one, which
strands areas between regions; here a tree that spans the graph is packed from its leaves. That gives the most
regions the tree allows: a lowest subtree that holds the weight meets a region in any solution, and cutting it
off takes no more than that region from the rest.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from regso_cluster.kernels._jit import kernel


class Areas(NamedTuple):
    """What regions are built of.

    Parameters
    ----------
    X : (n, p), weights : (n,): no missing values
    indptr, indices : symmetric graph in CSR form
    min_weight : weight each region must hold, > 0
    """

    X: NDArray[np.float64]
    weights: NDArray[np.float64]
    indptr: NDArray[np.integer]
    indices: NDArray[np.integer]
    min_weight: float


class Found(NamedTuple):
    """Sets of regions.

    Parameters
    ----------
    labels : (s, n) int64
    regions : (s,) int64, how many there are; 0 when a component holds less than `min_weight`
    objectives : (s,) weighted sum of squared deviations within
    """

    labels: NDArray[np.int64]
    regions: NDArray[np.int64]
    objectives: NDArray[np.float64]


class Work(NamedTuple):
    """Work space: mean (s, n, p), mass (s, n), load (s, n), places (s, 4, n) int64."""

    mean: NDArray[np.float64]
    mass: NDArray[np.float64]
    load: NDArray[np.float64]
    places: NDArray[np.int64]


@kernel()
def _squared_to(X, a, mean, r):
    squared = 0.0
    for f in range(X.shape[1]):
        d = X[a, f] - mean[r, f]
        squared += d * d
    return squared


@kernel()
def _enter(X, weights, a, r, labels, mean, mass, size):
    """Put area a into region r and move its mean; a region without weight keeps its first area's row."""
    w = weights[a]
    if size[r] == 0:
        for f in range(X.shape[1]):
            mean[r, f] = X[a, f]
    elif mass[r] + w > 0.0:
        part = w / (mass[r] + w)
        for f in range(X.shape[1]):
            mean[r, f] += part * (X[a, f] - mean[r, f])
    mass[r] += w
    size[r] += 1
    labels[a] = r


@kernel()
def _walk(X, indptr, indices, order, before, preorder, free, stack):
    """Walk each component depth first, next to the area that is alike and has few unvisited neighbours.

    Such a walk makes long trees with few forks, and these pack well: regions overshoot by about one area.
    """
    n = order.size
    preorder[:] = -1
    before[:] = -2
    for a in range(n):
        free[a] = indptr[a + 1] - indptr[a]
    at = 0
    for s in range(n):
        if before[order[s]] != -2:
            continue
        a = order[s]
        before[a] = -1
        stack[0] = a
        depth = 1
        preorder[at] = a
        at += 1
        for slot in range(indptr[a], indptr[a + 1]):
            free[indices[slot]] -= 1
        while depth > 0:
            a = stack[depth - 1]
            best = np.int64(-1)
            best_key = np.inf
            for slot in range(indptr[a], indptr[a + 1]):
                b = indices[slot]
                if before[b] != -2:
                    continue
                squared = 0.0
                for f in range(X.shape[1]):
                    d = X[a, f] - X[b, f]
                    squared += d * d
                key = (free[b] + 1) * squared
                if best < 0 or key < best_key:
                    best = b
                    best_key = key
            if best < 0:
                depth -= 1
                continue
            before[best] = a
            stack[depth] = best
            depth += 1
            preorder[at] = best
            at += 1
            for slot in range(indptr[best], indptr[best + 1]):
                free[indices[slot]] -= 1


@kernel()
def _pack(X, weights, min_weight, before, preorder, labels, mean, mass, size, load):
    """Cut a region off as soon as a subtree holds `min_weight`: the most regions the tree can give."""
    n = labels.size
    load[:] = weights
    for s in range(n - 1, -1, -1):
        a = preorder[s]
        up = before[a]
        if load[a] < min_weight and up >= 0:
            load[up] += load[a]
    regions = 0
    for s in range(n):
        a = preorder[s]
        up = before[a]
        if load[a] >= min_weight:
            mass[regions] = 0.0
            size[regions] = 0
            _enter(X, weights, a, regions, labels, mean, mass, size)
            regions += 1
        elif up >= 0 and labels[up] >= 0:
            _enter(X, weights, a, labels[up], labels, mean, mass, size)
        else:
            labels[a] = -1
    return regions


@kernel()
def _settle(X, weights, indptr, indices, labels, mean, mass, size):
    """Give each area left over to the neighbouring region it fits best; False if some can reach no region."""
    n = labels.size
    left = n
    before = n + 1
    while 0 < left < before:
        before = left
        left = 0
        for a in range(n):
            if labels[a] >= 0:
                continue
            best = -1
            best_rise = np.inf
            for slot in range(indptr[a], indptr[a + 1]):
                r = labels[indices[slot]]
                if r < 0:
                    continue
                rise = _squared_to(X, a, mean, r)
                if weights[a] > 0.0 and mass[r] > 0.0:
                    rise *= weights[a] * mass[r] / (weights[a] + mass[r])
                if rise < best_rise or (rise == best_rise and r < best):
                    best = r
                    best_rise = rise
            if best >= 0:
                _enter(X, weights, a, best, labels, mean, mass, size)
            else:
                left += 1
    return left == 0


@kernel()
def _within(X, weights, labels, regions, mean, mass):
    """Add up weighted squared deviations; the means are found anew, since the running ones carry rounding."""
    mass[:regions] = 0.0
    mean[:regions] = 0.0
    for a in range(labels.size):
        r = labels[a]
        mass[r] += weights[a]
        for f in range(X.shape[1]):
            mean[r, f] += weights[a] * X[a, f]
    for r in range(regions):
        if mass[r] > 0.0:
            for f in range(X.shape[1]):
                mean[r, f] /= mass[r]
    total = 0.0
    for a in range(labels.size):
        total += weights[a] * _squared_to(X, a, mean, labels[a])
    return total


@kernel(parallel=True)
def construct_regions(areas, orders, found, space):
    """Build one set of regions for each order of the areas.

    Parameters
    ----------
    areas : Areas IN
    orders : (s, n) int64 IN: permutations, drawn outside; the walk starts at the first area
    found : Found OUT; regions are numbered in the order of the walk
    space : Work

    Notes
    -----
    O(m p) for a start. A start belongs to one thread. Areas the packing leaves over join the neighbouring
    region they fit best.
    """
    X, weights, indptr, indices, min_weight = areas
    labels = found.labels
    regions = found.regions
    objectives = found.objectives
    mean, mass, load, work = space
    for s in numba.prange(orders.shape[0]):
        _walk(X, indptr, indices, orders[s], work[s, 0], work[s, 1], work[s, 2], work[s, 3])
        regions[s] = _pack(
            X, weights, min_weight, work[s, 0], work[s, 1], labels[s], mean[s], mass[s], work[s, 2], load[s]
        )
        if _settle(X, weights, indptr, indices, labels[s], mean[s], mass[s], work[s, 2]):
            objectives[s] = _within(X, weights, labels[s], regions[s], mean[s], mass[s])
        else:
            regions[s] = 0
            objectives[s] = np.inf


@kernel()
def _stays_whole(indptr, indices, labels, a, stack, seen, stamp):
    """Tell whether a region stays in one piece without its area a; no when nothing of it would be left."""
    r = labels[a]
    wanted = 0
    start = np.int64(-1)
    for slot in range(indptr[a], indptr[a + 1]):
        b = indices[slot]
        if labels[b] == r and b != a:
            wanted += 1
            if start < 0:
                start = b
    if wanted <= 1:
        return wanted == 1
    # mostly the neighbours of a border on each other in a ring: walk these alone first
    for slot in range(indptr[a], indptr[a + 1]):
        if labels[indices[slot]] == r:
            seen[indices[slot]] = 3 * stamp
    seen[start] = 3 * stamp + 1
    stack[0] = start
    depth = 1
    ring = 1
    while depth > 0:
        depth -= 1
        b = stack[depth]
        for slot in range(indptr[b], indptr[b + 1]):
            c = indices[slot]
            if seen[c] == 3 * stamp:
                seen[c] = 3 * stamp + 1
                stack[depth] = c
                depth += 1
                ring += 1
    if ring == wanted:
        return True
    # walk the region from one neighbour of a; whole if all other neighbours of a are met
    seen[a] = 3 * stamp + 2
    seen[start] = 3 * stamp + 2
    stack[0] = start
    depth = 1
    met = 0
    while depth > 0:
        depth -= 1
        b = stack[depth]
        for slot in range(indptr[b], indptr[b + 1]):
            c = indices[slot]
            if c == a:
                met += 1
                if met == wanted:
                    return True
            elif labels[c] == r and seen[c] != 3 * stamp + 2:
                seen[c] = 3 * stamp + 2
                stack[depth] = c
                depth += 1
    return False


@kernel()
def _improve(areas, tolerance, labels, regions, mean, mass, stack, seen):
    """Move single border areas while that lowers the objective; sweeps in the order of the areas."""
    X, weights, indptr, indices, min_weight = areas
    n = labels.size
    seen[:] = -1
    stamp = 0
    moved = True
    while moved:
        moved = False
        _within(X, weights, labels, regions, mean, mass)
        for a in range(n):
            r = labels[a]
            w = weights[a]
            rest = mass[r] - w
            if rest < min_weight or not (w > 0.0 and rest > 0.0):
                continue
            drop = w * mass[r] / rest * _squared_to(X, a, mean, r)
            best = np.int64(-1)
            best_gain = tolerance
            for slot in range(indptr[a], indptr[a + 1]):
                q = labels[indices[slot]]
                if q == r:
                    continue
                gain = drop - w * mass[q] / (mass[q] + w) * _squared_to(X, a, mean, q)
                if gain > best_gain or (gain == best_gain and q < best):
                    best = q
                    best_gain = gain
            if best < 0:
                continue
            stamp += 1
            if not _stays_whole(indptr, indices, labels, a, stack, seen, stamp):
                continue
            for f in range(X.shape[1]):
                mean[r, f] -= w / rest * (X[a, f] - mean[r, f])
                mean[best, f] += w / (mass[best] + w) * (X[a, f] - mean[best, f])
            mass[r] = rest
            mass[best] += w
            labels[a] = best
            moved = True


@kernel(parallel=True)
def improve_regions(areas, tolerance, found, space):
    """Lower the objective of each set of regions by moving single areas to a neighbouring region.

    A move is made when the region left keeps `min_weight` and stays in one piece.

    Parameters
    ----------
    areas : Areas IN
    tolerance : gains up to this do not count, so that rounding cannot make areas move for ever
    found : Found; labels IN and OUT, regions IN, objectives OUT
    space : Work, without its loads
    """
    labels = found.labels
    regions = found.regions
    objectives = found.objectives
    mean, mass, work = space.mean, space.mass, space.places
    for s in numba.prange(labels.shape[0]):
        _improve(areas, tolerance, labels[s], regions[s], mean[s], mass[s], work[s, 0], work[s, 1])
        objectives[s] = _within(areas.X, areas.weights, labels[s], regions[s], mean[s], mass[s])
