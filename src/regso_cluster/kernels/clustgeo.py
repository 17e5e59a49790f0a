"""Ward on a mixture of feature and neighbour dissimilarities, the hierarchy behind the price of contiguity.

Chavent, Kuentz-Simonet, Labenne and Saracco (2018), ClustGeo: an R package for hierarchical clustering with
spatial constraints, Computational Statistics 33(4), sections 2 and 3. Theirs keeps all pairs in a matrix;
here a group's pseudo-inertia comes from sums, so that memory grows with n and not with its square.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from regso_cluster.kernels._jit import kernel


class Areas(NamedTuple):
    """The areas and who borders on whom.

    Parameters
    ----------
    weights : (n,) > 0
    indptr, indices : symmetric graph in CSR form
    """

    weights: NDArray[np.float64]
    indptr: NDArray[np.integer]
    indices: NDArray[np.integer]


class Work(NamedTuple):
    """Work space: centre (s, q, n), state (s, 2, n), between (s, n), far (s, n), place (s, 6, n) int64."""

    centre: NDArray[np.float64]
    state: NDArray[np.float64]
    between: NDArray[np.float64]
    far: NDArray[np.float64]
    place: NDArray[np.int64]


class _Groups(NamedTuple):
    """The groups of one mixture, in columns; a group's name is its lowest area.

    Columns of gone groups are filled from the end.

    Parameters
    ----------
    centre : (q, n), mass : (n,), apart : (n,): T_C of each column
    between : (n,): weight w_i w_j of neighbours between the last of the chain and each column
    far : (n,): cost of joining the last of the chain with each column
    at_column : (n,) name of the group in a column; column : (n,) column of a name; chain : (n,) names
    group : (n,) name of each area's group; successor, last : (n,) the areas of a group as a chain
    """

    centre: NDArray[np.float64]
    mass: NDArray[np.float64]
    apart: NDArray[np.float64]
    between: NDArray[np.float64]
    far: NDArray[np.float64]
    at_column: NDArray[np.int64]
    column: NDArray[np.int64]
    chain: NDArray[np.int64]
    group: NDArray[np.int64]
    successor: NDArray[np.int64]
    last: NDArray[np.int64]


@kernel()
def _begin(Z, weights, groups):
    """Make each area a group of its own."""
    centre, mass, apart, between, _, at_column, column, _, group, successor, last = groups
    n, q = Z.shape
    for a in range(n):
        at_column[a] = a
        column[a] = a
        group[a] = a
        successor[a] = -1
        last[a] = a
        mass[a] = weights[a]
        apart[a] = 0.0
        between[a] = 0.0
        for f in range(q):
            centre[f, a] = Z[a, f]


@kernel(error_model="numpy")
def _measure(areas, share, groups, top, live):
    """Measure the cost of joining a group with every other; infinite for itself."""
    weights, indptr, indices = areas
    centre, mass, apart, between, far, _, column, _, group, successor, _ = groups
    i = column[top]
    for j in range(live):
        far[j] = 0.0
    for f in range(centre.shape[0]):
        x = centre[f, i]
        for j in range(live):
            d = x - centre[f, j]
            far[j] += d * d
    own = mass[i]
    for j in range(live):
        far[j] *= own * mass[j] / (own + mass[j])
    if share > 0.0:
        a = top
        while a >= 0:
            for slot in range(indptr[a], indptr[a + 1]):
                b = indices[slot]
                between[column[group[b]]] += weights[a] * weights[b]
            a = successor[a]
        for j in range(live):
            joint = (apart[i] + apart[j]) + (own * mass[j] - between[j])
            far[j] += share * (joint / (own + mass[j]) - (apart[i] / own + apart[j] / mass[j]))
    far[i] = np.inf


@kernel(error_model="numpy")
def _nearest(groups, tolerance, length, live):
    """Return the columns of the group before in the chain (-1: none) and of the nearest to the last of the chain."""
    far, at_column, column, chain = groups.far, groups.at_column, groups.column, groups.chain
    i = column[chain[length - 1]]
    before = np.int64(-1)
    nearest = np.int64(-1)
    least = np.inf
    if length > 1:
        before = column[chain[length - 2]]
        nearest = before
        least = far[before] - tolerance
    for j in range(live):
        value = far[j]
        if value <= least and j not in (before, i):
            if value < least or (nearest != before and at_column[j] < at_column[nearest]):
                nearest = j
                least = value
    return before, nearest


@kernel(error_model="numpy")
def _join(groups, low, high, joined, live):
    """Join group `high` to `low`; `joined` is the weight of neighbours between them; returns the columns left."""
    centre, mass, apart, _, _, at_column, column, _, group, successor, last = groups
    u = column[low]
    v = column[high]
    part = mass[v] / (mass[u] + mass[v])
    for f in range(centre.shape[0]):
        centre[f, u] += part * (centre[f, v] - centre[f, u])
    apart[u] += apart[v] + (mass[u] * mass[v] - joined)
    mass[u] += mass[v]
    a = high
    while a >= 0:
        group[a] = low
        a = successor[a]
    successor[last[low]] = high
    last[low] = last[high]
    live -= 1
    if v != live:
        at_column[v] = at_column[live]
        column[at_column[v]] = v
        mass[v] = mass[live]
        apart[v] = apart[live]
        for f in range(centre.shape[0]):
            centre[f, v] = centre[f, live]
    return live


@kernel(error_model="numpy")
def _join_all(areas, share, tolerance, groups, merges, costs):
    """Join the groups of one mixture until one is left."""
    far, between, at_column, chain = groups.far, groups.between, groups.at_column, groups.chain
    live = areas.weights.size
    length = 0
    joins = 0
    while live > 1:
        if length == 0:
            chain[0] = at_column[0]
            for j in range(1, live):
                chain[0] = min(chain[0], at_column[j])
            length = 1
        top = chain[length - 1]
        _measure(areas, share, groups, top, live)
        before, nearest = _nearest(groups, tolerance, length, live)
        other = at_column[nearest]
        joined = between[nearest]
        for j in range(live):
            between[j] = 0.0
        if nearest == before:  # two groups nearest to each other: they join under the lower area
            low = min(top, other)
            high = max(top, other)
            merges[joins, 0] = low
            merges[joins, 1] = high
            costs[joins] = far[nearest]
            joins += 1
            length -= 2
            live = _join(groups, low, high, joined, live)
        else:
            chain[length] = other
            length += 1


@kernel(parallel=True)
def mixed_ward(Z, areas, share, tolerance, merges, costs, work):
    """Join all areas, cheapest pair first, once for each weight of the neighbour dissimilarity.

    The pseudo-inertia of a group C with weight W is I(C) = 1 / W sum_{i < j in C} w_i w_j d_ij^2, and a join
    costs I(A u B) - I(A) - I(B). For d^2 = |z_i - z_j|^2 + share [i, j no neighbours] that is
    W_A W_B / (W_A + W_B) |z_A - z_B|^2 + share (T_AB / (W_A + W_B) - T_A / W_A - T_B / W_B), T_C the sum of
    w_i w_j over the pairs in C that are no neighbours.

    Parameters
    ----------
    Z : (s, n, q) IN: coordinates whose squared distances are the Euclidean part of the mixture
    areas : Areas IN
    share : (s,) IN: weight of the neighbour dissimilarity (0 for neighbours, 1 otherwise); 0 leaves it out
    tolerance : (s,) IN: costs this close are taken as equal; above the rounding of a cost, which is not
        the same seen from both groups, or else the chain could run in a circle
    merges : (s, n - 1, 2) int64 OUT: an area of each of the two groups joined; in the order found
    costs : (s, n - 1) OUT: the costs of the joins; those of a sorted list are the hierarchy
    work : Work

    Notes
    -----
    Nearest-neighbour chain: Ward's costs are reducible for any dissimilarity. O(n^2 q) time for each mixture.
    Ties go to the group before in the chain, then to the lowest area. A mixture belongs to one thread.
    """
    centre, state, between, far, place = work
    for s in numba.prange(Z.shape[0]):
        groups = _Groups(
            centre[s], state[s, 0], state[s, 1], between[s], far[s],
            place[s, 0], place[s, 1], place[s, 2], place[s, 3], place[s, 4], place[s, 5],
        )  # fmt: skip
        _begin(Z[s], areas.weights, groups)
        _join_all(areas, share[s], tolerance[s], groups, merges[s], costs[s])


@kernel(parallel=True)
def farthest_squared(X, farthest):
    """Find for each row the greatest squared distance to a later row.

    Parameters
    ----------
    X : (n, p) IN
    farthest : (n,) OUT
    """
    n, p = X.shape
    for a in numba.prange(n):
        greatest = 0.0
        for b in range(a + 1, n):
            squared = 0.0
            for f in range(p):
                d = X[a, f] - X[b, f]
                squared += d * d
            greatest = max(greatest, squared)
        farthest[a] = greatest


@kernel()
def cut_joins(merges, order, n_groups, labels):
    """Do the cheapest joins until `n_groups` groups are left, and number them by their lowest area.

    Parameters
    ----------
    merges : (n - 1, 2) int64 IN: an area of each of the two groups joined
    order : (n - 1,) int64 IN: the joins from cheapest to dearest
    n_groups : from 1 to n
    labels : (n,) int64 OUT
    """
    n = labels.size
    above = np.arange(n)
    for t in range(n - n_groups):
        a = merges[order[t], 0]
        while above[a] != a:
            above[a] = above[above[a]]
            a = above[a]
        b = merges[order[t], 1]
        while above[b] != b:
            above[b] = above[above[b]]
            b = above[b]
        above[max(a, b)] = min(a, b)
    used = 0
    for a in range(n):
        # every area hangs on a lower one, so its group has a number already
        if above[a] == a:
            labels[a] = used
            used += 1
        else:
            labels[a] = labels[above[a]]
