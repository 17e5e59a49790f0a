"""k-means: the rows, the groups, and what is kept of each group.

The objective, for rows i with weight w, observed factors O(i) out of p, and group g(i):

    sum over i of  w[i] * (p / |O(i)|) * sum over j in O(i) of (x[i, j] - centre[g(i), j])^2

The partial distance (observed factors, scaled up to p) has the same scale for all centres of a row, so a
row with the effective weight u = w p / |O| takes part like any other, and the minimising centre is the
u-weighted mean of what is observed: k-POD (Chi, Chi and Baraniuk 2016, The American Statistician 70(1),
section 2) with weights u.

Rows lie in blocks of 64 lanes, factor by factor, so that one centre coordinate meets 64 rows at once and each
row's sum has one fixed order. A factor with gaps has a second plane, its mask m:

    |x - c|^2 / 2 - |x|^2 / 2 = sum_j c_j^2 / 2 - c_j x_j           complete: one product
                              = sum_j m_j c_j^2 / 2 - c_j m_j x_j   with gaps: two products

Both are a dot product of planes (q = p + masks) and coefficients: one kernel for complete and gappy data.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regso_cluster.kernels._jit import kernel
from regso_cluster.kernels.lanes import score_lanes


class Rows(NamedTuple):
    """The rows, in canonical order.

    Parameters
    ----------
    planes : (blocks, q, 64)
    weights : (blocks, 64), effective weights u; 0 beyond the last row
    squares : (blocks, 64), squared length of each row over what is observed; 0 beyond the last row
    mask_plane : (p,) plane of a factor's mask or -1
    cumulative : (n,) running sum of the effective weights
    """

    planes: NDArray[np.float64]
    weights: NDArray[np.float64]
    squares: NDArray[np.float64]
    mask_plane: NDArray[np.int64]
    cumulative: NDArray[np.float64]


class Groups(NamedTuple):
    """A partition and what follows from it.

    Parameters
    ----------
    centres : (k, p)
    labels : (blocks, 64) int64; -1 before the first iteration
    sums : (k, q + 2): u-weighted plane sums, weight, number of rows
    """

    centres: NDArray[np.float64]
    labels: NDArray[np.int64]
    sums: NDArray[np.float64]


class Work(NamedTuple):
    """Work space of the iteration.

    Parameters
    ----------
    coefficients : (k made even, q + 1) of the dot product, the constant last
    change : (chunks of blocks, k, q + 2): what the moves in a chunk add to the sums
    scores : (k made even, 64)
    pick : (64,) int64
    """

    coefficients: NDArray[np.float64]
    change: NDArray[np.float64]
    scores: NDArray[np.float64]
    pick: NDArray[np.int64]


@kernel(nogil=True)
def make_work(k, q, chunks):
    """Make the work space for k groups, q planes and so many chunks of blocks."""
    even = k + k % 2
    return Work(np.empty((even, q + 1)), np.empty((chunks, k, q + 2)), np.empty((even, 64)), np.empty(64, np.int64))


@kernel(inline="always")
def held_weight(sums, mask_plane, c, j):
    """Return the weight of those in group c that have factor j; 0 for the residue of sums."""
    q = sums.shape[1] - 2
    weight = sums[c, q]
    held = weight if mask_plane[j] < 0 else sums[c, mask_plane[j]]
    return held if held > 1e-12 * weight else 0.0


@kernel(inline="always")
def set_centre(sums, mask_plane, centres, c):
    """Fill row c of centres with means; a factor that nobody in the group has gets 0, the overall mean."""
    p = centres.shape[1]
    if sums.shape[1] == p + 2:  # complete: one weight, and a loop that becomes vectors
        weight = sums[c, p]
        if weight > 0.0:
            for j in range(p):
                centres[c, j] = sums[c, j] / weight
        else:
            centres[c, :] = 0.0
        return
    for j in range(p):
        held = held_weight(sums, mask_plane, c, j)
        centres[c, j] = sums[c, j] / held if held > 0.0 else 0.0


@kernel(inline="always")
def set_coefficients_of(centres, mask_plane, coefficients, c):
    """Turn row c of centres into factors of the dot product; c beyond the last is never nearest."""
    q = coefficients.shape[1] - 1
    if c >= centres.shape[0]:
        coefficients[c, :] = 0.0
        coefficients[c, q] = 1e300
        return
    total = 0.0
    for j in range(centres.shape[1]):
        coefficients[c, j] = -centres[c, j]
    for j in range(centres.shape[1]):
        value = centres[c, j]
        if mask_plane[j] < 0:
            total += 0.5 * value * value
        else:
            coefficients[c, mask_plane[j]] = 0.5 * value * value
    coefficients[c, q] = total


@kernel(nogil=True)
def set_coefficients(mask_plane, centres, coefficients):
    """Turn centres into the factors of the dot product."""
    for c in range(coefficients.shape[0]):
        set_coefficients_of(centres, mask_plane, coefficients, c)


@kernel(nogil=True)
def explained(mask_plane, sums, p):
    """Return the weighted squares of the group means: the objective is the total sum of squares less this."""
    found = 0.0
    for c in range(sums.shape[0]):
        for j in range(p):
            held = held_weight(sums, mask_plane, c, j)
            if held > 0.0:
                found += sums[c, j] * sums[c, j] / held
    return found


@kernel(inline="always")
def add_row(planes, weights, block, lane, group, sums):
    """Put a row into a group's sums."""
    q = planes.shape[1]
    u = weights[block, lane]
    for j in range(q):
        sums[group, j] += u * planes[block, j, lane]
    sums[group, q] += u
    sums[group, q + 1] += 1.0


@kernel(inline="always")
def move_row(planes, weights, block, lane, old, new, sums):
    """Take a row out of group old (none when negative) and put it into group new."""
    add_row(planes, weights, block, lane, new, sums)
    if old >= 0:
        q = planes.shape[1]
        u = weights[block, lane]
        for j in range(q):
            sums[old, j] -= u * planes[block, j, lane]
        sums[old, q] -= u
        sums[old, q + 1] -= 1.0


@kernel(nogil=True)
def set_sums(planes, weights, labels, sums):
    """Fill sums anew from labels, in the order of the rows."""
    sums[:] = 0.0
    for block in range(planes.shape[0]):
        for lane in range(64):
            if weights[block, lane] > 0.0:
                add_row(planes, weights, block, lane, labels[block, lane], sums)


@kernel(nogil=True)
def exact_centres(rows, groups):
    """Fill sums and centres anew from labels."""
    planes, weights, mask_plane = rows.planes, rows.weights, rows.mask_plane
    centres, labels, sums = groups
    set_sums(planes, weights, labels, sums)
    for c in range(centres.shape[0]):
        set_centre(sums, mask_plane, centres, c)


@kernel(inline="always")
def score_rows(planes, block, coefficients, scores):
    """Fill scores (k made even, 64): half the squared distance less half the row's own square."""
    q = planes.shape[1]
    score_lanes(
        planes.ctypes.data + block * q * 512,
        q,
        coefficients.ctypes.data,
        coefficients.shape[0],
        scores.ctypes.data,
    )
