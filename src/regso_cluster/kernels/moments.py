"""Weighted centres and spread of groups, for sums of squares, indices and squared silhouettes."""

from __future__ import annotations

import numpy as np

from regso_cluster.kernels._jit import kernel


@kernel(error_model="numpy")
def group_moments(rows, group, weight, mass, size, centre, within):
    """Find weighted centres and sums of squares around them in two passes; O(n p).

    Parameters
    ----------
    rows : (n, p) float64 IN; group : (n,) int64 IN, 0 .. k - 1; weight : (n,) float64 IN
    mass, within : (k,), centre : (k, p) float64 OUT; size : (k,) int64 OUT, points of positive weight
        the centre of a group without weight is NaN
    """
    n_rows, n_features = rows.shape
    mass[:] = 0.0
    size[:] = 0
    centre[:] = 0.0
    within[:] = 0.0
    for i in range(n_rows):
        g = group[i]
        mass[g] += weight[i]
        size[g] += 1 if weight[i] > 0.0 else 0
        for f in range(n_features):
            centre[g, f] += weight[i] * (rows[i, f] - rows[0, f])  # from the first row: an offset costs no digits
    for g in range(mass.shape[0]):
        for f in range(n_features):
            centre[g, f] = rows[0, f] + centre[g, f] / mass[g]
    for i in range(n_rows):
        square = 0.0
        for f in range(n_features):
            difference = rows[i, f] - centre[group[i], f]
            square += difference * difference
        if weight[i] > 0.0:
            within[group[i]] += weight[i] * square


@kernel()
def group_scatter(rows, group, weight, mass, centre, scatter):
    """Find the weighted mean distance of a group's points to its centre; O(n p).

    Parameters
    ----------
    rows : (n, p) float64 IN; group : (n,) int64 IN; weight : (n,), mass : (k,), centre : (k, p) float64 IN
    scatter : (k,) float64 OUT
    """
    scatter[:] = 0.0
    for i in range(rows.shape[0]):
        g = group[i]
        square = 0.0
        for f in range(rows.shape[1]):
            difference = rows[i, f] - centre[g, f]
            square += difference * difference
        if weight[i] > 0.0:
            scatter[g] += weight[i] * np.sqrt(square)
    for g in range(mass.shape[0]):
        if mass[g] > 0.0:
            scatter[g] /= mass[g]
