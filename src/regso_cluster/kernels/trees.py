"""Spanning forest of a neighbour graph and its best cuts: the second half of SKATER and of REDCAP.

Sums kept along the tree make cutting *every* edge one pass of O(n p); trying each edge anew is O(n^2 p).
Assuncao, Neves, Camara and Da Costa Freitas (2006), Efficient regionalization techniques for socio-economic
geographical units using minimum spanning trees, IJGIS 20(7), sections 3 and 4.
"""

from __future__ import annotations

import numpy as np

from regso_cluster.kernels._jit import kernel


@kernel()
def neighbour_pairs(X, indptr, indices, first, second, squared):
    """List each pair of neighbours once, with the squared distance of their rows.

    Parameters
    ----------
    X : (n, p) IN
    indptr : (n + 1,), indices : (2 m,) int64 IN: symmetric graph, columns ascending in each row, no loops
    first, second : (m,) int64 OUT: first < second, ascending
    squared : (m,) OUT
    """
    n, p = X.shape
    m = 0
    for a in range(n):
        for at in range(indptr[a], indptr[a + 1]):
            b = indices[at]
            if b > a:
                total = 0.0
                for f in range(p):
                    d = X[a, f] - X[b, f]
                    total += d * d
                first[m] = a
                second[m] = b
                squared[m] = total
                m += 1


@kernel()
def graph_components(indptr, indices, labels):
    """Give the connected components numbers by their lowest area; an area without neighbours is one.

    Parameters
    ----------
    indptr, indices : graph in CSR form IN
    labels : (n,) int64 OUT

    Returns
    -------
    number of components
    """
    n = labels.size
    stack = np.empty(n, np.int64)
    labels[:] = -1
    count = 0
    for seed in range(n):
        if labels[seed] >= 0:
            continue
        labels[seed] = count
        stack[0] = seed
        depth = 1
        while depth > 0:
            depth -= 1
            a = stack[depth]
            for at in range(indptr[a], indptr[a + 1]):
                b = indices[at]
                if labels[b] < 0:
                    labels[b] = count
                    stack[depth] = b
                    depth += 1
        count += 1
    return count


@kernel()
def spanning_forest(first, second, order, n, chosen):
    """Kruskal: take the pairs in the given order, skip those that would close a ring.

    Parameters
    ----------
    first, second : (m,) int64 IN: the pairs
    order : (m,) int64 IN: the pairs from cheapest to dearest, ties by position
    n : number of areas
    chosen : (n - 1,) int64 OUT: positions of the pairs taken

    Returns
    -------
    number of pairs taken: n less the number of components
    """
    above = np.arange(n)
    taken = 0
    for at in range(order.size):
        edge = order[at]
        a = first[edge]
        while above[a] != a:
            above[a] = above[above[a]]
            a = above[a]
        b = second[edge]
        while above[b] != b:
            above[b] = above[above[b]]
            b = above[b]
        if a != b:
            above[max(a, b)] = min(a, b)
            chosen[taken] = edge
            taken += 1
            if taken == n - 1:
                break
    return taken


@kernel()
def root_forest(first, second, chosen, taken, parent, preorder):
    """Hang each tree on its lowest area and list the areas so that a subtree is one stretch of the list.

    Parameters
    ----------
    first, second, chosen, taken : the forest as `spanning_forest` leaves it IN
    parent : (n,) int64 OUT: -1 for a root
    preorder : (n,) int64 OUT: parents before children, subtrees together, trees by their lowest area
    """
    n = parent.size
    start = np.zeros(n + 2, np.int64)
    for t in range(taken):
        start[first[chosen[t]] + 2] += 1
        start[second[chosen[t]] + 2] += 1
    for a in range(n):
        start[a + 2] += start[a + 1]
    near = np.empty(2 * taken, np.int64)
    for t in range(taken):
        a = first[chosen[t]]
        b = second[chosen[t]]
        near[start[a + 1]] = b
        start[a + 1] += 1
        near[start[b + 1]] = a
        start[b + 1] += 1

    seen = np.zeros(n, np.bool_)
    stack = np.empty(n, np.int64)
    at = 0
    for root in range(n):
        if seen[root]:
            continue
        seen[root] = True
        parent[root] = -1
        stack[0] = root
        depth = 1
        while depth > 0:
            depth -= 1
            a = stack[depth]
            preorder[at] = a
            at += 1
            for slot in range(start[a], start[a + 1]):
                b = near[slot]
                if not seen[b]:
                    seen[b] = True
                    parent[b] = a
                    stack[depth] = b
                    depth += 1


