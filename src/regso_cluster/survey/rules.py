"""The classical rules of allocation: Neyman's, exact in whole numbers, and in proportion to a power of the size.

Sources: Neyman (1934), JRSS 97(4); Bankier (1988), The American Statistician 42(3), for powers; Wright (2017),
Statistics and Probability Letters 129, for exact integers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from regso_cluster.errors import Fault, InputError

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
_SLACK = 1e-9  # relative; how far rounding errors may carry a total over what there is


def neyman(persons: Floats, deviations: Floats, total: float, costs: Floats | None = None) -> Floats:
    """Give a sample of a given size, or cost, to strata so that the mean of all is most precise.

    Parameters
    ----------
    persons, deviations : (n_strata,) persons, and the standard deviation of the variable
    total : size of the sample; with `costs` the budget
    costs : (n_strata,) cost of a unit; None: 1 each

    Returns
    -------
    (n_strata,) sizes as real numbers, proportional to persons x deviation / sqrt(cost); a stratum that would get more
    than all of its persons gets all, and the others share what is left

    Raises
    ------
    InputError  a total that nobody can use: 0 or less, or more than all persons

    Examples
    --------
    >>> neyman(np.array([600.0, 400.0]), np.array([10.0, 20.0]), 70)
    array([30., 40.])
    """
    costs = np.ones(len(persons)) if costs is None else costs
    most = float(persons @ costs)
    if not 0 < total <= most * (1 + _SLACK):
        raise InputError(Fault("the sample does not fit the population", expected=f"0 to {most:g}", got=f"{total:g}"))
    full = np.zeros(len(persons), dtype=bool)
    share = persons * deviations / np.sqrt(costs)
    while True:
        left = total - float((persons * costs)[full].sum())
        used = float((share * costs)[~full].sum())
        sizes = np.where(full, persons, share * (left / used if used > 0 else 0.0))
        over = (sizes > persons) & ~full
        if not over.any():
            return np.asarray(sizes)
        full |= over


def neyman_whole(persons: Floats, deviations: Floats, total: int, lowest: int = 1) -> Whole:
    """Give a sample of a given size to strata in whole numbers: the exact optimum.

    Parameters
    ----------
    persons, deviations : (n_strata,) persons, and the standard deviation of the variable
    total : size of the sample
    lowest : units that every stratum gets

    Returns
    -------
    (n_strata,) whole sizes with the smallest variance that any whole sizes have; ties go to the first stratum

    Raises
    ------
    InputError  a total below the lowest of all strata or above all persons

    Notes
    -----
    The next unit goes to the stratum where it lowers the variance most: persons x deviation / sqrt(n (n + 1)), Wright
    (2017), algorithm III.

    Examples
    --------
    >>> neyman_whole(np.full(3, 50.0), np.array([0.3791, 0.3138, 0.3225]), 40)
    array([15, 12, 13])
    """
    sizes = np.minimum(lowest, persons).astype(np.int64)
    if not sizes.sum() <= total <= persons.sum():
        raise InputError(
            Fault("the sample does not fit the strata", expected=f"{sizes.sum()} to {persons.sum():g}", got=str(total))
        )
    worth = persons * deviations
    for _ in range(total - int(sizes.sum())):
        with np.errstate(divide="ignore"):
            gain = np.where(sizes < persons, worth / np.sqrt(sizes * (sizes + 1.0)), -1.0)
        sizes[int(gain.argmax())] += 1
    return sizes


def power_allocation(sizes: Floats, total: float, power: float, highest: Floats) -> Floats:
    """Give a sample to strata in proportion to a power of their size: 0 is equal, 1 proportional.

    Parameters
    ----------
    sizes : (n_strata,) such as persons, or persons x coefficient of variation; > 0
    total : size of the sample
    power : from 0 to 1; 0.5 is a common compromise between the strata and the whole (Bankier 1988)
    highest : (n_strata,) persons of each stratum

    Returns
    -------
    (n_strata,) sizes as real numbers; a stratum that would get more than `highest` gets that

    Examples
    --------
    >>> power_allocation(np.array([100.0, 400.0]), 30, 0.5, np.array([100.0, 400.0]))
    array([10., 20.])
    """
    return neyman(highest, sizes**power / highest, total)
