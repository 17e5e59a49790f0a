"""Draws of rates from their posteriors, and the labels that each draw gives.

A posterior is a table: the rate at the quantiles of a standard normal. A draw is a place in that table. That costs a
few nanoseconds whatever the distribution is, and makes a draw a function of one whole number from outside.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from regso_cluster.kernels._jit import kernel


class Chances(NamedTuple):
    """What is drawn from: rows of each area, and components of each row.

    Parameters
    ----------
    position : (65536,) float32: the place of each number among the nodes of the tables, as node + fraction
    start : (n + 1,) int64: rows of each area
    cumulative : (n_rows,): their probabilities, added up within an area
    split : (n_rows, p, components) float32: the first number of each component, from 0 to 65536
    stretch : as split: 65536 by how many numbers the component has
    """

    position: NDArray[np.float32]
    start: NDArray[np.int64]
    cumulative: NDArray[np.float64]
    split: NDArray[np.float32]
    stretch: NDArray[np.float32]


class Tables(NamedTuple):
    """Values and scores of every area and factor at the nodes; high is worse.

    Parameters
    ----------
    value : (n, p, components * nodes), turned so that high is worse
    index_score, cluster_score : as value, or (1, 1, 1): the score is a line
    lines : (2, 2, p): of index and clusters, what is added to the value, turned, times what
    """

    value: NDArray[np.float64]
    index_score: NDArray[np.float64]
    cluster_score: NDArray[np.float64]
    lines: NDArray[np.float64]


class Areas(NamedTuple):
    """Which figures and areas take part.

    Parameters
    ----------
    drawable : (n, p): the table holds something; seen : (n, p): the figure was observed
    assessed, has_index : (n,): areas that get labels, that have an index
    """

    drawable: NDArray[np.bool_]
    seen: NDArray[np.bool_]
    assessed: NDArray[np.bool_]
    has_index: NDArray[np.bool_]


class Rules(NamedTuple):
    """What turns values into labels.

    Parameters
    ----------
    limit : (p,), turned; strict : (p,): a value on its limit is no problem
    group_of : (2^p,): the group, from 0, for each set of problems (bit f is factor f); one entry: no groups
    cuts : (p, tiers - 1), turned, falling; bands : (n_bands - 1,), falling; centres : (k, p); all may be empty
    weight : (p,); rescale : divide the index by the weights of what was seen
    rounding : 10^decimals of the index; 0: it is not rounded
    slots : (5,): where problems, tiers, groups, bands and clusters begin among the labels; -1: not counted. The group
        after the last is that of areas whose group the draw leaves open
    """

    limit: NDArray[np.float64]
    strict: NDArray[np.bool_]
    group_of: NDArray[np.int64]
    cuts: NDArray[np.float64]
    weight: NDArray[np.float64]
    rescale: bool
    rounding: float
    bands: NDArray[np.float64]
    centres: NDArray[np.float64]
    slots: NDArray[np.int64]


class Work(NamedTuple):
    """Work space of `draw_labels`, never read before it is written.

    Parameters
    ----------
    numbers : (n_chunks, p + 5, n_draws)
    places : (n_chunks, 3, n_draws)
    labels : (n_chunks, n_draws)
    """

    numbers: NDArray[np.float64]
    places: NDArray[np.int64]
    labels: NDArray[np.uint16]


class Counted(NamedTuple):
    """Draws counted, and the index of each.

    Parameters
    ----------
    counts : (n, n_labels): draws in which an area had each label; added to
    sizes : (n_chunks, n_labels, n_draws) integers: areas of each label in each draw, by chunk of areas, to be added
        up; added to
    score : (n_draws, n): the index; of areas without one 0
    """

    counts: NDArray[np.int64]
    sizes: NDArray[np.uint16]
    score: NDArray[np.float64]


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


@kernel()
def _pick_rows(number, cumulative, first, last, row):
    """Pick a row of the area, first <= row <= last, for each draw."""
    for d in range(row.shape[0]):
        pick = (numba.int64(number[d]) + 0.5) / 65536.0
        r = first
        while r < last and cumulative[r] < pick:
            r += 1
        row[d] = r


@kernel()
def _find_places(number, row, split, stretch, position, nodes, node, part):
    """Find the component and the place in its table that each draw's number means.

    One number says both: the part of 0 .. 65536 that a component has is stretched to the whole.
    """
    for d in range(row.shape[0]):
        r = row[d]
        pick = numba.float32(number[d]) + numba.float32(0.5)
        of = 0
        for j in range(1, split.shape[1]):  # no branch to be guessed
            of += 1 if pick >= split[r, j] else 0
        place = position[numba.int64((pick - split[r, of]) * stretch[r, of])]
        before = numba.int64(place)
        node[d] = of * nodes + before
        part[d] = place - before


@kernel()
def _look_up(table, node, part, out):
    """Give what a table says between the nodes `node` and `node + 1`, for each draw."""
    for d in range(out.shape[0]):
        low = table[node[d]]
        out[d] = low + part[d] * (table[node[d] + 1] - low)


@kernel()
def _on_line(value, line, out):
    """Give what a line, constant and slope, says of each draw's value."""
    low = line[0]
    slope = line[1]
    for d in range(out.shape[0]):
        out[d] = low + slope * value[d]


@kernel()
def _below(value, cuts, label):
    """Give how many of the cut points each draw's value is below."""
    for d in range(label.shape[0]):
        label[d] = 0
    for t in range(cuts.shape[0]):
        cut = cuts[t]
        for d in range(label.shape[0]):
            label[d] += 1 if value[d] < cut else 0