@kernel()
def _stretch_within(X, weights, preorder, start, stop, mean):
    """Add up weighted squared deviations from the mean over the areas preorder[start:stop], in two passes."""
    p = X.shape[1]
    mean[:] = 0.0
    total = 0.0
    for at in range(start, stop):
        a = preorder[at]
        w = weights[a]
        total += w
        for f in range(p):
            mean[f] += w * X[a, f]
    if not total > 0.0:
        return 0.0
    for f in range(p):
        mean[f] /= total
    within = 0.0
    for at in range(start, stop):
        a = preorder[at]
        squared = 0.0
        for f in range(p):
            d = X[a, f] - mean[f]
            squared += d * d
        within += weights[a] * squared
    return within


@kernel()
def _stretch_sums(X, weights, parent, preorder, start, stop, sums, mass, count):
    """Add up weight times row, weight and number over the subtree below each area of a region."""
    p = X.shape[1]
    for at in range(start, stop):
        a = preorder[at]
        w = weights[a]
        mass[a] = w
        count[a] = 1
        for f in range(p):
            sums[a, f] = w * X[a, f]
    # preorder[start] is the region's root: its parent lies outside
    for at in range(stop - 1, start, -1):
        a = preorder[at]
        up = parent[a]
        mass[up] += mass[a]
        count[up] += count[a]
        for f in range(p):
            sums[up, f] += sums[a, f]


@kernel()
def _best_cut(preorder, start, stop, sums, mass, count, min_size, min_weight, mean):
    """Find the cut that lowers the region's squared deviations most: (area below the edge, gain), or -1.

    gain = |A| mean(A)^2 + |B| mean(B)^2 - |R| mean(R)^2 = W_R / (W_A W_B) sum_f (S_A - W_A S_R / W_R)^2
    """
    p = sums.shape[1]
    root = preorder[start]
    whole = mass[root]
    size = stop - start
    if whole > 0.0:
        for f in range(p):
            mean[f] = sums[root, f] / whole
    best = np.int64(-1)
    best_gain = -1.0
    for at in range(start + 1, stop):
        a = preorder[at]
        below = mass[a]
        rest = whole - below
        if count[a] < min_size or size - count[a] < min_size or below < min_weight or rest < min_weight:
            continue
        gain = 0.0
        if below > 0.0 and rest > 0.0:
            squared = 0.0
            for f in range(p):
                d = sums[a, f] - mean[f] * below
                squared += d * d
            gain = squared * whole / (below * rest)
        if gain > best_gain or (gain == best_gain and a < best):
            best = a
            best_gain = gain
    return best, best_gain


