"""Draws of rates from their posteriors, and the labels that each draw gives.

A posterior is a table: the rate at the quantiles of a standard normal. A draw is a place in that table. That costs a
few nanoseconds whatever the distribution is, and makes a draw a function of one whole number from outside.
"""

from __future__ import annotations

import math

import numba

from regso_cluster.kernels._jit import kernel


@kernel(parallel=True, error_model="numpy")
def tabulate_quantiles(first, second, events, probability, depth, chunk, work, out):
    """Tabulate the quantiles of Beta and Gamma distributions, O(m points).

    On y = log(x / (1 - x)) the Beta density is exp(a y - (a + b) log(1 + e^y)), on y = log x the Gamma density
    exp(a y - b e^y): smooth, one peak. Their sums by the trapezoid rule with its first Euler-Maclaurin correction are
    inverted.

    Parameters
    ----------
    first, second : (m,) float64 IN, > 0: a and b of Beta(a, b); shape and rate of Gamma(shape, rate)
    events : (m,) bool IN: whether it is a Gamma
    probability : (q,) float64 IN, rising, inside 0 .. 1
    depth : how far the log density falls from its peak to the ends of the grid
    chunk : distributions that one thread takes together
    work : (ceil(m / chunk), 2, points) : work space
    out : (m, q) OUT: x at each probability
    """
    points = work.shape[2]
    for c in numba.prange(work.shape[0]):
        sums = work[c, 0]
        density = work[c, 1]
        for i in range(c * chunk, min((c + 1) * chunk, first.shape[0])):
            a = first[i]
            b = second[i]
            peak = math.log(a / b)
            top = math.log1p(a / b)
            spread = math.sqrt(1.0 / a if events[i] else (a + b) / (a * b))
            low = 0.0
            high = 0.0
            for side in range(2):
                step = -spread if side == 0 else spread
                reach = 4.0 * step
                fall = 0.0
                while fall < depth:
                    reach += step
                    if events[i]:
                        fall = a * (math.exp(reach) - 1.0 - reach)
                    else:
                        t = peak + reach
                        fall = (a + b) * (max(t, 0.0) + math.log1p(math.exp(-abs(t))) - top) - a * reach
                    step *= 1.25
                if side == 0:
                    low = reach
                else:
                    high = reach
            # half of the points on either side of the peak: one tail may be many times as long as the other
            half = points // 2
            left = -low / half
            right = high / (points - 1 - half)
            before = 0.0
            slope_before = 0.0
            for j in range(points):
                width = left if j <= half else right
                y = (j - half) * width
                if events[i]:
                    grown = math.exp(y)
                    here = math.exp(a * (y - grown + 1.0))
                    slope = here * a * (1.0 - grown)
                else:
                    t = peak + y
                    small = math.exp(-abs(t))
                    here = math.exp(a * y - (a + b) * (max(t, 0.0) + math.log1p(small) - top))
                    slope = here * (a - (a + b) * (1.0 if t >= 0.0 else small) / (1.0 + small))
                density[j] = here
                if j == 0:
                    sums[0] = 0.0
                else:
                    sums[j] = (
                        sums[j - 1] + width * (before + here) / 2.0 + width * width * (slope_before - slope) / 12.0
                    )
                before = here
                slope_before = slope
            j = 0
            for q in range(probability.shape[0]):
                wanted = probability[q] * sums[points - 1]
                while j < points - 2 and sums[j + 1] < wanted:
                    j += 1
                # inside a cell the density is taken as a straight line: sum = here t + (there - here) t^2 / 2
                part = wanted - sums[j]
                here = density[j]
                rise = density[j + 1] - here
                whole = here + rise / 2.0  # of the cell, in units of the width
                part = part / (sums[j + 1] - sums[j]) * whole
                t = 2.0 * part / (here + math.sqrt(max(here * here + 2.0 * rise * part, 0.0)))
                y = peak + (j - half + min(max(t, 0.0), 1.0)) * (left if j < half else right)
                out[i, q] = math.exp(y) if events[i] else 1.0 / (1.0 + math.exp(-y))


