"""Slow twins of the kernels with contiguity, by the definitions: every pair, every edge, every move tried."""

from __future__ import annotations

import itertools

import numpy as np


def grid(rows, columns):
    """Queen neighbours on a grid as a boolean matrix."""
    place = np.array([(r, c) for r in range(rows) for c in range(columns)])
    return (np.abs(place[:, None] - place[None]).max(axis=2) == 1).astype(bool)


def arrays(adjacent):
    """CSR arrays of a boolean matrix."""
    indptr = np.concatenate(([0], np.cumsum(adjacent.sum(axis=1)))).astype(np.int64)
    return indptr, np.nonzero(adjacent)[1].astype(np.int64)


def parts(adjacent, areas):
    """The connected parts of some areas, as sets, lowest area first."""
    left, found = sorted(areas), []
    while left:
        part, frontier = {left[0]}, [left[0]]
        while frontier:
            a = frontier.pop()
            for b in left:
                if adjacent[a, b] and b not in part:
                    part.add(b)
                    frontier.append(b)
        found.append(part)
        left = [a for a in left if a not in part]
    return found


def labels_of(groups, n):
    """Number groups by their lowest area."""
    labels = np.empty(n, np.int64)
    for number, group in enumerate(sorted(groups, key=min)):
        labels[sorted(group)] = number
    return labels


def within(X, weights, group):
    """Weighted squared deviations from the mean of one group; 0 without weight."""
    rows, w = X[sorted(group)], weights[sorted(group)]
    if w.sum() == 0:
        return 0.0
    return float((w[:, None] * (rows - np.average(rows, axis=0, weights=w)) ** 2).sum())


def forest(pairs, costs, n):
    """Cheapest pair first (ties: as listed), unless its areas are already joined."""
    part = list(range(n))
    chosen = []
    for e in sorted(range(len(pairs)), key=lambda e: (costs[e], e)):
        a, b = pairs[e]
        if part[a] != part[b]:
            chosen.append(e)
            part = [part[a] if q == part[b] else q for q in part]
    return chosen


def best_cuts(X, weights, edges, n_regions, min_size=1, min_weight=0.0):
    """Try to cut every edge, evaluate every region anew, take the best; until there are n_regions.

    Returns labels and the objective for each number of regions; stops early when no cut is allowed.
    """
    n = len(X)
    edges = list(edges)

    def groups(kept):
        adjacent = np.zeros((n, n), bool)
        for a, b in kept:
            adjacent[a, b] = adjacent[b, a] = True
        return parts(adjacent, range(n))

    now = groups(edges)
    objectives = [sum(within(X, weights, g) for g in now)]
    while len(now) < n_regions:
        best = None
        for cut in edges:
            new = groups([edge for edge in edges if edge != cut])
            fresh = [g for g in new if g not in now]
            if any(len(g) < min_size or weights[sorted(g)].sum() < min_weight for g in fresh):
                continue
            total = sum(within(X, weights, g) for g in new)
            if best is None or total < best[0]:
                best = (total, cut, new)
        if best is None:
            break
        objectives.append(best[0])
        edges.remove(best[1])
        now = best[2]
    return labels_of(now, n), objectives


def group_distance(X, weights, a, b, linkage):
    """Distance of two groups over all pairs of their areas, or Ward's rise of the squared deviations."""
    if linkage == "ward":
        return within(X, weights, a | b) - within(X, weights, a) - within(X, weights, b)
    far = np.array([[np.linalg.norm(X[i] - X[j]) for j in sorted(b)] for i in sorted(a)])
    if linkage == "complete":
        return far.max()
    if linkage == "single":
        return far.min()
    share = [weights[sorted(g)] if weights[sorted(g)].sum() > 0 else np.ones(len(g)) for g in (a, b)]
    both = np.outer(*share)
    return float((both * (far if linkage == "average" else far**2)).sum() / both.sum())


