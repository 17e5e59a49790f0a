"""The distance between two groups of areas, and how a group joins another: by centres, or over all pairs of areas.

Functions that are called for each pair of groups take arrays one by one, or count no references (`_nrt=False`: they
allocate nothing): to count one for each array of a tuple in every call takes as long as the small groups themselves.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regso_cluster.kernels._jit import kernel


class Members(NamedTuple):
    """The areas of each group as chains, and rows of one group side by side; for linkages over all pairs of areas.

    Parameters
    ----------
    X : (n, p), weights : (n,)
    mass : (n,), size : (n,) int64: weight and number of areas of the group in each slot
    first, last : (n,) int64, first and last area of the group in a slot; successor : (n,) int64, -1 at the end
    block : (p + 1, n): rows and weights of the group that was gathered, as columns
    squared, partial : (n,) work space
    """

    X: NDArray[np.float64]
    weights: NDArray[np.float64]
    mass: NDArray[np.float64]
    size: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    successor: NDArray[np.int64]
    block: NDArray[np.float64]
    squared: NDArray[np.float64]
    partial: NDArray[np.float64]


@kernel(inline="always")
def _squared(centre, a, b):
    total = 0.0
    for f in range(centre.shape[1]):
        d = centre[a, f] - centre[b, f]
        total += d * d
    return total


@kernel(inline="always")
def rise(centre, mass, a, b):
    """Ward: how much the squared deviations within grow, w_a w_b / (w_a + w_b) |c_a - c_b|^2.

    A group of weight 0 joins at cost 0; the key below 0 lets it join its nearest neighbour first.
    """
    squared = _squared(centre, a, b)
    if mass[a] > 0.0 and mass[b] > 0.0:
        return mass[a] * mass[b] / (mass[a] + mass[b]) * squared
    return -1.0 / (1.0 + squared)


@kernel(inline="always")
def pair_cost(kind, centre, mass, spread, a, b):
    """Cost of the linkages that centres and spreads decide: Ward (3), mean squared distance (4).

    mean over pairs |x_i - x_j|^2 = |c_a - c_b|^2 + spread_a + spread_b, spread_a = mean |x_i - c_a|^2
    """
    if kind == 3:
        return rise(centre, mass, a, b)
    squared = _squared(centre, a, b)
    return squared + spread[a] + spread[b]


@kernel()
def join(centre, mass, size, spread, keep, gone):
    """Move the joined group's centre and spread to `keep`; areas of weight 0 count only among themselves."""
    if mass[keep] + mass[gone] > 0.0:
        part = mass[gone] / (mass[keep] + mass[gone])
    else:
        part = size[gone] / (size[keep] + size[gone])
    squared = 0.0
    for f in range(centre.shape[1]):
        d = centre[gone, f] - centre[keep, f]
        squared += d * d
        centre[keep, f] += part * d
    spread[keep] = (1.0 - part) * spread[keep] + part * spread[gone] + part * (1.0 - part) * squared
    mass[keep] += mass[gone]
    size[keep] += size[gone]


@kernel(_nrt=False)
def _gather(X, weights, successor, a, weighted, block):
    """Copy the rows of the group that begins with area a into columns of `block`, below them their weights, or 1."""
    p = X.shape[1]
    size = 0
    while a >= 0:
        for f in range(p):
            block[f, size] = X[a, f]
        block[p, size] = weights[a] if weighted else 1.0
        size += 1
        a = successor[a]
    return size


@kernel(_nrt=False)
def _pair_distance(X, weights, successor, a, weighted, block, size, kind, squared, partial):
    """Distance of the group that begins with area a to the one gathered: weighted mean (0), greatest (1), least (2)."""
    p = X.shape[1]
    for j in range(size):
        partial[j] = 0.0 if kind != 2 else np.inf
    total = 0.0
    while a >= 0:
        w = weights[a] if weighted else 1.0
        total += w
        for j in range(size):
            squared[j] = 0.0
        for f in range(p):
            x = X[a, f]
            for j in range(size):
                d = x - block[f, j]
                squared[j] += d * d
        if kind == 0:
            for j in range(size):
                partial[j] += w * math.sqrt(squared[j])
        elif kind == 1:
            for j in range(size):
                if squared[j] > partial[j]:  # noqa: PLR1730 - max() would not vectorise
                    partial[j] = squared[j]
        else:
            for j in range(size):
                if squared[j] < partial[j]:  # noqa: PLR1730 - min() would not vectorise
                    partial[j] = squared[j]
        a = successor[a]
    if kind == 0:
        mean = 0.0
        whole = 0.0
        for j in range(size):
            mean += block[p, j] * partial[j]
            whole += block[p, j]
        return mean / (whole * total)
    far = partial[0]
    for j in range(1, size):
        far = max(far, partial[j]) if kind == 1 else min(far, partial[j])
    return np.sqrt(far)


@kernel()
def _combine(kind, to_keep, to_gone, mass_keep, mass_gone, size_keep, size_gone):
    """Lance and Williams: the distance to a joined group from the distances to its two parts."""
    if kind == 0:
        if mass_keep + mass_gone > 0.0:
            return (mass_keep * to_keep + mass_gone * to_gone) / (mass_keep + mass_gone)
        return (size_keep * to_keep + size_gone * to_gone) / (size_keep + size_gone)
    if kind == 1:
        return max(to_keep, to_gone)
    return min(to_keep, to_gone)


@kernel(_nrt=False)
def measure_pairs(members, kind, keep, gone, head, end, beside, source, cost):
    """Give the distance of the group joined from `keep` and `gone` to its neighbours.

    Parameters
    ----------
    members : Members, as before the join
    kind : 0, 1, 2, see `contiguity.agglomerate`
    head, end, beside : the list of the joined group, which begins with the arc `head` IN
    source : (n,) IN: of each neighbour the edge from `gone`, where both border on it; -1: only `keep`, -2: only `gone`
    cost : of each edge INOUT
    """
    X, weights, mass, size, first, last, successor, block, squared, partial = members
    heavy, light = mass[keep], mass[gone]
    many, few = size[keep], size[gone]
    for only in (-2, -1):
        gathered = 0
        arc = head
        while arc >= 0:
            c = end[arc]
            e = arc >> 1
            arc = beside[2 * arc]
            if source[c] >= 0 and only == -2:
                cost[e] = _combine(kind, cost[e], cost[source[c]], heavy, light, many, few)
            if source[c] != only:
                continue
            if gathered == 0:  # the rows of the one that does not border on it
                lacks = keep if only == -2 else gone
                gathered = _gather(X, weights, successor, first[lacks], mass[lacks] > 0.0, block)
            far = _pair_distance(
                X, weights, successor, first[c], mass[c] > 0.0, block, gathered, kind, squared, partial
            )
            to_keep, to_gone = (far, cost[e]) if only == -2 else (cost[e], far)
            cost[e] = _combine(kind, to_keep, to_gone, heavy, light, many, few)
    successor[last[keep]] = first[gone]
    last[keep] = last[gone]