@kernel(parallel=True)
def draw_labels(
    number, position, start, cumulative, split, stretch, value, index_score, cluster_score, lines, drawable, seen,
    assessed, has_index, limit, strict, group_of, cuts, weight, rescale, bands, centres, slots, work, counts, sizes,
    score,
):  # fmt: skip
    """Judge every area in a block of draws, and count the labels; O(n draws (p (tiers + clusters))).

    Parameters
    ----------
    number : (n, n_draws, p + 1) uint16 IN: which component each factor has and which quantile of it; the last picks
        the row
    position : (65536,) float64 IN: where each number stands among the nodes of the tables, as node + fraction
    start : (n + 1,) int64 IN: rows of each area; cumulative : (n_rows,) IN: their probabilities, added up within an
        area
    split : (n_rows, p, components) IN: the first number of each component, from 0 to 65536; stretch : IN: 65536
        by how many numbers it has
    value, index_score, cluster_score : (n, p, components * nodes) IN: at the nodes; value turned so that high is worse.
        (1, 1, 1): the score is a line
    lines : (2, 2, p) IN: of index and clusters, what is added to the value, turned, times what
    drawable : (n, p) bool IN: the table holds something; seen : (n, p) bool IN: the figure was observed
    assessed, has_index : (n,) bool IN: areas that are judged, that have an index
    limit : (p,) IN, turned; strict : (p,) bool IN: a value on its limit is no problem
    group_of : (2^p,) int64 IN: the group, from 0, for each set of problems (bit f is factor f); one entry: no groups
    cuts : (p, tiers - 1) IN, turned, falling; bands : (n_bands - 1,) IN, falling; centres : (k, p) IN; all may be empty
    weight : (p,) IN; rescale : divide the index by the weights of what was seen
    slots : (5,) int64 IN: where problems, tiers, groups, bands and clusters begin among the labels; -1: not counted.
        The group after the last is that of areas whose group the draw leaves open
    work : (n_chunks, p) : work space
    counts : (n, n_labels) int64 INOUT: draws in which an area had each label
    sizes : (n_chunks, n_draws, n_labels) integers INOUT: areas of each label in each draw, by chunk of areas, to be
        added up
    score : (n_draws, n) OUT: the index; of areas without one 0

    Notes
    -----
    An area belongs to one thread. The index is summed over the factors seen, as in the release; problems and groups
    use every factor that can be drawn.
    """
    n = assessed.shape[0]
    p = limit.shape[0]
    n_draws = number.shape[1]
    n_chunks = sizes.shape[0]
    chunk = (n + n_chunks - 1) // n_chunks
    n_cuts = cuts.shape[1]
    n_bands = bands.shape[0]
    components = split.shape[2]
    nodes = value.shape[2] // components
    index_table = index_score.shape[2] > 1
    cluster_table = cluster_score.shape[2] > 1
    k = centres.shape[0]
    open_group = 0
    for g in range(group_of.shape[0]):
        open_group = max(open_group, group_of[g] + 1)
    for c in numba.prange(n_chunks):
        for i in range(c * chunk, min((c + 1) * chunk, n)):
            whole = 0.0
            any_seen = False
            for f in range(p):
                whole += weight[f] if seen[i, f] else 0.0
                any_seen = any_seen or seen[i, f]
            for d in range(n_draws):
                if not has_index[i]:
                    score[d, i] = 0.0
                if not assessed[i]:
                    continue
                row = start[i]
                pick = (numba.int64(number[i, d, p]) + 0.5) / 65536.0
                while row < start[i + 1] - 1 and cumulative[row] < pick:
                    row += 1
                mild = 0
                harsh = 0
                total = 0.0
                for f in range(p):
                    if not drawable[i, f]:
                        harsh |= 1 << f
                        continue
                    # the part of 0 .. 1 that the component has is stretched to the whole: one number says both
                    pick = numba.int64(number[i, d, f]) + 0.5
                    of = 0
                    for j in range(1, components):  # no branch to be guessed
                        of += 1 if pick >= split[row, f, j] else 0
                    place = position[numba.int64((pick - split[row, f, of]) * stretch[row, f, of])]
                    node = numba.int64(place)
                    part = place - node
                    here = of * nodes + node
                    drawn = value[i, f, here] + part * (value[i, f, here + 1] - value[i, f, here])
                    beyond = drawn > limit[f] if strict[f] else drawn >= limit[f]
                    if beyond:
                        mild |= 1 << f
                        harsh |= 1 << f
                        if slots[0] >= 0:
                            counts[i, slots[0] + f] += 1
                            sizes[c, d, slots[0] + f] += 1
                    if slots[1] >= 0:
                        tier = slots[1] + f * (n_cuts + 1)
                        for t in range(n_cuts):
                            tier += 1 if drawn < cuts[f, t] else 0
                        counts[i, tier] += 1
                        sizes[c, d, tier] += 1
                    if seen[i, f]:
                        if index_table:
                            low = index_score[i, f, here]
                            total += weight[f] * (low + part * (index_score[i, f, here + 1] - low))
                        else:
                            total += weight[f] * (lines[0, 0, f] + lines[0, 1, f] * drawn)
                        if cluster_table:
                            low = cluster_score[i, f, here]
                            work[c, f] = low + part * (cluster_score[i, f, here + 1] - low)
                        else:
                            work[c, f] = lines[1, 0, f] + lines[1, 1, f] * drawn
                if slots[2] >= 0:
                    group = group_of[mild]
                    if harsh != mild and group_of[harsh] != group:
                        group = open_group
                    counts[i, slots[2] + group] += 1
                    sizes[c, d, slots[2] + group] += 1
                if has_index[i]:
                    if rescale:
                        total /= whole
                    score[d, i] = total
                    if slots[3] >= 0:
                        band = slots[3]
                        for t in range(n_bands):
                            band += 1 if total < bands[t] else 0
                        counts[i, band] += 1
                        sizes[c, d, band] += 1
                if slots[4] >= 0 and any_seen:
                    best = 0
                    least = math.inf
                    for g in range(k):
                        square = 0.0
                        for f in range(p):
                            if seen[i, f]:
                                square += (work[c, f] - centres[g, f]) * (work[c, f] - centres[g, f])
                        if square < least:
                            least = square
                            best = g
                    counts[i, slots[4] + best] += 1
                    sizes[c, d, slots[4] + best] += 1
