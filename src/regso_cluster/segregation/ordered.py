"""Segregation by an ordered property: by classes in order, as schooling, and by rank, as income.

Sources: Reardon (2009), Research on Economic Inequality 17, for classes; Reardon (2011), Measures of income
segregation, CEPA working paper, equations 10 to 13, for ranks.
"""

from __future__ import annotations

from collections.abc import Callable
from math import comb
from typing import Literal

import numpy as np
import numpy.typing as npt

from regso_cluster.errors import Fault, InputError
from regso_cluster.segregation.counts import Floats, as_counts, as_persons

Form = Literal["information", "variance", "square root", "absolute"]


def _entropy(share: Floats) -> Floats:
    rest = 1 - share
    return np.asarray(
        -(share * np.log2(np.where(share > 0, share, 1.0)) + rest * np.log2(np.where(rest > 0, rest, 1.0)))
    )


_SPREAD: dict[str, Callable[[Floats], Floats]] = {
    "information": _entropy,
    "variance": lambda share: 4 * share * (1 - share),
    "square root": lambda share: 2 * np.sqrt(share * (1 - share)),
    "absolute": lambda share: 1 - np.abs(2 * share - 1),
}


def ordinal_segregation(counts: npt.ArrayLike, form: Form = "information") -> float:
    """How much less units are spread over ordered classes than all persons are.

    Parameters
    ----------
    counts : (n_units, n_classes) persons, the classes in order
    form : how spread is measured at each border between classes: `information`, `variance`, `square root`, `absolute`

    Returns
    -------
    from 0, every unit as all, to 1, every unit in one class

    Raises
    ------
    InputError  as `as_counts`, where a class may be empty; an unknown form; everybody in one class

    Examples
    --------
    >>> ordinal_segregation([[0, 0, 30], [0, 20, 10], [10, 20, 0], [30, 0, 0]])
    0.75
    """
    table = as_persons(counts, groups=1)
    as_counts(table[:, table.sum(axis=0) > 0], groups=1)
    if form not in _SPREAD:
        raise InputError(Fault("no such form", "form", ", ".join(_SPREAD), form))
    table = table[table.sum(axis=1) > 0]
    size = table.sum(axis=1)
    inside = np.cumsum(table, axis=1)[:, :-1] / size[:, None]
    overall = np.cumsum(table.sum(axis=0))[:-1] / size.sum()
    whole = float(_SPREAD[form](overall).sum())
    if not whole > 0:
        raise InputError(
            Fault("everybody is in one class: there is nothing to be apart by", hint="Take finer classes.")
        )
    return float((size / size.sum() * (1 - _SPREAD[form](inside).sum(axis=1) / whole)).sum())  # BLAS sums by thread


def rank_order_segregation(counts: npt.ArrayLike, form: Form = "information", degree: int = 4) -> float:
    """Segregation by the rank of a property that was asked for in classes, as incomes: whatever the classes are.

    Parameters
    ----------
    counts : (n_units, n_classes) persons, the classes in order
    form : `information`, `variance` or `square root`
    degree : of the polynomial through the segregation at each border between classes, below their number

    Returns
    -------
    the mean of the pairwise segregation over all ranks, weighted by how much a border at that rank parts

    Raises
    ------
    InputError  as `as_counts`; an unknown form, a degree that the classes do not allow

    Notes
    -----
    The polynomial is fitted with the squared spread at each border as weight (Reardon 2011): borders near the ends part
    few from many. Packages that leave the weights out give other numbers.

    Examples
    --------
    >>> round(rank_order_segregation([[10, 0, 0], [0, 10, 0], [0, 0, 10]], degree=1), 6)
    1.0
    """
    if form not in ("information", "variance", "square root"):
        raise InputError(Fault("no such form", "form", "information, variance, square root", form))
    table = as_counts(counts)
    if not 0 <= degree < table.shape[1] - 1:
        raise InputError(Fault("no such degree", "degree", f"0 to {table.shape[1] - 2}", str(degree)))
    size = table.sum(axis=1)
    inside = np.cumsum(table, axis=1)[:, :-1] / size[:, None]
    rank = np.cumsum(table.sum(axis=0))[:-1] / size.sum()
    spread = _SPREAD[form]
    at_border = 1 - ((size / size.sum())[:, None] * (spread(inside) / spread(rank))).sum(axis=0)
    weight = spread(rank)
    powers = rank[:, None] ** np.arange(degree + 1)
    fitted = np.linalg.lstsq(powers * weight[:, None], at_border * weight, rcond=None)[0]
    return float(fitted @ np.array([_mean_power(form, power) for power in range(degree + 1)]))


def _mean_power(form: str, power: int) -> float:
    """The mean of rank^power over ranks, weighted by the spread at each rank."""
    if form == "variance":
        return 6 / ((power + 2) * (power + 3))
    if form == "square root":
        found = 1.0
        for step in range(power):
            found *= (2 * step + 3) / (2 * step + 6)
        return found
    signs = [(-1) ** (power - step) * comb(power, step) / (power - step + 2) ** 2 for step in range(power + 1)]
    return float(2 / (power + 2) ** 2 + 2 * sum(signs))
