"""k-means: where the centres start. Rows are those of `kmeans_groups`."""

from __future__ import annotations

import numpy as np

from regso_cluster.kernels._jit import kernel
from regso_cluster.kernels.kmeans_groups import score_rows, set_coefficients


@kernel(nogil=True)
def place_centre(planes, row, centres, c):
    """Put centre c on a row; factors the row lacks get 0, the overall mean."""
    for j in range(centres.shape[1]):
        centres[c, j] = planes[row // 64, j, row % 64]


@kernel(nogil=True)
def draw_row(cumulative, target):
    """Return the row in whose share of the running weight the target falls."""
    low = 0
    high = cumulative.shape[0] - 1
    while low < high:
        middle = (low + high) // 2
        if cumulative[middle] > target:
            high = middle
        else:
            low = middle + 1
    return low


@kernel(nogil=True)
def _start_random(planes, cumulative, uniforms, centres, chosen):
    """Put the centres on rows drawn by weight without replacement. chosen (k,) is scratch, kept sorted."""
    total = cumulative[cumulative.shape[0] - 1]
    taken = 0.0
    for c in range(centres.shape[0]):
        target = uniforms[c, 0] * (total - taken)
        for t in range(c):  # step over the shares already taken, from the left
            before = cumulative[chosen[t] - 1] if chosen[t] > 0 else 0.0
            if target >= before:
                target += cumulative[chosen[t]] - before
        row = draw_row(cumulative, target)
        taken += cumulative[row] - (cumulative[row - 1] if row > 0 else 0.0)
        t = c
        while t > 0 and chosen[t - 1] > row:
            chosen[t] = chosen[t - 1]
            t -= 1
        chosen[t] = row
        place_centre(planes, row, centres, c)


@kernel(nogil=True)
def _draw_far(weights, nearest, uniform, lanes):
    """Draw a row by weight times squared distance to its nearest centre: first a lane, then a block.

    Lane totals add up side by side, so the draw costs a vectorised pass and has one order of summation.
    """
    lanes[:] = 0.0
    for block in range(weights.shape[0]):
        for lane in range(64):
            lanes[lane] += weights[block, lane] * nearest[block, lane]
    total = 0.0
    for lane in range(64):
        total += lanes[lane]
    target = uniform * total
    lane = 0
    while lane < 63 and target >= lanes[lane]:
        target -= lanes[lane]
        lane += 1
    last = 0
    for block in range(weights.shape[0]):
        part = weights[block, lane] * nearest[block, lane]
        if part > 0.0:
            last = block
            if target < part:
                break
            target -= part
    return last * 64 + lane


@kernel(nogil=True)
def _start_greedy(rows, uniforms, centres, nearest):
    """k-means++ (Arthur and Vassilvitskii 2007, section 2), of several candidates the one that helps most.

    uniforms (k, candidates); nearest (blocks, 64) is scratch: squared distance to the nearest centre so far.
    """
    planes, weights, squares, mask_plane, cumulative = rows
    blocks, q, _ = planes.shape
    n_candidates = uniforms.shape[1]
    even = n_candidates + n_candidates % 2
    drawn = np.empty(n_candidates, dtype=np.int64)
    trial = np.empty((n_candidates, centres.shape[1]))
    coefficients = np.empty((even, q + 1))
    potential = np.empty((even, 64))
    scores = np.empty((even, 64))
    nearest[:] = 1e300
    for c in range(centres.shape[0]):
        for t in range(n_candidates):
            if c == 0:
                drawn[t] = draw_row(cumulative, uniforms[0, 0] * cumulative[cumulative.shape[0] - 1])
            else:
                drawn[t] = _draw_far(weights, nearest, uniforms[c, t], potential[0])
            place_centre(planes, drawn[t], trial, t)
        set_coefficients(mask_plane, trial, coefficients)
        chosen = 0
        if c > 0:
            potential[:] = 0.0
            for block in range(blocks):
                score_rows(planes, block, coefficients, scores)
                for t in range(n_candidates):
                    for lane in range(64):
                        distance = max(0.0, squares[block, lane] + 2.0 * scores[t, lane])
                        potential[t, lane] += weights[block, lane] * min(distance, nearest[block, lane])
            for t in range(n_candidates):
                for lane in range(1, 64):
                    potential[t, 0] += potential[t, lane]
                if potential[t, 0] < potential[chosen, 0]:
                    chosen = t
        place_centre(planes, drawn[chosen], centres, c)
        coefficients[0] = coefficients[chosen]
        for block in range(blocks):
            score_rows(planes, block, coefficients[:2], scores)
            for lane in range(64):
                distance = max(0.0, squares[block, lane] + 2.0 * scores[0, lane])
                nearest[block, lane] = min(distance, nearest[block, lane])


@kernel(nogil=True)
def start(rows, uniforms, centres):
    """Fill centres from draws (k, candidates): one candidate means a random start, more greedy k-means++."""
    if uniforms.shape[1] == 1:
        _start_random(rows.planes, rows.cumulative, uniforms, centres, np.empty(centres.shape[0], dtype=np.int64))
    elif uniforms.shape[1] > 1:
        _start_greedy(rows, uniforms, centres, np.empty(rows.weights.shape))
