"""Bottom-up grouping where only neighbours may join: Ward, and full-order average, complete, single linkage.

Every pair of neighbouring groups is one edge with its cost; a join folds two groups' edges into one list, so
that a join costs the neighbours of the two groups and nothing else. Of each pair the younger group is the
owner; a heap holds each group's cheapest owned pair. Owned pairs only ever vanish, so an outdated entry is a
lower bound and is put right when it comes to the top. Unlike in unconstrained Ward, a later join may be
cheaper than an earlier one.

Ward, J. H. (1963), JASA 58; full-order constraint: Guo, D. (2008), Regionalization with dynamically
constrained agglomerative clustering and partitioning (REDCAP), IJGIS 22(7), section 3.3.
"""

from __future__ import annotations

import math

import numpy as np

from regso_cluster.kernels._jit import kernel


@kernel(inline="always")
def _sift_up(cost, ident, slot, at):
    while at > 0:
        up = (at - 1) >> 1
        if cost[up] <= cost[at]:  # groups enter in the order of their numbers: a tie stands right
            break
        cost[up], cost[at] = cost[at], cost[up]
        ident[up], ident[at] = ident[at], ident[up]
        slot[up], slot[at] = slot[at], slot[up]
        at = up


@kernel(inline="always")
def _sift_down(cost, ident, slot, size):
    at = 0
    while True:
        low = 2 * at + 1
        if low >= size:
            break
        right = low + 1
        if right < size and (cost[right] < cost[low] or (cost[right] == cost[low] and ident[right] < ident[low])):
            low = right
        if cost[at] < cost[low] or (cost[at] == cost[low] and ident[at] < ident[low]):
            break
        cost[low], cost[at] = cost[at], cost[low]
        ident[low], ident[at] = ident[at], ident[low]
        slot[low], slot[at] = slot[at], slot[low]
        at = low


@kernel(inline="always")
def _squared(centre, a, b):
    total = 0.0
    for f in range(centre.shape[1]):
        d = centre[a, f] - centre[b, f]
        total += d * d
    return total


@kernel(inline="always")
def _rise(centre, mass, a, b):
    """Ward: how much the squared deviations within grow, w_a w_b / (w_a + w_b) |c_a - c_b|^2.

    A group of weight 0 joins at cost 0; the key below 0 lets it join its nearest neighbour first.
    """
    squared = _squared(centre, a, b)
    if mass[a] > 0.0 and mass[b] > 0.0:
        return mass[a] * mass[b] / (mass[a] + mass[b]) * squared
    return -1.0 / (1.0 + squared)


@kernel(inline="always")
def _pair_cost(kind, centre, mass, spread, a, b):
    """Cost of the linkages that centres and spreads decide: Ward (3), mean squared distance (4).

    mean over pairs |x_i - x_j|^2 = |c_a - c_b|^2 + spread_a + spread_b, spread_a = mean |x_i - c_a|^2
    """
    if kind == 3:
        return _rise(centre, mass, a, b)
    squared = _squared(centre, a, b)
    return squared + spread[a] + spread[b]


@kernel()
def _join(centre, mass, size, spread, keep, gone):
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


@kernel()
def _gather(X, weights, mass, member, successor, slot, block, share):
    """Copy a group's rows into columns of `block`, and their shares of its weight (equal if it has none)."""
    p = X.shape[1]
    size = 0
    a = member[slot]
    while a >= 0:
        for f in range(p):
            block[f, size] = X[a, f]
        share[size] = weights[a] if mass[slot] > 0.0 else 1.0
        size += 1
        a = successor[a]
    return size


@kernel()
def _direct(X, weights, mass, member, successor, slot, block, share, size, kind, squared, partial):
    """Distance of two groups over all pairs of areas: weighted mean (0), greatest (1), least (2)."""
    p = X.shape[1]
    for j in range(size):
        partial[j] = 0.0 if kind != 2 else np.inf
    total = 0.0
    a = member[slot]
    while a >= 0:
        w = weights[a] if mass[slot] > 0.0 else 1.0
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
            mean += share[j] * partial[j]
            whole += share[j]
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


