"""How good a partition is: silhouettes, sums of squares, Calinski-Harabasz, Davies-Bouldin.

Everywhere the label -1 means not assigned: such rows are left out and get NaN. Weights are importance, for
example residents: multiplying them all by a number changes nothing, a row of weight 0 is as good as absent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from regso_cluster.clustering._estimators import checked_weights
from regso_cluster.clustering.check_partition import (
    Grouped,
    checked_distances,
    checked_rows,
    grouped_rows,
    refuse_fewer_than_two,
    weight_of_assigned,
)
from regso_cluster.errors import Fault, InputError
from regso_cluster.kernels import moments as moments_kernels
from regso_cluster.kernels import silhouette as silhouette_kernels
from regso_cluster.kernels.silhouette_sums import MeanDistances, aligned, distance_sums, nearest_of

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Silhouette:
    """How much closer each row is to its own group than to the next best.

    Parameters
    ----------
    width : (n,) float64, -1 .. 1; 0 for a row alone in its group; NaN where not assigned
    own : (n,) float64, mean distance to the rest of the own group; NaN for a row alone in its group
    other : (n,) float64, mean distance to the nearest other group
    nearest : (n,) int64, label of that group, the lowest among equals; -1 where not assigned
    mean : weighted mean of width
    groups : (k,) int64, the labels in ascending order
    group_means : (k,) float64, weighted mean of width in each group; NaN for a group without weight
    """

    width: Floats
    own: Floats
    other: Floats
    nearest: Integers
    mean: float
    groups: Integers
    group_means: Floats


@dataclass(frozen=True)
class SumsOfSquares:
    """Weighted sums of squares of a partition.

    Parameters
    ----------
    groups : (k,) int64, the labels in ascending order
    size : (k,) int64, rows of positive weight; mass : (k,) float64, their weight
    centre : (k, p) float64, weighted means; NaN for a group without weight
    within : (k,) float64, around the centre of the group; between : (k,) float64, mass of the group times the
        squared distance of its centre to the centre of all. Unit: weight times factor unit squared
    """

    groups: Integers
    size: Integers
    mass: Floats
    centre: Floats
    within: Floats
    between: Floats


def silhouette(
    X: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None, *, weigh_distances: bool = True
) -> Silhouette:
    """Compute Euclidean silhouettes from rows; the matrix of all distances is never made.

    For row i in group A: own = sum of w_j d_ij over j in A without i / sum of those w_j; other = the smallest
    over the other groups B of sum of w_j d_ij / sum of w_j; width = (other - own) / max(own, other). The row
    itself is left out of its own group with its whole weight: the unit is the area, not the resident, so a
    weight of 3 is not the same as the row three times.

    Parameters
    ----------
    X : (n, p) float64, finite
    labels : (n,) int, >= 0, or -1 where not assigned; at least two groups of positive weight
    weights : (n,) float64, for example residents, >= 0; None weighs all alike
    weigh_distances : weights inside the means own and other; False: only in the mean over rows, where they
        always count. A row of weight 0 is absent from both

    Returns
    -------
    Silhouette

    Raises
    ------
    InputError
        a value missing or infinite, a label below -1 or not whole, a bad weight, fewer than two groups

    Notes
    -----
    Rousseeuw (1987), Silhouettes, J. Comput. Appl. Math. 20, section 2. O(n^2 p) time.

    Examples
    --------
    >>> silhouette([[0.0], [1.0], [10.0], [11.0]], [0, 0, 1, 1]).width.round(3).tolist()
    [0.905, 0.895, 0.895, 0.905]
    """
    rows = checked_rows(X)
    grouped = grouped_rows(labels, rows.shape[0], least=2)
    weight = weight_of_assigned(weights, grouped, rows.shape[0])
    inside = weight if weigh_distances or weights is None else (weight > 0).astype(np.float64)
    mass, size = _mass(grouped, inside)
    chosen = rows if grouped.rows is None else rows[grouped.rows]
    sums = distance_sums(chosen, grouped.code, inside, mass, grouped.counts)
    return _silhouette(grouped, sums, weight, inside, mass, size)


def silhouette_from_distances(
    distances: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None, *, weigh_distances: bool = True
) -> Silhouette:
    """Compute silhouettes from a matrix of distances; otherwise as `silhouette`.

    Parameters
    ----------
    distances : (n, n) float64, finite, >= 0, zeros on the diagonal; row i holds the distances of row i
    labels, weights, weigh_distances : as for `silhouette`

    Returns
    -------
    Silhouette

    Raises
    ------
    InputError
        a matrix that is not square, a distance missing, infinite or negative, a diagonal that is not 0;
        what `silhouette` refuses

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> distances = pairwise_distances(X).values
    >>> silhouette_from_distances(distances, [0, 0, 1, 1]).width.round(3).tolist()
    [0.905, 0.895, 0.895, 0.905]
    """
    matrix = checked_distances(distances)
    grouped = grouped_rows(labels, matrix.shape[0], least=2)
    weight = weight_of_assigned(weights, grouped, matrix.shape[0])
    inside = weight if weigh_distances or weights is None else (weight > 0).astype(np.float64)
    mass, size = _mass(grouped, inside)
    if grouped.rows is not None:
        matrix = np.ascontiguousarray(matrix[np.ix_(grouped.rows, grouped.rows)])
    sums = np.empty((matrix.shape[0], 4 * mass.shape[0]))
    silhouette_kernels.matrix_distance_sums(matrix, grouped.code, inside, sums)
    found = nearest_of(sums, grouped.code, mass)
    return _silhouette(grouped, found, weight, inside, mass, size)


def squared_silhouette(
    X: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None, *, weigh_distances: bool = True
) -> Silhouette:
    """Compute silhouettes of squared Euclidean distances, exactly, from the centres: O(n k p) time.

    The mean squared distance from x to a group is |x - centre|^2 + within / mass: no pair of rows is visited.
    The result is that of `silhouette` with every distance squared; own and other are squared distances.

    Parameters
    ----------
    X, labels, weights, weigh_distances : as for `silhouette`

    Returns
    -------
    Silhouette

    Raises
    ------
    InputError  what `silhouette` refuses

    Examples
    --------
    >>> squared_silhouette([[0.0], [1.0], [10.0], [11.0]], [0, 0, 1, 1]).width.round(3).tolist()
    [0.991, 0.989, 0.989, 0.991]
    """
    rows = checked_rows(X)
    grouped = grouped_rows(labels, rows.shape[0], least=2)
    weight = weight_of_assigned(weights, grouped, rows.shape[0])
    inside = weight if weigh_distances or weights is None else (weight > 0).astype(np.float64)
    chosen = rows if grouped.rows is None else rows[grouped.rows]
    mass, size, centre, within = _moments(chosen, grouped, inside)
    refuse_fewer_than_two(mass)
    own_sum, other, nearest = np.empty(weight.shape), np.empty(weight.shape), np.empty(weight.shape, np.int64)
    columns = aligned(rows.shape[1], 64)
    silhouette_kernels.squared_nearest(chosen, grouped.code, mass, centre, within, columns, own_sum, other, nearest)
    return _silhouette(grouped, MeanDistances(own_sum, other, nearest), weight, inside, mass, size)


def medoid_silhouette(X: ArrayLike, medoids: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Compute the weighted mean of 1 - d1 / d2, d1 and d2 the distances to the two nearest medoids.

    A row at distance 0 from two medoids counts as 1.

    Parameters
    ----------
    X : (n, p) float64, finite
    medoids : (k,) int, rows of X, at least two, all different
    weights : (n,) float64, >= 0; None weighs all alike

    Returns
    -------
    float, 0 .. 1; Euclidean distances

    Raises
    ------
    InputError
        a value missing or infinite, a bad weight, medoids that are no rows, repeated or fewer than two

    Notes
    -----
    Lenssen and Schubert (2022), Clustering by direct optimization of the medoid silhouette, section 3.

    Examples
    --------
    >>> medoid_silhouette([[0.0], [1.0], [10.0], [11.0]], [0, 3])
    0.95
    """
    rows = checked_rows(X)
    chosen = np.asarray(medoids)
    if chosen.ndim != 1 or chosen.dtype.kind not in "iu" or np.unique(chosen).shape[0] != chosen.shape[0]:
        raise InputError(Fault("medoids are no list of different rows", "medoids", "whole numbers", repr(medoids)))
    if chosen.shape[0] < 2 or chosen.min() < 0 or chosen.max() >= rows.shape[0]:
        expected = f"two or more rows within 0 .. {rows.shape[0] - 1}"
        raise InputError(Fault("medoids do not fit the rows", "medoids", expected, repr(medoids)))
    weight = checked_weights(weights, rows.shape[0], "weights")
    nearest = np.empty(rows.shape[0], dtype=np.int64)
    first, second = np.empty(rows.shape[0]), np.empty(rows.shape[0])
    silhouette_kernels.two_nearest(rows, chosen.astype(np.int64), nearest, first, second)
    width = np.ones(rows.shape[0])
    np.subtract(1.0, np.divide(first, second, out=np.zeros_like(first), where=second > 0), out=width)
    return float((weight * width).sum() / weight.sum())


