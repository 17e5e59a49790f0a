"""Distances by their definitions, one pair at a time."""

import math


def distance(a, b, metric, weights, ranges=None, partial=False):
    """Return the distance of two rows; NaN stands for a missing value and for an undefined distance."""
    if metric == "correlation":
        return correlation(a, b, weights)
    total, shared = 0.0, 0.0
    for f, weight in enumerate(weights):
        if math.isnan(a[f]) or math.isnan(b[f]):
            continue
        difference = abs(a[f] - b[f])
        if metric == "gower":
            difference = difference / ranges[f] if ranges[f] > 0 else 0.0
        elif metric in {"euclidean", "sqeuclidean"}:
            difference = difference**2
        total += weight * difference
        shared += weight
    if metric == "gower":
        return total / shared if shared > 0 else math.nan
    if partial:
        total = total / shared * sum(weights) if shared > 0 else math.nan
    return math.sqrt(total) if metric == "euclidean" else total


def correlation(a, b, weights):
    used = [f for f, weight in enumerate(weights) if weight > 0]
    if len({a[f] for f in used}) == 1 or len({b[f] for f in used}) == 1:
        return math.nan
    whole = sum(weights)
    mean_a = sum(w * x for w, x in zip(weights, a, strict=True)) / whole
    mean_b = sum(w * x for w, x in zip(weights, b, strict=True)) / whole
    ab = sum(w * (x - mean_a) * (y - mean_b) for w, x, y in zip(weights, a, b, strict=True))
    aa = sum(w * (x - mean_a) ** 2 for w, x in zip(weights, a, strict=True))
    bb = sum(w * (y - mean_b) ** 2 for w, y in zip(weights, b, strict=True))
    return 1 - ab / math.sqrt(aa * bb)


def nearest(matrix, k, skip_self):
    """Return indices and distances of the k nearest columns, ties to the lowest; -1 and infinity where there
    is none."""
    indices, distances = [], []
    for i, row in enumerate(matrix):
        pairs = sorted((d, j) for j, d in enumerate(row) if not math.isnan(d) and not (skip_self and j == i))
        pairs = (pairs + [(math.inf, -1)] * k)[:k]
        indices.append([j for _, j in pairs])
        distances.append([d for d, _ in pairs])
    return indices, distances