@kernel()
def agglomerate(X, weights, first, second, squared, kind, merges, costs, rises, links):
    """Join neighbouring groups, cheapest pair first, until no two groups are neighbours.

    Parameters
    ----------
    X : (n, p) IN: no missing values
    weights : (n,) IN: at least 0
    first, second, squared : (m,) IN: pairs of neighbours, squared distances, from `trees.neighbour_pairs`
    kind : 0 average, 1 complete, 2 single, over all pairs of areas ("full order"); 3 Ward; 4 mean of squares
    merges : (n - 1, 2) int64 OUT: groups joined, lower number first; area i is group i, join t is group n + t
    costs : (n - 1,) OUT: Ward: rise of the squared deviations; otherwise the distance between the groups
    rises : (n - 1,) OUT: rise of the weighted squared deviations within, whatever the linkage
    links : (n - 1,) int64 OUT: the cheapest pair of neighbours between the two groups: the tree of REDCAP

    Returns
    -------
    number of joins: n less the number of components

    Notes
    -----
    Ward, mean of squares: O(p) for each neighbour of a join, memory O(n p + m). Average, complete, single:
    every pair of areas is measured exactly once, O(n^2 p) time in the same memory. Of equal costs the pair
    with the lower younger group goes first, then the one with the lower older group.
    """
    n, p = X.shape
    m = first.size
    central = kind >= 3
    # arc 2e runs from first[e] to second[e], arc 2e + 1 back; an arc and its twin differ in the last bit
    end = np.empty(2 * m, np.int32)
    after = np.full(2 * m, -1, np.int32)
    before = np.full(2 * m, -1, np.int32)
    head = np.full(n, -1, np.int32)
    degree = np.zeros(n, np.int32)
    cost = np.empty(m)
    link = np.arange(m)
    ident = np.arange(n)
    centre = X.copy()
    mass = weights.copy()
    size = np.ones(n, np.int64)
    spread = np.zeros(n)
    for e in range(m - 1, -1, -1):
        a = first[e]
        b = second[e]
        end[2 * e] = b
        end[2 * e + 1] = a
        for arc, owner in ((2 * e, a), (2 * e + 1, b)):
            after[arc] = head[owner]
            if head[owner] >= 0:
                before[head[owner]] = arc
            head[owner] = arc
            degree[owner] += 1
        cost[e] = _pair_cost(kind, centre, mass, spread, a, b) if central else np.sqrt(squared[e])

    rows = 0 if central else n
    member = np.arange(n)
    last = np.arange(n)
    successor = np.full(n, -1, np.int64)
    block = np.empty((p, rows))
    share = np.empty(rows)
    work = np.empty(rows)
    partial = np.empty(rows)
    folded = np.full(n, -1, np.int64)
    mark = np.full(n, -1, np.int32)

    partner = np.full(n, -1, np.int64)
    partner_ident = np.full(n, -1, np.int64)
    partner_edge = np.full(n, -1, np.int64)
    heap_cost = np.empty(2 * n)
    heap_ident = np.empty(2 * n, np.int64)
    heap_slot = np.empty(2 * n, np.int64)
    heap = 0
    for a in range(n):
        best = -1
        arc = head[a]
        while arc >= 0:
            if end[arc] < a and (
                best < 0
                or cost[arc >> 1] < cost[best >> 1]
                or (cost[arc >> 1] == cost[best >> 1] and end[arc] < end[best])
            ):
                best = arc
            arc = after[arc]
        if best >= 0:
            partner[a] = end[best]
            partner_ident[a] = end[best]
            partner_edge[a] = best >> 1
            heap_cost[heap] = cost[best >> 1]
            heap_ident[heap] = a
            heap_slot[heap] = a
            _sift_up(heap_cost, heap_ident, heap_slot, heap)
            heap += 1

    joins = 0
    while heap > 0:
        a = heap_slot[0]
        alive = ident[a] == heap_ident[0]
        if alive and ident[partner[a]] != partner_ident[a]:
            # the partner has gone: look for the cheapest pair still owned
            best = -1
            arc = head[a]
            while arc >= 0:
                other = ident[end[arc]]
                if other < ident[a] and (
                    best < 0
                    or cost[arc >> 1] < cost[best >> 1]
                    or (cost[arc >> 1] == cost[best >> 1] and other < ident[end[best]])
                ):
                    best = arc
                arc = after[arc]
            if best >= 0:
                partner[a] = end[best]
                partner_ident[a] = ident[end[best]]
                partner_edge[a] = best >> 1
                heap_cost[0] = cost[best >> 1]
                _sift_down(heap_cost, heap_ident, heap_slot, heap)
                continue
            alive = False
        if not alive:
            heap -= 1
            heap_cost[0] = heap_cost[heap]
            heap_ident[0] = heap_ident[heap]
            heap_slot[0] = heap_slot[heap]
            _sift_down(heap_cost, heap_ident, heap_slot, heap)
            continue

        keep = a
        gone = partner[a]
        merges[joins, 0] = ident[gone]
        merges[joins, 1] = ident[keep]
        costs[joins] = max(heap_cost[0], 0.0)
        rises[joins] = max(_rise(centre, mass, keep, gone), 0.0)
        links[joins] = link[partner_edge[a]]
        heap -= 1
        heap_cost[0] = heap_cost[heap]
        heap_ident[0] = heap_ident[heap]
        heap_slot[0] = heap_slot[heap]
        _sift_down(heap_cost, heap_ident, heap_slot, heap)
        if degree[keep] < degree[gone]:
            keep, gone = gone, keep

        # fold the shorter list of neighbours into the longer one
        arc = head[keep]
        while arc >= 0:
            mark[end[arc]] = arc
            arc = after[arc]
        gathered = 0
        arc = head[gone]
        while arc >= 0:
            following = after[arc]
            twin = arc ^ 1
            c = end[arc]
            if c == keep or mark[c] >= 0:
                # the twin disappears: from keep's list, or from c's, which reaches the joined group already
                if before[twin] >= 0:
                    after[before[twin]] = after[twin]
                else:
                    head[c] = after[twin]
                if after[twin] >= 0:
                    before[after[twin]] = before[twin]
                degree[c] -= 1
            if c != keep and mark[c] >= 0:
                into = mark[c] >> 1
                from_gone = arc >> 1
                if squared[link[from_gone]] < squared[link[into]] or (
                    squared[link[from_gone]] == squared[link[into]] and link[from_gone] < link[into]
                ):
                    link[into] = link[from_gone]
                if not central:
                    cost[into] = _combine(
                        kind, cost[into], cost[from_gone], mass[keep], mass[gone], size[keep], size[gone]
                    )
                    folded[c] = joins
            elif c != keep:
                end[twin] = keep
                before[arc] = -1
                after[arc] = head[keep]
                if head[keep] >= 0:
                    before[head[keep]] = arc
                head[keep] = arc
                degree[keep] += 1
                if not central:
                    if gathered == 0:
                        gathered = _gather(X, weights, mass, member, successor, keep, block, share)
                    far = _direct(X, weights, mass, member, successor, c, block, share, gathered, kind, work, partial)
                    cost[arc >> 1] = _combine(kind, far, cost[arc >> 1], mass[keep], mass[gone], size[keep], size[gone])
                    folded[c] = joins
            arc = following
        mark[gone] = -1
        arc = head[keep]
        while arc >= 0:
            mark[end[arc]] = -1
            arc = after[arc]
        if not central:
            gathered = 0
            arc = head[keep]
            while arc >= 0:
                c = end[arc]
                if folded[c] != joins:
                    if gathered == 0:
                        gathered = _gather(X, weights, mass, member, successor, gone, block, share)
                    far = _direct(X, weights, mass, member, successor, c, block, share, gathered, kind, work, partial)
                    cost[arc >> 1] = _combine(kind, cost[arc >> 1], far, mass[keep], mass[gone], size[keep], size[gone])
                arc = after[arc]
            successor[last[keep]] = member[gone]
            last[keep] = last[gone]

        _join(centre, mass, size, spread, keep, gone)
        ident[gone] = -1
        ident[keep] = n + joins
        best = -1
        arc = head[keep]
        while arc >= 0:
            e = arc >> 1
            if central:
                cost[e] = _pair_cost(kind, centre, mass, spread, keep, end[arc])
            if (
                best < 0
                or cost[e] < cost[best >> 1]
                or (cost[e] == cost[best >> 1] and ident[end[arc]] < ident[end[best]])
            ):
                best = arc
            arc = after[arc]
        if best >= 0:
            partner[keep] = end[best]
            partner_ident[keep] = ident[end[best]]
            partner_edge[keep] = best >> 1
            heap_cost[heap] = cost[best >> 1]
            heap_ident[heap] = ident[keep]
            heap_slot[heap] = keep
            _sift_up(heap_cost, heap_ident, heap_slot, heap)
            heap += 1
        joins += 1
    return joins


@kernel()
def cut_merges(merges, n_regions, labels):
    """Undo the last joins until `n_regions` regions are left, and number them by their lowest area.

    Parameters
    ----------
    merges : as `agglomerate` leaves them IN
    n_regions : from the number of components to n
    labels : (n,) int64 OUT
    """
    n = labels.size
    above = np.full(2 * n, -1, np.int64)
    kept = n - n_regions
    for t in range(kept):
        above[merges[t, 0]] = n + t
        above[merges[t, 1]] = n + t
    # groups are numbered after their parts, so one pass from the youngest down finds each one's region
    for group in range(n + kept - 1, -1, -1):
        if above[group] < 0:
            above[group] = group
        else:
            above[group] = above[above[group]]
    number = np.full(2 * n, -1, np.int64)
    used = 0
    for a in range(n):
        if number[above[a]] < 0:
            number[above[a]] = used
            used += 1
        labels[a] = number[above[a]]
