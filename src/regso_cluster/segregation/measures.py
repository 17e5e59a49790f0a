"""Measures of segregation of two groups, and of several.

Persons of group g in unit i are n_ig; a unit has t_i persons and the share p_ig of the group, everybody T and P_g.

Sources: Massey and Denton (1988), Social Forces 67(2), for two groups; James and Taeuber (1985), Sociological
Methodology 15, for the Gini; Hutchens (2004), International Economic Review 45(2); Reardon and Firebaugh (2002),
Sociological Methodology 32, for several groups; Theil and Finizza (1971) and Mora and Ruiz-Castillo (2011),
Sociological Methodology 41, for M; Roberto (2016), Sociological Methodology 46, for the divergence.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from regso_cluster.errors import Fault, InputError
from regso_cluster.segregation.counts import Floats, as_counts, times_log, two_groups


def dissimilarity(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """D: the share of either group that would have to move for both to be spread alike.

    Parameters
    ----------
    first, second : (n_units,) persons of each group

    Returns
    -------
    from 0, alike everywhere, to 1, no unit with both

    Raises
    ------
    InputError  counts that are missing or negative, a group without anybody

    Examples
    --------
    >>> round(dissimilarity([100, 60, 40, 0], [0, 40, 60, 100]), 6)
    0.6
    """
    shares = _shares_of_groups(two_groups(first, second))
    return float(0.5 * np.abs(shares[:, 0] - shares[:, 1]).sum())


def gini(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """The Gini index of segregation: twice the area between the curve of both groups and the line of likeness.

    Errors are those of `dissimilarity`. Units are sorted once; units alike are one step.

    Parameters
    ----------
    first, second : (n_units,) persons of each group; of `second` all others where the measure is of one group

    Returns
    -------
    from 0, alike everywhere, to 1, no unit with two groups

    Examples
    --------
    >>> round(gini([10, 0], [0, 10]), 6), round(gini([5, 5], [5, 5]), 6)
    (1.0, 0.0)
    """
    table = two_groups(first, second)
    order = np.argsort(table[:, 0] / table.sum(axis=1), kind="stable")
    one, other = (np.cumsum(part) for part in _shares_of_groups(table)[order].T)
    return float(np.abs((np.r_[0, one[:-1]] * other - one * np.r_[0, other[:-1]]).sum()))


def isolation(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """xPx: the share of the own group that a person of the first group meets in the own unit, on average.

    Errors are those of `dissimilarity`.

    Parameters
    ----------
    first, second : (n_units,) persons of each group; of `second` all others where the measure is of one group

    Returns
    -------
    from the share of the group of all, to 1

    Examples
    --------
    >>> round(isolation([30, 10], [10, 30]), 6)
    0.625
    """
    table = two_groups(first, second)
    return float((_shares_of_groups(table)[:, 0] * table[:, 0] / table.sum(axis=1)).sum())


def interaction(first: npt.ArrayLike, second: npt.ArrayLike, others: npt.ArrayLike | None = None) -> float:
    """xPy: the share of the second group that a person of the first meets in the own unit, on average.

    Parameters
    ----------
    first, second : (n_units,) persons of each group
    others : (n_units,) persons of neither; None: there are none

    Returns
    -------
    from 0 to 1

    Examples
    --------
    >>> round(interaction([30, 10], [10, 30]), 6), round(interaction([30, 10], [10, 30], [40, 0]), 6)
    (0.375, 0.28125)
    """
    table = two_groups(first, second)
    if others is None:
        return float((_shares_of_groups(table)[:, 0] * table[:, 1] / table.sum(axis=1)).sum())
    rest = np.asarray(others, dtype=np.float64)
    whole = as_counts(np.column_stack([np.asarray(first), np.asarray(second), rest, np.ones(len(rest))]))[:, :3]
    whole = whole[whole.sum(axis=1) > 0]
    return float((whole[:, 0] / whole[:, 0].sum() * whole[:, 1] / whole.sum(axis=1)).sum())


def eta_squared(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """The isolation beyond the group's share of all, as a part of what is possible; also called the variance ratio.

    Errors are those of `dissimilarity`.

    Parameters
    ----------
    first, second : (n_units,) persons of each group; of `second` all others where the measure is of one group

    Returns
    -------
    from 0, alike everywhere, to 1, no unit with two groups

    Examples
    --------
    >>> round(eta_squared([30, 10], [10, 30]), 6)
    0.25
    """
    table = two_groups(first, second)
    share = float(table[:, 0].sum() / table.sum())
    return (isolation(table[:, 0], table[:, 1]) - share) / (1 - share)


def atkinson(first: npt.ArrayLike, second: npt.ArrayLike, shape: float = 0.5) -> float:
    """Atkinson's index: units with few of the first group count more the larger the shape is above one half.

    Parameters
    ----------
    first, second : (n_units,) persons of each group
    shape : between 0 and 1; 0.5 treats both groups alike

    Returns
    -------
    from 0, alike everywhere, to 1, no unit with two groups

    Raises
    ------
    InputError  a shape outside 0 to 1; as `dissimilarity`

    Examples
    --------
    >>> round(atkinson([10, 0], [0, 10]), 6), round(atkinson([30, 10], [10, 30]), 6)
    (1.0, 0.25)
    """
    if not 0 < shape < 1:
        raise InputError(Fault("no shape of Atkinson's index", "shape", "between 0 and 1", f"{shape:g}"))
    shares = _shares_of_groups(two_groups(first, second))
    return float(1 - (shares[:, 0] ** shape * shares[:, 1] ** (1 - shape)).sum() ** (1 / (1 - shape)))


def hutchens(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Hutchens' square root index: 1 less the sum of the geometric means of both groups' shares; it adds over nesting.

    Parameters
    ----------
    first, second : (n_units,) persons of each group; of `second` all others where the measure is of one group

    Returns
    -------
    from 0, alike everywhere, to 1, no unit with two groups

    Examples
    --------
    >>> round(hutchens([10, 0], [0, 10]), 6)
    1.0
    """
    shares = _shares_of_groups(two_groups(first, second))
    return float(1 - np.sqrt(shares[:, 0] * shares[:, 1]).sum())


