"""Rows of a table and given centres: partial distances, and the layout that the k-means kernel wants."""

from __future__ import annotations

from regso_cluster.kernels._jit import kernel


@kernel(nogil=True)
def pack(values, missing, order, shift, planes, mask_plane):
    """Fill planes (blocks, q, 64) from values (n, p) in the given order, less shift; gaps become 0.

    mask_plane (p,) is the plane of the factor's mask, or -1 for a factor without gaps. OUT: planes.
    """
    p = values.shape[1]
    for i in range(order.shape[0]):
        block = i // 64
        lane = i % 64
        row = order[i]
        for j in range(p):
            if mask_plane[j] < 0:
                planes[block, j, lane] = values[row, j] - shift[j]
            elif not missing[row, j]:
                planes[block, j, lane] = values[row, j] - shift[j]
                planes[block, mask_plane[j], lane] = 1.0


@kernel(nogil=True)
def weighted_sums(values, missing, order, weights, sums):
    """Fill sums (2, p): weighted sums of what is observed, and its weight, added in the given order."""
    p = values.shape[1]
    sums[:] = 0.0
    for i in range(order.shape[0]):
        row = order[i]
        for j in range(p):
            if not missing[row, j]:
                sums[0, j] += weights[i] * values[row, j]
                sums[1, j] += weights[i]


@kernel(nogil=True)
def nearest_two(values, missing, any_missing, centres, labels, second, squared):
    """Fill labels, second and squared (n,): nearest centre, runner-up, squared partial distance.

    Straight differences, ties to the lowest centre; a row with nothing observed gets -1, -1 and 0; second
    is -1 when there is one centre. Cost n k p.
    """
    n, p = values.shape
    k = centres.shape[0]
    for i in range(n):
        first = -1
        runner = -1
        low = 0.0
        next_low = 0.0
        observed = p
        if any_missing:
            for j in range(p):
                observed -= missing[i, j]
        if observed > 0:
            for c in range(k):
                total = 0.0
                for j in range(p):
                    if not missing[i, j]:
                        total += (values[i, j] - centres[c, j]) ** 2
                if first < 0 or total < low:
                    runner = first
                    next_low = low
                    first = c
                    low = total
                elif runner < 0 or total < next_low:
                    runner = c
                    next_low = total
            low *= p / observed
        labels[i] = first
        second[i] = runner
        squared[i] = low


@kernel(nogil=True)
def to_centres(values, missing, centres, distances):
    """Fill distances (n, k) with the partial Euclidean distance; nan where a row has nothing observed."""
    n, p = values.shape
    for i in range(n):
        observed = p
        for j in range(p):
            observed -= missing[i, j]
        for c in range(centres.shape[0]):
            total = 0.0
            for j in range(p):
                if not missing[i, j]:
                    total += (values[i, j] - centres[c, j]) ** 2
            distances[i, c] = (total * (p / observed)) ** 0.5 if observed > 0 else float("nan")
