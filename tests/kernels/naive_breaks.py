"""Slow twins of the natural breaks kernels, written by the definition."""

from fractions import Fraction
from itertools import combinations

import numpy as np


def naive_ends(mass, moment, square, n_groups):
    """Fisher-Jenks dynamic programming in O(k m^2): every start is tried, the lowest of equals wins."""
    n_values = len(mass) - 1
    best = np.full((n_groups, n_values + 1), np.inf)
    start = np.zeros((n_groups, n_values + 1), dtype=int)

    def cost(h, i):
        return (square[i] - square[h]) - (moment[i] - moment[h]) ** 2 / (mass[i] - mass[h])

    for i in range(1, n_values + 1):
        best[0, i] = cost(0, i)
    for layer in range(1, n_groups):
        for i in range(layer + 1, n_values + 1):
            h = np.arange(layer, i)
            candidates = best[layer - 1, h] + cost(h, i)
            start[layer, i] = h[np.argmin(candidates)]
            best[layer, i] = candidates.min()
    ends = [n_values]
    for layer in range(n_groups - 1, 0, -1):
        ends.append(start[layer, ends[-1]])
    return np.array(ends[::-1])


def naive_within(value, weight, begin, end):
    """Sum the weighted squares around the weighted mean in exact fractions."""
    pairs = [(Fraction(float(v)), Fraction(float(w))) for v, w in zip(value[begin:end], weight[begin:end], strict=True)]
    mass = sum(w for _, w in pairs)
    mean = sum(w * v for v, w in pairs) / mass
    return sum(w * (v - mean) ** 2 for v, w in pairs)


def brute_force(value, weight, n_groups):
    """Try every partition into consecutive groups, in exact fractions: the least objective and its ends."""
    n_values = len(value)
    best = None
    for inner in combinations(range(1, n_values), n_groups - 1):
        ends = (*inner, n_values)
        begins = (0, *inner)
        total = sum(naive_within(value, weight, b, e) for b, e in zip(begins, ends, strict=True))
        if best is None or total < best[0]:
            best = (total, ends)
    return best