def entropy(counts: npt.ArrayLike) -> float:
    """How diverse all persons are: natural entropy of the groups' shares.

    Parameters
    ----------
    counts : (n_units, n_groups) persons

    Returns
    -------
    natural units, from 0 to the logarithm of the number of groups

    Examples
    --------
    >>> round(entropy([[10, 0], [0, 10]]), 6)
    0.693147
    """
    total = as_counts(counts).sum(axis=0)
    return float(-times_log(total / total.sum()).sum())


def mutual_information(counts: npt.ArrayLike) -> float:
    """M: how much the unit tells of the group, in natural units; it adds exactly over nested units and over groups.

    Parameters
    ----------
    counts : (n_units, n_groups) persons

    Returns
    -------
    from 0 to the smaller entropy of units and groups. It is also the divergence index: the mean over persons of how
    much the composition of their unit diverges from that of all.

    Examples
    --------
    >>> round(mutual_information([[10, 0], [0, 10]]), 6)
    0.693147
    """
    table = as_counts(counts)
    shares = table / table.sum()
    return float(times_log(shares).sum() - times_log(shares.sum(axis=0)).sum() - times_log(shares.sum(axis=1)).sum())


def information_index(counts: npt.ArrayLike) -> float:
    """H: Theil's information theory index, M over the entropy of the groups; from 0 to 1.

    Parameters
    ----------
    counts : (n_units, n_groups) persons

    Returns
    -------
    from 0, alike everywhere, to 1, no unit with two groups

    Examples
    --------
    >>> round(information_index([[10, 0], [0, 10]]), 6)
    1.0
    """
    return mutual_information(counts) / entropy(counts)


def multigroup_dissimilarity(counts: npt.ArrayLike) -> float:
    """D of several groups: the share who would have to move, of those who would if no unit had two groups.

    Parameters
    ----------
    counts : (n_units, n_groups) persons

    Returns
    -------
    from 0, alike everywhere, to 1, no unit with two groups

    Examples
    --------
    >>> round(multigroup_dissimilarity([[10, 0, 0], [0, 10, 0], [0, 0, 10]]), 6)
    1.0
    """
    weight, apart, overall = _apart(counts)
    return float((weight[:, None] * np.abs(apart)).sum() / (2 * (overall * (1 - overall)).sum()))


def multigroup_gini(counts: npt.ArrayLike) -> float:
    """The Gini of several groups: those of each group against the others, weighted by share times rest.

    Parameters
    ----------
    counts : (n_units, n_groups) persons

    Returns
    -------
    from 0, alike everywhere, to 1, no unit with two groups

    Examples
    --------
    >>> round(multigroup_gini([[10, 0, 0], [0, 10, 0], [0, 0, 10]]), 6)
    1.0
    """
    table = as_counts(counts)
    overall = table.sum(axis=0) / table.sum()
    rest = table.sum(axis=1)[:, None] - table
    each = np.array([gini(one, other) for one, other in zip(table.T, rest.T, strict=True)])
    worth = overall * (1 - overall)
    return float(worth @ each / worth.sum())


def normalised_exposure(counts: npt.ArrayLike) -> float:
    """P: how much less persons meet other groups than they would if all units were alike; from 0 to 1.

    Parameters
    ----------
    counts : (n_units, n_groups) persons

    Returns
    -------
    from 0, alike everywhere, to 1, no unit with two groups

    Examples
    --------
    >>> round(normalised_exposure([[10, 0, 0], [0, 10, 0], [0, 0, 10]]), 6)
    1.0
    """
    weight, apart, overall = _apart(counts)
    return float((weight[:, None] * apart**2 / (1 - overall)).sum())


def relative_diversity(counts: npt.ArrayLike) -> float:
    """R: how much less diverse units are than all, by the chance that two persons are of different groups.

    Parameters
    ----------
    counts : (n_units, n_groups) persons

    Returns
    -------
    from 0, alike everywhere, to 1, no unit with two groups

    Examples
    --------
    >>> round(relative_diversity([[10, 0, 0], [0, 10, 0], [0, 0, 10]]), 6)
    1.0
    """
    weight, apart, overall = _apart(counts)
    return float((weight[:, None] * apart**2).sum() / (overall * (1 - overall)).sum())


def squared_variation(counts: npt.ArrayLike) -> float:
    """C: the squared coefficient of variation of the units' shares, averaged over groups; from 0 to 1.

    Parameters
    ----------
    counts : (n_units, n_groups) persons

    Returns
    -------
    from 0, alike everywhere, to 1, no unit with two groups

    Examples
    --------
    >>> round(squared_variation([[10, 0, 0], [0, 10, 0], [0, 0, 10]]), 6)
    1.0
    """
    weight, apart, overall = _apart(counts)
    return float((weight[:, None] * apart**2 / overall).sum() / (len(overall) - 1))


def _shares_of_groups(table: Floats) -> Floats:
    """Each unit's share of each group."""
    return np.asarray(table / table.sum(axis=0))


def _apart(counts: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Units' shares of all persons; how far their composition is from that of all; the composition of all."""
    table = as_counts(counts)
    size = table.sum(axis=1)
    overall = table.sum(axis=0) / table.sum()
    return np.asarray(size / size.sum()), np.asarray(table / size[:, None] - overall), np.asarray(overall)
