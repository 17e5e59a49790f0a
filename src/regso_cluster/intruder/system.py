"""What follows from sums: the least and largest whole number that each unknown numerator can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse.csgraph import connected_components

Floats = npt.NDArray[np.float64]
_SECONDS = 20.0  # for one question; an intruder with more patience would come no closer than the bounds that are given


@dataclass(frozen=True)
class Riddle:
    """Unknown whole numbers, what bounds each, and the sums that tie them.

    Parameters
    ----------
    low, high : (n,) bounds of each by itself
    sums : of each equation the unknowns in it; each counts once
    right : what they add up to, one number an equation
    """

    low: Floats
    high: Floats
    sums: Sequence[npt.NDArray[np.int64]]
    right: Floats


def solve(riddle: Riddle) -> tuple[Floats, Floats]:
    """Give the least and the largest value of each unknown.

    Parameters
    ----------
    riddle : one that has a solution

    Returns
    -------
    low, high : (n,). Where one sum ties unknowns the ends follow by subtraction; where several do, a whole-number
        programme is solved for each end

    Raises
    ------
    ValueError  no whole numbers fit
    """
    low, high = riddle.low.copy(), riddle.high.copy()
    count = len(low)
    if not riddle.sums:
        return low, high
    rows = np.concatenate([np.full(len(one), at) for at, one in enumerate(riddle.sums)])
    columns = np.concatenate(list(riddle.sums))
    matrix = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(riddle.sums), count))
    for row, own in enumerate(riddle.sums):
        _subtract(low, high, own, riddle.right[row])
    size = len(riddle.sums) + count
    both = sparse.csr_array((np.ones(len(rows)), (rows, len(riddle.sums) + columns)), shape=(size, size))
    label = connected_components(both, directed=False)[1]
    equations, unknowns = label[: len(riddle.sums)], label[len(riddle.sums) :]
    tied, times = np.unique(equations, return_counts=True)
    for number in tied[times > 1]:
        _solve_component(matrix, riddle.right, low, high, np.flatnonzero(equations == number),
                         np.flatnonzero(unknowns == number))  # fmt: skip
    return low, high


def _subtract(low: Floats, high: Floats, own: npt.NDArray[np.int64], right: float) -> None:
    """Narrow, in place, the unknowns of one sum to what the others leave."""
    least, most = low[own], high[own]
    if not least.sum() - 1e-9 <= right <= most.sum() + 1e-9:
        raise ValueError(f"{len(own)} numbers cannot add up to {right:.0f}")
    low[own] = np.maximum(least, right - (most.sum() - most))
    high[own] = np.minimum(most, right - (least.sum() - least))


def _solve_component(
    matrix: sparse.csr_array, right: Floats, low: Floats, high: Floats, rows: npt.NDArray[np.intp],
    columns: npt.NDArray[np.intp],
) -> None:  # fmt: skip
    part = sparse.csc_array(matrix[rows][:, columns])
    part.indices, part.indptr = (
        part.indices.astype(np.int32),
        part.indptr.astype(np.int32),
    )  # older scipy takes no other
    constraint = LinearConstraint(part, right[rows], right[rows])
    bounds = Bounds(low[columns], high[columns])
    whole = np.ones(len(columns), np.int64)
    for at, column in enumerate(columns):
        objective = np.zeros(len(columns))
        for sign in (1.0, -1.0):
            objective[at] = sign
            found = milp(
                objective, constraints=constraint, bounds=bounds, integrality=whole, options={"time_limit": _SECONDS}
            )
            if found.status == 2:  # infeasible
                raise ValueError(f"{len(columns)} numbers fit no {len(rows)} sums")
            if found.x is not None and found.status == 0:
                end = round(float(found.x[at]))
                if sign > 0:
                    low[column] = end
                else:
                    high[column] = end
