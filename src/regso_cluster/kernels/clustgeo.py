"""Ward on a mixture of feature and neighbour dissimilarities, the hierarchy behind the price of contiguity.

Chavent, Kuentz-Simonet, Labenne and Saracco (2018), ClustGeo: an R package for hierarchical clustering with
spatial constraints, Computational Statistics 33(4), sections 2 and 3. Theirs keeps all pairs in a matrix;
here a group's pseudo-inertia comes from sums, so that memory grows with n and not with its square.
"""

from __future__ import annotations

import numba
import numpy as np

from regso_cluster.kernels._jit import kernel


@kernel(parallel=True)
def mixed_ward(Z, weights, indptr, indices, share, tolerance, merges, costs, centre, state, between, far, place):
    """Join all areas, cheapest pair first, once for each weight of the neighbour dissimilarity.

    The pseudo-inertia of a group C with weight W is I(C) = 1 / W sum_{i < j in C} w_i w_j d_ij^2, and a join
    costs I(A u B) - I(A) - I(B). For d^2 = |z_i - z_j|^2 + share [i, j no neighbours] that is
    W_A W_B / (W_A + W_B) |z_A - z_B|^2 + share (T_AB / (W_A + W_B) - T_A / W_A - T_B / W_B), T_C the sum of
    w_i w_j over the pairs in C that are no neighbours.

    Parameters
    ----------
    Z : (s, n, q) IN: coordinates whose squared distances are the Euclidean part of the mixture
    weights : (n,) IN: > 0
    indptr, indices : symmetric graph in CSR form IN
    share : (s,) IN: weight of the neighbour dissimilarity (0 for neighbours, 1 otherwise); 0 leaves it out
    tolerance : (s,) IN: costs this close are taken as equal; above the rounding of a cost, which is not
        the same seen from both groups, or else the chain could run in a circle
    merges : (s, n - 1, 2) int64 OUT: an area of each of the two groups joined; in the order found
    costs : (s, n - 1) OUT: the costs of the joins; those of a sorted list are the hierarchy
    centre (s, q, n), state (s, 2, n), between (s, n), far (s, n), place (s, 6, n) int64 : work space

    Notes
    -----
    Nearest-neighbour chain: Ward's costs are reducible for any dissimilarity. O(n^2 q) time for each mixture.
    Ties go to the group before in the chain, then to the lowest area. A mixture belongs to one thread.
    """
    n = weights.size
    q = Z.shape[2]
    for s in numba.prange(Z.shape[0]):
        # a group's column is the place of its lowest area; columns of gone groups are filled from the end
        at_column = place[s, 0]
        column = place[s, 1]
        chain = place[s, 2]
        group = place[s, 3]
        successor = place[s, 4]
        last = place[s, 5]
        mass = state[s, 0]
        apart = state[s, 1]
        for a in range(n):
            at_column[a] = a
            column[a] = a
            group[a] = a
            successor[a] = -1
            last[a] = a
            mass[a] = weights[a]
            apart[a] = 0.0
            between[s, a] = 0.0
            for f in range(q):
                centre[s, f, a] = Z[s, a, f]
        live = n
        length = 0
        joins = 0
        while live > 1:
            if length == 0:
                chain[0] = at_column[0]
                for j in range(1, live):
                    chain[0] = min(chain[0], at_column[j])
                length = 1
            top = chain[length - 1]
            i = column[top]
            for j in range(live):
                far[s, j] = 0.0
            for f in range(q):
                x = centre[s, f, i]
                for j in range(live):
                    d = x - centre[s, f, j]
                    far[s, j] += d * d
            own = mass[i]
            for j in range(live):
                far[s, j] *= own * mass[j] / (own + mass[j])
            if share[s] > 0.0:
                a = top
                while a >= 0:
                    for slot in range(indptr[a], indptr[a + 1]):
                        b = indices[slot]
                        between[s, column[group[b]]] += weights[a] * weights[b]
                    a = successor[a]
                for j in range(live):
                    joint = (apart[i] + apart[j]) + (own * mass[j] - between[s, j])
                    far[s, j] += share[s] * (joint / (own + mass[j]) - (apart[i] / own + apart[j] / mass[j]))
            far[s, i] = np.inf
            before = np.int64(-1)
            nearest = np.int64(-1)
            least = np.inf
            if length > 1:
                before = column[chain[length - 2]]
                nearest = before
                least = far[s, before] - tolerance[s]
            for j in range(live):
                value = far[s, j]
                if value <= least and j not in (before, i):
                    if value < least or (nearest != before and at_column[j] < at_column[nearest]):
                        nearest = j
                        least = value
            other = at_column[nearest]
            if nearest == before:
                # two groups nearest to each other: join them under the lower area
                low = min(top, other)
                high = max(top, other)
                merges[s, joins, 0] = low
                merges[s, joins, 1] = high
                costs[s, joins] = far[s, nearest]
                joins += 1
                length -= 2
                u = column[low]
                v = column[high]
                part = mass[v] / (mass[u] + mass[v])
                for f in range(q):
                    centre[s, f, u] += part * (centre[s, f, v] - centre[s, f, u])
                apart[u] += apart[v] + (mass[u] * mass[v] - between[s, nearest])
                mass[u] += mass[v]
                for j in range(live):
                    between[s, j] = 0.0
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
                    for f in range(q):
                        centre[s, f, v] = centre[s, f, live]
            else:
                for j in range(live):
                    between[s, j] = 0.0
                chain[length] = other
                length += 1


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
