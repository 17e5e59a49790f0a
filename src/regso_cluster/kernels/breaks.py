"""Exact groups along one line: sorted values cut for the smallest weighted sum of squares within groups.

Dynamic programming over prefixes (Fisher 1958, "On grouping for maximum homogeneity", section 3; Jenks's
natural breaks), where the best start of the last group never moves left as the prefix grows, so that divide
and conquer finds all starts of a layer in O(n log n) instead of O(n^2).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from regso_cluster.kernels._jit import kernel

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

EPSILON = float(np.finfo(np.float64).eps)


@kernel()
def prefix_sums(value, weight, mass, moment, square):
    """Sum weights, weighted values and weighted squares outward from the median.

    Entry i minus entry h is the sum over values h..i-1. The sums start at the weighted median (value 0
    there), not at the lowest value: an outlier at either end then enters no sum but its own, and a common
    offset cancels.

    Parameters
    ----------
    value, weight : (m,) float64 IN; ascending, > 0
    mass, moment, square : (m + 1 or more,) float64 OUT
    """
    n_values = value.shape[0]
    total = 0.0
    for i in range(n_values):
        total += weight[i]
    middle = 0
    below = weight[0]
    while below < 0.5 * total and middle < n_values - 1:
        middle += 1
        below += weight[middle]
    origin = value[middle]
    mass[middle] = 0.0
    moment[middle] = 0.0
    square[middle] = 0.0
    for i in range(middle, n_values):
        x = value[i] - origin
        mass[i + 1] = mass[i] + weight[i]
        moment[i + 1] = moment[i] + weight[i] * x
        square[i + 1] = square[i] + weight[i] * x * x
    for i in range(middle - 1, -1, -1):
        x = value[i] - origin
        mass[i] = mass[i + 1] - weight[i]
        moment[i] = moment[i + 1] - weight[i] * x
        square[i] = square[i + 1] - weight[i] * x * x


@kernel(inline="always", error_model="numpy")
def _candidate(mass, moment, square, before, i, h):
    """Cost of the best groups before h plus the cost of one group h..i-1."""
    spread = moment[i] - moment[h]
    return before[h] + ((square[i] - square[h]) - spread * spread / (mass[i] - mass[h]))


@kernel(error_model="numpy")  # Python's check for a division by 0 would keep the loop from vectorising
def fill_ends(mass, moment, square, slack, start, ends):
    """Find the best groups; O(k m log m) time, O(k m) memory.

        cost(h, i)  = (square[i] - square[h]) - (moment[i] - moment[h])^2 / (mass[i] - mass[h])
        best(q, i)  = min over h of best(q - 1, h) + cost(h, i), the lowest h among equals

    Columns are solved coarse to fine: a column looks only between the starts found for its solved neighbours.
    In real arithmetic that is exact (the costs satisfy the quadrangle inequality); rounding could hide the
    minimum just outside. So a neighbour hands on the outermost starts within `slack` of its minimum: with
    slack above four times the rounding error of a cost, the minimum of the rounded costs is never outside.

    Parameters
    ----------
    mass, moment, square : (m + 8,) float64 IN, from prefix_sums; seven entries of padding may be read
    slack : float64 IN
    start : (k, m + 1) int32 OUT; start[q, i] is where the last of q + 1 groups over the first i values begins
    ends : (k,) int64 OUT; group q is values ends[q - 1] .. ends[q] - 1
    """
    n_values = start.shape[1] - 1
    n_groups = ends.shape[0]
    eight = np.empty(8)
    before = np.zeros(mass.shape[0])
    current = np.empty(n_values + 1)
    trial = np.empty(mass.shape[0])
    lowest = np.empty(n_values + 1, dtype=np.int64)
    highest = np.empty(n_values + 1, dtype=np.int64)
    for i in range(1, n_values + 1):
        spread = moment[i] - moment[0]
        before[i] = (square[i] - square[0]) - spread * spread / (mass[i] - mass[0])
        start[0, i] = 0
    for layer in range(1, n_groups):
        # Each group holds a value, before and after; of the last layer only the last column is asked for.
        first = layer + 1 if layer < n_groups - 1 else n_values
        last = n_values - (n_groups - 1 - layer)
        n_columns = last - first + 1
        step = 1
        while step < n_columns:
            step *= 2
        while step >= 1:
            for position in range(step, n_columns + 1, 2 * step):
                i = first + position - 1
                low = layer
                if position - step >= 1:
                    low = lowest[i - step]
                high = i - 1
                if position + step <= n_columns and highest[i + step] < high:
                    high = highest[i + step]
                if high - low < 4:
                    # Most windows are this short: no branch, nothing to mispredict. What lies past the window
                    # is read (there is padding) and masked.
                    at = np.uint64(low)
                    here = np.uint64(i)
                    c0 = _candidate(mass, moment, square, before, here, at)
                    c1 = _candidate(mass, moment, square, before, here, at + np.uint64(1))
                    c2 = _candidate(mass, moment, square, before, here, at + np.uint64(2))
                    c3 = _candidate(mass, moment, square, before, here, at + np.uint64(3))
                    c1 = c1 if high - low >= 1 else np.inf
                    c2 = c2 if high - low >= 2 else np.inf
                    c3 = c3 if high - low >= 3 else np.inf
                    c01 = min(c0, c1)
                    c23 = min(c2, c3)
                    least = min(c01, c23)
                    limit = least + slack
                    where = 2 if c2 == least else 3
                    where = 1 if c1 == least else where
                    where = 0 if c0 == least else where
                    left = 2 if c2 <= limit else 3
                    left = 1 if c1 <= limit else left
                    left = 0 if c0 <= limit else left
                    right = 1 if c1 <= limit else 0
                    right = 2 if c2 <= limit else right
                    right = 3 if c3 <= limit else right
                    start[layer, i] = low + where
                    lowest[i] = low + left
                    highest[i] = low + right
                    current[i] = least
                    continue
                # Blocks of eight candidates without a branch, so that they vectorise.
                square_here, moment_here, mass_here = square[i], moment[i], mass[i]
                n_blocks = (high - low) // 8 + 1
                final = low + 8 * (n_blocks - 1)
                for h in range(np.uint64(low), np.uint64(final + 8)):
                    spread = moment_here - moment[h]
                    trial[h] = before[h] + ((square_here - square[h]) - spread * spread / (mass_here - mass[h]))
                for lane in range(8):
                    trial[final + lane] = trial[final + lane] if final + lane <= high else np.inf
                for lane in range(8):
                    eight[lane] = trial[final + lane]
                for block in range(n_blocks - 1):
                    at = np.uint64(low + 8 * block)
                    for lane in range(8):
                        candidate = trial[at + np.uint64(lane)]
                        eight[lane] = min(eight[lane], candidate)
                least = eight[0]
                for lane in range(1, 8):
                    least = min(least, eight[lane])
                limit = least + slack
                left, right = low, high
                while left < high and trial[left] > limit:
                    left += 1
                while right > left and trial[right] > limit:
                    right -= 1
                where = left
                while where < right and trial[where] != least:
                    where += 1
                start[layer, i] = where
                lowest[i] = left
                highest[i] = right
                current[i] = least
            step //= 2
        for i in range(first, last + 1):
            before[i] = current[i]
    i = n_values
    for layer in range(n_groups - 1, -1, -1):
        ends[layer] = i
        i = start[layer, i]


@kernel()
def group_squares(value, weight, ends, within):
    """Sum squares within each group in two passes, O(m): the stated objective is the sum of these.

        within = sum w (x - mean)^2 - (sum w (x - mean))^2 / sum w

    The second term, 0 in real arithmetic, takes out the rounding of the mean.

    Parameters
    ----------
    value, weight : (m,) float64 IN; ends : (k,) int64 IN; within : (k,) float64 OUT
    """
    begin = 0
    for group in range(ends.shape[0]):
        origin = value[begin]
        mass = 0.0
        moment = 0.0
        for i in range(begin, ends[group]):
            mass += weight[i]
            moment += weight[i] * (value[i] - origin)
        mean = moment / mass  # from the group's first value, so that an offset costs no digits
        total = 0.0
        rest = 0.0
        for i in range(begin, ends[group]):
            difference = (value[i] - origin) - mean
            total += weight[i] * difference * difference
            rest += weight[i] * difference
        within[group] = total - rest * rest / mass
        begin = ends[group]


def rounding_slack(square: Floats) -> float:
    """Bound four times the rounding error of a cost plus a best value, in the unit of the objective."""
    size = float(np.abs(square).max())
    return 32.0 * EPSILON * square.shape[0] * size


def best_ends(value: Floats, weight: Floats, n_groups: int) -> Integers:
    """Find where the groups end.

    Parameters
    ----------
    value : (m,) float64, strictly ascending: equal values are one value with their weights added
    weight : (m,) float64, > 0
    n_groups : 1 .. m

    Returns
    -------
    (n_groups,) int64: group q is values ends[q - 1] .. ends[q] - 1
    """
    n_values = value.shape[0]
    mass, moment, square = np.zeros(n_values + 8), np.zeros(n_values + 8), np.zeros(n_values + 8)
    prefix_sums(value, weight, mass, moment, square)
    ends = np.empty(n_groups, dtype=np.int64)
    start = np.empty((n_groups, n_values + 1), dtype=np.int32)
    fill_ends(mass, moment, square, rounding_slack(square), start, ends)
    return ends


def within_groups(value: Floats, weight: Floats, ends: Integers) -> Floats:
    """Give the weighted sum of squares within each group, (k,) float64."""
    within = np.empty(ends.shape[0])
    group_squares(value, weight, ends, within)
    return within
