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

import numpy as np

from regso_cluster.kernels._jit import kernel
from regso_cluster.kernels.contiguity_groups import Members, join, measure_pairs, pair_cost, rise
from regso_cluster.kernels.heaps import pop, push, sink


@kernel()
def _list_pairs(first, second, end, beside, lists):
    """List every area's pairs, in the order of the pairs.

    Arc 2e runs from first[e] to second[e], arc 2e + 1 back; an arc and its twin differ in the last bit.

    Parameters
    ----------
    end : (2m,) int32 OUT, where an arc leads
    beside : (4m,) int32 OUT, the arcs after and before each in its group's list, in turn; -1 for none
    lists : (2n,) int32 OUT, first arc and length of each group's list, in turn
    """
    beside[:] = -1
    lists[::2] = -1
    lists[1::2] = 0
    for e in range(first.size - 1, -1, -1):
        a = first[e]
        b = second[e]
        end[2 * e] = b
        end[2 * e + 1] = a
        for arc, owner in ((2 * e, a), (2 * e + 1, b)):
            _put_first(beside, lists, owner, arc)


@kernel()
def _put_first(beside, lists, owner, arc):
    """Put an arc at the head of a group's list."""
    old = lists[2 * owner]
    beside[2 * arc] = old
    beside[2 * arc + 1] = -1
    if old >= 0:
        beside[2 * old + 1] = arc
    lists[2 * owner] = arc
    lists[2 * owner + 1] += 1


@kernel()
def _take_out(beside, lists, owner, arc):
    """Take an arc out of a group's list."""
    after, before = beside[2 * arc], beside[2 * arc + 1]
    if before >= 0:
        beside[2 * before] = after
    else:
        lists[2 * owner] = after
    if after >= 0:
        beside[2 * after + 1] = before
    lists[2 * owner + 1] -= 1


@kernel()
def _cheapest(end, beside, arc, cost, ident, own):
    """Return the cheapest of an arc and those after it that lead to older groups, ties to the oldest; -1 for none."""
    best = -1
    while arc >= 0:
        other = ident[end[arc]]
        if other < own and (
            best < 0
            or cost[arc >> 1] < cost[best >> 1]
            or (cost[arc >> 1] == cost[best >> 1] and other < ident[end[best]])
        ):
            best = arc
        arc = beside[2 * arc]
    return best


@kernel()
def _fold(end, beside, lists, link, squared, keep, gone, mark, source):
    """Fold the list of `gone` into that of `keep`, an edge of both into one with the nearer link.

    mark : (n,) int32 work space, -1 for all groups before and after
    source : (n,) int64 OUT, for each neighbour: edge from `gone` where both border on it, -1: only `keep`, -2: only
        `gone` did; an empty array: not asked for
    """
    told = source.size > 0
    arc = lists[2 * keep]
    while arc >= 0:
        mark[end[arc]] = arc
        if told:
            source[end[arc]] = -1
        arc = beside[2 * arc]
    arc = lists[2 * gone]
    while arc >= 0:
        following = beside[2 * arc]
        twin = arc ^ 1
        c = end[arc]
        if c == keep or mark[c] >= 0:  # the joined group is reached already
            _take_out(beside, lists, c, twin)
        if c != keep and mark[c] >= 0:
            into = mark[c] >> 1
            other = arc >> 1
            if told:
                source[c] = other
            if squared[link[other]] < squared[link[into]] or (
                squared[link[other]] == squared[link[into]] and link[other] < link[into]
            ):
                link[into] = link[other]
        elif c != keep:
            end[twin] = keep
            _put_first(beside, lists, keep, arc)
            if told:
                source[c] = -2
        arc = following
    mark[gone] = -1
    arc = lists[2 * keep]
    while arc >= 0:
        mark[end[arc]] = -1
        arc = beside[2 * arc]


