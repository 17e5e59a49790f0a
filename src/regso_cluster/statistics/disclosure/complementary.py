"""Which further cells to hide, so that no hidden cell can be worked out from those that stay.

For each cell to protect, a linear program finds the cheapest way to move the table so that the cell moves as far as
required and every sum still holds; the shown cells that have to move are hidden. It is the network-flow heuristic of
Kelly, Golden and Assad (1992), *Networks* 22, and Castro (2002) in the form of a linear program, which serves any sums;
Fischetti and Salazar (2000) section 4 use the same program to start from. What was chosen is a certificate: the moved
table is one that agrees with everything shown.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from regso_cluster.statistics.disclosure.cells import Booleans, Integers, TableCells
from regso_cluster.statistics.disclosure.insiders import Tasks, are_possible
from regso_cluster.statistics.disclosure.intruder import TOLERANCE, components

_PENALTY = 1e5  # for each unit that a cell is short of its move: dearer than any cell


def hide_more(
    cells: TableCells, known: Booleans, tasks: Tasks, *, as_far_as_possible: bool = False
) -> tuple[Booleans, Tasks]:
    """Hide further cells until every task is possible.

    Parameters
    ----------
    cells : all cells
    known : (cells,) what is shown so far; not changed
    tasks : the moves, the largest first
    as_far_as_possible : whether to hide also for moves that cannot be made whole

    Returns
    -------
    what is shown now, and the tasks that are not possible whatever is hidden

    Notes
    -----
    Tasks are tried close by first: with the wider levels held, each kommun is a small table of its own, and one program
    serves a task in each. What is not possible there is tried with the next wider level free.
    """
    known = known.copy()
    left = tasks
    for held in range(len(cells.block) - 1, -2, -1):
        left = left.take(np.flatnonzero(~are_possible(cells, known, left, held=held)))
        if not len(left.cell):
            break
        left = _at_level(cells, known, left, held, part=as_far_as_possible and held < 0)
    return known, left


def _at_level(cells: TableCells, known: Booleans, tasks: Tasks, held: int, *, part: bool) -> Tasks:
    """Do the tasks that are possible with the levels down to `held` held; give the others."""
    near = cells.split(held) if held >= 0 else cells
    free = (cells.depth > held) & (near.hideable | ~known) & (near.lower < near.upper)
    columns = np.flatnonzero(free)
    matrix = sparse.csr_array(near.equations[:, columns])
    used = np.flatnonzero(np.diff(matrix.indptr))
    matrix = sparse.csr_array(matrix[used])
    component, row_component = components(matrix)
    column_of = np.full(len(cells.value), -1)
    column_of[columns] = np.arange(len(columns))
    inside = column_of[tasks.cell] >= 0
    undone = [np.flatnonzero(~inside)]
    waiting = np.flatnonzero(inside)
    own = component[column_of[tasks.cell[waiting]]]
    while len(waiting):
        # the first of each component
        _, first = np.unique(own, return_index=True)
        batch = waiting[first]
        involved = np.isin(component, own[first])
        rows = np.isin(row_component, own[first])
        short = _move(cells, known, tasks.take(batch), matrix[rows][:, involved], columns[involved], part=part)
        undone.append(batch[short])
        keep = np.ones(len(waiting), bool)
        keep[first] = False
        waiting, own = waiting[keep], own[keep]
    return tasks.take(np.sort(np.concatenate(undone)))


def _move(
    cells: TableCells, known: Booleans, tasks: Tasks, matrix: sparse.csr_array, columns: Integers, *, part: bool
) -> Booleans:
    """Solve one program for tasks in different components, hide what has to move; tell which fell short."""
    shown = known[columns]
    up = cells.upper[columns] - cells.value[columns]
    down = cells.value[columns] - cells.lower[columns]
    for insider in set(tasks.insider.tolist()) - {-1}:
        still = np.isin(columns, tasks.frozen[insider])
        up, down = np.where(still, 0.0, up), np.where(still, 0.0, down)
    place = np.searchsorted(columns, tasks.cell)
    reach, sign = np.abs(tasks.move), np.sign(tasks.move)
    up[place] = np.where(sign > 0, np.minimum(up[place], reach), 0.0)
    down[place] = np.where(sign < 0, np.minimum(down[place], reach), 0.0)
    # a shown cell costs by how far it moves: one variable upwards, one downwards; a hidden one moves freely
    cost = np.where(shown, cells.cost[columns], 0.0)
    cost_up, cost_down = cost.copy(), cost.copy()
    cost_up[place] -= np.where(sign > 0, _PENALTY, 0.0)
    cost_down[place] -= np.where(sign < 0, _PENALTY, 0.0)
    solved = linprog(  # type: ignore[call-overload]  # the stubs do not know sparse arrays
        np.concatenate([cost_up, cost_down]),
        A_eq=sparse.hstack([matrix, -matrix], format="csr") if matrix.shape[0] else None,
        b_eq=np.zeros(matrix.shape[0]) if matrix.shape[0] else None,
        bounds=np.column_stack([np.zeros(2 * len(columns)), np.concatenate([up, down])]),
        method="highs",
    )
    if solved.x is None:
        raise RuntimeError(f"the program of complementary cells was not solved: {solved.message}")
    moved = np.asarray(solved.x[: len(columns)] - solved.x[len(columns) :])
    short = np.abs(moved[place]) < reach * (1 - TOLERANCE) - TOLERANCE
    # what moves for a task that falls short is not hidden: it will be tried with more freedom
    label, _ = components(matrix)
    moves = (np.abs(moved) > TOLERANCE) & shown & (part | ~np.isin(label, label[place[short]]))
    known[columns[moves]] = False
    return np.asarray(short)
