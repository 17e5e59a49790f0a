"""Those who know a cell themselves: alone in a group, they subtract what is theirs.

Hundepool et al. (2012), section 4.3.2: a single contributor who is one of two hidden cells in a sum can work out the
other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from regso_cluster.statistics.disclosure.cells import Booleans, Floats, Integers, TableCells
from regso_cluster.statistics.disclosure.intruder import TOLERANCE, components, feasible_intervals


@dataclass(frozen=True)
class Tasks:
    """Moves that the hidden cells must allow.

    Parameters
    ----------
    cell : (n,) the cell that must be able to move
    move : (n,) how far, with its sign
    insider : (n,) row of `frozen` whose cells do not move, since someone knows them; -1: nobody
    frozen : for each insider, the cells that they know
    """

    cell: Integers
    move: Floats
    insider: Integers
    frozen: tuple[Integers, ...] = ()

    def take(self, which: Integers) -> Tasks:
        """Give some of the tasks."""
        return Tasks(self.cell[which], self.move[which], self.insider[which], self.frozen)


def add_insiders(cells: TableCells, known: Booleans, tasks: Tasks) -> Tasks:
    """Ask every task again in the eyes of each insider whose cells are tied to its cell.

    An insider's own cells are no secret to them, and what is not tied to them they cannot use.
    """
    label = _labels(cells, known)
    parts = [(tasks.cell, tasks.move, np.full(len(tasks.cell), -1))]
    for number, own in enumerate(tasks.frozen):
        tied = np.isin(label[tasks.cell], label[own][label[own] >= 0]) & ~np.isin(tasks.cell, own)
        parts.append((tasks.cell[tied], tasks.move[tied], np.full(int(tied.sum()), number)))
    cell, move, insider = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Tasks(cell, move, insider, tasks.frozen)


def are_possible(cells: TableCells, known: Booleans, tasks: Tasks, *, held: int = -1) -> Booleans:
    """Tell which tasks are possible with what is shown now, and the levels down to `held` as they are."""
    slack = TOLERANCE * (1 + np.abs(cells.value[tasks.cell] + tasks.move))
    wanted = np.abs(tasks.move) - slack
    done = np.zeros(len(tasks.cell), bool)
    for level in range(len(cells.block) - 1, max(held, 0) - 1, -1):  # what is possible close by is possible
        left = np.flatnonzero(~done)
        done[left] = np.abs(how_far(cells.split(level), known, tasks.take(left), exact=False)) >= wanted[left]
    if held < 0:
        left = np.flatnonzero(~done)
        done[left] = np.abs(how_far(cells, known, tasks.take(left), exact=False)) >= wanted[left]
    return done


def how_far(cells: TableCells, known: Booleans, tasks: Tasks, *, exact: bool = True) -> Floats:
    """Give how far the cell of each task can move in its direction; not `exact`: whether as far as asked."""
    far = np.zeros(len(tasks.cell))
    for members in _together(cells, known, tasks):
        own = np.flatnonzero(np.isin(tasks.insider, members))
        seen = known.copy()
        for member in members:
            if member >= 0:
                seen[tasks.frozen[member]] = True
        at = cells.value[tasks.cell[own]]
        targets, of = np.unique(tasks.cell[own], return_inverse=True)
        low, high = cells.value[targets].copy(), cells.value[targets].copy()
        np.minimum.at(low, of, at + tasks.move[own])
        np.maximum.at(high, of, at + tasks.move[own])
        found = feasible_intervals(cells, seen, targets, None if exact else (low, high))
        far[own] = np.where(tasks.move[own] > 0, found.high[of] - at, found.low[of] - at)
    return far


def _labels(cells: TableCells, known: Booleans) -> Integers:
    """Number what is tied together among the cells that are not known; -1 for those that are."""
    label = np.full(len(cells.value), -1)
    unknown = np.flatnonzero(~known & (cells.lower < cells.upper))
    label[unknown] = components(sparse.csr_array(cells.equations[:, unknown]))[0]
    return label


def _together(cells: TableCells, known: Booleans, tasks: Tasks) -> Iterator[list[int]]:
    """Part insiders into lots whose cells are not tied together: one look serves a lot; -1, nobody, is a lot."""
    insiders = np.unique(tasks.insider).tolist()
    if -1 in insiders:
        yield [-1]
        insiders.remove(-1)
    label = _labels(cells, known)
    lots: list[tuple[list[int], set[int]]] = []
    for insider in insiders:
        own = {one for one in label[tasks.frozen[insider]].tolist() if one >= 0}
        for members, taken in lots:
            if not own & taken:
                members.append(insider)
                taken.update(own)
                break
        else:
            lots.append(([insider], own))
    for members, _ in lots:
        yield members