@kernel()
def cut_forest(X, weights, parent, preorder, n_regions, min_size, min_weight, labels, objectives, cuts):
    """Cut the forest, best edge first, until there are `n_regions` regions.

    Parameters
    ----------
    X : (n, p) IN: no missing values; centred columns keep most digits
    weights : (n,) IN: at least 0
    parent, preorder : (n,) int64 IN: from `root_forest`
    n_regions : regions wanted, at least the number of trees
    min_size : areas each side of a cut must keep
    min_weight : weight each side of a cut must keep
    labels : (n,) int64 OUT: regions numbered by their lowest area
    objectives : (n_regions,) OUT: objectives[r - 1] is the weighted sum of squared deviations within r
        regions; entries for fewer regions than trees are left as they are
    cuts : (n_regions,) int64 OUT: cuts[r - 1] is the area below the edge whose cut made r regions of r - 1

    Returns
    -------
    regions reached; fewer than `n_regions` when no cut keeps `min_size` and `min_weight` on both sides

    Notes
    -----
    O(n p) for the first cut, then O(n_r p) for the two regions a cut makes. Ties go to the lowest area.
    """
    n, p = X.shape
    sums = np.empty((n, p))
    mass = np.empty(n)
    count = np.empty(n, np.int64)
    mean = np.empty(p)
    nodes = preorder.copy()
    moved = np.empty(n, np.int64)
    start = np.empty(n_regions + 1, np.int64)
    stop = np.empty(n_regions + 1, np.int64)
    within = np.zeros(n_regions)
    gain = np.zeros(n_regions)
    edge = np.empty(n_regions, np.int64)

    up = parent.copy()
    regions = 0
    for at in range(n):
        if up[nodes[at]] < 0:
            start[regions] = at
            if regions > 0:
                stop[regions - 1] = at
            regions += 1
            if regions > n_regions:
                return regions
    stop[regions - 1] = n
    for r in range(regions):
        within[r] = _stretch_within(X, weights, nodes, start[r], stop[r], mean)
        _stretch_sums(X, weights, up, nodes, start[r], stop[r], sums, mass, count)
        edge[r], gain[r] = _best_cut(nodes, start[r], stop[r], sums, mass, count, min_size, min_weight, mean)
    total = 0.0
    for r in range(regions):
        total += within[r]
    objectives[regions - 1] = total

    while regions < n_regions:
        r = -1
        for q in range(regions):
            if edge[q] < 0:
                continue
            if r < 0 or gain[q] > gain[r] or (gain[q] == gain[r] and edge[q] < edge[r]):
                r = q
        if r < 0:
            break
        # move the subtree below the edge to the end of the region's stretch: it becomes a stretch of its own
        below = edge[r]
        at = start[r]
        while nodes[at] != below:
            at += 1
        size = count[below]
        for s in range(size):
            moved[s] = nodes[at + s]
        for s in range(at + size, stop[r]):
            nodes[s - size] = nodes[s]
        stop[regions] = stop[r]
        start[regions] = stop[r] - size
        stop[r] -= size
        for s in range(size):
            nodes[start[regions] + s] = moved[s]
        cuts[regions] = below
        up[below] = -1
        # sums of the subtree stay; those of the rest are added anew, since subtracting would lose digits
        _stretch_sums(X, weights, up, nodes, start[r], stop[r], sums, mass, count)
        for q in (np.int64(r), np.int64(regions)):
            within[q] = _stretch_within(X, weights, nodes, start[q], stop[q], mean)
            edge[q], gain[q] = _best_cut(nodes, start[q], stop[q], sums, mass, count, min_size, min_weight, mean)
        regions += 1
        total = 0.0
        for q in range(regions):
            total += within[q]
        objectives[regions - 1] = total

    region = np.empty(n, np.int64)
    for r in range(regions):
        for at in range(start[r], stop[r]):
            region[nodes[at]] = r
    number = np.full(regions, -1, np.int64)
    used = 0
    for a in range(n):
        if number[region[a]] < 0:
            number[region[a]] = used
            used += 1
        labels[a] = number[region[a]]
    return regions


@kernel()
def within_regions(X, weights, labels, mean, mass):
    """Add up weighted squared deviations from the means of regions, in two passes.

    Parameters
    ----------
    X : (n, p), weights : (n,) IN
    labels : (n,) int64 IN
    mean : (k, p), mass : (k,) OUT: weighted mean (0 without weight) and weight of each region
    """
    n, p = X.shape
    mean[:] = 0.0
    mass[:] = 0.0
    for a in range(n):
        r = labels[a]
        mass[r] += weights[a]
        for f in range(p):
            mean[r, f] += weights[a] * X[a, f]
    for r in range(mass.size):
        if mass[r] > 0.0:
            for f in range(p):
                mean[r, f] /= mass[r]
    total = 0.0
    for a in range(n):
        squared = 0.0
        for f in range(p):
            d = X[a, f] - mean[labels[a], f]
            squared += d * d
        total += weights[a] * squared
    return total