def sums_of_squares(X: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None) -> SumsOfSquares:
    """Compute weighted sums of squares within and between groups.

    Parameters
    ----------
    X, labels, weights : as for `silhouette`; one group is enough

    Returns
    -------
    SumsOfSquares

    Raises
    ------
    InputError  what `silhouette` refuses; no row assigned

    Examples
    --------
    >>> sums_of_squares([[0.0], [1.0], [10.0], [11.0]], [0, 0, 1, 1]).within.tolist()
    [0.5, 0.5]
    """
    rows = checked_rows(X)
    grouped = grouped_rows(labels, rows.shape[0], least=1)
    weight = weight_of_assigned(weights, grouped, rows.shape[0])
    chosen = rows if grouped.rows is None else rows[grouped.rows]
    mass, size, centre, within = _moments(chosen, grouped, weight)
    present = mass > 0
    from_first = centre[present] - rows[0]
    middle = (mass[present, None] * from_first).sum(axis=0) / mass.sum()
    between = np.zeros(mass.shape[0])
    between[present] = mass[present] * ((from_first - middle) ** 2).sum(axis=1)
    return SumsOfSquares(grouped.groups, size, mass, centre, within, between)


def calinski_harabasz(X: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Compute (between / (k - 1)) / (within / (n - k)), n and k rows and groups of positive weight.

    Infinite where all rows of each group coincide, NaN where all rows do; n counts rows, not weight, so that
    the unit of the weights does not matter.

    Parameters
    ----------
    X, labels, weights : as for `silhouette`

    Returns
    -------
    float, >= 0; higher is better

    Raises
    ------
    InputError  what `silhouette` refuses; as many groups as rows

    Notes
    -----
    Calinski and Harabasz (1974), A dendrite method for cluster analysis, Communications in Statistics 3.

    Examples
    --------
    >>> calinski_harabasz([[0.0], [1.0], [10.0], [11.0]], [0, 0, 1, 1])
    200.0
    """
    sums = sums_of_squares(X, labels, weights)
    refuse_fewer_than_two(sums.mass)
    n_groups, n_rows = int((sums.mass > 0).sum()), int(sums.size.sum())
    if n_rows <= n_groups:
        hint = "Ask for fewer groups"
        raise InputError(Fault("as many groups as rows", "labels", f"fewer than {n_rows}", str(n_groups), hint))
    within, between = float(sums.within.sum()), float(sums.between.sum())
    if within == 0:
        return float("inf") if between > 0 else float("nan")
    return (between / (n_groups - 1)) / (within / (n_rows - n_groups))


def davies_bouldin(X: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Compute the mean over groups of the worst (s_g + s_h) / |centre_g - centre_h|; lower is better.

    s is the weighted mean distance of a group's rows to its centre. Infinite where two centres coincide.

    Parameters
    ----------
    X, labels, weights : as for `silhouette`; groups count alike, whatever their weight

    Returns
    -------
    float, >= 0; lower is better

    Raises
    ------
    InputError  what `silhouette` refuses

    Notes
    -----
    Davies and Bouldin (1979), A cluster separation measure, IEEE PAMI 1, with p = 2 and q = 1.

    Examples
    --------
    >>> davies_bouldin([[0.0], [1.0], [10.0], [11.0]], [0, 0, 1, 1])
    0.1
    """
    rows = checked_rows(X)
    grouped = grouped_rows(labels, rows.shape[0], least=2)
    weight = weight_of_assigned(weights, grouped, rows.shape[0])
    chosen = rows if grouped.rows is None else rows[grouped.rows]
    mass, _, centre, _ = _moments(chosen, grouped, weight)
    refuse_fewer_than_two(mass)
    scatter = np.empty(mass.shape[0])
    moments_kernels.group_scatter(chosen, grouped.code, weight, mass, centre, scatter)
    centre, scatter = centre[mass > 0], scatter[mass > 0]
    apart = np.sqrt(((centre[:, None] - centre[None]) ** 2).sum(axis=2))
    ratio = np.full(apart.shape, np.inf)
    np.divide(scatter[:, None] + scatter[None], apart, out=ratio, where=apart > 0)
    np.fill_diagonal(ratio, -np.inf)
    return float(ratio.max(axis=1).mean())


def _silhouette(
    grouped: Grouped, found: MeanDistances, weight: Floats, inside: Floats, mass: Floats, size: Integers
) -> Silhouette:
    own, other, nearest = found
    n_groups = mass.shape[0]
    width, total, summed = np.empty(weight.shape[0]), np.empty(n_groups), np.empty(n_groups)
    silhouette_kernels.widths(own, other, grouped.code, inside, weight, mass, size, width, total, summed)
    means = np.full(n_groups, np.nan)
    np.divide(summed, total, out=means, where=total > 0)
    mean = float(summed.sum() / total.sum())
    label = nearest if grouped.groups[-1] == n_groups - 1 else grouped.groups[nearest]
    if grouped.rows is not None:
        width, own, other = (_spread(part, grouped.rows, np.nan) for part in (width, own, other))
        label = _spread(label, grouped.rows, -1)
    return Silhouette(width, own, other, label, mean, grouped.groups, means)


def _spread(part: NDArray[Any], rows: NDArray[np.bool_], missing: float) -> NDArray[Any]:
    whole = np.full(rows.shape[0], missing, dtype=part.dtype)
    whole[rows] = part
    return whole


def _mass(grouped: Grouped, inside: Floats) -> tuple[Floats, Integers]:
    n_groups = grouped.groups.shape[0]
    mass: Floats = np.bincount(grouped.code, inside, n_groups).astype(np.float64, copy=False)
    size = np.bincount(grouped.code, inside > 0, n_groups).astype(np.int64)
    refuse_fewer_than_two(mass)
    return mass, size


def _moments(rows: Floats, grouped: Grouped, weight: Floats) -> tuple[Floats, Integers, Floats, Floats]:
    n_groups = grouped.groups.shape[0]
    mass, within = np.empty(n_groups), np.empty(n_groups)
    centre, size = np.empty((n_groups, rows.shape[1])), np.empty(n_groups, dtype=np.int64)
    moments_kernels.group_moments(rows, grouped.code, weight, mass, size, centre, within)
    return mass, size, centre, within
