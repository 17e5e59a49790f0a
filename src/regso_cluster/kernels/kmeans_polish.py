"""k-means: Hartigan's rule. Rows and groups are those of `kmeans_groups`."""

from __future__ import annotations

import numpy as np

from regso_cluster.kernels._jit import kernel
from regso_cluster.kernels.kmeans_groups import held_weight, move_row, score_rows, set_centre, set_coefficients_of


@kernel(nogil=True)
def polish(rows, groups, coefficients, scores, max_iter):
    """Move single rows while that lowers the objective (Hartigan's rule). IN and OUT: centres, labels, sums.

    With D the weight in a group of those who have factor j, moving a row of weight u from group a to c
    saves  sum_j u D_a / (D_a - u) (x_j - a_j)^2  and costs  sum_j u D_c / (D_c + u) (x_j - c_j)^2,
    over its observed factors (Telgarsky and Vattani 2010, AISTATS, section 2). Block scores find the rows
    for which the least cost could be below the most saving; those are computed exactly. Returns how many
    rows moved.
    """
    planes, weights, squares, mask_plane, _ = rows
    centres, labels, sums = groups
    k, p = centres.shape
    q = planes.shape[1]
    least = np.empty(k)  # the least D over factors bounds both ratios
    total = 0
    for _ in range(max_iter):
        moved = 0
        for block in range(planes.shape[0]):
            for c in range(k):
                least[c] = sums[c, q]
                for j in range(p):
                    least[c] = min(least[c], held_weight(sums, mask_plane, c, j))
            score_rows(planes, block, coefficients, scores)
            for lane in range(64):
                u = weights[block, lane]
                a = labels[block, lane]
                if u == 0.0 or sums[a, q + 1] <= 1.0:
                    continue
                square = squares[block, lane]
                room = least[a] - u
                own = (square + 2.0 * scores[a, lane]) * least[a]  # saving / u, times room
                slack = 1e-12 * square
                promising = False
                for c in range(k):
                    cost = least[c] * (square + 2.0 * scores[c, lane])  # over least + u
                    if c != a and (room <= 0.0 or cost * room < (own + slack * least[a]) * (least[c] + u)):
                        promising = True
                if promising and _move_if_better(rows, groups, block, lane):
                    moved += 1
                    set_coefficients_of(centres, mask_plane, coefficients, a)
                    set_coefficients_of(centres, mask_plane, coefficients, labels[block, lane])
        total += moved
        if moved == 0:
            break
    return total


@kernel(nogil=True)
def _move_if_better(rows, groups, block, lane):
    """Move a row to where the objective falls most, if by more than rounding; tell whether."""
    planes, weights, mask_plane = rows.planes, rows.weights, rows.mask_plane
    centres, labels, sums = groups
    k, p = centres.shape
    u = weights[block, lane]
    a = labels[block, lane]
    saving = 0.0
    for j in range(p):
        if mask_plane[j] < 0 or planes[block, mask_plane[j], lane] > 0.0:
            held = held_weight(sums, mask_plane, a, j)
            if held - u > 1e-12 * held:  # else it is the only one with factor j, and is its mean
                saving += u * held / (held - u) * (planes[block, j, lane] - centres[a, j]) ** 2
    lowest = saving
    chosen = -1
    for c in range(k):
        if c != a:
            cost = 0.0
            for j in range(p):
                if mask_plane[j] < 0 or planes[block, mask_plane[j], lane] > 0.0:
                    held = held_weight(sums, mask_plane, c, j)
                    cost += u * held / (held + u) * (planes[block, j, lane] - centres[c, j]) ** 2
            if cost < lowest:
                lowest = cost
                chosen = c
    if chosen < 0 or lowest > saving * (1.0 - 1e-10):
        return False
    move_row(planes, weights, block, lane, a, chosen, sums)
    labels[block, lane] = chosen
    set_centre(sums, mask_plane, centres, a)
    set_centre(sums, mask_plane, centres, chosen)
    return True
