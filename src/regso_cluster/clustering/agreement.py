"""How alike partitions are, many at once: adjusted Rand index, Jaccard per group.

The label -1 means not assigned: a pair of partitions is compared over the rows assigned in both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from regso_cluster.errors import Fault, InputError
from regso_cluster.kernels import partitions as kernels

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LARGEST_LABEL = 255  # beyond, labels are numbered anew: the table of all pairs stays small beside the rows


@dataclass(frozen=True)
class JaccardByGroup:
    """How well each group of a reference is found again in other partitions.

    Parameters
    ----------
    groups : (k,) int64, labels of the reference in ascending order
    overlap : (b, k) float64, the largest |G and H| / |G or H| over the groups H of each partition; NaN where
        no row of G is assigned in the partition
    match : (b, k) int64, the label H, the lowest among equals; -1 where NaN
    """

    groups: Integers
    overlap: Floats
    match: Integers


def adjusted_rand(one: ArrayLike, two: ArrayLike) -> float:
    """Compute the adjusted Rand index of two partitions: 1 the same, around 0 as alike as by chance.

    Parameters
    ----------
    one, two : (n,) int, >= 0, or -1 where not assigned

    Returns
    -------
    float; NaN where fewer than two rows are assigned in both

    Raises
    ------
    InputError
        labels that are not whole, below -1, or of another length

    Notes
    -----
    Hubert and Arabie (1985), Comparing partitions, Journal of Classification 2, equation 5.

    Examples
    --------
    >>> adjusted_rand([0, 0, 1, 1], [1, 1, 0, 0])
    1.0
    """
    (left, n_lines), (right, n_columns) = _codes(one, "one", 1), _codes(two, "two", 1)
    _same_rows(left, right)
    table, margin = np.empty((4, n_lines * n_columns), dtype=np.int64), np.empty(n_columns, dtype=np.int64)
    return float(kernels.rand_pair(left, right, n_columns, table, margin))


def adjusted_rand_to(reference: ArrayLike, partitions: ArrayLike) -> Floats:
    """Compare many partitions with one, for example bootstrap partitions with the published one.

    Parameters
    ----------
    reference : (n,) int, >= 0, or -1 where not assigned
    partitions : (b, n) int, likewise

    Returns
    -------
    (b,) float64, see `adjusted_rand`

    Raises
    ------
    InputError
        as `adjusted_rand`

    Examples
    --------
    >>> adjusted_rand_to([0, 0, 1, 1], [[1, 1, 0, 0], [0, 1, 0, 1]]).round(3).tolist()
    [1.0, -0.5]
    """
    (table, n_lines), (line, n_columns) = (
        _codes(partitions, "partitions", 2),
        _codes(reference, "reference", 1),
    )
    _same_rows(table, line)
    index = np.empty(table.shape[0])
    scratch = _scratch(table.shape[0], n_lines, n_columns)
    kernels.rand_to_reference(table, line, n_columns, *scratch, index)
    return index


def adjusted_rand_pairs(partitions: ArrayLike) -> Floats:
    """Compare all pairs of partitions.

    Parameters
    ----------
    partitions : (b, n) int, >= 0, or -1 where not assigned

    Returns
    -------
    (b, b) float64, symmetric, see `adjusted_rand`

    Raises
    ------
    InputError
        as `adjusted_rand`

    Examples
    --------
    >>> adjusted_rand_pairs([[0, 0, 1, 1], [1, 1, 0, 0]]).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    table, n_columns = _codes(partitions, "partitions", 2)
    index = np.empty((table.shape[0], table.shape[0]))
    kernels.rand_all_pairs(table, n_columns, *_scratch(table.shape[0], n_columns, n_columns), index)
    return index


def jaccard_by_group(reference: ArrayLike, partitions: ArrayLike) -> JaccardByGroup:
    """Find each group of a reference again in many partitions.

    Parameters
    ----------
    reference : (n,) int, >= 0, or -1 where not assigned
    partitions : (b, n) int, likewise

    Returns
    -------
    JaccardByGroup

    Raises
    ------
    InputError
        as `adjusted_rand`; no row of the reference assigned

    Notes
    -----
    Hennig (2007), Cluster-wise assessment of cluster stability, Computational Statistics & Data Analysis 52.

    Examples
    --------
    >>> jaccard_by_group([0, 0, 1, 1], [[0, 0, 0, 1]]).overlap.round(3).tolist()
    [[0.667, 0.5]]
    """
    table, n_columns = _codes(partitions, "partitions", 2)
    line, _ = _codes(reference, "reference", 1)
    _same_rows(table, line)
    groups = np.unique(line[line >= 0])
    if groups.shape[0] == 0:
        raise InputError(Fault("no group", "reference", hint="No row is assigned"))
    code = np.where(line >= 0, np.searchsorted(groups, line), -1)
    original = np.unique(np.asarray(reference))
    overlap = np.empty((table.shape[0], groups.shape[0]))
    match = np.empty(overlap.shape, dtype=np.int64)
    scratch = _scratch(table.shape[0], groups.shape[0] + 1, n_columns)
    kernels.jaccard_to_reference(table, code, n_columns, *scratch, overlap, match)
    return JaccardByGroup(original[original >= 0].astype(np.int64), overlap, _labels_of(partitions, match))


def _labels_of(partitions: ArrayLike, codes: Integers) -> Integers:
    """Turn codes back into the caller's labels, where `_codes` had numbered them anew."""
    given = np.asarray(partitions)
    if given.max() <= LARGEST_LABEL:
        return codes
    labels = np.unique(given)
    return np.concatenate((labels[labels >= 0], [-1]))[codes].astype(np.int64)


def _codes(labels: ArrayLike, name: str, dimensions: int) -> tuple[Integers, int]:
    """Check labels; give them as int64, numbered anew where large, and the largest number plus 2."""
    given = np.asarray(labels)
    if given.ndim != dimensions or given.dtype.kind not in "iu" or given.size == 0:
        got = f"shape {given.shape}, {given.dtype}"
        hint = "Use -1 for a row that is not assigned"
        raise InputError(Fault("no labels", name, f"{dimensions} dimensions of whole numbers", got, hint))
    lowest, highest = int(given.min()), int(given.max())
    if lowest < -1:
        where = ", ".join(str(int(position)) for position in np.argwhere(given < -1)[0])
        raise InputError(Fault("not a label", f"{name}[{where}]", "0 or more, or -1", str(lowest)))
    if highest > LARGEST_LABEL:
        numbers, code = np.unique(given, return_inverse=True)
        given = code.reshape(given.shape) - int(lowest == -1)
        highest = numbers.shape[0] - 1 - int(lowest == -1)
    return np.require(given, np.int64, ["C", "W"]), highest + 2  # read-only would be compiled anew


def _same_rows(one: Integers, two: Integers) -> None:
    if one.shape[-1] != two.shape[-1]:
        raise InputError(Fault("not the same rows", "labels", str(one.shape[-1]), str(two.shape[-1])))


def _scratch(n_partitions: int, n_lines: int, n_columns: int) -> tuple[Integers, Integers]:
    n_chunks = min(kernels.CHUNKS, n_partitions)
    tables = np.empty((n_chunks, 4, n_lines * n_columns), dtype=np.int64)
    return tables, np.empty((n_chunks, n_columns), dtype=np.int64)