@kernel()
def _price(end, beside, arc, cost, kind, centre, mass, spread, keep, ident):
    """Price an arc and those after it by centres; returns the cheapest, ties to the oldest group; -1 for none."""
    best = -1
    while arc >= 0:
        e = arc >> 1
        cost[e] = pair_cost(kind, centre, mass, spread, keep, end[arc])
        if best < 0 or cost[e] < cost[best >> 1] or (cost[e] == cost[best >> 1] and ident[end[arc]] < ident[end[best]]):
            best = arc
        arc = beside[2 * arc]
    return best


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
    end, beside, lists = np.empty(2 * m, np.int32), np.empty(4 * m, np.int32), np.empty(2 * n, np.int32)
    _list_pairs(first, second, end, beside, lists)
    cost, link = np.empty(m), np.arange(m)
    ident, centre, mass = np.arange(n), X.copy(), weights.copy()
    size, spread = np.ones(n, np.int64), np.zeros(n)
    for e in range(m - 1, -1, -1):
        cost[e] = pair_cost(kind, centre, mass, spread, first[e], second[e]) if central else np.sqrt(squared[e])

    rows = 0 if central else n
    members = Members(
        X, weights, mass, size, np.arange(n), np.arange(n), np.full(n, -1, np.int64),
        np.empty((p + 1, rows)), np.empty(rows), np.empty(rows),
    )  # fmt: skip
    mark, source = np.full(n, -1, np.int32), np.empty(rows, np.int64)
    # of each group its cheapest owned pair: the other's slot, its number, the edge
    partner, partner_ident, partner_edge = np.full(n, -1), np.full(n, -1), np.full(n, -1)
    heap_cost, heap_ident, heap_slot = np.empty(2 * n), np.empty(2 * n, np.int64), np.empty(2 * n, np.int64)
    heap = 0
    for a in range(n):
        best = _cheapest(end, beside, lists[2 * a], cost, ident, a)
        if best >= 0:
            partner[a], partner_ident[a], partner_edge[a] = end[best], end[best], best >> 1
            heap_cost[heap], heap_ident[heap], heap_slot[heap] = cost[best >> 1], a, a
            push(heap_cost, heap_ident, heap_slot, heap)
            heap += 1

    joins = 0
    while heap > 0:
        a = heap_slot[0]
        alive = ident[a] == heap_ident[0]
        if alive and ident[partner[a]] != partner_ident[a]:
            # the partner has gone: look for the cheapest pair still owned
            best = _cheapest(end, beside, lists[2 * a], cost, ident, ident[a])
            if best >= 0:
                partner[a], partner_ident[a], partner_edge[a] = end[best], ident[end[best]], best >> 1
                heap_cost[0] = cost[best >> 1]
                sink(heap_cost, heap_ident, heap_slot, heap)
                continue
            alive = False
        if not alive:
            heap = pop(heap_cost, heap_ident, heap_slot, heap)
            continue

        keep = a
        gone = partner[a]
        merges[joins, 0] = ident[gone]
        merges[joins, 1] = ident[keep]
        costs[joins] = max(heap_cost[0], 0.0)
        rises[joins] = max(rise(centre, mass, keep, gone), 0.0)
        links[joins] = link[partner_edge[a]]
        heap = pop(heap_cost, heap_ident, heap_slot, heap)
        if lists[2 * keep + 1] < lists[2 * gone + 1]:  # the shorter list of neighbours goes into the longer one
            keep, gone = gone, keep
        _fold(end, beside, lists, link, squared, keep, gone, mark, source)
        if not central:
            measure_pairs(members, kind, keep, gone, lists[2 * keep], end, beside, source, cost)
        join(centre, mass, size, spread, keep, gone)
        ident[gone] = -1
        ident[keep] = n + joins
        if central:
            best = _price(end, beside, lists[2 * keep], cost, kind, centre, mass, spread, keep, ident)
        else:
            best = _cheapest(end, beside, lists[2 * keep], cost, ident, n + joins)
        if best >= 0:
            partner[keep], partner_ident[keep], partner_edge[keep] = end[best], ident[end[best]], best >> 1
            heap_cost[heap], heap_ident[heap], heap_slot[heap] = cost[best >> 1], n + joins, keep
            push(heap_cost, heap_ident, heap_slot, heap)
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
