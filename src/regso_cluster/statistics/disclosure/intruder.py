"""What an intruder can work out: the feasible interval of every hidden cell, by linear programming.

The intruder knows what is shown, every sum, that counts are whole and not negative. Hidden cells that no equation ties
together fall into components; one program asks a question of every component at once, since their answers are
independent. Fischetti and Salazar (2000), *Models and Algorithms for Optimizing Cell Suppression in Tabular Data with
Linear Constraints*, JASA 95, section 2: the attacker's two programs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse.csgraph import connected_components

from regso_cluster.statistics.disclosure.cells import Booleans, Floats, Integers, TableCells

TOLERANCE = 1e-6


@dataclass(frozen=True)
class Intervals:
    """The feasible intervals of some cells.

    Parameters
    ----------
    low, high : (n,) the smallest and largest value that agrees with what is shown; infinite where nothing limits it
    """

    low: Floats
    high: Floats


@dataclass(frozen=True)
class _Riddle:
    """What is left when everything known, and everything that follows by subtraction, is put in."""

    matrix: sparse.csr_array
    right: Floats
    cells: Integers  # the cell of each column
    value: Floats  # (all cells) known values, NaN where unknown
    component: Integers  # of each column
    row_component: Integers


def feasible_intervals(
    cells: TableCells, known: Booleans, targets: Integers, enough: tuple[Floats, Floats] | None = None
) -> Intervals:
    """Work out what follows from the cells that are known.

    Parameters
    ----------
    cells : all cells; of `value` only the known ones are looked at
    known : (cells,) what the intruder knows
    targets : (n,) the cells asked for, each once
    enough : (n,) low and high that are enough to know of: a table found on the way that reaches so far saves a program;
        None asks for the very ends

    Returns
    -------
    Intervals; a cell that is known, or follows by subtraction, has an interval of one point
    """
    riddle = _reduce(cells, known)
    low, high = riddle.value[targets].copy(), riddle.value[targets].copy()
    column_of = np.full(len(cells.value), -1)
    column_of[riddle.cells] = np.arange(len(riddle.cells))
    asked = np.flatnonzero(column_of[targets] >= 0)
    columns = column_of[targets[asked]]
    # where nothing limits a cell, the question is cut off far beyond all that is known
    known_sum = np.abs(riddle.value[np.isfinite(riddle.value)]).sum()
    cap = 4 * (known_sum + np.abs(cells.lower[np.isfinite(cells.lower)]).sum()) + 1e4
    seen = Intervals(np.full(len(riddle.cells), np.inf), np.full(len(riddle.cells), -np.inf))
    for sign, wanted in ((1.0, None if enough is None else enough[0]), (-1.0, None if enough is None else enough[1])):
        waiting = np.arange(len(asked))
        while len(waiting):
            if wanted is not None:
                best = seen.low[columns[waiting]] if sign > 0 else -seen.high[columns[waiting]]
                waiting = waiting[best > sign * wanted[asked[waiting]] + TOLERANCE]
            _, first = np.unique(riddle.component[columns[waiting]], return_index=True)
            if len(first):
                _extreme(cells, riddle, columns[waiting[first]], sign, cap, seen)
            waiting = np.delete(waiting, first)
    low[asked], high[asked] = seen.low[columns], seen.high[columns]
    low[low <= -cap * (1 - TOLERANCE)] = -np.inf
    high[high >= cap * (1 - TOLERANCE)] = np.inf
    return Intervals(low, high)


def _reduce(cells: TableCells, known: Booleans) -> _Riddle:
    """Put in what is known and, again and again, what an equation with one unknown gives away."""
    value = np.where(known, cells.value, np.nan)
    value = np.where(cells.lower == cells.upper, cells.lower, value)
    matrix = cells.equations
    while True:
        unknown = np.isnan(value)
        count = np.asarray(abs(matrix) @ unknown.astype(np.float64))
        single = np.flatnonzero(count == 1)
        if not len(single):
            break
        part = matrix[single]
        right = -np.asarray(part @ np.where(unknown, 0.0, value))
        entries = sparse.coo_array(part)
        open_ = unknown[entries.col]
        value[entries.col[open_]] = right[entries.row[open_]] / entries.data[open_]
    columns = np.flatnonzero(unknown)
    rows = np.flatnonzero(count > 0)
    right = -np.asarray(matrix[rows] @ np.where(unknown, 0.0, value))
    left = sparse.csr_array(matrix[rows][:, columns])
    component, row_component = components(left)
    return _Riddle(left, right, columns, value, component, row_component)


def components(matrix: sparse.csr_array) -> tuple[Integers, Integers]:
    """Number the components of the columns that rows tie together; of columns, then of rows."""
    rows, columns = matrix.shape
    if not rows:
        return np.arange(columns), np.zeros(0, np.int64)
    tied = sparse.coo_array(matrix)
    both = sparse.csr_array((np.ones(tied.nnz), (tied.col, columns + tied.row)), shape=(rows + columns, rows + columns))
    _, label = connected_components(both, directed=False)
    return label[:columns].astype(np.int64), label[columns:].astype(np.int64)


def _extreme(cells: TableCells, riddle: _Riddle, columns: Integers, sign: float, cap: float, seen: Intervals) -> None:
    """Minimise (sign 1) or maximise (-1) each of the columns, which lie in components of their own.

    Every table found on the way is one that agrees with what is shown: its figures widen what was `seen`, in place.
    """
    involved = np.isin(riddle.component, riddle.component[columns])
    rows = np.isin(riddle.row_component, riddle.component[columns])
    keep = np.flatnonzero(involved)
    matrix, right = riddle.matrix[rows][:, keep], riddle.right[rows]
    lower = np.maximum(cells.lower[riddle.cells[keep]], -cap)
    upper = np.minimum(cells.upper[riddle.cells[keep]], cap)
    objective = np.zeros(len(keep))
    objective[np.searchsorted(keep, columns)] = sign
    solved = linprog(  # type: ignore[call-overload]  # the stubs do not know sparse arrays
        objective, A_eq=matrix, b_eq=right, bounds=np.column_stack([lower, upper]), method="highs",
    )  # fmt: skip
    if solved.x is None:
        raise RuntimeError(f"the intruder's program was not solved: {solved.message}")
    found = np.asarray(solved.x, dtype=np.float64)
    # a vertex in whole numbers is what a whole-number search would find; others are searched
    whole = cells.whole[riddle.cells[keep]]
    broken = np.unique(riddle.component[keep[(np.abs(found - np.round(found)) > TOLERANCE) & whole]])
    for number in np.flatnonzero(np.isin(riddle.component[columns], broken)):
        own = riddle.component[keep] == riddle.component[columns[number]]
        found[own] = _search_whole(riddle, columns[number], sign, _Range(lower, upper, keep), cells.whole)
    found = np.where(whole, np.round(found), found)
    seen.low[keep] = np.minimum(seen.low[keep], found)
    seen.high[keep] = np.maximum(seen.high[keep], found)


class _Range(NamedTuple):
    """(n,) the least and the largest value of columns of a riddle, and which columns they are."""

    lower: Floats
    upper: Floats
    columns: Integers


def _search_whole(riddle: _Riddle, column: int, sign: float, bounds: _Range, whole: Booleans) -> Floats:
    """Minimise or maximise one column over whole numbers; the values of its component."""
    lower, upper, keep = bounds
    component = riddle.component[column]
    own = riddle.component[keep] == component
    columns = keep[own]
    rows = riddle.row_component == component
    objective = np.where(columns == column, sign, 0.0)
    solved = milp(
        objective,
        constraints=LinearConstraint(riddle.matrix[rows][:, columns], riddle.right[rows], riddle.right[rows]),
        bounds=Bounds(lower[own], upper[own]),
        integrality=whole[riddle.cells[columns]].astype(np.int64),
    )
    if solved.x is None:
        raise RuntimeError(f"the intruder's search was not solved: {solved.message}")
    return np.asarray(solved.x, dtype=np.float64)