def agglomerate(X, weights, adjacent, linkage):
    """Join the nearest two neighbouring groups (ties: lowest younger, then older number) while there are any.

    Returns merges, costs, rises and the links: the nearest pair of neighbours between the groups joined.
    """
    groups = {a: {a} for a in range(len(X))}
    merges, costs, rises, links = [], [], [], []
    while True:
        near = [
            (group_distance(X, weights, groups[a], groups[b], linkage), b, a)
            for a, b in itertools.combinations(sorted(groups), 2)
            if adjacent[np.ix_(sorted(groups[a]), sorted(groups[b]))].any()
        ]
        if not near:
            return np.array(merges).reshape(-1, 2), np.array(costs), np.array(rises), links
        cost, b, a = min(near)
        crossing = [
            (((X[i] - X[j]) ** 2).sum(), min(i, j), max(i, j)) for i in groups[a] for j in groups[b] if adjacent[i, j]
        ]
        merges.append((a, b))
        costs.append(cost)
        rises.append(group_distance(X, weights, groups[a], groups[b], "ward"))
        links.append(min(crossing)[1:])
        groups[len(X) + len(merges) - 1] = groups.pop(a) | groups.pop(b)


def most_parts(edges, weights, least):
    """The most parts of a tree that each hold `least`: every set of edges is tried."""
    n = len(weights)
    best = 0
    for cut in itertools.product([False, True], repeat=len(edges)):
        adjacent = np.zeros((n, n), bool)
        for (a, b), gone in zip(edges, cut, strict=True):
            adjacent[a, b] = adjacent[b, a] = not gone
        if all(weights[sorted(p)].sum() >= least for p in parts(adjacent, range(n))):
            best = max(best, 1 + sum(cut))
    return best


def improving_moves(X, weights, adjacent, labels, min_weight, tolerance):
    """All moves of one area to a neighbouring region that are allowed and lower the objective."""
    found = []
    for a in range(len(X)):
        old = {int(b) for b in np.flatnonzero(labels == labels[a])}
        rest = old - {a}
        if weights[sorted(rest)].sum() < min_weight or len(parts(adjacent, rest)) != 1:
            continue
        for q in {int(labels[b]) for b in np.flatnonzero(adjacent[a])} - {int(labels[a])}:
            new = {int(b) for b in np.flatnonzero(labels == q)}
            before = within(X, weights, old) + within(X, weights, new)
            after = within(X, weights, rest) + within(X, weights, new | {a})
            if before - after > tolerance:
                found.append((a, q))
    return found


def pseudo_inertia(squared, weights, group):
    """Pseudo-inertia of a group from dissimilarities alone: sum over ordered pairs of w w d^2, over 2 W."""
    rows = sorted(group)
    w = weights[rows]
    return float(w @ squared[np.ix_(rows, rows)] @ w / (2 * w.sum()))


def mixed_ward(squared, weights):
    """Join the two groups whose union raises the pseudo-inertia least, until all are one; joins and costs."""
    groups = [{a} for a in range(len(weights))]
    merges, costs = [], []
    while len(groups) > 1:
        inertia = [pseudo_inertia(squared, weights, g) for g in groups]
        cost, i, j = min(
            (pseudo_inertia(squared, weights, groups[i] | groups[j]) - inertia[i] - inertia[j], i, j)
            for i, j in itertools.combinations(range(len(groups)), 2)
        )
        merges.append((groups[i], groups[j]))
        costs.append(cost)
        groups = [g for at, g in enumerate(groups) if at not in (i, j)] + [groups[i] | groups[j]]
    return merges, np.array(costs)


def sweep(X, weights, adjacent, labels, min_weight, tolerance):
    """Move areas in their order, each to the region that gains most (ties: lowest), until nothing moves."""
    labels = labels.copy()
    moved = True
    while moved:
        moved = False
        for a in range(len(X)):
            old = {int(b) for b in np.flatnonzero(labels == labels[a])}
            rest = old - {a}
            if weights[sorted(rest)].sum() < min_weight or len(parts(adjacent, rest)) != 1:
                continue
            best = (tolerance, None)
            for q in sorted({int(labels[b]) for b in np.flatnonzero(adjacent[a])} - {int(labels[a])}):
                new = {int(b) for b in np.flatnonzero(labels == q)}
                before = within(X, weights, old) + within(X, weights, new)
                gain = before - within(X, weights, rest) - within(X, weights, new | {a})
                if gain > best[0] + 1e-9:
                    best = (gain, q)
            if best[1] is not None:
                labels[a] = best[1]
                moved = True
    return labels
