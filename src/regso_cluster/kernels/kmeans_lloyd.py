"""k-means: Lloyd's iteration. Rows, groups and work space are those of `kmeans_groups`."""

from __future__ import annotations

from numba import types

from regso_cluster.kernels._jit import kernel
from regso_cluster.kernels.kmeans_groups import (
    move_row,
    score_rows,
    set_centre,
    set_coefficients,
    set_coefficients_of,
)
from regso_cluster.kernels.lanes import lowest_bit, nearest_lanes


@kernel(nogil=True)
def assign(planes, weights, coefficients, labels, change, pick):
    """Give every row of some blocks its nearest centre, ties to the lowest. Returns how many rows moved.

    OUT: labels; change, shaped as sums: what the moves add to them. pick (64,) int64 is scratch. Cost n k q.
    """
    blocks, q, _ = planes.shape
    k = coefficients.shape[0]
    change[:] = 0.0
    moved = 0
    for block in range(blocks):
        differ = nearest_lanes(
            planes.ctypes.data + block * q * 512,
            q,
            coefficients.ctypes.data,
            k,
            labels.ctypes.data + block * 512,
            pick.ctypes.data,
        )
        if labels[block, 0] < 0:  # the first iteration: nobody leaves a group
            for lane in range(64):
                u = weights[block, lane]
                new = pick[lane]
                labels[block, lane] = new
                if u > 0.0:  # lanes beyond the last row weigh nothing
                    for j in range(q):
                        change[new, j] += u * planes[block, j, lane]
                    change[new, q] += u
                    change[new, q + 1] += 1.0
                    moved += 1
            continue
        while differ != 0:
            lane = lowest_bit(differ)
            differ &= differ - types.uint64(1)
            u = weights[block, lane]
            old = labels[block, lane]
            new = pick[lane]
            labels[block, lane] = new
            if u > 0.0:
                for j in range(q):
                    part = u * planes[block, j, lane]
                    change[old, j] -= part
                    change[new, j] += part
                change[old, q] -= u
                change[new, q] += u
                change[old, q + 1] -= 1.0
                change[new, q + 1] += 1.0
                moved += 1
    return moved


@kernel(nogil=True)
def assign_chunks(rows, labels, work, chunk, first, last):
    """Assign the rows of chunks first to last - 1, each of `chunk` blocks; their moves are left in the work space."""
    planes, weights = rows.planes, rows.weights
    coefficients, change, _, pick = work
    moved = 0
    for part in range(first, last):
        begin = part * chunk
        end = min(begin + chunk, planes.shape[0])
        moved += assign(planes[begin:end], weights[begin:end], coefficients, labels[begin:end], change[part], pick)
    return moved


@kernel(nogil=True)
def step(rows, groups, work, moved):
    """Finish an iteration: add the changes (chunks, k, q + 2) in order, fill empty groups, set the centres.

    An empty group gets the row that costs most where it is, ties to the lowest. Returns how many rows moved.
    """
    planes, weights, squares, mask_plane, _ = rows
    centres, labels, sums = groups
    coefficients, change, scores, _ = work
    k = centres.shape[0]
    q = planes.shape[1]
    for chunk in range(change.shape[0]):
        for c in range(k):
            for j in range(q + 2):
                sums[c, j] += change[chunk, c, j]
    for c in range(k):
        if sums[c, q + 1] > 0.0:
            continue
        worst = 0.0
        row = -1
        for block in range(planes.shape[0]):
            score_rows(planes, block, coefficients, scores)
            for lane in range(64):
                group = labels[block, lane]
                cost = weights[block, lane] * (squares[block, lane] + 2.0 * scores[group, lane])
                if cost > worst and sums[group, q + 1] > 1.0:
                    worst = cost
                    row = block * 64 + lane
        if row >= 0:
            move_row(planes, weights, row // 64, row % 64, labels[row // 64, row % 64], c, sums)
            labels[row // 64, row % 64] = c
            moved += 1
    if moved > 0:
        for c in range(k):
            set_centre(sums, mask_plane, centres, c)
            set_coefficients_of(centres, mask_plane, coefficients, c)
    return moved


@kernel(nogil=True)
def lloyd(rows, groups, work, chunk, max_iter, target, patience):
    """Run Lloyd's iteration from centres until no row moves. OUT: centres, labels, sums. Returns the iterations.

    It gives up where patience times the last gain would not reach the target in what the groups explain.
    """
    centres, labels, sums = groups
    k, p = centres.shape
    chunks = work.change.shape[0]
    before = 0.0
    set_coefficients(rows.mask_plane, centres, work.coefficients)
    for iteration in range(max_iter):
        moved = assign_chunks(rows, labels, work, chunk, 0, chunks)
        moved = step(rows, groups, work, moved)
        if moved == 0:
            return iteration + 1
        if target > 0.0:
            now = 0.0
            for c in range(k):
                for j in range(p):
                    now += sums[c, j] * centres[c, j]
            if iteration > 0 and now + patience * (now - before) < target:
                return iteration + 1
            before = now
    return max_iter