@kernel()
def _nearest(z, seen, centres, square, least, label):
    """Give the nearest centre over the factors seen, the first of equals, for each draw."""
    for d in range(label.shape[0]):
        least[d] = math.inf
        label[d] = 0
    for g in range(centres.shape[0]):
        for d in range(label.shape[0]):
            square[d] = 0.0
        for f in range(centres.shape[1]):
            if seen[f]:
                centre = centres[g, f]
                for d in range(label.shape[0]):
                    square[d] += (z[f, d] - centre) * (z[f, d] - centre)
        for d in range(label.shape[0]):
            label[d] = g if square[d] < least[d] else label[d]
            least[d] = min(square[d], least[d])


@kernel()
def _count(label, first, counts, sizes):
    """Count the draws of each label from `first` on, in all and draw by draw."""
    for t in range(counts.shape[0]):
        found = 0
        for d in range(label.shape[0]):
            here = label[d] == first + t
            sizes[t, d] += here
            found += here
        counts[t] += found


@kernel(parallel=True)
def draw_labels(number, chances, tables, areas, rules, space, out):
    """Evaluate every area in a block of draws, and count the labels; O(n draws (p (tiers + clusters))).

    Parameters
    ----------
    number : (n, n_draws, p + 1) uint16 IN: which component each factor has and which quantile of it; the last picks
        the row
    chances : Chances IN; tables : Tables IN; areas : Areas IN; rules : Rules IN
    space : Work
    out : Counted INOUT

    Notes
    -----
    An area belongs to one thread. The index is summed over the factors seen, as in the release; problems and groups
    use every factor that can be drawn. All draws of a factor are made before the next: what follows the look-up is
    plain arithmetic side by side.
    """
    position, start, cumulative, split, stretch = chances
    value, index_score, cluster_score, lines = tables
    drawable, seen, assessed, has_index = areas
    limit, strict, group_of, cuts, weight, rescale, rounding, bands, centres, slots = rules
    work, places, labels = space
    counts, score = out.counts, out.score
    sizes = out.sizes
    n = assessed.shape[0]
    p = limit.shape[0]
    n_draws, n_chunks = number.shape[1], sizes.shape[0]
    chunk = (n + n_chunks - 1) // n_chunks
    n_cuts = cuts.shape[1]
    index_table = index_score.shape[2] > 1
    cluster_table = cluster_score.shape[2] > 1
    nodes = value.shape[2] // split.shape[2]
    open_group = 0
    for g in range(group_of.shape[0]):
        open_group = max(open_group, group_of[g] + 1)
    for c in numba.prange(n_chunks):
        work_here, row, node, problems, label = work[c], places[c, 0], places[c, 1], places[c, 2], labels[c]
        z, total, drawn, part = work_here[:p], work_here[p], work_here[p + 1], work_here[p + 2]
        one, two = work_here[p + 3], work_here[p + 4]
        for i in range(c * chunk, min((c + 1) * chunk, n)):
            if not has_index[i]:
                score[:, i] = 0.0
            if not assessed[i]:
                continue
            _pick_rows(number[i, :, p], cumulative, start[i], start[i + 1] - 1, row)
            problems[:] = 0
            total[:] = 0.0
            unknown = 0
            whole = 0.0
            for f in range(p):
                if not drawable[i, f]:
                    unknown |= 1 << f
                    continue
                _find_places(number[i, :, f], row, split[:, f], stretch[:, f], position, nodes, node, part)
                _look_up(value[i, f], node, part, drawn)
                for d in range(n_draws):
                    label[d] = drawn[d] > limit[f] if strict[f] else drawn[d] >= limit[f]
                    problems[d] |= numba.int64(label[d]) << f
                if slots[0] >= 0:
                    at = slots[0] + f
                    _count(label, 1, counts[i, at : at + 1], sizes[c, at : at + 1])
                if slots[1] >= 0:
                    at = slots[1] + f * (n_cuts + 1)
                    _below(drawn, cuts[f], label)
                    _count(label, 0, counts[i, at : at + n_cuts + 1], sizes[c, at:])
                if not seen[i, f]:
                    continue
                whole += weight[f]
                if index_table:
                    _look_up(index_score[i, f], node, part, one)
                else:
                    _on_line(drawn, lines[0, :, f], one)
                for d in range(n_draws):
                    total[d] += weight[f] * one[d]
                if cluster_table:
                    _look_up(cluster_score[i, f], node, part, z[f])
                else:
                    _on_line(drawn, lines[1, :, f], z[f])
            if slots[2] >= 0:
                for d in range(n_draws):
                    group = group_of[problems[d]]
                    label[d] = group if group_of[problems[d] | unknown] == group else open_group
                at = slots[2]
                _count(label, 0, counts[i, at : at + open_group + 1], sizes[c, at:])
            if has_index[i]:
                for d in range(n_draws):
                    total[d] = total[d] / whole if rescale else total[d]
                    total[d] = np.rint(total[d] * rounding) / rounding if rounding > 0.0 else total[d]
                    score[d, i] = total[d]
                if slots[3] >= 0:
                    at = slots[3]
                    _below(total, bands, label)
                    _count(label, 0, counts[i, at : at + bands.shape[0] + 1], sizes[c, at:])
            if slots[4] >= 0 and seen[i].any():
                at = slots[4]
                _nearest(z, seen[i], centres, one, two, label)
                _count(label, 0, counts[i, at : at + centres.shape[0]], sizes[c, at:])
