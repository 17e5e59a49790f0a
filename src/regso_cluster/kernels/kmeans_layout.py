"""Rows of a table and given centres: partial distances, and the layout that the k-means kernel wants."""

from __future__ import annotations

import numpy as np

from regso_cluster.kernels._jit import kernel


@kernel(nogil=True)
def pack(values, missing, order, weights, planes, mask_plane, sums):
    """Lay rows (n, p) out in planes (blocks, q, 64), in the given order; gaps become 0.

    mask_plane (p,) is the plane of the factor's mask, or -1 for a factor without gaps. OUT: planes;
    sums (2, p): weighted sums of what is observed, and its weight, added in the given order.
    """
    p = values.shape[1]
    sums[:] = 0.0
    for i in range(order.shape[0]):
        block = i // 64
        lane = i % 64
        row = order[i]
        for j in range(p):
            if mask_plane[j] < 0 or not missing[row, j]:
                planes[block, j, lane] = values[row, j]
                sums[0, j] += weights[i] * values[row, j]
                sums[1, j] += weights[i]
                if mask_plane[j] >= 0:
                    planes[block, mask_plane[j], lane] = 1.0


@kernel(nogil=True)
def centre(shift, mask_plane, n, planes, squares):
    """Take shift (p,) off n rows in planes (blocks, q, 64) where observed; OUT also squares (blocks, 64)."""
    squares[:] = 0.0
    for block in range(planes.shape[0]):
        for j in range(shift.shape[0]):
            away = shift[j]
            if mask_plane[j] < 0:
                for lane in range(64):
                    value = planes[block, j, lane] - away
                    planes[block, j, lane] = value
                    squares[block, lane] += value * value
            else:
                for lane in range(64):
                    value = planes[block, j, lane] - away * planes[block, mask_plane[j], lane]
                    planes[block, j, lane] = value
                    squares[block, lane] += value * value
    for i in range(n, planes.shape[0] * 64):  # lanes beyond the last row stay 0
        squares[i // 64, i % 64] = 0.0
        for j in range(shift.shape[0]):
            planes[i // 64, j, i % 64] = 0.0


@kernel(nogil=True)
def nearest_two(values, missing, any_missing, centres, labels, second, squared, lanes, picks):
    """Fill labels, second and squared (n,): nearest centre, runner-up, squared partial distance.

    Straight differences, ties to the lowest centre; a row with nothing observed gets -1, -1 and 0; second
    is -1 when there is one centre. lanes (2 p + 4, 64) and picks (2, 64) are scratch: 64 rows at a time are
    turned on their side, so that one coordinate of a centre meets 64 rows. Cost n k p.
    """
    n, p = values.shape
    held = lanes[p : 2 * p]  # 1 where observed
    total, low, runner, observed = lanes[2 * p], lanes[2 * p + 1], lanes[2 * p + 2], lanes[2 * p + 3]
    for begin in range(0, n, 64):
        rows = min(64, n - begin)
        observed[:] = p
        for lane in range(rows):
            for j in range(p):
                lanes[j, lane] = values[begin + lane, j]
        if any_missing:
            for lane in range(rows):
                for j in range(p):
                    held[j, lane] = 1.0
                    if missing[begin + lane, j]:
                        lanes[j, lane] = 0.0
                        held[j, lane] = 0.0
                        observed[lane] -= 1.0
        for lane in range(64):
            low[lane] = np.inf
            runner[lane] = np.inf
            picks[0, lane] = -1
            picks[1, lane] = -1
        for c in range(centres.shape[0]):
            total[:] = 0.0
            for j in range(p):
                value = centres[c, j]
                if any_missing:
                    for lane in range(64):
                        total[lane] += held[j, lane] * (lanes[j, lane] - value) ** 2
                else:
                    for lane in range(64):
                        total[lane] += (lanes[j, lane] - value) ** 2
            for lane in range(64):
                first = total[lane] < low[lane]
                next_one = total[lane] < runner[lane]
                picks[1, lane] = picks[0, lane] if first else (c if next_one else picks[1, lane])
                runner[lane] = low[lane] if first else (total[lane] if next_one else runner[lane])
                picks[0, lane] = c if first else picks[0, lane]
                low[lane] = total[lane] if first else low[lane]
        for lane in range(rows):
            some = observed[lane] > 0.0
            labels[begin + lane] = picks[0, lane] if some else -1
            second[begin + lane] = picks[1, lane] if some else -1
            squared[begin + lane] = low[lane] * (p / observed[lane]) if some else 0.0


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
